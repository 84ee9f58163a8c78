import { useComputed } from '@preact/signals';
import type { Player } from '../media/player';
import { clockText, type Zone } from '../timeline/zone';

/** The time at which the picture on the screen was taken, in the reader's zone. */
export function WallClock({ player, zone }: { player: Player; zone: Zone }) {
  const second = useComputed(() => {
    const shownUs = player.shownUs.value;
    return shownUs === null ? null : Math.floor(shownUs / 1e6);
  });
  if (second.value === null) return <p class="wall-clock muted">–:–:–</p>;
  const time = new Date(second.value * 1000);
  const clock = zone.clock(second.value * 1e6);
  const day = time.toLocaleDateString(undefined, {
    timeZone: zone.name,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  });
  return (
    <p class="wall-clock">
      <time dateTime={time.toISOString()} title={zone.name}>
        <strong>{clockText(clock)}</strong> <span class="muted">{day}</span>
      </time>
    </p>
  );
}
