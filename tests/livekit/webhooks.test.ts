// POST /carrier/livekit: who is trusted, what is answered, and what an event does to a call.

import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { found } from "../edge/harness.ts";
import { summary, useWorld } from "./world.ts";

const world = useWorld({ vars: { RING_TIMEOUT_SECONDS: "5", MAX_CALL_SECONDS: "60" } });
const TIMEOUT = { timeout: 40_000 };

function event(room: string, name: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ event: name, room: { name: room }, id: "EV_test", createdAt: String(Math.floor(Date.now() / 1000)), ...more });
}

const left = (id: string, status: string, reason = "CLIENT_INITIATED") =>
  event(id, "participant_left", {
    participant: { identity: `callee-${id}`, kind: "SIP", disconnectReason: reason, attributes: { "sip.callStatus": status } },
  });

test("a forged event is 401 and changes nothing", TIMEOUT, async () => {
  const placed = await world.call({ callee: "holds" });
  await world.org.reached(placed.id, "Answered");
  const body = left(placed.id, "active");
  for (const forged of [{ secret: "a wrong secret" }, { key: "APIanother" }, { signedBody: `${body} ` }]) {
    expect(await world.livekit.send(body, forged)).toBe(401);
  }
  const url = `${world.server.url}/carrier/livekit`;
  for (const authorization of [undefined, "", "x", "a.b.c", "Bearer x.y.z"]) {
    const headers = { "content-type": "application/webhook+json", ...(authorization !== undefined && { authorization }) };
    expect((await fetch(url, { method: "POST", body, headers })).status).toBe(401);
  }
  expect((await world.org.status(placed.id)).call_status).toBe("Answered");
  expect(await world.livekit.send(body)).toBe(200);
  expect((await world.ended(placed)).call_status).toBe("Completed");
});

test("another organisation's key does not speak for a call", TIMEOUT, async () => {
  const { Org } = await import("../edge/harness.ts");
  const carrier = { ...world.livekit.carrier, api_key: "APIother", api_secret: "the other's own secret" };
  await Org.create(world.server, { carrier });
  const placed = await world.call({ callee: "holds" });
  await world.org.reached(placed.id, "Answered");

  expect(await world.livekit.send(left(placed.id, "active"), { key: "APIother", secret: "the other's own secret" })).toBe(401);
  expect((await world.org.status(placed.id)).call_status).toBe("Answered");
  await world.org.owner.post(`/calls/${placed.id}/cancel`);
  await world.ended(placed);
});

test("whatever is signed is answered 200", TIMEOUT, async () => {
  const bodies = [
    event("another app's room", "room_started"),
    event("31106b7c-9d02-4723-8b07-5bb8d90240cb", "participant_left"),
    JSON.stringify({ event: "ingress_started", id: "EV_1" }),
    JSON.stringify({ event: "something_new", id: 7, room: [], participant: "?", later: { a: [1] } }),
    "{}",
    "not json",
    event("another app's room", "room_started", { metadata: "x".repeat(300_000) }),
  ];
  for (const body of bodies) expect(await world.livekit.send(body), body).toBe(200);
});

test("a body that is compressed is refused with its name, LiveKit's as an agent's, and changes nothing", TIMEOUT, async () => {
  const placed = await world.call({ callee: "holds", agent: "joins_silently" });
  await world.org.reached(placed.id, "Answered");
  const job = world.livekit.rooms.get(placed.id)?.job;
  const compressed = { "content-encoding": "gzip" };
  expect(await world.livekit.send(left(placed.id, "active"), { headers: compressed })).toBe(415);
  const headers = { authorization: `Bearer ${job?.report_token}`, "content-type": "application/json", ...compressed };
  const report = await fetch(job?.report_url ?? "", { method: "POST", headers, body: gzipSync(JSON.stringify({ outcome: {} })) });
  expect([report.status, await report.json()]).toEqual([415, { error: "Content-Encoding is not supported: gzip" }]);

  expect((await world.org.status(placed.id)).call_status).toBe("Answered");
  expect(await world.livekit.send(left(placed.id, "active"))).toBe(200);
  await world.ended(placed);
});

