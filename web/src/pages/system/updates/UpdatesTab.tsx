import { appliance, type UpdatesView } from '../../../api/appliance';
import { onTrial } from '../../../app/restart/outcome';
import { EmptyState } from '../../../ui/EmptyState';
import { Notice, ProblemNotice } from '../../../ui/Notice';
import { Working } from '../../../ui/Progress';
import { useLive } from '../../../ui/useLive';
import { GoingCard } from './GoingCard';
import { InstallCard, Refusal } from './InstallCard';
import { ReadyCard } from './ReadyCard';
import { Slots } from './Slots';
import { SourceCard } from './SourceCard';
import { sending } from './sending';
import { isWorking } from './words';

const EVENTS = 'updates/';
const BUSY_MS = 1000;
const CALM_MS = 10_000;

/** Which version runs, how to get a newer one, and how far that is. */
export function UpdatesTab() {
  const { value, problem, reload } = useUpdates();
  if (!value) return problem ? <ProblemNotice problem={problem} /> : <Working>Asking for the versions</Working>;
  const busy = sending.value !== undefined || isWorking(value.task.state);
  const takesFile = !busy && value.slots.length > 0 && value.task.state !== 'restart-needed';
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      {value.task.state === 'restart-needed' ? <ReadyCard view={value} /> : <Standing view={value} />}
      {!busy && <Refusal view={value} />}
      {busy && <GoingCard view={value} onChanged={reload} />}
      {value.slots.length > 0 ? <Slots view={value} /> : <NoSlots />}
      {takesFile && <InstallCard onChanged={reload} />}
      <SourceCard key={`${value.source.url} ${value.source.automatic}`} view={value} onChanged={reload} />
    </>
  );
}

function useUpdates() {
  const busy = sending.value !== undefined;
  const first = useLive((signal) => appliance.updates(signal), { every_ms: busy ? BUSY_MS : pace, events: EVENTS });
  pace = first.value && isWorking(first.value.task.state) ? BUSY_MS : CALM_MS;
  return first;
}

/** How often the state is asked for, as the last answer suggests: events make it quicker where they reach this page. */
let pace = CALM_MS;

function Standing({ view }: { view: UpdatesView }) {
  const { version, slot } = view.running;
  const failed = view.slots.find((each) => each.state === 'bad' && each.name !== slot);
  if (onTrial(view)) {
    return (
      <Notice tone="warn">
        <p>
          <strong>Gatehouse {version} runs on trial.</strong> It stays once every unit has been well for a while. If it
          does not become well, the appliance starts the version of before by itself.
        </p>
      </Notice>
    );
  }
  if (failed) {
    return (
      <Notice tone="warn">
        <p>
          <strong>
            Gatehouse {version} runs, because {failed.version ?? 'the other version'} did not become well.
          </strong>{' '}
          It was started from slot {failed.name.toUpperCase()} and given up by itself. Make a{' '}
          <a href="#/system/support">support bundle</a> and report it; the next update replaces it.
        </p>
      </Notice>
    );
  }
  return (
    <Notice tone="ok">
      <p>
        <strong>Gatehouse {version} runs</strong>
        {slot && <> from slot {slot.toUpperCase()}</>}.
        {view.floor && <> Versions before {view.floor} are not taken: they would bring back faults that were mended.</>}
      </p>
    </Notice>
  );
}

function NoSlots() {
  return (
    <EmptyState icon="system" title="This recorder has no slots">
      <p class="muted">
        It runs from a source tree, not from a Gatehouse image; it is updated where it was installed from. An appliance
        shows here which version runs, which is in reserve, and installs updates.
      </p>
    </EmptyState>
  );
}
