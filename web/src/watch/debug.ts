import { signal } from '@preact/signals';

/** Whether figures about the streams are shown over the pictures; `d` toggles it. */
export const debugging = signal(false);

/** Toggles on `d` anywhere but in a text field; gives what stops listening. */
export function listenForDebug(): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'd' && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) {
      debugging.value = !debugging.value;
    }
  };
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}

/** Whether a key goes into a text field or a list of choices. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}
