import type { ComponentChildren, HTMLAttributes, TargetedMouseEvent } from 'preact';
import { Icon, type IconName } from './Icon';

export interface ButtonProps extends Omit<HTMLAttributes<HTMLButtonElement>, 'icon' | 'onClick' | 'role'> {
  children?: ComponentChildren;
  /** primary: the one thing to do here; danger: what cannot be undone. */
  kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  icon?: IconName;
  /** Shows that the work goes on; the button keeps its focus and ignores clicks. */
  busy?: boolean;
  type?: 'button' | 'submit';
  disabled?: boolean;
  small?: boolean;
  onClick?: (event: TargetedMouseEvent<HTMLButtonElement>) => void;
}

export function Button(props: ButtonProps) {
  const { kind = 'plain', icon, busy = false, type = 'button', small = false, children, onClick, ...rest } = props;
  const iconOnly = children === undefined;
  const classes = ['button', kind, small && 'small', iconOnly && 'icon-only', rest.class].filter(Boolean).join(' ');
  const guard = (event: TargetedMouseEvent<HTMLButtonElement>) => {
    if (busy) event.preventDefault();
    else onClick?.(event);
  };
  return (
    <button
      {...rest}
      type={type}
      class={classes}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={guard}
    >
      {busy ? <span class="spinner" /> : icon && <Icon name={icon} size={small ? 16 : 18} />}
      {children}
    </button>
  );
}
