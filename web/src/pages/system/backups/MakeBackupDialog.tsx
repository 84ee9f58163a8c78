import { useState } from 'preact/hooks';
import { appliance } from '../../../api/appliance';
import { toast } from '../../../app/toasts';
import { Button } from '../../../ui/Button';
import { Dialog } from '../../../ui/Dialog';
import { PasswordField } from '../../../ui/Field';
import { ProblemNotice } from '../../../ui/Notice';
import { useProblemFocus } from '../../../ui/useProblemFocus';
import { about, elsewhere, useTask } from '../../../ui/useTask';

/** Asks for the password a new backup is encrypted with. */
export function MakeBackupDialog({ onMade, onClose }: { onMade: () => void; onClose: () => void }) {
  const [password, setPassword] = useState('');
  const { busy, problem, run } = useTask();
  const form = useProblemFocus(problem);
  const make = async (event: Event) => {
    event.preventDefault();
    const done = await run(async () => void (await appliance.makeBackup(password || null)));
    if (!done) return;
    onMade();
    onClose();
    toast('The backup is made');
  };
  const other = elsewhere(problem, ['password']);
  return (
    <Dialog title="Make a backup" onClose={onClose}>
      <form class="form" ref={form} onSubmit={(event) => void make(event)}>
        <PasswordField
          label="Password of the backup (or none)"
          hint="Encrypts it; needed to restore it, and kept nowhere: write it down. Without one, whoever has the file can read the cameras’ passwords."
          value={password}
          onValue={setPassword}
          problem={about(problem, 'password')}
          autofocus
          autocomplete="new-password"
        />
        {other && <ProblemNotice problem={other} />}
        <div class="button-row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={busy}>
            {busy ? 'Making it' : 'Make the backup'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
