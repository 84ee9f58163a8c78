/** Mouse, touch and wheel on a timeline, as wishes: click, pan, zoom, mark a range, look. */

import { timeAt, type View } from './scale';

export interface Wishes {
  /** The view and the width it lies on, when the gesture happens. */
  view(): { readonly view: View; readonly width: number };
  click(timeUs: number): void;
  pan(byUs: number): void;
  zoom(factor: number, anchorUs: number): void;
  mark(fromUs: number, toUs: number): void;
  /** The pointer rests over a time; null when it is gone. */
  hover(timeUs: number | null): void;
  /** Whether zooming would change anything: where the whole day is shown, the wheel scrolls the page. */
  canZoom(factor: number): boolean;
}

const CLICK_PX = 5;
const WHEEL_STEP = 0.0016;

interface Pointer {
  readonly startX: number;
  x: number;
}

export function listenForGestures(element: HTMLElement, wishes: Wishes): () => void {
  const gestures = new Gestures(element, wishes);
  const handlers: Record<string, (event: never) => void> = {
    pointerdown: gestures.down,
    pointermove: gestures.move,
    pointerup: gestures.up,
    pointercancel: gestures.cancel,
    pointerleave: gestures.leave,
    wheel: gestures.wheel,
  };
  for (const [name, handler] of Object.entries(handlers)) {
    element.addEventListener(name, handler as EventListener, { passive: false });
  }
  return () => {
    for (const [name, handler] of Object.entries(handlers)) element.removeEventListener(name, handler as EventListener);
  };
}

class Gestures {
  private readonly element: HTMLElement;
  private readonly wishes: Wishes;
  private readonly pointers = new Map<number, Pointer>();
  private moved = false;
  private markFromUs: number | null = null;

  constructor(element: HTMLElement, wishes: Wishes) {
    this.element = element;
    this.wishes = wishes;
  }

  readonly down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.element.setPointerCapture(event.pointerId);
    const x = this.xOf(event);
    this.moved = this.pointers.size > 0;
    this.pointers.set(event.pointerId, { startX: x, x });
    this.markFromUs = event.shiftKey ? this.timeAt(x) : null;
  };

  readonly move = (event: PointerEvent): void => {
    const pointer = this.pointers.get(event.pointerId);
    const x = this.xOf(event);
    if (!pointer) {
      this.wishes.hover(this.timeAt(x));
      return;
    }
    const before = pointer.x;
    if (Math.abs(x - pointer.startX) > CLICK_PX) this.moved = true;
    if (!this.moved) return;
    this.wishes.hover(null);
    if (this.pointers.size === 2) this.pinch(event.pointerId, before, x);
    else if (this.markFromUs !== null) this.markTo(this.timeAt(x), this.markFromUs);
    else this.wishes.pan(this.timeAt(before) - this.timeAt(x));
    pointer.x = x;
  };

  readonly up = (event: PointerEvent): void => {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    if (pointer && !this.moved && this.markFromUs === null) this.wishes.click(this.timeAt(pointer.x));
    if (this.pointers.size === 0) this.markFromUs = null;
  };

  readonly cancel = (event: PointerEvent): void => {
    this.pointers.delete(event.pointerId);
    this.markFromUs = null;
  };

  readonly leave = (): void => {
    if (this.pointers.size === 0) this.wishes.hover(null);
  };

  readonly wheel = (event: WheelEvent): void => {
    const { view, width } = this.wishes.view();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.wishes.pan((event.deltaX / width) * (view.endUs - view.startUs));
      return;
    }
    const factor = Math.exp(event.deltaY * WHEEL_STEP * (event.deltaMode === 1 ? 16 : 1));
    if (factor > 1 && !this.wishes.canZoom(factor)) return;
    event.preventDefault();
    this.wishes.zoom(factor, this.timeAt(this.xOf(event)));
    this.wishes.hover(this.timeAt(this.xOf(event)));
  };

  private pinch(id: number, before: number, now: number): void {
    const other = [...this.pointers].find(([key]) => key !== id)?.[1];
    if (!other) return;
    const spread = Math.max(10, Math.abs(now - other.x));
    this.wishes.zoom(Math.max(10, Math.abs(before - other.x)) / spread, this.timeAt((now + other.x) / 2));
  }

  private markTo(timeUs: number, fromUs: number): void {
    this.wishes.mark(Math.min(fromUs, timeUs), Math.max(fromUs, timeUs));
  }

  private xOf(event: MouseEvent): number {
    return event.clientX - this.element.getBoundingClientRect().left;
  }

  private timeAt(x: number): number {
    const { view, width } = this.wishes.view();
    return timeAt(view, width, x);
  }
}
