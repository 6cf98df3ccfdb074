// A trunk with many finished calls costs no more than an empty one. Counted in rows, not timed; bench/million.mjs times it.

import { beforeAll, expect, test } from "vitest";
import { fill, RARE, sql } from "../../bench/rows.mjs";
import { created, found, noNetwork, Org, useServer } from "./harness.ts";
import type { DeliveryObject, ListedCall, Page, Trunk } from "./shapes.ts";
import { until } from "./until.ts";

const ROWS = 50_000;
const SCAN_LIMIT = 20_000;
/** And a question for the feed's history, documents included. */
const FEED_ROWS = 20_000;
/** More than a question for usage may look at. */
const USAGE_ROWS = 30_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const server = useServer({ outboundService: noNetwork });
let org: Org;
let full: Trunk;
let fuller: Trunk;

/** How many rows a trunk's object has read. */
async function rowsRead(trunk: Trunk): Promise<number> {
  const trunks = await server.local.mf.getDurableObjectNamespace("TRUNKS");
  const object = trunks.get(trunks.idFromName(trunk.id.slice(0, 8)));
  const answer = await object.fetch("http://object/", { method: "POST", body: '"Work"' });
  return ((await answer.json()) as { Work: { rows_read: number } }).Work.rows_read;
}

type Feed = { events: unknown[]; next_cursor: string };
type Place = [at: number, call: string];
type Told = { events: unknown[]; through: Place; goes_on?: number };
const moment = (cursor: string) => Buffer.from(cursor, "base64url").readUIntBE(0, 6);

/** Asks a trunk's object for the feed's history as an edge does, by a type that nothing is of: what it tells, and how many rows it read for that. */
async function questions(of: Org, trunk: Trunk) {
  const objects = await server.local.mf.getDurableObjectNamespace("TRUNKS");
  const object = objects.get(objects.idFromName(trunk.id.slice(0, 8)));
  return async (after: Place, slice?: number): Promise<[Told, number]> => {
    const before = await rowsRead(trunk);
    const filter = { after, only: ["callback.exhausted"], limit: 100, wait: 0, ...(slice !== undefined && { slice }) };
    const body = JSON.stringify({ Feed: [{ org: of.id, key: crypto.randomUUID() }, filter] });
    const answer = (await (await object.fetch("http://object/", { method: "POST", body })).json()) as { Feed: Told };
    return [answer.Feed, (await rowsRead(trunk)) - before];
  };
}

async function delivered(callId: string, of = org): Promise<void> {
  await until(`the callback of ${callId}`, async () => (await of.detail(callId)).callback?.status === "delivered");
}

async function newFull(rows: number, from: number, of = org): Promise<Trunk> {
  const trunk = await of.newTrunk();
  const template = await of.call({ sip_trunk_id: trunk.id, callback_url: "https://example.com/hook" });
  await delivered(template, of);
  await fill(server.local, trunk.id, template, { rows, from, rareEvery: 9_000 });
  return trunk;
}

beforeAll(async () => {
  org = await Org.create(server);
  const from = Date.now() - 2 * DAY_MS;
  full = await newFull(ROWS, from);
  fuller = await newFull(ROWS / 2, from + 500);
});

/** What each page found, and how many rows of the trunk it read. */
async function pageThrough<T>(path: string, items: (body: Record<string, T[]>) => T[]) {
  const pages: { found: T[]; read: number }[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const before = await rowsRead(full);
    const page: Record<string, T[]> & { next_cursor: string | null } = found(
      await org.owner.get(`${path}&limit=2${cursor && `&cursor=${cursor}`}`),
    );
    pages.push({ found: items(page), read: (await rowsRead(full)) - before });
    cursor = page.next_cursor;
  }
  return pages;
}

test("an admission reads no more of a trunk that holds 50,000 finished calls than of an empty one", async () => {
  const cost = async (trunk: Trunk) => {
    const before = await rowsRead(trunk);
    for (let call = 0; call < 20; call++) created(await org.trigger({ sip_trunk_id: trunk.id }));
    return (await rowsRead(trunk)) - before;
  };
  const empty = await cost(await org.newTrunk());

  expect(await cost(full)).toBeLessThanOrEqual(empty + 20);
});

test("a page of calls by a rare number looks at 20,000 rows of a trunk at most, and the pages find each match once", async () => {
  const query = `SELECT json_extract(doc, '$.id') FROM rows WHERE phone = '${RARE}'`;
  const ids = [...(await sql(server.local, full.id, query)), ...(await sql(server.local, fuller.id, query))].map(([id]) => id);
  expect(ids.length).toBeGreaterThan(6);

  const pages = await pageThrough<ListedCall>(`/calls?phone_number=${encodeURIComponent(RARE)}`, (page) => page["calls"] ?? []);

  expect(pages.flatMap((page) => page.found.map(({ id }) => id))).toEqual(ids.sort().reverse());
  expect(Math.max(...pages.map(({ read }) => read))).toBeLessThan(SCAN_LIMIT + 400);
  expect(pages.some((page) => page.found.length < 2)).toBe(true);
});

