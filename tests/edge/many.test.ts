// Many of everything: a thousand trunks, hundreds of agents, thousands of keys created and revoked. The cost of a change is
// counted in requests to objects, all of them: the edge's, and the directory's to its trunks.

import { beforeAll, expect, test } from "vitest";
import { type Answer, type Client, created, expectError, found, inTurns, LASTING, noNetwork, Org, useServer } from "./harness.ts";
import type { Agent, ApiKey, Page, Trunk } from "./shapes.ts";
import { directorySql, MIB, vitals } from "./vitals.ts";

const MANY = 1_000;
/** Beyond those that trunks are told of. 1,000 agents and 10,000 keys take minutes, and leave no more behind: `npm run prove -- many`. */
const AGENTS = Number(process.env["MANY_AGENTS"] ?? 300);
const KEYS = Number(process.env["MANY_KEYS"] ?? 1_000);
const REQUESTS = 500;
const SECONDS = 10;
const INVALID_KEY = "Invalid or inactive API key";

// KV answers for a minute and more with what it was first asked: whoever is revoked goes on to be vouched for.
const server = useServer({ vars: LASTING, outboundService: noNetwork, queues: false, kvStaleSeconds: 600 });
let org: Org;
const trunks: Trunk[] = [];
const agents: Agent[] = [];

beforeAll(async () => {
  org = await Org.create(server);
  trunks.push(org.trunk, ...(await inTurns(MANY - 1, (n) => org.newTrunk({ name: `Trunk ${n}` }))));
  agents.push(org.agent, ...(await inTurns(AGENTS - 1, (n) => org.newAgent({ name: `Agent ${n}`, input_schema: { fields: [] } }))));
}, 240_000);

/** What it costs, and that it costs no more than it may. */
async function within<T>(what: string, act: () => Promise<T>, most = REQUESTS): Promise<T> {
  const [before, startedAt] = [await vitals(server), performance.now()];
  const result = await act();
  const seconds = (performance.now() - startedAt) / 1_000;
  const requests = (await vitals(server)).object_requests - before.object_requests;
  console.log(`prove: ${what}: ${requests} requests, ${seconds.toFixed(2)} s`);
  expect(requests, what).toBeLessThanOrEqual(most);
  expect(seconds, what).toBeLessThan(SECONDS);
  return result;
}

const place = (client: Client, agent: Agent | undefined, trunk: Trunk | undefined, more: Record<string, unknown> = {}) =>
  client.post<unknown>("/calls", org.request({ agent_id: agent?.id, sip_trunk_id: trunk?.id, ...more }));

/** Some of all: those from before there were many, and the last. */
const some = <T>(all: T[]) => [0, 0.15, 0.3, 0.65, 1].flatMap((part) => all[Math.floor(part * (all.length - 1))] ?? []);

async function all(answers: Promise<Answer<unknown>>[], status: number): Promise<void> {
  for (const answer of await Promise.all(answers)) expect([answer.status, answer.text]).toEqual([status, expect.anything()]);
}

test("calls go through any of a thousand trunks, by any agent and any key, each asked for at most once a minute", { timeout: 120_000 }, async () => {
  const keys = [await org.newKey("member"), await org.newKey("member")].map(({ key }) => server.client(key));
  for (const key of keys) for (const agent of some(agents)) await all(some(trunks).map((trunk) => place(key, agent, trunk)), 201);

  const [key, agent, trunk] = [keys[0], agents.at(-1), trunks.at(-1)];
  if (!key) throw new Error("no key");
  const accepted = async () => created((await place(key, agent, trunk)) as Answer<{ call_id: string }>);
  const { call_id } = await within("a call among many", accepted, 1);
  await within("its status", async () => found(await key.get(`/calls/${call_id}/status`)), 2);
  await within("its status again", async () => found(await key.get(`/calls/${call_id}/status`)), 1);
});

