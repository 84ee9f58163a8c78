/** Who uses this page, and whether the recorder has been set up at all. */
import { signal } from '@preact/signals';
import { Backoff } from '../api/backoff';
import { api, setCsrf, whenSignedOut } from '../api/client';
import { startEvents, stopEvents } from '../api/events';
import type { Problem, Session } from '../api/model';
import { ProblemError, toProblem } from '../api/problem';
import { noteDataProblem } from './dataProblem';

export type Phase = 'starting' | 'setup' | 'sign-in' | 'ready';

export const phase = signal<Phase>('starting');
export const session = signal<Session | undefined>(undefined);
/** Why the page cannot start yet; it keeps trying. */
export const startProblem = signal<Problem | undefined>(undefined);

/** Find out where the recorder and this browser stand; call once. */
export async function startSession(): Promise<void> {
  whenSignedOut(() => leave());
  const backoff = new Backoff(500, 5000);
  while (!(await tryStart())) await new Promise((resolve) => setTimeout(resolve, backoff.next()));
}

async function tryStart(): Promise<boolean> {
  try {
    const setup = await api.get('/api/v1/setup');
    noteDataProblem(setup.data_problem);
    if (setup.needed) phase.value = 'setup';
    else enter(await api.get('/api/v1/session'));
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.status !== 401) {
      startProblem.value = toProblem(error);
      return false;
    }
    phase.value = 'sign-in';
  }
  startProblem.value = undefined;
  return true;
}

/** Sign in; throws a ProblemError. */
export async function signIn(username: string, password: string): Promise<void> {
  enter(await api.post('/api/v1/session', { body: { username, password } }));
}

/** Make the first administrator and sign in as them; throws a ProblemError. */
export async function setUp(code: string, username: string, password: string): Promise<void> {
  await api.post('/api/v1/setup', { body: { code, username, password } });
  await signIn(username, password);
}

/** End the session here and on the recorder; throws a ProblemError when the recorder could not be told. */
export async function signOut(): Promise<void> {
  await api.delete('/api/v1/session');
  leave();
}

function enter(known: Session): void {
  setCsrf(known.csrf);
  session.value = known;
  phase.value = 'ready';
  startEvents();
}

function leave(): void {
  setCsrf('');
  session.value = undefined;
  phase.value = 'sign-in';
  stopEvents();
}

/** Whether the signed-in person may do what needs this role. */
export function may(role: 'operator' | 'administrator'): boolean {
  const mine = session.value?.role;
  return mine === 'administrator' || (role === 'operator' && mine === 'operator');
}
