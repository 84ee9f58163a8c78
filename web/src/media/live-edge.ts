/**
 * How close to the newest picture a live stream is shown. Close is good, but a picture that comes late must not stop
 * the stream: every stall widens the distance a little, and quiet time narrows it again. Pure; times in seconds.
 */

const CLOSEST_S = 0.1;
const WIDEST_S = 0.8;
const FIRST_S = 0.15;
const WIDEN = 1.4;
const NARROW = 0.85;
const QUIET_MS = 8_000;
/** Behind by more than this beyond the target, pictures are skipped. */
const JUMP_BEYOND_S = 1;
/** Two jumps are this far apart: each one makes the decoder start over from a key frame. */
const JUMP_EVERY_MS = 3_000;
/** Behind by more than this beyond the target, time runs a little faster. */
const SLACK_S = 0.06;
const MILD_RATE = 1.05;
const FAST_RATE = 1.1;

export interface EdgeDecision {
  readonly rate: number;
  readonly seekToS: number | null;
}

export class LiveEdge {
  /** The wanted distance to the end of the buffer, in seconds. */
  targetS = FIRST_S;
  private quietSinceMs = 0;
  private jumpedMs = Number.NEGATIVE_INFINITY;

  /** Playback ran dry. */
  stalled(nowMs: number): void {
    this.targetS = Math.min(WIDEST_S, this.targetS * WIDEN);
    this.quietSinceMs = nowMs;
  }

  decide(nowMs: number, currentS: number, bufferedEndS: number): EdgeDecision {
    this.narrow(nowMs);
    const excessS = bufferedEndS - currentS - this.targetS;
    if (excessS > JUMP_BEYOND_S && nowMs - this.jumpedMs > JUMP_EVERY_MS) {
      this.jumpedMs = nowMs;
      return { rate: 1, seekToS: bufferedEndS - this.targetS };
    }
    if (excessS <= SLACK_S) return { rate: 1, seekToS: null };
    return { rate: excessS > 3 * SLACK_S ? FAST_RATE : MILD_RATE, seekToS: null };
  }

  private narrow(nowMs: number): void {
    if (nowMs - this.quietSinceMs < QUIET_MS) return;
    this.quietSinceMs = nowMs;
    this.targetS = Math.max(CLOSEST_S, this.targetS * NARROW);
  }
}
