import type { ProbeResult } from '../../api/model';
import { codecName } from '../../ui/format';
import { Notice } from '../../ui/Notice';

/** What a test of the connection found. */
export function ProbeFindings({ found }: { found: ProbeResult }) {
  const sound = found.audio_codec
    ? `Sound: ${codecName(found.audio_codec)}${found.sample_rate_hz ? `, ${found.sample_rate_hz / 1000} kHz` : ''}.`
    : 'No sound.';
  return (
    <Notice tone="ok">
      <p>
        <strong>The camera answers and sends pictures</strong>
      </p>
      <p>
        {codecName(found.codec)}, {found.width} × {found.height}, {Number(found.fps.toFixed(1))} pictures a second.{' '}
        {sound}
      </p>
    </Notice>
  );
}
