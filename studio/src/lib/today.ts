// Totals of today's calls so far.

import { api, ask, type ListedCall, type Schemas } from "./api.ts";
import { DAY_MS, midnight } from "./days.ts";

export interface Today {
  calls: number;
  answered: number;
  ends: End[];
}

export async function readToday(): Promise<Today> {
  const from = midnight(Date.now());
  const query = { from, to: new Date(Date.parse(from) + DAY_MS).toISOString(), group_by: "day" } as const;
  const { rows } = await ask(api.GET("/integration/v1/usage", { params: { query } }));
  const day = rows[0];
  return { calls: day?.calls ?? 0, answered: day?.answered ?? 0, ends: day ? endsOf(day) : [] };
}

/** How calls ended, most frequent first, each with the filter that finds those calls. */
export interface End {
  /** A status, or a failure's code. */
  name: string;
  count: number;
  /** The colour of such a call's status: a failure never looks like a success. */
  tone: "good" | "warn" | "bad";
  filter: Record<string, string>;
}

const withStatus = (name: string, count: number, tone: End["tone"], call_status: ListedCall["call_status"]): End => ({
  name,
  count,
  tone,
  filter: { call_status },
});

function endsOf({ completed, declined, rejected, failed }: Schemas["UsageRow"]): End[] {
  const ends = [
    withStatus("Completed", completed, "good", "Completed"),
    withStatus("Declined", declined, "warn", "Decline"),
    withStatus("Refused for capacity", rejected, "warn", "Rejected — Capacity"),
    ...Object.entries(failed).map(([failure_code, count]): End => ({ name: failure_code, count, tone: "bad", filter: { failure_code } })),
  ];
  return ends.filter(({ count }) => count > 0).sort((one, other) => other.count - one.count);
}
