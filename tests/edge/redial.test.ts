// Calls with further attempts, on the built Worker: what a client requests and is told, and what a crash leaves of a series.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { created, expectError, FAST, found, Org, Server } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { Accepted, CallObject, ListedCall } from "./shapes.ts";
import { until } from "./until.ts";

const folder = mkdtempSync(join(tmpdir(), "redial-"));
const server = new Server({ dataDir: folder, vars: FAST });
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
});

const BUSY = "+15005550001";
const ENDS: [phone: string, code: string, other: string][] = [
  [BUSY, "busy", "declined"],
  ["+15005550003", "no_answer", "busy"],
  ["+15005550009", "voicemail", "no_answer"],
];
const ahead = (ms: number) => new Date(Date.now() + ms).toISOString();
const DAY_MS = 86_400_000;

const redial = (max_attempts: number, on: string[], wait_seconds = [1]) => ({ max_attempts, on, wait_seconds });

/** All attempts from this one on, once the last of them is over. */
async function series(first: string, on: Org = org): Promise<CallObject[]> {
  const all: CallObject[] = [];
  for (let id: string | null = first; id !== null; ) {
    await on.ended(id, 60_000);
    const call: CallObject = await on.detail(id);
    all.push(call);
    id = call.redial?.next_call_id ?? null;
  }
  return all;
}

/** All calls of an organisation, newest first. */
async function calls(of: Org): Promise<ListedCall[]> {
  return found(await (await of.client("viewer")).get<{ calls: ListedCall[] }>("/calls?limit=100")).calls;
}

/** What must be true of each series, whatever became of the Worker meanwhile. */
function expectSeries(attempts: CallObject[], max: number, waitMs: number): void {
  const [first] = attempts;
  expect(attempts.length).toBeLessThanOrEqual(max);
  for (const [n, call] of attempts.entries()) {
    const before = attempts[n - 1];
    expect(call.redial).toEqual({
      attempt: n + 1,
      max_attempts: max,
      first_call_id: first?.id,
      previous_call_id: before?.id ?? null,
      next_call_id: attempts[n + 1]?.id ?? null,
    });
    if (!before) continue;
    const waited = Date.parse(call.dialed_at ?? "") - Date.parse(before.end_timestamp ?? "");
    expect(waited).toBeGreaterThanOrEqual(waitMs);
    expect(call.schedule).toMatchObject({ reason: "redial", not_after: first?.schedule?.not_after });
    expect(call.timeline.slice(0, 2)).toMatchObject([{ event: "accepted" }, { event: "scheduled", detail: "redial" }]);
    expect({ ...call.metadata }).toEqual(before.metadata);
  }
}

test.each(ENDS)("a call to %s is followed after %s, and not after %s", async (phone_number, code, other) => {
  const url = receiver.url();
  const first = await org.call({ phone_number, callback_url: url, redial: redial(3, [code]) });
  const attempts = await series(first);
  expect(attempts).toHaveLength(3);
  expectSeries(attempts, 3, 1_000);
  await until("three callbacks", () => receiver.received(url).length >= 3);
  const told = receiver.received(url).map(({ body }) => (JSON.parse(body) as { call_id: string }).call_id);
  expect([...new Set(told)].sort()).toEqual(attempts.map(({ id }) => id).sort());

  const alone = await series(await org.call({ phone_number, redial: redial(3, [other]) }));
  expect(alone).toHaveLength(1);
});

test("a plain call has no series, and one with redial lasts seven days unless it says otherwise", async () => {
  const plain = await org.call();
  await org.ended(plain);
  expect((await org.detail(plain)).redial).toBeNull();
  const before = Date.now();
  const { schedule } = await org.detail(await org.call({ redial: redial(2, ["busy"]) }));
  const lasts = Date.parse(schedule?.not_after ?? "") - before;
  expect(Math.abs(lasts - 7 * DAY_MS)).toBeLessThan(60_000);
  const not_after = ahead(60_000);
  const own = await org.detail(await org.call({ not_after, redial: redial(2, ["busy"]) }));
  expect(own.schedule?.not_after).toBe(not_after);
  const none = await series(await org.call({ phone_number: BUSY, not_after, redial: redial(2, ["busy"], [3_600]) }));
  expect(none, "the next would come too late").toHaveLength(1);
});

