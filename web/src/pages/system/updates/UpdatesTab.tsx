import { appliance, type UpdatesView } from '../../../api/appliance';
import { NOT_HEALTHY, onTrial } from '../../../app/restart/outcome';
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
  const { value, problem, reload } = useLive((signal) => appliance.updates(signal), {
    every_ms: (known) => (known && isBusy(known) ? BUSY_MS : CALM_MS),
    events: EVENTS,
  });
  if (!value) return problem ? <ProblemNotice problem={problem} /> : <Working>Asking for the versions</Working>;
  const busy = isBusy(value);
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

function isBusy(view: UpdatesView): boolean {
  return sending.value !== undefined || isWorking(view.task.state);
}

function Standing({ view }: { view: UpdatesView }) {
  const { version, slot } = view.running;
  const fellBack = view.task.problem?.code === NOT_HEALTHY;
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
  if (fellBack && view.task.problem) {
    return (
      <Notice tone="warn">
        <p>
          <strong>{view.task.problem.title}.</strong> Settings and recordings are as they were.
        </p>
        <p>
          Make a <a href="#/system/support">support bundle</a> and report it; the next update replaces the version that
          failed.
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
