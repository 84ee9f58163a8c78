import type { Ref } from 'preact';
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

/** The element the player draws into, over the newest still, so that there is something to see at once. */
export function Picture({
  label,
  still,
  videoRef,
}: {
  label: string;
  still: string | null;
  videoRef: Ref<HTMLVideoElement>;
}) {
  return (
    <>
      {still && (
        <img
          class="stage-still"
          src={still}
          alt=""
          onError={(event) => event.currentTarget.setAttribute('hidden', '')}
        />
      )}
      <video
        ref={videoRef}
        class="stage-video"
        muted
        playsInline
        disablePictureInPicture
        aria-label={label}
        tabIndex={-1}
      />
    </>
  );
}
