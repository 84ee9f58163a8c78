import { useEffect, useRef, useState } from 'preact/hooks';
import { cameras } from '../api/events';
import { EmptyState } from '../ui/EmptyState';
import { listenForDebug } from './debug';
import { type Grid, gridFor } from './grid';
import { Tile } from './Tile';
import './watch.css';

/** Every camera, live. */
export function LivePage() {
  const list = cameras.value;
  useEffect(listenForDebug, []);
  if (list === undefined) return <p class="live-loading working">Looking for the cameras…</p>;
  if (list.length === 0) return <NoCameras />;
  return <Wall />;
}

function NoCameras() {
  return (
    <EmptyState icon="camera" title="No camera yet">
      <p>As soon as there is one, its picture is here and its recording begins.</p>
      <a class="button primary" href="#/cameras">
        Add a camera
      </a>
    </EmptyState>
  );
}

function Wall() {
  const list = cameras.value ?? [];
  const place = useRef<HTMLDivElement>(null);
  const grid = useGrid(place, list.length);
  return (
    <section class="wall" aria-label="Live pictures" ref={place}>
      <h1 class="visually-hidden">Live</h1>
      <div class="wall-grid" style={{ gridTemplateColumns: `repeat(${grid.columns}, ${grid.tileWidth}px)` }}>
        {list.map((camera) => (
          <Tile key={camera.id} camera={camera} />
        ))}
      </div>
    </section>
  );
}

/** The grid that fits the place now, and whenever the place or the number of cameras changes. */
function useGrid(place: { current: HTMLElement | null }, count: number): Grid {
  const [grid, setGrid] = useState<Grid>({ columns: 1, tileWidth: 320 });
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const measure = () => setGrid((before) => same(before, measured(element, count)));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    addEventListener('resize', measure);
    return () => {
      observer.disconnect();
      removeEventListener('resize', measure);
    };
  }, [count, place]);
  return grid;
}

function measured(element: HTMLElement, count: number): Grid {
  const style = getComputedStyle(element);
  const width = element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const top = element.getBoundingClientRect().top + scrollY;
  const padding = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
  const bar = parseFloat(getComputedStyle(element.parentElement ?? element).paddingBottom);
  return gridFor(count, width, innerHeight - top - padding - bar);
}

function same(before: Grid, now: Grid): Grid {
  return before.columns === now.columns && before.tileWidth === now.tileWidth ? before : now;
}
