/** Counts what arrives and what is shown, and says once a second how fast. Pure. */

export interface StreamStats {
  readonly fps: number;
  readonly kbps: number;
  /** Left out on the way (by the server or by this page) since the player was made. */
  readonly droppedChunks: number;
  /** This computer's clock minus the wall time of the picture shown, median of the second; null without pictures. */
  readonly latencyMs: number | null;
  /** Media ready to be played, in seconds. */
  readonly bufferS: number;
}

const EVERY_MS = 1_000;

export class StreamMeter {
  private sinceMs: number | null = null;
  private bytes = 0;
  private latenciesMs: number[] = [];
  private serverDropped = 0;

  received(bytes: number): void {
    this.bytes += bytes;
  }

  shown(latencyMs: number): void {
    this.latenciesMs.push(latencyMs);
  }

  dropped(chunks: number): void {
    this.serverDropped += chunks;
  }

  /** The last second's figures; null until a second is over. */
  measure(nowMs: number, pageDropped: number): Omit<StreamStats, 'bufferS'> | null {
    this.sinceMs ??= nowMs;
    const elapsedMs = nowMs - this.sinceMs;
    if (elapsedMs < EVERY_MS) return null;
    const sorted = this.latenciesMs.sort((a, b) => a - b);
    const stats = {
      fps: (sorted.length * 1000) / elapsedMs,
      kbps: (this.bytes * 8) / elapsedMs,
      droppedChunks: this.serverDropped + pageDropped,
      latencyMs: sorted[Math.floor(sorted.length / 2)] ?? null,
    };
    this.sinceMs = nowMs;
    this.bytes = 0;
    this.latenciesMs = [];
    return stats;
  }
}
