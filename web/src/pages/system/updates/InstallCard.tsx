import type { UpdatesView } from '../../../api/appliance';
import type { Problem } from '../../../api/model';
import { NOT_HEALTHY } from '../../../app/restart/outcome';
import { FileDrop } from '../../../ui/FileDrop';
import { ProblemNotice } from '../../../ui/Notice';
import { sendBundle, sendProblem } from './sending';

/** Install from a file of the reader's. */
export function InstallCard({ onChanged }: { onChanged: () => void }) {
  return (
    <section class="card" aria-labelledby="install-title">
      <h2 id="install-title">Install from a file</h2>
      <FileDrop
        what="an update bundle (.raucb)"
        button="Choose a bundle"
        accept=".raucb"
        onFile={(file) => void sendBundle(file).then(onChanged)}
      />
      <p class="muted small">
        Only bundles that Gatehouse has signed for this kind of appliance are installed. For recorders without a way to
        the internet: download the bundle elsewhere and bring it here.
      </p>
    </section>
  );
}

/** Why the last update was not installed, if it was not. */
export function Refusal({ view }: { view: UpdatesView }) {
  const problem: Problem | null = sendProblem.value ?? (view.task.state === 'failed' ? view.task.problem : null);
  if (!problem || problem.code === NOT_HEALTHY) return null; // what became of a start is said with what runs
  return (
    <ProblemNotice problem={problem}>
      <p>Nothing has changed: Gatehouse {view.running.version} goes on running and recording.</p>
    </ProblemNotice>
  );
}
