import { appliance, type BackupView } from '../../../api/appliance';
import { toast } from '../../../app/toasts';
import { Button } from '../../../ui/Button';
import { Dialog } from '../../../ui/Dialog';
import { ProblemNotice } from '../../../ui/Notice';
import { useTask } from '../../../ui/useTask';

interface DeleteBackupProps {
  backup: BackupView;
  title: string;
  onDeleted: () => void;
  onClose: () => void;
}

/** Forgets a backup that the recorder has kept. */
export function DeleteBackupDialog({ backup, title, onDeleted, onClose }: DeleteBackupProps) {
  const { busy, problem, run } = useTask();
  const remove = async () => {
    const done = await run(async () => void (await appliance.deleteBackup(backup.id)));
    if (!done) return;
    onDeleted();
    onClose();
    toast('The backup is deleted');
  };
  return (
    <Dialog title={`Delete the backup of ${title}?`} onClose={onClose}>
      <p>Copies that were downloaded stay. This cannot be undone.</p>
      {problem && <ProblemNotice problem={problem} />}
      <div class="button-row end">
        <Button onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button kind="danger" icon="trash" busy={busy} onClick={() => void remove()}>
          Delete backup
        </Button>
      </div>
    </Dialog>
  );
}
