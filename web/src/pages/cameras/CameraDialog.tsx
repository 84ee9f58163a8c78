import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { cameras, putCamera, refreshCameras } from '../../api/events';
import type { CameraView, ProbeResult } from '../../api/model';
import { toast } from '../../app/toasts';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { TextField } from '../../ui/Field';
import { ProblemNotice } from '../../ui/Notice';
import { Working } from '../../ui/Progress';
import { useProblemFocus } from '../../ui/useProblemFocus';
import { about, elsewhere, type Task, useTask } from '../../ui/useTask';
import { FIELDS, RecordingFields, SourceFields } from './CameraForm';
import { additionOf, type Draft, draftOf, EMPTY, nameFrom, patchOf, sourceOf } from './draft';
import { ProbeFindings } from './ProbeResult';

/** Add a camera, or change a known one: address and credentials, a test, a name, what is recorded. */
export function CameraDialog({ camera, onClose }: { camera?: CameraView | undefined; onClose: () => void }) {
  const [draft, setDraft] = useState<Draft>(camera ? draftOf(camera) : EMPTY);
  const [found, setFound] = useState<ProbeResult>();
  const testing = useTask();
  const saving = useTask();
  const change = (next: Draft) => {
    setDraft(next);
    if (next.url !== draft.url || next.password !== draft.password || next.username !== draft.username)
      setFound(undefined);
  };
  const test = () => {
    saving.clear();
    setFound(undefined);
    void testing.run(async () => setFound(await probe(draft, camera)));
  };
  const save = async (event: Event) => {
    event.preventDefault();
    testing.clear();
    if (await saving.run(() => store(draft, camera))) onClose();
  };
  const problem = saving.problem ?? testing.problem;
  const form = useProblemFocus(problem);
  return (
    <Dialog title={camera ? `Change ${camera.name}` : 'Add camera'} onClose={onClose} wide>
      <form class="form" ref={form} onSubmit={save}>
        <SourceFields
          draft={draft}
          onDraft={change}
          problem={problem}
          hasPassword={camera?.source.has_password ?? false}
        />
        <TestPanel testing={testing} found={found} onTest={test} ready={draft.url.trim() !== ''} />
        <TextField
          label="Name"
          hint="As it is called on tiles and in recordings."
          placeholder={draft.url ? nameFrom(draft.url) : 'Front door'}
          value={draft.name}
          onValue={(name) => change({ ...draft, name })}
          problem={about(problem, 'name')}
          required={camera !== undefined}
          maxLength={120}
        />
        <details class="more-settings">
          <summary>What is recorded</summary>
          <div class="form">
            <RecordingFields draft={draft} onDraft={change} problem={problem} />
          </div>
        </details>
        <Failure saving={saving} testing={testing} />
        <div class="button-row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={saving.busy}>
            {camera ? 'Save' : 'Add camera'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Test a source; a known camera's stored password is used while none is typed. */
async function probe(draft: Draft, camera: CameraView | undefined): Promise<ProbeResult> {
  const source = sourceOf(draft);
  return api.post('/api/v1/cameras/probe', { body: camera ? { source, camera: camera.id } : { source } });
}

async function store(draft: Draft, camera: CameraView | undefined): Promise<void> {
  if (camera) {
    putCamera(await api.patch('/api/v1/cameras/{id}', { path: { id: camera.id }, body: patchOf(draft) }));
    toast(`${draft.name.trim()} is changed`);
  } else {
    const added = await api.post('/api/v1/cameras', { body: additionOf(draft) });
    const before = cameras.value?.length ?? 0;
    await refreshCameras();
    const fewer = (cameras.value?.length ?? 0) <= before; // the demo site's cameras make room for the first real one
    toast(fewer ? `${added.name} is added; the demo cameras made room for it` : `${added.name} is added`);
  }
}

interface TestPanelProps {
  testing: Task;
  found: ProbeResult | undefined;
  onTest: () => void;
  ready: boolean;
}

function TestPanel({ testing, found, onTest, ready }: TestPanelProps) {
  return (
    <div class="test-panel" aria-live="polite">
      <div class="button-row">
        <Button icon="check" busy={testing.busy} disabled={!ready} onClick={onTest}>
          Test
        </Button>
        {testing.busy ? (
          <Working>Connecting; this takes up to 15 seconds</Working>
        ) : (
          <span class="muted small">Connects now and says what the stream holds.</span>
        )}
      </div>
      {found && <ProbeFindings found={found} />}
    </div>
  );
}

/** What went wrong, unless an input shows it. A failed test is said in full: it is what the person waits for. */
function Failure({ saving, testing }: { saving: Task; testing: Task }) {
  const problem = elsewhere(saving.problem ?? testing.problem, FIELDS);
  return problem ? <ProblemNotice problem={problem} /> : null;
}
