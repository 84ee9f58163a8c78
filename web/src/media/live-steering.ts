/** Keeps a live stream at the edge: starts at the newest pictures, catches up, and gets going again after trouble. */

import { LiveEdge } from './live-edge';
import type { Player, Steering } from './player';

const KEEP_BEHIND_S = 10;
/** After a jump the decoder has to catch up: what it stalls then says nothing about the network. */
const SETTLING_MS = 1_500;
/** The pictures since the last key frame come within this time. */
const BURST_MS = 400;
const STUCK_MS = 2_000;
const STARVED_MS = 1_500;
const TRIM_EVERY_MS = 3_000;

export class LiveSteering implements Steering {
  private readonly player: Player;
  private readonly edge = new LiveEdge();
  private isOpen = false;
  private hasCaughtUp = false;
  private started = false;
  private lastS = 0;
  private movedMs = 0;
  private trimmedMs = 0;
  private jumpedMs = 0;

  constructor(player: Player) {
    this.player = player;
  }

  opened(): void {
    this.isOpen = true;
    this.hasCaughtUp = false;
    this.started = false;
  }

  stalled(nowMs: number): void {
    if (this.started && nowMs - this.jumpedMs > SETTLING_MS) this.edge.stalled(nowMs);
  }

  disposableS(): number {
    return this.player.video.currentTime - 1;
  }

  tick(nowMs: number): void {
    const { video, sink } = this.player;
    if (!this.isOpen || !sink.settled) return;
    const newest = video.buffered.length - 1;
    if (newest < 0) return;
    const startS = video.buffered.start(newest);
    const endS = video.buffered.end(newest);
    if (!this.started || video.currentTime < startS - 0.05 || video.currentTime > endS + 1) {
      this.jump(Math.max(startS, endS - this.edge.targetS), nowMs);
    } else {
      this.keepUp(nowMs, endS);
    }
    if (nowMs - this.trimmedMs > TRIM_EVERY_MS) {
      this.trimmedMs = nowMs;
      sink.trim(video.currentTime - KEEP_BEHIND_S);
    }
  }

  private jump(toS: number, nowMs: number): void {
    this.started = true;
    this.movedMs = nowMs;
    this.jumpedMs = nowMs;
    this.player.video.currentTime = toS;
    void this.player.start();
  }

  private keepUp(nowMs: number, endS: number): void {
    const { video } = this.player;
    if (video.currentTime !== this.lastS) {
      this.lastS = video.currentTime;
      this.movedMs = nowMs;
    }
    if (video.seeking || video.paused) return;
    if (this.isFirstCatchUp(nowMs, endS)) {
      this.hasCaughtUp = true;
      this.jump(endS - this.edge.targetS, nowMs);
      return;
    }
    const { rate, seekToS } = this.edge.decide(nowMs, video.currentTime, endS);
    if (seekToS !== null) this.jump(seekToS, nowMs);
    else if (video.playbackRate !== rate) video.playbackRate = rate;
    if (nowMs - this.movedMs > STUCK_MS && endS - video.currentTime > 0.3) this.jump(endS - this.edge.targetS, nowMs);
    else if (nowMs - this.movedMs > STARVED_MS) this.leaveSilentTrack(endS, nowMs);
  }

  /** A channel begins with what came since the last key frame: when all of that is here, one jump skips it. */
  private isFirstCatchUp(nowMs: number, endS: number): boolean {
    const began = nowMs - this.jumpedMs > BURST_MS;
    return !this.hasCaughtUp && began && endS - this.player.video.currentTime > this.edge.targetS + 0.25;
  }

  /** The camera's sound has ended but its pictures go on: both must be there for the element to move. */
  private leaveSilentTrack(endS: number, nowMs: number): void {
    if (!this.player.sink.has('audio') || this.player.sink.aheadS('video', endS) < 1) return;
    this.movedMs = nowMs;
    this.player.setAudible(false);
  }
}
