/** A restart of the appliance that was asked for in this page: followed until it is back. */
import { signal } from '@preact/signals';
import { api } from '../../api/client';
import { NO_ANSWER, toProblem } from '../../api/problem';
import { startSession } from '../session';
import { toast } from '../toasts';
import { afterSign, type Restart, type RestartKind, type Sign } from './model';

/** The restart that goes on, if one does; the whole page shows it. */
export const restarting = signal<Restart | undefined>(undefined);

const EVERY_MS = 1500;
const ANSWER_MS = 5000;
/** What was restarted changes what this page is made of, or who may use it: it is loaded anew. */
const RELOADED: readonly RestartKind[] = ['update', 'reset', 'factory', 'restore'];

let turn = 0;

/** Ask for a restart by `ask` and follow it; throws a ProblemError where it is refused. */
export async function restartBy(kind: RestartKind, ask: () => Promise<unknown>): Promise<void> {
  const before = await signOfLife();
  await ask().catch(unlessGone);
  restarting.value = { kind, stage: 'asked', asked_ms: Date.now(), before: before?.since };
  turn += 1;
  void follow(turn);
}

/** It may go away before it has answered: whether it comes back anew is what counts. */
function unlessGone(error: unknown): void {
  if (toProblem(error).code !== NO_ANSWER.code) throw error;
}

/** Stop waiting and show the page again, whatever state the appliance is in. */
export function stopWaiting(): void {
  turn += 1;
  restarting.value = undefined;
}

async function follow(mine: number): Promise<void> {
  while (mine === turn && restarting.value) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    const sign = await signOfLife();
    if (mine !== turn || !restarting.value) return;
    restarting.value = afterSign(restarting.value, sign, Date.now());
    if (restarting.value.stage === 'back') return arrive(restarting.value);
  }
}

function arrive(done: Restart): void {
  if (RELOADED.includes(done.kind)) {
    location.reload();
    return;
  }
  restarting.value = undefined;
  void startSession();
  toast('The recorder is back');
}

async function signOfLife(): Promise<Sign | undefined> {
  try {
    const health = await api.get('/api/v1/health', { signal: AbortSignal.timeout(ANSWER_MS) });
    return { since: health.units['api']?.since, well: health.status === 'ok' };
  } catch {
    return undefined;
  }
}
