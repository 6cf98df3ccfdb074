// The worst case, in half the memory that Cloudflare gives: a trunk with 45,000 callbacks that a dead receiver never accepts, one
// with a long queue of calls with rich metadata, and an organisation of many agents with rich sample contexts. The Worker starts,
// and every request is answered, by these and by a trunk that has nothing to do with them. For the figures, see bench/bounds.mjs.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { instrument, wasmMemory } from "../../bench/instrument.mjs";
import { richMetadata, Yesterday } from "../../bench/yesterday.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { BASE_PATH, created, found, inTurns, LASTING, Org, Server } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { Accepted, Agent } from "./shapes.ts";

const MB = 1 << 20;
const CAP = 64 * MB;
const PENDING = 45_000;
/** A line takes 10,000 and an organisation has 1,000 agents, which takes minutes to make: `npm run prove -- "capped memory"`. */
const IN_LINE = Number(process.env["IN_LINE"] ?? 2_000);
const AGENTS = Number(process.env["AGENTS"] ?? 200);
/** So many a line takes: whoever comes then is told so. */
const MOST_IN_LINE = 10_000;
const METADATA = JSON.parse(richMetadata(16_384)) as Record<string, unknown>;
const HOUR_MS = 3_600_000;
const TIMEOUT = { timeout: 300_000 };

const folder = mkdtempSync(join(tmpdir(), "bounds-"));
const small = instrument(inRoot("build/local"), { maxBytes: CAP });
const receiver = useReceiver();
const vars = { ...LASTING, WEBHOOK_TIMEOUT_SECONDS: "30", WEBHOOK_RETRY_SECONDS: "5,300,1800,36000" };
const server = new Server({ dataDir: folder, workerDir: small, vars });
/** Whose receiver is dead; who sends more than there are channels; who has many agents; who has nothing to do with any. */
let dead: Org;
let line: Org;
let crowd: Org;
let bystander: Org;
let pending: string[];
let waiting: string[];
let inLine = 0;

beforeAll(async () => {
  await server.start();
  [dead, line] = [await Org.create(server, { max_channels: 10_000 }), await Org.create(server, { max_channels: 1 })];
  [crowd, bystander] = [await Org.create(server), await Org.create(server)];
  const schema = { fields: Object.keys(METADATA).slice(0, 3), sample_context: METADATA };
  await inTurns(AGENTS - 1, (n) => crowd.newAgent({ name: `Agent ${n}`, input_schema: schema }));
  for (const org of [dead, line, crowd, bystander]) await Promise.all([org.client("member"), org.client("viewer")]);
  const rows = new Yesterday(server.local, dead.trunk.id, { org: dead.id, agent: dead.agent.id });
  await rows.begin({ max_cps: 1000, max_channels: 10_000 });
  const now = Date.now();
  // All due at once: the Worker was away for an hour.
  const url = receiver.url({ status: 0, hang: true });
  const over = { count: PENDING, from: now - 73 * HOUR_MS, stepMs: (72 * HOUR_MS) / PENDING, url, dueAt: now - HOUR_MS };
  pending = await rows.write("pending_late", over);
  await server.stop();
  await server.start();
}, 300_000);

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
  rmSync(small, { recursive: true, force: true });
});

/** 16 MB of them: held against no document, which would take longer than all else. */
async function agentsOf({ owner }: Org): Promise<Agent[]> {
  const answer = await fetch(`${server.url}${BASE_PATH}/agents`, { headers: { authorization: `Bearer ${owner.key}`, connection: "close" } });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { agents: Agent[] }).agents;
}

/** What everybody asks of the trunks: nothing is answered by an error. @returns how long the bystander's calls took */
async function everybodyAsks(ms: number): Promise<number[]> {
  const viewers = await Promise.all([dead, line, crowd, bystander].map((org) => org.client("viewer")));
  const times: number[] = [];
  for (const until = performance.now() + ms, at = { n: 0 }; performance.now() < until; at.n++) {
    const [over = "", waits = ""] = [pending[(at.n * 997) % PENDING], waiting[(at.n * 997) % waiting.length]];
    const startedAt = performance.now();
    created(await bystander.trigger());
    times.push(performance.now() - startedAt);
    expect((await dead.status(over)).is_terminal).toBe(true);
    expect((await line.status(waits)).is_terminal).toBe(false);
    await dead.call();
    const { status, text } = await line.trigger<unknown>({ on_capacity: "queue", max_wait_seconds: 3600 });
    expect(status, text).toBe(++inLine > MOST_IN_LINE ? 429 : 201);
    expect(await agentsOf(crowd)).toHaveLength(AGENTS);
    await crowd.call();
    for (const viewer of viewers) {
      found(await viewer.get("/calls?limit=1"));
      found(await viewer.get("/calls?limit=100"));
      found(await viewer.get("/events?limit=20"));
    }
    for (const org of [dead, line]) found(await org.owner.get("/webhooks/deliveries?limit=20&status=pending"));
    await Promise.all(viewers.map(async (viewer) => found(await viewer.get("/calls?limit=50"))));
  }
  return times;
}

test("beside 45,000 callbacks due to a dead receiver thousands of calls with rich metadata get in line", TIMEOUT, async () => {
  await line.call(); // holds the only channel
  waiting = [];
  let left = IN_LINE;
  const caller = async () => {
    while (left-- > 0) {
      const queued = created(await line.trigger<Accepted>({ on_capacity: "queue", max_wait_seconds: 3600, metadata: METADATA }));
      waiting.push(queued.call_id);
      inLine++;
    }
  };
  await Promise.all(Array.from({ length: 8 }, caller));

  expect((await dead.status(pending[0] ?? "")).is_terminal).toBe(true);
  expect(await wasmMemory(server.local)).toBeLessThanOrEqual(CAP);
});

test("after a restart with all of that every request is answered, whoever asks", TIMEOUT, async () => {
  await server.stop();
  await server.start();

  const times = await everybodyAsks(12_000);

  const memory = await wasmMemory(server.local);
  const p99 = times.sort((one, other) => one - other)[Math.floor(times.length * 0.99)] ?? 0;
  console.log(`prove: wasm memory of the worst case: ${(memory / MB).toFixed(1)} MB; a bystander's calls meanwhile: p99 ${p99.toFixed(0)} ms of ${times.length}; ${PENDING} pending, ${inLine} in line, ${AGENTS} agents`);
  expect(memory).toBeLessThanOrEqual(CAP);
  expect(times.length).toBeGreaterThan(1);
});

test("a key of the trunk with the dead receiver can be revoked, and is refused at once", TIMEOUT, async () => {
  const { id, key } = await dead.newKey("member");
  created(await server.client(key).post("/calls", dead.request()));

  expect((await dead.owner.delete(`/api-keys/${id}`)).status).toBe(204);

  expect((await server.client(key).post("/calls", dead.request())).status).toBe(401);
});

test("a call in line is told whole, with its metadata, and can be cancelled", TIMEOUT, async () => {
  const id = waiting[IN_LINE / 2] ?? "";
  expect((await line.detail(id)).metadata).toEqual(METADATA);

  found(await (await line.client("member")).post(`/calls/${id}/cancel`));
  expect((await line.status(id)).is_terminal).toBe(true);
});
