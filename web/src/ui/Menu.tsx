import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button } from './Button';
import { Icon, type IconName } from './Icon';

export interface MenuItem {
  label: string;
  icon?: IconName;
  danger?: boolean;
  /** Marks one of several choices as the present one. */
  checked?: boolean;
  onPick: () => void;
}

interface MenuProps {
  label: string;
  icon: IconName;
  items: readonly MenuItem[];
  /** Words on the button besides the icon. */
  text?: string;
  /** A line above the items. */
  head?: ComponentChildren;
}

/** A button with a list of actions (WAI-ARIA menu button pattern: arrows, Home, End, Escape). */
export function Menu({ label, icon, items, text, head }: MenuProps) {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const id = useId();
  const [upward, setUpward] = useState(false);
  useLayoutEffect(() => {
    if (open) setUpward(lacksRoom(place.current));
  }, [open]);
  useEffect(() => {
    if (open) entries(place.current)[0]?.focus();
  }, [open]);
  const close = () => {
    setOpen(false);
    place.current?.querySelector('button')?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && open) {
      event.stopPropagation();
      event.preventDefault();
      close();
    } else if (open) moveFocus(event, entries(place.current));
  };
  const onFocusOut = (event: FocusEvent) => {
    if (!place.current?.contains(event.relatedTarget as Node | null)) setOpen(false);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the frame only watches keys and focus of the controls inside it
    <div class="menu" ref={place} onKeyDown={onKeyDown} onFocusOut={onFocusOut}>
      <Button
        kind="quiet"
        icon={icon}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {text && <span class="menu-text">{text}</span>}
      </Button>
      {open && (
        <div class={upward ? 'menu-list upward' : 'menu-list'} id={id}>
          {head && <div class="menu-head">{head}</div>}
          <div role="menu" aria-label={label}>
            {items.map((item) => (
              <Entry
                key={item.label}
                item={item}
                onPick={() => {
                  close();
                  item.onPick();
                }}
              />
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

function Entry({ item, onPick }: { item: MenuItem; onPick: () => void }) {
  const choice = item.checked !== undefined;
  return (
    <button
      type="button"
      {...(choice ? { role: 'menuitemradio', 'aria-checked': item.checked } : { role: 'menuitem' })}
      tabIndex={-1}
      class={item.danger ? 'menu-item danger' : 'menu-item'}
      onClick={onPick}
    >
      {choice ? (
        <span class="menu-mark">{item.checked && <Icon name="check" size={16} />}</span>
      ) : (
        item.icon && <Icon name={item.icon} size={18} />
      )}
      {item.label}
    </button>
  );
}

/** Whether the list would reach below the window (or the phone's bar) while there is more room above. */
function lacksRoom(place: HTMLElement | null): boolean {
  const button = place?.querySelector('button')?.getBoundingClientRect();
  const list = place?.querySelector('.menu-list');
  if (!button || !list) return false;
  const bar = Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingBottom) || 0;
  const below = innerHeight - bar - button.bottom;
  return below < list.clientHeight + 8 && button.top > below;
}

function entries(place: HTMLElement | null): HTMLElement[] {
  return [...(place?.querySelectorAll<HTMLElement>('.menu-item') ?? [])];
}

function moveFocus(event: KeyboardEvent, items: HTMLElement[]): void {
  const at = items.indexOf(document.activeElement as HTMLElement);
  const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
  const to = steps[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items.at(to % items.length)?.focus();
}
