// The live feed: what listeners cost while nothing happens, how late they learn of what does, and what that costs others.

import { fork } from "node:child_process";
import { once as onceEvent } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { good, median, quantile } from "../lib/client.mjs";
import { figure, once } from "../lib/figures.mjs";
import { calls } from "../lib/servers.mjs";

/** @typedef {import("../lib/figures.mjs").Context} Context */
/** @typedef {{ lags: number[], completed: number, refused: Record<string, number>, open: number }} Heard */

const RATE = 50;
const IDLE_MS = 10_000;
const VARS = { SIM_RING_MS: "200", SIM_TALK_MS: "200" };
const LASTING = { SIM_RING_MS: "600000", RING_TIMEOUT_SECONDS: "3600", MAX_CALL_SECONDS: "3600" };

/** @param {import("../lib/servers.mjs").Bench} bench @param {number} count */
async function listen(bench, count) {
  const child = fork(inRoot("bench/lib/listeners.mjs"), [bench.url, bench.key, String(count)], { stdio: ["ignore", "inherit", "inherit", "ipc"], serialization: "advanced" });
  const look = async () => {
    child.send({});
    const [seen] = await onceEvent(child, "message");
    return /** @type {Heard} */ (seen);
  };
  for (let tries = 0; (await look()).open < count; tries++) {
    if (tries > 200) throw new Error(`${count} listeners did not get through`);
    await delay(50);
  }
  return { look, stop: () => child.disconnect() };
}

/** @param {Context} context */
export async function listeners(context) {
  for (const trunks of context.quick ? [4] : [1, 4, 16]) {
    for (const count of context.quick ? [10] : [1, 10, 100]) await onTrunks(context, trunks, count);
  }
  if (!context.quick) await besideLive(context);
}

/** The cost of listeners while nothing happens, with many calls in progress. @param {Context} context */
async function besideLive(context) {
  const [count, live] = [100, 10_000];
  const idle = await once({ workerDir: context.workerDir, trunks: 4, vars: LASTING }, async (bench) => {
    good(await context.client.run(bench, { requests: calls(bench), connections: 16, rate: 900, count: live }), 201);
    await delay(5_000);
    const listening = await listen(bench, count);
    await delay(2_000);
    const before = bench.usage().cpuMs;
    await delay(IDLE_MS);
    const cores = (bench.usage().cpuMs - before) / IDLE_MS;
    listening.stop();
    return cores;
  });
  figure(context, { name: `${count} listeners on 4 trunks beside ${live.toLocaleString("en")} calls in progress, idle`, unit: "cores", values: [idle], most: 0.02 });
}

/** @param {Context} context @param {number} trunks @param {number} count */
async function onTrunks(context, trunks, count) {
  /** @type {{ idle: number, lags: number[], missed: number, refused: number, cpu: number, alone: number, p99: number, aloneP99: number }} */
  const found = await once({ workerDir: context.workerDir, trunks, vars: VARS }, async (bench) => {
    const requests = calls(bench);
    /** @param {number} ms */
    const load = async (ms) => {
      const before = bench.usage().cpuMs;
      const result = await context.client.run(bench, { requests, connections: 16, rate: RATE, ms });
      const answers = good(result, 201);
      await delay(1_500); // for the calls to end
      return { answers, cpu: (bench.usage().cpuMs - before) / answers, p99: quantile(result.times, 0.99) };
    };
    await load(2_000);
    const alone = await load(context.ms * 2);
    const listening = await listen(bench, count);
    await delay(1_000);
    const before = bench.usage().cpuMs;
    await delay(context.quick ? 2_000 : IDLE_MS);
    const idle = (bench.usage().cpuMs - before) / (context.quick ? 2_000 : IDLE_MS);
    const quiet = await listening.look();
    const beside = await load(context.ms * 2);
    let heard = await listening.look();
    const lags = heard.lags;
    const due = beside.answers * count + quiet.completed;
    for (let tries = 0; heard.completed < due && tries < 200; tries++) {
      await delay(100);
      heard = await listening.look();
      lags.push(...heard.lags);
    }
    listening.stop();
    const refused = Object.values(heard.refused).reduce((sum, times) => sum + times, 0);
    return { idle, lags, missed: due - heard.completed, refused, cpu: beside.cpu, alone: alone.cpu, p99: beside.p99, aloneP99: alone.p99 };
  });
  const name = `${count} listeners on ${trunks} trunks`;
  figure(context, { name: `${name}, idle`, unit: "cores", values: [found.idle], most: count === 100 ? 0.02 : undefined });
  figure(context, { name: `${name}, an event's lag at ${RATE} calls/s, p50`, unit: "ms", values: [median(found.lags)] });
  figure(context, { name: `${name}, an event's lag at ${RATE} calls/s, p99`, unit: "ms", values: [quantile(found.lags, 0.99)], most: 150 });
  figure(context, { name: `${name}, ends of calls that were not heard, or twice`, unit: "", values: [found.missed], most: 0, least: 0, counted: true });
  figure(context, { name: `${name}, streams refused`, unit: "", values: [found.refused], most: 0 });
  figure(context, { name: `${name}, CPU a call beside them`, unit: "ms", values: [found.cpu], floor: [found.alone], most: count === 100 ? 1.2 : undefined });
  figure(context, { name: `${name}, p99 of POST /calls beside them`, unit: "ms", values: [found.p99], floor: [found.aloneP99], most: count === 100 ? 2 : undefined });
}
