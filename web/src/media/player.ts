/** One camera in one video element: live, or its recordings from a time on, over the page's media socket. */

import { type Signal, signal } from '@preact/signals';
import { decodableCodecs } from './codecs';
import { watchFrames } from './frames';
import { LiveSteering } from './live-steering';
import { MediaSink } from './media-sink';
import { PlaybackSteering } from './playback-steering';
import { type ChannelRequest, type Chunk, formatTime, type Problem, type ServerMessage, type Track } from './protocol';
import type { Channel, MediaSocket } from './socket';
import { StreamMeter, type StreamStats } from './stream-meter';

/** `opening` until the first picture; `waiting` for the camera; `lost` contact to the recorder. */
export type PlayerStatus = 'idle' | 'opening' | 'playing' | 'paused' | 'waiting' | 'lost' | 'ended' | 'failed';
export type PlayerMode = 'live' | 'playback';

export interface PictureFormat {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
}

export interface GapNotice {
  readonly fromUs: number;
  readonly toUs: number;
  readonly cause: string;
}

/** What steers the element for one mode. */
export interface Steering {
  /** A channel was opened: its media begins at that wall time. */
  opened(epochUs: number): void;
  /** Called some times a second, and when media has come. */
  tick(nowMs: number): void;
  /** The element ran out of media. */
  stalled(nowMs: number): void;
  /** Media before this element time is not needed any more. */
  disposableS(): number;
}

const TICK_MS = 100;
/** The recorder's clock was set back: media times begin anew. */
const CLOCK_SET_BACK = 'clock-set-back';
const RETRY_MS = 5_000;
const LATE_EVERY_MS = 10_000;
const REBUILD_MS = 1_000;
const MAX_REBUILDS = 5;
const REBUILDS_FORGOTTEN_MS = 30_000;

const NO_MEDIA_SOURCE: Problem = {
  code: 'no-media-source',
  title: 'This browser cannot play the recorder’s streams',
  remedy: 'Use a browser with Media Source Extensions: a current Chrome, Edge, Firefox or Safari.',
};
const UNPLAYABLE: Problem = {
  code: 'unplayable',
  title: 'The browser gave up decoding this stream',
  remedy: 'Choose H.264 in the camera’s settings, or try another browser.',
};

export class Player {
  readonly status: Signal<PlayerStatus> = signal('idle');
  readonly mode: Signal<PlayerMode> = signal('live');
  /** Why there is no picture, with its remedy. */
  readonly problem: Signal<Problem | null> = signal(null);
  /** Said when the picture is not the camera's own. */
  readonly note: Signal<string | null> = signal(null);
  readonly format: Signal<PictureFormat | null> = signal(null);
  /** The gap that playback has just jumped over. */
  readonly gap: Signal<GapNotice | null> = signal(null);
  /** The wall time of the picture that is on the screen, in microseconds since 1970; null before the first one. */
  readonly shownUs: Signal<number | null> = signal(null);
  readonly stats: Signal<StreamStats | null> = signal(null);
  readonly audible: Signal<boolean> = signal(false);
  readonly speed: Signal<number> = signal(1);

  /** The viewer wants the picture to stand still. */
  wantsPause = false;
  readonly sink: MediaSink;
  readonly camera: string;
  readonly video: HTMLVideoElement;
  private readonly socket: MediaSocket;
  private readonly unwatchFrames: () => void;
  private readonly meter = new StreamMeter();
  private channel: Channel | null = null;
  private steering: Steering | null = null;
  private mimes: Partial<Record<Track, string>> = {};
  private ticking: ReturnType<typeof setInterval> | undefined;
  private rebuilding: ReturnType<typeof setTimeout> | undefined;
  private retrying: ReturnType<typeof setTimeout> | undefined;
  private lateMs = Number.NEGATIVE_INFINITY;
  private rebuilds = 0;
  private rebuiltMs = 0;
  private readonly suspensions = new Set<string>();
  private fromUs = 0;
  private stopped = false;

  constructor(socket: MediaSocket, camera: string, video: HTMLVideoElement) {
    this.socket = socket;
    this.camera = camera;
    this.video = video;
    this.sink = new MediaSink(video, {
      changed: () => this.steering?.tick(performance.now()),
      disposableS: () => this.steering?.disposableS() ?? 0,
      lateTrack: (track) => this.onLateTrack(track),
      failed: () => this.rebuild(),
    });
    video.muted = true;
    video.playsInline = true;
    video.addEventListener('waiting', this.onWaiting);
    video.addEventListener('playing', this.onPlaying);
    video.addEventListener('error', this.onVideoError);
    this.unwatchFrames = watchFrames(video, (mediaS) => this.onFrame(mediaS));
  }

  /** Shows the camera live. */
  live(): void {
    this.mode.value = 'live';
    this.wantsPause = false;
    this.setSpeed(1);
    this.begin();
  }

