/**
 * Days and hours of a time zone, with its clock changes: a day has 23, 24 or 25 hours. Pure; instants are microseconds
 * since 1970, dates are "2026-11-24".
 */

const US_PER_MS = 1000;
const MS_PER_MINUTE = 60_000;
const MS_PER_DAY = 86_400_000;
/** Zones are at most fourteen hours from UTC. */
const FARTHEST_MINUTES = 15 * 60;

export interface WallClock {
  readonly date: string;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

export interface DayBounds {
  readonly startUs: number;
  readonly endUs: number;
}

export class Zone {
  readonly name: string;
  private readonly format: Intl.DateTimeFormat;

  constructor(name: string) {
    this.name = name;
    this.format = new Intl.DateTimeFormat('en-GB', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  }

  /** The zone of this browser. */
  static local(): Zone {
    return new Zone(Intl.DateTimeFormat().resolvedOptions().timeZone);
  }

  clock(timeUs: number): WallClock {
    const parts: Record<string, string> = {};
    for (const { type, value } of this.format.formatToParts(timeUs / US_PER_MS)) parts[type] = value;
    return {
      date: `${parts['year']}-${parts['month']}-${parts['day']}`,
      hour: Number(parts['hour']),
      minute: Number(parts['minute']),
      second: Number(parts['second']),
    };
  }

  dateOf(timeUs: number): string {
    return this.clock(timeUs).date;
  }

  /** From the first instant of a date to the first of the next. */
  day(date: string): DayBounds {
    return { startUs: this.startOf(date), endUs: this.startOf(addDays(date, 1)) };
  }

  /** Midnight is not always there: the first minute that carries the date is looked up. */
  private startOf(date: string): number {
    const utcMs = Date.parse(`${date}T00:00:00Z`);
    let before = -FARTHEST_MINUTES;
    let from = FARTHEST_MINUTES;
    while (from - before > 1) {
      const middle = Math.floor((before + from) / 2);
      if (this.dateOf((utcMs + middle * MS_PER_MINUTE) * US_PER_MS) < date) before = middle;
      else from = middle;
    }
    return (utcMs + from * MS_PER_MINUTE) * US_PER_MS;
  }
}

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * MS_PER_DAY).toISOString().slice(0, 10);
}

/** "13:05:09". */
export function clockText(clock: WallClock): string {
  return [clock.hour, clock.minute, clock.second].map((part) => String(part).padStart(2, '0')).join(':');
}
