/** The stretch of time a timeline shows, and how it lies on the screen. Pure; microseconds and CSS pixels. */

import type { DayBounds } from './zone';

export const SHORTEST_US = 60_000_000;

export interface View {
  readonly startUs: number;
  readonly endUs: number;
}

export function xOf(view: View, width: number, timeUs: number): number {
  return ((timeUs - view.startUs) / (view.endUs - view.startUs)) * width;
}

export function timeAt(view: View, width: number, x: number): number {
  return Math.round(view.startUs + (x / width) * (view.endUs - view.startUs));
}

/** Shows `factor` times as much (below 1: zooms in); the time under the pointer stays where it is. */
export function zoom(view: View, factor: number, anchorUs: number, bounds: DayBounds): View {
  const span = view.endUs - view.startUs;
  const longest = bounds.endUs - bounds.startUs;
  const wanted = Math.min(longest, Math.max(Math.min(SHORTEST_US, longest), span * factor));
  const left = ((anchorUs - view.startUs) / span) * wanted;
  return within({ startUs: Math.round(anchorUs - left), endUs: Math.round(anchorUs - left + wanted) }, bounds);
}

export function pan(view: View, byUs: number, bounds: DayBounds): View {
  return within({ startUs: view.startUs + byUs, endUs: view.endUs + byUs }, bounds);
}

/** The view that shows a time: unchanged where it does, otherwise turned like a page. */
export function reveal(view: View, timeUs: number, bounds: DayBounds): View {
  if (timeUs >= view.startUs && timeUs < view.endUs) return view;
  const span = view.endUs - view.startUs;
  return within({ startUs: Math.round(timeUs - span / 10), endUs: Math.round(timeUs + (span * 9) / 10) }, bounds);
}

function within(view: View, bounds: DayBounds): View {
  const span = Math.min(view.endUs - view.startUs, bounds.endUs - bounds.startUs);
  const startUs = Math.min(Math.max(view.startUs, bounds.startUs), bounds.endUs - span);
  return { startUs, endUs: startUs + span };
}
