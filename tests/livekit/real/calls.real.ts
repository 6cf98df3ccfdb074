// Real calls: the built Worker, a real LiveKit server, the agent of `agent/`, and SIP telephones, all on this machine.

import { RoomServiceClient } from "livekit-server-sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { found, METADATA, Org, Server } from "../../edge/harness.ts";
import type { CallObject } from "../../edge/shapes.ts";
import { until } from "../../edge/until.ts";
import { summary } from "../world.ts";
import type { Telephone } from "./sipp.ts";
import { AGENT, KEY, SECRET, Stack } from "./stack.ts";

const server = new Server({ vars: { RING_TIMEOUT_SECONDS: "6", MAX_CALL_SECONDS: "12", STALLED_AFTER_SECONDS: "600" } });
const stack = new Stack();
const TIMEOUT = { timeout: 90_000 };
let org: Org;
let agentId: string;
const trunks = new Map<string, string>();

beforeAll(async () => {
  await server.start();
  await stack.start(`${server.url}/carrier/livekit`);
  org = await Org.create(server);
  agentId = (await org.newAgent({ agent_code: AGENT, script: SCRIPT, voice: "none", outcome_schema: SCHEMA })).id;
  for (const [name, sip_trunk_id] of stack.trunks) {
    const carrier = { type: "livekit", url: stack.url, api_key: KEY, api_secret: SECRET, sip_trunk_id };
    trunks.set(name, (await org.newTrunk({ name, trunk_phone: "+15550000000", carrier })).id);
  }
}, 180_000);

afterAll(async () => {
  stack.stop();
  await server.stop();
});

/** Long enough that it is always the telephone, or LiveKit, that ends the call. */
const SCRIPT = "Hello. Your payment is due. ".repeat(30).trim();

const SCHEMA = {
  type: "object",
  properties: { disposition: { enum: ["interested", "unknown"] }, summary: { type: ["string", "null"] }, answered_by: { enum: ["human", "voicemail", "unknown"] } },
  required: ["disposition", "answered_by"],
};

const rooms = () => new RoomServiceClient(stack.url.replace("ws:", "http:"), KEY, SECRET);

async function place(telephone: Telephone | "nobody"): Promise<string> {
  return org.call({ sip_trunk_id: trunks.get(telephone), agent_id: agentId, phone_number: "+15005550100", metadata: METADATA });
}

async function ended(id: string): Promise<CallObject> {
  await org.ended(id, 80_000);
  await until(`the room of ${id} to be gone`, async () => (await rooms().listRooms([id])).length === 0, 20_000);
  return org.detail(id);
}

test("answers, and hangs up: the agent's outcome and transcript", TIMEOUT, async () => {
  const id = await place("answers");
  const call = await ended(id);

  expect(summary(call)).toEqual({ call_status: "Completed", failure: null, rang: true });
  expect(call.call_outcome).toEqual({ disposition: "interested", summary: "Will pay.", sentiment: "positive", answered_by: "human" });
  expect(call.duration).toBeGreaterThanOrEqual(2);
  expect(call.duration).toBeLessThanOrEqual(5);
  const { transcript } = found(await org.owner.get<{ transcript: { text: string }[] }>(`/calls/${id}/transcript`));
  expect(transcript.map(({ text }) => text)).toEqual([SCRIPT]);
});

const ROWS: [Telephone | "nobody", string, object, boolean][] = [
  ["busy", "Decline", { source: "callee", code: "busy", sip_status_code: 486 }, true],
  ["declines", "Decline", { source: "callee", code: "declined", sip_status_code: 603 }, true],
  ["broken", "SIP Call Failed", { source: "carrier", code: "carrier_error", sip_status_code: 503 }, false],
  ["rings", "SIP Call Failed", { source: "callee", code: "no_answer", sip_status_code: null }, true],
  ["nobody", "SIP Call Failed", { source: "carrier", code: "unreachable", sip_status_code: null }, false],
];

test.for(ROWS)("%s: %s", TIMEOUT, async ([telephone, call_status, failure, rang]) => {
  expect(summary(await ended(await place(telephone)))).toEqual({ call_status, failure, rang });
});

test("never hangs up: at the longest conversation LiveKit ends it", TIMEOUT, async () => {
  const call = await ended(await place("holds"));

  expect(summary(call)).toMatchObject({ call_status: "Completed", rang: true });
  expect(call.duration).toBeGreaterThanOrEqual(11);
});

test("cancelled while it rings: the phone stops at once", TIMEOUT, async () => {
  const id = await place("rings");
  await until("it to ring", async () => (await org.status(id)).call_status === "Ringing", 30_000);
  found(await org.owner.post(`/calls/${id}/cancel`));
  await until("the room to be gone", async () => (await rooms().listRooms([id])).length === 0, 3_000);

  expect(await ended(id)).toMatchObject({ call_status: "SIP Call Failed", failure: { code: "canceled" } });
});

test("released while they talk: hung up", TIMEOUT, async () => {
  const id = await place("holds");
  await until("the answer", async () => (await org.status(id)).call_status === "Answered", 30_000);
  found(await org.owner.post(`/sip-trunks/${trunks.get("holds")}/live/${id}/release`));

  expect(await ended(id)).toMatchObject({ call_status: "Completed", failure: { code: "canceled" } });
});

test("an agent that nobody runs: Trigger Failed, and no phone rings", TIMEOUT, async () => {
  const other = await org.newAgent({ agent_code: "nobody-runs-this" });
  const id = await org.call({ sip_trunk_id: trunks.get("answers"), agent_id: other.id, phone_number: "+15005550100" });

  expect(summary(await ended(id))).toEqual({
    call_status: "Trigger Failed",
    failure: { source: "dialer", code: "agent_unavailable", sip_status_code: null },
    rang: false,
  });
});
