/** How full a volume is and how long its free space lasts. Pure. */
import type { CameraView } from '../../api/model';

/** Bytes a day at the present bit rates of the cameras that record continuously. */
export function bytesPerDay(cameras: readonly CameraView[]): number {
  const kbps = cameras
    .filter((camera) => camera.enabled && camera.recording.continuous)
    .reduce((sum, camera) => sum + (camera.state.video?.kbps ?? 0), 0);
  return (kbps * 1000 * 86_400) / 8;
}

/** Seconds until so much free space is used at a daily rate; undefined while nothing is recorded. */
export function secondsLeft(free_bytes: number, perDay_bytes: number): number | undefined {
  return perDay_bytes > 0 ? (free_bytes / perDay_bytes) * 86_400 : undefined;
}

/** How alarming a volume's filling is. */
export function fillTone(share: number): 'accent' | 'warn' | 'bad' {
  if (share >= 0.97) return 'bad';
  return share >= 0.9 ? 'warn' : 'accent';
}
