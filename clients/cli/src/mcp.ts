// The verbs as tools of a Model Context Protocol server. Tools that change something exist only if that is allowed, and those
// that let real phones ring only if that is allowed as well.

import { ApiError, checkSignature } from "@audatec/client";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";
import { said } from "./commands/shared.ts";
import { checks } from "./doctor.ts";
import { persistence } from "./persist.ts";
import type { Settings } from "./settings.ts";
import { isSimulated } from "./simulator.ts";
import * as verbs from "./verbs.ts";
import { VERSION } from "./version.ts";

export interface Allowed {
  writes: boolean;
  dialing: boolean;
}

type Shape = z.ZodRawShape;
type Add = <S extends Shape>(name: string, about: string, shape: S, run: (given: z.infer<z.ZodObject<S>>) => Promise<unknown>) => void;

const id = z.uuid();
const phoneNumber = z.string().describe("E.164, as +919876543210");
const limit = z.number().int().min(1).max(200).default(50);

/** Serves on stdin and stdout until they are closed. */
export async function serve(settings: Settings, allowed: Allowed): Promise<void> {
  const server = makeServer(settings, allowed);
  const transport = new StdioServerTransport();
  const ended = new Promise<void>((resolve) => {
    transport.onclose = resolve;
    process.stdin.once("end", resolve);
  });
  await server.connect(transport);
  await ended;
  await server.close();
}

export function makeServer(settings: Settings, allowed: Allowed): McpServer {
  const server = new McpServer({ name: "audatec", version: VERSION });
  const add =
    (isRead: boolean): Add =>
    (name, about, inputSchema, run) => {
      const annotations = { readOnlyHint: isRead, destructiveHint: !isRead, openWorldHint: true };
      // The SDK's types infer the arguments from each shape again; they are those of `run`.
      const config = { description: about, inputSchema: inputSchema as Shape, annotations };
      server.registerTool(name, config, async (given: object) => answer(() => run(given as never)));
    };
  addCallReads(add(true), settings);
  addCampaignReads(add(true), settings);
  addReads(add(true), settings);
  if (allowed.writes) {
    addCallWrites(add(false), settings, allowed);
    addWrites(add(false), settings);
  }
  return server;
}

