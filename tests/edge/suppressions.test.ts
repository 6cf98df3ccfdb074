// Numbers that must not be called, on the built Worker.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { created, expectError, found, inTurns, LASTING, Org, Server, useServer } from "./harness.ts";
import { until } from "./until.ts";
import { vitals } from "./vitals.ts";

interface Suppression {
  phone_number: string;
  reason: string | null;
  source: string;
  created_at: string;
  expires_at: string | null;
}

interface Imported {
  added: number;
  updated: number;
  rejected: { row: number; error: string }[];
}

interface List {
  suppressions: Suppression[];
  next_cursor: string | null;
}

const server = useServer();
let org: Org;

beforeAll(async () => {
  org = await Org.create(server);
});

const csv = (body: string) => ({ body, headers: { "content-type": "text/csv" } });
const importFile = (body: string, org: Org) =>
  org.server.send<Imported>("POST", "/integration/v1/suppressions/import", {
    ...csv(body),
    headers: { ...csv(body).headers, authorization: `Bearer ${org.owner.key}` },
  });

test("a number is suppressed, refused, allowed again and called", async () => {
  const phone_number = "+919876500001";
  const first = await org.owner.post<Suppression>("/suppressions", { phone_number, reason: "Asked us by letter" });
  expect(first.status, first.text).toBe(201);
  expect(first.body).toMatchObject({ phone_number, reason: "Asked us by letter", source: "api", expires_at: null });
  expect((await org.owner.post("/suppressions", { phone_number })).status).toBe(200);
  expectError(await org.trigger({ phone_number }), 409, "Number is suppressed", "number_suppressed");
  expectError(await org.trigger({ phone_number, dry_run: true }), 409, "Number is suppressed", "number_suppressed");
  expect(found(await org.owner.get<List>("/suppressions?phone_number=%2B919876500001")).suppressions).toHaveLength(1);
  expect((await org.owner.delete("/suppressions/+919876500001")).status).toBe(204);
  expectError(await org.owner.delete("/suppressions/%2B919876500001"), 404, "Suppression not found", "suppression_not_found");
  expect(await org.ended(await org.call({ phone_number }))).toMatchObject({ call_status: "Completed" });
});

test("one whose end has come is gone from the list at its moment, and its row with it", async () => {
  const phone_number = "+919876500002";
  const expires_at = new Date(Date.now() + 1_500).toISOString();
  created(await org.owner.post("/suppressions", { phone_number, expires_at }));
  await until("its end", async () => Date.now() > Date.parse(expires_at) + 50);
  expect(found(await org.owner.get<List>("/suppressions?phone_number=%2B919876500002")).suppressions).toEqual([]);
  await org.ended(await org.call({ phone_number }));
});

test("a file of 50,000 rows takes the good ones and names the bad, and two at once end as one", { timeout: 120_000 }, async () => {
  const other = await Org.create(server);
  const rows = Array.from({ length: 50_000 }, (_, n) => (n === 7 ? "seven,x" : `+9197${String(n).padStart(8, "0")},x`));
  const file = `phone_number,reason\n${rows.join("\n")}\n`;
  const both = await Promise.all([importFile(file, other), importFile(file, other)]);
  for (const answer of both) {
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.added + answer.body.updated).toBe(49_999);
    expect(answer.body.rejected).toEqual([{ row: 8, error: "phone_number must be in E.164 format" }]);
  }
  const added = both.map(({ body }) => body.added);
  expect(added.reduce((sum, n) => sum + n, 0)).toBe(49_999);
  const page = found(await other.owner.get<List>("/suppressions?limit=100"));
  expect(page.suppressions).toHaveLength(100);
  expectError(await other.trigger({ phone_number: "+919700049999" }), 409, "Number is suppressed", "number_suppressed");
  expect((await importFile(`phone_number\n${"+919700000001\n".repeat(50_001)}`, other)).status).toBe(413);
});

