// Calls that are dialed later, on the built Worker: what a client requests and is told, and what a crash leaves.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { instrument, wasmMemory } from "../../bench/instrument.mjs";
import { sql } from "../../bench/rows.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { type Answer, created, expectError, FAST, found, inTurns, Org, Server } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { Accepted, CallObject, ListedCall } from "./shapes.ts";

const folder = mkdtempSync(join(tmpdir(), "scheduled-"));
const small = instrument(inRoot("build/local"), { maxBytes: 64 << 20 });
const server = new Server({ dataDir: folder, workerDir: small, vars: FAST });
const receiver = useReceiver();
let org: Org;

beforeAll(async () => {
  await server.start();
  org = await Org.create(server);
  await Promise.all([org.client("member"), org.client("viewer")]);
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
  rmSync(small, { recursive: true, force: true });
});

const ahead = (ms: number) => new Date(Date.now() + ms).toISOString();
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function schedule(more: Record<string, unknown>, on: Org = org): Promise<Accepted> {
  const accepted = created(await on.trigger(more));
  expect(accepted.status).toBe("scheduled");
  return accepted;
}

test("a scheduled call is answered so, shown so, dialed when it is due, and told of", async () => {
  const [notBefore, url] = [ahead(4_000), receiver.url()];
  const accepted = await schedule({ not_before: notBefore, callback_url: url });

  expect(accepted).toEqual({
    call_id: accepted.call_id,
    status: "scheduled",
    poll_url: `/integration/v1/calls/${accepted.call_id}/status`,
    scheduled_for: notBefore,
  });
  const waiting = await org.detail(accepted.call_id);
  expect(waiting).toMatchObject({ call_status: "Initiating", is_terminal: false, dialed_at: null });
  const notAfter = new Date(Date.parse(notBefore) + HOUR_MS).toISOString();
  expect(waiting.schedule).toEqual({
    not_before: notBefore,
    not_after: notAfter,
    scheduled_for: notBefore,
    time_zone: null,
    reason: "not_before",
  });
  expect(waiting.timeline.map(({ event }) => event)).toEqual(["accepted", "scheduled"]);

  await receiver.expect(url);
  const call = await org.detail(accepted.call_id);
  expect(call.call_status).toBe("Completed");
  expect(Date.parse(call.dialed_at ?? "")).toBeGreaterThanOrEqual(Date.parse(notBefore));
  expect(call.timeline.map(({ event }) => event)).not.toContain("queued");
});

const REFUSED: [sentence: string, fields: Record<string, unknown>, error: string][] = [
  ["a time without a zone", { not_before: "2099-01-01T10:00:00" }, "not_before must be an ISO 8601 time with its offset from UTC, such as 2099-01-01T10:00:00Z or 2099-01-01T10:00:00+05:30"],
  ["a date alone", { not_before: "2099-01-01" }, "not_before must be an ISO 8601 time with its offset from UTC, such as 2099-01-01T00:00Z or 2099-01-01T00:00+05:30"],
  ["a number", { not_before: 5 }, "not_before must be an ISO 8601 time"],
  ["too far ahead", { not_before: ahead(31 * DAY_MS) }, "not_before must be at most 30 days ahead"],
  ["an end before the beginning", { not_before: ahead(HOUR_MS), not_after: ahead(HOUR_MS - 1_000) }, "not_after must be after not_before and in the future"],
  ["an end in the past", { not_after: ahead(-1_000) }, "not_after must be after not_before and in the future"],
];

test.each(REFUSED)("%s is refused", async (_, fields, error) => {
  expectError(await org.trigger(fields), 400, error, "field_invalid");
});

test("a beginning in the past means now, null is nothing, and 30 days are not too far", async () => {
  expect(created(await org.trigger({ not_before: ahead(-HOUR_MS) })).status).toBe("triggered");
  expect(created(await org.trigger({ not_before: null, not_after: null })).status).toBe("triggered");
  const far = await schedule({ not_before: ahead(30 * DAY_MS - 60_000), not_after: "2199-01-01T00:00:00+05:30" });
  expect((await org.detail(far.call_id)).schedule?.not_after).toBe("2198-12-31T18:30:00.000Z");
  found(await (await org.client("member")).post(`/calls/${far.call_id}/cancel`));
});

