import { useState } from 'preact/hooks';
import { Brand } from '../../app/Brand';
import { DataBanner } from '../../app/DataBanner';
import { phase, setUp } from '../../app/session';
import { Button } from '../../ui/Button';
import { PasswordField, TextField } from '../../ui/Field';
import { ProblemNotice } from '../../ui/Notice';
import { Meter } from '../../ui/Progress';
import { useProblemFocus } from '../../ui/useProblemFocus';
import { about, elsewhere, useTask } from '../../ui/useTask';
import { useTitle } from '../../ui/useTitle';
import { CertificateWords } from './CertificateWords';
import { strengthOf } from './strength';

const FIELDS = ['code', 'username', 'password'];

/** First boot: the setup code makes the first administrator. */
export function SetupPage() {
  useTitle('Set up');
  return (
    <main class="door">
      <Brand />
      <div class="door-words">
        <h1>Set up this recorder</h1>
        <p class="muted">
          You become its first administrator. The setup code stands on the recorder’s console: a screen or serial line
          connected to it, or the terminal it was started in. It works once.
        </p>
      </div>
      <DataBanner />
      <SetupForm />
      <CertificateWords />
    </main>
  );
}

function SetupForm() {
  const [code, setCode] = useState('');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const { busy, problem, run } = useTask();
  const form = useProblemFocus(problem);
  const submit = (event: Event) => {
    event.preventDefault();
    void run(() => setUp(code, username, password));
  };
  return (
    <form class="card form" ref={form} onSubmit={submit}>
      <TextField
        label="Setup code"
        hint="Ten letters and digits; case and hyphen do not matter."
        value={code}
        onValue={setCode}
        problem={about(problem, 'code')}
        required
        autofocus
        mono
        placeholder="XXXXX-XXXXX"
      />
      <TextField
        label="User name"
        value={username}
        onValue={setUsername}
        problem={about(problem, 'username')}
        required
        autocomplete="username"
      />
      <PasswordField
        label="Password"
        hint={<PasswordHint password={password} username={username} />}
        value={password}
        onValue={setPassword}
        problem={about(problem, 'password')}
        required
        autocomplete="new-password"
      />
      <Elsewhere problem={elsewhere(problem, FIELDS)} />
      <Button kind="primary" type="submit" busy={busy}>
        {busy ? 'Setting up' : 'Set up'}
      </Button>
    </form>
  );
}

function PasswordHint({ password, username }: { password: string; username: string }) {
  if (!password)
    return <>At least 12 characters. Several words that do not belong together are good and easy to keep.</>;
  const strength = strengthOf(password, username);
  return (
    <span class="strength">
      <Meter share={strength.share} label="Strength of the password" tone={strength.tone} />
      {strength.words}
    </span>
  );
}

function Elsewhere({ problem }: { problem: ReturnType<typeof elsewhere> }) {
  if (!problem) return null;
  return (
    <ProblemNotice problem={problem}>
      {problem.code === 'already-set-up' && (
        <Button
          onClick={() => {
            phase.value = 'sign-in';
          }}
        >
          Go to sign-in
        </Button>
      )}
    </ProblemNotice>
  );
}
