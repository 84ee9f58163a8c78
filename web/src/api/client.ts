/** Typed calls to the recorder's API: the paths, parameters and bodies are those of its OpenAPI description. */
import { NO_ANSWER, ProblemError, problemFromBody } from './problem';
import type { paths } from './schema';

export { ProblemError } from './problem';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Operation<P extends keyof paths, M extends Method> = paths[P] extends { [K in M]: infer O } ? O : never;
type PathsWith<M extends Method> = { [P in keyof paths]: [Operation<P, M>] extends [never] ? never : P }[keyof paths];

type Content<T> = T extends { content: infer C } ? C[keyof C] : undefined;
type Answer<O> = O extends { responses: infer R }
  ? { [S in keyof R & (200 | 201 | 202)]: Content<R[S]> }[keyof R & (200 | 201 | 202)]
  : never;
type PathOf<O> = O extends { parameters: { path: infer V } } ? { path: V } : { path?: never };
type QueryOf<O> = O extends { parameters: { query: infer V } }
  ? { query: V }
  : O extends { parameters: { query?: infer V } }
    ? { query?: V }
    : { query?: never };
type BodyOf<O> = O extends { requestBody: infer B } ? { body: Content<B> } : { body?: never };
type Extra = { headers?: Record<string, string>; signal?: AbortSignal };
type Options<O> = PathOf<O> & QueryOf<O> & BodyOf<O> & Extra;
type Args<O> = Record<string, never> extends Omit<Options<O>, never> ? [options?: Options<O>] : [options: Options<O>];
type Call<M extends Method> = <P extends PathsWith<M>>(
  path: P,
  ...args: Args<Operation<P, M>>
) => Promise<Answer<Operation<P, M>>>;

interface Sent extends Extra {
  path?: object;
  query?: object;
  body?: unknown;
}

let csrf = '';
let onSignedOut: () => void = () => undefined;

/** The token that state-changing requests carry (docs/reference/api.md). */
export function setCsrf(token: string): void {
  csrf = token;
}

/** Whom to tell when the recorder no longer knows the session. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** Fill a path template and append the query. */
export function urlFor(template: string, path: object = {}, query: object = {}): string {
  const filled = Object.entries(path).reduce(
    (url, [name, value]) => url.replace(`{${name}}`, encodeURIComponent(String(value))),
    template,
  );
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return search ? `${filled}?${search}` : filled;
}

/** What a request of this page carries besides its content. */
export function headersFor(method: Method): Record<string, string> {
  return method !== 'get' && csrf
    ? { Accept: 'application/json', 'X-CSRF-Token': csrf }
    : { Accept: 'application/json' };
}

/** The error of an answer that is not 2xx; a session that has ended leads to sign-in. */
export function refusal(status: number, body: unknown, template: string): ProblemError {
  if (status === 401 && template !== '/api/v1/session') onSignedOut();
  return new ProblemError(problemFromBody(status, body));
}

async function send(method: Method, template: string, sent: Sent = {}): Promise<unknown> {
  const headers: Record<string, string> = { ...headersFor(method), ...sent.headers };
  if (sent.body !== undefined)
    headers['Content-Type'] = method === 'patch' ? 'application/merge-patch+json' : 'application/json';
  const init: RequestInit = { method: method.toUpperCase(), headers, credentials: 'same-origin' };
  if (sent.body !== undefined) init.body = JSON.stringify(sent.body);
  if (sent.signal) init.signal = sent.signal;
  const answer = await reach(urlFor(template, sent.path, sent.query), init);
  const body = await decode(answer);
  if (answer.ok) return body;
  throw refusal(answer.status, body, template);
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ProblemError(NO_ANSWER);
  }
}

async function decode(answer: Response): Promise<unknown> {
  if (!answer.headers.get('Content-Type')?.includes('json')) return undefined;
  return answer.json().catch(() => undefined);
}

function caller<M extends Method>(method: M): Call<M> {
  return ((path: string, options?: Sent) => send(method, path, options)) as Call<M>;
}

/** `await api.get('/api/v1/cameras/{id}', { path: { id } })` gives the decoded answer or throws a ProblemError. */
export const api = {
  get: caller('get'),
  post: caller('post'),
  put: caller('put'),
  patch: caller('patch'),
  delete: caller('delete'),
};

/** The address of a WebSocket of the API; plain only under the development server. */
export function socketUrl(path: string): string {
  return new URL(path, location.href).href.replace(/^http/, 'ws');
}

/** The address of a camera's newest picture, or of the recorded frame at a time (RFC 3339). */
export function snapshotUrl(camera: string, options: { time?: string; width?: number } = {}): string {
  return urlFor('/api/v1/cameras/{id}/snapshot.jpg', { id: camera }, options);
}

/** The address of a recorded range as one .mp4. */
export function mediaUrl(
  camera: string,
  range: { start: string; end: string; audio?: boolean; download?: boolean },
): string {
  return urlFor('/api/v1/cameras/{id}/media.mp4', { id: camera }, range);
}
