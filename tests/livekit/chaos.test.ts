// Calls with random phones, agents, networks and webhooks, and a Worker that is killed meanwhile: each is dialed at most once,
// each ends, and no room is left.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { found } from "../edge/harness.ts";
import type { CallObject } from "../edge/shapes.ts";
import { until } from "../edge/until.ts";
import { type Behaviour, NO_SIP_NODE } from "./fake/behaviour.ts";
import { again, type Placed, World } from "./world.ts";

/** `npm run prove` places 1,000. */
const CALLS = Number(process.env["CHAOS_CALLS"] ?? 300);
const BATCH = 50;
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
/** What the platform promises of each call: 120 s to its dial, as a slow machine may need, ringing, talking, and the looks at both. */
const BOUND_MS = 180_000;

/** Mulberry32: the same calls for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = randomOf(SEED);
const pick = <T>(...from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

function behaviour(): Partial<Behaviour> {
  const refuses = random() < 0.03 ? NO_SIP_NODE : undefined;
  return {
    callee: pick<Behaviour["callee"]>("answers", "answers", "answers", "rings", "nobody", "holds", { sip: pick(486, 480, 503, 603, 404) }),
    ringMs: 50 + random() * 1_500,
    talkMs: 50 + random() * 2_000,
    agent: pick<Behaviour["agent"]>("joins", "joins", "joins", "joins", "joins_silently", "stays_away"),
    room: random() < 0.02 ? "refused" : "made",
    answer: pick<Behaviour["answer"]>("comes", "comes", "comes", "comes", "connection_lost", "never_comes", "proxy_gave_up"),
    ...(refuses && { refuses }),
  };
}

const folder = mkdtempSync(join(tmpdir(), "livekit-chaos-"));
const world = new World({ dataDir: folder, vars: { RING_TIMEOUT_SECONDS: "3", MAX_CALL_SECONDS: "6" } });
beforeAll(() => world.start());
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

test(`${CALLS} calls with random faults, seed ${SEED}`, { timeout: 480_000 }, async () => {
  Object.assign(world.livekit.webhooks, { lost: 0.3, repeated: 0.3, maxDelayMs: 3_000, random });
  const placed: Placed[] = [];
  for (let batch = 0; batch < CALLS / BATCH; batch++) {
    // A trunk of its own for each few calls: so many failures in a row would open a trunk's breaker.
    const trunks = await Promise.all(Array.from({ length: 13 }, () => world.newTrunk()));
    const calls = Array.from({ length: BATCH }, (_, at) => world.call(behaviour(), { sip_trunk_id: trunks[at % 13] }));
    placed.push(...(await Promise.all(calls)));
    await delay(200);
    const member = await world.org.client("member");
    for (const { id } of placed.slice(-BATCH).filter(() => random() < 0.05)) {
      expect([200, 409]).toContain((await again(() => member.post(`/calls/${id}/cancel`))).status);
    }
    if (batch === Math.floor(CALLS / BATCH / 2)) await world.restart();
  }
  const calls = new Map<string, CallObject>();
  await until(
    "all calls to end",
    async () => {
      for (const { id } of placed.filter(({ id }) => !calls.has(id))) {
        const call = await again(() => world.org.detail(id));
        if (call.is_terminal) calls.set(id, call);
      }
      return calls.size === CALLS;
    },
    BOUND_MS,
  );
  const owner = world.org.owner;
  await until("all rooms to be gone", () => world.livekit.rooms.size === 0, 30_000);
  expect(Math.max(...world.livekit.dials.values()), "dials of a call").toBe(1);
  const live = await again(() => owner.get<{ in_use: number }>(`/sip-trunks/${world.org.trunk.id}/live`));
  expect(found(live).in_use).toBe(0);
  const ends = new Set([...calls.values()].map(({ call_status }) => call_status));
  expect(ends).toEqual(new Set(["Completed", "Decline", "SIP Call Failed", "Trigger Failed"]));
  console.log(`prove: LiveKit, calls with random faults and a crash: ${CALLS}, each dialed once at most and over, no room left`);
});
