import { expect, test } from 'vitest';
import { dutyOf, isUnwell, restartWords, shortName, unitState } from './units';

test.each([
  ['gatehouse-ingest@0.service', 'ingest-0'],
  ['gatehouse-api.service', 'api'],
  ['ingest-1', 'ingest-1'],
])('%s is called %s', (name, short) => {
  expect(shortName(name)).toBe(short);
});

test('every shard has the duty of its kind, and a stranger none', () => {
  expect(dutyOf('gatehouse-ingest@3.service')).toBe(dutyOf('ingest-0'));
  expect(dutyOf('api')).toContain('page');
  expect(dutyOf('gatehouse-console@ttyS0.service')).toContain('serial line');
  expect(dutyOf('systemd-resolved.service')).toBe('');
});

test('what is on its way is not unwell', () => {
  const unit = { name: 'api', since: null, restarts: 0, memory_bytes: null };
  expect(['active', 'activating', 'failed', 'down'].map((state) => isUnwell({ ...unit, state }))).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(unitState('refreshing').label).toBe('refreshing');
});

test('restarts are told only where there were any', () => {
  expect([0, 1, 4].map(restartWords)).toEqual(['', 'restarted once', 'restarted 4 times']);
});
