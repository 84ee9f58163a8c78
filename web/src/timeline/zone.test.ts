import { describe, expect, it } from 'vitest';
import { addDays, clockText, Zone } from './zone';

const HOUR_US = 3_600_000_000;
const paris = new Zone('Europe/Paris');

describe('a day', () => {
  it.each([
    ['2026-11-24', 24],
    ['2026-03-29', 23],
    ['2026-10-25', 25],
  ])('%s has %i hours in Paris', (date, hours) => {
    const { startUs, endUs } = paris.day(date);
    expect((endUs - startUs) / HOUR_US).toBe(hours);
    expect(paris.clock(startUs)).toEqual({ date, hour: 0, minute: 0, second: 0 });
  });

  it('begins where its date does, in a zone whose clocks change at midnight', () => {
    const cairo = new Zone('Africa/Cairo');
    const { startUs } = cairo.day('2026-04-24'); // 00:00 does not exist on that day
    expect(cairo.clock(startUs)).toEqual({ date: '2026-04-24', hour: 1, minute: 0, second: 0 });
  });

  it('tiles with its neighbours, whatever the zone', () => {
    for (const name of ['UTC', 'Asia/Kathmandu', 'Pacific/Kiritimati', 'America/St_Johns', 'Pacific/Pago_Pago']) {
      const zone = new Zone(name);
      expect(zone.day('2026-02-28').endUs).toBe(zone.day('2026-03-01').startUs);
    }
  });
});

describe('words', () => {
  it('are of the zone', () => {
    expect(clockText(paris.clock(Date.UTC(2026, 10, 24, 12, 5, 9) * 1000))).toBe('13:05:09');
    expect(paris.dateOf(Date.UTC(2026, 10, 24, 23, 30) * 1000)).toBe('2026-11-25');
  });

  it('count over the ends of months and years', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2028-03-01', -1)).toBe('2028-02-29');
  });
});
