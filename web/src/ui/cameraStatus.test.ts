import { expect, test } from 'vitest';
import type { CameraState } from '../api/model';
import { statusWords, videoFacts } from './cameraStatus';

const QUIET: CameraState = {
  status: 'waiting',
  since: '2026-11-24T13:00:00Z',
  problem: null,
  video: null,
  audio: null,
  recording: [],
  manual_until: null,
  recorded_to: null,
  clock_offset_ms: null,
  packets_lost: 0,
  damaged_fragments: 0,
  dropped_live_chunks: 0,
  reconnects: 0,
};

test('what arrives is said in figures people know', () => {
  const video = { codec: 'h264', codec_string: 'avc1.64001F', width: 1280, height: 720, fps: 24.98, kbps: 2013 };
  const audio = { codec: 'pcmu', sample_rate_hz: 8000, channels: 1 };
  expect(videoFacts({ ...QUIET, video, audio })).toEqual([
    'H.264',
    '1280 × 720',
    '25 fps',
    '2.0 Mbit/s',
    'G.711 µ-law',
  ]);
  expect(videoFacts(QUIET)).toEqual([]);
});

test('a camera switched off by a person does not alarm', () => {
  expect(statusWords({ ...QUIET, status: 'disabled' }).tone).toBe('idle');
  expect(statusWords(QUIET).tone).toBe('bad');
});
