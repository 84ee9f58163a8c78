import { useState } from 'preact/hooks';
import { appliance, type ResetScope } from '../../../api/appliance';
import { restartBy } from '../../../app/restart/restart';
import { Button } from '../../../ui/Button';
import { Dialog } from '../../../ui/Dialog';
import { TextField } from '../../../ui/Field';
import { Notice, ProblemNotice } from '../../../ui/Notice';
import { useLoaded } from '../../../ui/useLoaded';
import { about, elsewhere, useTask } from '../../../ui/useTask';

const SCOPES: readonly { scope: ResetScope; name: string; about: string; gone: string; stays: string }[] = [
  {
    scope: 'users',
    name: 'Reset the users',
    about: 'Before handing it over, or when nobody should have access any more.',
    gone: 'Every user, session and API token is deleted. A new setup code is made.',
    stays: 'Cameras, settings and recordings stay.',
  },
  {
    scope: 'everything',
    name: 'Reset everything',
    about: 'As it came from the factory.',
    gone: 'Users, cameras, settings, backups and all recordings on the data partition are deleted. This cannot be undone.',
    stays: 'The installed version stays.',
  },
];

/** Giving the appliance away, or starting anew. */
export function ResetCard() {
  const [scope, setScope] = useState<ResetScope>();
  return (
    <section class="card" aria-labelledby="reset-title">
      <h2 id="reset-title">Reset</h2>
      <ul class="actions">
        {SCOPES.map((each) => (
          <li key={each.scope}>
            <div>
              <strong>{each.name}</strong>
              <p class="muted small">{each.about}</p>
            </div>
            <Button kind="danger" icon="trash" onClick={() => setScope(each.scope)}>
              {each.name}
            </Button>
          </li>
        ))}
      </ul>
      {scope && <ResetDialog scope={scope} onClose={() => setScope(undefined)} />}
    </section>
  );
}

function ResetDialog({ scope, onClose }: { scope: ResetScope; onClose: () => void }) {
  const { value, problem: unknown } = useLoaded((signal) => appliance.system(signal));
  const [typed, setTyped] = useState('');
  const { busy, problem, run } = useTask();
  const chosen = SCOPES.find((each) => each.scope === scope);
  const hostname = value?.identity.hostname ?? '';
  const matches = hostname !== '' && typed.trim().toLowerCase() === hostname.toLowerCase();
  const submit = (event: Event) => {
    event.preventDefault();
    if (matches)
      void run(() => restartBy(scope === 'users' ? 'reset' : 'factory', () => appliance.reset(scope, hostname)));
  };
  const other = unknown ?? elsewhere(problem, ['confirm']);
  return (
    <Dialog title={`${chosen?.name}?`} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <Notice tone="bad">
          <p>
            <strong>{chosen?.gone}</strong> {chosen?.stays}
          </p>
        </Notice>
        <p class="muted small">
          Make a <a href="#/system/backups">backup</a> first if the settings may be wanted again.
        </p>
        <TextField
          label={`Type ${hostname || 'its name'} to confirm`}
          value={typed}
          onValue={setTyped}
          problem={about(problem, 'confirm')}
          autofocus
          mono
        />
        {other && <ProblemNotice problem={other} />}
        <div class="button-row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger" icon="trash" type="submit" busy={busy} disabled={!matches}>
            {chosen?.name}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
