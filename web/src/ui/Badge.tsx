import type { ComponentChildren } from 'preact';

export type BadgeTone = 'ok' | 'warn' | 'bad' | 'idle' | 'rec';

/** A state in a word, with a dot whose shape differs too, so that colour is not needed to tell. */
export function Badge({ tone, children }: { tone: BadgeTone; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <span class="badge-dot" aria-hidden="true" />
      {children}
    </span>
  );
}
