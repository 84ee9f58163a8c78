import { useState } from 'preact/hooks';
import { appliance, type BackupsView } from '../../../api/appliance';
import { Button } from '../../../ui/Button';
import { EmptyState } from '../../../ui/EmptyState';
import { dateTime } from '../../../ui/format';
import { Notice, ProblemNotice } from '../../../ui/Notice';
import { Working } from '../../../ui/Progress';
import { useLoaded } from '../../../ui/useLoaded';
import { BackupRow } from './BackupRow';
import { MakeBackupDialog } from './MakeBackupDialog';
import { RestoreFileDialog } from './RestoreDialog';

/** Copies of cameras, users and settings: made by hand or by the timer, taken along, put back. */
export function BackupsTab() {
  const { value, problem, reload } = useLoaded((signal) => appliance.backups(signal));
  const [making, setMaking] = useState(false);
  const [restoring, setRestoring] = useState(false);
  if (!value) return problem ? <ProblemNotice problem={problem} /> : <Working>Looking for backups</Working>;
  const buttons = (
    <div class="button-row">
      <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
        Make a backup
      </Button>
      <Button icon="upload" onClick={() => setRestoring(true)}>
        Restore from a file
      </Button>
    </div>
  );
  return (
    <>
      <LastRestoration view={value} />
      {value.backups.length > 0 ? (
        <>
          {buttons}
          <List view={value} onChanged={reload} />
        </>
      ) : (
        <EmptyState icon="archive" title="No backups yet">
          <p class="muted">
            A backup has the cameras, users and settings, not the recordings. One is made every night; make one now
            before you change much, and keep a copy elsewhere: a disk that fails takes those kept on it along.
          </p>
          {buttons}
        </EmptyState>
      )}
      {making && <MakeBackupDialog onMade={reload} onClose={() => setMaking(false)} />}
      {restoring && <RestoreFileDialog onClose={() => setRestoring(false)} />}
    </>
  );
}

function List({ view, onChanged }: { view: BackupsView; onChanged: () => void }) {
  return (
    <>
      <ul class="plain-list card">
        {view.backups.map((backup) => (
          <BackupRow key={backup.id} backup={backup} onChanged={onChanged} />
        ))}
      </ul>
      <p class="muted small">
        Cameras, users and settings are in them, recordings are not. Of each kind the newest are kept. Download one now
        and then: a disk that fails takes those kept on it along.
      </p>
    </>
  );
}

function LastRestoration({ view }: { view: BackupsView }) {
  const last = view.outcome;
  if (!last) return null;
  if (last.problem) {
    return (
      <Notice tone="bad">
        <p>
          <strong>The backup of {dateTime(last.summary.made)} could not be restored; nothing has changed.</strong>
        </p>
        <p>{last.problem}</p>
      </Notice>
    );
  }
  return (
    <Notice tone="ok">
      <p>
        The backup of {dateTime(last.summary.made)} was restored on {dateTime(last.applied)}.
        {last.kept && ' What was there before is kept as a backup too.'}
      </p>
    </Notice>
  );
}
