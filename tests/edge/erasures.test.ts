// Erasing one person's data: in the files that the runtime writes, nothing of it is left, and everything of all others is.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { created, expectError, FAST, found, METADATA, Org, Server } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import { until } from "./until.ts";

const receiver = useReceiver();

const THEIRS = "+4915112345678";
/** The same phone, as it is dialed at home. */
const ALSO_THEIRS = "+49015112345678";
const OTHERS = "+4915112345679";
/** What is told of each of them, and of nobody else. */
const THEIR_NAME = "Erika Mustermann-Lazarus";
const OTHER_NAME = "Rahul Sharma-Bleibt";
const theirs = { phone_number: THEIRS, metadata: { ...METADATA, customer_name: THEIR_NAME } };
const also = { ...theirs, phone_number: ALSO_THEIRS };
const others = { phone_number: OTHERS, metadata: { ...METADATA, customer_name: OTHER_NAME } };

interface Erasure {
  id: string;
  status: string;
  completed_at: string | null;
  calls: number;
  archived_calls: number;
  recipients: number;
  suppression_kept: boolean | null;
}

const folder = mkdtempSync(join(tmpdir(), "erasures-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that is kept, as text: rows of databases, and files as they are. */
function kept(): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const texts = files.map((file) => {
    const path = join(file.parentPath, file.name);
    if (/-(wal|shm)$/.test(file.name)) return ""; // read with their database
    if (!file.name.endsWith(".sqlite")) return readFileSync(path, "latin1");
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
      return tables.map(({ name }) => JSON.stringify(readable(database, String(name)))).join("\n");
    } finally {
      database.close();
    }
  });
  return texts.join("\n");
}

function readable(database: DatabaseSync, table: string) {
  const statement = database.prepare(`SELECT * FROM "${table}"`);
  statement.setReadBigInts(true);
  const text = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value));
  return statement.all().map((row) => Object.values(row).map(text));
}

const count = (text: string, word: string) => text.split(word).length - 1;

