/** Plays recordings: finds the wanted time, grants credit by what is buffered, and jumps over gaps. */

import { Credit } from './credit';
import type { GapNotice, Player, Steering } from './player';

const KEEP_BEHIND_S = 60;
const TRIM_EVERY_MS = 5_000;
/** Closer than this to the end of a range, it has been played. */
const PLAYED_S = 0.08;
/** The element stands still on the last picture of a range, which may be this long. */
const LAST_PICTURE_S = 1;
/** Holes shorter than this are jumped without a word. */
const NOTICED_GAP_S = 0.5;
const CAUGHT_UP_MS = 700;
const STARVED_MS = 1_500;
/** When recordings end this close to now, the viewer has caught up with the present. */
const PRESENT_US = 20_000_000;

export class PlaybackSteering implements Steering {
  private readonly player: Player;
  private readonly continueLive: () => void;
  private readonly credit = new Credit();
  private readonly gaps: GapNotice[] = [];
  private wantedUs: number;
  private isOpen = false;
  private placed = false;
  private isEnded = false;
  private fragments = 0;
  private trimmedMs = 0;
  private lastS = 0;
  private movedMs = 0;

  constructor(player: Player, fromUs: number, continueLive: () => void) {
    this.player = player;
    this.wantedUs = fromUs;
    this.continueLive = continueLive;
  }

  /** Where a reopened channel has to begin. */
  resumeUs(): number {
    return this.placed ? (this.player.shownUs.value ?? this.wantedUs) : this.wantedUs;
  }

  firstCredit(): number {
    this.credit.reset();
    return this.credit.outstanding;
  }

  opened(epochUs: number): void {
    this.wantedUs = Math.max(this.resumeUs(), epochUs);
    this.isOpen = true;
    this.placed = false;
    this.isEnded = false;
    this.fragments = 0;
    this.gaps.length = 0;
  }

  addGap(gap: GapNotice): void {
    this.gaps.push(gap);
  }

  ended(): void {
    this.isEnded = true;
  }

  /** A fragment's video has come. */
  received(): void {
    this.fragments += 1;
    this.credit.received();
  }

  stalled(): void {
    this.jumpGap();
  }

  disposableS(): number {
    return this.player.video.currentTime - 5;
  }

  tick(nowMs: number): void {
    if (!this.isOpen) return;
    if (!this.player.sink.settled) {
      if (this.isEnded && this.fragments === 0) this.finish();
      return;
    }
    if (!this.placed) this.place();
    this.grant();
    if (!this.placed) return;
    if (this.isPlayedOut()) this.jumpGap();
    this.watch(nowMs);
    if (nowMs - this.trimmedMs > TRIM_EVERY_MS) {
      this.trimmedMs = nowMs;
      this.player.sink.trim(this.player.video.currentTime - KEEP_BEHIND_S);
    }
  }

  private place(): void {
    const { video, sink } = this.player;
    const ranges = video.buffered;
    const wantedS = sink.toElementS(this.wantedUs);
    for (let at = 0; at < ranges.length; at += 1) {
      if (ranges.end(at) <= wantedS) continue;
      this.placed = true;
      video.currentTime = Math.max(wantedS, ranges.start(at) + 0.001);
      video.playbackRate = this.player.speed.value;
      if (!this.player.wantsPause) void this.player.start();
      return;
    }
    if (this.isEnded) this.finish();
  }

  private grant(): void {
    const { video, sink, speed } = this.player;
    const fromS = this.placed ? video.currentTime : sink.toElementS(this.wantedUs);
    const more = this.credit.grant(bufferedAheadS(video.buffered, fromS), speed.value);
    if (more > 0) this.player.grant(more);
  }

  private isPlayedOut(): boolean {
    const { video } = this.player;
    if (video.seeking) return false;
    const endS = rangeEndS(video.buffered, video.currentTime);
    if (endS === null) return true;
    const restS = endS - video.currentTime;
    return restS < PLAYED_S || (restS < LAST_PICTURE_S && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA);
  }

  /** Goes to the next range, saying why there was none before; at the end of all ranges, to the end. */
  private jumpGap(): void {
    const { video, sink } = this.player;
    if (!this.placed || !this.isPlayedOut()) return;
    const nextS = nextStartS(video.buffered, video.currentTime);
    if (nextS === null) {
      if (this.isEnded || this.hasCaughtUp()) this.finish();
      return;
    }
    if (nextS - video.currentTime > NOTICED_GAP_S) {
      const middleUs = sink.toUs((nextS + video.currentTime) / 2);
      this.player.gap.value = this.gaps.find((gap) => gap.fromUs <= middleUs && middleUs < gap.toUs) ?? null;
    }
    video.currentTime = nextS + 0.001;
  }

  /** Everything recorded up to now has been played, and what comes next is not recorded yet. */
  private hasCaughtUp(): boolean {
    const waited = performance.now() - this.movedMs > CAUGHT_UP_MS;
    return waited && this.isPresent(this.player.sink.toUs(this.player.video.currentTime));
  }

  private isPresent(timeUs: number): boolean {
    return Date.now() * 1000 - timeUs < PRESENT_US;
  }

  private finish(): void {
    const { video, sink } = this.player;
    const lastUs = this.placed ? sink.toUs(video.currentTime) : this.wantedUs;
    if (this.isPresent(lastUs) && !this.player.wantsPause) this.continueLive();
    else this.player.reachedEnd();
  }

  /** The recorded sound has ended but pictures go on: both must be there for the element to move. */
  private watch(nowMs: number): void {
    const { video, sink } = this.player;
    if (video.currentTime !== this.lastS || video.paused) {
      this.lastS = video.currentTime;
      this.movedMs = nowMs;
    }
    const silent = sink.has('audio') && sink.aheadS('video', video.currentTime) > 2;
    if (silent && nowMs - this.movedMs > STARVED_MS && sink.aheadS('audio', video.currentTime) < 0.1) {
      this.movedMs = nowMs;
      this.player.setAudible(false);
    }
  }
}

/** Seconds of media from a time on, without the holes. */
export function bufferedAheadS(ranges: TimeRanges, fromS: number): number {
  let sum = 0;
  for (let at = 0; at < ranges.length; at += 1) sum += Math.max(0, ranges.end(at) - Math.max(fromS, ranges.start(at)));
  return sum;
}

function rangeEndS(ranges: TimeRanges, timeS: number): number | null {
  for (let at = 0; at < ranges.length; at += 1) {
    if (ranges.start(at) <= timeS + 0.05 && ranges.end(at) >= timeS) return ranges.end(at);
  }
  return null;
}

function nextStartS(ranges: TimeRanges, afterS: number): number | null {
  for (let at = 0; at < ranges.length; at += 1) if (ranges.start(at) > afterS) return ranges.start(at);
  return null;
}
