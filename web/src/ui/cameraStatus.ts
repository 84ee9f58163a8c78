/** A camera's state in the words the page uses everywhere. */
import type { CameraState } from '../api/model';
import type { BadgeTone } from './Badge';
import { bitrate, codecName } from './format';

/** The state in a word or two, and how alarming it is. */
export function statusWords(state: CameraState): { label: string; tone: BadgeTone } {
  switch (state.status) {
    case 'streaming':
      return { label: 'Streaming', tone: 'ok' };
    case 'connecting':
      return { label: 'Connecting', tone: 'warn' };
    case 'waiting':
      return { label: 'No contact', tone: 'bad' };
    case 'disabled':
      return { label: 'Switched off', tone: 'idle' };
  }
}

/** What arrives: "H.264 · 1280 × 720 · 25 fps · 2.0 Mbit/s"; empty while nothing does. */
export function videoFacts(state: CameraState): string[] {
  const { video, audio } = state;
  if (!video) return [];
  const facts = [
    codecName(video.codec),
    `${video.width} × ${video.height}`,
    `${Number(video.fps.toFixed(1))} fps`,
    bitrate(video.kbps),
  ];
  return audio ? [...facts, codecName(audio.codec)] : facts;
}
