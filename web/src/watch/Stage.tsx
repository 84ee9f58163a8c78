import { useComputed } from '@preact/signals';
import type { Ref } from 'preact';
import { useState } from 'preact/hooks';
import type { CameraView } from '../api/model';
import type { Player } from '../media/player';
import { Icon } from '../ui/Icon';
import { debugging } from './debug';
import { obstacle } from './obstacle';

/** The words over a picture that is not there: cause and remedy. */
export function ObstacleOverlay({ camera, player }: { camera: CameraView | undefined; player: Player }) {
  const words = obstacle(camera, player.status.value, player.mode.value, player.problem.value);
  if (!words) return null;
  return (
    <div class={words.passing ? 'obstacle passing' : 'obstacle'} role="status">
      {words.passing ? <span class="spinner" aria-hidden="true" /> : <Icon name="warning" size={24} />}
      <p class="obstacle-title">{words.title}</p>
      {words.remedy && <p class="obstacle-remedy">{words.remedy}</p>}
    </div>
  );
}

/** Said when the picture is not the camera's own. */
export function TranscodeNote({ player }: { player: Player }) {
  const note = player.note.value;
  return note ? <p class="stage-note">{note}</p> : null;
}

/** Figures about the stream, for whoever pressed `d`. */
export function DebugOverlay({ player }: { player: Player }) {
  const stats = player.stats.value;
  if (!debugging.value || !stats) return null;
  const latency = stats.latencyMs === null ? '–' : `${Math.round(stats.latencyMs)} ms`;
  return (
    <p class="stage-debug">
      {latency} · {stats.fps.toFixed(1)} fps · {Math.round(stats.kbps)} kbit/s · {Math.round(stats.bufferS * 1000)} ms
      buffered · {stats.droppedChunks} dropped
    </p>
  );
}

/** The element the player draws into. */
export function Picture({ label, videoRef }: { label: string; videoRef: Ref<HTMLVideoElement> }) {
  return (
    <video
      ref={videoRef}
      class="stage-video"
      muted
      playsInline
      disablePictureInPicture
      aria-label={label}
      tabIndex={-1}
    />
  );
}

/** The camera's newest picture, until the stream shows its first: there is something to see at once. */
export function Still({ player, src }: { player: Player | null; src: string }) {
  const [missing, setMissing] = useState(false);
  const hasShown = useComputed(() => player !== null && player.shownUs.value !== null);
  if (missing || hasShown.value) return null;
  return <img class="stage-still" src={src} alt="" onError={() => setMissing(true)} />;
}
