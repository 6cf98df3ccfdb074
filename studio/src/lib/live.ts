// Events as they happen: `GET /integration/v1/events` as a long poll. While that fails, listeners reload their lists on a timer,
// and the page says "polling". A lost connection is retried, ever more slowly, and immediately when the browser says it is back.
// A hidden tab does not ask: a browser has few connections to a host, and each tab would hold one.

import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Schemas } from "./api.ts";
import { answers, contact, feed, healed, isOnline } from "./connection.ts";
import { lapse, lapsed, session } from "./session.ts";

/** One event of the feed. */
export type FeedEvent = Schemas["FeedEvent"];

/** The call that an event is about, if any. */
export function callIdOf({ type, data }: FeedEvent): string | null {
  if (type === "trunk.updated" || type === "campaign.updated") return null;
  return "call_id" in data ? data.call_id : "id" in data ? data.id : null;
}

/** The trunk that an event is about; null for a callback. */
export const trunkIdOf = ({ data }: FeedEvent): string | null => ("sip_trunk_id" in data ? data.sip_trunk_id : null);

/** The call as an event shows it. */
export const changedCall = ({ data }: FeedEvent): Schemas["ListedCall"] | null => ("call_status" in data ? data : null);

/** Whether an event is the result of a callback attempt. */
export const isOfCallback = ({ data }: FeedEvent): boolean => "delivery_id" in data;

/** What a listener is called with: events; that it is time to reload; or that any number of events may have been missed. */
type Signal = FeedEvent[] | "poll" | "resync";
type Listener = (signal: Signal) => void;

const PATH = "/integration/v1/events";
const PAGE = 100;
const WAIT_SECONDS = 25;
const POLL_MS = 2_000;
/** How often to check for an API that could not be reached. */
const KNOCK_MS = 2_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000];

const listeners = new Set<Listener>();
let isRunning = false;
let asking = new AbortController();

function notify(signal: Signal): void {
  for (const listener of listeners) {
    try {
      listener(signal);
    } catch (error) {
      console.error(error); // one page's trouble is not the others'
    }
  }
}

/** Starts once, and lasts as long as the page. */
export function startLive(): void {
  if (isRunning) return;
  isRunning = true;
  void follow();
  const poll = () => {
    if (feed.value === "polling" && !document.hidden && session.value && !lapsed.value) notify("poll");
  };
  setInterval(poll, POLL_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) asking.abort();
    else poll();
  });
}

async function follow(): Promise<never> {
  let cursor: string | null = null;
  let failures = 0;
  const backOff = () => waitFor(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)] ?? 10_000);
  for (;;) {
    if (!session.value || lapsed.value) {
      await waitFor(1_000);
      continue;
    }
    if (document.hidden) {
      await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
      continue;
    }
    asking = new AbortController();
    try {
      const response = await fetch(`${PATH}?${query(cursor)}`, { signal: asking.signal });
      if (!response.ok) contact(true);
      if (response.ok) {
        const { events, next_cursor } = (await response.json()) as Schemas["EventList"];
        const hasEvents = events.length > 0; // what is no page of the feed ends here, before the cursor moves
        contact(true);
        failures = 0;
        if (cursor === null) notify("resync"); // between the reading of the lists and this
        cursor = next_cursor;
        if (hasEvents) notify(events);
        feed.value = "live";
      } else if (response.status === 410) {
        cursor = null; // too long away: what was missed is read from the lists
      } else if (response.status === 401) {
        lapse(((await response.json()) as { error: string }).error);
      } else {
        feed.value = "polling";
        await backOff();
      }
    } catch {
      if (asking.signal.aborted) continue; // and is asked again from the same cursor
      // No response, or none of the API's: a truncated body, or a page from some middlebox.
      contact(false);
      feed.value = "offline";
      await backOff();
    }
  }
}

/** From now on at first, and then from where the last response ended. */
function query(cursor: string | null): URLSearchParams {
  const wait = cursor === null ? 0 : WAIT_SECONDS;
  return new URLSearchParams({ after: cursor ?? "latest", limit: String(PAGE), wait_seconds: String(wait) });
}

/** Grows each time the API is found to be back after it was away. */
const back = signal(0);

/** Waits, but no longer than until the API is back. */
function waitFor(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const before = back.peek();
    const timer = setTimeout(done, ms);
    const stop = back.subscribe((times) => times !== before && done());
    function done(): void {
      clearTimeout(timer);
      stop();
      resolve();
    }
  });
}

/** As far as the last request or the feed knows. */
const isAway = (): boolean => !isOnline.value || feed.value === "offline";

/** Checks whether the API is back: the browser may report being online before a request gets through, or after. */
function knock(): void {
  if (!isAway()) return;
  void answers().then((isThere) => {
    if (!isThere) return;
    contact(true);
    back.value += 1;
  });
}
effect(() => {
  if (!isAway()) return;
  const timer = setInterval(knock, KNOCK_MS);
  return () => clearInterval(timer);
});
addEventListener("online", knock);

healed.subscribe(() => notify("resync"));

/** Calls the listener with each signal for as long as the component lives. */
export function useEvents(listener: Listener): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    const listen: Listener = (next) => latest.current(next);
    listeners.add(listen);
    return () => void listeners.delete(listen);
  }, []);
}
