import { useCallback, useEffect, useState } from 'preact/hooks';
import { connection } from '../api/events';
import type { Problem } from '../api/model';
import { toProblem } from '../api/problem';

export interface Loaded<T> {
  value: T | undefined;
  problem: Problem | undefined;
  reload: () => void;
}

/** What a request gives: asked for when shown, on reload, when `key` changes, and when the recorder is back. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, key = ''): Loaded<T> {
  const [value, setValue] = useState<T>();
  const [problem, setProblem] = useState<Problem>();
  const [turn, setTurn] = useState(0);
  const reachable = connection.value !== 'lost';
  // biome-ignore lint/correctness/useExhaustiveDependencies: `load` is new at every drawing; key, turn and reachable say when to ask
  useEffect(() => {
    const asking = new AbortController();
    load(asking.signal)
      .then((answer) => {
        setValue(answer);
        setProblem(undefined);
      })
      .catch((error) => {
        if (!asking.signal.aborted) setProblem(toProblem(error));
      });
    return () => asking.abort();
  }, [key, turn, reachable]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return { value, problem, reload };
}