test("an attempt that is to come is shown, listed and cancelled, which ends the series", async () => {
  const first = await org.call({ phone_number: BUSY, redial: redial(5, ["busy"], [600]) });
  await org.ended(first);
  const over = await org.detail(first);
  const next = over.redial?.next_call_id ?? "";
  const waiting = await org.detail(next);
  expect(waiting).toMatchObject({ call_status: "Initiating", is_terminal: false, redial: { attempt: 2, previous_call_id: first } });
  const due = Date.parse(over.end_timestamp ?? "") + 600_000;
  expect(waiting.schedule).toMatchObject({ scheduled_for: new Date(due).toISOString(), reason: "redial", not_before: null });
  const viewer = await org.client("viewer");
  const listed = found(await viewer.get<{ calls: ListedCall[] }>("/calls?scheduled=true")).calls;
  expect(listed.find(({ id }) => id === next)?.redial).toEqual(waiting.redial);

  const member = await org.client("member");
  const late = await member.post<{ error: string; next_call_id?: string }>(`/calls/${first}/cancel`);
  expect(late.status).toBe(409);
  expect(late.headers.get("x-error-code")).toBe("call_already_terminal");
  expect(late.body).toEqual({ error: "Call is already in a terminal state", next_call_id: next });

  found(await member.post(`/calls/${next}/cancel`));
  const ended = await org.detail(next);
  expect(ended).toMatchObject({ call_status: "Trigger Failed", failure: { code: "canceled" }, redial: { next_call_id: null } });
  const again = await member.post<{ error: string }>(`/calls/${next}/cancel`);
  expectError(again, 409, "Call is already in a terminal state");
});

const on = ["busy"];
const wait_seconds = [60];
const CAUSES =
  "a list of one or more of busy, declined, no_answer, unreachable, carrier_error, dialer_unavailable, agent_unavailable and voicemail, each once";
const WAITS = "a list of 1 to 10 whole numbers from 1 to 604800";
const REFUSED: [sentence: string, redial: unknown, error: string, code?: string][] = [
  ["no object", true, "redial must be an object"],
  ["a list", [], "redial must be an object"],
  ["too few attempts", { max_attempts: 1, on, wait_seconds }, "redial.max_attempts must be a whole number from 2 to 10"],
  ["too many attempts", { max_attempts: 11, on, wait_seconds }, "redial.max_attempts must be a whole number from 2 to 10"],
  ["no number of attempts", { on, wait_seconds }, "redial.max_attempts is required"],
  ["no code", { max_attempts: 2, on: [], wait_seconds }, `redial.on must be ${CAUSES}`],
  ["an unknown code", { max_attempts: 2, on: ["busy", "bored"], wait_seconds }, `redial.on must be ${CAUSES}`],
  ["a code twice", { max_attempts: 2, on: ["busy", "busy"], wait_seconds }, `redial.on must be ${CAUSES}`],
  ["no codes at all", { max_attempts: 2, wait_seconds }, "redial.on is required"],
  ["no wait", { max_attempts: 2, on, wait_seconds: [] }, `redial.wait_seconds must be ${WAITS}`],
  ["too many waits", { max_attempts: 2, on, wait_seconds: Array(11).fill(1) }, `redial.wait_seconds must be ${WAITS}`],
  ["a wait of nothing", { max_attempts: 2, on, wait_seconds: [0] }, `redial.wait_seconds must be ${WAITS}`],
  ["a wait of more than a week", { max_attempts: 2, on, wait_seconds: [604_801] }, `redial.wait_seconds must be ${WAITS}`],
  ["half a second", { max_attempts: 2, on, wait_seconds: [1.5] }, `redial.wait_seconds must be ${WAITS}`],
  ["no waits at all", { max_attempts: 2, on }, "redial.wait_seconds is required"],
  ["an unknown field", { max_attempts: 2, on, wait_seconds, why: "not" }, "unknown field: redial.why", "field_unknown"],
];

