/** A camera as it is being typed: what the form holds, and what it sends. Pure. */
import type { CameraView, ManualRecording, Source, Transport } from '../../api/model';

export interface Draft {
  name: string;
  url: string;
  username: string;
  /** Empty: none for a new camera, the stored one for a known one. */
  password: string;
  transport: Transport;
  verifyTls: boolean;
  continuous: boolean;
  manual: ManualRecording;
}

export const EMPTY: Draft = {
  name: '',
  url: '',
  username: '',
  password: '',
  transport: 'auto',
  verifyTls: true,
  continuous: true,
  manual: { prebuffer_s: 5, postbuffer_s: 5, max_duration_s: 300 },
};

/** The form for a known camera. */
export function draftOf(camera: CameraView): Draft {
  return {
    name: camera.name,
    url: camera.source.url,
    username: camera.source.username,
    password: '',
    transport: camera.source.transport,
    verifyTls: camera.source.verify_tls,
    continuous: camera.recording.continuous,
    manual: camera.recording.manual,
  };
}

/** The source as the API takes it. */
export function sourceOf(draft: Draft): Source {
  const source = {
    url: draft.url.trim(),
    username: draft.username,
    transport: draft.transport,
    verify_tls: draft.verifyTls,
  };
  return draft.password ? { ...source, password: draft.password } : source;
}

/** The body that adds the camera; without a name it is called after its address. */
export function additionOf(draft: Draft) {
  return {
    name: draft.name.trim() || nameFrom(draft.url),
    source: sourceOf(draft),
    recording: { continuous: draft.continuous, manual: draft.manual },
  };
}

/** The merge patch (RFC 7396) that turns a known camera into the draft. A password left empty stays as it is. */
export function patchOf(draft: Draft) {
  return {
    name: draft.name.trim(),
    source: sourceOf(draft),
    recording: { continuous: draft.continuous, manual: draft.manual },
  };
}

/** A name from an address: the host, or a file's name. */
export function nameFrom(url: string): string {
  const file = /^file:(.+?)(\.\w+)?$/.exec(url.trim());
  if (file?.[1]) return file[1];
  return /^[a-z]+:\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/?]+)/i.exec(url.trim())?.[1] ?? 'Camera';
}

/** A user name and password found inside the address, moved to their own fields: they never stay in an address. */
export function withoutCredentials(draft: Draft): Draft {
  const found = /^([a-z]+:\/\/)([^@/]*)@(.*)$/i.exec(draft.url.trim());
  if (!found) return draft;
  const [username = '', ...password] = (found[2] ?? '').split(':');
  return {
    ...draft,
    url: `${found[1]}${found[3]}`,
    username: decode(username) || draft.username,
    password: decode(password.join(':')) || draft.password,
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Whether the address is one of an encrypted connection. */
export function isTls(url: string): boolean {
  return /^(rtsps|https):/i.test(url.trim());
}

/** Whether the address is an RTSP one, where the transport can be chosen. */
export function isRtsp(url: string): boolean {
  return /^rtsps?:/i.test(url.trim());
}
