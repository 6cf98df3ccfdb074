// A trunk whose rows can't be written, as when its object's storage is full: here a trigger makes each INSERT and UPDATE fail. A
// callback that its receiver accepted is sent once, nothing is admitted or dialed, and once calls have left, everything recovers
// by itself.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeEach, expect, test } from "vitest";
import { fill, sql } from "../../bench/rows.mjs";
import { created, expectError, found, Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import { until } from "./until.ts";

// A lease is 20 s long: what is sent again for want of its result is so within this time.
const LONGER_THAN_A_LEASE_MS = 25_000;
const TABLES = ["rows", "turns", "idempotency", "transcripts", "recordings", "facts"];
const WRITES = ["INSERT", "UPDATE"];
const DAY_MS = 86_400_000;
/** So many finished calls take more than {@link LIMIT_BYTES}; there is room again when so many are left. */
const CALLS = 4_000;
const FEWER_CALLS = 3_000;
const LIMIT_BYTES = 4_000_000;

const dataDir = mkdtempSync(join(tmpdir(), "full-store-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
const vars = { WEBHOOK_TIMEOUT_SECONDS: "30", WEBHOOK_RETRY_SECONDS: "5,300", STORAGE_LIMIT_BYTES: String(LIMIT_BYTES) };
const server = useServer({ vars, dataDir, journal: true });
const receiver = useReceiver();
let org: Org;

beforeEach(async () => {
  org = await Org.create(server);
});

/** Nothing is written any more, or none of these, while the condition holds; rows may leave. */
async function noRoom(writes = WRITES, condition = "1"): Promise<void> {
  for (const table of TABLES) {
    for (const write of writes) {
      const body = `WHEN ${condition} BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`;
      await sql(server.local, org.trunk.id, `CREATE TRIGGER IF NOT EXISTS full_${table}_${write} BEFORE ${write} ON ${table} ${body}`);
    }
  }
}

async function room(): Promise<void> {
  for (const table of TABLES) {
    for (const write of WRITES) await sql(server.local, org.trunk.id, `DROP TRIGGER IF EXISTS full_${table}_${write}`);
  }
}

/** A call whose callback has come, and waits for its receiver's answer. */
async function callback(): Promise<{ id: string; url: string; answer: () => void }> {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  const url = receiver.url({ status: 200, after: promise });
  const id = await org.call({ callback_url: url });
  await receiver.expect(url);
  return { id, url, answer: resolve };
}

async function callsOf(trunk: string): Promise<string[]> {
  const rows = await sql(server.local, trunk, "SELECT json_extract(doc, '$.id') FROM rows");
  return rows.map(([id]) => String(id));
}

test("a suppression that a trunk can't take is 503 and stays; said again, it withdraws the call that waited", { timeout: 120_000 }, async () => {
  const phone_number = "+919876500077";
  const waiting = await org.call({ phone_number, not_before: new Date(Date.now() + DAY_MS).toISOString() });
  await noRoom();

  const refused = await org.owner.post<unknown>("/suppressions", { phone_number });
  expect(refused.status, refused.text).toBe(503);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  await room();
  expect(refused.headers.get("x-error-code")).toBe("suppression_untold");
  const kept = found(await org.owner.get<{ suppressions: { phone_number: string }[] }>("/suppressions")).suppressions;
  expect(kept.map((row) => row.phone_number)).toEqual([phone_number]);

  const again = await org.owner.post<unknown>("/suppressions", { phone_number });
  expect(again.status, again.text).toBe(200);
  expect(await org.detail(waiting)).toMatchObject({
    call_status: "Trigger Failed",
    failure: { source: "platform", code: "number_suppressed" },
  });
});

test("while nothing can be written a callback is sent once, nothing is admitted, and all goes on when there is room", { timeout: 120_000 }, async () => {
  const { id, url, answer } = await callback();
  const before = await callsOf(org.trunk.id);
  await noRoom();
  answer();

  const over = Date.now() + LONGER_THAN_A_LEASE_MS;
  while (Date.now() < over) {
    expectError(await org.trigger<unknown>({}, { "Idempotency-Key": "order-1" }), 502, "Dialer temporarily unavailable", "dialer_unavailable");
    expect((await org.detail(id)).callback?.status).toBe("pending");
    await server.local.runCron();
    await delay(500);
  }
  expect(receiver.received(url)).toHaveLength(1);
  expect(await callsOf(org.trunk.id)).toEqual(before);

  await room();
  const told = await until("the result to be written", async () => {
    const { callback } = await org.detail(id);
    return callback?.status === "delivered" && callback;
  });
  expect(told.attempts).toHaveLength(1);
  const again = await until("a call to be taken", async () => {
    const answer = await org.trigger({}, { "Idempotency-Key": "order-1" });
    return answer.status === 201 && created(answer);
  });
  expect((await org.ended(again.call_id)).call_status).toBe("Completed");
  await delay(LONGER_THAN_A_LEASE_MS);
  expect(receiver.received(url)).toHaveLength(1);
});

test("a call that can't be claimed is not dialed, and is dialed once when there is room", { timeout: 60_000 }, async () => {
  const dials = () => readFileSync(join(dataDir, "dials.log"), "utf8").split("\n");
  // There is a journal, and nothing on its way whose failing write would refuse the call before it is there.
  await org.ended(await org.call());
  await noRoom(["UPDATE"]);
  const id = await org.call();
  await delay(4_000);
  expect(dials()).not.toContain(id);

  await room();
  expect((await org.ended(id)).call_status).toBe("Completed");
  expect(dials().filter((dialed) => dialed === id)).toHaveLength(1);
});

test("a trunk that is full lets its oldest calls go by itself, and then tells and takes calls as ever", { timeout: 120_000 }, async () => {
  const template = await org.call();
  await org.ended(template);
  const { url, answer } = await callback();
  await fill(server.local, org.trunk.id, template, { rows: CALLS, from: Date.now() - DAY_MS });
  await noRoom(WRITES, `(SELECT count(*) FROM rows) > ${FEWER_CALLS}`);
  answer();

  expectError(await org.trigger<unknown>(), 502, "Dialer temporarily unavailable", "dialer_unavailable");
  const taken = await until("a call to be taken", async () => {
    const answer = await org.trigger();
    return answer.status === 201 && answer.body.call_id;
  }, 60_000);

  expect((await org.ended(taken)).call_status).toBe("Completed");
  expect(receiver.received(url)).toHaveLength(1);
  const { storage } = found(await org.owner.get<{ storage: { used_bytes: number } }>(`/sip-trunks/${org.trunk.id}`));
  expect(storage.used_bytes).toBeLessThan(CALLS * 1_200);
});
