// Reads the calls that a trunk's last hour consists of.

import { api, ask } from "./api.ts";
import { HOUR_MS } from "./days.ts";
import { type Held, type History, held } from "./usage.ts";

/** How long before the hour calls may have begun that reach into it. */
const LOOK_BACK_MS = 600_000;
/** How many slices of the time are read in parallel. */
const SLICES = 4;
/** The most pages of 100 calls: the oldest calls of a very busy trunk are left out, and the page says so. */
const MAX_PAGES = 40;

/** The trunk's calls of the last hour. */
export async function readHistory(trunk: string, now: number): Promise<History> {
  const begin = now - HOUR_MS - LOOK_BACK_MS;
  const length = (now - begin) / SLICES;
  const slices = await Promise.all(
    Array.from({ length: SLICES }, (_, at) =>
      readSlice(trunk, begin + at * length, at === SLICES - 1 ? now + HOUR_MS : begin + (at + 1) * length),
    ),
  );
  const cut = slices.map(({ since }) => since).filter((since) => since !== null);
  return {
    calls: new Map(slices.flatMap(({ calls }) => calls)),
    since: Math.max(now - HOUR_MS, ...cut),
  };
}

async function readSlice(trunk: string, from: number, until: number): Promise<{ calls: [string, Held][]; since: number | null }> {
  const calls: [string, Held][] = [];
  let oldest: number | null = null;
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES / SLICES; page += 1) {
    const query = {
      sip_trunk_id: trunk,
      created_after: new Date(from).toISOString(),
      created_before: new Date(until).toISOString(),
      limit: 100,
      cursor,
    };
    const answer = await ask(api.GET("/integration/v1/calls", { params: { query } }));
    for (const call of answer.calls) {
      const found = held(call);
      if (found) calls.push([call.id, found]);
      oldest = Date.parse(call.created_at);
    }
    if (answer.next_cursor === null) return { calls, since: null };
    cursor = answer.next_cursor;
  }
  return { calls, since: oldest };
}
