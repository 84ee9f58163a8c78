import type { CameraView } from '../api/model';
import type { Player } from '../media/player';
import { Button } from '../ui/Button';
import { isTyping } from './debug';
import { RecordButton } from './RecordButton';
import { SnapshotButton } from './SnapshotButton';

const JUMP_US = 10_000_000;
const USUAL_FPS = 25;
const SPEEDS = [0.5, 1, 2, 4] as const;

interface TransportProps {
  camera: CameraView;
  player: Player;
  onLive: () => void;
  onFullscreen: () => void;
}

/** Play, pause, jump, step, speed, live; sound; still picture, recording, full screen. */
export function Transport({ camera, player, onLive, onFullscreen }: TransportProps) {
  return (
    <div class="transport">
      <div class="transport-group">
        <Moves camera={camera} player={player} />
        <Speed player={player} />
        <Button
          kind={player.mode.value === 'live' ? 'plain' : 'primary'}
          small
          aria-pressed={player.mode.value === 'live'}
          onClick={onLive}
        >
          Live
        </Button>
      </div>
      <div class="transport-group">
        {camera.state.audio && <Sound player={player} />}
        <SnapshotButton camera={camera} player={player} />
        <Button
          kind="quiet"
          small
          icon="fullscreen"
          aria-label="Full screen"
          title="Full screen (f)"
          onClick={onFullscreen}
        />
        <RecordButton camera={camera} />
      </div>
    </div>
  );
}

function Moves({ camera, player }: { camera: CameraView; player: Player }) {
  const stands = player.status.value === 'paused' || player.status.value === 'ended';
  return (
    <>
      <Button
        kind="quiet"
        small
        aria-label="−10 s: ten seconds back"
        title="10 s back (j)"
        onClick={() => jump(player, -JUMP_US)}
      >
        −10 s
      </Button>
      <Button
        kind="quiet"
        small
        icon="left"
        aria-label="One frame back"
        title="One frame back (,)"
        onClick={() => step(player, camera, -1)}
      />
      <Button
        kind="quiet"
        small
        icon={stands ? 'play' : 'pause'}
        aria-label={stands ? 'Play' : 'Pause'}
        title={stands ? 'Play (space)' : 'Pause (space)'}
        onClick={() => toggle(player, camera)}
      />
      <Button
        kind="quiet"
        small
        icon="right"
        aria-label="One frame on"
        title="One frame on (.)"
        onClick={() => step(player, camera, 1)}
      />
      <Button
        kind="quiet"
        small
        aria-label="+10 s: ten seconds on"
        title="10 s on (l)"
        onClick={() => jump(player, JUMP_US)}
      >
        +10 s
      </Button>
    </>
  );
}

function Speed({ player }: { player: Player }) {
  return (
    <select
      class="transport-speed"
      aria-label="Speed"
      value={player.speed.value}
      disabled={player.mode.value === 'live'}
      onChange={(event) => player.setSpeed(Number(event.currentTarget.value))}
    >
      {SPEEDS.map((speed) => (
        <option key={speed} value={speed}>
          {speed} ×
        </option>
      ))}
    </select>
  );
}

function Sound({ player }: { player: Player }) {
  const audible = player.audible.value;
  return (
    <>
      <Button
        kind="quiet"
        small
        icon={audible ? 'sound' : 'muted'}
        aria-label="Sound"
        aria-pressed={audible}
        title={audible ? 'Sound off (m)' : 'Sound on (m)'}
        onClick={() => player.setAudible(!audible)}
      />
      {audible && (
        <input
          class="transport-volume"
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={player.video.volume}
          aria-label="Volume"
          onInput={(event) => {
            player.video.volume = event.currentTarget.valueAsNumber;
          }}
        />
      )}
    </>
  );
}

/** The keys of the page; keys that a control under the focus understands itself are left to it. */
export function listenForTransport(player: Player, camera: CameraView, onFullscreen: () => void): () => void {
  const keys: Record<string, () => void> = {
    ' ': () => toggle(player, camera),
    j: () => jump(player, -JUMP_US),
    l: () => jump(player, JUMP_US),
    ',': () => step(player, camera, -1),
    '.': () => step(player, camera, 1),
    m: () => camera.state.audio && player.setAudible(!player.audible.value),
    f: onFullscreen,
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === ' ' && event.target instanceof HTMLElement && event.target.matches('button, a, summary')) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}

/** A live picture that stood still goes on as its recording, if there is one. */
function toggle(player: Player, camera: CameraView): void {
  const unrecorded = player.mode.value === 'live' && camera.state.recording.length === 0;
  if (player.status.value === 'ended' || (player.status.value === 'paused' && unrecorded)) player.live();
  else if (player.status.value === 'paused') player.resume();
  else player.pause();
}

function jump(player: Player, byUs: number): void {
  player.play((player.shownUs.value ?? Date.now() * 1000) + byUs);
}

function step(player: Player, camera: CameraView, frames: number): void {
  player.step(frames, 1_000_000 / (camera.state.video?.fps || USUAL_FPS));
}
