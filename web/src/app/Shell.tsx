import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { connection } from '../api/events';
import { toProblem } from '../api/problem';
import { Icon, type IconName } from '../ui/Icon';
import { Menu, type MenuItem } from '../ui/Menu';
import { Brand } from './Brand';
import { DataBanner } from './DataBanner';
import { NetworkBanner } from './NetworkBanner';
import { OutcomeBanner } from './OutcomeBanner';
import { type Route, route } from './router';
import { may, session, signOut } from './session';
import { type Theme, theme } from './theme';
import { announce, toast } from './toasts';
import { VersionBanner } from './VersionBanner';

const PLACES: readonly { href: string; text: string; icon: IconName; names: readonly Route['name'][] }[] = [
  { href: '#/', text: 'Live', icon: 'live', names: ['live', 'camera'] },
  { href: '#/cameras', text: 'Cameras', icon: 'camera', names: ['cameras'] },
  { href: '#/storage', text: 'Storage', icon: 'storage', names: ['storage'] },
  { href: '#/system', text: 'System', icon: 'system', names: ['system'] },
];

/** What surrounds every page: the way around, the state of the connection, and whose session it is. */
export function Shell({ children }: { children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  useArrival(main);
  return (
    <>
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <header class="top">
        <Brand />
        <Navigation />
        <UserMenu />
      </header>
      <ConnectionBanner />
      <VersionBanner />
      {may('administrator') && <Banners />}
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

/** What concerns the whole appliance, whatever page is open. */
function Banners() {
  return (
    <>
      <DataBanner />
      <NetworkBanner />
      <OutcomeBanner />
    </>
  );
}

/** On arrival at another page: its title in the tab, and focus on the page, so that a screen reader begins there. */
function useArrival(main: { current: HTMLElement | null }): void {
  const name = route.value.name;
  const first = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new name means another page
  useEffect(() => {
    const heading = main.current?.querySelector('h1')?.textContent ?? 'Live';
    document.title = `${heading} – Gatehouse`;
    if (!first.current) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
      announce(heading);
    }
    first.current = false;
  }, [name, main]);
}

function Navigation() {
  const at = route.value.name;
  return (
    <nav class="places" aria-label="Main">
      {PLACES.map((place) => (
        <a key={place.href} href={place.href} aria-current={place.names.includes(at) ? 'page' : undefined}>
          <Icon name={place.icon} />
          <span>{place.text}</span>
        </a>
      ))}
    </nav>
  );
}

const THEMES: readonly (readonly [Theme, string])[] = [
  ['auto', 'Theme of this device'],
  ['light', 'Light theme'],
  ['dark', 'Dark theme'],
];

function UserMenu() {
  const choices: MenuItem[] = THEMES.map(([value, label]) => ({
    label,
    checked: theme.value === value,
    onPick: () => {
      theme.value = value;
    },
  }));
  const leave: MenuItem = {
    label: 'Sign out',
    icon: 'signout',
    onPick: () => void signOut().catch((error) => toast(toProblem(error).title, 'bad')),
  };
  const who = session.value;
  const head = (
    <>
      <strong>{who?.username}</strong>
      <span class="muted small">{who?.role}</span>
    </>
  );
  return <Menu label="Your session and theme" icon="user" items={[...choices, leave]} head={head} />;
}

function reloadHere(event: Event): void {
  event.preventDefault();
  location.reload();
}

function ConnectionBanner() {
  const lost = connection.value === 'lost';
  return (
    <div class="connection" role="status">
      {lost && (
        <p class="connection-lost">
          <Icon name="warning" size={18} />
          <span>
            The recorder is not answering; trying again. What you see may be out of date. If it stays,{' '}
            <a href="/" onClick={reloadHere}>
              load the page again
            </a>
            : the browser may want to ask about its certificate.
          </span>
        </p>
      )}
    </div>
  );
}
