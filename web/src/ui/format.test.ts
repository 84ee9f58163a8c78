import { expect, test } from 'vitest';
import { ago, bitrate, bytes, codecName, duration } from './format';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [999_600, '1.00 MB'],
  [1_234_567, '1.23 MB'],
  [98_700_000_000, '98.7 GB'],
  [8_000_000_000_000, '8.00 TB'],
])('%i bytes', (count, expected) => {
  expect(bytes(count)).toBe(expected);
});

test.each([
  [0, '0 s'],
  [59.6, '1 min'],
  [3600, '1 h'],
  [7500, '2 h 5 min'],
  [90_061, '1 d 1 h'],
])('%f seconds', (seconds, expected) => {
  expect(duration(seconds)).toBe(expected);
});

test('bit rates change unit at a thousand', () => {
  expect([bitrate(640), bitrate(2013)]).toEqual(['640 kbit/s', '2.0 Mbit/s']);
});

test('what has hardly passed is just now, even when clocks differ a little', () => {
  const now = Date.parse('2026-11-24T13:00:00Z');
  expect(ago('2026-11-24T13:00:03Z', now)).toBe('just now');
  expect(ago('2026-11-24T12:58:00Z', now)).toBe('2 min ago');
});

test('an unknown codec keeps its name', () => {
  expect([codecName('pcmu'), codecName('vp9')]).toEqual(['G.711 µ-law', 'VP9']);
});
