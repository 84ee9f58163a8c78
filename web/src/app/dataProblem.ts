/** Whether the appliance has the disk it keeps its data on; open to all, since it decides what setting up is worth. */
import { signal } from '@preact/signals';
import { api } from '../api/client';
import type { Problem } from '../api/model';

export const dataProblem = signal<Problem | undefined>(undefined);

/** Take up what the appliance says of its data, wherever it was asked. */
export function noteDataProblem(said: Problem | null | undefined): void {
  dataProblem.value = said ?? undefined;
}

/** Ask anew; throws a ProblemError. */
export async function lookAtData(): Promise<void> {
  const setup = await api.get('/api/v1/setup');
  noteDataProblem(setup.data_problem);
}
