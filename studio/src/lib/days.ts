// Today and the days before it. A day is UTC's, as a trunk's daily limit counts.

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** When the day began. */
export const midnight = (now: number): string => new Date(Math.floor(now / DAY_MS) * DAY_MS).toISOString();

/** The hours of the last so many days, up to the end of the present one: 24 hours of one day, whole days of several. */
export function hoursOf(days: number, now: number): [from: number, to: number] {
  const to = (Math.floor(now / HOUR_MS) + 1) * HOUR_MS;
  const from = days === 1 ? to - DAY_MS : Date.parse(midnight(now)) - (days - 1) * DAY_MS;
  return [from, to];
}