test("a dry run says that it would be scheduled, and for when", async () => {
  const notBefore = ahead(HOUR_MS);
  const answer: Answer<Record<string, unknown>> = await org.trigger({ not_before: notBefore, dry_run: true });
  expect(found(answer)).toMatchObject({ dry_run: true, would: "schedule", scheduled_for: notBefore });
});

test("a repeat under an Idempotency-Key is answered byte for byte", async () => {
  const body = { not_before: ahead(HOUR_MS) };
  const headers = { "Idempotency-Key": "scheduled-1" };
  const first = await org.trigger(body, headers);
  const again = await org.trigger(body, headers);
  expect(again.text).toBe(first.text);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(first.body.status).toBe("scheduled");
});

test("a filter finds what is scheduled, a cancelled one is over, and a trunk with scheduled calls can't be deleted", async () => {
  const own = await Org.create(server);
  const [member, viewer] = [await own.client("member"), await own.client("viewer")];
  const { call_id: id } = await schedule({ not_before: ahead(HOUR_MS) }, own);
  const other = await own.call();
  await own.ended(other);
  const listed = async (query: string) => {
    const page = found(await viewer.get<{ calls: ListedCall[] }>(`/calls?${query}`));
    return page.calls.map((call) => call.id);
  };
  expect(await listed("scheduled=true")).toEqual([id]);
  expect(await listed("scheduled=false")).toEqual([other]);
  expect(await listed("call_status=Initiating")).toEqual([id]);
  expect(await listed("limit=10")).toEqual([other, id]);
  expectError(await viewer.get("/calls?scheduled=1"), 400, "scheduled must be true or false");
  expectError(await own.owner.delete(`/sip-trunks/${own.trunk.id}`), 409, "SIP trunk has live calls");

  const cancelled = found(await member.post<CallObject>(`/calls/${id}/cancel`));
  expect(cancelled).toMatchObject({ call_status: "Trigger Failed", is_terminal: true });
  expect((await own.detail(id)).failure).toMatchObject({ source: "caller", code: "canceled" });
  expect(await listed("scheduled=true")).toEqual([]);
  expect((await own.owner.delete(`/sip-trunks/${own.trunk.id}`)).status).toBe(204);
});

test("what a revoked key scheduled is over from the answer on", async () => {
  const own = await Org.create(server);
  const key = await own.newKey("member");
  const caller = server.client(key.key);
  const url = receiver.url();
  const scheduled = created(await caller.post<Accepted>("/calls", own.request({ not_before: ahead(HOUR_MS), callback_url: url })));
  expect((await own.owner.delete(`/api-keys/${key.id}`)).status).toBe(204);

  expect(await own.status(scheduled.call_id)).toMatchObject({ call_status: "Trigger Failed", is_terminal: true });
  await receiver.expect(url);
});

test("a scheduled call is over when its number's suppression is answered, those of before marks were kept among them", async () => {
  const own = await Org.create(server);
  const phone_number = "+919876500011";
  const later = { not_before: ahead(HOUR_MS) };
  const ids = await inTurns(300, async () => (await schedule({ ...later, phone_number }, own)).call_id);
  const other = await schedule({ ...later, phone_number: "+919876500012" }, own);
  // As an earlier release kept it.
  await sql(server.local, own.trunk.id, "UPDATE schedule SET ends = ends & 4398046511103 WHERE row = (SELECT MIN(row) FROM schedule)");
  await server.stop();
  await server.start();
  created(await own.owner.post("/suppressions", { phone_number }));
  await inTurns(ids.length, async (n) => {
    const call = await own.detail(ids[n] ?? "");
    expect(call).toMatchObject({ call_status: "Trigger Failed", dialed_at: null });
    expect(call.failure).toMatchObject({ source: "platform", code: "number_suppressed" });
  });
  expect(await own.status(other.call_id)).toMatchObject({ call_status: "Initiating" });
  expect(await sql(server.local, own.trunk.id, "SELECT COUNT(*) FROM schedule")).toEqual([[1]]);
});

