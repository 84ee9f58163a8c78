import { expect, test } from 'vitest';
import { afterSign, type Restart } from './model';

const asked: Restart = { kind: 'machine', stage: 'asked', asked_ms: 0, before: '08:00' };
const old = { since: '08:00', well: true };
const anew = { since: '09:00', well: true };

test('an appliance that still answers as before has not restarted yet', () => {
  expect(afterSign(asked, old, 1000).stage).toBe('asked');
});

test('silence and then a new start is a restart', () => {
  const away = afterSign(asked, undefined, 1000);
  expect(away.stage).toBe('away');
  expect(afterSign(away, anew, 2000).stage).toBe('back');
});

test('a restart too quick to be noticed is told by the new start alone', () => {
  expect(afterSign(asked, anew, 1000).stage).toBe('back');
});

test('a glitch of the network is not a restart', () => {
  const away = afterSign(asked, undefined, 1000);
  expect(afterSign(away, old, 2000).stage).toBe('away');
});

test('units that are not there yet are waited for, but not for ever', () => {
  const starting = afterSign(asked, { ...anew, well: false }, 1000);
  expect(starting.stage).toBe('starting');
  expect(afterSign(starting, { ...anew, well: false }, 20_000).stage).toBe('starting');
  expect(afterSign(starting, { ...anew, well: false }, 40_000).stage).toBe('back');
  expect(afterSign(starting, undefined, 20_000).stage).toBe('away');
});

test('where nothing was known before, silence must be seen first', () => {
  const unknown: Restart = { ...asked, before: undefined };
  expect(afterSign(unknown, anew, 1000).stage).toBe('asked');
  expect(afterSign(afterSign(unknown, undefined, 1000), anew, 2000).stage).toBe('back');
});
