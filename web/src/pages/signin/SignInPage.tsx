import { useState } from 'preact/hooks';
import { Brand } from '../../app/Brand';
import { DataBanner } from '../../app/DataBanner';
import { signIn } from '../../app/session';
import { Button } from '../../ui/Button';
import { PasswordField, TextField } from '../../ui/Field';
import { ProblemNotice } from '../../ui/Notice';
import { useProblemFocus } from '../../ui/useProblemFocus';
import { about, elsewhere, useTask } from '../../ui/useTask';
import { useTitle } from '../../ui/useTitle';

export function SignInPage() {
  useTitle('Sign in');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const { busy, problem, run } = useTask();
  const form = useProblemFocus(problem);
  const submit = (event: Event) => {
    event.preventDefault();
    void run(() => signIn(username, password));
  };
  const other = elsewhere(problem, ['username', 'password']);
  return (
    <main class="door">
      <Brand />
      <DataBanner />
      <form class="card form" ref={form} onSubmit={submit}>
        <h1>Sign in</h1>
        <TextField
          label="User name"
          value={username}
          onValue={setUsername}
          problem={about(problem, 'username')}
          required
          autofocus
          autocomplete="username"
        />
        <PasswordField
          label="Password"
          value={password}
          onValue={setPassword}
          problem={about(problem, 'password')}
          required
          autocomplete="current-password"
        />
        {other && <ProblemNotice problem={other} />}
        <Button kind="primary" type="submit" busy={busy}>
          {busy ? 'Signing in' : 'Sign in'}
        </Button>
      </form>
    </main>
  );
}
