import { expect, test } from 'vitest';
import { lastDays } from './days';
import { fillTone, secondsLeft } from './forecast';

test('the last days end with today as the zone has it', () => {
  const lateEvening = Date.parse('2026-11-30T23:30:00Z');
  expect(lastDays(3, lateEvening, 'UTC')).toEqual(['2026-11-28', '2026-11-29', '2026-11-30']);
  expect(lastDays(2, lateEvening, 'Europe/Paris')).toEqual(['2026-11-30', '2026-12-01']);
});

test('days stay whole across a change of clocks', () => {
  expect(lastDays(3, Date.parse('2026-10-26T00:30:00Z'), 'Europe/Paris')).toEqual([
    '2026-10-24',
    '2026-10-25',
    '2026-10-26',
  ]);
});

test('nothing recorded fills nothing', () => {
  expect(secondsLeft(1e9, 0)).toBeUndefined();
  expect(secondsLeft(1e9, 5e8)).toBe(2 * 86_400);
});

test('a nearly full volume alarms in steps', () => {
  expect([fillTone(0.5), fillTone(0.92), fillTone(0.99)]).toEqual(['accent', 'warn', 'bad']);
});
