// The built Worker under kill -9: the whole local run (Node and workerd) is killed at random moments and started again on the
// same data. What it had promised must be kept, as seen by the integrator, by the receiver, and by the carrier, whose journal of
// dials is outside of everything that the Worker stores.
//
// `KILL_SEED=n npm run vitest -- run tests/kill` chooses the same calls, receivers and moments again.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readIfThere } from "../../scripts/lib/paths.mjs";
import { freePort, LocalProcess, readDemo } from "../edge/local-process.ts";
import { useReceiver } from "../edge/receiver.ts";
import type { CallObject } from "../edge/shapes.ts";
import { until } from "../edge/until.ts";
import { between, oneOf, seed } from "./chance.ts";
import { Integrator, NUMBERS } from "./integrator.ts";

const KILLS = 20;
/** The longest a life may last, from its first answer. */
const LIFE_MS = 2_000;
const CALLS_PER_LIFE = 20;
/** Within this of the last start everything must be over, whatever queue messages were lost. */
const RECOVERY_MS = 30_000;
/** What a life and the start before it may take on a slow machine. */
const SLOW_LIFE_MS = 15_000;
/** After the ringing timeout, so much later a call of which nothing is known is given up: `RING_GRACE`. */
const WATCHDOG_MS = 5_000 + 5_000;

/** `npm start` without its builds: those are as old as the test, and a life is short. */
const SERVE = [process.execPath, "scripts/start.mjs", "--built"] as const;

const FAST = {
  SIM_JOURNAL: "true",
  SIM_RING_MS: "150",
  SIM_TALK_MS: "300",
  RING_TIMEOUT_SECONDS: "5",
  MAX_CALL_SECONDS: "1.5",
  STALLED_AFTER_SECONDS: "0.5",
  WEBHOOK_TIMEOUT_SECONDS: "2",
  WEBHOOK_RETRY_SECONDS: "0.2,0.5,1,1,1,1,1,1,1",
};

const receiver = useReceiver();
let dataDir: string;
let env: NodeJS.ProcessEnv;
let run: LocalProcess;
let integrator: Integrator;
let recoveredMs: number;
const calls = new Map<string, CallObject>();
/** Lives that were ended while a request was known to be under way. */
let killedAtWork = 0;
/** What any life said that nobody caught. */
const broken: string[] = [];

/** How long each life lasts, from the spawning (a start that never gets ready) or from its first answer. */
interface Life {
  boots: boolean;
  ms: number;
}

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "kill-"));
  env = { ...FAST, PORT: String(await freePort()), DATA_DIR: dataDir };
  console.log(`kill: seed ${seed}`);
  integrator = await begin();
  for (let kill = 1; kill <= KILLS; kill++) {
    await live({ boots: kill === 1 || oneOf(true, true, true, true, false), ms: between(30, LIFE_MS) });
  }
  await recover();
}, KILLS * SLOW_LIFE_MS + RECOVERY_MS);

afterAll(async () => {
  await run.kill("SIGTERM");
  rmSync(dataDir, { recursive: true, force: true });
});

/** The first start: makes the demo organisation and prepares its trunk. */
async function begin(): Promise<Integrator> {
  run = new LocalProcess(env, SERVE);
  await run.ready();
  const { BASE_URL = "", OWNER_KEY = "", AGENT_ID = "", TRUNK_ID = "" } = readDemo(dataDir);
  const integrator = new Integrator({ url: BASE_URL, ownerKey: OWNER_KEY, agentId: AGENT_ID, trunkId: TRUNK_ID }, receiver);
  await integrator.liftLimits();
  return integrator;
}

/** Lives for a while, is killed, and is started again. */
async function live({ boots, ms }: Life): Promise<void> {
  if (boots) {
    await run.ready();
    const end = new AbortController();
    const driven = integrator.drive(CALLS_PER_LIFE, end.signal);
    await delay(ms);
    // One can't be answered, whatever the kill happens to hit otherwise; one was sent whole in this very moment.
    const [unfinished, whole] = [await integrator.begin(), await integrator.begin()];
    await whole.finish();
    const killed = run.killAll();
    end.abort();
    await Promise.all([killed, driven, unfinished.settled, whole.settled]);
    killedAtWork += 1;
  } else {
    await delay(ms);
    await run.killAll();
  }
  broken.push(...run.broken);
  run = new LocalProcess(env, SERVE);
}

