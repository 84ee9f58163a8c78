/** What a timeline shows: stretches that are recorded and why, and what is missing and why. Pure. */

import type { Timeline as TimelineAnswer } from '../api/model';
import { parseTime } from '../media/protocol';
import { duration } from '../ui/format';
import { clockText, type Zone } from './zone';

export interface Span {
  readonly startUs: number;
  readonly endUs: number;
  readonly kinds: readonly string[];
}

export interface Gap {
  readonly startUs: number;
  readonly endUs: number;
  readonly cause: string;
}

export interface Recorded {
  readonly spans: readonly Span[];
  readonly gaps: readonly Gap[];
  /** Of the time that was to be recorded; null where nothing was. */
  readonly percent: number | null;
}

export const NOTHING: Recorded = { spans: [], gaps: [], percent: null };

export function fromAnswer(answer: TimelineAnswer): Recorded {
  return {
    spans: answer.spans.flatMap(({ start, end, kinds }) => bounded(start, end, (at) => ({ ...at, kinds }))),
    gaps: answer.gaps.flatMap(({ start, end, cause }) => bounded(start, end, (at) => ({ ...at, cause }))),
    percent: answer.recorded_percent,
  };
}

function bounded<T>(start: string, end: string, make: (at: { startUs: number; endUs: number }) => T): T[] {
  const startUs = parseTime(start);
  const endUs = parseTime(end);
  return startUs === null || endUs === null || endUs <= startUs ? [] : [make({ startUs, endUs })];
}

export function spanAt(recorded: Recorded, timeUs: number): Span | undefined {
  return recorded.spans.find((span) => span.startUs <= timeUs && timeUs < span.endUs);
}

export function gapAt(recorded: Recorded, timeUs: number): Gap | undefined {
  return recorded.gaps.find((gap) => gap.startUs <= timeUs && timeUs < gap.endUs);
}

const CAUSES: Record<string, string> = {
  camera: 'no contact with the camera',
  loss: 'packets lost on the way',
  disk: 'the disk could not take it',
  schedule: 'nothing was to be recorded',
  restart: 'the recorder was starting',
  disabled: 'the camera was switched off',
};

export function causeText(cause: string): string {
  return CAUSES[cause] ?? cause;
}

export function kindsText(kinds: readonly string[]): string {
  return kinds.length > 0 ? kinds.join(' and ') : 'recorded';
}

/** What is at a time, in words. */
export function describe(recorded: Recorded, timeUs: number, nowUs: number): string {
  const span = spanAt(recorded, timeUs);
  if (span) return `recorded, ${kindsText(span.kinds)}`;
  const gap = gapAt(recorded, timeUs);
  if (gap) return `not recorded: ${causeText(gap.cause)}`;
  return timeUs > nowUs ? 'in the future' : 'not recorded';
}

export interface ListedPart {
  readonly startUs: number;
  readonly endUs: number;
  readonly text: string;
  readonly recorded: boolean;
}

/** Spans and gaps in the order of time, each in a line of words: the timeline for those who do not see it. */
export function listed(recorded: Recorded, zone: Zone): readonly ListedPart[] {
  const parts = [
    ...recorded.spans.map((span) => ({ ...span, recorded: true, what: `recorded, ${kindsText(span.kinds)}` })),
    ...recorded.gaps.map((gap) => ({ ...gap, recorded: false, what: `not recorded: ${causeText(gap.cause)}` })),
  ].sort((a, b) => a.startUs - b.startUs);
  return parts.map(({ startUs, endUs, what, recorded: isRecorded }) => ({
    startUs,
    endUs,
    recorded: isRecorded,
    text: `${clockText(zone.clock(startUs))} – ${clockText(zone.clock(endUs))} (${duration((endUs - startUs) / 1e6)}): ${what}`,
  }));
}
