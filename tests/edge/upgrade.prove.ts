// An upgrade and a rollback, on the data of a whole organisation: the previous release writes it, today's reads all of it and
// continues with it, and then the previous release continues with what today's wrote. Both are real, and restart on the same
// folder.
// `npm run prove -- upgrade`.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { buildOlder } from "../../scripts/lib/older.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import type { LocalOptions } from "../../scripts/lib/local.mjs";
import { created, found, METADATA, Org, Server } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { CallObject } from "./shapes.ts";
import { until } from "./until.ts";

/** The last with the same kinds of objects. One that has fewer is refused by Cloudflare (tests/deploy), and never sees the data. */
const BEFORE = process.env["BEFORE"] ?? "a7893ba";
const HOUR_MS = 3_600_000;
const SUPPRESSED = "+919800000001";
const LIMITED = "+919800000002";

const folder = mkdtempSync(join(tmpdir(), "upgrade-"));
const receiver = useReceiver();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Campaign {
  id: string;
  status: string;
  counts: Record<string, number>;
}

const people = (from: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({ phone_number: `+9197${from}${String(n).padStart(6, "0")}`, reference: `${from}-${n}`, metadata: METADATA }));

async function draft(org: Org, name: string, from: string): Promise<string> {
  const { id } = created(await org.owner.post<Campaign>("/campaigns", { name, agent_id: org.agent.id, sip_trunk_id: org.trunk.id }));
  expect(found(await org.owner.post<{ added: number }>(`/campaigns/${id}/recipients`, { recipients: people(from, 20) })).added).toBe(20);
  return id;
}

async function finish(org: Org, id: string): Promise<void> {
  found(await org.owner.post(`/campaigns/${id}/start`));
  const over = await until(`campaign ${id} to be over`, async () => {
    const campaign = found(await org.owner.get<Campaign>(`/campaigns/${id}`));
    return campaign.status === "completed" && campaign;
  }, 30_000);
  expect(over.counts).toMatchObject({ total: 20, completed: 20, pending: 0 });
}

/** Calls, lists of people and numbers as a release leaves them, and what they are read by. */
async function write(org: Org, mark: string): Promise<{ paths: string[]; draft: string; scheduled: string; due: string }> {
  const to = (n: number) => ({ phone_number: `+9196${mark}00000${n}` });
  const over = await org.call({ ...to(1), callback_url: receiver.url() });
  await org.ended(over);
  await until("its callback", async () => (await org.detail(over)).callback?.status === "delivered");
  const due = await org.call({ ...to(2), callback_url: receiver.url({ status: 500 }) });
  await org.ended(due);
  const inAnHour = new Date(Date.now() + HOUR_MS).toISOString();
  const scheduled = await org.call({ not_before: inAnHour, ...to(3) });
  const busy = await org.call({ phone_number: "+15005550001", redial: { max_attempts: 2, on: ["busy"], wait_seconds: [3600] } });
  await org.ended(busy);
  const [whole, waits] = [await draft(org, `${mark} over`, mark), await draft(org, `${mark} draft`, `${Number(mark) + 1}`)];
  await finish(org, whole);
  const ids = [over, scheduled, busy].map((id) => `/calls/${id}`);
  const lists = [whole, waits].flatMap((id) => [`/campaigns/${id}`, `/campaigns/${id}/recipients?limit=20`]);
  return { paths: [...ids, ...lists, "/agents", "/suppressions", "/settings", "/api-keys"], draft: waits, scheduled, due };
}

/** What an integrator and an operator read. */
async function read(org: Org, paths: string[]): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  for (const path of paths) answers[path] = found(await org.owner.get(path));
  return answers;
}

/** What an answer tells: the release before may leave out what today's does not. */
const told = (answers: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(JSON.stringify(answers), (_, value: unknown) => (value === null || (Array.isArray(value) && value.length === 0) ? undefined : value)) as Record<string, unknown>;

/** A release goes on with what another one wrote: it takes calls, keeps its promises and finishes what was begun. */
async function goesOn(org: Org, left: { draft: string; scheduled: string; due: string }, limited: string): Promise<void> {
  await org.ended(await org.call());
  expect((await org.trigger<unknown>({ phone_number: SUPPRESSED })).headers.get("x-error-code")).toBe("number_suppressed");
  expect((await org.trigger<unknown>({ phone_number: LIMITED, agent_id: limited })).headers.get("x-error-code")).toBe("contact_limit_reached");
  await finish(org, left.draft);
  found(await org.owner.post(`/calls/${left.scheduled}/cancel`));
  const { callback } = found(await org.owner.get<CallObject & { callback: { status: string } }>(`/calls/${left.due}`));
  expect(callback.status).toBe("pending");
}

test("today's release reads all that the one before left, and goes on with it; and the other way round", { timeout: 1_800_000 }, async () => {
  const before = await buildOlder(BEFORE);
  const options: LocalOptions = { dataDir: folder, vars: { WEBHOOK_RETRY_SECONDS: "36000,36000", SIM_RING_MS: "30", SIM_TALK_MS: "60" } };
  const server = new Server(options);
  const start = async (root: string) => {
    await server.stop();
    Object.assign(options, { workerDir: join(root, "build/local"), pagesDir: join(root, "public") });
    await server.start();
  };

  await start(before);
  const org = await Org.create(server);
  created(await org.owner.post("/suppressions", { phone_number: SUPPRESSED }));
  const limited = await org.newAgent({ contact_limits: [{ max_dials: 1, per: "week" }] });
  await org.ended(await org.call({ phone_number: LIMITED, agent_id: limited.id }));
  const old = await write(org, "10");
  const asBefore = await read(org, old.paths);

  await start(inRoot());
  // Today's may tell more, and nothing of it differently.
  expect(await read(org, old.paths)).toMatchObject(told(asBefore));
  await goesOn(org, old, limited.id);
  const young = await write(org, "20");
  const asToday = await read(org, young.paths);

  await start(before);
  const again = await read(org, young.paths);
  expect(asToday).toMatchObject(told(again));
  await goesOn(org, young, limited.id);
  await start(inRoot());
  expect(found(await org.owner.get<Campaign>(`/campaigns/${young.draft}`)).status).toBe("completed");
  await server.stop();
  console.log(`prove: an upgrade and a rollback on one organisation's data: ${old.paths.length + young.paths.length} answers read alike by both releases`);
});
