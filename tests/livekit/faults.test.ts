// Lost responses, lost and strange webhooks, and calls that are stopped: the phone rings once, and nothing is left behind.

import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Trunk } from "../edge/shapes.ts";
import { found } from "../edge/harness.ts";
import { until } from "../edge/until.ts";
import { summary, useWorld } from "./world.ts";

/** Phones may ring for long here, and talk for longer. */
const world = useWorld({ vars: { RING_TIMEOUT_SECONDS: "8", MAX_CALL_SECONDS: "90" } });
const TIMEOUT = { timeout: 70_000 };
const NO_ANSWER = { source: "callee", code: "no_answer", sip_status_code: null };

test.concurrent("the connection is lost while it rings, and the person answers", TIMEOUT, async () => {
  const placed = await world.call({ answer: "connection_lost", ringMs: 2_000, talkMs: 3_000 });
  const call = await world.ended(placed, 60_000);

  expect(summary(call)).toEqual({ call_status: "Completed", failure: null, rang: true });
  expect(call.call_outcome?.["disposition"]).toBe("interested");
});

test.concurrent("the connection is lost while it rings, and nobody answers", TIMEOUT, async () => {
  const call = await world.ended(await world.call({ answer: "connection_lost", callee: "rings", ringMs: 2_000 }), 60_000);

  expect(summary(call)).toEqual({ call_status: "SIP Call Failed", failure: NO_ANSWER, rang: true });
});

test.concurrent("the connection is lost while it rings, and the person declines", TIMEOUT, async () => {
  const call = await world.ended(await world.call({ answer: "connection_lost", callee: { sip: 603 }, ringMs: 2_000 }), 60_000);

  // The webhook alone knows, and it has no SIP status.
  expect(summary(call)).toEqual({ call_status: "Decline", failure: { source: "callee", code: "declined", sip_status_code: null }, rang: true });
});

test.concurrent("the connection is lost before there is a callee, who comes seconds later", TIMEOUT, async () => {
  const placed = await world.call({ answer: "connection_lost", slowMs: 4_000, ringMs: 6_000, talkMs: 3_000 });
  const call = await world.ended(placed, 60_000);

  expect(summary(call)).toEqual({ call_status: "Completed", failure: null, rang: true });
});

test.concurrent("a proxy gives up waiting", TIMEOUT, async () => {
  const call = await world.ended(await world.call({ answer: "proxy_gave_up", ringMs: 2_000, talkMs: 3_000 }), 60_000);

  expect(summary(call)).toEqual({ call_status: "Completed", failure: null, rang: true });
});

test.concurrent("LiveKit answers after our deadline", TIMEOUT, async () => {
  const call = await world.ended(await world.call({ answer: "never_comes", ringMs: 2_000, talkMs: 30_000 }), 60_000);

  expect(summary(call)).toEqual({ call_status: "Completed", failure: null, rang: true });
});

test.concurrent("the same queue message comes again and again", TIMEOUT, async () => {
  const placed = await world.call({ ringMs: 2_000, talkMs: 1_000 });
  const trunk = Number.parseInt(world.org.trunk.id.slice(0, 8), 16);
  const queue = await world.server.local.mf.getQueueProducer("DISPATCH");
  for (let i = 0; i < 5; i++) {
    await queue.send(JSON.stringify({ "dial/1": { trunk, calls: [placed.id] } }), { contentType: "text" });
  }
  const call = await world.ended(placed);

  expect(call.call_status).toBe("Completed");
  expect(world.livekit.dials.get(placed.number)).toBe(1);
});

test.concurrent("cancelled while it rings: the phone stops", TIMEOUT, async () => {
  const placed = await world.call({ callee: "rings", ringMs: 6_000 });
  await world.org.reached(placed.id, "Ringing");
  const member = await world.org.client("member");
  found(await member.post(`/calls/${placed.id}/cancel`));
  await until("the room to be gone", () => !world.livekit.rooms.has(placed.id));

  const call = await world.ended(placed);
  expect(summary(call)).toEqual({ call_status: "SIP Call Failed", failure: { source: "caller", code: "canceled", sip_status_code: null }, rang: true });
});

test.concurrent("released while they talk: hung up", TIMEOUT, async () => {
  const placed = await world.call({ callee: "holds" });
  await world.org.reached(placed.id, "Answered");
  found(await world.org.owner.post(`/sip-trunks/${world.org.trunk.id}/live/${placed.id}/release`));
  await until("the room to be gone", () => !world.livekit.rooms.has(placed.id));

  const call = await world.ended(placed);
  expect(call).toMatchObject({ call_status: "Completed", failure: { code: "canceled" } });
});

test.concurrent("cancelled between the claim and the dial: it never rings, or stops at once", TIMEOUT, async () => {
  const member = await world.org.client("member");
  const placed = await Promise.all(Array.from({ length: 20 }, () => world.call({ callee: "rings" })));
  await Promise.all(
    placed.map(async ({ id }, i) => {
      await delay(i * 12);
      found(await member.post(`/calls/${id}/cancel`));
    }),
  );
  await until("all rooms to be gone", () => placed.every(({ id }) => !world.livekit.rooms.has(id)));
  for (const call of placed) await world.ended(call);
  await delay(2_000); // a dial under way would have made its room anew by now
  expect(placed.filter(({ id }) => world.livekit.rooms.has(id))).toEqual([]);
});

