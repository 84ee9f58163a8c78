/** What stands between the viewer and a picture, in words: cause and remedy. Pure. */

import type { CameraView } from '../api/model';
import type { PlayerMode, PlayerStatus } from '../media/player';
import type { Problem } from '../media/protocol';

export interface Obstacle {
  readonly title: string;
  readonly remedy: string;
  /** It may pass by itself within moments. */
  readonly passing: boolean;
}

const PAUSED: ReadonlySet<PlayerStatus> = new Set(['playing', 'paused', 'idle']);

export function obstacle(
  camera: CameraView | undefined,
  status: PlayerStatus,
  mode: PlayerMode,
  problem: Problem | null,
): Obstacle | null {
  if (status === 'lost') return { title: 'No contact with the recorder', remedy: 'Trying again…', passing: true };
  if (status === 'failed' && problem) return { ...words(problem), passing: false };
  if (mode === 'playback') return playbackObstacle(status);
  if (camera && !camera.enabled)
    return { title: 'This camera is switched off', remedy: 'An administrator can switch it on.', passing: false };
  const cause = status === 'waiting' ? (problem ?? camera?.state.problem) : null;
  if (cause) return { ...words(cause), passing: false };
  if (status === 'waiting') return { title: 'No picture from the camera', remedy: 'Trying again…', passing: true };
  return PAUSED.has(status) ? null : { title: 'Connecting…', remedy: '', passing: true };
}

function playbackObstacle(status: PlayerStatus): Obstacle | null {
  if (status === 'ended')
    return { title: 'Nothing was recorded after this', remedy: 'Choose another time, or go live.', passing: false };
  return status === 'opening' ? { title: 'Looking up the recording…', remedy: '', passing: true } : null;
}

function words(problem: Problem): { title: string; remedy: string } {
  return { title: problem.title, remedy: problem.remedy };
}
