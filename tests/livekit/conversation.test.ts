// How a conversation ends, through the built Worker: nobody who picked up is left with nobody to talk to, the duration is right
// even if every webhook is lost, and an agent that breaks off gets no more calls.

import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { created, found } from "../edge/harness.ts";
import type { Live } from "../edge/shapes.ts";
import { until } from "../edge/until.ts";
import type { Behaviour } from "./fake/behaviour.ts";
import type { Room } from "./fake/room.ts";
import { again, type Placed, useWorld } from "./world.ts";

const world = useWorld({ vars: { RING_TIMEOUT_SECONDS: "5", MAX_CALL_SECONDS: "60" } });
const TIMEOUT = { timeout: 60_000 };
const DIALER = { source: "dialer", sip_status_code: null };

interface Talk extends Placed {
  room: Room;
}

/** A call that was answered, with an agent of its own. */
async function talk(behaviour: Partial<Behaviour>, more: Record<string, unknown> = {}): Promise<Talk> {
  const { id: agent_id } = await again(() => world.org.newAgent({ input_schema: { fields: [] } }));
  const placed = await world.call({ callee: "holds", agent: "joins_silently", ...behaviour }, { agent_id, ...more });
  await until("the answer", async () => (await again(() => world.org.status(placed.id))).call_status === "Answered", 20_000);
  const room = world.livekit.rooms.get(placed.id);
  if (!room) throw new Error("no room");
  return { ...placed, room };
}

