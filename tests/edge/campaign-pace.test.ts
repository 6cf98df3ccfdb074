// How fast campaigns progress, how they share a trunk, and what they cost: rows, memory, and the time that a long list takes.
// `npm run prove -- campaigns` measures for a minute, and with the longest list allowed.

import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { instrument, wasmMemory } from "../../bench/instrument.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { created, found, METADATA, Org, Server } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { ListedCall, Live, Trunk } from "./shapes.ts";
import { until } from "./until.ts";

const WINDOW_S = Number(process.env["CAMPAIGN_SECONDS"] ?? 8);
const LONG_LIST = Number(process.env["CAMPAIGN_LIST"] ?? 20_000);
const MOST_ROWS = 20_000;
const SHORT_LIST = 1_000;
/** Before this nobody measures: whoever starts has just begun. */
const WARM_UP_MS = 2_000;
const CPS = 20;
const CHANNELS = 20;
/** How much more memory the longest list may take than a short one: what chance makes of it. */
const FLAT = 1 << 20;

interface Campaign {
  id: string;
  status: string;
  counts: Record<string, number>;
}

const receiver = useReceiver();
const folders: string[] = [];
let server: Server | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function serve(options: ConstructorParameters<typeof Server>[0]): Promise<Server> {
  server = new Server(options);
  await server.start();
  return server;
}

/** A machine that has other things to do spoils a pace. */
const load = () => `load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`;

let people = 0;
const person = () => {
  people += 1;
  return { reference: `person-${people}`, phone_number: `+9198${String(people).padStart(8, "0")}`, metadata: METADATA };
};
const list = (length: number) => Array.from({ length }, person);

async function draft(org: Org, recipients: object[], more: Record<string, unknown> = {}): Promise<string> {
  const body = { name: "List", agent_id: org.agent.id, sip_trunk_id: org.trunk.id, ...more };
  const { id } = created(await org.owner.post<Campaign>("/campaigns", body));
  for (let from = 0; from < recipients.length; from += MOST_ROWS) {
    const some = recipients.slice(from, from + MOST_ROWS);
    expect(found(await org.owner.post(`/campaigns/${id}/recipients`, { recipients: some }))).toMatchObject({ added: some.length });
  }
  return id;
}

const start = async (org: Org, id: string) => void found(await org.owner.post(`/campaigns/${id}/start`));
const look = async (org: Org, id: string) => found(await org.owner.get<Campaign>(`/campaigns/${id}`));
const completed = (org: Org, id: string) => until("the campaign to be completed", async () => (await look(org, id)).status === "completed", 60_000);

