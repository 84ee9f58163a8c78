/** Light, dark, or as the system says; remembered in this browser. */
import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
const KEY = 'gatehouse.theme';

export const theme = signal<Theme>('auto');

/** Take up the remembered choice and apply each new one; call once. */
export function startTheme(): void {
  theme.value = remembered();
  effect(() => {
    const root = document.documentElement;
    if (theme.value === 'auto') delete root.dataset['theme'];
    else root.dataset['theme'] = theme.value;
    remember(theme.value);
  });
}

function remembered(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'auto';
  } catch {
    return 'auto'; // storage may be forbidden
  }
}

function remember(choice: Theme): void {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // it holds until the page is closed
  }
}