test("a page of deliveries that nothing fits ends early too, and the last one says so", async () => {
  const pages = await pageThrough<DeliveryObject>("/webhooks/deliveries?status=exhausted", (page) => page["deliveries"] ?? []);

  expect(pages.flatMap((page) => page.found)).toEqual([]);
  expect(pages.length).toBeGreaterThan(ROWS / SCAN_LIMIT);
  expect(Math.max(...pages.map(({ read }) => read))).toBeLessThan(SCAN_LIMIT + 400);
});

test("whatever calls are asked for by, and by all of it together, a page looks at 20,000 rows of a trunk at most", { timeout: 120_000 }, async () => {
  const nobody = crypto.randomUUID();
  const by = {
    call_status: "Decline",
    agent_id: nobody,
    phone_suffix: "99887",
    campaign_id: nobody,
    failure_code: "busy",
    disposition: "promised",
    scheduled: "true",
  };
  const after = { created_after: new Date(0).toISOString(), created_before: new Date().toISOString() };
  const asked = [...Object.entries(by).map(([name, value]) => ({ [name]: value })), { ...by, ...after }, { call_status: by.call_status, ...after }];
  const read: string[] = [];
  for (const filters of asked) {
    const before = await rowsRead(full);
    const page = found(await org.owner.get<Page<"calls", ListedCall>>(`/calls?${new URLSearchParams({ limit: "50", sip_trunk_id: full.id, ...filters })}`));
    const rows = (await rowsRead(full)) - before;
    read.push(`${Object.keys(filters).join("+")} ${rows}`);
    expect(page.calls, JSON.stringify(filters)).toEqual([]);
    expect(page.next_cursor, JSON.stringify(filters)).not.toBeNull();
    expect(rows, JSON.stringify(filters)).toBeLessThanOrEqual(SCAN_LIMIT + 400);
  }
  console.log(`rows read by a page of calls that nothing fits: ${read.join(", ")}`);
});

test("without a filter a page is full, and reads little more than it shows", async () => {
  const before = await rowsRead(full);
  const page = found(await org.owner.get<Page<"calls", ListedCall>>(`/calls?limit=100&sip_trunk_id=${full.id}`));

  expect(page.calls).toHaveLength(100);
  expect((await rowsRead(full)) - before).toBeLessThan(500);
});

test("a question for the feed's history looks at 20,000 rows of a trunk at most, however many there are", { timeout: 180_000 }, async () => {
  const rows = FEED_ROWS + 5_000;
  const from = Date.now() - (20 * DAY_MS) / 24;
  const own = await Org.create(server);
  const trunk = await newFull(rows, from, own);
  const [[id]] = (await sql(server.local, trunk.id, "SELECT json_extract(doc, '$.id') FROM rows ORDER BY id LIMIT 1")) as [[string]];
  const ask = await questions(own, trunk);
  const read: number[] = [];
  for (let after: Place = [from - 1, id]; after[0] < Date.now() - 120_000; ) {
    expect(read.length).toBeLessThan(60);
    const [page, rowsOfIt] = await ask(after);
    read.push(rowsOfIt);
    expect(page.events).toEqual([]);
    expect(page.through[0]).toBeGreaterThan(after[0]);
    after = page.through;
  }

  console.log(`rows read by questions for the feed's history, of ${rows}: ${read.join(", ")}`);
  expect(read.length).toBeGreaterThan(1);
  // Those of calls that began before its place are among them each time.
  expect(Math.max(...read)).toBeLessThan(FEED_ROWS);
});

/** Where calls began too thick before a place for one question to come past them, the next goes on where it ended; the client sees one answer. */
test("a listener's place moves though more calls began just before it than a question may look at", { timeout: 120_000 }, async () => {
  const own = await Org.create(server);
  const trunk = await own.newTrunk();
  const template = await own.call({ sip_trunk_id: trunk.id, callback_url: "https://example.com/hook" });
  await delivered(template, own);
  const [THICK, STEP_MS] = [30_000, 15];
  const from = Date.now() - THICK * STEP_MS - 3_600_000;
  await fill(server.local, trunk.id, template, { rows: THICK, from, stepMs: STEP_MS });
  const at = from + THICK * STEP_MS;
  const ask = await questions(own, trunk);

  const last = "ffffffff-ffff-8000-8000-000000000000";
  const read: number[] = [];
  let slice: number | undefined;
  for (let page: Told | undefined; !page || (page.through[0] <= at && slice !== undefined); slice = page.goes_on) {
    const [answer, rowsOfIt] = await ask([at, last], slice);
    page = answer;
    read.push(rowsOfIt);
    expect(read.length).toBeLessThan(20);
  }
  console.log(`rows read by questions for the feed's history behind ${THICK} calls of a few minutes: ${read.join(", ")}`);
  expect(read.length).toBeGreaterThan(1);
  expect(Math.max(...read)).toBeLessThan(FEED_ROWS);

  const cursor = Buffer.from(at.toString(16).padStart(12, "0") + last.replaceAll("-", ""), "hex").toString("base64url");
  const page: Feed = found(await own.owner.get(`/events?type=callback.exhausted&after=${cursor}`));
  expect(page.events).toEqual([]);
  expect(moment(page.next_cursor)).toBeGreaterThan(at);
});

