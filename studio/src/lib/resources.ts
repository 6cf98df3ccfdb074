// Agents and trunks, for naming calls. Only an owner can see inactive ones.

import { type Agent, api, ask, type Schemas, type Trunk } from "./api.ts";
import { type Query, useQuery } from "./query.ts";
import { barred } from "./session.ts";

const include = () => (barred("owner") === null ? ({ include: "inactive" } as const) : {});

export const readAgents = async (): Promise<Agent[]> =>
  (await ask(api.GET("/integration/v1/agents", { params: { query: include() } }))).agents;

export const readTrunks = async (): Promise<Trunk[]> =>
  (await ask(api.GET("/integration/v1/sip-trunks", { params: { query: include() } }))).sip_trunks;

/** How many trunks are searched for a simulated one. */
const LOOKED_AT = 20;

/** Trunks that dial nobody and have more than one channel. Only an owner can tell which those are; others get any. */
export async function readSimulated(): Promise<Trunk[]> {
  const usable = (await readTrunks()).filter(({ status, max_channels }) => status === "active" && max_channels > 1);
  if (barred("owner")) return usable;
  const details = usable.slice(0, LOOKED_AT).map(({ id }) => ask(api.GET("/integration/v1/sip-trunks/{id}", { params: { path: { id } } })));
  return (await Promise.all(details)).filter(({ carrier }) => carrier.type === "simulator");
}

/** A trunk that can be used for a call as it is: preferably a simulated one, rather than one that may dial somebody. */
export const readUsable = async (): Promise<Trunk | null> =>
  (await readSimulated())[0] ?? (await readTrunks()).find(({ status }) => status === "active") ?? null;

export const useAgents = (): Query<Agent[]> => useQuery("agents", readAgents);
export const useTrunks = (): Query<Trunk[]> => useQuery("trunks", readTrunks);

/** Its name, or as much as is known of it. */
export const nameOf = (resources: readonly { id: string; name: string }[] | undefined, id: string): string =>
  resources?.find((resource) => resource.id === id)?.name ?? `${id.slice(0, 8)}…`;

/** Each trunk's latest state in the feed, as far as that reaches back. */
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
