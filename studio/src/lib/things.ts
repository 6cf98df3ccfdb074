// Agents and trunks: what pages name calls by. Only an owner is told of inactive ones.

import { type Agent, api, ask, type Schemas, type Trunk } from "./api.ts";
import { type Query, useQuery } from "./query.ts";
import { barred } from "./session.ts";

const include = () => (barred("owner") === null ? ({ include: "inactive" } as const) : {});

export const readAgents = async (): Promise<Agent[]> =>
  (await ask(api.GET("/integration/v1/agents", { params: { query: include() } }))).agents;

export const readTrunks = async (): Promise<Trunk[]> =>
  (await ask(api.GET("/integration/v1/sip-trunks", { params: { query: include() } }))).sip_trunks;

export const useAgents = (): Query<Agent[]> => useQuery("agents", readAgents);
export const useTrunks = (): Query<Trunk[]> => useQuery("trunks", readTrunks);

/** Its name, or what is known of it. */
export const nameOf = (things: readonly { id: string; name: string }[] | undefined, id: string): string =>
  things?.find((thing) => thing.id === id)?.name ?? `${id.slice(0, 8)}…`;

/** Each trunk's state as the feed told it last, within the time that it reaches back. */
export async function readTrunkStates(): Promise<Map<string, Schemas["TrunkState"]>> {
  const states = new Map<string, Schemas["TrunkState"]>();
  let after: string | undefined;
  for (;;) {
    const query = { type: ["trunk.updated" as const], limit: 100, after };
    const part = await ask(api.GET("/integration/v1/events", { params: { query } }));
    const { events, next_cursor } = part as Schemas["EventList"]; // no stream was asked for
    for (const { data } of events) if ("breaker" in data) states.set(data.sip_trunk_id, data);
    if (events.length < 100) return states;
    after = next_cursor;
  }
}
