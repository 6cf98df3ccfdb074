// A thousand agents, each with the largest sample context allowed, in as many small parts as fit: what the directory keeps of
// them, what a list of them costs, and that the list is complete.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { found, Org, Server } from "./harness.ts";
import type { Agent } from "./shapes.ts";
import { directorySql, MIB, type Vitals, vitals } from "./vitals.ts";

const AGENTS = 1_000;
/** 16 KB of JSON that a tree of values takes fifty times the room for. */
const SAMPLE = { n: Array.from({ length: 8_180 }, (_, n) => n % 10) };

const folder = mkdtempSync(join(tmpdir(), "many-agents-"));
const server = new Server({ dataDir: folder });
let org: Org;

beforeAll(async () => {
  await server.start();
  org = await Org.create(server);
  const { id } = await org.newAgent({ name: "Number 0", input_schema: { fields: ["n"], sample_context: SAMPLE } });
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${AGENTS - 2}) SELECT i FROM n`;
  // Like the one, each later than the one before.
  await directorySql(
    org,
    `INSERT INTO rows (name, doc) SELECT 'agent/' || id, json_set(doc, '$.agent.id', id, '$.agent.name', 'Number ' || i,
      '$.agent.created_at', json_extract(doc, '$.agent.created_at') + i, '$.agent.status', iif(i % 100 = 0, 'inactive', 'active'))
    FROM rows, (SELECT i, printf('%08x', i) || substr('${id}', 9) AS id FROM (${numbers})) WHERE name = 'agent/${id}'`,
  );
  await server.stop();
  await server.start();
}, 60_000);

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const grown = (from: Vitals, to: Vitals) => (to.memory_bytes - from.memory_bytes) / MIB;

test("a directory of 1,000 agents with 16 KB of sample context each takes little memory, and so does a list of them", { timeout: 60_000 }, async () => {
  const empty = await vitals(server);
  const startedAt = performance.now();
  found(await org.owner.get("/webhooks/secret"));
  const [loaded, loadMs] = [await vitals(server), performance.now() - startedAt];
  const { agents } = found(await org.owner.get<{ agents: Agent[] }>("/agents?include=inactive"));
  const [listed, listMs] = [await vitals(server), performance.now() - startedAt - loadMs];
  for (let times = 0; times < 3; times++) await org.owner.get("/agents");
  const again = await vitals(server);

  console.log(
    `1,000 agents: wasm ${empty.memory_bytes / MIB} MiB empty, loaded +${grown(empty, loaded)} in ${loadMs.toFixed(0)} ms, a list ` +
      `+${grown(loaded, listed)} in ${listMs.toFixed(0)} ms and ${listed.object_requests - loaded.object_requests} requests, three more +${grown(listed, again)}`,
  );
  expect(agents.map(({ name }) => name)).toEqual([org.agent.name, ...Array.from({ length: AGENTS - 1 }, (_, n) => `Number ${n}`)]);
  expect(agents.at(-1)?.input_schema).toEqual({ fields: ["n"], sample_context: SAMPLE });
  expect(agents.filter(({ status }) => status === "inactive")).toHaveLength(9);
  expect(grown(empty, loaded)).toBeLessThanOrEqual(16);
  expect(grown(loaded, listed)).toBeLessThanOrEqual(4);
  expect(grown(listed, again)).toBe(0);
  expect(listed.object_requests - loaded.object_requests).toBeLessThanOrEqual(500);
  expect(listMs).toBeLessThan(10_000);
});

test("whoever does not ask for inactive agents is not told of them, however many slices there are", async () => {
  const { agents } = found(await org.owner.get<{ agents: Agent[] }>("/agents"));

  expect(agents).toHaveLength(AGENTS - 9);
  expect(agents.every(({ status }) => status === "active")).toBe(true);
});

test("ten lists at a time, by readers who take their time or leave, cost what their slices do", { timeout: 60_000 }, async () => {
  const before = await vitals(server);
  const headers = { authorization: `Bearer ${org.owner.key}` };
  const read = async (_: unknown, at: number) => {
    const left = new AbortController();
    const answer = await fetch(`${server.url}/integration/v1/agents`, { headers, signal: left.signal });
    let bytes = 0;
    for await (const piece of answer.body ?? []) {
      bytes += piece.length;
      if (at % 2 === 1 && bytes > 2 * MIB) return left.abort(); // done with it
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(bytes).toBeGreaterThan(15 * MIB);
  };
  await Promise.all(Array.from({ length: 10 }, (item, at) => read(item, at).catch((error) => expect(String(error)).toContain("abort"))));

  expect(grown(before, await vitals(server))).toBeLessThanOrEqual(8);
  found(await org.owner.get("/webhooks/secret"));
});

test("an agent among them is shown, changed and called as any other", async () => {
  const { agents } = found(await org.owner.get<{ agents: Agent[] }>("/agents"));
  const last = agents.at(-1);
  const changed = found(await org.owner.patch<Agent>(`/agents/${last?.id}`, { name: "Renamed" }));

  expect(changed.input_schema.sample_context).toEqual(SAMPLE);
  expect(found(await org.owner.get<Agent>(`/agents/${last?.id}`))).toEqual(changed);
  expect((await org.trigger({ agent_id: changed.id, metadata: { n: 1 } })).status).toBe(201);
});