test("events repeated, and a late one after the end, change nothing", TIMEOUT, async () => {
  const placed = await world.call();
  const call = await world.ended(placed);
  for (let i = 0; i < 3; i++) {
    expect(await world.livekit.send(left(placed.id, "active"))).toBe(200);
    expect(await world.livekit.send(event(placed.id, "room_finished"))).toBe(200);
  }
  expect(await world.org.detail(placed.id)).toEqual(call);
});

test("the end is told before the answer is known: both are known then", TIMEOUT, async () => {
  const placed = await world.call({ callee: "rings" });
  await world.org.reached(placed.id, "Ringing");
  expect(await world.livekit.send(left(placed.id, "hangup"))).toBe(200);
  const call = await world.ended(placed);

  expect(call.call_status).toBe("Completed");
  expect(call.timeline.map(({ event }) => event)).toEqual(["accepted", "dialing", "ringing", "answered", "ended"]);
});

test("an event that says it is older than the answer ends the call no earlier than that", TIMEOUT, async () => {
  const placed = await world.call({ callee: "holds" });
  await world.org.reached(placed.id, "Answered");
  const body = { ...(JSON.parse(left(placed.id, "active")) as object), createdAt: String(Math.floor(Date.now() / 1000) - 600) };
  expect(await world.livekit.send(JSON.stringify(body))).toBe(200);
  const call = await world.ended(placed);

  expect(call.duration).toBe(0);
  // Its clock is another one: the call was over by the time that the event came.
  expect(Date.parse(call.end_timestamp ?? "")).toBeGreaterThanOrEqual(Date.parse(call.start_timestamp ?? ""));
  expect(Date.parse(call.end_timestamp ?? "")).toBeLessThanOrEqual(Date.now());
  const moments = call.timeline.map(({ at }) => Date.parse(at));
  expect(moments).toEqual(moments.toSorted((one, other) => one - other));
});

test("a call is ended by the server it was dialed through, though its trunk has another one now", TIMEOUT, async () => {
  const trunk = await world.newTrunk();
  const placed = await world.call({ callee: "holds" }, { sip_trunk_id: trunk });
  await world.org.reached(placed.id, "Answered");
  const carrier = { url: "ws://127.0.0.1:9", api_key: "APInext", api_secret: "the next one's secret" };
  found(await world.org.owner.patch(`/sip-trunks/${trunk}`, { carrier }));

  expect(await world.livekit.send(left(placed.id, "active"))).toBe(200);

  expect(summary(await world.ended(placed)).call_status).toBe("Completed");
});

test("an event that can't be checked now is no forged one: LiveKit is to send it again", TIMEOUT, async () => {
  const body = event("another app's room", "room_started");
  await world.server.faults({ dialer: false, keys: true });
  expect(await world.livekit.send(body)).toBe(503);
  await world.server.faults({ dialer: false, keys: false });
  expect(await world.livekit.send(body)).toBe(200);
});

test("a secret that was changed is believed at once, and the old one no longer", TIMEOUT, async () => {
  const placed = await world.call({ callee: "holds" });
  await world.org.reached(placed.id, "Answered");
  const body = left(placed.id, "active");
  const path = `/sip-trunks/${world.org.trunk.id}`;
  const change = await world.org.owner.patch(path, { carrier: { api_secret: "a new secret" } });
  expect(change.status).toBe(200);
  expect(change.text).not.toContain("secret");
  expect(await world.livekit.send(event(placed.id, "track_published"), { secret: "a new secret" })).toBe(200);
  expect(await world.livekit.send(body)).toBe(401);
  await world.org.owner.patch(path, { carrier: { api_secret: world.livekit.apiSecret } });
  expect(await world.livekit.send(body)).toBe(200);
  expect(summary(await world.ended(placed)).call_status).toBe("Completed");
});
