import { describe, expect, it } from 'vitest';
import { gridFor } from './grid';

const WALL = [1920, 1000] as const;

describe('the grid of a video wall', () => {
  it.each([
    [1, 1],
    [4, 2],
    [9, 3],
    [16, 4],
  ])('shows %i cameras in %i columns', (count, columns) => {
    expect(gridFor(count, ...WALL).columns).toBe(columns);
  });

  it('never needs scrolling for up to sixteen', () => {
    for (let count = 1; count <= 16; count += 1) {
      const { columns, tileWidth } = gridFor(count, ...WALL);
      expect(Math.ceil(count / columns) * (tileWidth / (16 / 9) + 8)).toBeLessThanOrEqual(WALL[1] + 8);
    }
  });
});

describe('the grid of a phone', () => {
  it('is one column as wide as the screen', () => {
    expect(gridFor(4, 360, 560)).toEqual({ columns: 1, tileWidth: 360 });
    expect(gridFor(16, 360, 560)).toEqual({ columns: 1, tileWidth: 360 });
  });

  it('stays sane in a place without height', () => {
    expect(gridFor(4, 360, 0)).toEqual({ columns: 1, tileWidth: 360 });
    expect(gridFor(0, 360, 500).columns).toBe(1);
  });
});
