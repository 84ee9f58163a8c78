import { expect, test } from 'vitest';
import { expiry } from './expiry';

const now = Date.parse('2026-11-24T12:00:00Z');

test.each([
  ['2027-12-26T12:00:00Z', '397 days left', 'ok'],
  ['2026-12-20T12:00:00Z', '26 days left', 'ok'],
  ['2026-11-30T12:00:00Z', '6 days left', 'warn'],
  ['2026-11-24T15:30:00Z', '3 h 30 min left', 'warn'],
  ['2026-11-24T11:59:59Z', 'Expired', 'bad'],
])('until %s', (not_after, label, tone) => {
  expect(expiry(not_after, now)).toEqual({ label, tone });
});
