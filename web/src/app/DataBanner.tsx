import { useEffect } from 'preact/hooks';
import { Notice } from '../ui/Notice';
import { dataProblem, lookAtData } from './dataProblem';

/** With these there is no data partition at all, and memory stands in for it. */
const NOTHING_KEPT = ['data-no-disk', 'data-disk-too-small', 'data-not-made', 'data-unreadable'];

const EVERY_MS = 60_000;

/** What is wrong with the data partition and what to do, on every page; nothing where it is well. */
export function DataBanner() {
  useEffect(() => {
    const timer = setInterval(() => void lookAtData().catch(() => undefined), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const problem = dataProblem.value;
  if (!problem) return null;
  return (
    <div class="banner">
      <Notice tone="bad" alert>
        <p>
          <strong>{problem.title}</strong>
        </p>
        <p>{problem.remedy}</p>
        {NOTHING_KEPT.includes(problem.code) && (
          <p class="small">Until then everything works, but settings and recordings are lost when it restarts.</p>
        )}
      </Notice>
    </div>
  );
}
