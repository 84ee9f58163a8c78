import { api } from '../../api/client';
import { cameras } from '../../api/events';
import type { CameraView } from '../../api/model';
import { cameraHref } from '../../app/router';
import { useLoaded } from '../../ui/useLoaded';
import { lastDays, startOf } from './days';

const SHOWN_DAYS = 28;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Which days each camera has recordings of. */
export function DaysTable() {
  const list = cameras.value ?? [];
  if (list.length === 0) return null;
  const days = lastDays(SHOWN_DAYS, Date.now(), ZONE);
  return (
    <section class="card" aria-labelledby="days-title">
      <h2 id="days-title">Days recorded</h2>
      <p class="muted small">The last four weeks; a filled square is a day with recordings, and leads to it.</p>
      <ul class="plain-list">
        {list.map((camera) => (
          <CameraDays key={camera.id} camera={camera} days={days} />
        ))}
      </ul>
    </section>
  );
}

function CameraDays({ camera, days }: { camera: CameraView; days: readonly string[] }) {
  const path = { id: camera.id };
  const { value, problem } = useLoaded(
    (signal) => api.get('/api/v1/cameras/{id}/days', { path, query: { zone: ZONE }, signal }),
    camera.id,
  );
  const recorded = new Set(value?.days);
  const oldest = value?.days[0];
  return (
    <li class="days-row">
      <div class="days-words">
        <strong>{camera.name}</strong>
        <span class="muted small">
          {problem ? problem.title : value ? daysWords(value.days.length, oldest) : 'Looking'}
        </span>
      </div>
      <div class="days">
        {days.map((day) =>
          recorded.has(day) ? (
            <a key={day} class="day recorded" href={cameraHref(camera.id, startOf(day))} title={spoken(day)}>
              <span class="visually-hidden">
                {camera.name}, {spoken(day)}
              </span>
            </a>
          ) : (
            <span key={day} class="day" title={`${spoken(day)}: nothing recorded`} />
          ),
        )}
      </div>
    </li>
  );
}

function daysWords(count: number, oldest: string | undefined): string {
  if (!oldest) return 'Nothing recorded yet';
  return count === 1 ? `Recorded on ${spoken(oldest)}` : `${count} days, since ${spoken(oldest)}`;
}

function spoken(day: string): string {
  return new Date(`${day}T12:00:00`).toLocaleDateString(undefined, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
  });
}
