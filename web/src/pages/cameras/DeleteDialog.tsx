import { api } from '../../api/client';
import { dropCamera } from '../../api/events';
import type { CameraView } from '../../api/model';
import { toast } from '../../app/toasts';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ProblemNotice } from '../../ui/Notice';
import { useTask } from '../../ui/useTask';

/** Ask before a camera is deleted, and say what becomes of its recordings. */
export function DeleteDialog({ camera, onClose }: { camera: CameraView; onClose: () => void }) {
  const { busy, problem, run } = useTask();
  const remove = async () => {
    const done = await run(async () => {
      await api.delete('/api/v1/cameras/{id}', { path: { id: camera.id } });
    });
    if (!done) return;
    onClose();
    dropCamera(camera.id);
    toast(`${camera.name} is deleted`);
  };
  return (
    <Dialog title={`Delete ${camera.name}?`} onClose={onClose}>
      <p>
        The recorder disconnects from the camera and no longer records it.{' '}
        <strong>What has been recorded stays on the disk</strong> until its space is needed, but this page no longer
        lists it; programs reach it by the camera’s id, <code>{camera.id}</code>.
      </p>
      <p class="muted">To pause recording, switch the camera off instead: its recordings stay in view.</p>
      {problem && <ProblemNotice problem={problem} />}
      <div class="button-row end">
        <Button onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button kind="danger" icon="trash" busy={busy} onClick={() => void remove()}>
          Delete camera
        </Button>
      </div>
    </Dialog>
  );
}
