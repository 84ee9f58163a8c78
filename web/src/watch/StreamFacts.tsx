import type { CameraView } from '../api/model';
import type { Player } from '../media/player';
import { bitrate, codecName } from '../ui/format';

/** What arrives from the camera, and what this page shows of it. */
export function StreamFacts({ camera, player }: { camera: CameraView; player: Player }) {
  const facts = [...cameraFacts(camera), ...pageFacts(player)];
  return (
    <details class="facts">
      <summary>Facts about the stream</summary>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

type Fact = readonly [name: string, value: string];

function cameraFacts({ state }: CameraView): Fact[] {
  const { video, audio } = state;
  const facts: Fact[] = [];
  if (video) {
    facts.push(
      ['Video', `${codecName(video.codec)} (${video.codec_string})`],
      ['Size', `${video.width} × ${video.height}`],
    );
    facts.push(['Frames', `${video.fps.toFixed(1)} per second`], ['Rate', bitrate(video.kbps)]);
  }
  facts.push(['Sound', audio ? `${codecName(audio.codec)}, ${audio.sample_rate_hz / 1000} kHz` : 'none']);
  facts.push(['Packets lost', String(state.packets_lost)], ['Reconnections', String(state.reconnects)]);
  if (state.clock_offset_ms !== null) facts.push(['Clock of the camera', offsetText(state.clock_offset_ms)]);
  return facts;
}

function offsetText(offsetMs: number): string {
  if (Math.abs(offsetMs) < 1) return 'as the recorder’s';
  const much =
    Math.abs(offsetMs) < 10_000 ? `${Math.abs(offsetMs).toFixed(0)} ms` : `${(Math.abs(offsetMs) / 1000).toFixed(1)} s`;
  return `${much} ${offsetMs > 0 ? 'ahead' : 'behind'}`;
}

function pageFacts(player: Player): Fact[] {
  const { value: format } = player.format;
  const { value: stats } = player.stats;
  const facts: Fact[] = [];
  if (format) facts.push(['Shown as', `${format.codec}, ${format.width} × ${format.height}`]);
  if (stats) facts.push(['Left out here', `${stats.droppedChunks} chunks`]);
  return facts;
}
