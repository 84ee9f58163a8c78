import { useState } from 'preact/hooks';
import { appliance, type BackupView, backupPath } from '../../../api/appliance';
import { Button } from '../../../ui/Button';
import { EmptyState } from '../../../ui/EmptyState';
import { bytes, dateTime } from '../../../ui/format';
import { Icon } from '../../../ui/Icon';
import { ProblemNotice } from '../../../ui/Notice';
import { Working } from '../../../ui/Progress';
import { useLoaded } from '../../../ui/useLoaded';
import { MakeBackupDialog } from './MakeBackupDialog';
import { RestoreDialog } from './RestoreDialog';

/** Copies of the settings: made by hand or by the timer, taken along, put back. */
export function BackupsTab() {
  const { value, problem, reload } = useLoaded((signal) => appliance.backups(signal));
  const [making, setMaking] = useState(false);
  const [restoring, setRestoring] = useState(false);
  if (!value) return problem ? <ProblemNotice problem={problem} /> : <Working>Looking for backups</Working>;
  const make = (
    <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
      Make a backup
    </Button>
  );
  const restore = (
    <Button icon="upload" onClick={() => setRestoring(true)}>
      Restore from a file
    </Button>
  );
  return (
    <>
      {value.backups.length > 0 ? (
        <>
          <div class="button-row">
            {make}
            {restore}
          </div>
          <List backups={value.backups} />
        </>
      ) : (
        <EmptyState icon="archive" title="No backups yet">
          <p class="muted">
            A backup has the cameras, users and settings, not the recordings. Make one before you change much, and keep
            a copy elsewhere: a disk that fails takes those kept on it along.
          </p>
          <div class="button-row">
            {make}
            {restore}
          </div>
        </EmptyState>
      )}
      {making && <MakeBackupDialog onMade={reload} onClose={() => setMaking(false)} />}
      {restoring && <RestoreDialog onClose={() => setRestoring(false)} />}
    </>
  );
}

function List({ backups }: { backups: readonly BackupView[] }) {
  return (
    <>
      <ul class="plain-list card">
        {backups.map((backup) => (
          <li key={backup.id} class="unit-row">
            <div>
              <strong>{dateTime(backup.made)}</strong>
              <p class="muted small">{backup.id}</p>
            </div>
            <span class="muted small">{bytes(backup.size_bytes)}</span>
            <a class="button small" href={backupPath(backup.id)} download>
              <Icon name="download" size={16} /> Download
              <span class="visually-hidden">the backup of {dateTime(backup.made)}</span>
            </a>
          </li>
        ))}
      </ul>
      <p class="muted small">
        Cameras, users and settings are in them, recordings are not. They are encrypted with the password they were made
        with: without it nobody can read them, not even this recorder.
      </p>
    </>
  );
}