test("the feed's history by a type that nothing is of is looked through a part at a time, and comes to its end", { timeout: 180_000 }, async () => {
  const viewers = Array.from({ length: 5 }, async () => {
    let pages = 0;
    for (let after = ""; !after || moment(after) < Date.now() - 120_000; pages++) {
      const startedAt = performance.now();
      const page: Feed = found(await org.owner.get(`/events?type=callback.exhausted${after && `&after=${after}`}`));
      // So long a question looks at most; its last look began before.
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(page.events).toEqual([]);
      expect(moment(page.next_cursor)).toBeGreaterThan(after ? moment(after) : 0);
      after = page.next_cursor;
    }
    return pages;
  });
  const pages = await Promise.all(viewers);
  expect(Math.max(...pages)).toBeLessThan(60);
});

test("a question for usage reads 20,000 rows of a trunk at most, and whoever asks goes on where it ended", { timeout: 120_000 }, async () => {
  const own = await Org.create(server);
  const trunk = await own.newTrunk();
  const template = await own.call({ sip_trunk_id: trunk.id, callback_url: "https://example.com/hook" });
  await delivered(template, own);
  // All in one hour that no row tells of yet.
  const hour = Math.floor(Date.now() / HOUR_MS) - 30;
  await fill(server.local, trunk.id, template, { rows: USAGE_ROWS, from: hour * HOUR_MS, stepMs: 100 });
  const objects = await server.local.mf.getDurableObjectNamespace("TRUNKS");
  const object = objects.get(objects.idFromName(trunk.id.slice(0, 8)));
  const filter = { from: hour, to: hour + 1, by: "trunk", scan_limit: SCAN_LIMIT };
  const read: number[] = [];
  type SoFar = { hour: number; sums: [string, { n: number }][] };
  for (let soFar: SoFar | undefined; soFar?.hour !== filter.to; ) {
    const before = await rowsRead(trunk);
    const body = JSON.stringify({ Usage: [{ org: own.id, key: crypto.randomUUID() }, { ...filter, so_far: soFar }] });
    const answer = (await (await object.fetch("http://object/", { method: "POST", body })).json()) as { Usage: SoFar };
    soFar = answer.Usage;
    read.push((await rowsRead(trunk)) - before);
    expect(read.length).toBeLessThan(10);
    if (soFar.hour === filter.to) expect(soFar.sums.map(([, { n }]) => n)).toEqual([USAGE_ROWS]);
  }
  console.log(`rows read by questions for the usage of ${USAGE_ROWS} calls: ${read.join(", ")}`);
  expect(read.length).toBeGreaterThan(1);
  expect(Math.max(...read)).toBeLessThanOrEqual(SCAN_LIMIT);

  const [from, to] = [filter.from, filter.to].map((at) => new Date(at * HOUR_MS).toISOString());
  const { rows } = found(await own.owner.get<{ rows: { key: string; calls: number }[] }>(`/usage?from=${from}&to=${to}&group_by=trunk`));
  expect(rows.map(({ key, calls }) => [key, calls])).toEqual([[trunk.id, USAGE_ROWS]]);
});

test("the Idempotency-Keys of yesterday are forgotten a few at a time", { timeout: 180_000 }, async () => {
  const trunk = await org.newTrunk();
  created(await org.trigger({ sip_trunk_id: trunk.id }));
  const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i FROM n";
  await sql(server.local, trunk.id, `INSERT INTO idempotency (key, at, doc) SELECT 'order-' || i, 0, '{}' FROM (${numbers})`);
  const before = await rowsRead(trunk);

  const KEYS = 2_000;
  for (let sent = 0; sent < KEYS; sent += 50) {
    // Ended at once, so that what is counted is the admission's part.
    const send = (_: unknown, at: number) =>
      org.trigger({ sip_trunk_id: trunk.id, phone_number: "+15005550005" }, { "idempotency-key": `new-${sent + at}` });
    for (const { status } of await Promise.all(Array.from({ length: 50 }, send))) expect([201, 429, 502]).toContain(status);
  }

  const read = ((await rowsRead(trunk)) - before) / KEYS;
  console.log(`rows read a call with an Idempotency-Key: ${read.toFixed(1)}`);
  expect(read).toBeLessThan(12);
  expect(await sql(server.local, trunk.id, "SELECT count(*) FROM idempotency WHERE at = 0")).toEqual([[0]]);
  const [[kept]] = (await sql(server.local, trunk.id, "SELECT count(*) FROM idempotency")) as [[number]];
  expect(kept).toBeGreaterThan(0);
});
