import { useState } from 'preact/hooks';
import { appliance, type UpdatesView } from '../../../api/appliance';
import { rememberWanted } from '../../../app/restart/outcome';
import { restartBy } from '../../../app/restart/restart';
import { Button } from '../../../ui/Button';
import { Dialog } from '../../../ui/Dialog';
import { ProblemNotice } from '../../../ui/Notice';
import { useTask } from '../../../ui/useTask';

/** A version is installed and waits for a restart: what that means, and the button. */
export function ReadyCard({ view }: { view: UpdatesView }) {
  const [asking, setAsking] = useState(false);
  const version = view.task.version ?? 'the new version';
  return (
    <section class="ready" aria-labelledby="ready-title">
      <h2 id="ready-title">
        {view.task.version ? `Gatehouse ${view.task.version} is installed` : 'A new version is installed'}
      </h2>
      <p role="status">
        It starts with the next restart; until then {view.running.version} goes on recording. Restart now, or at an hour
        when a minute without recording hurts least.
      </p>
      <div class="button-row">
        <Button kind="primary" icon="power" onClick={() => setAsking(true)}>
          Restart to start {version}
        </Button>
      </div>
      {asking && <RestartDialog view={view} version={version} onClose={() => setAsking(false)} />}
    </section>
  );
}

function RestartDialog({ view, version, onClose }: { view: UpdatesView; version: string; onClose: () => void }) {
  const { busy, problem, run } = useTask();
  const restart = () =>
    void run(async () => {
      rememberWanted({ from: view.running, version: view.task.version });
      await restartBy('update', () => appliance.restart('machine'));
    });
  return (
    <Dialog title={`Restart to start ${version}?`} onClose={onClose}>
      <ol class="what-happens">
        <li>Recording and live pictures pause for about one boot, usually a minute.</li>
        <li>This page waits, comes back by itself and says which version runs.</li>
        <li>
          The new version has two tries to become well. If it does not, {view.running.version} comes back by itself;
          settings and recordings stay as they are.
        </li>
      </ol>
      {problem && <ProblemNotice problem={problem} />}
      <div class="button-row end">
        <Button onClick={onClose} data-autofocus>
          Not now
        </Button>
        <Button kind="primary" icon="power" busy={busy} onClick={restart}>
          Restart now
        </Button>
      </div>
    </Dialog>
  );
}
