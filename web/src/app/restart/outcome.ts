/** Whether the version a restart was to start does run. Pure but for what this tab remembers. */
import type { UpdatesView } from '../../api/appliance';

/** What was asked for: which version ran, in which slot, and which was to start. */
export interface Wanted {
  from: { version: string; slot: string | null };
  version: string | null;
}

export type Outcome =
  | { kind: 'runs'; version: string; proven: boolean }
  | { kind: 'fell-back'; version: string; wanted: string; why: string | undefined }
  | { kind: 'waiting' };

/** What became of it, seen from what runs now. */
export function outcomeOf(wanted: Wanted, now: UpdatesView): Outcome {
  const { version, slot } = now.running;
  const moved =
    wanted.from.slot !== null && slot !== null ? slot !== wanted.from.slot : version !== wanted.from.version;
  if (moved) return { kind: 'runs', version, proven: !onTrial(now) };
  if (now.task.state === 'restart-needed') return { kind: 'waiting' };
  return { kind: 'fell-back', version, wanted: wanted.version ?? 'The new version', why: reason(now) };
}

/** Whether the running version still has to show that it is well. */
export function onTrial(now: UpdatesView): boolean {
  const mine = now.slots.find((slot) => slot.name === now.running.slot);
  return mine?.state === 'trial';
}

/** The code of "it was started and did not become well", which the outcome itself says. */
export const NOT_HEALTHY = 'update-not-healthy';

function reason(now: UpdatesView): string | undefined {
  const problem = now.task.problem;
  return problem && problem.code !== NOT_HEALTHY ? problem.title : undefined;
}

const KEY = 'gatehouse.update';

/** Remember in this tab what is to start, across the page's own reload. */
export function rememberWanted(wanted: Wanted | undefined): void {
  try {
    if (wanted) sessionStorage.setItem(KEY, JSON.stringify(wanted));
    else sessionStorage.removeItem(KEY);
  } catch {
    // storage may be forbidden: the slots still show what runs
  }
}

/** What was to start, if this tab asked for it. */
export function rememberedWanted(): Wanted | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Wanted | null) ?? undefined;
  } catch {
    return undefined;
  }
}
