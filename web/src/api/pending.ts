// Routes that the description does not hold yet, from docs/reference/api.md; goes when it does.
import './schema';

export interface Timeline {
  readonly camera: string;
  readonly start: string;
  readonly end: string;
  readonly spans: readonly { readonly start: string; readonly end: string; readonly kinds: readonly string[] }[];
  readonly gaps: readonly { readonly start: string; readonly end: string; readonly cause: string }[];
  readonly recorded_percent: number;
}

type Get<T, P> = { get: { parameters: P; responses: { 200: { content: { 'application/json': T } } } } };

declare module './schema' {
  interface paths {
    '/api/v1/cameras/{id}/timeline': Get<Timeline, { path: { id: string }; query: { start: string; end: string } }>;
    '/api/v1/cameras/{id}/days': Get<{ days: readonly string[] }, { path: { id: string }; query?: { zone?: string } }>;
  }
}
