import { useEffect, useState } from 'preact/hooks';
import { mediaUrl, snapshotUrl } from '../api/client';
import { formatTime } from '../media/protocol';
import { Button } from '../ui/Button';
import { duration } from '../ui/format';
import { TimelineCanvas } from './Canvas';
import type { TimelineController } from './controller';
import { describe, listed, spanAt } from './model';
import { xOf } from './scale';
import { clockText } from './zone';
import './timeline.css';

const NOW_EVERY_MS = 1_000;
const LOAD_EVERY_MS = 5_000;
const THUMB_AFTER_MS = 160;
const THUMB_WIDTH = 160;
const MOST_LISTED = 300;

interface TimelineProps {
  timeline: TimelineController;
  playheadUs: number | null;
  onPlay: (timeUs: number) => void;
}

/** One day of one camera: choose a day, look, play, mark a range and download it. */
export function Timeline({ timeline, playheadUs, onPlay }: TimelineProps) {
  useRefresh(timeline);
  return (
    <section class="timeline" aria-label="Recordings of the day">
      <div class="timeline-bar">
        <DayPicker timeline={timeline} />
        <RangeControls timeline={timeline} playheadUs={playheadUs} />
        <ZoomButtons timeline={timeline} playheadUs={playheadUs} />
      </div>
      <div class="timeline-frame">
        <TimelineCanvas timeline={timeline} playheadUs={playheadUs} onPlay={onPlay} />
        <HoverCard timeline={timeline} />
      </div>
      <Legend timeline={timeline} />
      <PartList timeline={timeline} onPlay={onPlay} />
    </section>
  );
}

function useRefresh(timeline: TimelineController): void {
  useEffect(() => {
    void timeline.load();
    void timeline.loadDays();
    const now = setInterval(() => timeline.tickNow(), NOW_EVERY_MS);
    const load = setInterval(() => {
      if (!document.hidden && timeline.date.peek() === timeline.today) void timeline.load();
    }, LOAD_EVERY_MS);
    return () => {
      clearInterval(now);
      clearInterval(load);
      timeline.stop();
    };
  }, [timeline]);
}

function DayPicker({ timeline }: { timeline: TimelineController }) {
  const date = timeline.date.value;
  const days = timeline.days.value;
  const before = days.filter((day) => day < date).at(-1);
  const after = days.find((day) => day > date) ?? (date < timeline.today ? timeline.today : undefined);
  const choices = [...new Set([...days, date, timeline.today])].sort().reverse();
  return (
    <div class="timeline-days">
      <Button
        kind="quiet"
        small
        icon="left"
        aria-label="Previous day with recordings"
        disabled={!before}
        onClick={() => before && timeline.showDay(before)}
      />
      <select
        aria-label="Day"
        value={date}
        onFocus={() => void timeline.loadDays()}
        onChange={(event) => timeline.showDay(event.currentTarget.value)}
      >
        {choices.map((day) => (
          <option key={day} value={day}>
            {dayText(day, timeline.today)}
          </option>
        ))}
      </select>
      <Button
        kind="quiet"
        small
        icon="right"
        aria-label="Next day with recordings"
        disabled={!after}
        onClick={() => after && timeline.showDay(after)}
      />
    </div>
  );
}

function dayText(date: string, today: string): string {
  const words = new Date(`${date}T12:00:00Z`).toLocaleDateString(undefined, {
    timeZone: 'UTC',
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  });
  return date === today ? `Today, ${words}` : words;
}

/** Zooms around the picture that is shown, where that lies in view. */
function ZoomButtons({ timeline, playheadUs }: { timeline: TimelineController; playheadUs: number | null }) {
  const { startUs, endUs } = timeline.view.value;
  const anchorUs = playheadUs !== null && startUs <= playheadUs && playheadUs <= endUs ? playheadUs : undefined;
  return (
    <div class="timeline-zoom">
      <Button
        kind="quiet"
        small
        aria-label="Show a shorter time"
        title="Zoom in (+)"
        disabled={!timeline.canZoom(0.5)}
        onClick={() => timeline.zoomBy(0.5, anchorUs)}
      >
        +
      </Button>
      <Button
        kind="quiet"
        small
        aria-label="Show a longer time"
        title="Zoom out (-)"
        disabled={!timeline.canZoom(2)}
        onClick={() => timeline.zoomBy(2, anchorUs)}
      >
        −
      </Button>
    </div>
  );
}

