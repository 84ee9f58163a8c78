/** Short messages after an action: seen in a corner, said by screen readers, gone by themselves. */
import { signal } from '@preact/signals';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';

interface Toast {
  id: number;
  text: string;
  tone: 'ok' | 'bad';
}

const SHOWN_MS = 6000;
const toasts = signal<readonly Toast[]>([]);
const spoken = signal('');
let nextId = 1;

/** Show a message and say it. */
export function toast(text: string, tone: Toast['tone'] = 'ok'): void {
  const id = nextId++;
  toasts.value = [...toasts.value.slice(-2), { id, text, tone }];
  announce(text);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

/** Say something to screen readers only. */
export function announce(text: string): void {
  spoken.value = ''; // the same words twice are said twice
  setTimeout(() => {
    spoken.value = text;
  }, 50);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}

/** The corner they appear in, and the live region that is read out; drawn once. */
export function Toasts() {
  return (
    <>
      <div class="visually-hidden" aria-live="polite" aria-atomic="true">
        {spoken}
      </div>
      <div class="toasts">
        {toasts.value.map((each) => (
          <div key={each.id} class={`toast ${each.tone}`}>
            <Icon name={each.tone === 'ok' ? 'check' : 'warning'} />
            <span>{each.text}</span>
            <Button kind="quiet" small icon="close" aria-label="Dismiss message" onClick={() => dismiss(each.id)} />
          </div>
        ))}
      </div>
    </>
  );
}
