import { useState } from 'preact/hooks';
import { restoreBackup } from '../../../api/appliance';
import { restartBy } from '../../../app/restart/restart';
import { Button } from '../../../ui/Button';
import { Dialog } from '../../../ui/Dialog';
import { CheckField, PasswordField } from '../../../ui/Field';
import { FileDrop } from '../../../ui/FileDrop';
import { bytes } from '../../../ui/format';
import { Notice, ProblemNotice } from '../../../ui/Notice';
import { useProblemFocus } from '../../../ui/useProblemFocus';
import { about, elsewhere, useTask } from '../../../ui/useTask';

/** Puts the settings of a backup in the place of the present ones. */
export function RestoreDialog({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File>();
  return (
    <Dialog title="Restore from a backup" onClose={onClose}>
      {file ? (
        <Confirm file={file} onOther={() => setFile(undefined)} onClose={onClose} />
      ) : (
        <FileDrop
          what="a backup"
          button="Choose a backup"
          accept=".gz,.sealed,application/gzip,application/octet-stream"
          onFile={setFile}
        />
      )}
    </Dialog>
  );
}

function Confirm({ file, onOther, onClose }: { file: File; onOther: () => void; onClose: () => void }) {
  const [password, setPassword] = useState('');
  const [sure, setSure] = useState(false);
  const { busy, problem, run } = useTask();
  const form = useProblemFocus(problem);
  const submit = (event: Event) => {
    event.preventDefault();
    if (sure) void run(() => restartBy('restore', () => restoreBackup(file, password)));
  };
  const other = elsewhere(problem, ['password']);
  return (
    <form class="form" ref={form} onSubmit={submit}>
      <p>
        <strong>{file.name}</strong>, {bytes(file.size)}{' '}
        <Button small kind="quiet" onClick={onOther}>
          Choose another
        </Button>
      </p>
      <PasswordField
        label="Password of the backup"
        value={password}
        onValue={setPassword}
        problem={about(problem, 'password')}
        hint="Empty where it was made without one."
        autofocus
        autocomplete="current-password"
      />
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
