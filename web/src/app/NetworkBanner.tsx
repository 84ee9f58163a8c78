import { useEffect, useState } from 'preact/hooks';
import { connection } from '../api/events';
import { Button } from '../ui/Button';
import { duration } from '../ui/format';
import { Notice, ProblemNotice } from '../ui/Notice';
import { useTask } from '../ui/useTask';
import { keepNetwork, lookForTrial, trialEnds_ms } from './networkTrial';
import { toast } from './toasts';

/** Asks whoever still reaches the page to keep the new network settings; without an answer they go back. */
export function NetworkBanner() {
  const reachable = connection.value === 'open';
  useEffect(() => {
    if (reachable) void lookForTrial().catch(() => undefined); // asked again at the next connection
  }, [reachable]);
  const ends = trialEnds_ms.value;
  return ends === undefined ? null : <Countdown ends_ms={ends} />;
}

function Countdown({ ends_ms }: { ends_ms: number }) {
  const left_s = useSecondsTo(ends_ms);
  const { busy, problem, run } = useTask();
  useEffect(() => {
    if (left_s > 0) return;
    trialEnds_ms.value = undefined;
    toast('The network settings of before are back', 'bad');
  }, [left_s]);
  const keep = async () => {
    if (await run(keepNetwork)) toast('The network settings are kept');
  };
  return (
    <div class="banner">
      <Notice tone="warn">
        <p role="alert">
          <strong>Keep the new network settings?</strong> You still reach this page, so they seem to be right.
        </p>
        <p role="timer">Without an answer, the settings of before come back in {duration(left_s)}.</p>
        {problem && <ProblemNotice problem={problem} />}
        <div class="notice-actions">
          <Button kind="primary" busy={busy} onClick={() => void keep()}>
            Keep the settings
          </Button>
        </div>
      </Notice>
    </div>
  );
}

function useSecondsTo(end_ms: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, Math.ceil((end_ms - now) / 1000));
}
