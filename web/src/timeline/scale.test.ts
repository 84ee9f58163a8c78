import { describe, expect, it } from 'vitest';
import { pan, reveal, SHORTEST_US, timeAt, type View, xOf, zoom } from './scale';
import { ticks } from './ticks';
import { Zone } from './zone';

const paris = new Zone('Europe/Paris');
const day = paris.day('2026-11-24');
const HOUR_US = 3_600_000_000;

describe('the view', () => {
  it('gives every place its time and every time its place', () => {
    expect(timeAt(day, 960, xOf(day, 960, day.startUs + HOUR_US))).toBe(day.startUs + HOUR_US);
    expect(xOf(day, 960, day.endUs)).toBe(960);
  });

  it('keeps the time under the pointer where it is', () => {
    const anchorUs = day.startUs + 7 * HOUR_US;
    const closer = zoom(day, 0.5, anchorUs, day);
    expect(closer.endUs - closer.startUs).toBe(12 * HOUR_US);
    expect(xOf(closer, 960, anchorUs)).toBeCloseTo(xOf(day, 960, anchorUs), 3);
  });

  it('zooms from a whole day to one minute and not beyond', () => {
    let view: View = day;
    for (let turn = 0; turn < 100; turn += 1) view = zoom(view, 0.7, day.startUs + HOUR_US, day);
    expect(view.endUs - view.startUs).toBe(SHORTEST_US);
    for (let turn = 0; turn < 100; turn += 1) view = zoom(view, 1.5, view.startUs, day);
    expect(view).toEqual({ startUs: day.startUs, endUs: day.endUs });
  });

  it('stays inside its day', () => {
    const view = zoom(day, 0.1, day.startUs, day);
    expect(pan(view, -HOUR_US, day)).toEqual(view);
    expect(pan(view, 100 * HOUR_US, day).endUs).toBe(day.endUs);
  });

  it('turns the page when the playhead leaves, and stays otherwise', () => {
    const view = { startUs: day.startUs, endUs: day.startUs + HOUR_US };
    expect(reveal(view, day.startUs + HOUR_US / 2, day)).toBe(view);
    const turned = reveal(view, day.startUs + HOUR_US, day);
    expect(turned.startUs).toBeGreaterThan(view.startUs);
    expect(turned.endUs).toBeGreaterThan(day.startUs + HOUR_US);
  });
});

describe('marks', () => {
  it('stand at round hours of the zone', () => {
    const labels = ticks(day, 1000, paris).flatMap((tick) => tick.label ?? []);
    expect(labels.slice(0, 3)).toEqual(['00:00', '02:00', '04:00']);
  });

  it('leave room for their words at every zoom and width', () => {
    for (const width of [320, 700, 1900]) {
      for (let view: View = day; ; view = zoom(view, 0.5, day.startUs + HOUR_US * 5.3, day)) {
        const places = ticks(view, width, paris).flatMap((tick) => (tick.label ? [xOf(view, width, tick.timeUs)] : []));
        for (const [at, place] of places.entries())
          if (at > 0) expect(place - (places[at - 1] ?? 0)).toBeGreaterThan(55);
        if (view.endUs - view.startUs <= SHORTEST_US) break;
      }
    }
  });

  it('show the hour that comes twice twice, and leave out the one that is not', () => {
    const hours = (date: string) => ticks(paris.day(date), 2400, paris).filter((tick) => tick.label?.endsWith(':00'));
    expect(hours('2026-10-25').filter((tick) => tick.label === '02:00')).toHaveLength(2);
    expect(hours('2026-03-29').filter((tick) => tick.label === '02:00')).toHaveLength(0);
  });
});
