import { useEffect, useState } from 'preact/hooks';
import { snapshotUrl } from '../../api/client';

const WIDTH = 320;

/** An object URL of a camera's newest picture, fetched anew at every turn; undefined without a camera or a picture. */
export function useSnapshot(camera: string | undefined, turn: number): string | undefined {
  const [picture, setPicture] = useState<string>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new turn asks for a new picture
  useEffect(() => {
    if (!camera) {
      setPicture(undefined);
      return;
    }
    const asking = new AbortController();
    load(camera, asking.signal)
      .then(setPicture)
      .catch(() => undefined); // the picture before stays
    return () => asking.abort();
  }, [camera, turn]);
  useEffect(() => () => revoke(picture), [picture]);
  return picture;
}

async function load(camera: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = await fetch(snapshotUrl(camera, { width: WIDTH }), { cache: 'no-store', signal });
  return answer.ok ? URL.createObjectURL(await answer.blob()) : undefined;
}

function revoke(picture: string | undefined): void {
  if (picture) URL.revokeObjectURL(picture);
}