  /** Plays recordings from that wall time on; a paused player stays paused and shows the picture of that time. */
  play(fromUs: number, paused = this.wantsPause): void {
    this.wantsPause = paused;
    if (paused) this.video.pause();
    this.fromUs = fromUs;
    this.gap.value = null;
    if (this.channel && this.mode.value === 'playback' && this.showBuffered(fromUs)) {
      this.status.value = paused ? 'paused' : 'playing';
      if (!paused) void this.start();
      return;
    }
    this.mode.value = 'playback';
    this.begin();
  }

  /** Shows the picture so many frames on (or back), paused. */
  step(frames: number, frameUs: number): void {
    const shownUs = this.shownUs.value;
    this.pause();
    if (shownUs === null) return;
    // A little into the frame: times are rounded on the way.
    const toUs = shownUs + frames * frameUs + frameUs / 10;
    if (!this.showBuffered(toUs)) this.play(toUs, true);
  }

  /** A live picture stands still where it is; from there its recording goes on. */
  pause(): void {
    this.wantsPause = true;
    this.video.pause();
    if (this.mode.value === 'live') this.closeChannel();
    if (this.status.value === 'playing') this.status.value = 'paused';
  }

  resume(): void {
    this.wantsPause = false;
    if (this.mode.value === 'live') this.play(this.shownUs.value ?? Date.now() * 1000, false);
    else if (this.status.value !== 'ended') {
      this.status.value = 'playing';
      void this.start();
    }
  }

  setSpeed(speed: number): void {
    this.speed.value = speed;
    this.video.playbackRate = speed;
  }

  /** Sound on or off; live sound is only fetched while it is on, because it costs latency. */
  setAudible(audible: boolean): void {
    this.audible.value = audible;
    this.video.muted = !audible;
    if (this.channel && audible !== this.sink.has('audio')) this.reopen();
  }

  /** Stops fetching for a reason (hidden, off-screen); goes on when every reason is gone. */
  suspend(reason: string): void {
    this.suspensions.add(reason);
    if (this.mode.value === 'live') this.closeChannel();
    else if (!this.video.paused) this.video.pause();
  }

  wake(reason: string): void {
    if (!this.suspensions.delete(reason) || this.suspensions.size > 0 || this.status.value === 'idle') return;
    if (this.wantsPause) return;
    if (this.channel === null) this.begin();
    else void this.start();
  }

  stop(): void {
    this.stopped = true;
    this.unwatchFrames();
    this.closeChannel();
    clearTimeout(this.rebuilding);
    this.video.removeEventListener('waiting', this.onWaiting);
    this.video.removeEventListener('playing', this.onPlaying);
    this.video.removeEventListener('error', this.onVideoError);
    this.sink.close();
    this.status.value = 'idle';
  }

