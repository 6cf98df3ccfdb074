// Why the calls of a list are waiting: the list does not say, so each call that may be waiting is read, a few at a time.

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, api, ask, type ListedCall, type Schemas } from "./api.ts";
import { now } from "./format.ts";
import { mayWait, type Wait, waitOf } from "./reasons.ts";

/** A call this new is about to be dialed. */
const SETTLED_MS = 2_000;
/** How soon one that could not be read is tried again. */
const AGAIN_MS = 10_000;
const AT_ONCE = 4;
/** This many are read, then none for a while: where calls come and go quickly, most are gone before anybody reads why they wait. */
const MOST = 24;
const PAUSE_MS = 3_000;

interface Looked {
  /** Null if it could not be read. */
  call: Schemas["Call"] | null;
  at: number;
}

/** Whether a call read earlier is presumably still the same. */
function holds({ call, at }: Looked, { last_updated }: ListedCall, time: number): boolean {
  if (!call) return time - at < AGAIN_MS;
  const due = Date.parse(call.schedule?.scheduled_for ?? "");
  const cameDue = due > at && time > due + SETTLED_MS;
  return call.last_updated >= last_updated && !cameDue;
}

/** Why each of them is waiting, by id. */
export function useWaiting(calls: readonly ListedCall[]): ReadonlyMap<string, Wait> {
  const looked = useRef(new Map<string, Looked>());
  const isBusy = useRef(false);
  const [looks, redraw] = useState(0);
  const time = calls.some(mayWait) ? now.value : now.peek(); // drawn again each second only where something waits
  const waiting = calls.filter((call) => mayWait(call) && time - Date.parse(call.created_at) > SETTLED_MS);
  const isStale = (call: ListedCall) => {
    const known = looked.current.get(call.id);
    return !known || !holds(known, call, time);
  };
  const stale = waiting.filter(isStale);
  const look = async ({ id }: ListedCall) => {
    try {
      const call = await ask(api.GET("/integration/v1/calls/{call_id}", { params: { path: { call_id: id } } }));
      looked.current.set(id, { call, at: Date.now() });
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      looked.current.set(id, { call: null, at: Date.now() }); // the list itself says what is wrong
    }
  };
  useEffect(() => {
    if (stale.length === 0 || isBusy.current) return;
    isBusy.current = true;
    void (async () => {
      for (let at = 0; at < Math.min(stale.length, MOST); at += AT_ONCE) await Promise.all(stale.slice(at, at + AT_ONCE).map(look));
      const shown = new Set(waiting.map(({ id }) => id));
      for (const id of looked.current.keys()) if (!shown.has(id)) looked.current.delete(id);
      redraw((count) => count + 1);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      isBusy.current = false;
      redraw((count) => count + 1); // what became stale meanwhile
    })();
  }, [looks, stale.map(({ id }) => id).join()]);
  const reasons = waiting.flatMap(({ id }) => {
    const known = looked.current.get(id);
    const wait = known?.call && waitOf(known.call, time);
    return wait ? [[id, wait] as const] : [];
  });
  return new Map(reasons);
}
