import type { SlotView, UpdatesView } from '../../../api/appliance';
import { Badge } from '../../../ui/Badge';
import { Icon } from '../../../ui/Icon';
import { slotFacts, triesWords, versionWords } from './words';

/** Where the two versions are, which one runs, and which starts next. */
export function Slots({ view }: { view: UpdatesView }) {
  return (
    <section class="card" aria-labelledby="slots-title">
      <h2 id="slots-title">The two slots</h2>
      <ul class="slots">
        {view.slots.map((slot) => (
          <Slot key={slot.name} slot={slot} view={view} />
        ))}
      </ul>
      <p class="muted small">
        An update is written to the slot that does not run; recording goes on meanwhile. Settings and recordings are on
        the data partition and stay.
      </p>
    </section>
  );
}

function Slot({ slot, view }: { slot: SlotView; view: UpdatesView }) {
  const facts = slotFacts(slot, view);
  const letter = slot.name.toUpperCase();
  return (
    <li class={['slot', facts.runs && 'runs', facts.next && 'next'].filter(Boolean).join(' ')}>
      <div class="slot-head">
        <span class="slot-letter" aria-hidden="true">
          {letter}
        </span>
        <div class="slot-words">
          <h3>
            <span class="visually-hidden">Slot {letter}: </span>
            {versionWords(slot, view)}
          </h3>
          <Badge tone={facts.tone}>{facts.label}</Badge>
        </div>
      </div>
      <p class="muted small">{facts.about}</p>
      <p class={slot.state === 'empty' ? 'visually-hidden' : 'slot-foot small'}>
        {facts.next ? (
          <strong class="slot-next">
            <Icon name="power" size={16} /> Starts next
          </strong>
        ) : (
          <span />
        )}
        <Tries slot={slot} />
      </p>
    </li>
  );
}

function Tries({ slot }: { slot: SlotView }) {
  const words = triesWords(slot);
  if (!words) return null;
  return (
    <span class="tries" title="How often the boot loader still starts it without it having become well">
      <span class="tries-dots" aria-hidden="true">
        {Array.from({ length: Math.min(slot.tries_left, 6) }, (_, at) => (
          <i key={at} />
        ))}
      </span>
      {words}
    </span>
  );
}
