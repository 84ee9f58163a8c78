/** Files to and from the recorder: progress while one is sent, and answers that become a file of the reader's. */
import { headersFor, refusal } from './client';
import { NO_ANSWER, ProblemError } from './problem';

export interface Sending {
  /** Called with the share that has been sent, 0 to 1. */
  onProgress?: (share: number) => void;
  /** Ends the sending; the promise is then rejected with an AbortError. */
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** Send a file as it is, streamed from the reader's disk; throws a ProblemError with the recorder's reason. */
export function sendFile(path: string, file: Blob, sending: Sending = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of what has been sent
    request.open('POST', path);
    const headers = { ...headersFor('post'), 'Content-Type': 'application/octet-stream', ...sending.headers };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => sending.onProgress?.(event.total > 0 ? event.loaded / event.total : 0);
    request.onerror = () => reject(new ProblemError(NO_ANSWER));
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    request.onload = () => {
      const body = decoded(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(body);
      else reject(refusal(request.status, body, path));
    };
    sending.signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

/** Ask for something that answers with a file, and hand it to the browser as a download; throws a ProblemError. */
export async function saveAnswer(path: string, fallbackName: string, body?: object): Promise<void> {
  const init: RequestInit = { method: 'POST', headers: headersFor('post'), credentials: 'same-origin' };
  if (body) {
    init.headers = { ...headersFor('post'), 'Content-Type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  const answer = await fetch(path, init).catch(() => {
    throw new ProblemError(NO_ANSWER);
  });
  if (!answer.ok) throw refusal(answer.status, decoded(await answer.text()), path);
  saveAs(await answer.blob(), nameFrom(answer.headers.get('Content-Disposition')) ?? fallbackName);
}

/** The file name a Content-Disposition header gives (RFC 6266), if any. */
export function nameFrom(disposition: string | null): string | undefined {
  return disposition?.match(/filename="?([^";]+)"?/)?.[1];
}

function saveAs(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // by then the browser has taken it
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
