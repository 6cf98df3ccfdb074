// The trunk's promise: never a channel too many, never a call per second too many, and none too few.

import { beforeEach, expect, test } from "vitest";
import { type Answer, type Client, found, LASTING, Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { Accepted, ListedCall, Live, Page, Refused } from "./shapes.ts";
import { until } from "./until.ts";

// Calls ring until a test stops them, so that a slow machine frees no channel on its own.
const server = useServer({ vars: LASTING });
const receiver = useReceiver();
let org: Org;
let member: Client;

beforeEach(async () => {
  org = await Org.create(server);
  member = await org.client("member");
});

type Either = Answer<Accepted | Refused>;

function times<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)));
}

function withStatus(answers: Either[], status: number): Either[] {
  return answers.filter((answer) => answer.status === status);
}

async function live(trunkId: string): Promise<Live> {
  return found(await org.owner.get<Live>(`/sip-trunks/${trunkId}/live`));
}

async function allCalls(): Promise<ListedCall[]> {
  const calls: ListedCall[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: Page<"calls", ListedCall> = found(await member.get(`/calls?limit=100${cursor && `&cursor=${cursor}`}`));
    calls.push(...page.calls);
    cursor = page.next_cursor;
  }
  return calls;
}

/** The most of these moments that fall within any one second. */
function busiestSecond(moments: string[]): number {
  const sorted = moments.map((at) => Date.parse(at)).sort((a, b) => a - b);
  return Math.max(...sorted.map((from) => sorted.filter((at) => at >= from && at < from + 1000).length));
}

test("200 triggers at once against 100 channels: exactly 100 are accepted, and 100 told apart and told of", async () => {
  const url = receiver.url();
  const answers = await times(200, () => member.post<Accepted | Refused>("/calls", org.request({ callback_url: url })));

  const accepted = withStatus(answers, 201);
  const refused = withStatus(answers, 429);
  expect([accepted.length, refused.length]).toEqual([100, 100]);
  const ids = answers.map(({ body }) => body.call_id);
  expect(new Set(ids).size).toBe(200);
  for (const { body, headers } of refused) {
    expect(body).toEqual({ error: "Trunk concurrency (max_channels) exhausted", call_id: body.call_id, status: "rejected" });
    expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(60);
  }

  expect(await live(org.trunk.id)).toMatchObject({ in_use: 100, max_channels: 100, waiting: 0 });

  await receiver.expect(url, 100);
  const told = receiver.notifications(url);
  expect(told.map(({ call_id }) => call_id).sort()).toEqual(refused.map(({ body }) => body.call_id).sort());
  expect(new Set(told.map(({ event, call_status }) => `${event} ${call_status}`))).toEqual(
    new Set(["call.rejected Rejected — Capacity"]),
  );
});

test("a refused call stays readable as Rejected — Capacity, with its reason, its moment and its callback", async () => {
  const trunk = await org.newTrunk({ max_channels: 1 });
  await org.call({ sip_trunk_id: trunk.id });
  const url = receiver.url();
  const { body } = await org.trigger<Refused>({ sip_trunk_id: trunk.id, callback_url: url });
  const [{ body: sent }] = await receiver.expect(url);

  const status = await org.status(body.call_id);
  expect(status).toMatchObject({
    call_status: "Rejected — Capacity",
    is_terminal: true,
    call_outcome: null,
    duration: null,
    start_timestamp: null,
  });
  const call = await until("the callback to be delivered", async () => {
    const call = await org.detail(body.call_id);
    return call.callback?.status === "delivered" && call;
  });
  expect(call.end_timestamp).toBe(call.created_at);
  expect(call.failure).toMatchObject({ source: "platform", code: "channels_exhausted", sip_status_code: null });
  expect(call.timeline.map(({ event }) => event)).toEqual(["rejected", "callback_attempt"]);
  expect(JSON.parse(sent)).toMatchObject({ event: "call.rejected", call_id: call.id, occurred_at: call.end_timestamp });
});

test("a channel that frees is taken by the next call, and by no other", async () => {
  const trunk = await org.newTrunk({ max_channels: 3 });
  const calls = await times(3, () => org.call({ sip_trunk_id: trunk.id }));
  expect((await org.trigger({ sip_trunk_id: trunk.id })).status).toBe(429);

  found(await member.post(`/calls/${calls[0]}/cancel`));
  const answers = await times(5, () => member.post<Accepted | Refused>("/calls", org.request({ sip_trunk_id: trunk.id })));

  expect(withStatus(answers, 201)).toHaveLength(1);
  expect(await live(trunk.id)).toMatchObject({ in_use: 3 });
});

