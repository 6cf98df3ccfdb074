// A trunk as the first release left it, opened by today's Worker: every call is found, every callback that was due is sent once,
// and new calls are accepted meanwhile, across a restart halfway. `npm run prove -- migration` does it with 200,000 calls.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Kind, Yesterday } from "../../bench/yesterday.mjs";
import { created, found, LASTING, Org, Server } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { CallObject, DeliveryObject, ListedCall, Page } from "./shapes.ts";
import { until } from "./until.ts";

const CALLS = Number(process.env["MIGRATION_CALLS"] ?? 2_000);
const PENDING = Math.round((CALLS * 45) / 200);
/** So many of the pending callbacks are due at once, the others long after the test. */
const DUE = Math.min(300, PENDING);
const SAMPLE = Math.min(CALLS, 2_000);
/** In the middle of the taking over, and before the first callback is due: one that is out when its sender dies is sent again. */
const RESTART_AFTER_MS = 1_500;
const DUE_AFTER_MS = 8_000;
const HOUR_MS = 3_600_000;
const TIMEOUT = 30_000 + CALLS * 3;

const folder = mkdtempSync(join(tmpdir(), "migration-"));
const receiver = useReceiver();
const server = new Server({ dataDir: folder, vars: { ...LASTING, WEBHOOK_RETRY_SECONDS: "5,36000" } });
let org: Org;
let bystander: Org;
let url: string;
/** Calls whose callback may have been under way when the Worker was ended. */
const underWay = new Set<string>();
const ids = new Map<Kind, string[]>();
let due: string[];

const all = () => [...ids.values()].flat();

beforeAll(async () => {
  await server.start();
  org = await Org.create(server, { max_channels: 10_000 });
  bystander = await Org.create(server, { max_channels: 10_000 });
  await Promise.all([org.client("member"), org.client("viewer"), bystander.client("member")]);
  url = receiver.url();
  const rows = new Yesterday(server.local, org.trunk.id, { org: org.id, agent: org.agent.id });
  await rows.begin({ max_cps: 1000, max_channels: 10_000 });
  const now = Date.now();
  const write = async (kind: Kind, count: number, more: Record<string, unknown> = {}) => {
    // Over the last two days, the newest a quarter of an hour ago.
    // Those that were refused leave after a day.
    const hours = kind === "refused" ? 23 : 48;
    const span = { from: now - hours * HOUR_MS, stepMs: Math.floor(((hours - 0.25) * HOUR_MS) / Math.max(1, count)) };
    ids.set(kind, [...(ids.get(kind) ?? []), ...(await rows.write(kind, { count, ...span, url, ...more }))]);
  };
  const over = CALLS - PENDING;
  await write("finished", over - 4 * Math.floor(over / 10));
  for (const kind of ["plain", "declined", "failed", "refused"] as const) await write(kind, Math.floor(over / 10));
  await write("pending_late", PENDING - DUE, { dueAt: now + 24 * HOUR_MS });
  await write("pending_late", DUE, { dueAt: Date.now() + DUE_AFTER_MS });
  due = ids.get("pending_late")?.slice(-DUE) ?? [];
  const lately = { from: now - 120_000, stepMs: 1_000 };
  await write("pending", 20, { ...lately, dueAt: now + 24 * HOUR_MS });
  await write("ringing", 20, lately);
  await server.stop();
  await server.start();
}, TIMEOUT);

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const p99 = (times: number[]) => times.sort((one, other) => one - other)[Math.floor(times.length * 0.99)] ?? 0;
const sent = () => receiver.notifications(url).map(({ call_id }) => call_id);

test("calls are accepted from the first moment on, hardly slower than elsewhere, and a restart loses nothing", { timeout: TIMEOUT }, async () => {
  const accepted: string[] = [];
  const [times, elsewhere]: [number[], number[]] = [[], []];
  const timed = async (of: Org, into: number[]) => {
    const before = performance.now();
    const id = await of.call();
    into.push(performance.now() - before);
    return id;
  };
  const startedAt = performance.now();
  let restarted = false;
  for (let after = 0; after < 100; after += new Set(sent()).size >= DUE ? 1 : 0) {
    if (!restarted && performance.now() > startedAt + RESTART_AFTER_MS) {
      await server.stop();
      for (const id of sent()) underWay.add(id);
      await server.start();
      restarted = true;
    }
    await timed(bystander, elsewhere);
    accepted.push(await timed(org, times));
    await delay(10);
    if (performance.now() > startedAt + TIMEOUT - 10_000) throw new Error(`only ${sent().length} of ${DUE} callbacks were sent`);
  }
  ids.set("plain", [...(ids.get("plain") ?? []), ...accepted]);

  const [here, there] = [p99(times), p99(elsewhere)];
  console.log(
    `prove: admission p99 while ${CALLS.toLocaleString("en")} calls of the first release are taken over: ${here.toFixed(1)} ms ` +
      `(${times.length} calls, longest ${times.at(-1)?.toFixed(0)} ms; at another trunk ${there.toFixed(1)} ms)`,
  );
  // Where other work takes the machine, it takes it from both.
  expect(here).toBeLessThan(Math.max(50, 2 * there));
});

