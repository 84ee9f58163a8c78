import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './Icon';

/** What stands where nothing is yet: what would be here, and how to get it. */
export function EmptyState({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} size={40} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}
