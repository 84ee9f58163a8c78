/** The units as the System page names them. Pure. */
import type { UnitView } from '../../../api/appliance';
import type { BadgeTone } from '../../../ui/Badge';

const DUTIES: Record<string, string> = {
  bus: 'Carries events between the units',
  ingest: 'Connects to the cameras and records them',
  api: 'Serves this page and the API',
  updates: 'Receives, checks and installs new versions',
  control: 'Restarts units and the machine when asked',
  health: 'Judges whether a new version is well',
  backup: 'Makes a backup every night',
  console: 'The menu on screen and serial line',
  data: 'Prepares data partition, name and network at the start',
  stick: 'Looks for updates on a USB stick',
  again: 'Starts a unit again after a pause',
  reset: 'Resets users or certificate when asked',
};

/** A unit's short name: "gatehouse-ingest@0.service" is "ingest-0". */
export function shortName(name: string): string {
  return name
    .replace(/^gatehouse-/, '')
    .replace(/\.service$/, '')
    .replace('@', '-');
}

/** What a unit is for; empty where it is not ours. */
export function dutyOf(name: string): string {
  return DUTIES[shortName(name).replace(/-.*$/, '')] ?? '';
}

const STATES: Record<string, { label: string; tone: BadgeTone }> = {
  active: { label: 'Running', tone: 'ok' },
  ok: { label: 'Running', tone: 'ok' },
  activating: { label: 'Starting', tone: 'warn' },
  reloading: { label: 'Starting', tone: 'warn' },
  deactivating: { label: 'Stopping', tone: 'warn' },
  failed: { label: 'Failed', tone: 'bad' },
  down: { label: 'Not running', tone: 'bad' },
  inactive: { label: 'At rest', tone: 'idle' },
};

/** A unit's state in a word. */
export function unitState(state: string): { label: string; tone: BadgeTone } {
  return STATES[state] ?? { label: state, tone: 'warn' };
}

/** Whether something is wrong with a unit, rather than on its way. */
export function isUnwell(unit: UnitView): boolean {
  return unitState(unit.state).tone === 'bad';
}

/** "Restarted 3 times": empty for a unit that never was. */
export function restartWords(count: number): string {
  if (count === 0) return '';
  return count === 1 ? 'restarted once' : `restarted ${count} times`;
}
