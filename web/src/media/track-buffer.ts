/**
 * One SourceBuffer and what is to be done with it, in order: a SourceBuffer refuses any request while it works on one.
 * The queue is bounded; when it overflows, media is left out up to the next key frame.
 */

const MAX_QUEUED_BYTES = 24 * 1024 * 1024;

type Job =
  | { readonly do: 'media'; readonly data: Uint8Array<ArrayBuffer>; readonly key: boolean }
  | { readonly do: 'init'; readonly data: Uint8Array<ArrayBuffer>; readonly mime: string }
  | { readonly do: 'remove'; readonly startS: number; readonly endS: number }
  | { readonly do: 'offset'; readonly offsetS: number };

export interface TrackBufferListener {
  /** The buffered range has changed. */
  changed(): void;
  /** The browser's buffer is full: say what may go (the time before which nothing is needed). */
  full(): number;
  /** The buffer cannot be used any more. */
  failed(reason: unknown): void;
}

export class TrackBuffer {
  /** Media messages left out because the browser did not keep up. */
  dropped = 0;
  private readonly buffer: SourceBuffer;
  private readonly listener: TrackBufferListener;
  private mime: string;
  private jobs: Job[] = [];
  private queuedBytes = 0;
  private waitsForKey = false;
  private busy = false;
  private retried = false;

  constructor(buffer: SourceBuffer, mime: string, listener: TrackBufferListener) {
    this.buffer = buffer;
    this.mime = mime;
    this.listener = listener;
    buffer.mode = 'segments';
    buffer.addEventListener('updateend', this.onUpdateEnd);
    buffer.addEventListener('error', this.onError);
  }

  /** What was there before the last restart is not gone yet. */
  get restarting(): boolean {
    return this.jobs.some((job) => job.do === 'offset');
  }

  get ranges(): TimeRanges {
    return this.buffer.buffered;
  }

  /** An initialisation segment; the format may differ from the last one's. */
  init(data: Uint8Array<ArrayBuffer>, mime: string): void {
    this.jobs.push({ do: 'init', data, mime });
    this.work();
  }

  media(data: Uint8Array<ArrayBuffer>, key: boolean): void {
    if (this.queuedBytes > MAX_QUEUED_BYTES) this.waitsForKey = true;
    else if (key) this.waitsForKey = false;
    if (this.waitsForKey) {
      this.dropped += 1;
      return;
    }
    this.queuedBytes += data.length;
    this.jobs.push({ do: 'media', data, key });
    this.work();
  }

  /** Forgets everything; what is appended from now on is moved by `offsetS` seconds. */
  restart(offsetS: number): void {
    this.jobs = [
      { do: 'remove', startS: 0, endS: Number.POSITIVE_INFINITY },
      { do: 'offset', offsetS },
    ];
    this.queuedBytes = 0;
    this.waitsForKey = false;
    this.work();
  }

  /** Gives back what lies before that time. */
  trim(beforeS: number): void {
    const ranges = this.buffer.buffered;
    if (ranges.length === 0 || ranges.start(0) >= beforeS) return;
    this.jobs.push({ do: 'remove', startS: 0, endS: beforeS });
    this.work();
  }

  detach(): void {
    this.jobs = [];
    this.buffer.removeEventListener('updateend', this.onUpdateEnd);
    this.buffer.removeEventListener('error', this.onError);
  }

  private readonly onUpdateEnd = (): void => {
    this.busy = false;
    this.listener.changed();
    this.work();
  };

  private readonly onError = (): void => this.listener.failed('The browser refused the media');

  private work(): void {
    while (!this.busy && !this.buffer.updating) {
      const job = this.jobs[0];
      if (!job) return;
      try {
        this.perform(job);
      } catch (error) {
        if (!(error instanceof DOMException && error.name === 'QuotaExceededError' && this.makeRoom())) {
          this.jobs = [];
          this.listener.failed(error);
          return;
        }
      }
    }
  }

  private perform(job: Job): void {
    switch (job.do) {
      case 'offset':
        this.buffer.abort(); // an unfinished segment would forbid a new offset
        this.buffer.timestampOffset = job.offsetS;
        this.jobs.shift();
        return;
      case 'remove':
        if (this.buffer.buffered.length > 0) {
          this.buffer.remove(job.startS, job.endS);
          this.busy = true;
        }
        this.jobs.shift();
        return;
      case 'init':
        if (job.mime !== this.mime) this.buffer.changeType(job.mime);
        this.mime = job.mime;
        this.append(job.data, 1);
        return;
      case 'media':
        this.appendMedia();
    }
  }

  /** All media at the head of the queue in one request: a request for every frame would cost more than decoding. */
  private appendMedia(): void {
    const end = this.jobs.findIndex((job) => job.do !== 'media');
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (const job of end < 0 ? this.jobs : this.jobs.slice(0, end)) if (job.do === 'media') parts.push(job.data);
    const data = parts.length === 1 && parts[0] ? parts[0] : join(parts);
    this.append(data, parts.length);
    this.queuedBytes -= data.length;
  }

  private append(data: Uint8Array<ArrayBuffer>, jobs: number): void {
    this.buffer.appendBuffer(data);
    this.busy = true;
    this.retried = false;
    this.jobs.splice(0, jobs);
  }

  /** The browser's memory for this track is full: give back what was played, then try once more. */
  private makeRoom(): boolean {
    const ranges = this.buffer.buffered;
    const beforeS = this.listener.full();
    if (this.retried || ranges.length === 0 || ranges.start(0) >= beforeS) return false;
    this.retried = true;
    this.buffer.remove(0, beforeS);
    this.busy = true;
    return true;
  }
}

function join(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
