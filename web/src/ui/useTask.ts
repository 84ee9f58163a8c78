import { useRef, useState } from 'preact/hooks';
import type { Problem } from '../api/model';
import { toProblem } from '../api/problem';

export interface Task {
  busy: boolean;
  problem: Problem | undefined;
  /** Run one piece of work; a second one is refused while the first goes on. Gives whether it succeeded. */
  run: (work: () => Promise<void>) => Promise<boolean>;
  clear: () => void;
}

/** Something a person started: whether it goes on, and why it failed. */
export function useTask(): Task {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const running = useRef(false);
  const run = async (work: () => Promise<void>) => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
      return true;
    } catch (error) {
      setProblem(toProblem(error));
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { busy, problem, run, clear: () => setProblem(undefined) };
}

/** The problem, if it is about this input. */
export function about(problem: Problem | undefined, ...fields: string[]): Problem | undefined {
  return problem?.field && fields.includes(problem.field) ? problem : undefined;
}

/** The problem, unless one of these inputs shows it. */
export function elsewhere(problem: Problem | undefined, fields: readonly string[]): Problem | undefined {
  return problem && !(problem.field && fields.includes(problem.field)) ? problem : undefined;
}
