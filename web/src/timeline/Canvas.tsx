import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { TimelineController } from './controller';
import { type Colours, coloursOf, draw, type Scene } from './draw';
import { listenForGestures } from './gestures';
import { describe } from './model';
import { clockText } from './zone';

interface CanvasProps {
  timeline: TimelineController;
  playheadUs: number | null;
  onPlay: (timeUs: number) => void;
}

const BIG_STEPS = 10;
const STEPS_PER_VIEW = 120;

/** The drawn timeline: a slider over the day for the keyboard and for screen readers, gestures for the pointer. */
export function TimelineCanvas({ timeline, playheadUs, onPlay }: CanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  useGestures(frame, timeline, onPlay);
  useDrawing(canvas, frame, {
    view: timeline.view.value,
    recorded: timeline.recorded.value,
    zone: timeline.zone,
    nowUs: timeline.nowUs.value,
    playheadUs,
    cursorUs: timeline.cursorUs.value,
    range: timeline.range.value,
  });
  const { startUs, endUs } = timeline.bounds.value;
  const atUs = timeline.cursorUs.value ?? playheadUs ?? startUs;
  const words = `${clockText(timeline.zone.clock(atUs))}, ${describe(timeline.recorded.value, atUs, timeline.nowUs.value)}`;
  return (
    <div
      ref={frame}
      class="timeline-canvas"
      role="slider"
      tabIndex={0}
      aria-label="Time of day"
      aria-valuemin={0}
      aria-valuemax={Math.round((endUs - startUs) / 1e6)}
      aria-valuenow={Math.round((Math.min(Math.max(atUs, startUs), endUs) - startUs) / 1e6)}
      aria-valuetext={words}
      aria-keyshortcuts="ArrowLeft ArrowRight PageUp PageDown Home End Enter Plus Minus"
      onKeyDown={(event) => onKey(event, timeline, atUs, onPlay)}
      onBlur={(event) => {
        // The pointer stays for the buttons beside, which mark where it is.
        if (!event.currentTarget.closest('.timeline')?.contains(event.relatedTarget as Node | null))
          timeline.cursorUs.value = null;
      }}
    >
      <canvas ref={canvas} />
    </div>
  );
}

function onKey(
  event: KeyboardEvent,
  timeline: TimelineController,
  atUs: number,
  onPlay: (timeUs: number) => void,
): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { startUs, endUs } = timeline.view.value;
  const step = ((endUs - startUs) / STEPS_PER_VIEW) * (event.shiftKey ? BIG_STEPS : 1);
  const moves: Record<string, () => void> = {
    ArrowLeft: () => timeline.moveCursor(atUs - step),
    ArrowRight: () => timeline.moveCursor(atUs + step),
    PageUp: () => timeline.moveCursor(atUs - 3_600_000_000),
    PageDown: () => timeline.moveCursor(atUs + 3_600_000_000),
    Home: () => timeline.moveCursor(timeline.bounds.value.startUs),
    End: () => timeline.moveCursor(Math.min(timeline.bounds.value.endUs, timeline.nowUs.value)),
    Enter: () => onPlay(atUs),
    '+': () => timeline.zoomBy(0.5, atUs),
    '=': () => timeline.zoomBy(0.5, atUs),
    '-': () => timeline.zoomBy(2, atUs),
  };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  event.stopPropagation();
  move();
}

function useGestures(
  frame: { current: HTMLElement | null },
  timeline: TimelineController,
  onPlay: (timeUs: number) => void,
): void {
  const play = useRef(onPlay);
  play.current = onPlay;
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    return listenForGestures(element, {
      view: () => ({ view: timeline.view.peek(), width: element.clientWidth }),
      click: (timeUs) => play.current(timeUs),
      pan: (byUs) => timeline.panBy(byUs),
      zoom: (factor, anchorUs) => timeline.zoomBy(factor, anchorUs),
      canZoom: (factor) => timeline.canZoom(factor),
      mark: (fromUs, toUs) => timeline.mark(fromUs, toUs),
      hover: (timeUs) => {
        timeline.hoverUs.value = timeUs;
      },
    });
  }, [frame, timeline]);
}

function useDrawing(
  canvas: { current: HTMLCanvasElement | null },
  frame: { current: HTMLElement | null },
  scene: Omit<Scene, 'colours'>,
): void {
  const colours = useRef<Colours | null>(null);
  const redraw = useRef<() => void>(() => undefined);
  redraw.current = () => {
    const context = canvas.current?.getContext('2d');
    if (!context || !frame.current) return;
    colours.current ??= coloursOf(frame.current);
    const { width, height, ratio } = resized(context.canvas, frame.current);
    draw(context, width, height, ratio, { ...scene, colours: colours.current });
  };
  useLayoutEffect(() => redraw.current());
  useEffect(() => {
    const again = () => redraw.current();
    const recolour = () => {
      colours.current = null;
      again();
    };
    const sizes = new ResizeObserver(again);
    if (frame.current) sizes.observe(frame.current);
    const themes = new MutationObserver(recolour);
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', recolour);
    return () => {
      sizes.disconnect();
      themes.disconnect();
      scheme.removeEventListener('change', recolour);
    };
  }, [frame]);
}

/** As many device pixels as the screen has under the frame. */
function resized(canvas: HTMLCanvasElement, frame: HTMLElement): { width: number; height: number; ratio: number } {
  const ratio = Math.max(1, devicePixelRatio);
  const { clientWidth: width, clientHeight: height } = frame;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  return { width, height, ratio };
}
