import type { CameraView } from '../../api/model';
import { cameraHref } from '../../app/router';
import { may } from '../../app/session';
import { Badge } from '../../ui/Badge';
import { statusWords, videoFacts } from '../../ui/cameraStatus';
import { dateTime } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { Menu, type MenuItem } from '../../ui/Menu';
import { Notice } from '../../ui/Notice';
import { useSnapshot } from './useSnapshot';

export interface RowActions {
  onEdit: () => void;
  onSwitch: (enabled: boolean) => void;
  onDelete: () => void;
}

/** One camera on the list: its picture, how it is, and what can be done with it. */
export function CameraRow({ camera, turn, ...actions }: { camera: CameraView; turn: number } & RowActions) {
  const { state } = camera;
  const status = statusWords(state);
  return (
    <li class="camera-row">
      <Thumbnail camera={camera} turn={turn} />
      <div class="camera-words">
        <div class="camera-title">
          <a href={cameraHref(camera.id)}>{camera.name}</a>
          <Badge tone={status.tone}>{status.label}</Badge>
          {state.recording.includes('manual') && <Badge tone="rec">REC</Badge>}
        </div>
        <p class="facts">{videoFacts(state).join(' · ') || <span class="mono">{camera.source.url}</span>}</p>
        <p class="facts">{recordingWords(camera)}</p>
        {state.status === 'waiting' && state.problem && (
          <Notice tone="bad">
            <p>
              <strong>{state.problem.title}.</strong> {state.problem.remedy}
            </p>
            <p class="small">Since {dateTime(state.since)}. The recorder keeps trying.</p>
          </Notice>
        )}
      </div>
      {may('administrator') && <RowMenu camera={camera} {...actions} />}
    </li>
  );
}

function recordingWords(camera: CameraView): string {
  if (!camera.enabled) return 'Not recorded while switched off';
  const words = camera.recording.continuous ? 'Recorded continuously' : 'Recorded by REC only';
  const lost = camera.state.packets_lost;
  return lost > 0 ? `${words} · ${lost.toLocaleString()} packets lost` : words;
}

function RowMenu({ camera, onEdit, onSwitch, onDelete }: { camera: CameraView } & RowActions) {
  const items: MenuItem[] = [
    { label: 'Change', icon: 'edit', onPick: onEdit },
    { label: camera.enabled ? 'Switch off' : 'Switch on', icon: 'power', onPick: () => onSwitch(!camera.enabled) },
    { label: 'Delete', icon: 'trash', danger: true, onPick: onDelete },
  ];
  return <Menu label={`Actions for ${camera.name}`} icon="more" items={items} />;
}

/** The newest picture; taken anew at every turn. The link of the title lies over it. */
function Thumbnail({ camera, turn }: { camera: CameraView; turn: number }) {
  const picture = useSnapshot(camera.state.status === 'streaming' ? camera.id : undefined, turn);
  return (
    <div class="thumbnail">
      {picture ? <img src={picture} alt="" /> : <Icon name={camera.enabled ? 'camera' : 'power'} size={32} />}
    </div>
  );
}
