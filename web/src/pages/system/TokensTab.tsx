import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Role, TokenView } from '../../api/model';
import { toast } from '../../app/toasts';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { EmptyState } from '../../ui/EmptyState';
import { SelectField, TextField } from '../../ui/Field';
import { ago, dateTime } from '../../ui/format';
import { Notice, ProblemNotice } from '../../ui/Notice';
import { Working } from '../../ui/Progress';
import { useLoaded } from '../../ui/useLoaded';
import { about, elsewhere, useTask } from '../../ui/useTask';

/** The tokens by which programs use the API. */
export function TokensTab() {
  const { value, problem, reload } = useLoaded((signal) => api.get('/api/v1/tokens', { signal }));
  const [making, setMaking] = useState(false);
  const [deleting, setDeleting] = useState<TokenView>();
  if (!value) return problem ? <ProblemNotice problem={problem} /> : <Working>Loading the tokens</Working>;
  return (
    <>
      {value.tokens.length > 0 ? (
        <TokenList tokens={value.tokens} onMake={() => setMaking(true)} onDelete={setDeleting} />
      ) : (
        <EmptyState icon="key" title="No API tokens">
          <p class="muted">A program that uses this recorder’s API needs a token of its own.</p>
          <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
            Make a token
          </Button>
        </EmptyState>
      )}
      {making && <MakeDialog onMade={reload} onClose={() => setMaking(false)} />}
      {deleting && <DeleteTokenDialog token={deleting} onDeleted={reload} onClose={() => setDeleting(undefined)} />}
    </>
  );
}

interface TokenListProps {
  tokens: readonly TokenView[];
  onMake: () => void;
  onDelete: (token: TokenView) => void;
}

function TokenList({ tokens, onMake, onDelete }: TokenListProps) {
  return (
    <>
      <div class="button-row">
        <Button kind="primary" icon="plus" onClick={onMake}>
          Make a token
        </Button>
      </div>
      <ul class="plain-list card">
        {tokens.map((token) => (
          <li key={token.id} class="unit-row">
            <div>
              <strong>{token.name}</strong>
              <p class="muted small">
                {token.role}, made {dateTime(token.made)} by {token.made_by}
              </p>
            </div>
            <span class="muted small">{token.used ? `Used ${ago(token.used, Date.now())}` : 'Never used'}</span>
            <Button
              kind="quiet"
              icon="trash"
              aria-label={`Delete token ${token.name}`}
              onClick={() => onDelete(token)}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

const ROLES: readonly (readonly [Role, string])[] = [
  ['viewer', 'Viewer: watch live and recorded video'],
  ['operator', 'Operator: also start manual recording'],
  ['administrator', 'Administrator: everything'],
];

function MakeDialog({ onMade, onClose }: { onMade: () => void; onClose: () => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [secret, setSecret] = useState<string>();
  const { busy, problem, run } = useTask();
  const other = elsewhere(problem, ['name', 'role']);
  const make = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      const made = await api.post('/api/v1/tokens', { body: { name: name.trim(), role } });
      setSecret(made.token);
      onMade();
    });
  };
  if (secret) return <SecretDialog name={name} secret={secret} onClose={onClose} />;
  return (
    <Dialog title="Make a token" onClose={onClose}>
      <form class="form" onSubmit={make}>
        <TextField
          label="Name"
          hint="Which program it is for."
          value={name}
          onValue={setName}
          problem={about(problem, 'name')}
          required
          autofocus
          maxLength={100}
        />
        <SelectField label="May do" value={role} options={ROLES} onValue={setRole} problem={about(problem, 'role')} />
        {other && <ProblemNotice problem={other} />}
        <div class="button-row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={busy}>
            Make token
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function SecretDialog({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  const copy = () => {
    navigator.clipboard.writeText(secret).then(
      () => toast('The token is copied'),
      () => toast('This browser does not allow copying; mark the token and copy it yourself', 'bad'),
    );
  };
  return (
    <Dialog title={`Token for ${name}`} onClose={onClose}>
      <Notice tone="warn">
        <p>Copy it now: it is shown this once, and the recorder keeps only a fingerprint of it.</p>
      </Notice>
      <code class="secret">{secret}</code>
      <p class="muted small">
        Programs send it with every request: <code>Authorization: Bearer …</code>
      </p>
      <div class="button-row end">
        <Button onClick={copy}>Copy</Button>
        <Button kind="primary" onClick={onClose} data-autofocus>
          Done
        </Button>
      </div>
    </Dialog>
  );
}

function DeleteTokenDialog({
  token,
  onDeleted,
  onClose,
}: {
  token: TokenView;
  onDeleted: () => void;
  onClose: () => void;
}) {
  const { busy, problem, run } = useTask();
  const remove = async () => {
    const done = await run(async () => {
      await api.delete('/api/v1/tokens/{id}', { path: { id: token.id } });
    });
    if (!done) return;
    onDeleted();
    onClose();
    toast(`Token ${token.name} is deleted`);
  };
  return (
    <Dialog title={`Delete token ${token.name}?`} onClose={onClose}>
      <p>The program that uses it is refused from that moment on. This cannot be undone.</p>
      {problem && <ProblemNotice problem={problem} />}
      <div class="button-row end">
        <Button onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button kind="danger" icon="trash" busy={busy} onClick={() => void remove()}>
          Delete token
        </Button>
      </div>
    </Dialog>
  );
}