/** The last life: whatever was lost comes back, and everything ends. */
async function recover(): Promise<void> {
  await run.ready();
  const startedAt = performance.now();
  await integrator.insist();
  const deadline = startedAt + RECOVERY_MS;
  for (const { callId = "", phone } of integrator.accepted) {
    const over = async () => {
      const call = await integrator.detail(callId);
      return call.is_terminal && call.callback?.status === "delivered" && call;
    };
    calls.set(callId, await until(`call ${callId} to ${phone} to be told`, over, deadline - performance.now()));
  }
  recoveredMs = performance.now() - startedAt;
}

/** The ids of the calls whose phones rang, one a ring. */
function dials(): string[] {
  return (readIfThere(join(dataDir, "dials.log")) ?? "").split("\n").filter(Boolean);
}

test("no 201 is forgotten, and what was asked for twice is one call", async () => {
  expect(integrator.accepted.length).toBe(integrator.wanted.length);
  expect((await integrator.list()).sort()).toEqual([...calls.keys()].sort());
  expect(calls.size).toBe(integrator.wanted.length);
});

test("each call was dialed at most once, and nothing rang that was not accepted", () => {
  const rung = dials();

  expect(rung.length, "the journal is empty").toBeGreaterThan(0);
  expect(rung.filter((id, at) => rung.indexOf(id) !== at)).toEqual([]);
  expect(rung.filter((id) => !calls.has(id))).toEqual([]);
});

test("each call ended once, as its number ends", () => {
  for (const { callId = "", phone, ends } of integrator.accepted) {
    const call = calls.get(callId);
    const events = call?.timeline.map(({ event }) => event) ?? [];

    expect(call?.phone_number).toBe(phone);
    if (!call || !wasGivenUp(call)) expect(call?.call_status, `${phone}: ${JSON.stringify(call)}`).toBe(ends);
    for (const once of ["accepted", "dialing", "ended"]) {
      expect(events.filter((event) => event === once), `${once} of ${callId} to ${phone}: ${events}`).toHaveLength(1);
    }
  }
});

/** Whether nothing ran from its dial until its watchdog was due, so that nobody asked the carrier in time. */
function wasGivenUp({ failure, timeline, end_timestamp }: CallObject): boolean {
  const dialed = timeline.find(({ event }) => event === "dialing")?.at ?? "";
  return failure?.code === "timed_out" && Date.parse(end_timestamp ?? "") - Date.parse(dialed) >= WATCHDOG_MS;
}

test("what was terminal never changed", async () => {
  const statuses = await Promise.all([...calls.keys()].map((callId) => integrator.status(callId)));
  expect(statuses.filter(({ is_terminal }) => !is_terminal)).toEqual([]);

  expect(integrator.contradictions).toEqual([]);
});

test("each call was told of under one event id, with one body, at least once", () => {
  for (const { callId = "", callbackUrl } of integrator.accepted) {
    const received = receiver.received(callbackUrl);

    expect(received.length, callId).toBeGreaterThanOrEqual(1);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([calls.get(callId)?.callback?.id]));
    expect(new Set(received.map(({ body }) => body)).size, callId).toBe(1);
    expect(JSON.parse(received[0]?.body ?? "")).toMatchObject({ call_id: callId });
  }
});

test("nothing broke on the way but by the kills", () => {
  expect([...broken, ...run.broken]).toEqual([]);
});

test("the channels are back to zero", async () => {
  expect(await integrator.live()).toMatchObject({ in_use: 0, waiting: 0, calls: [] });
});

test("all ten numbers were called, and the kills hit calls under way", () => {
  expect(new Set(integrator.accepted.map(({ phone }) => phone)).size).toBe(NUMBERS.length);
  expect(killedAtWork, "lives that were ended at work").toBeGreaterThanOrEqual(1);
  expect(integrator.unanswered, "requests that died with the process").toBeGreaterThanOrEqual(killedAtWork);
  console.log(`prove: kills survived: ${KILLS} (seed ${seed})`);
  console.log(`prove: calls checked: ${calls.size}, ${dials().length} rung, ${integrator.unanswered} requests died with a process`);
  console.log(`prove: over after the last start: ${(recoveredMs / 1000).toFixed(1)} s`);
});
