import { describe, expect, it } from 'vitest';
import type { CameraView } from '../api/model';
import { obstacle } from './obstacle';

const WRONG_PASSWORD = { code: 'wrong-password', title: 'The camera refused the password', remedy: 'Enter it again.' };

function camera(changes: Partial<CameraView> = {}): CameraView {
  return { enabled: true, state: { problem: null }, ...changes } as CameraView;
}

describe('what stands between viewer and picture', () => {
  it('is nothing while there is one', () => {
    expect(obstacle(camera(), 'playing', 'live', null)).toBeNull();
    expect(obstacle(camera(), 'paused', 'playback', null)).toBeNull();
  });

  it('is what the stream says, before what the camera list says', () => {
    const known = camera({
      state: { problem: { ...WRONG_PASSWORD, title: 'older', status: 0 } } as CameraView['state'],
    });
    expect(obstacle(known, 'waiting', 'live', WRONG_PASSWORD)).toEqual({
      title: WRONG_PASSWORD.title,
      remedy: WRONG_PASSWORD.remedy,
      passing: false,
    });
    expect(obstacle(known, 'waiting', 'live', null)?.title).toBe('older');
  });

  it('always has words', () => {
    for (const mode of ['live', 'playback'] as const) {
      for (const status of ['opening', 'lost'] as const) {
        expect(obstacle(camera(), status, mode, null)).toMatchObject({ passing: true });
      }
    }
    expect(obstacle(undefined, 'waiting', 'live', null)?.title).toBeTruthy();
    expect(obstacle(camera(), 'failed', 'playback', WRONG_PASSWORD)?.remedy).toBe(WRONG_PASSWORD.remedy);
  });

  it('tells a camera that is switched off from one that is lost', () => {
    expect(obstacle(camera({ enabled: false }), 'waiting', 'live', WRONG_PASSWORD)?.title).toContain('switched off');
  });

  it('is of no interest to recordings when the camera is switched off', () => {
    expect(obstacle(camera({ enabled: false }), 'playing', 'playback', null)).toBeNull();
    expect(obstacle(camera({ enabled: false }), 'ended', 'playback', null)?.title).toContain('Nothing was recorded');
  });
});