test("nothing of a person is left, and all of everybody else's", { timeout: 240_000 }, async () => {
  const vars: Record<string, string> = { ...FAST, RETENTION_DAYS: "0" };
  const server = new Server({ dataDir: folder, archive: true, vars });
  await server.start();
  const org = await Org.create(server, { max_channels: 20 });
  const path = `/suppressions/${encodeURIComponent(THEIRS)}`;
  try {
    // Some calls are in the archive already.
    const url = receiver.url();
    for (const who of [theirs, also, others]) await org.call({ ...who, callback_url: url });
    await receiver.expect(url, 3);
    const bucket = await server.local.mf.getR2Bucket("ARCHIVE");
    await until("three calls to be in the archive, and nowhere else", async () => {
      await server.local.runCron();
      const { objects } = await bucket.list();
      const texts = await Promise.all(objects.map(async ({ key }) => (await (await bucket.get(key))?.text()) ?? ""));
      const { calls } = found(await org.owner.get<{ calls: unknown[] }>("/calls")); // they leave when they are there
      return count(texts.join(""), '"call":') === 3 && calls.length === 0;
    }, 60_000);
    await server.stop();

    // Others are over, on the schedule, in progress, in a campaign; a callback is told in vain.
    Object.assign(vars, { RETENTION_DAYS: "30", SIM_TALK_MS: "6000" });
    await server.start();
    const dead = receiver.url(500);
    const over = await Promise.all([theirs, also, others].map((who) => org.call({ ...who, callback_url: dead })));
    await Promise.all(over.map((id) => org.ended(id, 30_000)));
    await receiver.expect(dead, 3);
    const later = { not_before: new Date(Date.now() + 3_600_000).toISOString() };
    const scheduled = await org.call({ ...theirs, ...later, callback_url: receiver.url() });
    const otherScheduled = await org.call({ ...others, ...later });
    const member = await org.client("member");
    const campaign = created(await member.post<{ id: string }>("/campaigns", { name: "June", agent_id: org.agent.id, sip_trunk_id: org.trunk.id }));
    const recipients = [
      { ...theirs, reference: `${THEIR_NAME} 1` },
      { ...also, reference: `${THEIR_NAME} 2` },
      { ...others, reference: "another" },
    ];
    found(await member.post(`/campaigns/${campaign.id}/recipients`, { recipients }));
    created(await member.post("/suppressions", { phone_number: OTHERS, reason: "By letter", expires_at: new Date(Date.now() + 60_000).toISOString() }));
    expect((await org.owner.delete(`/suppressions/${encodeURIComponent(OTHERS)}`)).status).toBe(204);
    const days = [-1, 2].map((days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10));
    const usage = async () => {
      const { rows } = found(await org.owner.get<{ rows: { calls: number }[] }>(`/usage?from=${days[0]}&to=${days[1]}&group_by=day`));
      return rows.reduce((sum, { calls }) => sum + calls, 0);
    };

    // The last of all: it talks for seconds alone.
    const once = { "idempotency-key": "their-call" };
    const talking = created(await org.trigger<{ call_id: string }>(theirs, once)).call_id;
    const asked = await org.owner.post<Erasure>("/erasures", { phone_number: ALSO_THEIRS }, { "idempotency-key": "erase" });
    expect(asked.status).toBe(202);
    expect(asked.body).toMatchObject({ status: "pending", completed_at: null, suppression_kept: null });
    const erasure = `/erasures/${asked.body.id}`;
    // What waits is canceled, who talks goes on; and everything stops in the middle of it.
    await until("the scheduled call to be canceled", async () => {
      const { status, body } = await org.owner.get<{ call_status: string }>(`/calls/${scheduled}/status`);
      return status === 404 || body.call_status === "Trigger Failed";
    });
    expect((await org.status(talking)).is_terminal).toBe(false);
    const before = await usage();
    await server.stop();
    await server.start();
    const done = await until("the erasure to be completed", async () => {
      await server.local.runCron();
      const now = found(await org.owner.get<Erasure>(erasure));
      return now.status === "completed" && now;
    }, 90_000);
    expect(done).toMatchObject({ calls: 4, archived_calls: 2, recipients: 2, suppression_kept: false });
    expect(JSON.stringify(done)).not.toContain("15112345678");

    for (const id of [...over.slice(0, 2), scheduled, talking]) expectError(await org.owner.get(`/calls/${id}`), 404, "Call not found");
    const list = found(await org.owner.get<{ calls: { id: string }[] }>("/calls"));
    expect(new Set(list.calls.map(({ id }) => id))).toEqual(new Set([over[2], otherScheduled]));
    expect(await usage()).toBe(before);
    const { counts } = found(await org.owner.get<{ counts: Record<string, number> }>(`/campaigns/${campaign.id}`));
    expect(counts).toMatchObject({ total: 3, pending: 1, canceled: 2 });
    const results = await org.owner.get(`/campaigns/${campaign.id}/results.csv`);
    expect(count(results.text.trim(), "\n")).toBe(1);
    expect(results.text).toContain("another");
    // The same request is the same erasure, a day long.
    const again = await org.owner.post<Erasure>("/erasures", { phone_number: ALSO_THEIRS }, { "idempotency-key": "erase" });
    expect([again.status, again.body.id]).toEqual([202, asked.body.id]);

    await server.stop();
    const all = kept();
    for (const word of [THEIR_NAME, "15112345678", ...over.slice(0, 2), talking]) expect(count(all, word), word).toBe(0);
    expect(count(all, OTHER_NAME)).toBeGreaterThanOrEqual(4);
    expect(count(all, OTHERS)).toBeGreaterThanOrEqual(4);

    // That somebody is not to be called is kept, and said.
    await server.start();
    created(await member.post("/suppressions", { phone_number: THEIRS }));
    const then = created202(await org.owner.post<Erasure>("/erasures", { phone_number: THEIRS }));
    const kept2 = await until("the second erasure to be completed", async () => {
      const now = found(await org.owner.get<Erasure>(`/erasures/${then.id}`));
      return now.status === "completed" && now;
    }, 60_000);
    expect(kept2).toMatchObject({ calls: 0, suppression_kept: true });
    expect(found(await org.owner.get<{ suppressions: unknown[] }>("/suppressions")).suppressions).toHaveLength(1);
    expect((await org.owner.delete(path)).status).toBe(204);
  } finally {
    await server.stop();
  }
});

function created202(answer: { status: number; body: Erasure }): Erasure {
  expect(answer.status).toBe(202);
  return answer.body;
}
