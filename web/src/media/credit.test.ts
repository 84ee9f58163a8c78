import { describe, expect, it } from 'vitest';
import { Credit, FIRST_CREDIT } from './credit';

describe('credit', () => {
  it('grants nothing while the first grant is under way', () => {
    expect(new Credit().grant(0, 1)).toBe(0);
  });

  it('grants as fragments arrive, and never has more under way than the first grant', () => {
    const credit = new Credit();
    for (let fragment = 0; fragment < 1000; fragment += 1) {
      credit.received();
      credit.grant(0, 1);
      expect(credit.outstanding).toBeLessThanOrEqual(FIRST_CREDIT);
      expect(credit.outstanding).toBeGreaterThan(0);
    }
  });

  it('stops at a full buffer, and wants a larger one at a higher speed', () => {
    const credit = new Credit();
    for (let fragment = 0; fragment < FIRST_CREDIT; fragment += 1) credit.received();
    expect(credit.grant(10, 1)).toBe(0);
    expect(credit.grant(10, 4)).toBeGreaterThan(0);
  });
});
