import { useState } from 'preact/hooks';
import { appliance, type UpdatesView } from '../../../api/appliance';
import { toast } from '../../../app/toasts';
import { Button } from '../../../ui/Button';
import { CheckField, TextField } from '../../../ui/Field';
import { ago, bytes, dateTime } from '../../../ui/format';
import { ProblemNotice } from '../../../ui/Notice';
import { useProblemFocus } from '../../../ui/useProblemFocus';
import { about, elsewhere, useTask } from '../../../ui/useTask';
import { sending } from './sending';
import { isWorking } from './words';

const FIELDS = ['url', 'automatic'];

/** Where versions are offered, what is offered there, and whether it is installed by itself. */
export function SourceCard({ view, onChanged }: { view: UpdatesView; onChanged: () => void }) {
  return (
    <section class="card" aria-labelledby="source-title">
      <h2 id="source-title">Install from a source</h2>
      <Offered view={view} onChanged={onChanged} />
      <SourceForm view={view} onChanged={onChanged} />
    </section>
  );
}

function Offered({ view, onChanged }: { view: UpdatesView; onChanged: () => void }) {
  const installing = useTask();
  const { offered, url, checked_at } = view.source;
  if (!url) return <p class="muted">No source is set. Enter its address to be told of new versions.</p>;
  if (!offered) {
    const when = checked_at ? `, asked ${ago(checked_at, Date.now())}` : '';
    return (
      <p class="muted">
        {checked_at ? `The source offers nothing newer${when}.` : 'The source has not been asked yet.'}
      </p>
    );
  }
  const busy = sending.value !== undefined || isWorking(view.task.state) || view.task.state === 'restart-needed';
  const install = () => void installing.run(async () => void (await appliance.installOffered())).then(onChanged);
  return (
    <div class="offered">
      <div class="offered-head">
        <h3>Gatehouse {offered.version}</h3>
        {offered.size_bytes !== null && <span class="muted small">{bytes(offered.size_bytes)}</span>}
      </div>
      <p class="offered-notes">{offered.notes || 'No notes come with it.'}</p>
      {installing.problem && <ProblemNotice problem={installing.problem} />}
      <div class="button-row">
        <Button kind="primary" icon="download" busy={installing.busy} disabled={busy} onClick={install}>
          Install {offered.version}
        </Button>
        <span class="muted small">Recording goes on meanwhile; it starts with the next restart.</span>
      </div>
    </div>
  );
}

function SourceForm({ view, onChanged }: { view: UpdatesView; onChanged: () => void }) {
  const [url, setUrl] = useState(view.source.url ?? '');
  const [automatic, setAutomatic] = useState(view.source.automatic);
  const saving = useTask();
  const checking = useTask();
  const form = useProblemFocus(saving.problem);
  const changed = url.trim() !== (view.source.url ?? '') || automatic !== view.source.automatic;
  const save = async (event: Event) => {
    event.preventDefault();
    const done = await saving.run(async () => void (await appliance.setUpdateSource(url.trim() || null, automatic)));
    if (!done) return;
    toast('The source is saved');
    onChanged();
  };
  const check = () => void checking.run(async () => void (await appliance.checkForUpdate())).then(onChanged);
  const other = elsewhere(saving.problem, FIELDS) ?? checking.problem;
  return (
    <form class="form" ref={form} onSubmit={(event) => void save(event)}>
      <TextField
        label="Address of the source"
        placeholder="https://updates.example/gatehouse/"
        inputMode="url"
        value={url}
        onValue={setUrl}
        problem={about(saving.problem, 'url')}
        hint="HTTPS. What is offered there must be signed too, so the server need not be trusted."
      />
      <CheckField
        label="Install new versions by themselves"
        hint="They are downloaded and written; a restart starts them."
        checked={automatic}
        onChecked={setAutomatic}
      />
      {other && <ProblemNotice problem={other} />}
      <div class="button-row">
        <Button type="submit" kind={changed ? 'primary' : 'plain'} busy={saving.busy} disabled={!changed}>
          Save
        </Button>
        <Button icon="refresh" busy={checking.busy} disabled={!view.source.url || changed} onClick={check}>
          Check now
        </Button>
        {view.source.checked_at && (
          <span class="muted small" title={dateTime(view.source.checked_at)}>
            Asked {ago(view.source.checked_at, Date.now())}
          </span>
        )}
      </div>
    </form>
  );
}
