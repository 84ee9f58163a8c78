import { useEffect } from 'preact/hooks';
import { appliance, type SystemView } from '../../../api/appliance';
import { noteDataProblem } from '../../../app/dataProblem';
import { may } from '../../../app/session';
import { Badge } from '../../../ui/Badge';
import { bytes, duration } from '../../../ui/format';
import { Notice, ProblemNotice } from '../../../ui/Notice';
import { Meter, Working } from '../../../ui/Progress';
import { useLive } from '../../../ui/useLive';
import { fillTone } from '../../storage/forecast';
import { Units } from './Units';
import { isUnwell } from './units';

const EVERY_MS = 5000;

/** What this appliance is and how it is. */
export function OverviewTab() {
  const { value, problem } = useLive((signal) => appliance.system(signal), { every_ms: EVERY_MS });
  useEffect(() => {
    if (value) noteDataProblem(value.data_problem);
  }, [value]);
  if (!value) return problem ? <ProblemNotice problem={problem} /> : <Working>Asking the appliance</Working>;
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <Wellbeing system={value} />
      <Identity system={value} />
      <Data system={value} />
      <Units units={value.units} />
    </>
  );
}

function Wellbeing({ system }: { system: SystemView }) {
  const unwell = system.units.some(isUnwell);
  if (!unwell) {
    return (
      <Notice tone="ok">
        <p>Every unit is well.</p>
      </Notice>
    );
  }
  return (
    <Notice tone="warn">
      <p>
        <strong>A unit is not well.</strong> It is started again by itself.{' '}
        {may('administrator') ? (
          <>
            If it stays so, restart the units under <a href="#/system/service">Service</a>, and make a{' '}
            <a href="#/system/support">support bundle</a> of what the logs say.
          </>
        ) : (
          'If it stays so, tell an administrator.'
        )}
      </p>
    </Notice>
  );
}

function Identity({ system }: { system: SystemView }) {
  const { identity } = system;
  return (
    <section class="card" aria-labelledby="identity-title">
      <h2 id="identity-title">{system.name || identity.hostname}</h2>
      <dl class="figures wide">
        <Figure name="Version" value={system.version} note={system.slot && `slot ${system.slot.toUpperCase()}`} />
        <Figure name="Serial number" value={identity.serial || '–'} />
        <Figure name="Name on the network" value={identity.mdns_name || identity.hostname} />
        <Figure name="Running for" value={duration(system.uptime_s)} />
        <div>
          <dt>Clock</dt>
          <dd>
            <Clock synchronised={system.time_synchronised} />
          </dd>
        </div>
      </dl>
    </section>
  );
}

function Clock({ synchronised }: { synchronised: boolean | null }) {
  if (synchronised === null) return <Badge tone="idle">Not known</Badge>;
  if (synchronised) return <Badge tone="ok">Follows the time servers</Badge>;
  return <Badge tone="warn">Not synchronised</Badge>;
}

function Figure({ name, value, note }: { name: string; value: string; note?: string | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value} {note && <span class="muted small">{note}</span>}
      </dd>
    </div>
  );
}

function Data({ system }: { system: SystemView }) {
  const { data, data_problem } = system;
  if (!data && !data_problem) return null;
  const used = data ? data.total_bytes - data.free_bytes : 0;
  const share = data && data.total_bytes > 0 ? used / data.total_bytes : 0;
  return (
    <section class="card" aria-labelledby="data-title">
      <h2 id="data-title">Data partition</h2>
      {data_problem && <ProblemNotice problem={data_problem} />}
      {data && (
        <>
          <Meter share={share} label="Data partition: share of the space that is used" tone={fillTone(share)} />
          <dl class="figures">
            <Figure name="Used" value={bytes(used)} />
            <Figure name="Free" value={bytes(data.free_bytes)} />
            <Figure name="In all" value={bytes(data.total_bytes)} />
          </dl>
        </>
      )}
      <p class="muted small">
        Settings, users and recordings without a disk of their own are here. Updates do not touch it.{' '}
        <a href="#/storage">See the volumes</a>.
      </p>
    </section>
  );
}
