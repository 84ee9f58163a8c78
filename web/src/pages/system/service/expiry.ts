/** How near the end of a certificate is. Pure. */
import type { BadgeTone } from '../../../ui/Badge';
import { duration } from '../../../ui/format';

const RENEWED_BEFORE_S = 30 * 86_400;

/** The time left in words; one that should have been renewed by itself is remarked upon. */
export function expiry(not_after: string, now_ms: number): { label: string; tone: BadgeTone } {
  const left_s = (Date.parse(not_after) - now_ms) / 1000;
  if (left_s <= 0) return { label: 'Expired', tone: 'bad' };
  const days = Math.floor(left_s / 86_400);
  const label = days >= 2 ? `${days} days left` : `${duration(left_s)} left`;
  return { label, tone: left_s < RENEWED_BEFORE_S / 2 ? 'warn' : 'ok' };
}
