/** Where a timeline has marks, and what stands beside them. Pure. */

import type { View } from './scale';
import { clockText, type Zone } from './zone';

export interface Tick {
  readonly timeUs: number;
  /** Null for a mark without words. */
  readonly label: string | null;
}

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const HOUR_US = 60 * MINUTE_US;
const LABEL_PX = 62;
const MARK_PX = 7;
const STEPS_US = [1, 5, 10, 15, 30]
  .map((n) => n * SECOND_US)
  .concat(
    [1, 5, 10, 15, 30].map((n) => n * MINUTE_US),
    [1, 2, 3, 6, 12].map((n) => n * HOUR_US),
  );

/** Marks of the view, at round times of the zone's clock; on a day of 25 hours one hour comes twice. */
export function ticks(view: View, width: number, zone: Zone): readonly Tick[] {
  const labelStep = stepFor(view, width, LABEL_PX);
  const markStep = Math.min(labelStep, stepFor(view, width, MARK_PX));
  // Clock changes and offsets are whole quarters of an hour: walking in at most that, every round time is met.
  const walk = Math.min(markStep, 15 * MINUTE_US);
  const found: Tick[] = [];
  for (let timeUs = Math.ceil(view.startUs / walk) * walk; timeUs <= view.endUs; timeUs += walk) {
    const sinceMidnight = sinceMidnightUs(timeUs, zone);
    if (sinceMidnight % markStep !== 0) continue;
    found.push({ timeUs, label: sinceMidnight % labelStep === 0 ? label(timeUs, labelStep, zone) : null });
  }
  return found;
}

function stepFor(view: View, width: number, leastPx: number): number {
  const leastUs = ((view.endUs - view.startUs) / Math.max(1, width)) * leastPx;
  return STEPS_US.find((step) => step >= leastUs) ?? 12 * HOUR_US;
}

function sinceMidnightUs(timeUs: number, zone: Zone): number {
  const { hour, minute, second } = zone.clock(timeUs);
  return hour * HOUR_US + minute * MINUTE_US + second * SECOND_US;
}

function label(timeUs: number, stepUs: number, zone: Zone): string {
  const text = clockText(zone.clock(timeUs));
  return stepUs < MINUTE_US ? text : text.slice(0, 5);
}