/** When its phones were asked to ring, in ms. */
async function dials(org: Org, id: string): Promise<number[]> {
  const at: number[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const path: string = `/calls?limit=100&campaign_id=${id}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const page: { calls: ListedCall[]; next_cursor: string | null } = found(await org.owner.get(path));
    for (const { dialed_at } of page.calls) if (dialed_at) at.push(Date.parse(dialed_at));
    cursor = page.next_cursor;
  }
  return at;
}

const LIMITS: [what: string, limits: { max_cps: number; max_channels: number }, talkMs: number][] = [
  ["dials", { max_cps: CPS, max_channels: 1_000 }, 300],
  ["channels", { max_cps: 1_000, max_channels: CHANNELS }, 3_500],
];

test.for(LIMITS)("where %s are what is scarce, two campaigns share them evenly and keep ≥ 95 % of them busy", { timeout: 240_000 }, async ([what, limits, talkMs]) => {
  const vars = { SIM_RING_MS: "500", SIM_TALK_MS: String(talkMs), RING_TIMEOUT_SECONDS: "10", MAX_CALL_SECONDS: "60", STALLED_AFTER_SECONDS: "60" };
  const org = await Org.create(await serve({ vars }), limits);
  const each = Math.ceil(((WINDOW_S + 10) * CPS) / 2);
  const both = [await draft(org, list(2 * each)), await draft(org, list(2 * each))];
  // The second comes when the first has all of it.
  await start(org, both[0] ?? "");
  await delay(1_000);
  await start(org, both[1] ?? "");
  await delay(WARM_UP_MS + (what === "channels" ? talkMs + 1_000 : 0));
  const [from, until] = [Date.now(), Date.now() + (WINDOW_S + 2) * 1_000];
  let [looks, held] = [0, [0, 0]];
  while (Date.now() < until) {
    const inProgress = await Promise.all(both.map(async (id) => (await look(org, id)).counts["in_progress"] ?? 0));
    held = held.map((sum, n) => sum + (inProgress[n] ?? 0));
    looks += 1;
    await delay(50);
  }
  const { in_use } = found(await org.owner.get<Live>(`/sip-trunks/${org.trunk.id}/live`));
  expect(in_use).toBeLessThanOrEqual(limits.max_channels);
  // A second's dials go out together: the window begins with one of these.
  const moments = await Promise.all(both.map((id) => dials(org, id)));
  const first = Math.min(...moments.flat().filter((at) => at >= from));
  const dialed = moments.map((all) => all.filter((at) => at >= first && at < first + WINDOW_S * 1_000).length);
  for (const id of both) found(await org.owner.post(`/campaigns/${id}/cancel`, { hang_up: true }));

  const [shares, whole] = what === "dials" ? [dialed, CPS * WINDOW_S] : [held.map((sum) => sum / looks), CHANNELS];
  const [one = 0, other = 0] = shares;
  console.log(`prove: two campaigns on a trunk where ${what} bind: ${one.toFixed(1)} and ${other.toFixed(1)} of ${whole}, ${(((one + other) / whole) * 100).toFixed(1)} % busy over ${WINDOW_S} s, ${load()}`);
  // What stands on the edge of a short window is more than 5 % of it.
  const edge = what === "dials" && WINDOW_S < 60 ? CPS : 0;
  expect(one + other, "busy").toBeGreaterThanOrEqual(0.95 * whole - edge);
  expect(one + other).toBeLessThanOrEqual(1.05 * whole + edge);
  expect(Math.abs(one - other)).toBeLessThanOrEqual(Math.max(0.1 * Math.max(one, other), edge / 2));
});

test("20,000 rows are taken in within 10 s, as JSON, as NDJSON and as CSV, and again none", { timeout: 180_000 }, async () => {
  const org = await Org.create(await serve({}));
  const rows = list(MOST_ROWS);
  const csv = ["phone_number,reference,customer_name,amount_due,due_date", ...rows.map((row) => [row.phone_number, row.reference, ...Object.values(METADATA)].join(","))].join("\r\n");
  const files: [string, unknown][] = [
    ["application/json", JSON.stringify({ recipients: rows })],
    ["application/x-ndjson", rows.map((row) => JSON.stringify(row)).join("\n")],
    ["text/csv", csv],
  ];
  for (const [type, body] of files) {
    const id = await draft(org, []);
    const send = () => org.owner.send<Record<string, unknown>>("POST", `/campaigns/${id}/recipients`, { body, headers: { "content-type": type } });
    const startedAt = performance.now();
    expect(found(await send())).toEqual({ added: MOST_ROWS, duplicates: 0, rejected: [] });
    const took = performance.now() - startedAt;
    console.log(`prove: ${MOST_ROWS} rows taken in as ${type}: ${(took / 1000).toFixed(1)} s, ${load()}`);
    expect(took).toBeLessThanOrEqual(10_000);
    expect(found(await send())).toEqual({ added: 0, duplicates: MOST_ROWS, rejected: [] });
    expect((await look(org, id)).counts["total"]).toBe(MOST_ROWS);
  }
});

/** The rows that a campaign's object changed since it was loaded, by SQLite's own count. */
async function changed(on: Server, org: Org, id: string): Promise<number> {
  const campaigns = await on.local.mf.getDurableObjectNamespace("CAMPAIGNS");
  const object = campaigns.get(campaigns.idFromName(`${org.id}/${id}`));
  const answer = await (await object.fetch("http://object/local/sql", { method: "POST", body: "SELECT total_changes()" })).text();
  const [[count] = []] = JSON.parse(answer) as number[][];
  if (count === undefined) throw new Error(answer);
  return count;
}

/** The rows and alarms that a trunk's object wrote since it was loaded. */
async function written(on: Server, trunk: Trunk): Promise<number> {
  const trunks = await on.local.mf.getDurableObjectNamespace("TRUNKS");
  const object = trunks.get(trunks.idFromName(trunk.id.slice(0, 8)));
  const answer = (await (await object.fetch("http://object/", { method: "POST", body: '"Work"' })).json()) as { Work: { rows_written: number; alarms_set: number } };
  return answer.Work.rows_written + answer.Work.alarms_set;
}

test("a dialed recipient costs at most 3 rows beyond those of a plain call", { timeout: 180_000 }, async () => {
  const on = await serve({});
  const org = await Org.create(on, { max_cps: 50 });
  const [plain, ofCampaign] = [receiver.url(), receiver.url()];
  const CALLS = 100;
  const settled = async () => {
    let [last, still] = [-1, 0];
    await until("the trunk to have nothing to do", async () => {
      const now = await written(on, org.trunk);
      still = now === last ? still + 1 : 0;
      last = now;
      return still >= 15;
    });
    return last;
  };
  // One first: all that is made once is made now.
  await org.call({ callback_url: plain });
  await receiver.expect(plain);
  const before = await settled();
  for (let n = 0; n < CALLS; n += 1) {
    await org.call({ ...person(), reference: undefined, callback_url: plain });
    await delay(20);
  }
  await receiver.expect(plain, CALLS + 1);
  const calls = (await settled()) - before;

  const id = await draft(org, list(CALLS), { callback_url: ofCampaign });
  const [trunkBefore, ownBefore] = [await settled(), await changed(on, org, id)];
  await start(org, id);
  await completed(org, id);
  await receiver.expect(ofCampaign, CALLS);
  const trunk = (await settled()) - trunkBefore;
  const own = (await changed(on, org, id)) - ownBefore;
  const more = (trunk + own - calls) / CALLS;
  console.log(`prove: rows a dialed recipient beyond a plain call's ${calls / CALLS}: ${more} (${own / CALLS} in the campaign)`);
  expect(more).toBeLessThanOrEqual(3);
});