async function report({ room }: Talk, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${room.job.report_token}`, "content-type": "application/json" };
  expect((await fetch(room.job.report_url, { method: "POST", headers, body: JSON.stringify(body) })).status).toBe(200);
}

/** How long it takes until the room is deleted. */
async function hungUpAfter({ id, room }: Talk): Promise<number> {
  const since = Date.now();
  await until("it to be hung up", () => room.status === undefined && !world.livekit.rooms.has(id), 40_000);
  return Date.now() - since;
}

test.for([0, 1])("an agent leaves a person alone, %s of the webhooks lost: hung up, agent_unavailable", TIMEOUT, async (lost) => {
  world.livekit.webhooks.lost = lost;
  const call = await talk({});
  call.room.agentLeaves();
  // By the look that comes next: of a call of which no webhook came, 20 s apart at most.
  expect(await hungUpAfter(call)).toBeLessThan(lost ? 25_000 : 6_000);
  const { call_status, failure, call_outcome } = await world.ended(call);
  world.livekit.webhooks.lost = 0;

  expect({ call_status, failure }).toMatchObject({ call_status: "Completed", failure: { ...DIALER, code: "agent_unavailable" } });
  expect(call_outcome).toMatchObject({ disposition: "unknown" });
});

test("an agent reports a call that goes on: hung up, and no failure", TIMEOUT, async () => {
  const call = await talk({});
  await report(call, { outcome: { disposition: "interested" } });
  expect(await hungUpAfter(call)).toBeLessThan(6_000);

  expect(await world.ended(call)).toMatchObject({ call_status: "Completed", failure: null, call_outcome: { disposition: "interested" } });
});

test("an agent reports that it broke off: agent_failed, and what it says of that", TIMEOUT, async () => {
  const call = await talk({});
  await report(call, { failure: { code: "agent_failed", message: "the LLM answered 401" } });
  const { call_status, failure, timeline } = await world.ended(call);

  expect({ call_status, failure }).toMatchObject({ call_status: "Completed", failure: { ...DIALER, code: "agent_failed" } });
  expect(timeline.find(({ event }) => event === "ended")?.detail).toBe("The agent broke off the call: the LLM answered 401");
});

test("all webhooks lost, and the report late: the duration is the truth within two seconds", TIMEOUT, async () => {
  world.livekit.webhooks.lost = 1;
  const call = await talk({});
  await delay(2_000);
  call.room.hangUp();
  const over = Date.now();
  const talked = (over - (call.room.answeredAt ?? 0)) / 1000;
  await delay(4_000);
  await report(call, { outcome: { disposition: "interested" }, ended_seconds_ago: (Date.now() - over) / 1000 });
  const { duration, call_outcome } = await world.ended(call);
  world.livekit.webhooks.lost = 0;

  expect(call_outcome).toMatchObject({ disposition: "interested" });
  expect(Math.abs((duration ?? 99) - talked)).toBeLessThan(3);
});

const STOPS: [how: string, path: (call: Talk) => string][] = [
  ["cancelled", ({ id }) => `/calls/${id}/cancel`],
  ["released", ({ id }) => `/sip-trunks/${world.org.trunk.id}/live/${id}/release`],
];

test.for(STOPS)("%s while they talk: the agent's outcome is kept", TIMEOUT, async ([, path]) => {
  const call = await talk({ agent: "joins" });
  found(await world.org.owner.post(path(call)));

  expect(await world.ended(call)).toMatchObject({ call_status: "Completed", failure: { code: "canceled" }, call_outcome: { disposition: "interested" } });
});

test("picked up and hung up at once, and no report: terminal without the ten seconds", TIMEOUT, async () => {
  const call = await talk({});
  call.room.hangUp();
  const since = Date.now();
  const { duration } = await world.ended(call);

  // On a machine with much to do it may have lasted a little.
  if ((duration ?? 0) < 1) expect(Date.now() - since).toBeLessThan(9_000);
});

test("an agent that breaks off three times in a row is called no more, until a probe succeeds", TIMEOUT, async () => {
  const sip_trunk_id = await world.newTrunk();
  const { id: agent_id } = await again(() => world.org.newAgent({ input_schema: { fields: [] } }));
  const fields = () => {
    const number = world.livekit.number({ callee: "holds", agent: "joins_silently", breaksOffMs: 100 });
    return { phone_number: number, metadata: { number }, agent_id, sip_trunk_id };
  };
  const viewer = await world.org.client("viewer");
  const breakers = async () => found(await again(() => viewer.get<Live>(`/sip-trunks/${sip_trunk_id}/live`))).agent_breakers;
  for (let calls = 0; calls < 3; calls++) {
    const id = created(await again(() => world.org.trigger(fields()))).call_id;
    await until("its end", async () => (await again(() => world.org.status(id))).end_timestamp !== null, 20_000);
  }
  const refused = await again(() => world.org.trigger(fields()));
  expect(refused).toMatchObject({ status: 502, body: { error: "Dialer temporarily unavailable" } });
  expect(refused.headers.get("x-error-code")).toBe("agent_unavailable");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  const [breaker, ...more] = await breakers();
  expect({ ...breaker, more }).toEqual({ agent_id, retry_at: expect.stringMatching(/Z$/), more: [] });
  expect(Date.parse(breaker?.retry_at ?? "") - Date.now()).toBeLessThan(6_000);
  // Another agent is not to blame, and nor is this one over another line.
  const other = await again(() => world.org.newAgent({ input_schema: { fields: [] } }));
  const elsewhere = await world.newTrunk();
  for (const changed of [{ agent_id: other.id }, { sip_trunk_id: elsewhere }]) {
    expect((await again(() => world.org.trigger({ ...fields(), ...changed, dry_run: true }))).status).toBe(200);
  }
  await until("the time to probe", async () => (await again(() => world.org.trigger({ ...fields(), dry_run: true }))).status === 200, 20_000);
  const number = world.livekit.number({ callee: "holds", agent: "joins_silently" });
  const probe = created(await again(() => world.org.trigger({ ...fields(), phone_number: number, metadata: { number } }))).call_id;
  expect((await again(() => world.org.trigger(fields()))).status).toBe(502);
  await until("the answer", async () => (await again(() => world.org.status(probe))).call_status === "Answered", 20_000);
  expect(await breakers()).toMatchObject([{ agent_id }]);
  await delay(4_500);
  expect(await breakers()).toEqual([]);
  expect((await again(() => world.org.trigger({ ...fields(), dry_run: true }))).status).toBe(200);
  found(await world.org.owner.post(`/calls/${probe}/cancel`));
});
