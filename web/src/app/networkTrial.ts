/** Network settings that hold on trial: they go back by themselves unless somebody who still reaches the page keeps them. */
import { signal } from '@preact/signals';
import { appliance } from '../api/appliance';

/** When the settings of before come back (milliseconds since 1970); undefined while nothing is on trial. */
export const trialEnds_ms = signal<number | undefined>(undefined);

/** Take up what an answer says of a trial: the seconds left, or none. */
export function noteTrial(confirm_within_s: number | null | undefined, now_ms: number = Date.now()): void {
  trialEnds_ms.value = confirm_within_s ? now_ms + confirm_within_s * 1000 : undefined;
}

/** Whether settings are on trial that another page, or this one at another address, has put in force. */
export async function lookForTrial(): Promise<void> {
  noteTrial((await appliance.network()).confirm_within_s);
}

/** Keep the settings; throws a ProblemError. */
export async function keepNetwork(): Promise<void> {
  await appliance.confirmNetwork();
  trialEnds_ms.value = undefined;
}
