import { describe, expect, it } from 'vitest';
import { LiveEdge } from './live-edge';

describe('the live edge', () => {
  it('leaves a stream alone that is where it should be', () => {
    const edge = new LiveEdge();
    expect(edge.decide(0, 10, 10 + edge.targetS)).toEqual({ rate: 1, seekToS: null });
  });

  it('catches up mildly, and faster when further behind, but never by more than a tenth', () => {
    const edge = new LiveEdge();
    const near = edge.decide(0, 10, 10.1 + edge.targetS).rate;
    const far = edge.decide(0, 10, 10.6 + edge.targetS).rate;
    expect(near).toBeGreaterThan(1);
    expect(far).toBeGreaterThan(near);
    expect(far).toBeLessThanOrEqual(1.1);
  });

  it('jumps when it is more than a second behind, to the wanted distance', () => {
    const edge = new LiveEdge();
    expect(edge.decide(0, 10, 12).seekToS).toBeCloseTo(12 - edge.targetS);
  });

  it('does not jump again at once', () => {
    const edge = new LiveEdge();
    edge.decide(0, 10, 12);
    expect(edge.decide(500, 10, 12).seekToS).toBeNull();
    expect(edge.decide(5_000, 10, 12).seekToS).not.toBeNull();
  });

  it('keeps more distance after each stall, within bounds, and less again after quiet time', () => {
    const edge = new LiveEdge();
    const first = edge.targetS;
    for (let stall = 0; stall < 50; stall += 1) edge.stalled(stall);
    const widest = edge.targetS;
    expect(widest).toBeGreaterThan(first);
    expect(widest).toBeLessThanOrEqual(0.8);
    for (let minute = 1; minute < 60; minute += 1) edge.decide(minute * 60_000, 0, 0);
    expect(edge.targetS).toBeLessThan(first);
    expect(edge.targetS).toBeGreaterThanOrEqual(0.1);
  });
});
