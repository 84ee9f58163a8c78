/** Whether the appliance has the disk it keeps its data on; open to all, since it decides what setting up is worth. */
import { signal } from '@preact/signals';
import type { Problem } from '../api/model';

export const dataProblem = signal<Problem | undefined>(undefined);

/** Take up what the appliance says of its data, wherever it was asked. */
export function noteDataProblem(said: { code: string; title: string; remedy: string } | null | undefined): void {
  dataProblem.value = said ? { status: 503, ...said } : undefined;
}
