// Whether the API can be reached, as far as the last request and the browser know.

import { signal } from "@preact/signals";

/** How events arrive: pushed by the feed, by polling, or not at all. */
export type Feed = "connecting" | "live" | "polling" | "offline";

export const feed = signal<Feed>("connecting");
export const isOnline = signal(navigator.onLine);

/** Grows each time the connection comes back: everything shown is then read again. */
export const healed = signal(0);

/** A request was answered, or was not. */
export function contact(answered: boolean): void {
  if (answered === isOnline.value) return;
  isOnline.value = answered;
  if (answered) healed.value += 1;
}

/** Asks the API whether it can be reached. */
export const answers = (): Promise<boolean> =>
  fetch("/healthz")
    .then((response) => response.json())
    .then(
      ({ status }) => status === "ok",
      () => false,
    );

addEventListener("offline", () => contact(false));
