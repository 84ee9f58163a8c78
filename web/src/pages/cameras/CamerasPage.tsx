import { useEffect, useState } from 'preact/hooks';
import { api } from '../../api/client';
import { cameras, putCamera } from '../../api/events';
import type { CameraView } from '../../api/model';
import { toProblem } from '../../api/problem';
import { may } from '../../app/session';
import { toast } from '../../app/toasts';
import { Button } from '../../ui/Button';
import { EmptyState } from '../../ui/EmptyState';
import { Working } from '../../ui/Progress';
import { CameraDialog } from './CameraDialog';
import { CameraRow } from './CameraRow';
import { DeleteDialog } from './DeleteDialog';

type Open = { what: 'add' } | { what: 'edit' | 'delete'; id: string } | undefined;

const PICTURES_EVERY_MS = 30_000;

export function CamerasPage() {
  const [open, setOpen] = useState<Open>();
  const list = cameras.value;
  const add = () => setOpen({ what: 'add' });
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>Cameras</h1>
        {may('administrator') && list && list.length > 0 && (
          <Button kind="primary" icon="plus" onClick={add}>
            Add camera
          </Button>
        )}
      </header>
      <CameraList list={list} onOpen={setOpen} />
      <OpenDialog open={open} onClose={() => setOpen(undefined)} />
    </div>
  );
}

function CameraList({ list, onOpen }: { list: readonly CameraView[] | undefined; onOpen: (open: Open) => void }) {
  const turn = useTurn(PICTURES_EVERY_MS);
  if (!list) return <Working>Loading the cameras</Working>;
  if (list.length === 0) return <NoCameras onAdd={() => onOpen({ what: 'add' })} />;
  return (
    <ul class="camera-list">
      {list.map((camera) => (
        <CameraRow
          key={camera.id}
          camera={camera}
          turn={turn}
          onEdit={() => onOpen({ what: 'edit', id: camera.id })}
          onDelete={() => onOpen({ what: 'delete', id: camera.id })}
          onSwitch={(enabled) => void switchCamera(camera, enabled)}
        />
      ))}
    </ul>
  );
}

function NoCameras({ onAdd }: { onAdd: () => void }) {
  return (
    <EmptyState icon="camera" title="No cameras yet">
      {may('administrator') ? (
        <>
          <p class="muted">
            Have the camera’s address and its user name and password at hand; a test shows at once whether they are
            right.
          </p>
          <Button kind="primary" icon="plus" onClick={onAdd}>
            Add camera
          </Button>
        </>
      ) : (
        <p class="muted">An administrator of this recorder can add them.</p>
      )}
    </EmptyState>
  );
}

function OpenDialog({ open, onClose }: { open: Open; onClose: () => void }) {
  if (!open) return null;
  if (open.what === 'add') return <CameraDialog onClose={onClose} />;
  const camera = cameras.value?.find((each) => each.id === open.id);
  if (!camera) return null; // deleted by somebody else meanwhile
  return open.what === 'edit' ? (
    <CameraDialog camera={camera} onClose={onClose} />
  ) : (
    <DeleteDialog camera={camera} onClose={onClose} />
  );
}

async function switchCamera(camera: CameraView, enabled: boolean): Promise<void> {
  try {
    putCamera(await api.patch('/api/v1/cameras/{id}', { path: { id: camera.id }, body: { enabled } }));
    toast(`${camera.name} is switched ${enabled ? 'on' : 'off'}`);
  } catch (error) {
    const problem = toProblem(error);
    toast(`${problem.title}. ${problem.remedy}`, 'bad');
  }
}

/** A number that grows by one every so often while the page is looked at. */
function useTurn(every_ms: number): number {
  const [turn, setTurn] = useState(() => Math.floor(Date.now() / 1000));
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setTurn((before) => before + 1);
    }, every_ms);
    return () => clearInterval(timer);
  }, [every_ms]);
  return turn;
}