test("each callback that was due is sent once, under its own id, and none that was not", { timeout: TIMEOUT }, async () => {
  await until("the callbacks to be counted", async () => {
    const page = found(await org.owner.get<Page<"deliveries", DeliveryObject>>("/webhooks/deliveries?status=pending&limit=100"));
    return page.deliveries.every(({ call_id }) => !due.includes(call_id ?? ""));
  });
  const calls = sent();

  expect([...new Set(calls)].sort()).toEqual([...due].sort());
  expect(calls.filter((id, at) => calls.indexOf(id) !== at && !underWay.has(id))).toEqual([]);
  expect(new Set(receiver.received(url).map(({ headers }) => headers["webhook-id"])).size).toBe(due.length);
  console.log(`prove: callbacks due when the first release's rows are taken over: ${due.length}, each sent once`);
});

/** What a call of each kind is, whatever release wrote it. */
const IS: Record<string, Partial<CallObject>> = {
  finished: { call_status: "Completed", is_terminal: true },
  plain: { callback: null },
  declined: { call_status: "Decline", is_terminal: true },
  failed: { call_status: "SIP Call Failed", is_terminal: true },
  refused: { call_status: "Rejected — Capacity", is_terminal: true },
  pending_late: { call_status: "Completed", is_terminal: true },
  pending: { call_status: "Completed", is_terminal: true },
  ringing: { call_status: "Ringing", is_terminal: false },
};

/** Holds a call of this kind against what it was. */
async function look(kind: Kind, id: string): Promise<void> {
  const call = await org.detail(id);
  expect(call, `${kind} ${id}`).toMatchObject({ id, ...IS[kind] });
  if (kind === "finished") expect(call.callback).toMatchObject({ status: "delivered", attempts: [{ status_code: 200 }] });
  if (kind === "pending") expect(call.callback).toMatchObject({ status: "pending", attempts: [{ status_code: 503 }, {}, {}] });
  if (kind === "pending_late" && due.includes(id)) expect(call.callback?.status).toBe("delivered");
}

test("each call is found by its id, as it was", { timeout: TIMEOUT }, async () => {
  const every = Math.max(1, Math.floor(all().length / SAMPLE));
  const looks = [...ids].flatMap(([kind, of]) => of.filter((_, at) => at % every === 0).map((id) => [kind, id] as const));
  expect(looks.length).toBeGreaterThanOrEqual(SAMPLE);
  const AT_ONCE = 20;
  for (let at = 0; at < looks.length; at += AT_ONCE) await Promise.all(looks.slice(at, at + AT_ONCE).map(([kind, id]) => look(kind, id)));
});

test("the lists hold each call once, newest first", { timeout: TIMEOUT }, async () => {
  const viewer = await org.client("viewer");
  const listed: string[] = [];
  for (let cursor = ""; ; ) {
    const page = found(await viewer.get<Page<"calls", ListedCall>>(`/calls?limit=100${cursor}`));
    listed.push(...page.calls.map(({ id }) => id));
    if (!page.next_cursor) break;
    cursor = `&cursor=${page.next_cursor}`;
  }

  expect(listed).toEqual([...listed].sort().reverse());
  expect(listed).toEqual(all().sort().reverse());
  console.log(`prove: calls of the first release that are found: ${listed.length.toLocaleString("en")}, each once`);
});

test("what went on goes on: a call that rang can be cancelled, and a callback that waits sent by hand", async () => {
  const [ringing = ""] = ids.get("ringing") ?? [];
  const [waits = ""] = ids.get("pending") ?? [];
  const member = await org.client("member");

  const canceled = found(await member.post<CallObject>(`/calls/${ringing}/cancel`));
  const before = receiver.received(url).length;
  const { callback } = await org.detail(waits);
  const asked = await org.owner.post(`/webhooks/deliveries/${callback?.id}/redeliver`);

  expect(canceled.is_terminal).toBe(true);
  expect(asked.status, asked.text).toBeLessThan(300);
  await until("the callback", () => receiver.received(url).length > before);
  created(await org.trigger());
});
