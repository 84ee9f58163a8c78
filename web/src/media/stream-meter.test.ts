import { describe, expect, it } from 'vitest';
import { StreamMeter } from './stream-meter';

describe('the figures of a stream', () => {
  it('are of the second that has passed', () => {
    const meter = new StreamMeter();
    expect(meter.measure(0, 0)).toBeNull();
    for (let frame = 0; frame < 25; frame += 1) {
      meter.received(10_000);
      meter.shown(200 + frame);
    }
    expect(meter.measure(999, 0)).toBeNull();
    expect(meter.measure(1_000, 0)).toEqual({ fps: 25, kbps: 2_000, droppedChunks: 0, latencyMs: 212 });
    expect(meter.measure(2_000, 0)).toEqual({ fps: 0, kbps: 0, droppedChunks: 0, latencyMs: null });
  });

  it('add up what was left out on both sides', () => {
    const meter = new StreamMeter();
    meter.measure(0, 0);
    meter.dropped(5);
    expect(meter.measure(1_000, 3)?.droppedChunks).toBe(8);
  });
});
