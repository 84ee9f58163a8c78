import { useEffect, useState } from 'preact/hooks';
import { api } from '../api/client';
import { putCamera } from '../api/events';
import type { CameraView } from '../api/model';
import { toProblem } from '../api/problem';
import { may } from '../app/session';
import { toast } from '../app/toasts';
import { Button } from '../ui/Button';
import { duration } from '../ui/format';
import { useTask } from '../ui/useTask';

const PATH = '/api/v1/cameras/{id}/manual-recording';

/** Starts and stops a manual recording, and says how long it still goes on. */
export function RecordButton({ camera }: { camera: CameraView }) {
  const task = useTask();
  const going = camera.state.recording.includes('manual');
  const left = useSecondsLeft(going ? camera.state.manual_until : null);
  const change = () =>
    void task.run(async () => {
      try {
        const path = { id: camera.id };
        const state = going ? await api.delete(PATH, { path }) : await api.put(PATH, { path });
        putCamera({ ...camera, state });
      } catch (error) {
        const { title, remedy } = toProblem(error);
        toast(`${title}. ${remedy}`, 'bad');
      }
    });
  return (
    <Button
      class={going ? 'rec going' : 'rec'}
      small
      icon="record"
      aria-pressed={going}
      busy={task.busy}
      disabled={!may('operator')}
      title={
        may('operator') ? (going ? 'Stop the manual recording' : 'Record by hand') : 'Operators may record by hand'
      }
      onClick={change}
    >
      {going ? `Stop REC${left === null ? '' : ` (${duration(left)} left)`}` : 'REC'}
    </Button>
  );
}

/** Seconds until a time, counted down; null without one. */
function useSecondsLeft(until: string | null): number | null {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    if (until === null) return;
    const timer = setInterval(() => setNowMs(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [until]);
  return until === null ? null : Math.max(0, Math.round((Date.parse(until) - nowMs) / 1000));
}
