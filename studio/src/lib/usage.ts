// A trunk's use over the last hour, computed from its calls: each held a channel from its dial to its end. Calls that were
// queued, or never dialed, held none.

import type { ListedCall, Schemas } from "./api.ts";
import { HOUR_MS } from "./days.ts";

const STEP_MS = 15_000;

/** The times of a dialed call that matter here. */
export interface Held {
  from: number;
  until: number | null;
}

export interface History {
  calls: Map<string, Held>;
  /** The moment from which nothing is missing. */
  since: number;
}

/** Points for a plot: seconds since the epoch, and the most channels in use within each step. */
export interface Series {
  at: number[];
  inUse: number[];
}

/** From when to when it held a channel; null if it was not dialed. */
export const held = (call: ListedCall): Held | null =>
  call.dialed_at === null
    ? null
    : { from: Date.parse(call.dialed_at), until: call.end_timestamp === null ? null : Date.parse(call.end_timestamp) };

/** The known history extended by these calls; one already known to be over stays so. */
export function withCalls(known: History, calls: readonly ListedCall[]): History {
  const all = new Map(known.calls);
  for (const call of calls) {
    const found = held(call);
    if (found && all.get(call.id)?.until == null) all.set(call.id, found);
  }
  return { ...known, calls: all };
}

/** The known history, corrected by the calls that hold a channel now: any others are over, even if their end was not reported
 * yet, and calls from before the period read are added. */
export function agreeing(known: History, { calls }: Schemas["LiveCalls"]): History {
  const since = new Map(calls.map(({ call_id, since }) => [call_id, Date.parse(since)]));
  const asked = [...since.values()].reduce((latest, at) => Math.max(latest, at), 0); // no earlier than that
  const all = new Map(known.calls);
  for (const [id, { from, until }] of known.calls) {
    if (until === null && from <= asked && !since.has(id)) all.set(id, { from, until: asked });
  }
  for (const [id, from] of since) if (from < known.since && !all.has(id)) all.set(id, { from, until: null });
  return { ...known, calls: all };
}

/** The series up to `now`, with the peak within each step, in one pass over beginnings and ends. */
export function series({ calls, since }: History, now: number): Series {
  const changes: [number, number][] = [];
  for (const { from, until } of calls.values()) {
    if (until !== null && until <= from) continue;
    changes.push([from, 1]);
    if (until !== null) changes.push([until, -1]);
  }
  changes.sort(([a, up], [b, down]) => a - b || up - down);
  const result: Series = { at: [], inUse: [] };
  const begin = Math.ceil(Math.max(since, now - HOUR_MS) / STEP_MS) * STEP_MS;
  let inUse = 0;
  let next = 0;
  for (let end = begin; end <= now + STEP_MS; end += STEP_MS) {
    let peak = end === begin ? 0 : inUse;
    for (let change = changes[next]; change && change[0] < Math.min(end, now + 1); change = changes[next]) {
      inUse += change[1];
      if (change[0] >= begin) peak = Math.max(peak, inUse);
      next += 1;
    }
    result.at.push(Math.min(end, now) / 1_000);
    result.inUse.push(Math.max(peak, inUse));
    if (end >= now) break;
  }
  return result;
}

/** Dials within the last second, and the most within any second of the hour. */
export function rates({ calls }: History, now: number): { current: number; peak: number } {
  const starts = [...calls.values()].map(({ from }) => from).sort((a, b) => a - b);
  let peak = 0;
  let first = 0;
  for (const [last, start] of starts.entries()) {
    while (start - (starts[first] ?? start) >= 1_000) first += 1;
    if (start >= now - HOUR_MS) peak = Math.max(peak, last - first + 1);
  }
  return { current: starts.filter((start) => start > now - 1_000 && start <= now).length, peak };
}
