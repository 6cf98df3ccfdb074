// What today's calls add up to so far: of a day with very many of them, the newest. A day is UTC's, as a trunk's daily limit counts.

import { api, ask, type ListedCall } from "./api.ts";

export interface Today {
  calls: number;
  answered: number;
  ends: End[];
  /** Whether there are older ones, which are not counted. */
  isCut: boolean;
}

const DAY_MS = 86_400_000;
/** At most so many pages of 100 calls. */
const PAGES = 3;

/** When the day began. */
export const midnight = (now: number): string => new Date(Math.floor(now / DAY_MS) * DAY_MS).toISOString();

export async function readToday(): Promise<Today> {
  const calls: ListedCall[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const query = { created_after: midnight(Date.now()), limit: 100, cursor };
    const answer = await ask(api.GET("/integration/v1/calls", { params: { query } }));
    calls.push(...answer.calls);
    cursor = answer.next_cursor ?? undefined;
    if (cursor === undefined) break;
  }
  const answered = calls.filter(({ start_timestamp }) => start_timestamp !== null).length;
  return { calls: calls.length, answered, ends: endsOf(calls), isCut: cursor !== undefined };
}

/** How calls ended, most of all first, each with the calls' filter that finds them. */
export interface End {
  /** A status, or the code of a failure. */
  name: string;
  count: number;
  filter: Record<string, string>;
}

const NAMES: Partial<Record<ListedCall["call_status"], string>> = {
  Completed: "Completed",
  Decline: "Declined",
  "Rejected — Capacity": "Refused for capacity",
};

function endsOf(calls: ListedCall[]): End[] {
  const ends = new Map<string, End>();
  for (const { call_status, failure, end_timestamp, is_terminal } of calls) {
    if (end_timestamp === null && !is_terminal) continue;
    const name = NAMES[call_status] ?? failure?.code ?? call_status;
    const filter: Record<string, string> = NAMES[call_status] || !failure ? { call_status } : { failure_code: failure.code };
    ends.set(name, { name, filter, count: (ends.get(name)?.count ?? 0) + 1 });
  }
  return [...ends.values()].sort((one, other) => other.count - one.count);
}
