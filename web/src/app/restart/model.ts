/** How a restart goes on, told from what the appliance answers meanwhile. Pure. */

export type RestartKind = 'units' | 'machine' | 'update' | 'reset' | 'factory' | 'restore' | 'power-off';

/** asked: it still answers as before. away: it does not answer. starting: it answers anew, but not every unit is there. */
export type Stage = 'asked' | 'away' | 'starting' | 'back';

export interface Restart {
  kind: RestartKind;
  stage: Stage;
  asked_ms: number;
  /** When it was first seen to answer anew. */
  anew_ms?: number;
  /** Since when its api unit ran when it was asked: another time means that it has started anew. */
  before: string | undefined;
}

/** What is open to all and asked again and again: since when the api unit runs, and whether all units do. */
export interface Sign {
  since: string | undefined;
  well: boolean;
}

/** Units that do not all come back keep nobody waiting longer than this. */
const UNITS_MS = 30_000;

/** The restart after one more question; `sign` is undefined where there was no answer. */
export function afterSign(restart: Restart, sign: Sign | undefined, now_ms: number): Restart {
  if (!sign) return restart.stage === 'asked' || restart.stage === 'starting' ? { ...restart, stage: 'away' } : restart;
  const anew = restart.before === undefined ? restart.stage !== 'asked' : sign.since !== restart.before;
  if (!anew) return { ...restart, stage: restart.stage === 'away' ? 'away' : 'asked' };
  const anew_ms = restart.anew_ms ?? now_ms;
  const done = sign.well || now_ms - anew_ms > UNITS_MS;
  return { ...restart, anew_ms, stage: done ? 'back' : 'starting' };
}

/** How long each usually takes at most, in seconds; later than that the page says what to look at. */
export const PATIENCE_S: Record<RestartKind, number> = {
  units: 60,
  machine: 240,
  update: 300,
  reset: 120,
  factory: 300,
  restore: 300,
  'power-off': 60,
};