test("a long list takes no more memory than a short one", { timeout: 600_000 }, async () => {
  const workerDir = instrument(inRoot("build/local"));
  folders.push(workerDir);
  const memory: number[] = [];
  for (const length of [SHORT_LIST, LONG_LIST]) {
    const dataDir = mkdtempSync(join(tmpdir(), "campaign-memory-"));
    folders.push(dataDir);
    const options = { workerDir, dataDir, vars: { SIM_RING_MS: "100", SIM_TALK_MS: "300" } };
    let on = await serve(options);
    const org = await Org.create(on, { max_cps: 50 });
    const id = await draft(org, list(length));
    // What it took to take the file in is gone with the process.
    await on.stop();
    on = await serve(options);
    const owner = on.client(org.owner.key);
    found(await owner.post(`/campaigns/${id}/start`));
    await until("300 people to be called", async () => (found(await owner.get<Campaign>(`/campaigns/${id}`)).counts["completed"] ?? 0) >= 300, 60_000);
    memory.push(await wasmMemory(on.local));
    found(await owner.post(`/campaigns/${id}/pause`));
    await on.stop();
    server = undefined;
  }
  const [short = 0, long = 0] = memory;
  console.log(`prove: memory of a campaign of ${SHORT_LIST} and of ${LONG_LIST}: ${(short / 1e6).toFixed(1)} and ${(long / 1e6).toFixed(1)} MB`);
  expect(long - short).toBeLessThanOrEqual(FLAT);
});
