// Each row of the table of what a real LiveKit stack was seen to do, through the built Worker.

import { expect, test } from "vitest";
import { type Behaviour, NO_SIP_NODE, NODE_SILENT, NOT_AGREED } from "./fake/behaviour.ts";
import { type Job } from "./fake/room.ts";
import { summary, useWorld } from "./world.ts";

/** Phones ring for long enough to be seen at it, however busy the machine. */
const world = useWorld({ vars: { RING_TIMEOUT_SECONDS: "4" } });
const TIMEOUT = { timeout: 40_000 };

test("a call that is answered: a room with its agent, one dial, and the agent's outcome", TIMEOUT, async () => {
  const { livekit, org, server } = world;
  const number = livekit.number({ ringMs: 2_000 });
  const agent = await org.newAgent({
    script: "Say hello to {{customer_name}} of {{company}}.",
    voice: "asha",
    voicemail: { action: "leave_message", message: "{{ customer_name }}, please call." },
    input_schema: { fields: [] },
  });
  const metadata = { customer_name: "Rahul\nSharma", number };
  const id = await org.call({ phone_number: number, agent_id: agent.id, metadata });
  const call = await world.ended({ id, number });

  expect(summary(call)).toEqual({ call_status: "Completed", failure: null, rang: true });
  expect(call.call_outcome).toEqual({ disposition: "interested", summary: "Will pay on June 20.", sentiment: "positive" });
  expect(call.timeline.map(({ event }) => event)).toEqual(["accepted", "dialing", "ringing", "answered", "ended"]);

  const asked = (method: string) => livekit.asked.filter((it) => it.method === method && JSON.stringify(it.body).includes(id));
  const [room] = asked("RoomService/CreateRoom");
  const { agents, ...rest } = room?.body as { agents: { agent_name: string; metadata: string }[] };
  expect(rest).toMatchObject({ name: id });
  expect(agents.map(({ agent_name }) => agent_name)).toEqual([agent.agent_code]);
  const { report_token, ...job } = JSON.parse(agents[0]?.metadata ?? "") as Job;
  expect(job).toEqual({
    call_id: id,
    script: "Say hello to Rahul Sharma of {{company}}.",
    voice: "asha",
    voicemail: { action: "leave_message", message: "Rahul Sharma, please call." },
    context: metadata,
    report_url: `${server.url}/agent-reports/${id}`,
  });
  expect(report_token).toMatch(/^[0-9a-f]{64}$/);
  const dials = asked("SIP/CreateSIPParticipant");
  expect(dials.map(({ body }) => body)).toEqual([
    {
      sip_trunk_id: "ST_fake",
      sip_call_to: number,
      sip_number: org.trunk.trunk_phone,
      room_name: id,
      participant_identity: `callee-${id}`,
      participant_attributes: { call_id: id },
      wait_until_answered: true,
      ringing_timeout: "4s",
      max_call_duration: "6s", // LiveKit counts the ringing too
    },
  ]);
  expect(Number(dials[0]?.headers["x-twirp-timeout-ms"])).toBeGreaterThanOrEqual(5_000);
  const order = livekit.asked.filter((it) => JSON.stringify(it.body).includes(id)).map(({ method }) => method.split("/")[1]);
  expect(order.indexOf("ListParticipants")).toBeLessThan(order.indexOf("CreateSIPParticipant"));
});

const callee = (code: string, sip_status_code: number | null = null) => ({ source: "callee", code, sip_status_code });
const carrier = (code: string, sip_status_code: number | null = null) => ({ source: "carrier", code, sip_status_code });
const dialer = (code: string) => ({ source: "dialer", code, sip_status_code: null });

