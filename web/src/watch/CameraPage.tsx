import { useComputed } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { snapshotUrl } from '../api/client';
import { cameras } from '../api/events';
import type { CameraView } from '../api/model';
import { cameraHref, navigate, route } from '../app/router';
import type { Player } from '../media/player';
import { formatTime, parseTime } from '../media/protocol';
import { TimelineController } from '../timeline/controller';
import { causeText } from '../timeline/model';
import { Timeline } from '../timeline/Timeline';
import { EmptyState } from '../ui/EmptyState';
import { duration } from '../ui/format';
import { Icon } from '../ui/Icon';
import { listenForDebug } from './debug';
import { DebugOverlay, ObstacleOverlay, Picture, Still, TranscodeNote } from './Stage';
import { StreamFacts } from './StreamFacts';
import { Recording, toggleFullscreen } from './Tile';
import { listenForTransport, Transport } from './Transport';
import { usePlayer } from './usePlayer';
import { WallClock } from './WallClock';
import './watch.css';

const STILL_WIDTH = 1280;
/** The playhead moves on the timeline this often. */
const PLAYHEAD_US = 250_000;
/** What is this new is not recorded yet. */
const PRESENT_US = 2_000_000;
const GAP_SHOWN_MS = 8_000;

/** One camera: live or any recorded time of it. */
export function CameraPage({ id }: { id: string }) {
  const list = cameras.value;
  useEffect(listenForDebug, []);
  if (list === undefined) return <p class="live-loading working">Looking for the camera…</p>;
  const camera = list.find((each) => each.id === id);
  return camera ? <Watch camera={camera} /> : <Gone />;
}

function Gone() {
  return (
    <EmptyState icon="camera" title="There is no such camera">
      <p>It may have been deleted.</p>
      <a class="button" href="#/">
        All cameras
      </a>
    </EmptyState>
  );
}

/** The time the address asks for, if it does and it is past. */
function askedUs(): number | null {
  const at = route.peek();
  const timeUs = at.name === 'camera' ? parseTime(at.query.get('t')) : null;
  return timeUs !== null && timeUs < Date.now() * 1000 - PRESENT_US ? timeUs : null;
}

function Watch({ camera }: { camera: CameraView }) {
  const video = useRef<HTMLVideoElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const [fromUs] = useState(askedUs);
  const player = usePlayer(camera.id, video, (made) => (fromUs === null ? made.live() : made.play(fromUs, false)));
  const fullscreen = () => toggleFullscreen(stage.current);
  return (
    <div class="watch">
      <header class="watch-head">
        <a class="watch-back" href="#/">
          <Icon name="left" size={18} /> All cameras
        </a>
        <h1>{camera.name}</h1>
      </header>
      <div class="watch-stage stage" ref={stage} data-camera={camera.id}>
        {camera.enabled && fromUs === null && (
          <Still
            key={player ? 'playing' : 'starting'}
            player={player}
            src={snapshotUrl(camera.id, { width: STILL_WIDTH })}
          />
        )}
        <Picture label={`${camera.name}, picture`} videoRef={video} />
        {player && <StageWords camera={camera} player={player} />}
      </div>
      {player && <Controls camera={camera} player={player} onFullscreen={fullscreen} />}
    </div>
  );
}

function StageWords({ camera, player }: { camera: CameraView; player: Player }) {
  return (
    <>
      <ObstacleOverlay camera={camera} player={player} />
      <div class="tile-foot">
        <DebugOverlay player={player} />
        <TranscodeNote player={player} />
        <GapNote player={player} />
        <div class="tile-caption">
          <Recording camera={camera} />
          <span class="watch-mode">{player.mode.value === 'live' ? 'Live' : 'Playback'}</span>
        </div>
      </div>
    </>
  );
}

/** Says for some seconds what playback has jumped over. */
function GapNote({ player }: { player: Player }) {
  const gap = player.gap.value;
  useEffect(() => {
    if (!gap) return undefined;
    const timer = setTimeout(() => {
      player.gap.value = null;
    }, GAP_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [gap, player]);
  if (!gap) return null;
  return (
    <p class="stage-note" role="status">
      Jumped over {duration((gap.toUs - gap.fromUs) / 1e6)} without recording: {causeText(gap.cause)}
    </p>
  );
}

function Controls({ camera, player, onFullscreen }: { camera: CameraView; player: Player; onFullscreen: () => void }) {
  const timeline = useMemo(() => new TimelineController(camera.id, askedUs() ?? Date.now() * 1000), [camera.id]);
  const playhead = useComputed(() => {
    const shownUs = player.shownUs.value;
    return shownUs === null ? null : Math.floor(shownUs / PLAYHEAD_US) * PLAYHEAD_US;
  });
  const playheadUs = playhead.value;
  useEffect(() => {
    if (playheadUs !== null) timeline.follow(playheadUs);
  }, [playheadUs, timeline]);
  useEffect(() => listenForTransport(player, camera, onFullscreen), [player, camera, onFullscreen]);
  const live = () => {
    player.live();
    navigate(cameraHref(camera.id), { replace: true });
  };
  const play = (timeUs: number) => {
    if (timeUs > Date.now() * 1000 - PRESENT_US) {
      live();
      return;
    }
    player.play(timeUs, false);
    navigate(cameraHref(camera.id, formatTime(timeUs)), { replace: true });
  };
  return (
    <div class="watch-controls">
      <div class="watch-bar">
        <WallClock player={player} zone={timeline.zone} />
        <Transport camera={camera} player={player} onLive={live} onFullscreen={onFullscreen} />
      </div>
      <Timeline timeline={timeline} playheadUs={playheadUs} onPlay={play} />
      <StreamFacts camera={camera} player={player} />
    </div>
  );
}