test("a key is revoked among a thousand trunks: none of them takes a call of it, or tells it anything, from the answer on", { timeout: 120_000 }, async () => {
  const { id, key } = await org.newKey("member");
  const client = server.client(key);
  const calls = await Promise.all(some(trunks).map((trunk) => place(client, agents.at(-1), trunk)));
  const [first] = calls.map((answer) => created(answer as Answer<{ call_id: string }>).call_id).slice(-1);
  found(await client.get(`/calls/${first}/status`));

  await within("revoking a key that is in use", async () => expect((await org.owner.delete(`/api-keys/${id}`)).status).toBe(204));

  for (const trunk of [...trunks.slice(0, 3), ...some(trunks), ...trunks.slice(-3)]) {
    expectError(await place(client, agents[0], trunk), 401, INVALID_KEY);
    expectError(await place(client, agents.at(-1), trunk, { on_capacity: "queue" }), 401, INVALID_KEY);
  }
  expectError(await client.get(`/calls/${first}/status`), 401, INVALID_KEY);
  expectError(await client.post(`/calls/${first}/cancel`), 401, INVALID_KEY);
  expectError(await client.get("/calls"), 401, INVALID_KEY);
});

test("an agent is deactivated among a thousand trunks, and is active again at once", { timeout: 120_000 }, async () => {
  const client = await org.client("member");
  for (const agent of [agents[5], agents[295]]) {
    await all(some(trunks).map((trunk) => place(client, agent, trunk)), 201);
    for (let times = 0; times < 2; times++) {
      const set = async (status: string) => found(await org.owner.patch(`/agents/${agent?.id}`, { status }));
      await within("deactivating an agent", () => set("inactive"));
      for (const trunk of some(trunks)) expectError(await place(client, agent, trunk), 400, "Agent is not active");
      await within("activating it", () => set("active"));
      await all(some(trunks).map((trunk) => place(client, agent, trunk)), 201);
    }
    await within("deleting it", async () => expect((await org.owner.delete(`/agents/${agent?.id}`)).status).toBe(204));
    // In the right words, as often as the directory is asked for them.
    for (const trunk of some(trunks)) expect([400, 404]).toContain((await place(client, agent, trunk)).status);
  }
});

test("lists of a thousand", { timeout: 120_000 }, async () => {
  const { agents: listed } = await within("GET /agents", async () => found(await org.owner.get<{ agents: Agent[] }>("/agents")));
  expect(listed).toHaveLength(AGENTS - 2);
  const { sip_trunks } = await within("GET /sip-trunks", async () => found(await org.owner.get<{ sip_trunks: Trunk[] }>("/sip-trunks")));
  expect(sip_trunks).toHaveLength(MANY);
  const { calls } = await within("GET /calls", async () => found(await org.owner.get<{ calls: { id: string }[] }>("/calls?limit=100")));
  expect(calls.length).toBeGreaterThan(50);
  await within("GET /webhooks/deliveries", async () => found(await org.owner.get("/webhooks/deliveries")));
  await within("GET /events", async () => found(await org.owner.get("/events?after=latest")));
});

test(`${KEYS} keys, made and revoked`, { timeout: 600_000 }, async () => {
  const other = await Org.create(server);
  const before = await vitals(server);
  const makeAndRevoke = async (nth: number) => {
    const { id, key } = await other.newKey("member", { name: `Key ${nth}` });
    const client = server.client(key);
    if (nth % 100 === 0) created(await client.post("/calls", other.request()));
    expect((await other.owner.delete(`/api-keys/${id}`)).status).toBe(204);
    return client;
  };
  const revoked = await inTurns(KEYS, makeAndRevoke);

  for (const client of revoked.filter((_, nth) => nth % 300 < 2)) {
    expectError(await client.post("/calls", other.request()), 401, INVALID_KEY);
  }
  const [[remembered, bytes]] = (await directorySql(other, "SELECT count(*), sum(length(doc)) FROM rows WHERE name LIKE 'key/%'")) as [[number, number]];
  const grown = ((await vitals(server)).memory_bytes - before.memory_bytes) / MIB;
  console.log(`${KEYS} keys made and revoked: ${remembered} rows of ${bytes} bytes left, wasm +${grown} MiB`);
  expect(remembered).toBeLessThanOrEqual(400);
  expect(grown).toBeLessThan(8);
  const { api_keys } = await within("GET /api-keys", async () => found(await other.owner.get<Page<"api_keys", ApiKey>>("/api-keys?limit=100")));
  expect(api_keys.length).toBeLessThanOrEqual(4);
  await within("one more", async () => makeAndRevoke(1));
});