test.each(REFUSED)("%s is refused, and nothing is created", async (_, refused, error, code = "field_invalid") => {
  const before = (await calls(org)).length;
  expectError(await org.trigger({ redial: refused }), 400, error, code);
  expect((await calls(org)).length).toBe(before);
});

test("null is nothing, a dry run places nothing, and a repeat is answered with the first attempt", async () => {
  const own = await Org.create(server);
  await own.client("viewer");
  const body = { phone_number: BUSY, redial: redial(2, ["busy"]) };
  const dry = found(await own.trigger<{ would: string }>({ ...body, dry_run: true }));
  expect(dry.would).toBe("trigger");
  expect(await calls(own)).toEqual([]);
  const headers = { "Idempotency-Key": "again" };
  const first = await own.trigger(body, headers);
  await series(created(first).call_id, own);
  const repeat = await own.trigger(body, headers);
  expect(repeat.text).toBe(first.text);
  expect(await calls(own)).toHaveLength(2);
  const plain = await own.call({ redial: null });
  expect((await own.detail(plain)).redial).toBeNull();
});

test("attempts count among the calls of the day on which they are due, and wait for the next when it is full", async () => {
  const own = await Org.create(server, { max_calls_per_day: 2 });
  await own.client("viewer");
  const first = await own.call({ phone_number: BUSY, redial: redial(5, ["busy"]) });
  const third = await until("the third attempt to be put off", async () => {
    const call = (await calls(own)).find((call) => call.redial?.attempt === 3);
    const detail = call && (await own.detail(call.id));
    return detail && Date.parse(detail.schedule?.scheduled_for ?? "") % DAY_MS === 0 && detail;
  });
  expect(third).toMatchObject({ is_terminal: false, dialed_at: null, redial: { first_call_id: first }, schedule: { reason: "redial" } });
  const refused = await own.trigger();
  expect([refused.status, refused.headers.get("x-error-code")]).toEqual([429, "daily_limit_reached"]);
  expect((await calls(own)).filter((call) => call.dialed_at)).toHaveLength(2);
});

test("a series ends with its key and with its number's suppression", async () => {
  const own = await Org.create(server);
  await own.client("viewer");
  const key = await own.newKey("member");
  const body = own.request({ phone_number: BUSY, redial: redial(5, ["busy"], [2]) });
  const revoked = created(await server.client(key.key).post<Accepted>("/calls", body)).call_id;
  await own.ended(revoked);
  expect((await own.owner.delete(`/api-keys/${key.id}`)).status).toBeLessThan(300);
  expect(await series(revoked, own)).toHaveLength(2);

  const suppressed = await own.call({ phone_number: BUSY, redial: redial(5, ["busy"], [2]) });
  await own.ended(suppressed);
  created(await own.owner.post("/suppressions", { phone_number: BUSY }));
  const attempts = await series(suppressed, own);
  expect(attempts.at(-1)).toMatchObject({ dialed_at: null, failure: { source: "platform", code: "number_suppressed" } });
  expect((await calls(own)).filter((call) => call.dialed_at)).toHaveLength(2);
});

test("of many series none is lost, doubled or longer than it may be, though the Worker is stopped again and again", async () => {
  const own = await Org.create(server);
  await own.client("viewer");
  const firsts: string[] = [];
  for (const [phone_number, code] of [...ENDS, ...ENDS, ...ENDS]) {
    firsts.push(await own.call({ phone_number, redial: redial(3, [code]) }));
  }
  for (let n = 0; n < 4; n += 1) {
    await new Promise((done) => setTimeout(done, 700));
    await server.stop();
    await server.start();
  }
  const all: string[] = [];
  for (const first of firsts) {
    const attempts = await series(first, own);
    expect(attempts.length).toBeGreaterThanOrEqual(2);
    expectSeries(attempts, 3, 1_000);
    all.push(...attempts.map(({ id }) => id));
  }
  expect((await calls(own)).map(({ id }) => id).sort()).toEqual(all.sort());
}, 180_000);
