// A thousand trunks that are all in use: by one key and one agent, all within minutes, so that no page and no change can leave
// any out. The cost of each is counted in requests to objects: those that it causes, and those of one invocation.

import { beforeAll, expect, test } from "vitest";
import { type Answer, type Client, created, expectError, found, inTurns, LASTING, noNetwork, Org, useServer } from "./harness.ts";
import type { Agent, ApiKey, Page, Trunk } from "./shapes.ts";
import { vitals } from "./vitals.ts";

const MANY = 1_000;
const REQUESTS = 500;
const SECONDS = 10;

const server = useServer({ vars: LASTING, outboundService: noNetwork, queues: false, kvStaleSeconds: 600 });
let org: Org;
let key: ApiKey;
let member: Client;
const trunks: Trunk[] = [];
const calls: string[] = [];

const place = (n: number, client = member) =>
  client.post<{ call_id: string }>("/calls", org.request({ sip_trunk_id: trunks[n]?.id, callback_url: "https://example.com/" }));

beforeAll(async () => {
  org = await Org.create(server);
  key = await org.newKey("member");
  member = server.client(key.key);
  trunks.push(org.trunk, ...(await inTurns(MANY - 1, (n) => org.newTrunk({ name: `Trunk ${n}` }))));
  calls.push(...(await inTurns(MANY, async (n) => created(await place(n)).call_id)));
}, 600_000);

interface Cost {
  requests: number;
  one: number;
}

/** What it costs; never more than an invocation may send, and than anybody waits. */
async function cost<T>(what: string, act: () => Promise<T>): Promise<[T, Cost]> {
  const [before, startedAt] = [await vitals(server), performance.now()];
  const result = await act();
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await vitals(server);
  const [requests, one] = [after.object_requests - before.object_requests, after.most_of_one_invocation];
  console.log(`${what}: ${requests} requests, at most ${one} of one invocation, ${seconds.toFixed(2)} s`);
  expect(one, what).toBeLessThanOrEqual(REQUESTS);
  expect(seconds, what).toBeLessThan(SECONDS);
  return [result, { requests, one }];
}

/** Reads a list to its end, or to so many items: page by page, none of which may cost more than its share. */
async function read<Item>(path: string, items: "calls" | "deliveries", most: number): Promise<Item[]> {
  const all: Item[] = [];
  let cursor: string | null = "";
  for (let pages = 0; cursor !== null && all.length < most; pages++) {
    expect(pages).toBeLessThan(100);
    const query: string = `${path}${path.includes("?") ? "&" : "?"}limit=100${cursor && `&cursor=${cursor}`}`;
    const [page, { requests }] = await cost(`GET ${path}`, async () => found(await org.owner.get<Page<string, Item>>(query)));
    expect(requests).toBeLessThanOrEqual(REQUESTS);
    all.push(...((page as unknown as Record<string, Item[]>)[items] ?? []));
    cursor = (page as { next_cursor: string | null }).next_cursor;
  }
  return all;
}

const ids = (items: { id: string }[]) => items.map(({ id }) => id);
const newestFirst = (all: string[]) => all.toSorted().reverse();

test("pages among a thousand trunks ask 500 objects at most, and hold each call once, newest first", { timeout: 120_000 }, async () => {
  const newest = await read<{ id: string }>("/calls", "calls", 200);
  expect(ids(newest)).toEqual(newestFirst(calls).slice(0, newest.length));
  expect(newest.length).toBeGreaterThanOrEqual(200);

  const [, ...others] = newestFirst(calls);
  const last = others.at(-1) ?? "";
  const first = Number.parseInt(last.replaceAll("-", "").slice(0, 12), 16);
  const old = await read<{ id: string }>(`/calls?created_before=${new Date(first + 2_000).toISOString()}`, "calls", MANY);
  const before = newestFirst(calls).filter((id) => Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16) < first + 2_000);
  expect(ids(old)).toEqual(before);
  expect(await read("/calls?call_status=Completed", "calls", MANY)).toEqual([]);
});

