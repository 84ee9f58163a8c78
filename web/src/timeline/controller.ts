/** The state of one camera's timeline: its day, its view, what is recorded, where the reader points, what is marked. */

import { computed, signal } from '@preact/signals';
import { api } from '../api/client';
import { formatTime } from '../media/protocol';
import { fromAnswer, NOTHING, type Recorded } from './model';
import { pan, reveal, SHORTEST_US, type View, zoom } from './scale';
import { addDays, type DayBounds, Zone } from './zone';

export interface Range {
  readonly fromUs: number;
  readonly toUs: number;
}

/** A view that the reader has moved stays as it is for this long. */
const FOLLOW_AFTER_US = 8_000_000;

export class TimelineController {
  readonly camera: string;
  readonly zone = Zone.local();
  readonly date;
  readonly bounds;
  readonly view;
  readonly recorded = signal<Recorded>(NOTHING);
  readonly days = signal<readonly string[]>([]);
  readonly nowUs = signal(Date.now() * 1000);
  /** The reader's own pointer, moved with the arrow keys. */
  readonly cursorUs = signal<number | null>(null);
  readonly hoverUs = signal<number | null>(null);
  readonly range = signal<Range | null>(null);
  readonly failed = signal(false);
  private loading: AbortController | null = null;
  private handledUs = 0;

  constructor(camera: string, atUs: number) {
    this.camera = camera;
    const date = this.zone.dateOf(atUs);
    this.date = signal(date);
    this.bounds = computed<DayBounds>(() => this.zone.day(this.date.value));
    this.view = signal<View>(this.zone.day(date));
  }

  get today(): string {
    return this.zone.dateOf(this.nowUs.value);
  }

  /** Shows another day, as far zoomed out as it goes. */
  showDay(date: string): void {
    if (date === this.date.value) return;
    this.date.value = date;
    this.view.value = this.bounds.value;
    this.recorded.value = NOTHING;
    this.cursorUs.value = null;
    void this.load();
  }

  stepDay(days: number): void {
    this.showDay(addDays(this.date.value, days));
  }

  zoomBy(factor: number, anchorUs?: number): void {
    this.handle();
    const { startUs, endUs } = this.view.value;
    this.view.value = zoom(
      this.view.value,
      factor,
      anchorUs ?? this.cursorUs.value ?? (startUs + endUs) / 2,
      this.bounds.value,
    );
  }

  canZoom(factor: number): boolean {
    const span = this.view.value.endUs - this.view.value.startUs;
    return factor < 1 ? span > SHORTEST_US : span < this.bounds.value.endUs - this.bounds.value.startUs;
  }

  panBy(byUs: number): void {
    this.handle();
    this.view.value = pan(this.view.value, byUs, this.bounds.value);
  }

  /** Moves the pointer of the keyboard; it stays inside the day and in sight. */
  moveCursor(toUs: number): void {
    this.handle();
    const { startUs, endUs } = this.bounds.value;
    this.cursorUs.value = Math.min(Math.max(toUs, startUs), endUs - 1);
    this.view.value = reveal(this.view.value, this.cursorUs.value, this.bounds.value);
  }

  /** The picture shown is of that time: keeps it in sight, unless the reader is looking at another one. */
  follow(playheadUs: number): void {
    if (this.hoverUs.value !== null || Date.now() * 1000 - this.handledUs < FOLLOW_AFTER_US) return;
    const date = this.zone.dateOf(playheadUs);
    if (date !== this.date.value) this.showDay(date);
    const view = this.view.value;
    if (playheadUs >= view.endUs || playheadUs < view.startUs)
      this.view.value = reveal(view, playheadUs, this.bounds.value);
  }

  mark(fromUs: number, toUs: number): void {
    const { startUs, endUs } = this.bounds.value;
    const last = Math.min(endUs, this.nowUs.value);
    const range = { fromUs: Math.max(startUs, fromUs), toUs: Math.min(last, toUs) };
    this.range.value = range.toUs > range.fromUs ? range : null;
  }

  markFrom(timeUs: number): void {
    const toUs = this.range.value?.toUs ?? 0;
    this.mark(timeUs, toUs > timeUs ? toUs : timeUs + 60_000_000);
  }

  markTo(timeUs: number): void {
    const fromUs = this.range.value?.fromUs ?? Number.POSITIVE_INFINITY;
    this.mark(fromUs < timeUs ? fromUs : timeUs - 60_000_000, timeUs);
  }

  tickNow(): void {
    this.nowUs.value = Date.now() * 1000;
  }

  /** Asks what is recorded on the day; a newer question outdates an older one. */
  async load(): Promise<void> {
    this.loading?.abort();
    const asking = new AbortController();
    this.loading = asking;
    const { startUs, endUs } = this.bounds.value;
    const query = { start: formatTime(startUs), end: formatTime(endUs) };
    try {
      const answer = await api.get('/api/v1/cameras/{id}/timeline', {
        path: { id: this.camera },
        query,
        signal: asking.signal,
      });
      this.recorded.value = fromAnswer(answer);
      this.failed.value = false;
    } catch {
      if (!asking.signal.aborted) this.failed.value = true;
    }
  }

  async loadDays(): Promise<void> {
    const options = { path: { id: this.camera }, query: { zone: this.zone.name } };
    const answer = await api.get('/api/v1/cameras/{id}/days', options).catch(() => null);
    if (answer) this.days.value = answer.days;
  }

  stop(): void {
    this.loading?.abort();
  }

  private handle(): void {
    this.handledUs = Date.now() * 1000;
  }
}
