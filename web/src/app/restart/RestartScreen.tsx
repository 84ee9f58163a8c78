import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../ui/Button';
import { duration } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { Notice } from '../../ui/Notice';
import { useTitle } from '../../ui/useTitle';
import { Brand } from '../Brand';
import { PATIENCE_S, type Restart, type RestartKind, type Stage } from './model';
import { stopWaiting } from './restart';

const WORDS: Record<RestartKind, { title: string; about: string }> = {
  units: { title: 'Gatehouse restarts', about: 'Its units start again. Recording pauses for a few seconds.' },
  machine: { title: 'The appliance restarts', about: 'Recording pauses until it is back, usually for about a minute.' },
  update: {
    title: 'Starting the new version',
    about:
      'Recording pauses for one boot. If the new version does not become well, the present one comes back by itself.',
  },
  reset: { title: 'The users are reset', about: 'Its page starts anew, and then is the one for setting it up.' },
  factory: {
    title: 'The appliance is reset',
    about: 'It starts anew, as it came from the factory, and makes itself a new certificate.',
  },
  restore: { title: 'The backup is put in place', about: 'Gatehouse starts again with the settings of the backup.' },
  'power-off': {
    title: 'The appliance switches off',
    about: 'Nothing is recorded until somebody switches it on again.',
  },
};

/** Stands in for every page while the appliance is away: what happens, how long already, and what to do if it stays. */
export function RestartScreen({ restart }: { restart: Restart }) {
  useTitle(WORDS[restart.kind].title);
  const seconds = useSecondsSince(restart.asked_ms);
  const off = restart.kind === 'power-off';
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.focus(), []); // the dialog it was asked for in is gone
  return (
    <main class="door" ref={place} tabIndex={-1}>
      <Brand />
      <div class="door-words">
        <h1>{WORDS[restart.kind].title}</h1>
        <p class="muted">{WORDS[restart.kind].about}</p>
      </div>
      <div class="card">
        <Steps stage={restart.stage} off={off} />
        {!(off && restart.stage === 'away') && <p class="muted small">{duration(seconds)} so far</p>}
      </div>
      {restart.kind === 'factory' && <NewCertificate />}
      {seconds > PATIENCE_S[restart.kind] && !off && <TakesLong />}
      {off && restart.stage === 'away' && (
        <Notice tone="ok">
          <p>It is off when its lights are. This page comes back by itself once it is switched on.</p>
        </Notice>
      )}
    </main>
  );
}

function Steps({ stage, off }: { stage: Stage; off: boolean }) {
  const at = stage === 'asked' ? 0 : stage === 'away' ? 1 : stage === 'starting' ? 2 : 3;
  const steps = off
    ? ['It shuts down in good order', 'Switched off']
    : ['It shuts down in good order', 'Waiting for it to answer again', 'Its units start'];
  const last = off ? at >= 1 : false;
  return (
    <ol class="steps">
      {steps.map((step, index) => (
        <li key={step} class={index < at || last ? 'done' : index === at ? 'now' : ''}>
          <span class="step-mark" aria-hidden="true">
            {index < at || last ? <Icon name="check" size={16} /> : index === at && <span class="spinner" />}
          </span>
          <span role={index === at ? 'status' : undefined}>{step}</span>
        </li>
      ))}
    </ol>
  );
}

/** The browser keeps this page from an appliance whose certificate it does not know; only a person can change that. */
function NewCertificate() {
  return (
    <Notice tone="info">
      <p>
        When its console shows its address again, load the page: the browser warns, since it does not know the new
        certificate. Compare the fingerprint with the console.
      </p>
      <div class="notice-actions">
        <Button icon="refresh" onClick={() => location.reload()}>
          Load the page
        </Button>
      </div>
    </Notice>
  );
}

function TakesLong() {
  return (
    <Notice tone="warn" alert>
      <p>
        <strong>This takes longer than usual.</strong> Load the page again: the browser may want to ask about the
        certificate, or the address may be another one. If that does not help, look at the appliance’s console: it shows
        its address and what is wrong.
      </p>
      <div class="notice-actions button-row">
        <Button icon="refresh" onClick={() => location.reload()}>
          Load the page again
        </Button>
        <Button kind="quiet" onClick={stopWaiting}>
          Back to the page
        </Button>
      </div>
    </Notice>
  );
}

function useSecondsSince(start_ms: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, (now - start_ms) / 1000);
}
