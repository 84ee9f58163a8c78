import { useEffect } from 'preact/hooks';
import { api } from '../../api/client';
import { Badge } from '../../ui/Badge';
import { dateTime, duration } from '../../ui/format';
import { Notice, ProblemNotice } from '../../ui/Notice';
import { Working } from '../../ui/Progress';
import { useLoaded } from '../../ui/useLoaded';

const EVERY_MS = 5000;

const DUTIES: Record<string, string> = {
  bus: 'Carries events between the units',
  ingest: 'Connects to the cameras and records them',
  api: 'Serves this page and the API',
};

/** The health of every process of the recorder. */
export function UnitsTab() {
  const { value, problem, reload } = useLoaded((signal) => api.get('/api/v1/health', { signal }));
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [reload]);
  if (!value) return problem ? <ProblemNotice problem={problem} /> : <Working>Asking the units</Working>;
  const units = Object.entries(value.units);
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      {value.status === 'ok' ? (
        <Notice tone="ok">
          <p>Every unit is well. This is Gatehouse {value.version}.</p>
        </Notice>
      ) : (
        <Notice tone="warn">
          <p>
            <strong>A unit is not well.</strong> It is started again by itself; if it stays, read its log on the
            recorder: <code>log/UNIT.log</code> in the data folder.
          </p>
        </Notice>
      )}
      <ul class="plain-list card">
        {units.map(([name, unit]) => (
          <li key={name} class="unit-row">
            <div>
              <strong>{name}</strong>
              <p class="muted small">{DUTIES[name.replace(/-\d+$/, '')]}</p>
            </div>
            <Badge tone={unit.status === 'ok' ? 'ok' : 'bad'}>{unit.status === 'ok' ? 'Running' : 'Not running'}</Badge>
            <span class="muted small" title={dateTime(unit.since)}>
              for {duration((Date.now() - Date.parse(unit.since)) / 1000)}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