/** The result, as text; a refusal is a tool error, which the model can read. */
async function answer(run: () => Promise<unknown>) {
  try {
    return { content: [{ type: "text" as const, text: JSON.stringify(await run()) }] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const more =
      error instanceof ApiError
        ? { status: error.status, code: error.code, retry_after: error.retryAfter, request_id: error.requestId }
        : {};
    return { isError: true, content: [{ type: "text" as const, text: JSON.stringify({ error: message, ...more }) }] };
  }
}

function addCallReads(add: Add, settings: Settings): void {
  const { audatec } = settings;
  add("calls_get", "Everything known about a call: its status, outcome, failure, timeline and callback.", { call_id: id }, ({ call_id }) =>
    verbs.getCall(audatec, call_id),
  );
  add(
    "calls_list",
    "Calls, newest first.",
    {
      call_status: z.array(z.string()).optional().describe("Completed, Decline, SIP Call Failed …"),
      phone_number: phoneNumber.optional(),
      campaign_id: id.optional(),
      failure_code: z.array(z.string()).optional(),
      created_after: z.string().optional().describe("ISO 8601"),
      limit,
    },
    ({ limit, ...filters }) =>
      verbs.take(audatec.list("/integration/v1/calls", { query: { limit: verbs.pageOf(limit), ...said(filters) } as never }), limit),
  );
  add(
    "calls_watch",
    "Waits until a call is over, and returns its result.",
    { call_id: id, timeout_seconds: z.number().max(300).default(60) },
    ({ call_id, timeout_seconds }) => {
      const deadline = Date.now() + timeout_seconds * 1000;
      return persisting(timeout_seconds)(() => audatec.waitForCall(call_id, { timeoutMs: deadline - Date.now() }));
    },
  );
  add(
    "calls_dry_run",
    "What a call would run into (capacity, calling hours, suppressions), without placing it.",
    {
      phone_number: phoneNumber,
      agent_id: id.optional(),
      sip_trunk_id: id.optional(),
      metadata: z.record(z.string(), z.unknown()).optional(),
    },
    async (given) => audatec.dryRun(await callOf(settings, given)),
  );
}

/** Keeps trying through an outage, for as long as requested. */
const persisting = (seconds: number) => persistence(() => {}, AbortSignal.timeout(seconds * 1000));

function addCampaignReads(add: Add, { audatec }: Settings): void {
  add("campaigns_list", "Campaigns, newest first.", { limit }, ({ limit }) =>
    verbs.take(audatec.list("/integration/v1/campaigns", { query: { limit: verbs.pageOf(limit) } }), limit),
  );
  add("campaigns_get", "A campaign and its progress: its counts add up to the total.", { campaign_id: id }, ({ campaign_id }) =>
    verbs.getCampaign(audatec, campaign_id),
  );
  add(
    "campaigns_watch",
    "Waits until a campaign is over.",
    { campaign_id: id, timeout_seconds: z.number().max(300).default(60) },
    async ({ campaign_id, timeout_seconds }) => {
      let last: unknown;
      const persist = persisting(timeout_seconds);
      for await (const campaign of verbs.watchCampaign(audatec, campaign_id, 2000, persist, timeout_seconds * 1000)) last = campaign;
      return last;
    },
  );
  add("campaigns_results", "The results of a campaign's recipients.", { campaign_id: id, limit }, ({ campaign_id, limit }) =>
    verbs.take(
      audatec.list("/integration/v1/campaigns/{id}/recipients", { path: { id: campaign_id }, query: { limit: verbs.pageOf(limit) } }),
      limit,
    ),
  );
}

function addReads(add: Add, settings: Settings): void {
  const { audatec } = settings;
  const { api } = audatec;
  add("agents_list", "The agents, and the metadata that each needs.", {}, () => verbs.agents(audatec));
  add("trunks_list", "The trunks that calls go out through, with their limits.", {}, () => verbs.trunks(audatec));
  add("trunks_live", "The calls that hold a trunk's channels.", { sip_trunk_id: id }, ({ sip_trunk_id }) =>
    audatec.ask(api.GET("/integration/v1/sip-trunks/{id}/live", { params: { path: { id: sip_trunk_id } } })),
  );
  add("suppressions_list", "Numbers that must not be called.", { phone_number: phoneNumber.optional(), limit }, ({ limit, ...filters }) =>
    verbs.take(audatec.list("/integration/v1/suppressions", { query: { limit: verbs.pageOf(limit), ...said(filters) } }), limit),
  );
  add("keys_list", "API keys by their first characters (owner).", { limit }, ({ limit }) =>
    verbs.take(audatec.list("/integration/v1/api-keys", { query: { limit: verbs.pageOf(limit) } }), limit),
  );
  add(
    "webhooks_verify",
    "Whether a notification is authentic, checked with the organisation's newest secret unless one is given.",
    {
      body: z.string(),
      headers: z.record(z.string(), z.string()),
      secret: z.string().optional(),
      tolerance_seconds: z.number().default(300),
    },
    async ({ body, headers, secret, tolerance_seconds }) => {
      const known = secret ?? settings.webhookSecret ?? (await audatec.ask(api.GET("/integration/v1/webhooks/secret"))).secret;
      return checkSignature(body, headers, known, { toleranceSeconds: tolerance_seconds });
    },
  );
  add("doctor", "What is wrong with this set-up, and how to fix it.", {}, async () => {
    const found = [];
    for await (const check of checks(settings)) found.push(check);
    return found;
  });
}

interface GivenCall {
  phone_number: string;
  agent_id?: string | undefined;
  sip_trunk_id?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
}

/** The call intended, with the agent and the trunk that are configured or the only ones. */
async function callOf(settings: Settings, { agent_id, sip_trunk_id, ...more }: GivenCall) {
  return said({
    ...more,
    agent_id: await verbs.chooseAgent(settings, agent_id),
    sip_trunk_id: await verbs.chooseTrunk(settings, sip_trunk_id),
  });
}

const REAL =
  "would let real phones ring, and this server was started without --allow-dialing; +15005550000 to +15005550009 are the simulator's";

function addCallWrites(add: Add, settings: Settings, allowed: Allowed): void {
  const { audatec } = settings;
  add(
    "calls_trigger",
    `Places a call. ${allowed.dialing ? "A real phone rings, unless it is one of the simulator's numbers." : "Only the simulator's numbers, +15005550000 to +15005550009."}`,
    {
      phone_number: phoneNumber,
      agent_id: id.optional(),
      sip_trunk_id: id.optional(),
      metadata: z.record(z.string(), z.unknown()).optional(),
      callback_url: z.url().optional(),
      on_capacity: z.enum(["reject", "queue"]).optional(),
      not_before: z.string().optional(),
      not_after: z.string().optional(),
      idempotency_key: z.string().optional().describe("A repeat with the same key places no second call."),
    },
    async ({ idempotency_key, ...given }) => {
      if (!allowed.dialing && !isSimulated(given.phone_number)) throw new Error(`${given.phone_number} ${REAL}`);
      return verbs.trigger(audatec, await callOf(settings, given), idempotency_key);
    },
  );
  add("calls_cancel", "Ends a call, whatever its status.", { call_id: id }, ({ call_id }) => verbs.cancelCall(audatec, call_id));
  add(
    "campaigns_create",
    "Creates a campaign as a draft: nobody is called yet.",
    {
      name: z.string(),
      agent_id: id.optional(),
      sip_trunk_id: id.optional(),
      callback_url: z.url().optional(),
      max_channels: z.number().int().optional(),
      max_cps: z.number().int().optional(),
    },
    async ({ agent_id, sip_trunk_id, ...more }) => {
      const [agent, trunk] = [await verbs.chooseAgent(settings, agent_id), await verbs.chooseTrunk(settings, sip_trunk_id)];
      return verbs.createCampaign(audatec, said({ ...more, agent_id: agent, sip_trunk_id: trunk }));
    },
  );
  const recipient = z.object({
    phone_number: phoneNumber,
    reference: z.string().optional(),
    time_zone: z.string().optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
  });
  add(
    "campaigns_upload",
    "Adds people to a campaign. If it is running, it calls them.",
    { campaign_id: id, recipients: z.array(recipient).min(1) },
    async ({ campaign_id, recipients }) => {
      const isRunning = (await verbs.getCampaign(audatec, campaign_id)).status === "running";
      const real = recipients.find(({ phone_number }) => !isSimulated(phone_number));
      if (isRunning && real && !allowed.dialing) throw new Error(`${real.phone_number} ${REAL}`);
      return audatec.addRecipients(campaign_id, recipients.map(said));
    },
  );
  add("campaigns_start", "Starts or resumes a campaign: its people are called.", { campaign_id: id }, async ({ campaign_id }) => {
    if (!allowed.dialing && !(await verbs.ringsSimulatorOnly(audatec, await verbs.getCampaign(audatec, campaign_id))))
      throw new Error(`it ${REAL}`);
    return verbs.moveCampaign(audatec, campaign_id, "start");
  });
  for (const to of ["pause", "cancel"] as const) {
    const about = to === "pause" ? "Pauses a campaign: no further phone rings; open calls go on." : "Ends a campaign for good.";
    add(`campaigns_${to}`, about, { campaign_id: id }, ({ campaign_id }) => verbs.moveCampaign(audatec, campaign_id, to));
  }
}

function addWrites(add: Add, { audatec }: Settings): void {
  const { api } = audatec;
  add(
    "suppressions_add",
    "Once it succeeds, that number's phone no longer rings.",
    { phone_number: phoneNumber, reason: z.string().optional(), expires_at: z.string().optional() },
    (body) => audatec.ask(api.POST("/integration/v1/suppressions", { body: said(body) })),
  );
  add("suppressions_remove", "The number may be called again.", { phone_number: phoneNumber }, async ({ phone_number }) => {
    await audatec.ask(api.DELETE("/integration/v1/suppressions/{phone_number}", { params: { path: { phone_number } } }));
    return { phone_number, removed: true };
  });
  add(
    "keys_create",
    "Creates an API key, which is shown only this once (owner).",
    { name: z.string(), role: z.enum(["viewer", "member", "admin", "owner"]), expires_at: z.string().optional() },
    (body) => audatec.ask(api.POST("/integration/v1/api-keys", { body: said(body) })),
  );
  add("keys_revoke", "Once it succeeds, the key starts no call (owner).", { key_id: id }, async ({ key_id }) => {
    await audatec.ask(api.DELETE("/integration/v1/api-keys/{id}", { params: { path: { id: key_id } } }));
    return { id: key_id, revoked: true };
  });
}