test("so do pages of deliveries", { timeout: 60_000 }, async () => {
  const stopped = [3, 300, 600, 900, 999].map((n) => calls[n] ?? "");
  for (const call of stopped) found(await org.owner.post(`/calls/${call}/cancel`));

  const deliveries = await read<{ call_id: string }>("/webhooks/deliveries", "deliveries", MANY);

  expect(deliveries.map(({ call_id }) => call_id)).toEqual(newestFirst(stopped));
});

test("the live feed of a thousand trunks is asked for by several invocations, and tells of each call", { timeout: 240_000 }, async () => {
  const told: string[] = [];
  for (let after = "", pages = 0; told.length < MANY; pages++) {
    expect(pages).toBeLessThan(50);
    const path = `/events?limit=100&type=call.initiating${after && `&after=${after}`}`;
    type Feed = { events: { data: { id: string } }[]; next_cursor: string };
    const [feed, { requests, one }] = await cost("GET /events", async () => found(await org.owner.get<Feed>(path)));
    expect(requests).toBeLessThanOrEqual(MANY + 6);
    expect(one).toBeLessThanOrEqual(400);
    told.push(...feed.events.map(({ data }) => data.id));
    after = feed.next_cursor;
  }
  expect(told).toHaveLength(MANY);
  expect(new Set(told)).toEqual(new Set(calls));
});

test("what names one, and lists of what the directory holds, cost what they do among few", async () => {
  const paths = [`/calls/${calls[990]}`, `/sip-trunks/${trunks[990]?.id}/live`, "/sip-trunks", "/api-keys", "/agents", "/audit-log"];
  for (const path of paths) {
    const [, { requests }] = await cost(`GET ${path}`, async () => found(await org.owner.get(path)));
    expect(requests, path).toBeLessThanOrEqual(4);
  }
});

test("a change that every trunk must know of is told by several invocations, before it is answered", { timeout: 60_000 }, async () => {
  const settings = { transcripts: true };
  const [, { requests }] = await cost("PATCH /settings", async () => found(await org.owner.patch("/settings", settings)));
  expect(requests).toBeGreaterThanOrEqual(MANY);
  const [rotated] = await cost("rotation", async () => found(await org.owner.post<{ secret: string }>("/webhooks/secret/rotate", {})));
  const objects = await server.local.mf.getDurableObjectNamespace("TRUNKS");
  const last = objects.get(objects.idFromName(trunks.at(-1)?.id.slice(0, 8) ?? ""));
  const brief = await (await last.fetch("http://object/local/sql", { method: "POST", body: "SELECT doc FROM facts WHERE name = 'brief'" })).text();
  expect(brief).toContain(rotated.secret);
  expect(brief).toContain("transcript");
});

test("the end of an agent and of a key that are in use through all of them takes 500 requests at most", { timeout: 120_000 }, async () => {
  const few = async (what: string, act: () => Promise<unknown>) => expect((await cost(what, act))[1].requests, what).toBeLessThanOrEqual(REQUESTS);
  const some = [0, 199, 200, 555, 999];
  const refused = async (status: number, error: string) => {
    for (const n of some) expectError(await place(n), status, error);
  };
  const set = async (status: string) => found(await org.owner.patch<Agent>(`/agents/${org.agent.id}`, { status }));
  await few("deactivating an agent", () => set("inactive"));
  await refused(400, "Agent is not active");
  await few("activating it", () => set("active"));
  for (const n of some) created((await place(n)) as Answer<unknown>);

  await few("revoking a key", async () => expect((await org.owner.delete(`/api-keys/${key.id}`)).status).toBe(204));
  await refused(401, "Invalid or inactive API key");
});

test("a key whose calls wait on all of them ends with all of these calls", { timeout: 120_000 }, async () => {
  const waiter = await org.newKey("member");
  const client = server.client(waiter.key);
  const more = { on_capacity: "queue", max_wait_seconds: 3600 };
  await inTurns(MANY, async (n) => created(await client.post("/calls", org.request({ sip_trunk_id: trunks[n]?.id, ...more }))));

  const [, { requests }] = await cost("revoking a key whose calls may wait", async () => expect((await org.owner.delete(`/api-keys/${waiter.id}`)).status).toBe(204));

  expect(requests).toBeGreaterThanOrEqual(MANY);
  for (const n of [0, 555, 999]) expectError(await place(n, client), 401, "Invalid or inactive API key");
});