test("among a million suppressed numbers a check is one request and at most two rows read", { timeout: 300_000 }, async () => {
  const other = await Org.create(server);
  const suppressed = "+919876500009";
  created(await other.owner.post("/suppressions", { phone_number: suppressed }));
  // An organisation that never had settings is asked about them: that copies have none may be out of date.
  found(await other.owner.patch("/settings", { transcripts: false }));
  const contacts = await server.local.mf.getDurableObjectNamespace("CONTACTS");
  // A sixteenth part in each of the organisation's objects: what lies in the wrong one is looked at just as much.
  const objects = [..."0123456789abcdef"].map((shard) => contacts.get(contacts.idFromName(`${other.id}/${shard}`)));
  const run = async (object: (typeof objects)[number], body: string) =>
    (await object.fetch("http://object/local/sql", { method: "POST", body })).text();
  for (const object of objects) {
    // Whatever is not there yet is made at the first question.
    await object.fetch("http://object/", { method: "POST", body: JSON.stringify({ Look: [910000000000] }) });
    await run(
      object,
      "INSERT INTO numbers (number, phone, created_at, source) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 62500) SELECT 910000000000 + i, '+' || (910000000000 + i), i, 0 FROM n",
    );
    expect(Number(/\d+/.exec(await run(object, "SELECT COUNT(*) FROM numbers"))?.[0])).toBeGreaterThanOrEqual(62_500);
  }
  const costs = async (act: () => Promise<unknown>) => {
    const before = await vitals(server);
    await act();
    const after = await vitals(server);
    return [after.object_requests - before.object_requests, after.rows_of_numbers_read - before.rows_of_numbers_read] as const;
  };
  const look = (number: string) => async () => found(await other.owner.get(`/numbers/${number}`));
  const check = async (phone_number: string, status: number) => expect((await other.trigger({ phone_number, dry_run: true })).status).toBe(status);
  await look(suppressed)();
  await check(suppressed, 409);

  const plain = [await costs(look(suppressed)), await costs(look("+919876500010"))];
  // The trunk's object is one of these requests.
  const checked = [await costs(() => check(suppressed, 409)), await costs(() => check("+919876500010", 200))];
  found(await other.owner.patch("/settings", { contact_limits: [{ max_dials: 3, per: "day" }] }));
  await other.ended(await other.call({ phone_number: "+919876500011" }));
  const limited = [await costs(() => check(suppressed, 409)), await costs(() => check("+919876500011", 200))];

  for (const [requests, rows] of plain) expect([requests, rows <= 1], `${rows} rows`).toEqual([1, true]);
  for (const [requests, rows] of [...checked, ...limited]) expect([requests, rows <= 2], `${rows} rows`).toEqual([2, true]);
  const most = Math.max(...[...plain, ...checked, ...limited].map(([, rows]) => rows));
  console.log(`prove: rows read by a check among a million suppressed numbers: ${most}`);

  // Those of one object end, and none has left yet: a page passes over them a part at a time.
  await run(objects[0] as (typeof objects)[number], "UPDATE numbers SET expires_at = 1");
  let pages = 0;
  let passed = 0;
  for (let cursor: string | null = ""; cursor !== null && pages < 3; pages++) {
    const [, rows] = await costs(async () => {
      const page: { next_cursor: string | null } = found(await other.owner.get(`/suppressions?limit=10${cursor && `&cursor=${cursor}`}`));
      cursor = page.next_cursor;
    });
    passed = Math.max(passed, rows);
  }
  expect(pages).toBe(3);
  // Some rows of each of the others are among them.
  expect(passed).toBeLessThanOrEqual(20_000);
  console.log(`prove: rows read by a page of suppressions, most of which have ended: ${passed}`);
});

/** Phones that ring are not answered here. */
const folder = mkdtempSync(join(tmpdir(), "suppressions-"));
const lasting = new Server({ dataDir: folder, vars: LASTING });
afterAll(async () => {
  await lasting.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("of 200 calls that wait for a number when it is suppressed none rings, though the Worker is killed in between", { timeout: 180_000 }, async () => {
  await lasting.start();
  const busy = await Org.create(lasting);
  const limits = { max_channels: 3, max_cps: 1_000 };
  expect((await busy.owner.patch(`/sip-trunks/${busy.trunk.id}`, limits)).status).toBe(200);
  const phone_number = "+919876500003";
  const calls = await inTurns(200, () => busy.call({ phone_number, on_capacity: "queue" }));
  await until("three phones to ring", async () => {
    const live = found(await busy.owner.get<{ calls: { call_status: string }[] }>(`/sip-trunks/${busy.trunk.id}/live`));
    return live.calls.filter(({ call_status }) => call_status === "Ringing").length === 3;
  });
  const other = await busy.call({ phone_number: "+919876500004", on_capacity: "queue" });
  await lasting.stop();
  await lasting.start();
  const suppressed = await busy.owner.post("/suppressions", { phone_number });
  expect(suppressed.status, suppressed.text).toBe(201);
  const details = () => inTurns(calls.length, (n) => busy.detail(calls[n] ?? ""));
  const check = async () => {
    const all = await details();
    const dialed = all.filter(({ timeline }) => timeline.some(({ event }) => event === "dialing"));
    expect(dialed).toHaveLength(3);
    for (const call of all) {
      expect(call.failure).toMatchObject({ source: "platform", code: "number_suppressed" });
      expect(call.call_status).toBe(dialed.includes(call) ? "SIP Call Failed" : "Trigger Failed");
    }
  };
  await check();
  await lasting.stop();
  await lasting.start();
  await until("the other call to ring", async () => (await busy.status(other)).call_status === "Ringing", 60_000);
  await check();
});
