// Written by hand from docs/reference/api.md until `npm run generate` replaces it.
type Json<T> = { content: { 'application/json': T } };
type Get<T, P = unknown> = { parameters: P; responses: { 200: Json<T> } };
type Send<B, T, P = unknown> = { parameters: P; requestBody: Json<B>; responses: { 200: Json<T> } };
type Drop<P = unknown> = { parameters: P; responses: { 204: unknown } };
type Id = { path: { id: string } };

export interface components {
  schemas: {
    Problem: {
      code: string;
      title: string;
      status: number;
      remedy: string;
      field?: string;
      detail?: string;
    };
    Session: { username: string; role: 'administrator' | 'operator' | 'viewer'; csrf: string };
    SourceView: {
      url: string;
      username: string;
      has_password: boolean;
      transport: 'auto' | 'tcp' | 'udp';
      verify_tls: boolean;
    };
    Source: {
      url: string;
      username?: string;
      password?: string;
      transport?: 'auto' | 'tcp' | 'udp';
      verify_tls?: boolean;
    };
    ManualRecording: { prebuffer_s: number; postbuffer_s: number; max_duration_s: number };
    RecordingMethods: { continuous: boolean; manual: components['schemas']['ManualRecording'] };
    CameraState: {
      status: 'connecting' | 'streaming' | 'waiting' | 'disabled';
      since: string;
      problem: components['schemas']['Problem'] | null;
      video: { codec: string; codec_string: string; width: number; height: number; fps: number; kbps: number } | null;
      audio: { codec: string; sample_rate_hz: number; channels: number } | null;
      recording: string[];
      manual_until: string | null;
      recorded_to: string | null;
      clock_offset_ms: number | null;
      packets_lost: number;
      damaged_fragments: number;
      dropped_live_chunks: number;
      reconnects: number;
    };
    CameraView: {
      id: string;
      name: string;
      source: components['schemas']['SourceView'];
      enabled: boolean;
      recording: components['schemas']['RecordingMethods'];
      revision: number;
      state: components['schemas']['CameraState'];
    };
    Timeline: {
      camera: string;
      start: string;
      end: string;
      spans: { start: string; end: string; kinds: string[] }[];
      gaps: { start: string; end: string; cause: string }[];
      recorded_percent: number;
    };
  };
}
type S = components['schemas'];
type NewCamera = {
  name: string;
  source: S['Source'];
  enabled?: boolean;
  recording?: S['RecordingMethods'];
};

export interface paths {
  '/api/v1/health': {
    get: Get<{ status: string; version: string; units: Record<string, { status: string; since: string }> }>;
  };
  '/api/v1/setup': {
    get: Get<{ needed: boolean }>;
    post: Send<{ code: string; username: string; password: string }, unknown>;
  };
  '/api/v1/session': {
    get: Get<S['Session']>;
    post: Send<{ username: string; password: string }, S['Session']>;
    delete: Drop;
  };
  '/api/v1/cameras': { get: Get<{ cameras: S['CameraView'][] }>; post: Send<NewCamera, S['CameraView']> };
  '/api/v1/cameras/{id}': {
    get: Get<S['CameraView'], Id>;
    patch: Send<Record<string, unknown>, S['CameraView'], Id>;
    delete: Drop<Id>;
  };
  '/api/v1/cameras/{id}/manual-recording': { put: Get<S['CameraState'], Id>; delete: Get<S['CameraState'], Id> };
  '/api/v1/cameras/{id}/timeline': { get: Get<S['Timeline'], Id & { query: { start: string; end: string } }> };
  '/api/v1/cameras/{id}/days': { get: Get<{ days: string[] }, Id & { query?: { zone?: string } }> };
}
