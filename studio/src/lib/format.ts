// How values are written on pages.

import { signal } from "@preact/signals";

/** Numbers are masked until somebody wants to see them, which lasts for one visit. */
export const showsNumbers = signal(false);

/** `+919876543210` as `+91 ••••• ••210`: enough to tell calls apart, too little to call anybody. */
export function phone(number: string, isShown: boolean): string {
  return isShown ? number : `${number.slice(0, 3)} ••••• ••${number.slice(-3)}`;
}

/** A reference; masked if it is a phone number. */
export const masked = (reference: string): string => (/^\+?\d{7,15}$/.test(reference) ? phone(reference, showsNumbers.value) : reference);

/** The current time to the second, for ages and countdowns. */
export const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 1_000);

/** `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes < 10 && seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return hours < 10 && minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

/** When something is due: `in 5 s`, or `is due now`. */
export function dueIn(iso: string): string {
  const left = Date.parse(iso) - now.value;
  return left < 1_000 ? "is due now" : `in ${span(left)}`;
}

/** The time left: `23:59:41`. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const two = (value: number) => String(value).padStart(2, "0");
  return `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const DAY = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });

export const clock = (iso: string): string => CLOCK.format(new Date(iso));
export const day = (iso: string): string => DAY.format(new Date(iso));
/** `2026 Nov 29, 09:00–10:00`: for what is known to the hour. */
export function hour(iso: string): string {
  const minute = (at: number) => CLOCK.format(at).slice(0, 5);
  const from = Date.parse(iso);
  return `${day(iso)}, ${minute(from)}–${minute(from + 3_600_000)}`;
}
/** `Tue 1 Dec, 09:00` in a time zone; in the viewer's if the browser does not know the zone. */
export function momentIn(at: number | string, zone?: string): string {
  const options = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, ...(zone && { timeZone: zone }) }).format(new Date(at));
  } catch {
    return momentIn(at);
  }
}
export const moment = (iso: string): string => `${day(iso)}, ${clock(iso)}`;

/** An id, shortened for a table to the part in which ids differ most. */
export const shortId = (id: string): string => id.slice(0, 13);

/** JSON, indented for reading. */
export const pretty = (value: unknown): string => JSON.stringify(value, null, 2);
