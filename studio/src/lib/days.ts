// Today and the days before it, in UTC, like a trunk's daily limit.

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** When the current day began. */
export const midnight = (now: number): string => new Date(Math.floor(now / DAY_MS) * DAY_MS).toISOString();

/** The hours of the last `days` days, up to the end of the current one: 24 hours for one day, otherwise whole days. */
export function hoursOf(days: number, now: number): [from: number, to: number] {
  const to = (Math.floor(now / HOUR_MS) + 1) * HOUR_MS;
  const from = days === 1 ? to - DAY_MS : Date.parse(midnight(now)) - (days - 1) * DAY_MS;
  return [from, to];
}
