import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import { Player } from '../media/player';
import { mediaSocket } from '../media/socket';
import { attend } from './attention';

/** A player for one camera in a video element, from when the element is there until it goes. */
export function usePlayer(
  camera: string,
  video: RefObject<HTMLVideoElement | null>,
  begin: (player: Player) => void,
): Player | null {
  const [player, setPlayer] = useState<Player | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `begin` and the ref's element belong to the camera
  useLayoutEffect(() => {
    if (!video.current) return;
    const made = new Player(mediaSocket(), camera, video.current);
    const inattend = attend(made, video.current);
    setPlayer(made);
    begin(made);
    return () => {
      inattend();
      made.stop();
    };
  }, [camera]);
  return player;
}
