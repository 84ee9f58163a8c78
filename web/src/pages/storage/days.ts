/** Calendar days as "2026-11-24". Pure. */

/** The last so many days, oldest first, the last being the day of now_ms in the zone. */
export function lastDays(count: number, now_ms: number, zone: string): string[] {
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(now_ms); // ISO order
  const noon_ms = Date.parse(`${today}T12:00:00Z`);
  return Array.from({ length: count }, (_, at) =>
    new Date(noon_ms - (count - 1 - at) * 86_400_000).toISOString().slice(0, 10),
  );
}

/** The instant a day begins in the browser's zone. */
export function startOf(day: string): string {
  return new Date(`${day}T00:00:00`).toISOString();
}
