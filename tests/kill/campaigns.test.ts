// A campaign under kill -9, as an integrator sees it: the whole local run is killed again and again while its phones are dialed,
// and once while it is paused. The carrier's journal of dials is outside of everything that the Worker stores.
//
// `npm run prove -- campaigns` does the same with 20,000 people.

import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { useReceiver } from "../edge/receiver.ts";
import type { Accepted, CallObject, ListedCall, Live } from "../edge/shapes.ts";
import { until } from "../edge/until.ts";
import { Run } from "./run.ts";

const PEOPLE = Number(process.env["CAMPAIGN_RECIPIENTS"] ?? 300);
const KILLS = Number(process.env["CAMPAIGN_KILLS"] ?? 4);
/** So fast that the list lasts for all kills, and no faster than the machine can. */
const MAX_CPS = Math.min(150, Math.ceil(PEOPLE / 30));
/** Within this of a start it goes on. */
const GOES_ON_MS = 30_000;
/** What it may take in all on a slow machine. */
const LONGEST_MS = 90_000 + KILLS * 30_000 + PEOPLE * 50;
const AT_ONCE = 20;

const FAST = { SIM_RING_MS: "100", SIM_TALK_MS: "300", RING_TIMEOUT_SECONDS: "5", MAX_CALL_SECONDS: "1.5", STALLED_AFTER_SECONDS: "0.5" };

const FINAL = ["completed", "unreached", "suppressed", "expired", "canceled"] as const;
const OPEN = ["pending", "in_progress", "waiting"] as const;
type State = (typeof FINAL)[number] | (typeof OPEN)[number];
type Counts = Record<State | "total", number>;

interface Campaign {
  id: string;
  status: string;
  counts: Counts;
}

interface Recipient {
  reference: string;
  phone_number: string;
  status: State;
  attempts: { call_id: string | null; call_status: string | null }[];
  next_attempt_at: string | null;
}

const sum = (counts: Counts, states: readonly State[]) => states.reduce((all, state) => all + counts[state], 0);

const receiver = useReceiver();
let run: Run | undefined;
afterEach(async () => {
  await run?.end();
  run = undefined;
});

/** Whoever looks at the campaign all the time, and what was wrong with what they saw. */
class Watcher {
  readonly wrong: string[] = [];
  polls = 0;
  last: Campaign | undefined;
  decidedAt: number | undefined;
  completedAt: number | undefined;

  async watch(server: Run, id: string, until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      const answer = await server.ask<Campaign>("GET", `/campaigns/${id}`);
      if (answer?.status === 200) this.#take(answer.body);
      else if (answer && answer.status < 500) this.wrong.push(`GET answered ${answer.status}`);
      await delay(50);
    }
  }

  #take(campaign: Campaign): void {
    const { counts, status } = campaign;
    this.polls += 1;
    if (counts.total !== PEOPLE || sum(counts, [...FINAL, ...OPEN]) !== PEOPLE) this.wrong.push(`counts ${JSON.stringify(counts)}`);
    const before = this.last?.counts;
    for (const state of FINAL) if (before && counts[state] < before[state]) this.wrong.push(`${state} fell from ${before[state]} to ${counts[state]}`);
    if (sum(counts, OPEN) === 0) this.decidedAt ??= performance.now();
    if (status === "completed") this.completedAt ??= performance.now();
    this.last = campaign;
  }
}

/** Whoever places calls beside it, one after the other; none of them is to be refused for the campaign's sake. */
class Beside {
  readonly calls = new Set<string>();
  readonly refused: string[] = [];

  async place(server: Run, until: AbortSignal): Promise<void> {
    for (let n = 0; !until.aborted; ) {
      const answer = await server.ask<Accepted>("POST", "/calls", server.call(`+9197${String(n).padStart(8, "0")}`), `beside-${n}`);
      if (answer?.status === 201) this.calls.add(answer.body.call_id);
      else if (answer && answer.status < 500) this.refused.push(`${answer.status} ${JSON.stringify(answer.body)}`);
      // What was not answered is asked again with its key.
      if (answer && answer.status < 500) n += 1;
      await delay(200);
    }
  }
}