/** Marks where a download begins and ends: at the keyboard's pointer, or at the picture shown. */
function RangeControls({ timeline, playheadUs }: { timeline: TimelineController; playheadUs: number | null }) {
  const range = timeline.range.value;
  const hereUs = timeline.cursorUs.value ?? playheadUs;
  const mark = (set: (timeUs: number) => void) => () => hereUs !== null && set(hereUs);
  return (
    <div class="timeline-range">
      <Button
        kind="quiet"
        small
        disabled={hereUs === null}
        title="The download begins at the picture shown"
        onClick={mark((at) => timeline.markFrom(at))}
      >
        From
      </Button>
      <Button
        kind="quiet"
        small
        disabled={hereUs === null}
        title="The download ends at the picture shown"
        onClick={mark((at) => timeline.markTo(at))}
      >
        To
      </Button>
      {range && <Download timeline={timeline} range={range} />}
    </div>
  );
}

function Download({ timeline, range }: { timeline: TimelineController; range: { fromUs: number; toUs: number } }) {
  const [start, end] = [formatTime(range.fromUs), formatTime(range.toUs)];
  const clock = (timeUs: number) => clockText(timeline.zone.clock(timeUs));
  return (
    <>
      <span class="timeline-marked">
        {clock(range.fromUs)} – {clock(range.toUs)}{' '}
        <span class="muted">({duration((range.toUs - range.fromUs) / 1e6)})</span>
      </span>
      <a class="button small" href={mediaUrl(timeline.camera, { start, end, download: true })} download>
        Download .mp4
      </a>
      <Button
        kind="quiet"
        small
        icon="close"
        aria-label="Remove the marks"
        onClick={() => {
          timeline.range.value = null;
        }}
      />
    </>
  );
}

/** What is at the time under the pointer, with a picture of it where there is one. */
function HoverCard({ timeline }: { timeline: TimelineController }) {
  const timeUs = timeline.hoverUs.value;
  const still = useRested(timeUs === null || !spanAt(timeline.recorded.value, timeUs) ? null : timeUs);
  if (timeUs === null) return null;
  const left = xOf(timeline.view.value, 100, timeUs);
  return (
    <div class="timeline-hover" aria-hidden="true" style={{ left: `clamp(6rem, ${left}%, calc(100% - 6rem))` }}>
      {still !== null && <Thumb src={snapshotUrl(timeline.camera, { time: formatTime(still), width: THUMB_WIDTH })} />}
      <strong>{clockText(timeline.zone.clock(timeUs))}</strong>
      <span>{describe(timeline.recorded.value, timeUs, timeline.nowUs.value)}</span>
    </div>
  );
}

function Thumb({ src }: { src: string }) {
  const [broken, setBroken] = useState('');
  return broken === src ? null : (
    <img src={src} alt="" width={THUMB_WIDTH} height={90} onError={() => setBroken(src)} />
  );
}

/** A value once it has rested for a moment: a picture is not asked for at every pixel. */
function useRested(value: number | null): number | null {
  const [rested, setRested] = useState<number | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), THUMB_AFTER_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return value === null ? null : rested;
}

function Legend({ timeline }: { timeline: TimelineController }) {
  const { percent, spans, gaps } = timeline.recorded.value;
  return (
    <p class="timeline-legend">
      <span class="swatch continuous" /> continuous
      <span class="swatch manual" /> manual
      <span class="swatch gap" /> gap
      <span class="timeline-percent">
        {timeline.failed.value
          ? 'The recorder did not say what is recorded; asking again'
          : recordedText(percent, spans.length, gaps.length)}
      </span>
    </p>
  );
}

function recordedText(percent: number | null, spans: number, gaps: number): string {
  if (spans === 0 || percent === null) return 'Nothing recorded on this day';
  const missing = gaps === 0 ? 'no gap' : gaps === 1 ? 'one gap' : `${gaps} gaps`;
  return `${percent.toFixed(2)} % recorded, ${missing}`;
}

/** The timeline in words. */
function PartList({ timeline, onPlay }: { timeline: TimelineController; onPlay: (timeUs: number) => void }) {
  const [open, setOpen] = useState(false);
  const parts = open ? listed(timeline.recorded.value, timeline.zone) : [];
  return (
    <details class="timeline-list" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Recordings and gaps as a list</summary>
      <ul>
        {parts.slice(-MOST_LISTED).map((part) => (
          <li key={part.startUs} class={part.recorded ? undefined : 'muted'}>
            {part.recorded ? (
              <button type="button" class="timeline-part" onClick={() => onPlay(part.startUs)}>
                {part.text}
              </button>
            ) : (
              part.text
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}