const ROWS: [row: string, behaviour: Partial<Behaviour>, call_status: string, failure: object | null, rang: boolean][] = [
  ["486", { callee: { sip: 486 }, ringMs: 2_000 }, "Decline", callee("busy", 486), true],
  ["600", { callee: { sip: 600 }, ringMs: 2_000 }, "Decline", callee("busy", 600), true],
  ["603", { callee: { sip: 603 }, ringMs: 2_000 }, "Decline", callee("declined", 603), true],
  ["607", { callee: { sip: 607 }, ringMs: 2_000 }, "Decline", callee("declined", 607), true],
  ["608", { callee: { sip: 608 }, ringMs: 2_000 }, "Decline", callee("declined", 608), true],
  ["480", { callee: { sip: 480 }, ringMs: 2_000 }, "SIP Call Failed", callee("no_answer", 480), true],
  ["408", { callee: { sip: 408 }, ringMs: 2_000 }, "SIP Call Failed", callee("no_answer", 408), true],
  ["404", { callee: { sip: 404 }, ringMs: 2_000 }, "SIP Call Failed", carrier("unreachable", 404), true],
  ["503", { callee: { sip: 503 } }, "SIP Call Failed", carrier("carrier_error", 503), false],
  ["500", { callee: { sip: 500 } }, "SIP Call Failed", carrier("carrier_error", 500), false],
  ["302, not followed", { callee: { sip: 302 }, ringMs: 2_000 }, "SIP Call Failed", carrier("carrier_error", 302), true],
  ["400", { callee: { sip: 400 }, ringMs: 2_000 }, "SIP Call Failed", carrier("carrier_error", 400), true],
  ["484", { callee: { sip: 484 }, ringMs: 2_000 }, "SIP Call Failed", carrier("unreachable", 484), true],
  ["487 unasked", { callee: { sip: 487 }, ringMs: 2_000 }, "SIP Call Failed", carrier("carrier_error", 487), true],
  ["488", { callee: { sip: 488 }, ringMs: 2_000 }, "SIP Call Failed", carrier("carrier_error", 488), true],
  ["606", { callee: { sip: 606 }, ringMs: 2_000 }, "SIP Call Failed", carrier("carrier_error", 606), true],
  ["699", { callee: { sip: 699 }, ringMs: 2_000 }, "SIP Call Failed", carrier("carrier_error", 699), true],
  ["credentials refused", { refuses: NOT_AGREED }, "SIP Call Failed", carrier("carrier_error"), false],
  ["no common codec", { callee: { error: NOT_AGREED, reason: "CLIENT_INITIATED" }, ringMs: 2_000 }, "SIP Call Failed", carrier("carrier_error"), true],
  ["the SIP node goes silent", { refuses: NODE_SILENT }, "SIP Call Failed", dialer("dialer_unavailable"), false],
  ["the SIP node dies while it rings", { callee: { error: NODE_SILENT, reason: "CONNECTION_TIMEOUT" }, ringMs: 2_000 }, "SIP Call Failed", dialer("dialer_unavailable"), true],
  ["the server loses its SIP nodes while it rings", { callee: { error: NO_SIP_NODE, reason: "CLIENT_INITIATED" }, ringMs: 2_000 }, "SIP Call Failed", dialer("dialer_unavailable"), true],
  ["rings until the ringing timeout", { callee: "rings" }, "SIP Call Failed", callee("no_answer"), true],
  ["nobody on that address", { callee: "nobody" }, "SIP Call Failed", carrier("unreachable"), false],
  ["never hangs up", { callee: "holds" }, "Completed", { source: "platform", code: "timed_out", sip_status_code: null }, true],
  ["answers, sends no sound", { callee: "silent" }, "Completed", null, true],
  ["no SIP node running", { refuses: NO_SIP_NODE }, "Trigger Failed", dialer("dialer_unavailable"), false],
  ["a missing grant", { refuses: { status: 401, code: "unauthenticated" } }, "Trigger Failed", dialer("dialer_unavailable"), false],
  ["an unknown trunk", { refuses: { status: 404, code: "not_found" } }, "Trigger Failed", dialer("dialer_unavailable"), false],
  ["a request that is not valid", { refuses: { status: 400, code: "invalid_argument" } }, "Trigger Failed", dialer("dialer_unavailable"), false],
  ["an error inside", { refuses: { status: 500, code: "internal" } }, "Trigger Failed", dialer("dialer_unavailable"), false],
  ["no room", { room: "refused" }, "Trigger Failed", dialer("dialer_unavailable"), false],
  ["no agent comes", { agent: "stays_away" }, "Trigger Failed", dialer("agent_unavailable"), false],
  ["the agent's entry point raises", { agent: "raises" }, "Trigger Failed", dialer("agent_unavailable"), false],
];

test.concurrent.for(ROWS)("%s", TIMEOUT, async ([, behaviour, call_status, failure, rang]) => {
  const placed = await world.call({ ringMs: 2_000, ...behaviour });
  const call = await world.ended(placed);

  expect(summary(call)).toEqual({ call_status, failure, rang });
  const notDialed = behaviour.room === "refused" || behaviour.agent === "stays_away" || behaviour.agent === "raises";
  expect(world.livekit.dials.get(placed.number) ?? 0).toBe(notDialed ? 0 : 1);
  expect(world.livekit.count("/DeleteRoom", placed.id)).toBeGreaterThanOrEqual(1);
});

test("a trunk whose secret LiveKit does not take", TIMEOUT, async () => {
  const trunk = await world.org.newTrunk({ carrier: { ...world.livekit.carrier, api_secret: "another secret" } });
  const placed = await world.call({}, { sip_trunk_id: trunk.id });
  const call = await world.org.ended(placed.id);

  expect(call.call_status).toBe("Trigger Failed");
  expect((await world.org.detail(placed.id)).failure?.code).toBe("dialer_unavailable");
});

test("an agent that reports nothing: Completed after ten seconds, disposition unknown", TIMEOUT, async () => {
  const call = await world.ended(await world.call({ agent: "joins_silently", talkMs: 1_700 }));

  expect(call.call_status).toBe("Completed");
  expect(call.call_outcome).toEqual({ disposition: "unknown", summary: null, sentiment: null });
});
