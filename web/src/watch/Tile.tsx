import { useRef, useState } from 'preact/hooks';
import { snapshotUrl } from '../api/client';
import type { CameraView } from '../api/model';
import { cameraHref, navigate } from '../app/router';
import type { Player } from '../media/player';
import { Badge } from '../ui/Badge';
import { Button } from '../ui/Button';
import { DebugOverlay, ObstacleOverlay, Picture, Still, TranscodeNote } from './Stage';
import { usePlayer } from './usePlayer';

const STILL_WIDTH = 640;
const DOUBLE_CLICK_MS = 220;

/** One camera in the grid, live. */
export function Tile({ camera }: { camera: CameraView }) {
  const video = useRef<HTMLVideoElement>(null);
  const frame = useRef<HTMLElement>(null);
  const [still] = useState(() => snapshotUrl(camera.id, { width: STILL_WIDTH }));
  const player = usePlayer(camera.id, video, (made) => made.live());
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'f' && !event.ctrlKey && !event.metaKey) toggleFullscreen(frame.current);
  };
  return (
    <article class="tile stage" ref={frame} aria-label={camera.name} data-camera={camera.id} onKeyDown={onKeyDown}>
      {camera.enabled && <Still key={player ? 'playing' : 'starting'} player={player} src={still} />}
      <Picture label={`${camera.name}, live picture`} videoRef={video} />
      <OpenLink camera={camera} onDouble={() => toggleFullscreen(frame.current)} />
      {player && <ObstacleOverlay camera={camera} player={player} />}
      <div class="tile-buttons">
        {player && camera.state.audio && <SoundButton player={player} name={camera.name} />}
        <Button
          kind="quiet"
          small
          icon="fullscreen"
          aria-label={`Full screen: ${camera.name}`}
          title="Full screen (f)"
          onClick={() => toggleFullscreen(frame.current)}
        />
      </div>
      <footer class="tile-foot">
        {player && <DebugOverlay player={player} />}
        {player && <TranscodeNote player={player} />}
        <div class="tile-caption">
          <Recording camera={camera} />
          <h2 class="tile-name">{camera.name}</h2>
        </div>
      </footer>
    </article>
  );
}

/** The picture is a link to the camera's page; a double click is for full screen. */
function OpenLink({ camera, onDouble }: { camera: CameraView; onDouble: () => void }) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const href = cameraHref(camera.id);
  const onClick = (event: MouseEvent) => {
    if (event.detail === 0 || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    clearTimeout(timer.current);
    if (event.detail === 1) timer.current = setTimeout(() => navigate(href), DOUBLE_CLICK_MS);
    else onDouble();
  };
  return (
    <a class="tile-link" href={href} onClick={onClick}>
      <span class="visually-hidden">Open {camera.name}</span>
    </a>
  );
}

function SoundButton({ player, name }: { player: Player; name: string }) {
  const audible = player.audible.value;
  return (
    <Button
      kind="quiet"
      small
      icon={audible ? 'sound' : 'muted'}
      aria-label={`Sound of ${name}`}
      aria-pressed={audible}
      title={audible ? 'Sound off' : 'Sound on'}
      onClick={() => (audible ? player.setAudible(false) : listenTo(player))}
    />
  );
}

let heard: Player | null = null;

/** One camera is heard at a time. */
function listenTo(player: Player): void {
  if (heard !== player) heard?.setAudible(false);
  heard = player;
  player.setAudible(true);
}

/** Whether and why the camera is recorded just now. */
export function Recording({ camera }: { camera: CameraView }) {
  const kinds = camera.state.recording;
  if (kinds.includes('manual')) return <Badge tone="rec">REC</Badge>;
  if (kinds.length === 0) return null;
  return <span class="recording-dot" role="img" aria-label="Recording" title={`Recording: ${kinds.join(', ')}`} />;
}

/** Shows an element (where the browser only knows how to with a video: its video) on the whole screen, or no longer. */
export function toggleFullscreen(element: Element | null): void {
  const video = element?.querySelector('video') as (HTMLVideoElement & { webkitEnterFullscreen?: () => void }) | null;
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (element?.requestFullscreen) element.requestFullscreen().catch(() => undefined);
  else video?.webkitEnterFullscreen?.();
}
