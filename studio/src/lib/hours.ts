// Calling hours, as a browser can judge them: for a look, since its clocks' rules may be older than the platform's.

import type { Schemas } from "./api.ts";

export interface Opening {
  zone: string;
  /** What the clock shows there, such as `Mon 09:30`. */
  clock: string;
  open: boolean;
}

/** Whether they are open at a moment in a zone. */
export function isOpen(hours: Schemas["CallingHours"], zone: string, at: Date): Opening {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const time = `${parts["hour"]}:${parts["minute"]}`;
  const day = parts["weekday"]?.slice(0, 3).toLowerCase();
  const date = `${parts["year"]}-${parts["month"]}-${parts["day"]}`;
  const isIn = ({ days, from, to }: (typeof hours.windows)[number]) => days.some((name) => name === day) && from <= time && time < to;
  return { zone, clock: `${parts["weekday"]} ${time}`, open: !hours.closed_dates.includes(date) && hours.windows.some(isIn) };
}