  /** For steering: lets the element run; browsers allow it without a gesture while it is muted. */
  async start(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NotAllowedError') || this.video.muted) return;
      this.setAudible(false);
      void this.start();
    }
  }

  /** For steering: lets the server send further fragments. */
  grant(credit: number): void {
    this.channel?.grant(credit);
  }

  /** For steering: the recordings have been played to their end. */
  reachedEnd(): void {
    this.video.pause();
    this.status.value = 'ended';
  }

  /** Opens the channel anew where the picture is now: another set of tracks, say. */
  reopen(): void {
    if (this.mode.value === 'playback') this.fromUs = this.shownUs.value ?? this.fromUs;
    this.begin();
  }

  /** Moves to a time that is buffered already; false where it is not. */
  private showBuffered(toUs: number): boolean {
    const toS = this.sink.toElementS(toUs);
    if (!this.sink.settled || !isBuffered(this.video.buffered, toS)) return false;
    this.video.currentTime = toS;
    return true;
  }

  private begin(): void {
    this.closeChannel();
    this.problem.value = null;
    this.gap.value = null;
    this.status.value = 'opening';
    if (this.stopped || this.suspensions.size > 0) return;
    if (decodableCodecs().length === 0) {
      this.fail(NO_MEDIA_SOURCE);
      return;
    }
    this.steering =
      this.mode.value === 'live' ? new LiveSteering(this) : new PlaybackSteering(this, this.fromUs, () => this.live());
    this.channel = this.socket.open(() => this.request(), {
      message: (message) => this.onMessage(message),
      chunk: (chunk) => this.onChunk(chunk),
      lost: () => this.onLost(),
    });
    this.ticking = setInterval(() => this.onTick(), TICK_MS);
  }

  private request(): ChannelRequest {
    const common = { camera: this.camera, codecs: decodableCodecs(), audio: this.audible.value };
    if (this.mode.value === 'live') return { op: 'live', ...common };
    const steering = this.steering as PlaybackSteering;
    return { op: 'play', ...common, from: formatTime(steering.resumeUs()), credit: steering.firstCredit() };
  }

  private closeChannel(): void {
    this.channel?.close();
    this.channel = null;
    clearInterval(this.ticking);
    clearTimeout(this.retrying);
  }

  private onMessage(message: ServerMessage): void {
    switch (message.op) {
      case 'opened':
        this.sink.open(message.epochUs, this.audible.value);
        this.steering?.opened(message.epochUs);
        break;
      case 'init':
        this.onInit(message);
        break;
      case 'gap':
        if (this.steering instanceof PlaybackSteering) this.steering.addGap(message);
        break;
      case 'state':
        this.onState(message.status, message.problem);
        break;
      case 'dropped':
        this.meter.dropped(message.chunks);
        break;
      case 'end':
        if (this.steering instanceof PlaybackSteering) this.steering.ended();
        break;
      case 'error':
        this.onRefused(message.problem);
    }
  }

  /** A live stream is asked for again by itself; for a recording the viewer decides. */
  private onRefused(problem: Problem): void {
    this.channel = null;
    this.fail(problem);
    if (problem.code === CLOCK_SET_BACK) this.reopen();
    else if (this.mode.value === 'live') this.retrying = setTimeout(() => this.begin(), RETRY_MS);
  }

  private onInit(message: ServerMessage & { op: 'init' }): void {
    this.mimes[message.track] = message.mime;
    if (message.track !== 'video') return;
    this.note.value = message.note;
    this.format.value = { codec: message.codec, width: message.width, height: message.height };
  }

  private onState(status: string, problem: Problem | null): void {
    this.problem.value = problem;
    if (status !== 'streaming') this.status.value = 'waiting';
    else if (this.status.value === 'waiting') this.status.value = 'opening';
  }

  private onChunk(chunk: Chunk): void {
    const mime = this.mimes[chunk.track];
    if (mime === undefined) return;
    if (chunk.kind === 'init') {
      this.sink.init(chunk.track, mime, chunk.data);
      return;
    }
    this.meter.received(chunk.data.length);
    this.sink.media(chunk.track, chunk.data, chunk.key || chunk.track === 'audio');
    if (chunk.track === 'video' && this.steering instanceof PlaybackSteering) this.steering.received();
  }

  private onLost(): void {
    this.status.value = 'lost';
  }

  private onLateTrack(track: Track): void {
    // Live goes on with the new set of tracks; in a recording, sound that begins later is heard from the next seek on.
    const nowMs = performance.now();
    if (track !== 'audio' || this.mode.value !== 'live' || nowMs - this.lateMs < LATE_EVERY_MS) return;
    this.lateMs = nowMs;
    queueMicrotask(() => this.reopen());
  }

  private onTick(): void {
    const nowMs = performance.now();
    this.sink.startWhenReady();
    this.steering?.tick(nowMs);
    const measured = this.meter.measure(nowMs, this.sink.dropped);
    if (measured) this.stats.value = { ...measured, bufferS: this.sink.aheadS('video', this.video.currentTime) };
  }

  private readonly onWaiting = (): void => {
    if (!this.video.seeking) this.steering?.stalled(performance.now());
  };

  private readonly onPlaying = (): void => {
    if (this.status.value !== 'waiting') this.status.value = 'playing';
  };

  private readonly onVideoError = (): void => {
    if (this.video.error && this.channel) this.rebuild();
  };

  /** The browser refused media: begin anew, but not for ever. */
  private rebuild(): void {
    if (this.rebuilding !== undefined || this.stopped) return;
    const nowMs = performance.now();
    this.rebuilds = nowMs - this.rebuiltMs > REBUILDS_FORGOTTEN_MS ? 1 : this.rebuilds + 1;
    this.rebuiltMs = nowMs;
    this.closeChannel();
    this.sink.close();
    if (this.rebuilds > MAX_REBUILDS) {
      this.fail(UNPLAYABLE);
      return;
    }
    this.rebuilding = setTimeout(() => {
      this.rebuilding = undefined;
      this.reopen();
    }, REBUILD_MS);
  }

  private fail(problem: Problem): void {
    this.closeChannel();
    this.problem.value = problem;
    this.status.value = 'failed';
  }

  private onFrame(mediaS: number): void {
    const shownUs = this.sink.toUs(mediaS);
    this.meter.shown(Date.now() - shownUs / 1000);
    this.shownUs.value = shownUs;
    if (this.status.value === 'opening' || this.status.value === 'lost') {
      this.status.value = this.wantsPause ? 'paused' : 'playing';
    }
  }
}

function isBuffered(ranges: TimeRanges, timeS: number): boolean {
  for (let at = 0; at < ranges.length; at += 1) if (ranges.start(at) <= timeS && timeS < ranges.end(at)) return true;
  return false;
}