test("60 triggers at once against 5 calls a second: 5 are accepted in a second, the others are told to come back in one", async () => {
  const trunk = await org.newTrunk({ max_cps: 5 });

  const answers = await times(60, () => member.post<Accepted | Refused>("/calls", org.request({ sip_trunk_id: trunk.id })));

  const accepted = withStatus(answers, 201);
  const refused = withStatus(answers, 429);
  for (const { body, headers } of refused) {
    expect(body).toMatchObject({ error: "Trunk rate (max_cps) exceeded", status: "rejected" });
    expect(headers.get("retry-after")).toBe("1");
  }
  const calls = (await allCalls()).reverse();
  expect(calls).toHaveLength(60);
  const wasAccepted = new Set(accepted.map(({ body }) => body.call_id));
  expect(busiestSecond(calls.filter(({ id }) => wasAccepted.has(id)).map((call) => call.created_at))).toBe(5);
  // Nobody was refused for nothing, on a machine so slow that the burst outlasts a second, too.
  expect(calls.filter(({ id }) => wasAccepted.has(id)).map(({ id }) => id)).toEqual(asPromised(calls, 5));
});

/** The ids of those among these calls, oldest first, that a trunk with this rate has to accept. */
function asPromised(calls: ListedCall[], maxCps: number): string[] {
  const accepted: ListedCall[] = [];
  for (const call of calls) {
    const at = Date.parse(call.created_at);
    const recent = accepted.filter(({ created_at }) => at - Date.parse(created_at) < 1000);
    if (recent.length < maxCps) accepted.push(call);
  }
  return accepted.map(({ id }) => id);
}

test("in no window of one second are more than max_cps accepted, however the requests come", async () => {
  const trunk = await org.newTrunk({ max_cps: 3 });
  const accepted: string[] = [];
  const isEnough = async () => {
    const answer = await member.post<Accepted | Refused>("/calls", org.request({ sip_trunk_id: trunk.id }));
    if (answer.status === 201) accepted.push(answer.body.call_id);
    return accepted.length >= 9;
  };
  await until("nine calls to be accepted", isEnough);

  const calls = (await allCalls()).filter(({ sip_trunk_id }) => sip_trunk_id === trunk.id).reverse();
  expect(busiestSecond(calls.filter(({ id }) => accepted.includes(id)).map((call) => call.created_at))).toBeLessThanOrEqual(3);
  // Nor was anybody refused for nothing: also where fewer than three came within a second.
  expect(accepted).toEqual(asPromised(calls, 3));
});

test("RateLimit and RateLimit-Policy tell the trunk's own figures on 201 and on 429", async () => {
  const trunk = await org.newTrunk({ max_cps: 5, max_channels: 2 });
  const trigger = () => member.post("/calls", org.request({ sip_trunk_id: trunk.id }));
  const limits = ({ status, headers }: Answer<unknown>) => [
    status,
    headers.get("ratelimit-policy"),
    headers.get("ratelimit")?.replace(/"cps";r=\d/, '"cps";r=N'),
  ];
  const policy = '"channels";q=2, "cps";q=5;w=1';

  expect(limits(await trigger())).toEqual([201, policy, '"channels";r=1, "cps";r=N']);
  expect(limits(await trigger())).toEqual([201, policy, '"channels";r=0, "cps";r=N']);
  expect(limits(await trigger())).toEqual([429, policy, '"channels";r=0, "cps";r=N']);
});

test("RateLimit counts down what the second has left", async () => {
  const trunk = await org.newTrunk({ max_cps: 1000, max_channels: 10_000 });
  const left = async () => {
    const answers = await times(10, () => member.post("/calls", org.request({ sip_trunk_id: trunk.id })));
    return answers.map(({ headers }) => Number(/"cps";r=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1]));
  };

  expect(Math.max(...(await left()))).toBe(999);
  // On a machine that is busy no two of them may fall into the same second.
  await until("some calls within the same second", async () => Math.min(...(await left())) < 999);
});

test("a lowered limit ends no call; it holds back new ones", async () => {
  const calls = await times(3, () => org.call());
  found(await org.owner.patch(`/sip-trunks/${org.trunk.id}`, { max_channels: 2 }));

  expect((await org.trigger()).status).toBe(429);
  for (const call of calls) expect((await org.status(call)).is_terminal).toBe(false);
  found(await member.post(`/calls/${calls[0]}/cancel`));
  expect((await org.trigger()).status).toBe(429);
  found(await member.post(`/calls/${calls[1]}/cancel`));
  expect((await org.trigger()).status).toBe(201);
});

test("a raised limit lets calls in at once", async () => {
  const trunk = await org.newTrunk({ max_channels: 1 });
  await org.call({ sip_trunk_id: trunk.id });
  found(await org.owner.patch(`/sip-trunks/${trunk.id}`, { max_channels: 2 }));

  expect((await org.trigger({ sip_trunk_id: trunk.id })).status).toBe(201);
});

test("one trunk's calls take nothing of another's", async () => {
  const [one, other] = [await org.newTrunk({ max_channels: 1 }), await org.newTrunk({ max_channels: 1 })];
  await org.call({ sip_trunk_id: one.id });

  expect((await org.trigger({ sip_trunk_id: one.id })).status).toBe(429);
  expect((await org.trigger({ sip_trunk_id: other.id })).status).toBe(201);
});
