// DELETE /platform/v1/orgs/{id}: remains of an organisation are searched for on disk, where it was stored.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { created, expectError, FAST, found, METADATA, noNetwork, Org, Server } from "./harness.ts";
import { until } from "./until.ts";

let folder: string;
let server: Server;
/** What receivers were sent. */
const told: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "deletion-"));
  const vars = { ...FAST, SIM_TALK_MS: "1400", MAX_CALL_SECONDS: "3", DELETION_PAUSE_SECONDS: "2" };
  const outboundService = async (request: { text(): Promise<string> }) => {
    told.push(await request.text());
    return noNetwork();
  };
  server = new Server({ dataDir: folder, vars, archive: true, outboundService });
  await server.start();
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Seen {
  status: string;
  name: string;
}

/** An organisation with something of everything, and what tells it from others. */
class Furnished {
  readonly org: Org;
  readonly words: string[];

  private constructor(org: Org, words: string[]) {
    this.org = org;
    this.words = words;
  }

  static async create(name: string, digits: string): Promise<Furnished> {
    const org = await Org.create(server);
    const number = (last: number) => `+9198${digits}${last}`;
    const renamed = await server.platform.fromRoot("PATCH", `/platform/v1/orgs/${org.id}`, { body: { name: `${name} Lending` } });
    expect(renamed.status).toBe(200);
    const gone = await org.newTrunk({ name: `${name} Trunk` });
    await org.newAgent({ name: `${name} Agent` });
    const callback = { callback_url: `https://${name.toLowerCase()}.example.com/hook` };
    const calls = [org.call({ phone_number: number(1), ...callback }), org.call({ phone_number: number(2), sip_trunk_id: gone.id, ...callback })];
    for (const call of await Promise.all(calls)) await org.ended(call);
    const later = new Date(Date.now() + 3_600_000).toISOString();
    await org.call({ phone_number: number(3), not_before: later, metadata: { ...METADATA, customer_name: `${name} Customer` } });
    expect((await org.owner.delete(`/sip-trunks/${gone.id}`)).status).toBe(204);
    created(await org.owner.post("/suppressions", { phone_number: number(4), reason: `${name} asked` }));
    const draft = { name: `${name} June`, agent_id: org.agent.id, sip_trunk_id: org.trunk.id };
    const campaign = created(await org.owner.post<{ id: string }>("/campaigns", draft));
    const people = { recipients: [{ phone_number: number(5), metadata: { ...METADATA, customer_name: `${name} Recipient` } }] };
    expect((await org.owner.post(`/campaigns/${campaign.id}/recipients`, people)).status).toBeLessThan(300);
    const bucket = await server.local.mf.getR2Bucket("ARCHIVE");
    for (const trunk of [org.trunk, gone]) await bucket.put(`calls/${org.id}/${trunk.id}/1.ndjson`, `{"call": "${number(6)}"}`);
    return new Furnished(org, [org.id, name, name.toLowerCase(), `98${digits}`]);
  }

  get = () => server.platform.fromRoot<Seen>("GET", `/platform/v1/orgs/${this.org.id}`);
  delete = () => server.platform.fromRoot<Seen>("DELETE", `/platform/v1/orgs/${this.org.id}`);
}

