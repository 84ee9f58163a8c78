import { expect, test } from 'vitest';
import { cameraHref, parseHash } from './router';

test.each([
  ['', { name: 'live' }],
  ['#/', { name: 'live' }],
  ['#/cameras', { name: 'cameras' }],
  ['#/storage', { name: 'storage' }],
  ['#/system', { name: 'system', tab: 'overview' }],
  ['#/system/audit', { name: 'system', tab: 'audit' }],
  ['#/nowhere', { name: 'unknown', path: 'nowhere' }],
  ['#/%E0%A4%A', { name: 'unknown', path: '%E0%A4%A' }],
])('%s', (hash, expected) => {
  expect(parseHash(hash)).toEqual(expected);
});

test('a camera address keeps the time it was made with', () => {
  const route = parseHash(cameraHref('front', '2026-11-24T13:00:00Z'));
  expect(route).toMatchObject({ name: 'camera', id: 'front' });
  expect(route.name === 'camera' && route.query.get('t')).toBe('2026-11-24T13:00:00Z');
});
