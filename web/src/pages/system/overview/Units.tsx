import type { UnitView } from '../../../api/appliance';
import { Badge } from '../../../ui/Badge';
import { bytes, dateTime, duration } from '../../../ui/format';
import { dutyOf, restartWords, shortName, unitState } from './units';

/** Every process of the recorder: whether it runs, for how long, how often it had to be started again. */
export function Units({ units }: { units: readonly UnitView[] }) {
  return (
    <section class="units" aria-labelledby="units-title">
      <h2 id="units-title">Units</h2>
      <ul class="plain-list card">
        {units.map((unit) => (
          <Unit key={unit.name} unit={unit} />
        ))}
      </ul>
    </section>
  );
}

function Unit({ unit }: { unit: UnitView }) {
  const { label, tone } = unitState(unit.state);
  const facts = [dutyOf(unit.name), restartWords(unit.restarts), unit.memory_bytes && bytes(unit.memory_bytes)];
  return (
    <li class="unit-row">
      <div>
        <strong>{shortName(unit.name)}</strong>
        <p class="muted small">{facts.filter(Boolean).join(' · ')}</p>
      </div>
      <Badge tone={tone}>{label}</Badge>
      <span class="muted small unit-since" title={unit.since ? dateTime(unit.since) : undefined}>
        {unit.since ? `for ${duration((Date.now() - Date.parse(unit.since)) / 1000)}` : ''}
      </span>
    </li>
  );
}
