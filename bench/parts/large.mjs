// What a trunk's existing calls cost: those in progress in memory and after a restart, those that are over in admissions and
// lists.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { good } from "../lib/client.mjs";
import { compare, figure, once } from "../lib/figures.mjs";
import { callBody, calls, FLOOR, send } from "../lib/servers.mjs";

/** @typedef {import("../lib/figures.mjs").Context} Context */

const TRUNKS = 4;
const AT_ONCE = { SIM_RING_MS: "1", SIM_TALK_MS: "1", RETENTION_DAYS: "3650" };
const LASTING = { SIM_RING_MS: "600000", RING_TIMEOUT_SECONDS: "3600", MAX_CALL_SECONDS: "3600" };

/** @param {Context} context */
export async function memory(context) {
  const count = context.quick ? 2_000 : 20_000;
  const rounds = await compare({ ...context, rounds: Math.min(context.rounds, 3) }, { trunks: TRUNKS, vars: LASTING }, async (bench) => {
    good(await context.client.run(bench, { requests: calls(bench), connections: 16, count: 1_000 }), 201);
    await delay(2_000);
    const before = bench.usage().rssBytes;
    good(await context.client.run(bench, { requests: calls(bench), connections: 16, count }), 201);
    await delay(4_000);
    return (bench.usage().rssBytes - before) / count / 1_024;
  });
  figure(context, { name: "memory of the process a call in progress", unit: "KB", values: rounds.ours, floor: rounds.floor, difference: true, most: 3 });
}

/**
 * Calls in progress in a data folder, on the first of two trunks, and what it takes to load them again.
 * @param {Context} context @param {number} count @param {import("../lib/servers.mjs").Wish} wish
 */
const inProgress = (context, count, wish) =>
  once(wish, async (bench) => {
    const requests = calls(bench).slice(0, 1);
    const placed = await context.client.run(bench, { requests, connections: 8, count, rate: 900 });
    good(placed, 201);
    await delay(2_000);
    const { key, agent, trunks } = bench;
    return { call: JSON.parse(placed.bodies[0] ?? "{}").call_id, bench: { key, agent, trunks } };
  });

/**
 * @param {Context} context @param {string} workerDir @param {number} count
 * @param {(bench: import("../lib/servers.mjs").Bench, call: string) => Promise<number>} measure after a restart
 */
async function restarted(context, workerDir, count, measure) {
  const dataDir = mkdtempSync(join(tmpdir(), "bench-cold-"));
  const wish = { workerDir, trunks: 2, vars: LASTING, dataDir };
  const made = await inProgress(context, count, wish);
  /** @type {number[]} */
  const times = [];
  for (let round = 0; round < context.rounds; round++) {
    const setUp = async (/** @type {object} */ bench) => void Object.assign(bench, made.bench);
    times.push(await once({ ...wish, setUp }, (bench) => measure(bench, made.call)));
  }
  rmSync(dataDir, { recursive: true, force: true });
  return times;
}

/** @param {() => Promise<unknown>} work */
async function timed(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** @param {Context} context */
export async function cold(context) {
  const count = context.quick ? 1_000 : 9_900;
  const full = await restarted(context, context.workerDir, count, async (bench, call) => {
    // The isolate is warm, and has the key's record: only the object is timed.
    await send(bench, "POST", "/integration/v1/calls", callBody(bench, bench.trunks[1] ?? ""));
    return timed(() => send(bench, "GET", `/integration/v1/calls/${call}/status`));
  });
  figure(context, { name: `first answer of a cold object with ${count.toLocaleString("en")} calls in progress`, unit: "ms", values: full, most: 60 });
  const first = (/** @type {string} */ workerDir) =>
    restarted(context, workerDir, 1, (bench) => timed(() => send(bench, "POST", "/integration/v1/calls", callBody(bench, bench.trunks[1] ?? ""))));
  const [ours, floor] = [await first(context.workerDir), await first(FLOOR)];
  figure(context, { name: "first answer of a cold isolate", unit: "ms", values: ours, floor, difference: true, most: 5 });
}

/** @param {Context} context */
export async function growth(context) {
  const sizes = context.quick ? [10_000] : [100_000, 1_000_000];
  for (const rows of sizes) {
    const dataDir = mkdtempSync(join("/dev/shm", "bench-growth-"));
    const wish = { workerDir: context.workerDir, trunks: 2, vars: { ...AT_ONCE, RETENTION_DAYS: "3650" }, dataDir };
    const ratios = await once(wish, async (bench) => {
      const [full = ""] = bench.trunks;
      const [toFull = [], toEmpty = []] = calls(bench).map((request) => [request]);
      const placed = await context.client.run(bench, { requests: toFull, connections: 1, count: 1 });
      await delay(500);
      await bench.ask("fill", full, JSON.parse(placed.bodies[0] ?? "{}").call_id, { rows, from: Date.now() - 2 * 86_400_000 - rows * 1_000 });
      /** @param {typeof toFull} requests */
      const cpu = async (requests) => {
        const before = bench.usage().cpuMs;
        const answers = good(await context.client.run(bench, { requests, connections: 8, rate: 800, ms: context.ms }), 201);
        await delay(1_000); // for the calls to end
        return (bench.usage().cpuMs - before) / answers;
      };
      await cpu(toFull);
      await cpu(toEmpty);
      /** @type {number[]} */
      const ratios = [];
      for (let round = 0; round < context.rounds; round++) ratios.push((await cpu(toFull)) / (await cpu(toEmpty)));
      return ratios;
    });
    rmSync(dataDir, { recursive: true, force: true });
    figure(context, { name: `CPU of a whole call beside ${rows.toLocaleString("en")} finished ones, against an empty trunk`, unit: "x", values: ratios, most: 1.1 });
  }
}

/** @param {Context} context */
export async function lists(context) {
  const rows = 5_000;
  const wish = { workerDir: context.workerDir, trunks: 3, vars: AT_ONCE };
  /** @type {number[][]} */
  const cpus = [[], []];
  await once(wish, async (bench) => {
    for (const [at, request] of calls(bench).entries()) {
      const placed = await context.client.run(bench, { requests: [request], connections: 1, count: 1 });
      await delay(500);
      await bench.ask("fill", bench.trunks[at], JSON.parse(placed.bodies[0] ?? "{}").call_id, { rows, from: Date.now() - 86_400_000 });
    }
    const one = `/integration/v1/calls?limit=100&sip_trunk_id=${bench.trunks[0]}`;
    for (let round = -1; round < context.rounds; round++) {
      for (const [at, path] of [one, "/integration/v1/calls?limit=100"].entries()) {
        const before = bench.usage().cpuMs;
        const pages = good(await context.client.run(bench, { requests: [{ method: "GET", path }], connections: 4, ms: context.ms }), 200);
        if (round >= 0) cpus[at]?.push((bench.usage().cpuMs - before) / pages);
      }
    }
  });
  figure(context, { name: "page of the 100 newest calls of a trunk, CPU", unit: "ms", values: cpus[0] ?? [], most: 4 });
  figure(context, { name: "page of the 100 newest calls over three trunks, CPU", unit: "ms", values: cpus[1] ?? [], most: 8 });
}
