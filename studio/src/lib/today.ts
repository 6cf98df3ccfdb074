// What today's calls add up to so far. A day is UTC's, as a trunk's daily limit counts.

import { api, ask, type ListedCall, type Schemas } from "./api.ts";

export interface Today {
  calls: number;
  answered: number;
  ends: End[];
}

const DAY_MS = 86_400_000;
/** When the day began. */
export const midnight = (now: number): string => new Date(Math.floor(now / DAY_MS) * DAY_MS).toISOString();

export async function readToday(): Promise<Today> {
  const from = midnight(Date.now());
  const query = { from, to: new Date(Date.parse(from) + DAY_MS).toISOString(), group_by: "day" } as const;
  const { rows } = await ask(api.GET("/integration/v1/usage", { params: { query } }));
  const day = rows[0];
  return { calls: day?.calls ?? 0, answered: day?.answered ?? 0, ends: day ? endsOf(day) : [] };
}

/** How calls ended, most of all first, each with the calls' filter that finds them. */
export interface End {
  /** A status, or the code of a failure. */
  name: string;
  count: number;
  filter: Record<string, string>;
}

const ended = (name: string, count: number, filter: End["filter"]): End => ({ name, count, filter });

const withStatus = (name: string, count: number, call_status: ListedCall["call_status"]): End => ended(name, count, { call_status });

function endsOf({ completed, declined, rejected, failed }: Schemas["UsageRow"]): End[] {
  const ends = [
    withStatus("Completed", completed, "Completed"),
    withStatus("Declined", declined, "Decline"),
    withStatus("Refused for capacity", rejected, "Rejected — Capacity"),
    ...Object.entries(failed).map(([failure_code, count]) => ended(failure_code, count, { failure_code })),
  ];
  return ends.filter(({ count }) => count > 0).sort((one, other) => other.count - one.count);
}
