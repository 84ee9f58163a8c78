import { appliance, type UpdatesView } from '../../../api/appliance';
import { Button } from '../../../ui/Button';
import { bytes } from '../../../ui/format';
import { ProblemNotice } from '../../../ui/Notice';
import { ProgressBar } from '../../../ui/Progress';
import { useTask } from '../../../ui/useTask';
import { sending, stopSending } from './sending';
import { isCancellable, progressOf } from './words';

/** What the installation under way does, how far it is, and the way out of it. */
export function GoingCard({ view, onChanged }: { view: UpdatesView; onChanged: () => void }) {
  const { busy, problem, run } = useTask();
  const mine = sending.value;
  const { step, share, uploading } = progressOf(view.task, mine?.share);
  const cancel = () => {
    if (uploading) stopSending();
    else void run(async () => void (await appliance.cancelUpdate())).then(onChanged);
  };
  return (
    <section class="card" aria-labelledby="going-title">
      <h2 id="going-title">Update under way</h2>
      <div class="going-words">
        <strong role="status">{step}</strong>
        <span class="muted small">{mine ? `${mine.name}, ${bytes(mine.bytes)}` : versionWords(view)}</span>
        <span class="going-percent">{share === undefined ? '' : `${Math.round(share * 100)} %`}</span>
      </div>
      <ProgressBar share={share} label={step} />
      {problem && <ProblemNotice problem={problem} />}
      {uploading || isCancellable(view.task.state) ? (
        <div class="button-row">
          <Button busy={busy} onClick={cancel}>
            Cancel
          </Button>
          <span class="muted small">Recording goes on. Leave this page open while the file is sent.</span>
        </div>
      ) : (
        <p class="muted small">Recording goes on; the slot that runs is not touched.</p>
      )}
    </section>
  );
}

function versionWords(view: UpdatesView): string {
  return view.task.version ? `Gatehouse ${view.task.version}` : '';
}