test("a call that is not dialed in its time says what was lacking", async () => {
  const own = await Org.create(server, { max_channels: 1 });
  const [begins, ends] = [ahead(5_000), ahead(6_000)];
  const window = { not_before: begins, not_after: ends };
  found(await own.owner.patch(`/sip-trunks/${own.trunk.id}`, { max_channels: 1 }));
  const { call_id: first } = await schedule(window, own);
  found(await own.owner.patch(`/sip-trunks/${own.trunk.id}`, { status: "inactive" }));
  const over = await own.ended(first, 30_000);
  expect(over.call_status).toBe("Trigger Failed");
  expect(Date.parse(over.end_timestamp ?? "")).toBeGreaterThanOrEqual(Date.parse(ends));
  expect((await own.detail(first)).failure).toMatchObject({ source: "platform", code: "window_closed" });
});

test("a trunk holds 100,000 scheduled calls, and refuses one more in words; one for now it takes", { timeout: 60_000 }, async () => {
  const own = await Org.create(server);
  await Promise.all([own.client("member"), own.client("viewer")]);
  await schedule({ not_before: ahead(HOUR_MS) }, own);
  const at = Date.now() + 20 * DAY_MS;
  const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99999) SELECT i FROM n";
  await sql(server.local, own.trunk.id, `INSERT INTO schedule (at, row, ends) SELECT ${at} + i, i, ${at + DAY_MS} FROM (${numbers})`);
  await server.stop(); // an object counts them when it is loaded
  await server.start();

  const refused = await own.trigger({ not_before: ahead(HOUR_MS) });

  expect([refused.status, refused.headers.get("x-error-code")]).toEqual([429, "too_many_scheduled_calls"]);
  expect(refused.body).toMatchObject({ error: "Too many scheduled calls", status: "rejected" });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(created(await own.trigger({}))).toMatchObject({ status: "triggered" });
});

test("thousands that are scheduled take no memory, outlive a crash, and are dialed in the order of their moments", { timeout: 120_000 }, async () => {
  const many = await Org.create(server, { max_channels: 5, max_cps: 5 });
  await Promise.all([many.client("member"), many.client("viewer")]);
  await schedule({ not_before: ahead(HOUR_MS) }, many);
  const before = await wasmMemory(server.local);
  await inTurns(10_000, () => schedule({ not_before: ahead(HOUR_MS) }, many));
  const grown = (await wasmMemory(server.local)) - before;
  expect(grown, `${grown} bytes more`).toBeLessThan(4 << 20);

  const moments = Array.from({ length: 20 }, (_, n) => ahead(8_000 + ((n * 7) % 20) * 10));
  const ids = await Promise.all(moments.map((not_before) => schedule({ not_before }, many)));
  await server.stop();
  await server.start();
  const calls = await Promise.all(
    ids.map(async ({ call_id }) => {
      await many.ended(call_id, 60_000);
      return many.detail(call_id);
    }),
  );
  const inOrder = [...calls].sort((a, b) => Date.parse(a.schedule?.scheduled_for ?? "") - Date.parse(b.schedule?.scheduled_for ?? ""));
  for (const { dialed_at, schedule } of inOrder) expect(Date.parse(dialed_at ?? "")).toBeGreaterThanOrEqual(Date.parse(schedule?.scheduled_for ?? ""));
  // In this order they left the queue; of those that left it the dialer may take any first.
  const rows = await sql(server.local, many.trunk.id, "SELECT json_extract(doc, '$.id'), json_extract(doc, '$.promoted_at') FROM rows WHERE dialed_at IS NOT NULL");
  const left = new Map(rows.map(([id, at]) => [id, Number(at)]));
  const leftAt = inOrder.map(({ id }) => left.get(id) ?? 0);
  expect(leftAt).toEqual([...leftAt].sort((a, b) => a - b));
  expect(leftAt.every((at) => at > 0)).toBe(true);
  const page = found(await (await many.client("viewer")).get<{ calls: ListedCall[] }>("/calls?scheduled=true&limit=100"));
  expect(page.calls).toHaveLength(100);
});
