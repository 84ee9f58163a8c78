/** Draws a timeline on a canvas; the colours are those of the page's theme. */

import type { Recorded, Span } from './model';
import { type View, xOf } from './scale';
import { ticks } from './ticks';
import type { Zone } from './zone';

export const AXIS_PX = 22;
const STRIP_PX = 9;
const LEAST_PX = 1.5;
const HATCH_PX = 7;

export interface Colours {
  readonly text: string;
  readonly line: string;
  readonly ground: string;
  readonly future: string;
  readonly gap: string;
  readonly continuous: string;
  readonly manual: string;
  readonly event: string;
  readonly playhead: string;
  readonly now: string;
  readonly range: string;
}

const NAMES: Record<keyof Colours, string> = {
  text: '--muted',
  line: '--line',
  ground: '--sunken',
  future: '--panel',
  gap: '--gap',
  continuous: '--kind-continuous',
  manual: '--kind-manual',
  event: '--kind-event',
  playhead: '--text',
  now: '--bad',
  range: '--accent',
};

/** The theme's colours as the canvas understands them: a custom property itself may still hold light-dark(). */
export function coloursOf(probe: HTMLElement): Colours {
  // A transition, however short, would still show the colour before. Only `important` is stronger than reduced motion's.
  probe.style.setProperty('transition', 'none', 'important');
  const found = Object.entries(NAMES).map(([name, property]) => {
    probe.style.color = `var(${property})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.style.removeProperty('color');
  probe.style.removeProperty('transition');
  return Object.fromEntries(found) as Colours;
}

export interface Scene {
  readonly view: View;
  readonly recorded: Recorded;
  readonly zone: Zone;
  readonly colours: Colours;
  readonly nowUs: number;
  readonly playheadUs: number | null;
  readonly cursorUs: number | null;
  readonly range: { readonly fromUs: number; readonly toUs: number } | null;
}

/** Draws the scene; sizes in CSS pixels, the canvas has `ratio` times as many. */
export function draw(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  ratio: number,
  scene: Scene,
): void {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const { colours, view } = scene;
  const place = (timeUs: number) => xOf(view, width, timeUs);
  drawGround(context, width, height, scene, place(scene.nowUs));
  for (const gap of scene.recorded.gaps)
    hatch(context, place(gap.startUs), place(gap.endUs), width, height, colours.gap);
  drawSpans(context, height, scene, place);
  drawAxis(context, width, height, scene);
  if (scene.range) drawRange(context, place(scene.range.fromUs), place(scene.range.toUs), height, colours.range);
  drawLine(context, place(scene.nowUs), height, colours.now, 1);
  if (scene.cursorUs !== null) drawLine(context, place(scene.cursorUs), height, colours.text, 1);
  if (scene.playheadUs !== null) drawPlayhead(context, place(scene.playheadUs), height, colours.playhead);
}

function drawGround(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  scene: Scene,
  nowX: number,
): void {
  context.fillStyle = scene.colours.ground;
  context.fillRect(0, AXIS_PX, width, height - AXIS_PX);
  if (nowX >= width) return;
  context.fillStyle = scene.colours.future;
  context.fillRect(Math.max(0, nowX), AXIS_PX, width, height - AXIS_PX);
}

function drawSpans(
  context: CanvasRenderingContext2D,
  height: number,
  scene: Scene,
  place: (timeUs: number) => number,
): void {
  const { colours, view } = scene;
  const shown = scene.recorded.spans.filter((span) => span.endUs > view.startUs && span.startUs < view.endUs);
  for (const span of shown) {
    const x = place(span.startUs);
    const extent = Math.max(LEAST_PX, place(span.endUs) - x);
    context.fillStyle = colours.continuous;
    context.fillRect(x, AXIS_PX, extent, height - AXIS_PX);
    const reason = strongest(span);
    if (reason === 'continuous') continue;
    context.fillStyle = colours[reason];
    context.fillRect(x, height - STRIP_PX, Math.max(2, extent), STRIP_PX);
  }
}

/** The reason worth seeing: a person's wish before an event before the rest. */
function strongest(span: Span): 'manual' | 'event' | 'continuous' {
  if (span.kinds.includes('manual')) return 'manual';
  return span.kinds.some((kind) => kind !== 'continuous' && kind !== 'failover') ? 'event' : 'continuous';
}

function hatch(
  context: CanvasRenderingContext2D,
  from: number,
  to: number,
  width: number,
  height: number,
  colour: string,
): void {
  const left = Math.max(0, from);
  const right = Math.min(width, Math.max(to, from + LEAST_PX));
  if (right <= left) return;
  context.save();
  context.beginPath();
  context.rect(left, AXIS_PX, right - left, height - AXIS_PX);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  for (let x = Math.floor((left - height) / HATCH_PX) * HATCH_PX; x < right; x += HATCH_PX) {
    context.moveTo(x, height);
    context.lineTo(x + height - AXIS_PX, AXIS_PX);
  }
  context.stroke();
  context.restore();
}

function drawAxis(context: CanvasRenderingContext2D, width: number, height: number, scene: Scene): void {
  const { view, colours, zone } = scene;
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  for (const tick of ticks(view, width, zone)) {
    const x = Math.round(xOf(view, width, tick.timeUs)) + 0.5;
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, tick.label === null ? AXIS_PX - 4 : AXIS_PX - 7);
    context.lineTo(x, tick.label === null ? AXIS_PX : height);
    context.stroke();
    if (tick.label === null) continue;
    context.fillStyle = colours.text;
    const half = context.measureText(tick.label).width / 2;
    context.fillText(tick.label, Math.min(Math.max(x, half), width - half), 7);
  }
}

function drawRange(context: CanvasRenderingContext2D, from: number, to: number, height: number, colour: string): void {
  context.fillStyle = colour;
  context.globalAlpha = 0.3;
  context.fillRect(from, AXIS_PX, Math.max(1, to - from), height - AXIS_PX);
  context.globalAlpha = 1;
  for (const x of [from, to]) context.fillRect(Math.round(x) - 1, AXIS_PX, 2, height - AXIS_PX);
}

function drawLine(context: CanvasRenderingContext2D, x: number, height: number, colour: string, width: number): void {
  context.fillStyle = colour;
  context.fillRect(Math.round(x), AXIS_PX - 6, width, height - AXIS_PX + 6);
}

function drawPlayhead(context: CanvasRenderingContext2D, at: number, height: number, colour: string): void {
  const x = Math.round(at);
  context.fillStyle = colour;
  context.fillRect(x - 1, AXIS_PX - 4, 2, height);
  context.beginPath();
  context.moveTo(x - 6, AXIS_PX - 10);
  context.lineTo(x + 6, AXIS_PX - 10);
  context.lineTo(x, AXIS_PX - 1);
  context.closePath();
  context.fill();
}
