import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { refreshCameras } from '../../api/events';
import type { RevisionView } from '../../api/model';
import { toast } from '../../app/toasts';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { EmptyState } from '../../ui/EmptyState';
import { dateTime } from '../../ui/format';
import { ProblemNotice } from '../../ui/Notice';
import { Working } from '../../ui/Progress';
import { useLoaded } from '../../ui/useLoaded';
import { useTask } from '../../ui/useTask';
import { Changes } from './Changes';

/** Every change of the settings: who made it, what it changed, and the way back. */
export function RevisionsTab() {
  const { value, problem, reload } = useLoaded((signal) => api.get('/api/v1/config/revisions', { signal }));
  const [open, setOpen] = useState<RevisionView>();
  if (!value) return problem ? <ProblemNotice problem={problem} /> : <Working>Loading the history</Working>;
  if (value.revisions.length === 0) {
    return (
      <EmptyState icon="history" title="Nothing has been changed yet">
        <p class="muted">Every change of a camera is kept here, with a way back.</p>
      </EmptyState>
    );
  }
  return (
    <>
      <ul class="plain-list card">
        {value.revisions.map((revision) => (
          <li key={revision.revision} class="unit-row">
            <div>
              <strong>Revision {revision.revision}</strong>
              <p class="muted small">
                {dateTime(revision.time)} by {revision.actor}
              </p>
            </div>
            <span class="muted small">{revision.records.join(', ')}</span>
            <Button small onClick={() => setOpen(revision)} aria-label={`Show revision ${revision.revision}`}>
              Show
            </Button>
          </li>
        ))}
      </ul>
      {open && <RevisionDialog revision={open} onRestored={reload} onClose={() => setOpen(undefined)} />}
    </>
  );
}

interface RevisionDialogProps {
  revision: RevisionView;
  onRestored: () => void;
  onClose: () => void;
}

function RevisionDialog({ revision, onRestored, onClose }: RevisionDialogProps) {
  const path = { n: String(revision.revision) };
  const { value, problem } = useLoaded((signal) => api.get('/api/v1/config/revisions/{n}', { path, signal }), path.n);
  const restoring = useTask();
  const restore = async () => {
    const done = await restoring.run(async () => {
      await api.post('/api/v1/config/revisions/{n}/restore', { path });
      await refreshCameras();
    });
    if (!done) return;
    onRestored();
    onClose();
    toast(`The settings are as they were after revision ${revision.revision}`);
  };
  const failure = problem ?? restoring.problem;
  return (
    <Dialog title={`Revision ${revision.revision}`} onClose={onClose} wide>
      <p class="muted">
        {dateTime(revision.time)} by {revision.actor}
      </p>
      {failure && <ProblemNotice problem={failure} />}
      {!value && !problem && <Working>Comparing</Working>}
      {value && <Changes changes={value.changes} />}
      <p class="muted small">
        Restoring undoes every change made after this one. It is a change itself, and can be undone too.
      </p>
      <div class="button-row end">
        <Button onClick={onClose}>Close</Button>
        <Button icon="history" busy={restoring.busy} onClick={() => void restore()}>
          Restore this state
        </Button>
      </div>
    </Dialog>
  );
}
