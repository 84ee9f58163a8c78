import { expect, describe as group, it } from 'vitest';
import { describe, fromAnswer, listed, spanAt } from './model';
import { Zone } from './zone';

const ANSWER = {
  camera: 'front',
  start: '2026-11-24T00:00:00Z',
  end: '2026-11-25T00:00:00Z',
  spans: [
    { start: '2026-11-24T12:00:00.000000Z', end: '2026-11-24T13:00:00.500000Z', kinds: ['continuous'] },
    { start: '2026-11-24T13:10:00Z', end: '2026-11-24T13:20:00Z', kinds: ['continuous', 'manual'] },
    { start: 'torn', end: '2026-11-24T13:20:00Z', kinds: [] },
  ],
  gaps: [{ start: '2026-11-24T13:00:00.500000Z', end: '2026-11-24T13:10:00Z', cause: 'camera' }],
  recorded_percent: 4.9,
};
const at = (text: string) => Date.parse(text) * 1000;
const recorded = fromAnswer(ANSWER);

group('a timeline', () => {
  it('keeps what has two times', () => {
    expect(recorded.spans).toHaveLength(2);
  });

  it('knows what is at a time; ends belong to what follows', () => {
    expect(spanAt(recorded, at('2026-11-24T12:00:00Z'))?.kinds).toEqual(['continuous']);
    expect(spanAt(recorded, at('2026-11-24T13:20:00Z'))).toBeUndefined();
  });

  it('says it in words', () => {
    const now = at('2026-11-24T14:00:00Z');
    expect(describe(recorded, at('2026-11-24T13:15:00Z'), now)).toBe('recorded, continuous and manual');
    expect(describe(recorded, at('2026-11-24T13:05:00Z'), now)).toBe('not recorded: no contact with the camera');
    expect(describe(recorded, at('2026-11-24T15:00:00Z'), now)).toBe('in the future');
  });

  it('lists every part in order, in the zone of the reader', () => {
    const lines = listed(recorded, new Zone('Europe/Paris')).map((part) => part.text);
    expect(lines).toEqual([
      '13:00:00 – 14:00:00 (1 h): recorded, continuous',
      '14:00:00 – 14:10:00 (10 min): not recorded: no contact with the camera',
      '14:10:00 – 14:20:00 (10 min): recorded, continuous and manual',
    ]);
  });
});
