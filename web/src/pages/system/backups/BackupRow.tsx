import { useState } from 'preact/hooks';
import { type BackupView, backupPath } from '../../../api/appliance';
import { Badge } from '../../../ui/Badge';
import { bytes, dateTime } from '../../../ui/format';
import { Icon } from '../../../ui/Icon';
import { Menu } from '../../../ui/Menu';
import { DeleteBackupDialog } from './DeleteBackupDialog';
import { RestoreKeptDialog } from './RestoreDialog';
import { backupFacts, madeAt } from './words';

/** One backup that the recorder keeps, and what may be done with it. */
export function BackupRow({ backup, onChanged }: { backup: BackupView; onChanged: () => void }) {
  const [open, setOpen] = useState<'restore' | 'delete'>();
  const made = madeAt(backup);
  const title = made ? dateTime(made) : backup.id;
  const close = () => setOpen(undefined);
  return (
    <li class="unit-row backup-row">
      <div>
        <div class="camera-title">
          <strong>{title}</strong>
          <State backup={backup} />
        </div>
        <p class="muted small">
          {backupFacts(backup)} · {bytes(backup.size_bytes)}
        </p>
      </div>
      <a class="button small" href={backupPath(backup.id)} download>
        <Icon name="download" size={16} /> Download
        <span class="visually-hidden">the backup of {title}</span>
      </a>
      <Menu
        label={`Actions for the backup of ${title}`}
        icon="more"
        items={[
          { label: 'Restore', icon: 'history', onPick: () => setOpen('restore') },
          { label: 'Delete', icon: 'trash', danger: true, onPick: () => setOpen('delete') },
        ]}
      />
      {open === 'restore' && <RestoreKeptDialog backup={backup} title={title} onClose={close} />}
      {open === 'delete' && <DeleteBackupDialog backup={backup} title={title} onDeleted={onChanged} onClose={close} />}
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
