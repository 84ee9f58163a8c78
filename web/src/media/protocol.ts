/**
 * The words of the media socket (docs/reference/media-socket.md): pure translation between bytes and typed messages.
 * What does not parse becomes null, so that a newer server may say more than this page understands.
 */

/** Cause and remedy of a failure, as the API states them (RFC 9457 with `code` and `remedy`). */
export interface Problem {
  readonly code: string;
  readonly title: string;
  readonly remedy: string;
}

export type Track = 'video' | 'audio';

export interface LiveRequest {
  readonly op: 'live';
  readonly camera: string;
  readonly codecs: readonly string[];
  readonly audio: boolean;
}

export interface PlayRequest {
  readonly op: 'play';
  readonly camera: string;
  /** RFC 3339 in UTC. */
  readonly from: string;
  readonly codecs: readonly string[];
  readonly audio: boolean;
  /** Fragments the server may send before it is granted more. */
  readonly credit: number;
}

export type ChannelRequest = LiveRequest | PlayRequest;

export type ServerMessage =
  | { readonly op: 'opened'; readonly channel: number; readonly epochUs: number }
  | {
      readonly op: 'init';
      readonly channel: number;
      readonly track: Track;
      readonly codec: string;
      readonly mime: string;
      readonly width: number;
      readonly height: number;
      readonly note: string | null;
    }
  | {
      readonly op: 'gap';
      readonly channel: number;
      readonly fromUs: number;
      readonly toUs: number;
      readonly cause: string;
    }
  | { readonly op: 'state'; readonly channel: number; readonly status: string; readonly problem: Problem | null }
  | { readonly op: 'dropped'; readonly channel: number; readonly chunks: number }
  | { readonly op: 'end'; readonly channel: number }
  | { readonly op: 'error'; readonly channel: number; readonly problem: Problem };

/** One binary message: an initialisation segment, or media that begins at `timeUs`. */
export interface Chunk {
  readonly kind: 'init' | 'media';
  readonly track: Track;
  readonly channel: number;
  readonly key: boolean;
  readonly damaged: boolean;
  /** UTC of the first unit's presentation in microseconds since 1970; 0 for an initialisation segment. */
  readonly timeUs: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

export const HEADER_BYTES = 16;
const KEY = 1;
const DAMAGED = 2;

/** Reads a binary message; null where it is not one of ours. */
export function parseBinary(message: ArrayBuffer): Chunk | null {
  if (message.byteLength < HEADER_BYTES) return null;
  const view = new DataView(message);
  const type = view.getUint8(0);
  const track = view.getUint8(1);
  if ((type !== 1 && type !== 2) || track > 1) return null;
  const flags = view.getUint8(4);
  return {
    kind: type === 1 ? 'init' : 'media',
    track: track === 0 ? 'video' : 'audio',
    channel: view.getUint16(2),
    key: (flags & KEY) !== 0,
    damaged: (flags & DAMAGED) !== 0,
    timeUs: Number(view.getBigUint64(8)),
    data: new Uint8Array(message, HEADER_BYTES),
  };
}

/** Reads a control message; null where it is malformed or unknown. */
export function parseText(text: string): ServerMessage | null {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  return isRecord(body) && isChannel(body['channel']) ? parseBody(body, body['channel']) : null;
}

export function encodeOpen(channel: number, request: ChannelRequest): string {
  return JSON.stringify({ ...request, channel });
}

export function encodeMore(channel: number, credit: number): string {
  return JSON.stringify({ op: 'more', channel, credit });
}

export function encodeClose(channel: number): string {
  return JSON.stringify({ op: 'close', channel });
}

type Body = Readonly<Record<string, unknown>>;

function parseBody(body: Body, channel: number): ServerMessage | null {
  switch (body['op']) {
    case 'opened': {
      const epochUs = parseTime(body['epoch']);
      return epochUs === null ? null : { op: 'opened', channel, epochUs };
    }
    case 'init':
      return parseInit(body, channel);
    case 'gap': {
      const fromUs = parseTime(body['from']);
      const toUs = parseTime(body['to']);
      if (fromUs === null || toUs === null) return null;
      return { op: 'gap', channel, fromUs, toUs, cause: text(body['cause'], 'unknown') };
    }
    case 'state':
      return { op: 'state', channel, status: text(body['status'], 'waiting'), problem: parseProblem(body['problem']) };
    case 'dropped':
      return { op: 'dropped', channel, chunks: number(body['chunks']) };
    case 'end':
      return { op: 'end', channel };
    case 'error':
      return { op: 'error', channel, problem: parseProblem(body['problem']) ?? UNKNOWN_PROBLEM };
    default:
      return null;
  }
}

function parseInit(body: Body, channel: number): ServerMessage | null {
  if ((body['track'] !== 'video' && body['track'] !== 'audio') || typeof body['mime'] !== 'string') return null;
  return {
    op: 'init',
    channel,
    track: body['track'],
    codec: text(body['codec'], ''),
    mime: body['mime'],
    width: number(body['width']),
    height: number(body['height']),
    note: typeof body['note'] === 'string' ? body['note'] : null,
  };
}

const UNKNOWN_PROBLEM: Problem = {
  code: 'unknown',
  title: 'The recorder refused the stream',
  remedy: "Reload the page; if it stays so, look at the recorder's log.",
};

function parseProblem(value: unknown): Problem | null {
  if (!isRecord(value)) return null;
  return {
    code: text(value['code'], UNKNOWN_PROBLEM.code),
    title: text(value['title'], UNKNOWN_PROBLEM.title),
    remedy: text(value['remedy'], ''),
  };
}

const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/;

/** RFC 3339 in UTC to microseconds since 1970, exact to the microsecond; null where it is not a time. */
export function parseTime(value: unknown): number | null {
  const match = typeof value === 'string' ? RFC_3339.exec(value) : null;
  if (!match) return null;
  const seconds = Date.parse(`${match[1]}Z`) / 1000;
  const micros = Number((match[2] ?? '').padEnd(6, '0').slice(0, 6));
  return Number.isNaN(seconds) ? null : seconds * 1_000_000 + micros;
}

/** Microseconds since 1970 to RFC 3339 in UTC with six decimals. */
export function formatTime(timeUs: number): string {
  const seconds = Math.floor(timeUs / 1_000_000);
  const micros = Math.floor(timeUs - seconds * 1_000_000);
  const head = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${head}.${String(micros).padStart(6, '0')}Z`;
}

function isRecord(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isChannel(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff;
}

function text(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
