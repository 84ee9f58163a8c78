import { afterEach, expect, test, vi } from 'vitest';
import { api, mediaUrl, ProblemError, setCsrf, urlFor, whenSignedOut } from './client';

afterEach(() => vi.unstubAllGlobals());

/** The browser's fetch, answering as told; gives what was asked. */
function answering(status: number, body: unknown, type = 'application/json') {
  const asked: { url: string; init: RequestInit }[] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push({ url, init });
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
      status,
      headers: { 'Content-Type': type },
    });
  });
  return asked;
}

test('names and times are escaped in addresses, and what is not given is left out', () => {
  expect(urlFor('/c/{id}/x', { id: 'a/b' }, { from: '10:00+01', to: undefined })).toBe('/c/a%2Fb/x?from=10%3A00%2B01');
  expect(mediaUrl('gate', { start: 'A', end: 'B', download: true })).toBe(
    '/api/v1/cameras/gate/media.mp4?start=A&end=B&download=true',
  );
});

test('only what changes something carries the CSRF token', async () => {
  setCsrf('token-of-session');
  const asked = answering(200, { cameras: [] });
  await api.get('/api/v1/cameras');
  await api.delete('/api/v1/cameras/{id}', { path: { id: 'gate' } });
  expect(asked.map(({ init }) => new Headers(init.headers).get('X-CSRF-Token'))).toEqual([null, 'token-of-session']);
});

test('a refusal is thrown with its cause, remedy and field', async () => {
  answering(
    400,
    { code: 'bad-name', title: 'No name', status: 400, remedy: 'Give one.', field: 'name' },
    'application/problem+json',
  );
  const refused = await api.get('/api/v1/cameras').catch((error) => error);
  expect(refused).toBeInstanceOf(ProblemError);
  expect(refused.problem).toMatchObject({ code: 'bad-name', remedy: 'Give one.', field: 'name' });
});

test("an error page that is not the recorder's still gets words", async () => {
  answering(502, '<h1>Bad gateway</h1>', 'text/html');
  const refused = await api.get('/api/v1/cameras').catch((error) => error);
  expect(refused.problem).toMatchObject({ code: 'unexpected-answer', status: 502 });
});

test('no connection is a problem with a remedy, not an exception of the browser', async () => {
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')));
  const refused = await api.get('/api/v1/cameras').catch((error) => error);
  expect(refused.problem.code).toBe('no-answer');
});

test('a session that is over is told, but not a failed sign-in', async () => {
  const over = vi.fn();
  whenSignedOut(over);
  answering(401, { code: 'not-signed-in', title: 'Not signed in', status: 401, remedy: 'Sign in.' });
  await api.post('/api/v1/session', { body: { username: 'a', password: 'b' } }).catch(() => undefined);
  expect(over).not.toHaveBeenCalled();
  await api.get('/api/v1/cameras').catch(() => undefined);
  expect(over).toHaveBeenCalledOnce();
});
