// `POST /calls` and `GET …/status`, compared with the floor: processor time for each successful answer, answers per second, and
// how long one takes at half of that rate.

import { good, median, quantile } from "../lib/client.mjs";
import { calls } from "../lib/servers.mjs";
import { compare, figure } from "../lib/figures.mjs";

/** Until the compilers have optimised the code. */
const WARM_UP = 1_200;

/** Calls that stay accepted: queues deliver nothing, and what a call costs later does not count here. */
const ACCEPTED = { queues: false, vars: { SIM_RING_MS: "600000", RING_TIMEOUT_SECONDS: "3600", MAX_CALL_SECONDS: "3600" } };
/** Calls that are over immediately. */
const OVER = { vars: { SIM_RING_MS: "1", SIM_TALK_MS: "1" } };
const TRUNKS = 4;

/** The targets by number of connections; with 64, hops are shared. @type {Record<number, { cpu: number, rate?: number }>} */
const TARGETS = { 1: { cpu: 1.15 }, 16: { cpu: 1.1, rate: 0.92 }, 64: { cpu: 0.8, rate: 1.6 } };

/** @param {import("../lib/figures.mjs").Context} context */
export async function accept(context) {
  for (const connections of context.quick ? [16] : [1, 16, 64]) {
    const rounds = await compare(context, { ...ACCEPTED, trunks: TRUNKS }, async (bench) => {
      const requests = calls(bench);
      await context.client.run(bench, { requests, connections: 16, count: WARM_UP });
      return loaded(context, bench, { requests, connections, ms: context.ms }, 201);
    });
    tell(context, `POST /calls, c=${connections}`, rounds, TARGETS[connections] ?? {});
    if (connections === 16) await halfLoad(context, median(rounds.ours.map(({ rate }) => rate)) / 2);
  }
}

/** How long an answer takes at half the possible rate, whether or not earlier ones were answered. @param {import("../lib/figures.mjs").Context} context @param {number} rate */
async function halfLoad(context, rate) {
  const rounds = await compare(context, { ...ACCEPTED, trunks: TRUNKS }, async (bench) => {
    const requests = calls(bench);
    await context.client.run(bench, { requests, connections: 16, count: WARM_UP });
    const result = await context.client.run(bench, { requests, connections: 64, rate, ms: context.ms });
    good(result, 201);
    return { p50: quantile(result.times, 0.5), p99: quantile(result.times, 0.99) };
  });
  for (const which of /** @type {const} */ (["p50", "p99"])) {
    figure(context, { name: `POST /calls at half load, ${which}`, unit: "ms", values: rounds.ours.map((round) => round[which]), floor: rounds.floor.map((round) => round[which]) });
  }
}

/** @param {import("../lib/figures.mjs").Context} context */
export async function status(context) {
  for (const [name, wish, limit] of /** @type {const} */ ([
    ["open call", ACCEPTED, 1.05],
    ["finished call", OVER, 1.1],
  ])) {
    const rounds = await compare(context, { ...wish, trunks: TRUNKS }, async (bench) => {
      const placed = await context.client.run(bench, { requests: calls(bench), connections: 16, count: 400 });
      good(placed, 201);
      const ids = placed.bodies.map((body) => JSON.parse(body).call_id);
      if (name === "finished call") await untilOver(bench, ids.at(-1));
      const requests = ids.map((id) => ({ method: "GET", path: `/integration/v1/calls/${id}/status` }));
      await context.client.run(bench, { requests, connections: 16, count: WARM_UP });
      return loaded(context, bench, { requests, connections: 16, ms: context.ms }, 200);
    });
    tell(context, `GET status, ${name}, c=16`, rounds, { cpu: limit });
  }
}

/** @param {import("../lib/servers.mjs").Bench} bench @param {string} id */
async function untilOver(bench, id) {
  const headers = { authorization: `Bearer ${bench.key}` };
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(`${bench.url}/integration/v1/calls/${id}/status`, { headers });
    if (/** @type {any} */ (await answer.json()).is_terminal) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`call ${id} did not end`);
}

/**
 * @param {import("../lib/figures.mjs").Context} context @param {import("../lib/servers.mjs").Bench} bench
 * @param {Omit<import("../lib/load.mjs").Load, "url" | "key">} load @param {number} status
 */
async function loaded(context, bench, load, status) {
  const before = bench.usage();
  const result = await context.client.run(bench, load);
  const answers = good(result, status);
  return { cpu: (bench.usage().cpuMs - before.cpuMs) / answers, rate: (answers / result.ms) * 1_000 };
}

/**
 * @param {import("../lib/figures.mjs").Context} context @param {string} name
 * @param {import("../lib/figures.mjs").Rounds<{ cpu: number, rate: number }>} rounds
 * @param {{ cpu?: number, rate?: number }} target
 */
function tell(context, name, rounds, target) {
  const [ours, floor] = [rounds.ours, rounds.floor];
  figure(context, { name: `${name}, CPU an answer`, unit: "ms", values: ours.map(({ cpu }) => cpu), floor: floor.map(({ cpu }) => cpu), most: target.cpu });
  figure(context, { name: `${name}, answers a second`, unit: "/s", values: ours.map(({ rate }) => rate), floor: floor.map(({ rate }) => rate), least: target.rate });
}
