import { snapshotUrl } from '../api/client';
import type { CameraView } from '../api/model';
import { ProblemError, problemFromBody, toProblem } from '../api/problem';
import { toast } from '../app/toasts';
import type { Player } from '../media/player';
import { formatTime } from '../media/protocol';
import { Button } from '../ui/Button';
import { useTask } from '../ui/useTask';

/** The browser rounds times on the way: this far after its beginning, the picture is surely meant. */
const INTO_FRAME_US = 2_000;

/** Saves the picture shown as a .jpg in its full size: live the newest one, otherwise the recorded frame. */
export function SnapshotButton({ camera, player }: { camera: CameraView; player: Player }) {
  const task = useTask();
  const save = () => void task.run(() => saveStill(camera.id, player).catch(complain));
  return (
    <Button
      kind="quiet"
      small
      icon="camera"
      aria-label="Save this picture"
      title="Save this picture"
      busy={task.busy}
      onClick={save}
    />
  );
}

async function saveStill(camera: string, player: Player): Promise<void> {
  const shownUs = player.shownUs.peek();
  const recorded = player.mode.peek() === 'playback' && shownUs !== null;
  const answer = await fetch(snapshotUrl(camera, recorded ? { time: formatTime(shownUs + INTO_FRAME_US) } : {}));
  if (!answer.ok) throw new ProblemError(problemFromBody(answer.status, await answer.json().catch(() => null)));
  const stamp = formatTime(shownUs ?? Date.now() * 1000)
    .slice(0, 19)
    .replaceAll(':', '-');
  download(await answer.blob(), `${camera}-${stamp}Z.jpg`);
}

function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function complain(error: unknown): void {
  const { title, remedy } = toProblem(error);
  toast(`${title}. ${remedy}`, 'bad');
}
