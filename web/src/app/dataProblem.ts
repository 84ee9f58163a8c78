/** Whether the appliance has the disk it keeps its data on; open to all, since it decides what setting up is worth. */
import { signal } from '@preact/signals';
import { api } from '../api/client';
import type { Problem } from '../api/model';

export const dataProblem = signal<Problem | undefined>(undefined);

/** Take up what the appliance says of its data, wherever it was asked. */
export function noteDataProblem(said: { code: string; title: string; remedy: string } | null | undefined): void {
  dataProblem.value = said ? { status: 503, ...said } : undefined;
}

/** Ask anew; throws a ProblemError. */
export async function lookAtData(): Promise<void> {
  const setup = await api.get('/api/v1/setup');
  noteDataProblem((setup as { data_problem?: Problem }).data_problem);
}
