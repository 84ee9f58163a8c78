/** The one WebSocket of the page for all live and playback streams; lost connections come back with their channels. */

import { Backoff } from '../api/backoff';
import type { ChannelRequest, Chunk, ServerMessage } from './protocol';
import { encodeClose, encodeMore, encodeOpen, parseBinary, parseText } from './protocol';

export interface ChannelHandlers {
  message(message: ServerMessage): void;
  chunk(chunk: Chunk): void;
  /** The connection is gone; the channel is opened anew by itself as soon as the server answers. */
  lost(): void;
}

export interface Channel {
  /** Playback: lets the server send that many further fragments. */
  grant(credit: number): void;
  close(): void;
}

interface OpenChannel {
  /** Asked at every (re)opening, so that a playback goes on where it was. */
  readonly request: () => ChannelRequest;
  readonly handlers: ChannelHandlers;
}

const FIRST_RETRY_MS = 300;
const LONGEST_RETRY_MS = 8_000;
const SETTLED_MS = 3_000;
const IDLE_MS = 5_000;
const CHANNELS = 0x10000;

export class MediaSocket {
  private readonly url: string;
  private socket: WebSocket | null = null;
  private readonly channels = new Map<number, OpenChannel>();
  private lastChannel = 0;
  private readonly backoff = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
  private retry: ReturnType<typeof setTimeout> | undefined;
  private idle: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string) {
    this.url = url;
    globalThis.addEventListener?.('online', () => this.reconnectNow());
  }

  open(request: () => ChannelRequest, handlers: ChannelHandlers): Channel {
    const number = this.freeNumber();
    this.channels.set(number, { request, handlers });
    clearTimeout(this.idle);
    if (this.socket?.readyState === WebSocket.OPEN) this.send(encodeOpen(number, request()));
    else if (this.socket === null && this.retry === undefined) this.connect();
    return {
      grant: (credit) => this.send(encodeMore(number, credit)),
      close: () => this.close(number),
    };
  }

  private close(number: number): void {
    if (!this.channels.delete(number)) return;
    this.send(encodeClose(number));
    if (this.channels.size > 0) return;
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.rest(), IDLE_MS);
  }

  /** Nobody watches: give the connection back. */
  private rest(): void {
    if (this.channels.size > 0) return;
    clearTimeout(this.retry);
    this.retry = undefined;
    this.socket?.close();
  }

  /** A number that was not used for long: late messages of a closed channel must not reach the next one. */
  private freeNumber(): number {
    do this.lastChannel = (this.lastChannel + 1) % CHANNELS;
    while (this.channels.has(this.lastChannel));
    return this.lastChannel;
  }

  private send(text: string): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  private connect(): void {
    const socket = new WebSocket(this.url);
    socket.binaryType = 'arraybuffer';
    let settled: ReturnType<typeof setTimeout> | undefined;
    socket.onopen = () => {
      settled = setTimeout(() => this.backoff.reset(), SETTLED_MS);
      for (const [number, channel] of this.channels) socket.send(encodeOpen(number, channel.request()));
    };
    socket.onmessage = (event: MessageEvent<unknown>) => this.receive(event.data);
    socket.onclose = () => {
      clearTimeout(settled);
      this.socket = null;
      this.lost();
    };
    this.socket = socket;
  }

  private lost(): void {
    if (this.channels.size === 0) return;
    for (const channel of [...this.channels.values()]) channel.handlers.lost();
    this.retry = setTimeout(() => {
      this.retry = undefined;
      if (this.channels.size > 0) this.connect();
    }, this.backoff.next());
  }

  private reconnectNow(): void {
    if (this.retry === undefined) return;
    clearTimeout(this.retry);
    this.retry = undefined;
    this.backoff.reset();
    this.connect();
  }

  private receive(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      const chunk = parseBinary(data);
      if (chunk) this.channels.get(chunk.channel)?.handlers.chunk(chunk);
    } else if (typeof data === 'string') {
      const message = parseText(data);
      if (!message) return;
      const channel = this.channels.get(message.channel);
      if (message.op === 'error') this.channels.delete(message.channel);
      channel?.handlers.message(message);
    }
  }
}

let shared: MediaSocket | null = null;

/** The page's socket, made on first use. */
export function mediaSocket(): MediaSocket {
  shared ??= new MediaSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/media`);
  return shared;
}
