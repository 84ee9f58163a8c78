import { useState } from 'preact/hooks';
import { appliance, type BackupView, backupPath } from '../../../api/appliance';
import { Badge } from '../../../ui/Badge';
import { Button } from '../../../ui/Button';
import { EmptyState } from '../../../ui/EmptyState';
import { bytes, dateTime } from '../../../ui/format';
import { Icon } from '../../../ui/Icon';
import { ProblemNotice } from '../../../ui/Notice';
import { Working } from '../../../ui/Progress';
import { useLoaded } from '../../../ui/useLoaded';
import { MakeBackupDialog } from './MakeBackupDialog';
import { RestoreDialog } from './RestoreDialog';
import { backupFacts, madeAt } from './words';

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
      {value.backups.length > 0 ? (
        <>
          {buttons}
          <List backups={value.backups} />
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
      {restoring && <RestoreDialog onClose={() => setRestoring(false)} />}
    </>
  );
}

function List({ backups }: { backups: readonly BackupView[] }) {
  return (
    <>
      <ul class="plain-list card">
        {backups.map((backup) => (
          <Row key={backup.id} backup={backup} />
        ))}
      </ul>
      <p class="muted small">
        Cameras, users and settings are in them, recordings are not. Of each kind the newest are kept. Download one now
        and then: a disk that fails takes those kept on it along.
      </p>
    </>
  );
}

function Row({ backup }: { backup: BackupView }) {
  const made = madeAt(backup);
  const title = made ? dateTime(made) : backup.id;
  return (
    <li class="unit-row">
      <div>
        <div class="camera-title">
          <strong>{title}</strong>
          <State backup={backup} />
        </div>
        <p class="muted small">{backupFacts(backup)}</p>
      </div>
      <span class="muted small">{bytes(backup.size_bytes)}</span>
      <a class="button small" href={backupPath(backup.id)} download>
        <Icon name="download" size={16} /> Download
        <span class="visually-hidden">the backup of {title}</span>
      </a>
    </li>
  );
}

function State({ backup }: { backup: BackupView }) {
  if (!backup.summary) return <Badge tone="bad">Cannot be read</Badge>;
  return (
    <>
      {backup.sealed && <Badge tone="ok">Encrypted</Badge>}
      {backup.summary.damaged.length > 0 && <Badge tone="warn">Partly damaged</Badge>}
    </>
  );
}
