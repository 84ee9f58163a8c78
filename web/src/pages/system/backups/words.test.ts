import { expect, test } from 'vitest';
import type { BackupView } from '../../../api/appliance';
import { backupFacts, madeAt } from './words';

const summary: BackupView['summary'] = {
  kind: 'nightly',
  made: '2026-11-25T03:00:00Z',
  version: '1.4.0',
  machine: 'gatehouse-0a1b2c',
  damaged: [],
};
const whole = { id: '20261125T030000Z-nightly', size_bytes: 1, sealed: false, summary };

test('a backup says why, when, and by which version it was made', () => {
  expect(backupFacts(whole)).toBe('Made at night · version 1.4.0 · gatehouse-0a1b2c');
  expect(madeAt(whole)).toBe('2026-11-25T03:00:00Z');
});

test('one that cannot be read is still told by its id', () => {
  const unreadable = { ...whole, summary: null };
  expect(backupFacts(unreadable)).toBe('20261125T030000Z-nightly');
  expect(madeAt(unreadable)).toBe('2026-11-25T03:00:00Z');
  expect(madeAt({ ...unreadable, id: 'else' })).toBeUndefined();
});
