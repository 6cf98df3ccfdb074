// More than there is room for: twice the top rate, and one organisation's flood beside another's normal traffic.

import { setTimeout as delay } from "node:timers/promises";
import { good, median, quantile } from "../lib/client.mjs";
import { figure, once } from "../lib/figures.mjs";
import { calls, found } from "../lib/servers.mjs";

/** @typedef {import("../lib/figures.mjs").Context} Context */

const VARS = { SIM_RING_MS: "50", SIM_TALK_MS: "50" };
const TRUNKS = 8;
const RECOVERY_MS = 5_000;
const HONEST = new Set([201, 429, 503]);

/** @param {Context} context */
export async function overload(context) {
  await once({ workerDir: context.workerDir, trunks: TRUNKS, vars: VARS }, async (bench) => {
    const requests = calls(bench);
    const run = (/** @type {object} */ load) => context.client.run(bench, { requests, connections: 64, ...load });
    await run({ ms: 1_500 });
    const top = await run({ ms: context.ms });
    const rate = (good(top, 201) / top.ms) * 1_000;
    const calm = await run({ connections: 1, rate: 20, ms: context.ms });
    const before = { rss: bench.usage().rssBytes, rows: await rows(bench) };
    const over = await run({ connections: 512, rate: rate * 2, ms: context.ms * 2 });
    const memory = bench.usage().rssBytes - before.rss;
    await delay(RECOVERY_MS);
    const after = await run({ connections: 1, rate: 20, ms: context.ms });
    const accepted = over.statuses["201"] ?? 0;
    const kept = (await rows(bench)) - before.rows - good(after, 201);
    const dishonest = Object.entries(over.statuses).filter(([status]) => !HONEST.has(Number(status)));
    const refused = dishonest.reduce((sum, [, times]) => sum + times, 0) + over.broken + over.withoutRetryAfter;
    figure(context, { name: "top rate of POST /calls, calls carried out beside it", unit: "/s", values: [rate] });
    figure(context, { name: "at twice the top rate, accepted calls that are not there", unit: "", values: [Math.max(0, accepted - kept)], most: 0, counted: true });
    figure(context, { name: "at twice the top rate, answers that are no 201, 429 or 503 with Retry-After", unit: "", values: [refused], most: 0, counted: true });
    figure(context, { name: "at twice the top rate, memory of the process beyond before", unit: "MB", values: [memory / 2 ** 20] });
    figure(context, { name: "p99 of POST /calls 5 s after that, against before", unit: "ms", values: [quantile(after.times, 0.99)], floor: [quantile(calm.times, 0.99)], most: 2 });
  });
}

/** The number of calls. @param {import("../lib/servers.mjs").Bench} bench */
async function rows(bench) {
  let sum = 0;
  for (const trunk of bench.trunks) sum += (await bench.ask("sql", trunk, "SELECT COUNT(*) FROM rows WHERE status <> 'Rejected — Capacity'"))[0][0];
  return sum;
}

/** @param {Context} context */
export async function flood(context) {
  await once({ workerDir: context.workerDir, trunks: TRUNKS, vars: VARS }, async (loud) => {
    const quiet = { ...loud, trunks: /** @type {string[]} */ ([]) };
    await found(quiet, 1);
    const calm = () => context.client.run(quiet, { requests: calls(quiet), connections: 8, rate: 20, ms: context.ms * 2 });
    await calm();
    await context.client.run(loud, { requests: calls(loud), connections: 16, ms: 1_500 });
    /** @type {number[]} */
    const alone = [];
    /** @type {number[]} */
    const beside = [];
    for (let round = 0; round < context.rounds; round++) {
      alone.push(quantile((await calm()).times, 0.99));
      const flooding = context.client.run(loud, { requests: calls(loud), connections: 64, ms: context.ms * 2 });
      beside.push(quantile((await calm()).times, 0.99));
      await flooding;
      await delay(500);
    }
    figure(context, { name: "p99 of one organisation's POST /calls beside another's flood, against without", unit: "ms", values: beside, floor: alone, most: 2 });
    figure(context, { name: "its median beside that flood", unit: "ms", values: [median(beside)] });
  });
}
