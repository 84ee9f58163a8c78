import { expect, test } from 'vitest';
import { additionOf, EMPTY, nameFrom, patchOf, sourceOf, withoutCredentials } from './draft';

test.each([
  ['rtsp://192.0.2.7:554/stream1', '192.0.2.7'],
  ['rtsps://cam.example/live', 'cam.example'],
  ['rtsp://[2001:db8::7]/x', '[2001:db8::7]'],
  ['file:yard.mkv', 'yard'],
  ['', 'Camera'],
])('a camera at %s is called %s', (url, name) => {
  expect(nameFrom(url)).toBe(name);
});

test('credentials pasted with the address move to their own fields', () => {
  const draft = withoutCredentials({ ...EMPTY, url: 'rtsp://op:p%40ss:word@192.0.2.7/s' });
  expect(draft).toMatchObject({ url: 'rtsp://192.0.2.7/s', username: 'op', password: 'p@ss:word' });
});

test('an address without credentials stays as it is', () => {
  const draft = { ...EMPTY, url: 'rtsp://192.0.2.7/s@home', username: 'op' };
  expect(withoutCredentials(draft)).toBe(draft);
});

test('an empty password is not sent, so that the stored one stays', () => {
  const patch = patchOf({ ...EMPTY, name: 'Gate', url: 'rtsp://192.0.2.7/' });
  expect(patch.source).not.toHaveProperty('password');
  expect(sourceOf({ ...EMPTY, password: 'secret' })).toHaveProperty('password', 'secret');
});

test('a camera without a name is called after its address', () => {
  expect(additionOf({ ...EMPTY, url: ' rtsp://192.0.2.7/ ' })).toMatchObject({
    name: '192.0.2.7',
    source: { url: 'rtsp://192.0.2.7/' },
  });
});
