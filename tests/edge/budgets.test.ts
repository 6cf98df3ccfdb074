// The cost of a call, as objects count it themselves: requests, rows, alarms, queue messages. Counted, not timed.

import { beforeAll, expect, test } from "vitest";
import { type Answer, type Client, created, found, LASTING, Org, type Server, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { Trunk } from "./shapes.ts";
import { until } from "./until.ts";

interface Work {
  requests: number;
  rows_read: number;
  rows_written: number;
  alarms_set: number;
  queue_messages: number;
}

const server = useServer();
/** Calls of this one ring until the end of the file. */
const lasting = useServer({ vars: LASTING });
/** From this one's queues nothing arrives: an accepted call stays just that. */
const stuck = useServer({ vars: LASTING, queues: false });
const receiver = useReceiver();
let org: Org;
let lastingOrg: Org;
let viewer: Client;

beforeAll(async () => {
  org = await Org.create(server);
  lastingOrg = await Org.create(lasting);
  viewer = await org.client("viewer");
  await completedCall(); // all that is made once is made now
});

/** What a trunk's object counted since it was loaded; the question itself it does not count. */
async function work({ server, trunk }: { server: Server; trunk: Trunk }): Promise<Work> {
  const trunks = await server.local.mf.getDurableObjectNamespace("TRUNKS");
  const object = trunks.get(trunks.idFromName(trunk.id.slice(0, 8)));
  const response = await object.fetch("http://object/", { method: "POST", body: '"Work"' });
  return ((await response.json()) as { Work: Work }).Work;
}

/** What `act`, and all that follows from it, makes the trunk's object do. */
async function costOf(act: () => Promise<unknown>, on: { server: Server; trunk: Trunk } = org): Promise<Work> {
  await settled(on);
  const before = await work(on);
  await act();
  await settled(on);
  const after = await work(on);
  return {
    requests: after.requests - before.requests,
    rows_read: after.rows_read - before.rows_read,
    rows_written: after.rows_written - before.rows_written,
    alarms_set: after.alarms_set - before.alarms_set,
    queue_messages: after.queue_messages - before.queue_messages,
  };
}

/** The least of three costs of what can be repeated: on a busy machine an object may begin late with what it still had to do. */
async function leastCostOf(...given: Parameters<typeof costOf>): Promise<Work> {
  const costs = [await costOf(...given), await costOf(...given), await costOf(...given)];
  const all = (cost: Work) => Object.values(cost).reduce((sum, one) => sum + one, 0);
  return costs.reduce((least, cost) => (all(cost) < all(least) ? cost : least));
}

/** Waits until the object has had nothing to do for a while. */
async function settled(on: { server: Server; trunk: Trunk }): Promise<void> {
  let last = "";
  let still = 0;
  await until("the trunk's object to have nothing to do", async () => {
    const seen = JSON.stringify(await work(on));
    still = seen === last ? still + 1 : 0;
    last = seen;
    return still >= 15;
  });
}

const rows = (cost: Work) => cost.rows_written + cost.alarms_set;
const NOTHING: Work = { requests: 0, rows_read: 0, rows_written: 0, alarms_set: 0, queue_messages: 0 };

/** A call from its acceptance to the delivery of its callback. Nobody polls: what is looked at here is the receiver. */
async function completedCall(): Promise<string> {
  const url = receiver.url();
  const id = await org.call({ callback_url: url });
  await receiver.expect(url);
  return id;
}

async function kvEntries(): Promise<Record<string, string | null>> {
  const records = await server.local.mf.getKVNamespace("RECORDS");
  const { keys } = await records.list();
  return Object.fromEntries(await Promise.all(keys.map(async ({ name }) => [name, await records.get(name, "text")] as const)));
}

test("a whole call with its callback writes at most 8 rows, makes at most 6 requests and 2 queue messages", async () => {
  const cost = await costOf(completedCall);

  expect(rows(cost), JSON.stringify(cost)).toBeLessThanOrEqual(8);
  expect(cost.requests, JSON.stringify(cost)).toBeLessThanOrEqual(6);
  expect(cost.queue_messages, JSON.stringify(cost)).toBeLessThanOrEqual(2);
});

test("an accepted POST /calls is 1 request, at most 2 rows and 1 queue message", async () => {
  const stuckOrg = await Org.create(stuck);
  await stuckOrg.call();

  const cost = await costOf(() => stuckOrg.call({ callback_url: "https://example.com/" }), stuckOrg);

  expect(cost, JSON.stringify(cost)).toMatchObject({ requests: 1, queue_messages: 1 });
  expect(rows(cost), JSON.stringify(cost)).toBeLessThanOrEqual(2);
});

test("GET status is 1 request, 1 row read and none written, whether or not the call is over", async () => {
  const over = await completedCall();
  const open = await lastingOrg.call();

  const costs = [
    await leastCostOf(async () => found(await viewer.get(`/calls/${over}/status`))),
    await leastCostOf(async () => found(await lastingOrg.owner.get(`/calls/${open}/status`)), lastingOrg),
  ];

  expect(costs).toEqual([{ ...NOTHING, requests: 1, rows_read: 1 }, { ...NOTHING, requests: 1, rows_read: 1 }]);
});

const REFUSED: [sentence: string, status: number, send: () => Promise<Answer<unknown>>][] = [
  ["a wrong field", 400, () => org.trigger({ phone_number: "1" })],
  ["missing metadata", 400, () => org.trigger({ metadata: {} })],
  ["a private callback_url", 400, () => org.trigger({ callback_url: "http://10.0.0.1/" })],
  ["no key", 401, () => server.client(null).post("/calls", org.request())],
  ["a mistyped key", 401, () => server.client(`audtk_${"0".repeat(38)}`).post("/calls", org.request())],
  ["a role too low", 403, async () => viewer.post("/calls", org.request())],
  ["an unknown agent", 404, () => org.trigger({ agent_id: "00000000-0000-4000-8000-000000000000" })],
  ["a made-up call id", 404, () => viewer.get("/calls/31106b7c-9d02-4723-8b07-5bb8d90240cb/status")],
];

test.for(REFUSED)("a request refused for %s (%i) wakes no object", async ([, status, send]) => {
  const cost = await leastCostOf(async () => expect((await send()).status).toBe(status));

  expect(cost).toEqual(NOTHING);
});

test("a request refused for a revoked key that KV still serves is 1 request and 0 rows", async () => {
  const { id, key } = await org.newKey("member");
  const before = await kvEntries();
  const client = server.client(key);
  created(await client.post("/calls", org.request()));
  expect((await org.owner.delete(`/api-keys/${id}`)).status).toBe(204);
  const records = await server.local.mf.getKVNamespace("RECORDS");
  const after = await kvEntries();
  const stale = Object.entries(before).filter(([name, json]) => json !== null && after[name] !== json);
  await Promise.all(stale.map(([name, json]) => records.put(name, json ?? "")));

  const cost = await costOf(async () => expect((await client.post("/calls", org.request())).status).toBe(401));

  expect(cost).toEqual({ ...NOTHING, requests: 1 });
  await Promise.all(stale.map(([name]) => (after[name] ? records.put(name, after[name]) : records.delete(name))));
});

test("a call writes nothing to KV", async () => {
  const before = await kvEntries();

  await completedCall();

  expect(await kvEntries()).toEqual(before);
});

test("a call accepted while no channel is free is 1 request and at most 2 rows, and no queue message yet", async () => {
  const trunk = await lastingOrg.newTrunk({ max_channels: 1 });
  await lastingOrg.call({ sip_trunk_id: trunk.id });
  const queue = { sip_trunk_id: trunk.id, on_capacity: "queue" };
  created(await lastingOrg.trigger(queue));

  const cost = await costOf(async () => created(await lastingOrg.trigger(queue)), { server: lasting, trunk });

  expect(cost.requests).toBe(1);
  expect(rows(cost), JSON.stringify(cost)).toBeLessThanOrEqual(2);
  expect(cost.queue_messages).toBe(0);
});

test("a call refused at capacity, without a callback, is 1 request and at most 2 rows", async () => {
  const trunk = await lastingOrg.newTrunk({ max_channels: 1 });
  await lastingOrg.call({ sip_trunk_id: trunk.id });
  const trigger = async () => expect((await lastingOrg.trigger({ sip_trunk_id: trunk.id })).status).toBe(429);

  const cost = await costOf(trigger, { server: lasting, trunk });

  expect(cost.requests).toBe(1);
  expect(rows(cost), JSON.stringify(cost)).toBeLessThanOrEqual(2);
  expect(cost.queue_messages).toBe(0);
});

test("calls accepted together leave as fewer queue messages than there are calls", async () => {
  const trunk = await lastingOrg.newTrunk({ max_channels: 1_000 });
  const sixtyCalls = () => Promise.all(Array.from({ length: 60 }, () => lastingOrg.call({ sip_trunk_id: trunk.id })));

  const cost = await costOf(sixtyCalls, { server: lasting, trunk });

  expect(cost.queue_messages, JSON.stringify(cost)).toBeLessThan(60);
});

test("a listener of the live feed adds no row to a call", async () => {
  const listened = new AbortController();
  const listen = async () => {
    while (!listened.signal.aborted) await viewer.get("/events?after=latest&wait_seconds=1");
  };
  await viewer.get("/events?after=latest"); // notes that somebody listens, once an hour
  const alone = rows(await costOf(completedCall));
  const before = await work(org);
  const listening = listen();
  await completedCall();
  await until("the result to be written", async () => rows(await work(org)) >= rows(before) + alone);
  listened.abort();
  await listening;

  expect(rows(await work(org)) - rows(before)).toBe(alone);
});

test("a call with all checks on is at most 3 requests and 4 rows to its acceptance, and 12 rows in all", async () => {
  const limits = [{ max_dials: 100, per: "day" }, { min_gap_seconds: 1 }];
  const checked = async (on: Server) => {
    const org = await Org.create(on, { max_calls_per_day: 1_000 });
    found(await org.owner.patch("/settings", { contact_limits: limits }));
    created(await org.owner.post("/suppressions", { phone_number: "+919876599999" }));
    return org;
  };
  let n = 0;
  const next = () => `+9198765${String(n++).padStart(5, "0")}`;
  const stuckOrg = await checked(stuck);
  await stuckOrg.call({ phone_number: next() });
  // The object that counts writes one row more, and is asked once.
  const accepted = await costOf(() => stuckOrg.call({ phone_number: next() }), stuckOrg);
  expect(accepted.requests + 1, JSON.stringify(accepted)).toBeLessThanOrEqual(3);
  expect(rows(accepted) + 1, JSON.stringify(accepted)).toBeLessThanOrEqual(4);

  const whole = await checked(server);
  const completed = async () => {
    const url = receiver.url();
    await whole.call({ phone_number: next(), callback_url: url });
    await receiver.expect(url);
  };
  await completed();
  const cost = await costOf(completed, whole);
  // The reservation and the dial are a row each.
  expect(rows(cost) + 2, JSON.stringify(cost)).toBeLessThanOrEqual(12);
});

test("a call of an organisation with suppressions alone writes no row more than any other", async () => {
  const plain = await Org.create(stuck);
  const flagged = await Org.create(stuck);
  created(await flagged.owner.post("/suppressions", { phone_number: "+919876599999" }));
  for (const org of [plain, flagged]) await org.call();
  const [one, other] = [await costOf(() => plain.call(), plain), await costOf(() => flagged.call(), flagged)];
  expect(rows(other)).toBe(rows(one));
  expect(other.requests).toBe(one.requests);
});
