import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { AuditEntry } from '../../api/model';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { dateTime } from '../../ui/format';
import { Notice, ProblemNotice } from '../../ui/Notice';
import { Working } from '../../ui/Progress';
import { useLoaded } from '../../ui/useLoaded';
import { useTask } from '../../ui/useTask';

/** Who did what, newest first. */
export function AuditTab() {
  const { value, problem } = useLoaded((signal) => api.get('/api/v1/audit', { signal }));
  if (!value) return problem ? <ProblemNotice problem={problem} /> : <Working>Loading the audit log</Working>;
  return <AuditTable first={value.entries} next={value.next ?? undefined} />;
}

function AuditTable({ first, next }: { first: readonly AuditEntry[]; next: number | undefined }) {
  const [older, setOlder] = useState<readonly AuditEntry[]>([]);
  const [after, setAfter] = useState(next);
  const loading = useTask();
  const more = () =>
    void loading.run(async () => {
      const page = await api.get('/api/v1/audit', { query: { before: after ?? null } });
      setOlder([...older, ...page.entries]);
      setAfter(page.next ?? undefined);
    });
  return (
    <>
      <Chain />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="table-frame card" aria-label="Audit log" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Who</th>
              <th scope="col">Did what</th>
              <th scope="col">Outcome</th>
              <th scope="col">From</th>
            </tr>
          </thead>
          <tbody>
            {[...first, ...older].map((entry) => (
              <AuditRow key={entry.number} entry={entry} />
            ))}
          </tbody>
        </table>
      </section>
      {loading.problem && <ProblemNotice problem={loading.problem} />}
      {after !== undefined && (
        <div class="button-row">
          <Button busy={loading.busy} onClick={more}>
            Show older entries
          </Button>
        </div>
      )}
    </>
  );
}

/** Whether anybody has tampered with the log: every entry carries a hash over the one before. */
function Chain() {
  const { value } = useLoaded((signal) => api.get('/api/v1/audit/check', { signal }));
  if (!value) return null;
  if (value.intact)
    return (
      <p class="muted small">All {value.entries} entries are as they were written: the chain of their hashes holds.</p>
    );
  return (
    <Notice tone="bad" alert>
      <p>
        <strong>The audit log has been tampered with.</strong> Entry {value.first_fault ?? value.entries} is not as it
        was written. Find out who can write to the recorder’s disk.
      </p>
    </Notice>
  );
}

function AuditRow({ entry }: { entry: AuditEntry }) {
  return (
    <tr>
      <td class="audit-time">{dateTime(entry.time)}</td>
      <td>
        {entry.actor === '-' ? <span class="muted">–</span> : entry.actor}
        {entry.via === 'token' && <span class="muted"> (token)</span>}
      </td>
      <td class="audit-what">
        {entry.action} {entry.subject && <code>{entry.subject}</code>}
      </td>
      <td class="audit-outcome">
        {entry.outcome === 'done' ? <Badge tone="ok">done</Badge> : <Badge tone="bad">{entry.outcome}</Badge>}
      </td>
      <td class="mono">{entry.address}</td>
    </tr>
  );
}
