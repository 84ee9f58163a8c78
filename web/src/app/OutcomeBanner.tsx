import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { appliance } from '../api/appliance';
import { connection, onEvent } from '../api/events';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Notice';
import { type Outcome, outcomeOf, rememberedWanted, rememberWanted } from './restart/outcome';

const outcome = signal<Outcome | undefined>(undefined);
const TRIAL_EVERY_MS = 10_000;

/** After a restart for an update: whether the new version runs, or the one of before came back, and why. */
export function OutcomeBanner() {
  useOutcome();
  const said = outcome.value;
  if (!said || said.kind === 'waiting') return null;
  return <div class="banner">{said.kind === 'runs' ? <Runs said={said} /> : <FellBack said={said} />}</div>;
}

function Runs({ said }: { said: Extract<Outcome, { kind: 'runs' }> }) {
  return (
    <Notice tone="ok">
      <p role="status">
        <strong>Gatehouse {said.version} runs.</strong>{' '}
        {said.proven
          ? 'The update is complete; settings and recordings are as they were.'
          : 'It is on trial until every unit has been well for a while; if not, the version of before comes back by itself.'}
      </p>
      {said.proven && <Dismiss />}
    </Notice>
  );
}

function FellBack({ said }: { said: Extract<Outcome, { kind: 'fell-back' }> }) {
  return (
    <Notice tone="bad" alert>
      <p>
        <strong>The update did not hold: Gatehouse {said.version} runs again.</strong> {said.wanted} was started and did
        not become well, so the appliance went back by itself. Nothing was lost.
      </p>
      {said.why && <p>{said.why}</p>}
      <p>
        Make a <a href="#/system/support">support bundle</a> and report it; try a newer version when there is one.
      </p>
      <Dismiss />
    </Notice>
  );
}

function Dismiss() {
  return (
    <div class="notice-actions">
      <Button small onClick={forget}>
        Understood
      </Button>
    </div>
  );
}

function forget(): void {
  rememberWanted(undefined);
  outcome.value = undefined;
}

function useOutcome(): void {
  const reachable = connection.value === 'open';
  useEffect(() => {
    if (!reachable) return;
    void look();
    const timer = setInterval(() => void look(), TRIAL_EVERY_MS);
    const stop = onEvent((type) => {
      if (type.startsWith('updates/')) void look();
    });
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [reachable]);
}

async function look(): Promise<void> {
  const wanted = rememberedWanted();
  const settled = outcome.value?.kind === 'fell-back' || (outcome.value?.kind === 'runs' && outcome.value.proven);
  if (!wanted || settled) return;
  try {
    outcome.value = outcomeOf(wanted, await appliance.updates());
  } catch {
    // asked again soon
  }
}
