/** What the recorder says as it happens: the cameras and their states, kept live over one socket. */
import { signal } from '@preact/signals';
import { Backoff } from './backoff';
import { api, socketUrl } from './client';
import { type CameraState, type CameraView, cameraFrom } from './model';

export type Connection = 'connecting' | 'open' | 'lost';

/** Every configured camera with its newest state, in the recorder's order; undefined until first loaded. */
export const cameras = signal<readonly CameraView[] | undefined>(undefined);

/** Whether the recorder answers. */
export const connection = signal<Connection>('connecting');

const listeners = new Set<(type: string) => void>();

/** Hear of every event by its type, "updates/changed"; returns how to stop. */
export function onEvent(listener: (type: string) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const SETTLE_MS = 100;
let socket: WebSocket | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let due = false;
let wanted = false;
const backoff = new Backoff(500, 10_000);

/** Keep listening until stopEvents; reconnects by itself. */
export function startEvents(): void {
  if (wanted) return;
  wanted = true;
  void refreshCameras().catch(() => undefined);
  connect();
}

/** Close the socket and forget what was heard (sign-out). */
export function stopEvents(): void {
  wanted = false;
  clearTimeout(timer);
  socket?.close();
  socket = undefined;
  cameras.value = undefined;
  connection.value = 'connecting';
}

/** Fetch the camera list anew; throws a ProblemError. */
export async function refreshCameras(): Promise<void> {
  const answer = await api.get('/api/v1/cameras');
  cameras.value = answer.cameras.map(cameraFrom);
}

/** Fetch it shortly, once for however many reasons come together. */
function refreshSoon(): void {
  if (due) return;
  due = true;
  setTimeout(() => {
    due = false;
    if (wanted) void refreshCameras().catch(() => undefined); // the next event or connection asks again
  }, SETTLE_MS);
}

/** Replace or add one camera as an API answer gave it. */
export function putCamera(answer: Parameters<typeof cameraFrom>[0]): void {
  const camera = cameraFrom(answer);
  const list = cameras.value ?? [];
  const known = list.some((each) => each.id === camera.id);
  cameras.value = known ? list.map((each) => (each.id === camera.id ? camera : each)) : [...list, camera];
}

/** Take a deleted camera off the list. */
export function dropCamera(id: string): void {
  cameras.value = cameras.value?.filter((each) => each.id !== id);
}

function connect(): void {
  const opened = new WebSocket(socketUrl('/api/v1/events'));
  socket = opened;
  opened.onopen = () => void settle(opened);
  opened.onmessage = (message) => receive(message.data);
  opened.onclose = () => {
    if (socket === opened) retry();
  };
}

async function settle(opened: WebSocket): Promise<void> {
  try {
    await refreshCameras();
    backoff.reset();
    connection.value = 'open';
  } catch {
    opened.close();
  }
}

function retry(): void {
  socket = undefined;
  if (!wanted) return;
  connection.value = 'lost';
  // An expired session also closes the socket; this request finds out, and its 401 leads to sign-in.
  void refreshCameras().catch(() => undefined);
  timer = setTimeout(connect, backoff.next());
}

function receive(data: unknown): void {
  const message = parse(data);
  if (message?.op === 'state' && message.camera) applyState(message.camera, message.state ?? null);
  else if (message?.op === 'event' && message.type) tell(message.type);
}

function tell(type: string): void {
  if (type.startsWith('config/')) refreshSoon();
  for (const listener of listeners) listener(type);
}

interface EventMessage {
  op: string;
  camera?: string;
  state?: CameraState | null;
  type?: string;
}

function parse(data: unknown): EventMessage | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    return JSON.parse(data) as EventMessage;
  } catch {
    return undefined;
  }
}

function applyState(id: string, state: CameraState | null): void {
  const list = cameras.value;
  if (!list) return;
  if (!state) {
    dropCamera(id);
  } else if (list.some((camera) => camera.id === id)) {
    cameras.value = list.map((camera) => (camera.id === id ? { ...camera, state } : camera));
  } else {
    refreshSoon(); // added elsewhere
  }
}
