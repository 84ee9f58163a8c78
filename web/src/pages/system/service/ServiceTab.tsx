import { useState } from 'preact/hooks';
import { appliance } from '../../../api/appliance';
import type { RestartKind } from '../../../app/restart/model';
import { restartBy } from '../../../app/restart/restart';
import { Button } from '../../../ui/Button';
import { Dialog } from '../../../ui/Dialog';
import type { IconName } from '../../../ui/Icon';
import { ProblemNotice } from '../../../ui/Notice';
import { useTask } from '../../../ui/useTask';
import { CertificateCard } from './CertificateCard';
import { PortsCard } from './PortsCard';
import { ResetCard } from './ResetCard';

/** What installers do to the machine itself. */
export function ServiceTab() {
  return (
    <>
      <RestartCard />
      <CertificateCard />
      <PortsCard />
      <ResetCard />
    </>
  );
}

interface Action {
  kind: RestartKind;
  icon: IconName;
  name: string;
  about: string;
  question: string;
  consequence: string;
  ask: () => Promise<unknown>;
}

const ACTIONS: readonly Action[] = [
  {
    kind: 'units',
    icon: 'refresh',
    name: 'Restart the units',
    about: 'A few seconds without recording. Helps where one part behaves oddly.',
    question: 'Restart the units?',
    consequence: 'Recording and live pictures pause for a few seconds. Everybody stays signed in.',
    ask: () => appliance.restart('units'),
  },
  {
    kind: 'machine',
    icon: 'power',
    name: 'Restart the appliance',
    about: 'About a minute without recording. An installed update is started.',
    question: 'Restart the appliance?',
    consequence: 'Recording and live pictures pause for about a minute. This page waits and comes back by itself.',
    ask: () => appliance.restart('machine'),
  },
  {
    kind: 'power-off',
    icon: 'power',
    name: 'Power off',
    about: 'Before moving it or taking out a disk.',
    question: 'Switch the appliance off?',
    consequence: 'Nothing is recorded until somebody presses its power button: it cannot be switched on from here.',
    ask: () => appliance.powerOff(),
  },
];

function RestartCard() {
  const [chosen, setChosen] = useState<Action>();
  return (
    <section class="card" aria-labelledby="restart-title">
      <h2 id="restart-title">Restart and power</h2>
      <ul class="actions">
        {ACTIONS.map((action) => (
          <li key={action.kind}>
            <div>
              <strong>{action.name}</strong>
              <p class="muted small">{action.about}</p>
            </div>
            <Button
              icon={action.icon}
              kind={action.kind === 'power-off' ? 'danger' : 'plain'}
              onClick={() => setChosen(action)}
            >
              {action.name}
            </Button>
          </li>
        ))}
      </ul>
      {chosen && <ActionDialog action={chosen} onClose={() => setChosen(undefined)} />}
    </section>
  );
}

function ActionDialog({ action, onClose }: { action: Action; onClose: () => void }) {
  const { busy, problem, run } = useTask();
  return (
    <Dialog title={action.question} onClose={onClose}>
      <p>{action.consequence}</p>
      {problem && <ProblemNotice problem={problem} />}
      <div class="button-row end">
        <Button onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button
          kind={action.kind === 'power-off' ? 'danger' : 'primary'}
          icon={action.icon}
          busy={busy}
          onClick={() => void run(() => restartBy(action.kind, action.ask))}
        >
          {action.name}
        </Button>
      </div>
    </Dialog>
  );
}
