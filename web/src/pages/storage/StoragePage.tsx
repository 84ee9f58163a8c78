import { api } from '../../api/client';
import { cameras } from '../../api/events';
import type { VolumeView } from '../../api/model';
import { Badge, type BadgeTone } from '../../ui/Badge';
import { EmptyState } from '../../ui/EmptyState';
import { bytes, duration } from '../../ui/format';
import { ProblemNotice } from '../../ui/Notice';
import { Meter, Working } from '../../ui/Progress';
import { useLoaded } from '../../ui/useLoaded';
import { DaysTable } from './DaysTable';
import { bytesPerDay, fillTone, secondsLeft } from './forecast';

export function StoragePage() {
  const { value, problem } = useLoaded((signal) => api.get('/api/v1/storage', { signal }));
  return (
    <div class="page">
      <header class="page-head">
        <h1>Storage</h1>
      </header>
      {problem && <ProblemNotice problem={problem} />}
      {!value && !problem && <Working>Looking at the volumes</Working>}
      {value && <Volumes volumes={value.volumes} />}
      {value && <DaysTable />}
    </div>
  );
}

function Volumes({ volumes }: { volumes: readonly VolumeView[] }) {
  if (volumes.length === 0) {
    return (
      <EmptyState icon="storage" title="There is no volume">
        <p class="muted">Nothing can be recorded. Connect a disk; the recorder’s log says why none is used.</p>
      </EmptyState>
    );
  }
  return (
    <ul class="plain-list">
      {volumes.map((volume) => (
        <VolumeCard key={volume.name} volume={volume} />
      ))}
    </ul>
  );
}

const STATUS: Record<VolumeView['status'], { label: string; tone: BadgeTone }> = {
  ok: { label: 'In use', tone: 'ok' },
  low: { label: 'Nearly full', tone: 'warn' },
  missing: { label: 'Missing', tone: 'bad' },
};

function VolumeCard({ volume }: { volume: VolumeView }) {
  const share = volume.total_bytes > 0 ? volume.used_bytes / volume.total_bytes : 0;
  return (
    <li class="card">
      <div class="camera-title">
        <h2>{volume.name}</h2>
        <Badge tone={STATUS[volume.status].tone}>{STATUS[volume.status].label}</Badge>
      </div>
      {volume.problem && <ProblemNotice problem={volume.problem} />}
      {volume.status !== 'missing' && (
        <>
          <Meter share={share} label={`${volume.name}: share of the space that is used`} tone={fillTone(share)} />
          <dl class="figures">
            <Figure name="Used" value={bytes(volume.used_bytes)} />
            <Figure name="Free" value={bytes(volume.free_bytes)} />
            <Figure name="In all" value={bytes(volume.total_bytes)} />
            <Figure name="Free space lasts" value={lasting(volume.free_bytes)} />
          </dl>
        </>
      )}
    </li>
  );
}

function lasting(free_bytes: number): string {
  const seconds = secondsLeft(free_bytes, bytesPerDay(cameras.value ?? []));
  return seconds === undefined ? '–' : `about ${duration(seconds)}`;
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
