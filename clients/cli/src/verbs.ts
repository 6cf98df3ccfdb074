// What can be done, for the command line and for the MCP server alike.

import type { Audatec, Call, Campaign, CreateCampaign, ListedCall, TriggerCall } from "@audatec/client";
import { type Schemas, WaitError } from "@audatec/client";
import { usage } from "./exit.ts";
import type { Persist } from "./persist.ts";
import { parts, type RowFormat } from "./rows.ts";
import type { Settings } from "./settings.ts";
import { isSimulated } from "./simulator.ts";

/** The first `limit` items. */
export async function take<T>(items: AsyncIterable<T>, limit: number): Promise<T[]> {
  const taken: T[] = [];
  if (limit <= 0) return taken;
  for await (const item of items) if (taken.push(item) >= limit) break;
  return taken;
}

/** The page size: no larger than the number of items wanted. */
export const pageOf = (limit: number): number => Math.max(1, Math.min(100, limit));

export const agents = async (audatec: Audatec): Promise<Schemas["Agent"][]> =>
  (await audatec.ask(audatec.api.GET("/integration/v1/agents"))).agents;

export const trunks = async (audatec: Audatec): Promise<Schemas["SipTrunk"][]> =>
  (await audatec.ask(audatec.api.GET("/integration/v1/sip-trunks"))).sip_trunks;

/** The agent to use: the one named, the one configured, or the only one there is. */
export async function chooseAgent({ audatec, agentId }: Settings, named: string | undefined): Promise<string> {
  return named ?? agentId ?? only(await agents(audatec), "agent", "--agent ID or AUDATEC_AGENT_ID");
}

/** The trunk to use: the one named, the one configured, or the only one there is. */
export async function chooseTrunk({ audatec, trunkId }: Settings, named: string | undefined): Promise<string> {
  return named ?? trunkId ?? only(await trunks(audatec), "trunk", "--trunk ID or AUDATEC_TRUNK_ID");
}

function only(things: { id: string; name: string }[], what: string, how: string): string {
  const [first, ...others] = things;
  if (first && others.length === 0) return first.id;
  throw usage(first ? `there are ${things.length} active ${what}s: say which (${how})` : `there is no active ${what}`);
}

/** An agent's example of the metadata it needs. */
export async function sampleOf(audatec: Audatec, agentId: string): Promise<Record<string, unknown>> {
  const agent = (await agents(audatec)).find(({ id }) => id === agentId);
  return (agent?.input_schema.sample_context ?? {}) as Record<string, unknown>;
}

export const getCall = (audatec: Audatec, callId: string): Promise<Call> =>
  audatec.ask(audatec.api.GET("/integration/v1/calls/{call_id}", { params: { path: { call_id: callId } } }));

export const cancelCall = (audatec: Audatec, callId: string): Promise<Schemas["CallState"]> =>
  audatec.ask(audatec.api.POST("/integration/v1/calls/{call_id}/cancel", { params: { path: { call_id: callId } } }));

export const trigger = (audatec: Audatec, call: TriggerCall, key: string | undefined) =>
  audatec.trigger(call, key === undefined ? {} : { idempotencyKey: key });

/** A call's present state, then its changes as they happen, until it is over. Nothing is missed in between. */
export async function* watchCall(audatec: Audatec, callId: string, persist: Persist, signal?: AbortSignal): AsyncGenerator<ListedCall> {
  const latest = () => audatec.ask(audatec.api.GET("/integration/v1/events", { params: { query: { after: "latest" } } }));
  const { next_cursor } = await persist(latest);
  const now = await persist(() => getCall(audatec, callId));
  yield now;
  if (now.is_terminal) return;
  for await (const event of audatec.events({ types: CALL_EVENTS, after: next_cursor, ...(signal && { signal }) })) {
    if (event.data.id !== callId || isKnown(event.data, now)) continue;
    yield event.data;
    if (event.data.is_terminal) return;
  }
}

/** Whether an event is from before the call was read. */
const isKnown = (event: ListedCall, seen: Call): boolean =>
  event.last_updated < seen.last_updated || (event.last_updated === seen.last_updated && event.call_status === seen.call_status);

export const TERMINAL_EVENTS = ["call.completed", "call.declined", "call.rejected", "call.failed"] as const;
export const CALL_EVENTS = ["call.initiating", "call.ringing", "call.answered", ...TERMINAL_EVENTS] as const;

export const getCampaign = (audatec: Audatec, id: string): Promise<Campaign> =>
  audatec.ask(audatec.api.GET("/integration/v1/campaigns/{id}", { params: { path: { id } } }));

export const createCampaign = (audatec: Audatec, fields: CreateCampaign): Promise<Campaign> =>
  audatec.ask(audatec.api.POST("/integration/v1/campaigns", { body: fields }));

/** Adds the rows of a file, in as many requests as it takes; row numbers continue through all of them. */
export async function upload(audatec: Audatec, id: string, text: string, format: RowFormat): Promise<Schemas["AddedRecipients"]> {
  const total: Schemas["AddedRecipients"] = { added: 0, duplicates: 0, rejected: [] };
  let before = 0;
  for (const part of parts(text, format)) {
    const { added, duplicates, rejected } = await audatec.sendRecipients(id, part.text, format);
    total.added += added;
    total.duplicates += duplicates;
    total.rejected.push(...rejected.map((row) => ({ ...row, row: row.row + before })));
    before += part.rows;
  }
  return total;
}

export function moveCampaign(audatec: Audatec, id: string, to: "start" | "pause" | "cancel"): Promise<Campaign> {
  const params = { path: { id } };
  switch (to) {
    case "start":
      return audatec.ask(audatec.api.POST("/integration/v1/campaigns/{id}/start", { params }));
    case "pause":
      return audatec.ask(audatec.api.POST("/integration/v1/campaigns/{id}/pause", { params }));
    case "cancel":
      return audatec.ask(audatec.api.POST("/integration/v1/campaigns/{id}/cancel", { params }));
  }
}

/** The most recipients that are checked; with more, the user is asked in any case. */
const LOOKED_AT = 1000;

/** Whether nobody but the simulator would be called. */
export async function ringsSimulatorOnly(audatec: Audatec, campaign: Campaign): Promise<boolean> {
  if (campaign.counts.total > LOOKED_AT) return false;
  const all = audatec.list("/integration/v1/campaigns/{id}/recipients", { path: { id: campaign.id } });
  for await (const { phone_number } of all) if (!isSimulated(phone_number)) return false;
  return true;
}

/** Whether no row of a file has another number; one that can't be recognised at a glance counts as another. */
export const namesSimulatorOnly = (rows: string): boolean => !rows.includes("\\u") && (rows.match(/\+\d+/g) ?? []).every(isSimulated);

/** A campaign each time its counts have changed, until it is over. */
export async function* watchCampaign(
  audatec: Audatec,
  id: string,
  intervalMs: number,
  persist: Persist,
  timeoutMs = Number.POSITIVE_INFINITY,
): AsyncGenerator<Campaign> {
  const deadline = Date.now() + timeoutMs;
  let last = "";
  for (;;) {
    const look = () => getCampaign(audatec, id);
    // If the first read fails, there is nothing to watch.
    const campaign = last === "" ? await look() : await persist(look);
    const state = JSON.stringify([campaign.status, campaign.held_by, campaign.counts]);
    if (state !== last) yield campaign;
    last = state;
    if (campaign.status === "completed" || campaign.status === "canceled") return;
    if (Date.now() + intervalMs > deadline) throw new WaitError(`campaign ${id} is ${campaign.status} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
