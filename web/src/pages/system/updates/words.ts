/** What an update is doing and where the versions are, in words. Pure. */
import type { SlotView, UpdatesView, UpdateTask } from '../../../api/appliance';
import type { BadgeTone } from '../../../ui/Badge';

export type Step = UpdateTask['state'];

/** States in which something goes on by itself: the page asks often, and nothing else may be started. */
export function isWorking(state: Step): boolean {
  return state === 'receiving' || state === 'checking' || state === 'downloading' || state === 'installing';
}

const STEPS: Record<Step, string> = {
  idle: '',
  receiving: 'Receiving the file',
  checking: 'Checking signature and contents',
  downloading: 'Downloading',
  installing: 'Writing to the other slot',
  'restart-needed': 'Ready to start',
  failed: 'Not installed',
};

/** The step in a few words. */
export function stepWords(state: Step): string {
  return STEPS[state];
}

/** Whether it can still be given up: once it is written, the last step is short. */
export function isCancellable(state: Step): boolean {
  return state === 'receiving' || state === 'downloading' || state === 'checking';
}

export interface Progress {
  step: string;
  /** 0 to 1; undefined where nobody knows. */
  share: number | undefined;
  /** Whether this page still sends the file. */
  uploading: boolean;
}

/** How far an update is; `sent` is the share of the file this page has sent, if it sends one. */
export function progressOf(task: UpdateTask, sent: number | undefined): Progress {
  if (sent !== undefined && sent < 1) return { step: 'Sending the file', share: sent, uploading: true };
  const step = isWorking(task.state) && task.state !== 'receiving' ? task.state : 'checking';
  const share = step === task.state && task.percent !== null ? task.percent / 100 : undefined;
  return {
    step: stepWords(sent === undefined && task.state === 'receiving' ? 'receiving' : step),
    share,
    uploading: false,
  };
}

export interface SlotFacts {
  label: string;
  tone: BadgeTone;
  /** What the state means for the person looking at it. */
  about: string;
  runs: boolean;
  next: boolean;
}

/** How a slot is shown. `next`: what the appliance starts when it restarts. */
export function slotFacts(slot: SlotView, view: UpdatesView): SlotFacts {
  const runs = slot.name === view.running.slot;
  const next = slot.name === nextSlot(view);
  const written = !runs && view.task.state === 'installing';
  return { ...(written ? WRITTEN : stateWords(slot, runs)), runs, next };
}

const WRITTEN = {
  label: 'Being written',
  tone: 'warn',
  about: 'The update is written here; the other slot goes on.',
} as const;

function stateWords(slot: SlotView, runs: boolean): { label: string; tone: BadgeTone; about: string } {
  if (slot.state === 'trial')
    return runs
      ? { label: 'On trial', tone: 'warn', about: 'It stays once every unit has been well for a while.' }
      : {
          label: 'To be tried',
          tone: 'warn',
          about: 'Starts on trial; if it does not become well, the other comes back.',
        };
  if (runs) return { label: 'Running', tone: 'ok', about: 'Has shown that it runs well.' };
  switch (slot.state) {
    case 'bad':
      return {
        label: 'Not startable',
        tone: 'bad',
        about: 'It did not become well, or was not written to its end. The next update replaces it.',
      };
    case 'empty':
      return { label: 'Empty', tone: 'idle', about: 'The next update is written here.' };
    default:
      return { label: 'In reserve', tone: 'idle', about: 'Started if the other cannot be.' };
  }
}

/** The slot that starts next; undefined where there are no slots. */
export function nextSlot(view: UpdatesView): 'a' | 'b' | undefined {
  const trial = view.slots.find((slot) => slot.state === 'trial' && slot.tries_left > 0);
  if (trial) return trial.name;
  const running = view.slots.find((slot) => slot.name === view.running.slot);
  return running?.name;
}

/** The version in a slot; that of one which waits for a restart may be known from its installation alone. */
export function versionWords(slot: SlotView, view: UpdatesView): string {
  const waits = view.task.state === 'restart-needed' && slot.name === nextSlot(view);
  const version = slot.version ?? (waits ? view.task.version : null);
  return version ?? (slot.state === 'empty' ? 'No version' : 'Version not known');
}

/** "2 tries left": how often it is still started without having become well. */
export function triesWords(slot: SlotView): string {
  if (slot.state === 'empty') return '';
  if (slot.tries_left === 0) return 'No tries left';
  return slot.tries_left === 1 ? '1 try left' : `${slot.tries_left} tries left`;
}

/** Why a file is surely no bundle, before it is sent; undefined where it may be one. */
export function fileFault(file: { name: string; size: number }): { title: string; remedy: string } | undefined {
  const remedy = 'Choose the .raucb file that came with the version.';
  if (!file.name.toLowerCase().endsWith('.raucb')) return { title: `${file.name} is no update bundle`, remedy };
  if (file.size < 4096)
    return { title: `${file.name} is empty or cut off`, remedy: 'Download it again, then choose it anew.' };
  return undefined;
}
