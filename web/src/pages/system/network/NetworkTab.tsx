import { useState } from 'preact/hooks';
import { appliance, type NetworkSettings } from '../../../api/appliance';
import type { Problem } from '../../../api/model';
import { noteTrial } from '../../../app/networkTrial';
import { toast } from '../../../app/toasts';
import { Button } from '../../../ui/Button';
import { SelectField, TextField } from '../../../ui/Field';
import { Notice, ProblemNotice } from '../../../ui/Notice';
import { Working } from '../../../ui/Progress';
import { useLoaded } from '../../../ui/useLoaded';
import { useProblemFocus } from '../../../ui/useProblemFocus';
import { about, elsewhere, useTask } from '../../../ui/useTask';
import { formOf, movesTo, type NetworkForm, problemOf, settingsOf } from './settings';

/** What every machine calls itself. */
const OWN: readonly string[] = ['localhost', '127.0.0.1', '::1'];
const FIELDS = ['mode', 'address', 'gateway', 'dns', 'ntp', 'hostname'];
const MODES = [
  ['dhcp', 'From the network (DHCP)'],
  ['static', 'Fixed address'],
] as const;

/** How the appliance is reached. */
export function NetworkTab() {
  const { value, problem, reload } = useLoaded((signal) => appliance.network(signal));
  if (!value) return problem ? <ProblemNotice problem={problem} /> : <Working>Asking for the settings</Working>;
  return (
    <>
      <ReachedAs />
      <Form key={JSON.stringify(value)} settings={value} onChanged={reload} />
    </>
  );
}

/** The names and addresses it has now: those its certificate is made for. */
function ReachedAs() {
  const { value } = useLoaded((signal) => appliance.certificate(signal));
  const names = value?.names.filter((name) => !OWN.includes(name)) ?? [];
  if (names.length === 0) return null;
  return (
    <p class="muted">
      Reached now as <strong>{names.join(', ')}</strong>.
    </p>
  );
}

function Form({ settings, onChanged }: { settings: NetworkSettings; onChanged: () => void }) {
  const [form, setForm] = useState(formOf(settings));
  const [fault, setFault] = useState<Problem>();
  const { busy, problem, run } = useTask();
  const shown = fault ?? problem;
  const frame = useProblemFocus(shown);
  const put = (change: Partial<NetworkForm>) => setForm({ ...form, ...change });
  const submit = (event: Event) => {
    event.preventDefault();
    const found = problemOf(form);
    setFault(found);
    if (found) return;
    void run(async () => {
      const answer = await appliance.setNetwork(settingsOf(form));
      noteTrial(answer?.confirm_within_s);
      if (!answer?.confirm_within_s) toast('The network settings are in force');
      onChanged();
    });
  };
  const other = elsewhere(shown, FIELDS);
  return (
    <form class="card form" ref={frame} onSubmit={submit} noValidate>
      <div class="form-columns">
        <TextField
          label="Name on the network"
          hint={nameHint(form.hostname.trim())}
          value={form.hostname}
          onValue={(hostname) => put({ hostname })}
          problem={about(shown, 'hostname')}
        />
        <SelectField
          label="Address"
          value={form.mode}
          options={MODES}
          onValue={(mode) => put({ mode })}
          problem={about(shown, 'mode')}
          hint={form.mode === 'dhcp' && 'Where no server answers, it takes a fallback address, shown on its console.'}
        />
      </div>
      {form.mode === 'static' && <Fixed form={form} put={put} problem={shown} />}
      <Servers form={form} put={put} problem={shown} />
      <Moving to={movesTo(settingsOf(form), location.hostname, location.port)} />
      {other && <ProblemNotice problem={other} />}
      <div class="button-row">
        <Button kind="primary" type="submit" busy={busy}>
          {busy ? 'Putting them in force' : 'Put in force'}
        </Button>
        <span class="muted small">
          The settings hold on trial first: if nobody keeps them, those of before come back by themselves.
        </span>
      </div>
    </form>
  );
}

function nameHint(name: string): string {
  return name ? `Computers beside it reach it as ${name}.local.` : 'Empty: the name it came with, as on its label.';
}

interface PartProps {
  form: NetworkForm;
  put: (change: Partial<NetworkForm>) => void;
  problem: Problem | undefined;
}

function Fixed({ form, put, problem }: PartProps) {
  return (
    <div class="form-columns">
      <TextField
        label="Address and length of the network"
        placeholder="192.0.2.10/24"
        mono
        value={form.address}
        onValue={(address) => put({ address })}
        problem={about(problem, 'address')}
      />
      <TextField
        label="Router"
        hint="Empty where there is none."
        placeholder="192.0.2.1"
        mono
        value={form.gateway}
        onValue={(gateway) => put({ gateway })}
        problem={about(problem, 'gateway')}
      />
    </div>
  );
}

function Servers({ form, put, problem }: PartProps) {
  const given = form.mode === 'dhcp' ? 'Empty: those the network gives.' : 'With commas between.';
  return (
    <div class="form-columns">
      <TextField
        label="Name servers (DNS)"
        hint={given}
        mono
        value={form.dns}
        onValue={(dns) => put({ dns })}
        problem={about(problem, 'dns')}
      />
      <TextField
        label="Time servers (NTP)"
        hint={given}
        mono
        value={form.ntp}
        onValue={(ntp) => put({ ntp })}
        problem={about(problem, 'ntp')}
      />
    </div>
  );
}

function Moving({ to }: { to: string | undefined }) {
  if (!to) return null;
  return (
    <Notice tone="info">
      <p>
        This page will be at <a href={to}>{to}</a>. Open it there within a minute and a half, sign in, and keep the
        settings; otherwise the present ones come back.
      </p>
    </Notice>
  );
}
