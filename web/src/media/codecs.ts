/** Which of the codecs the media socket can carry this browser decodes; the server transcodes the others. */

const PROBES: readonly (readonly [name: string, mime: string])[] = [
  ['avc1', 'video/mp4; codecs="avc1.64001F"'],
  ['hvc1', 'video/mp4; codecs="hvc1.1.6.L93.B0"'],
  ['av01', 'video/mp4; codecs="av01.0.04M.08"'],
  ['mp4a.40.2', 'audio/mp4; codecs="mp4a.40.2"'],
  ['opus', 'audio/mp4; codecs="opus"'],
];

interface MediaSourceClass {
  new (): MediaSource;
  isTypeSupported(type: string): boolean;
}

/** The browser's MediaSource: Safari on phones only has the managed one; null where there is neither. */
export function mediaSourceClass(): MediaSourceClass | null {
  const scope = globalThis as { ManagedMediaSource?: MediaSourceClass; MediaSource?: MediaSourceClass };
  return scope.ManagedMediaSource ?? scope.MediaSource ?? null;
}

let known: readonly string[] | null = null;

export function decodableCodecs(): readonly string[] {
  known ??= probe(mediaSourceClass());
  return known;
}

export function probe(source: Pick<MediaSourceClass, 'isTypeSupported'> | null): readonly string[] {
  return source ? PROBES.filter(([, mime]) => source.isTypeSupported(mime)).map(([name]) => name) : [];
}
