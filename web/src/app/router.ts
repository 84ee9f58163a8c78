/** Where the reader is: the part of the address after `#`, so that the server needs to know one page only. */
import { computed, signal } from '@preact/signals';

export type Route =
  | { name: 'live' }
  | { name: 'camera'; id: string; query: URLSearchParams }
  | { name: 'cameras' }
  | { name: 'storage' }
  | { name: 'system'; tab: string }
  | { name: 'unknown'; path: string };

/** The route a hash names. */
export function parseHash(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?');
  const [head = '', tail = ''] = path.split('/').map(decodePart);
  if (head === '') return { name: 'live' };
  if (head === 'camera' && tail) return { name: 'camera', id: tail, query: new URLSearchParams(search) };
  if (head === 'cameras' || head === 'storage') return { name: head };
  if (head === 'system') return { name: 'system', tab: tail || 'overview' };
  return { name: 'unknown', path };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The hash of a camera's page, at a time if one is given (RFC 3339). */
export function cameraHref(id: string, time?: string): string {
  return `#/camera/${encodeURIComponent(id)}${time ? `?t=${encodeURIComponent(time)}` : ''}`;
}

const hash = signal(typeof location === 'undefined' ? '' : location.hash);

/** The current route. */
export const route = computed(() => parseHash(hash.value));

/** Follow the address bar; call once. */
export function startRouter(): void {
  hash.value = location.hash;
  addEventListener('hashchange', () => {
    hash.value = location.hash;
  });
}

/** Go to a hash such as `#/cameras`; `replace` leaves no step to go back to. */
export function navigate(href: string, options: { replace?: boolean } = {}): void {
  if (options.replace) {
    history.replaceState(null, '', href);
    hash.value = href;
  } else {
    location.hash = href;
  }
}
