import { saveAnswer } from '../../../api/transfer';
import { toast } from '../../../app/toasts';
import { Button } from '../../../ui/Button';
import { ProblemNotice } from '../../../ui/Notice';
import { useTask } from '../../../ui/useTask';

/** One file for whoever helps, without secrets. */
export function SupportTab() {
  const { busy, problem, run } = useTask();
  const make = async () => {
    const done = await run(() => saveAnswer('/api/v1/support-bundle', 'gatehouse-support.zip'));
    if (done) toast('The support bundle is downloaded');
  };
  return (
    <section class="card" aria-labelledby="support-title">
      <h2 id="support-title">Support bundle</h2>
      <p>One file for whoever helps you: what this recorder is, how it is, and what its logs say.</p>
      <div class="in-and-out">
        <div>
          <h3>In it</h3>
          <ul>
            <li>Versions, slots, units and their restarts</li>
            <li>What the units noted in the last day</li>
            <li>Disks, volumes and how full they are</li>
            <li>The settings, and the cameras’ states</li>
          </ul>
        </div>
        <div>
          <h3>Never in it</h3>
          <ul>
            <li>Passwords, keys, tokens and the setup code</li>
            <li>Pictures, sound and recordings</li>
            <li>Users, and who did what</li>
          </ul>
        </div>
      </div>
      {problem && <ProblemNotice problem={problem} />}
      <div class="button-row">
        <Button kind="primary" icon="download" busy={busy} onClick={() => void make()}>
          {busy ? 'Collecting' : 'Make and download'}
        </Button>
        <span class="muted small">It is a .zip of plain text: look through it before you pass it on.</span>
      </div>
    </section>
  );
}
