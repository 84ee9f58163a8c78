import { useEffect, useRef } from 'preact/hooks';
import { onEvent } from '../api/events';
import { type Loaded, useLoaded } from './useLoaded';

interface LiveOptions<T> {
  /** How often it is asked for while the page is looked at; may depend on what is known. */
  every_ms: number | ((value: T | undefined) => number);
  /** Events of types that begin like this say that it has changed. */
  events?: string;
}

/** As useLoaded, kept up to date: by events where there are some, and by asking again. */
export function useLive<T>(load: (signal: AbortSignal) => Promise<T>, { every_ms, events }: LiveOptions<T>): Loaded<T> {
  const loaded = useLoaded(load);
  const { reload } = loaded;
  const pace_ms = typeof every_ms === 'number' ? every_ms : every_ms(loaded.value);
  const asked = useRef(false);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, pace_ms);
    return () => clearInterval(timer);
  }, [reload, pace_ms]);
  useEffect(() => {
    if (!events) return;
    return onEvent((type) => {
      if (!type.startsWith(events) || asked.current) return;
      asked.current = true; // once for however many come together
      setTimeout(() => {
        asked.current = false;
        reload();
      }, 100);
    });
  }, [events, reload]);
  return loaded;
}
