import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { appliance, type BackupView, restoreBackup } from '../../../api/appliance';
import { restartBy } from '../../../app/restart/restart';
import { Button } from '../../../ui/Button';
import { Dialog } from '../../../ui/Dialog';
import { CheckField, PasswordField } from '../../../ui/Field';
import { FileDrop } from '../../../ui/FileDrop';
import { bytes } from '../../../ui/format';
import { Notice, ProblemNotice } from '../../../ui/Notice';
import { useProblemFocus } from '../../../ui/useProblemFocus';
import { about, elsewhere, useTask } from '../../../ui/useTask';

/** Puts a file's cameras, users and settings in the place of the present ones. */
export function RestoreFileDialog({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File>();
  return (
    <Dialog title="Restore from a file" onClose={onClose}>
      {file ? (
        <Confirm restore={(password) => restoreBackup(file, password)} asksPassword onClose={onClose}>
          <p>
            <strong>{file.name}</strong>, {bytes(file.size)}{' '}
            <Button small kind="quiet" onClick={() => setFile(undefined)}>
              Choose another
            </Button>
          </p>
        </Confirm>
      ) : (
        <FileDrop what="a backup" button="Choose a backup" accept=".gz,.sealed" onFile={setFile} />
      )}
    </Dialog>
  );
}

interface RestoreKeptProps {
  backup: BackupView;
  title: string;
  onClose: () => void;
}

/** The same with a backup that the recorder has kept. */
export function RestoreKeptDialog({ backup, title, onClose }: RestoreKeptProps) {
  return (
    <Dialog title={`Restore ${title}?`} onClose={onClose}>
      <Confirm
        restore={(password) => appliance.restoreKept(backup.id, password || null)}
        asksPassword={backup.sealed}
        onClose={onClose}
      />
    </Dialog>
  );
}

interface ConfirmProps {
  restore: (password: string) => Promise<unknown>;
  asksPassword: boolean;
  onClose: () => void;
  children?: ComponentChildren;
}

function Confirm({ restore, asksPassword, onClose, children }: ConfirmProps) {
  const [password, setPassword] = useState('');
  const [sure, setSure] = useState(false);
  const { busy, problem, run } = useTask();
  const form = useProblemFocus(problem);
  const submit = (event: Event) => {
    event.preventDefault();
    if (sure) void run(() => restartBy('restore', () => restore(password)));
  };
  const other = elsewhere(problem, ['password']);
  return (
    <form class="form" ref={form} onSubmit={submit}>
      {children}
      {asksPassword && (
        <PasswordField
          label="Password of the backup"
          hint="Empty where it was made without one."
          value={password}
          onValue={setPassword}
          problem={about(problem, 'password')}
          autofocus
          autocomplete="current-password"
        />
      )}
      <Notice tone="warn">
        <p>
          The present cameras, users and settings are replaced by those of the backup, and Gatehouse starts again.
          Recordings stay, and a backup of what is there now is made first. Everybody signs in anew, with the passwords
          of then.
        </p>
      </Notice>
      <CheckField label="Replace the present settings" checked={sure} onChecked={setSure} />
      {other && <ProblemNotice problem={other} />}
      <div class="button-row end">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" type="submit" busy={busy} disabled={!sure}>
          {busy ? 'Checking it' : 'Restore'}
        </Button>
      </div>
    </form>
  );
}
