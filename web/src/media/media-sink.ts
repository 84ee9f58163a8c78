/**
 * A MediaSource behind a video element, laid out in wall time: element time 0 is `baseUs`, whatever channel the media
 * comes from. So a seek, a reconnection or a change from playback to live moves on one time line and the last picture
 * stays until the next one is there.
 */

import { mediaSourceClass } from './codecs';
import type { Track } from './protocol';
import { TrackBuffer } from './track-buffer';

const US_PER_S = 1_000_000;
/** Room to the left of a first channel, for seeking back without a new MediaSource. */
const ROOM_US = 400 * 86_400 * US_PER_S;
const WAIT_FOR_AUDIO_MS = 1_500;

interface Init {
  readonly mime: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

interface Held {
  readonly track: Track;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly key: boolean;
}

export interface SinkListener {
  /** What is buffered has changed. */
  changed(): void;
  /** The time before which nothing is needed, in element seconds. */
  disposableS(): number;
  /** A track turned up that this MediaSource was not made for. */
  lateTrack(track: Track): void;
  failed(reason: unknown): void;
}

export class MediaSink {
  /** The wall time of element time 0. */
  baseUs = 0;
  private readonly video: HTMLVideoElement;
  private readonly listener: SinkListener;
  private source: MediaSource | null = null;
  private readonly buffers = new Map<Track, TrackBuffer>();
  private readonly inits = new Map<Track, Init>();
  private epochUs = 0;
  private started = false;
  private expectsAudio = false;
  private held: Held[] = [];
  private heldMs = 0;
  private untilOpen: (() => void)[] = [];
  private droppedBefore = 0;

  constructor(video: HTMLVideoElement, listener: SinkListener) {
    this.video = video;
    this.listener = listener;
  }

  /** Media messages left out because the browser did not keep up. */
  get dropped(): number {
    let sum = this.droppedBefore;
    for (const buffer of this.buffers.values()) sum += buffer.dropped;
    return sum;
  }

  /** Everything that is buffered belongs to the channel opened last. */
  get settled(): boolean {
    return this.started && this.buffers.size > 0 && [...this.buffers.values()].every((buffer) => !buffer.restarting);
  }

  toUs(elementS: number): number {
    return Math.round(this.baseUs + elementS * US_PER_S);
  }

  toElementS(wallUs: number): number {
    return (wallUs - this.baseUs) / US_PER_S;
  }

  /**
   * A channel begins; its initialisation segments and media follow. Media time 0 is `epochUs`. Sound that is expected
   * may take a moment to be transcoded: no track can be added later, so pictures wait for it a little.
   */
  open(epochUs: number, expectsAudio: boolean): void {
    this.epochUs = epochUs;
    this.expectsAudio = expectsAudio;
    this.started = false;
    this.inits.clear();
    this.held = [];
  }

  init(track: Track, mime: string, data: Uint8Array<ArrayBuffer>): void {
    if (!this.started) this.inits.set(track, { mime, data });
    else if (this.buffers.has(track)) this.whenOpen(() => this.buffers.get(track)?.init(data, mime));
    else this.listener.lateTrack(track);
  }

  media(track: Track, data: Uint8Array<ArrayBuffer>, key: boolean): void {
    if (this.started) {
      this.whenOpen(() => this.buffers.get(track)?.media(data, key));
      return;
    }
    if (this.held.length === 0) this.heldMs = performance.now();
    this.held.push({ track, data, key });
    this.startWhenReady();
  }

  /** Begins with what has come, once all expected tracks are known or have been waited for long enough. */
  startWhenReady(): void {
    if (this.started || this.held.length === 0) return;
    const waits = this.expectsAudio && !this.inits.has('audio') && performance.now() - this.heldMs < WAIT_FOR_AUDIO_MS;
    if (waits || !this.inits.has('video')) return;
    this.start();
    const held = this.held;
    this.held = [];
    for (const { track, data, key } of held) this.media(track, data, key);
  }

  /** Seconds of a track buffered beyond a time; 0 where the time itself is not buffered. */
  aheadS(track: Track, fromS: number): number {
    const ranges = this.buffers.get(track)?.ranges;
    for (let at = 0; ranges && at < ranges.length; at += 1) {
      if (ranges.start(at) <= fromS + 0.1 && ranges.end(at) > fromS) return ranges.end(at) - fromS;
    }
    return 0;
  }

  has(track: Track): boolean {
    return this.buffers.has(track);
  }

  trim(beforeS: number): void {
    if (this.source?.readyState === 'open') for (const buffer of this.buffers.values()) buffer.trim(beforeS);
  }

  /** Lets go of everything; the element shows nothing. */
  close(): void {
    this.drop();
    this.video.removeAttribute('src');
    this.video.load();
  }

  /** The first media of a channel: now it is known which tracks there are. */
  private start(): void {
    this.started = true;
    const offsetUs = this.epochUs - this.baseUs;
    if (!this.fits() || offsetUs < 0) {
      this.rebuild();
      return;
    }
    for (const [track, init] of this.inits) {
      const buffer = this.buffers.get(track);
      this.whenOpen(() => {
        buffer?.restart(offsetUs / US_PER_S);
        buffer?.init(init.data, init.mime);
      });
    }
  }

  private fits(): boolean {
    const usable = this.source !== null && this.source.readyState !== 'ended' && this.video.error === null;
    return (
      usable &&
      this.inits.size === this.buffers.size &&
      [...this.inits.keys()].every((track) => this.buffers.has(track))
    );
  }

  private rebuild(): void {
    this.drop();
    const Source = mediaSourceClass();
    if (!Source) {
      this.listener.failed('This browser has no Media Source Extensions');
      return;
    }
    const source = new Source();
    this.source = source;
    this.baseUs = this.epochUs - ROOM_US;
    const inits = [...this.inits];
    const url = URL.createObjectURL(source);
    source.addEventListener('sourceopen', () => this.opened(source, url, inits), { once: true });
    this.video.disableRemotePlayback = true; // a managed source needs it
    this.video.src = url;
  }

  private opened(source: MediaSource, url: string, inits: readonly [Track, Init][]): void {
    URL.revokeObjectURL(url);
    if (this.source !== source) return;
    try {
      for (const [track, init] of inits) this.addBuffer(source, track, init);
    } catch (error) {
      this.listener.failed(error);
      return;
    }
    for (const [track, init] of inits) {
      this.buffers.get(track)?.restart(ROOM_US / US_PER_S);
      this.buffers.get(track)?.init(init.data, init.mime);
    }
    const waiting = this.untilOpen;
    this.untilOpen = [];
    for (const job of waiting) job();
  }

  private addBuffer(source: MediaSource, track: Track, init: Init): void {
    const buffer = new TrackBuffer(source.addSourceBuffer(init.mime), init.mime, {
      changed: () => this.listener.changed(),
      full: () => this.listener.disposableS(),
      failed: (reason) => this.listener.failed(reason),
    });
    this.buffers.set(track, buffer);
  }

  private whenOpen(job: () => void): void {
    if (!this.source) return;
    if (this.source.readyState === 'open' && this.buffers.size > 0) job();
    else if (this.source.readyState === 'closed' && this.untilOpen.length < 2000) this.untilOpen.push(job);
  }

  private drop(): void {
    this.droppedBefore = this.dropped;
    for (const buffer of this.buffers.values()) buffer.detach();
    this.buffers.clear();
    this.untilOpen = [];
    this.source = null;
  }
}