/** All that is stored: the rows of each database, and each other file as it lies there. By what it is called. */
async function stored(): Promise<Map<string, string>> {
  const { DatabaseSync } = await import("node:sqlite");
  const all = new Map<string, string>();
  for (const entry of readdirSync(join(folder, "state"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (!/\.sqlite(-\w+)?$/.test(entry.name)) all.set(path, readFileSync(path, "latin1"));
    if (!entry.name.endsWith(".sqlite")) continue;
    const database = new DatabaseSync(path);
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
    for (const { name } of tables.filter(({ name }) => !name.startsWith("_cf_"))) {
      const rows = database.prepare(`SELECT * FROM "${name}"`);
      rows.setReadBigInts(true);
      all.set(`${path} ${name}`, JSON.stringify(rows.all(), (_, value) => (typeof value === "bigint" ? String(value) : value)));
    }
    database.close();
  }
  return all;
}

/** Where any of these words stands. */
const places = (all: Map<string, string>, words: string[]) =>
  [...all].filter(([path, text]) => words.some((word) => path.includes(word) || text.includes(word))).map(([path]) => path);

test("a deleted organisation is nowhere any more, though the Worker is killed over it, and another is whole", { timeout: 120_000 }, async () => {
  const gone = await Furnished.create("Quagga", "11112");
  const other = await Furnished.create("Zebra", "33334");
  const viewer = await gone.org.client("viewer");
  await server.stop();
  const before = await stored();
  for (const word of gone.words) expect(places(before, [word]), word).not.toEqual([]);
  const held = places(before, other.words);
  expect(held.length, "it stands in many places").toBeGreaterThan(8);

  await server.start();
  const line = await gone.org.newTrunk({ name: "Quagga Line", max_channels: 1 });
  const going = { phone_number: "+919811112007", sip_trunk_id: line.id, callback_url: "https://quagga.example.com/going" };
  const talking = await gone.org.call(going);
  const queued = await gone.org.call({ ...going, on_capacity: "queue", queue_max_wait_seconds: 600 });
  await gone.org.reached(talking, "Answered");
  const deleted = await gone.delete();
  expect([deleted.status, deleted.body.status]).toEqual([202, "deleting"]);
  for (const client of [viewer, gone.org.owner]) expect((await client.get("/calls")).status).toBe(401);
  expect((await gone.org.trigger<unknown>()).status).toBe(401);
  expectError(await server.platform.fromRoot("PATCH", `/platform/v1/orgs/${gone.org.id}`, { body: { status: "active" } }), 409, "Organisation is being deleted, or was");
  for (const ms of [300, 600, 900]) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    await server.stop();
    await server.start();
  }
  expect((await gone.delete()).status, "asking again does no harm").toBeLessThan(203);
  await until("it to be gone", async () => (await gone.get()).body.status === "deleted", 60_000);
  const ends = (call: string, status: string) => told.filter((body) => body.includes(call) && body.includes(`"${status}"`)).length;
  expect(ends(talking, "Completed"), "a conversation goes on to its end, and is told of").toBeGreaterThan(0);
  expect(ends(queued, "Trigger Failed"), "what waited ends undialed, and is told of").toBeGreaterThan(0);
  const again = await gone.delete();
  expect([again.status, again.body.name]).toEqual([200, ""]);
  await server.local.runCron();
  const list = found(await server.platform.fromRoot<{ orgs: { id: string }[] }>("GET", "/platform/v1/orgs"));
  expect(list.orgs.map(({ id }) => id)).toEqual([other.org.id]);

  // What comes late makes nothing anew.
  const late = JSON.stringify({ "dial/1": { trunk: gone.org.trunk.id.slice(0, 8), calls: [] } });
  await (await server.local.mf.getQueueProducer("DISPATCH")).send(late, { contentType: "text" });
  expect((await viewer.get("/calls")).status).toBe(401);
  await server.local.runCron();
  expect((await gone.get()).body.status).toBe("deleted");
  created(await other.org.trigger());
  found(await other.org.owner.get("/agents"));

  await server.stop();
  const after = await stored();
  const left = places(after, gone.words);
  expect(left, "the operator's own directory, alone").toHaveLength(1);
  const rows = JSON.parse(after.get(left[0] ?? "") ?? "[]") as { name: string; doc: string }[];
  const kept = rows.filter(({ name, doc }) => gone.words.some((word) => name.includes(word) || doc.includes(word)));
  expect(kept.map(({ name, doc }) => [name, Object.keys(JSON.parse(doc)).sort()])).toEqual([
    [`audit/org/${gone.org.id}`, ["created_at", "deleted_at", "org", "requested_at"]],
  ]);
  expect(places(after, other.words)).toEqual(expect.arrayContaining(held));
  await server.start();
});
