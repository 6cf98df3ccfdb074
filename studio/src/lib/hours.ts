// Calling hours, as far as a browser can judge them: an indication only, since its time zone rules may be older than the
// platform's.

import type { Schemas } from "./api.ts";

type Hours = Schemas["CallingHours"];
export type Window = Hours["windows"][number];

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

/** Whether the API accepts it as a window's beginning. */
export const isFrom = (text: string): boolean => TIME.test(text);
/** Whether the API accepts it as the end of a window that begins at `from`. */
export const isTo = (text: string, from: string): boolean => (TIME.test(text) || text === "24:00") && text > from;

/** Calling hours in one zone at one moment. */
export interface Opening {
  zone: string;
  /** The local time there, such as `Mon 09:30`. */
  clock: string;
  open: boolean;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** A zone's local time and date; throws for a zone that the browser does not know. */
function wall(zone: string, at: number): Record<string, string> {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      weekday: "short",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  formats.set(zone, format);
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
}

/** Whether calling hours are open at a moment in a zone. */
export function isOpen(hours: Hours, zone: string, at: number): Opening {
  const parts = wall(zone, at);
  const time = `${parts["hour"]}:${parts["minute"]}`;
  const day = parts["weekday"]?.slice(0, 3).toLowerCase();
  const date = `${parts["year"]}-${parts["month"]}-${parts["day"]}`;
  const isIn = ({ days, from, to }: Window) =>
    isFrom(from) && isTo(to, from) && days.some((name) => name === day) && from <= time && time < to;
  return { zone, clock: `${parts["weekday"]} ${time}`, open: !hours.closed_dates.includes(date) && hours.windows.some(isIn) };
}

const MINUTE_MS = 60_000;
const STEP_MS = 5 * MINUTE_MS;
const LOOKED_AHEAD_MS = 8 * 86_400_000;
/** If zones' clocks are further apart than this, nothing can be said. */
const WIDEST_MS = 6 * 3_600_000;

function offset(zone: string, at: number): number {
  const { year, month, day, hour, minute } = wall(zone, at);
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}Z`) - at;
}

/** When all zones are open, from then on and within eight days. */
function nextOpening(hours: Hours, zones: readonly string[], from: number): number | null {
  const isAll = (at: number) => zones.every((zone) => isOpen(hours, zone, at).open);
  for (let at = from; at < from + LOOKED_AHEAD_MS; at = (Math.floor(at / STEP_MS) + 1) * STEP_MS) {
    if (!isAll(at)) continue;
    while (at - MINUTE_MS > from && isAll(at - MINUTE_MS)) at -= MINUTE_MS;
    return at;
  }
  return null;
}

/** Whether a phone may ring now. */
export interface Look {
  /** The zones considered; empty if nobody knows where the phone is. */
  zones: Opening[];
  open: boolean;
  /** When they next open; null if that is not within eight days. */
  opensAt: number | null;
}

/** What the hours mean for a number in one of these zones: it may ring if all of them are open. */
export function lookAt(hours: Hours, possible: readonly string[], at: number): Look {
  const offsets = possible.map((zone) => offset(zone, at));
  const isKnown = possible.length > 0 && Math.max(...offsets) - Math.min(...offsets) <= WIDEST_MS;
  const own = hours.time_zone === "callee" ? (isKnown ? possible : []) : [hours.time_zone];
  const opens = nextOpening(hours, own, at);
  const { fallback_time_zone: fallback } = hours;
  const isLost = hours.time_zone === "callee" && (own.length === 0 || (own.length > 1 && opens === null));
  const zones = isLost ? (fallback ? [fallback] : []) : own;
  const opensAt = isLost ? (fallback ? nextOpening(hours, zones, at) : null) : opens;
  const looks = zones.map((zone) => isOpen(hours, zone, at));
  return { zones: looks, open: looks.length > 0 && looks.every(({ open }) => open), opensAt };
}