test.concurrent("cancelled while its agent is on the way: the room that it makes anew is deleted again", TIMEOUT, async () => {
  // The second comes when the room was deleted for the last time: a webhook alone tells of it.
  const placed = await Promise.all([world.call({ agentMs: 5_000 }), world.call({ agentMs: 16_000 })]);
  const member = await world.org.client("member");
  for (const { id } of placed) {
    await until("its room to be made", () => world.livekit.rooms.has(id));
    found(await member.post(`/calls/${id}/cancel`));
  }
  const returned = world.livekit.returned.length;
  for (const call of placed) {
    expect(summary(await world.ended(call))).toMatchObject({ call_status: "Trigger Failed", failure: { source: "caller", code: "canceled" }, rang: false });
  }
  await until("both agents to have come", () => world.livekit.returned.length >= returned + 2, 30_000);
  await until("all rooms to be gone", () => placed.every(({ id }) => !world.livekit.rooms.has(id)));
  expect(placed.map(({ number }) => world.livekit.dials.get(number) ?? 0)).toEqual([0, 0]);
});

test.concurrent("cancelled while its agent is on the way, and no webhook tells of it: deleted once more 10 s later", TIMEOUT, async () => {
  const { FakeLiveKit } = await import("./fake/livekit.ts");
  const silent = new FakeLiveKit();
  await silent.start();
  const trunk: Trunk = await world.org.newTrunk({ carrier: silent.carrier });
  const number = silent.number({ agentMs: 4_000 });
  const id = await world.org.call({ phone_number: number, sip_trunk_id: trunk.id, metadata: { customer_name: "R", amount_due: "1", due_date: "x", number } });
  await until("its room to be made", () => silent.rooms.has(id));
  found(await (await world.org.client("member")).post(`/calls/${id}/cancel`));
  await until("the agent to have come", () => silent.returned.length === 1);
  await until("the room to be gone", () => !silent.rooms.has(id), 30_000);
  expect((await world.org.status(id)).call_status).toBe("Trigger Failed");
  await silent.stop();
});

test.concurrent("its agent leaves while it rings: the phone stops", TIMEOUT, async () => {
  const placed = await world.call({ callee: "rings" });
  await world.org.reached(placed.id, "Ringing");
  world.livekit.rooms.get(placed.id)?.agentLeaves();
  const call = await world.ended(placed);

  expect(summary(call)).toEqual({ call_status: "SIP Call Failed", failure: { source: "dialer", code: "agent_unavailable", sip_status_code: null }, rang: true });
});

test.concurrent("LiveKit is down when the call ends: the room is deleted when it is back", TIMEOUT, async () => {
  const { FakeLiveKit } = await import("./fake/livekit.ts");
  const other = new FakeLiveKit();
  await other.start();
  const trunk: Trunk = await world.org.newTrunk({ carrier: other.carrier });
  const number = other.number({ callee: "holds" });
  const id = await world.org.call({ phone_number: number, sip_trunk_id: trunk.id, metadata: { customer_name: "R", amount_due: "1", due_date: "x", number } });
  await world.org.reached(id, "Answered");
  other.isDown = true;
  found(await (await world.org.client("member")).post(`/calls/${id}/cancel`));
  expect((await world.org.status(id)).end_timestamp).not.toBeNull();
  await delay(1_000);
  other.isDown = false;
  await until("the room to be gone", () => !other.rooms.has(id), 30_000);
  await other.stop();
});

test.concurrent("an answered call whose end nobody announces is found within 30 s", TIMEOUT, async () => {
  const { FakeLiveKit } = await import("./fake/livekit.ts");
  const silent = new FakeLiveKit(); // tells nobody anything
  await silent.start();
  const trunk: Trunk = await world.org.newTrunk({ carrier: silent.carrier });
  const number = silent.number({ talkMs: 500, agent: "joins_silently" });
  const id = await world.org.call({ phone_number: number, sip_trunk_id: trunk.id, metadata: { customer_name: "R", amount_due: "1", due_date: "x", number } });
  await world.org.reached(id, "Answered");
  const detail = await until("the end to be found", async () => {
    const status = await world.org.status(id);
    return status.end_timestamp !== null && status;
  }, 30_000);
  expect(detail.call_status).toBe("Answered");
  expect((await world.org.ended(id)).call_status).toBe("Completed");
  expect(silent.dials.get(number)).toBe(1);
  await silent.stop();
});

test.concurrent("with webhooks, an answered call costs no look in its first half minute", TIMEOUT, async () => {
  const placed = await world.call({ talkMs: 35_000 });
  await world.org.reached(placed.id, "Answered");
  const count = () => world.livekit.count("/GetParticipant", placed.id) + world.livekit.count("/ListParticipants", placed.id);
  await delay(1_000); // what the dialer asked while it rang may still be on its way
  const looks = count();
  await world.ended(placed, 60_000);

  expect(count() - looks).toBe(0);
});
