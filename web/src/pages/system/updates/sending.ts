/** The bundle this page sends; it goes on while other parts of the page are looked at. */
import { signal } from '@preact/signals';
import type { Problem } from '../../../api/model';
import { toProblem } from '../../../api/problem';
import { sendFile } from '../../../api/transfer';
import { fileFault } from './words';

export interface Sending {
  name: string;
  bytes: number;
  /** 0 to 1; at 1 the recorder is busy with it. */
  share: number;
}

export const sending = signal<Sending | undefined>(undefined);
export const sendProblem = signal<Problem | undefined>(undefined);
let stop: AbortController | undefined;

/** Send a bundle to be checked and installed; the outcome is in `sendProblem` and in the state of the updates. */
export async function sendBundle(file: File): Promise<void> {
  if (sending.value) return;
  const fault = fileFault(file);
  sendProblem.value = fault ? { code: 'no-bundle', status: 0, ...fault } : undefined;
  if (fault) return;
  stop = new AbortController();
  sending.value = { name: file.name, bytes: file.size, share: 0 };
  try {
    await sendFile('/api/v1/updates/bundle', file, { signal: stop.signal, onProgress: note });
  } catch (error) {
    if (!stop.signal.aborted) sendProblem.value = toProblem(error);
  } finally {
    sending.value = undefined;
  }
}

/** Stop sending; what has arrived is thrown away by the recorder. */
export function stopSending(): void {
  stop?.abort();
}

function note(share: number): void {
  if (sending.value) sending.value = { ...sending.value, share };
}