/** All items of a list. */
async function all<Item>(server: Run, path: string, field: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const sign = path.includes("?") ? "&" : "?";
    const next: string = `${path}${sign}limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const { status, body } = await server.insist<Record<string, unknown>>("GET", next);
    expect(status, next).toBe(200);
    items.push(...(body[field] as Item[]));
    cursor = body["next_cursor"] as string | null;
  }
  return items;
}

async function each<Item>(items: Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  const work = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await act(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Ten of them are the numbers that end otherwise. */
const people = Array.from({ length: PEOPLE }, (_, n) => ({
  reference: `person-${n}`,
  phone_number: n % 25 === 0 && n < 250 ? `+1500555000${n / 25}` : `+9198${String(n).padStart(8, "0")}`,
  metadata: { customer_name: `Person ${n}`, amount_due: "7500", due_date: "2026-06-20" },
}));

/** Adds them as they would be that have to ask again: sent twice, they are in once. */
async function addAll(server: Run, id: string): Promise<void> {
  const path = `/campaigns/${id}/recipients`;
  const cut = server.ask("POST", path, { recipients: people });
  await delay(30);
  await server.dies();
  await cut;
  const taken = await server.insist<{ added: number; duplicates: number; rejected: unknown[] }>("POST", path, { recipients: people });
  expect(taken.status, JSON.stringify(taken.body)).toBe(200);
  expect(taken.body.added + taken.body.duplicates).toBe(PEOPLE);
  expect(taken.body.rejected).toEqual([]);
}

test("a campaign that is killed again and again at work, and at rest, calls each of its people once and counts right", { timeout: LONGEST_MS }, async () => {
  run = await Run.begin(FAST);
  const server = run;
  await server.insist("PATCH", `/sip-trunks/${server.trunk}`, { max_cps: 1_000, max_channels: 1_000 });
  const [callbacks, completion] = [receiver.url(), receiver.url()];
  const wanted = {
    ...{ name: "List", agent_id: server.agent, sip_trunk_id: server.trunk, callback_url: callbacks, completion_url: completion },
    ...{ max_channels: 200, max_cps: MAX_CPS },
  };
  const created = await server.insist<Campaign>("POST", "/campaigns", wanted, "the-campaign");
  expect(created.status, JSON.stringify(created.body)).toBe(201);
  const { id } = created.body;
  await addAll(server, id);

  const [watcher, beside, end] = [new Watcher(), new Beside(), new AbortController()];
  const watched = [watcher.watch(server, id, end.signal), beside.place(server, end.signal)];
  const rungOfList = () => server.rung().filter((call) => !beside.calls.has(call)).length;
  const startedAt = performance.now();
  expect((await server.insist("POST", `/campaigns/${id}/start`)).status).toBe(200);

  let [wentOnMs, atWork] = [0, 0];
  /** Dies, and is seen to dial again. */
  const diesAtWork = async () => {
    atWork += (watcher.last?.counts.in_progress ?? 0) > 0 ? 1 : 0;
    await server.dies();
    const [before, at] = [server.rung().length, performance.now()];
    // Calls beside it are three a second or four: it is the campaign that goes on.
    await until("it to go on", () => server.rung().length >= before + 10, GOES_ON_MS);
    wentOnMs = Math.max(wentOnMs, performance.now() - at);
  };
  for (let kill = 1; kill <= KILLS; kill++) {
    const share = (PEOPLE * kill) / (2 * KILLS);
    await until(`${share} phones to ring`, async () => (await delay(40), rungOfList() >= share), LONGEST_MS);
    await diesAtWork();
  }

  // Once a pause is answered no phone of it rings, whatever happens.
  expect((await server.insist<Campaign>("POST", `/campaigns/${id}/pause`)).body.status).toBe("paused");
  await delay(100); // the journal is written beside the rows
  const atPause = new Set(server.rung());
  await delay(1_500);
  await server.dies();
  await delay(2_500);
  const ofList = new Set((await all<ListedCall>(server, `/calls?campaign_id=${id}`, "calls")).map((call) => call.id));
  expect(server.rung().filter((call) => ofList.has(call) && !atPause.has(call))).toEqual([]);
  expect(watcher.last?.status).toBe("paused");
  expect(watcher.last?.counts.pending).toBeGreaterThan(0);
  expect((await server.insist<Campaign>("POST", `/campaigns/${id}/start`)).body.status).toBe("running");

  await until("the campaign to be completed", async () => (await delay(50), watcher.completedAt !== undefined), LONGEST_MS);
  const tookMs = performance.now() - startedAt;
  end.abort();
  await Promise.all(watched);

  expect(watcher.wrong).toEqual([]);
  expect(beside.refused).toEqual([]);
  expect(beside.calls.size).toBeGreaterThan(0);
  expect((watcher.completedAt ?? 0) - (watcher.decidedAt ?? 0)).toBeLessThanOrEqual(5_000);
  expect(atWork).toBe(KILLS);
  await until("all channels to be free", async () => (await server.insist<Live>("GET", `/sip-trunks/${server.trunk}/live`)).body.in_use === 0);

  const calls = await all<ListedCall>(server, `/calls?campaign_id=${id}`, "calls");
  // A dial is in the journal, or died with the process that was about to write it there.
  const rung = server.rung().filter((call) => !beside.calls.has(call));
  const of = new Map(calls.map((call) => [call.id, call]));
  expect(rung.filter((call) => !of.has(call)), "rang, and is no call of the campaign").toEqual([]);
  expect(new Set(rung).size).toBe(rung.length);
  expect(new Set(rung.map((call) => of.get(call)?.reference)).size, "people whose phone rang").toBe(rung.length);
  expect(calls.filter(({ is_terminal }) => !is_terminal)).toEqual([]);
  expect(calls.filter(({ failure }) => failure?.code === "at_capacity")).toEqual([]);

  const recipients = await all<Recipient>(server, `/campaigns/${id}/recipients`, "recipients");
  expect(recipients.map(({ reference }) => reference)).toEqual(people.map(({ reference }) => reference));
  const tally = Object.fromEntries([...FINAL, ...OPEN].map((state) => [state, 0])) as Counts;
  tally.total = PEOPLE;
  const lasts: string[] = [];
  for (const { reference, status, attempts } of recipients) {
    tally[status] += 1;
    expect(FINAL, reference).toContain(status);
    // What the pause took back before it rang is an attempt that is told of, and no call that was made.
    const last = attempts.at(-1);
    const before = attempts.slice(0, -1).map(({ call_id }) => call_id ?? "");
    expect(before.filter((call) => rung.includes(call) || of.get(call)?.call_status !== "Trigger Failed"), reference).toEqual([]);
    const call = of.get(last?.call_id ?? "");
    expect(call?.reference, reference).toBe(reference);
    expect(call?.call_status, reference).toBe(last?.call_status);
    lasts.push(call?.id ?? "");
    expect(status === "completed", reference).toBe(call?.call_status === "Completed");
  }
  expect(watcher.last?.counts).toEqual(tally);

  await each(calls, async ({ id: callId }) => {
    const { body } = await server.insist<CallObject>("GET", `/calls/${callId}`);
    const events = body.timeline.map(({ event }) => event);
    for (const once of ["dialing", "answered"]) expect(events.filter((event) => event === once).length, `${once}: ${events}`).toBeLessThanOrEqual(1);
    expect(events.filter((event) => event === "ended")).toHaveLength(1);
  });

  // Each call is told of, under one id.
  const told = () => {
    const ids = new Map<string, Set<unknown>>();
    for (const { body, headers } of receiver.received(callbacks)) {
      const { call_id } = JSON.parse(body) as { call_id: string };
      ids.set(call_id, (ids.get(call_id) ?? new Set()).add(headers["webhook-id"]));
    }
    return ids;
  };
  await until("all calls to be told of", async () => (await delay(200), ((ids) => lasts.every((call) => ids.has(call)))(told())), LONGEST_MS);
  expect([...told()].filter(([call, ids]) => !of.has(call) || ids.size !== 1)).toEqual([]);
  const [first] = await receiver.expect(completion);
  expect(new Set(receiver.received(completion).map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(JSON.parse(first.body)).toMatchObject({ event: "campaign.completed", campaign_id: id, status: "completed", counts: tally });

  const { body: file } = await server.insist<string>("GET", `/campaigns/${id}/results.csv`);
  expect(file.trimEnd().split("\r\n")).toHaveLength(PEOPLE + 1);
  expect(server.broken).toEqual([]);
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const figures = {
    "a campaign under kill -9": `${PEOPLE} people, ${KILLS + 2} kills (${KILLS} of them at work), ${seconds(tookMs)}`,
    "phones that rang": `${rung.length}, once each`,
    "people decided": `${PEOPLE} of ${PEOPLE}: ${tally.completed} completed, ${tally.unreached} unreached`,
    "polls of its counts": `${watcher.polls}, each adding up`,
    "calls beside it": `${beside.calls.size}, none refused`,
    "it goes on after a kill": `within ${seconds(wentOnMs)} of the start`,
    "it is completed": `within ${seconds((watcher.completedAt ?? 0) - (watcher.decidedAt ?? 0))} of the last decision`,
  };
  for (const [name, figure] of Object.entries(figures)) console.log(`prove: ${name}: ${figure}`);
});
