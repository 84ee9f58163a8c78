import { expect, test } from 'vitest';
import { Backoff } from './backoff';

test('waits double up to the longest and start anew after a reset', () => {
  const backoff = new Backoff(500, 3000, () => 1);
  expect([backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([500, 1000, 2000, 3000]);
  backoff.reset();
  expect(backoff.next()).toBe(500);
});

test('the jitter never takes more than half of a wait away', () => {
  expect(new Backoff(1000, 1000, () => 0).next()).toBe(500);
});
