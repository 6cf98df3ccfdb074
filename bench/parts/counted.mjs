// Counts, which are the same on every machine: crossings between WebAssembly and JavaScript, requests to objects, rows, alarms,
// messages; and their cost at Cloudflare's list prices.

import { setTimeout as delay } from "node:timers/promises";
import { crossings, instrument } from "../instrument.mjs";
import { good } from "../lib/client.mjs";
import { figure, once } from "../lib/figures.mjs";
import { withReceiver } from "../lib/receivers.mjs";
import { calls } from "../lib/servers.mjs";

/** @typedef {import("../lib/figures.mjs").Context} Context */
/** @typedef {{ requests: number, alarms: number, rows_read: number, rows_written: number, alarms_set: number, queue_messages: number }} Work */

/**
 * US dollars per million, by the price lists of Workers, Durable Objects and Queues as of November 2026, beyond what plans
 * include.
 * A queue bills a message when it is written, read and deleted; an alarm that is set counts as a row written, one that fires as a
 * request.
 */
const PRICES = { requests: 0.15, alarms: 0.15, rows_read: 0.001, rows_written: 1, alarms_set: 1, queue_messages: 3 * 0.4 };
const WORKER_REQUEST = 0.3;
const COUNT = 50;

/** @param {Context} context */
export async function counted(context) {
  const workerDir = instrument(context.workerDir, { counts: true });
  const lasting = { SIM_RING_MS: "600000", RING_TIMEOUT_SECONDS: "3600", MAX_CALL_SECONDS: "3600" };
  await once({ workerDir, queues: false, vars: lasting }, async (bench) => {
    const placed = await context.client.run(bench, { requests: calls(bench), connections: 1, count: 5 });
    const accept = await each(bench, () => context.client.run(bench, { requests: calls(bench), connections: 1, count: COUNT }));
    tell(context, "POST /calls", accept, { crossings: 40, requests: 1, rows: 2, queue_messages: 1 });
    const id = JSON.parse(placed.bodies[0] ?? "{}").call_id;
    const requests = [{ method: "GET", path: `/integration/v1/calls/${id}/status` }];
    const status = await each(bench, () => context.client.run(bench, { requests, connections: 1, count: COUNT }));
    tell(context, "GET status", status, { crossings: 26, requests: 1, rows: 0, read: 1, queue_messages: 0 });
  });
  await once({ workerDir, vars: { SIM_RING_MS: "1", SIM_TALK_MS: "1" } }, (bench) =>
    withReceiver(async ({ url, until }) => {
      const requests = calls(bench, { callback_url: url });
      // One by one, so that none shares a message or an alarm with another: the most expensive that a call can be.
      let sent = 0;
      const one = async () => {
        good(await context.client.run(bench, { requests, connections: 1, count: 1 }), 201);
        await until(++sent);
        await delay(100);
      };
      await one();
      const whole = await each(bench, async () => {
        for (let call = 0; call < COUNT; call++) await one();
      });
      tell(context, "whole call with its callback", whole, { crossings: 290, requests: 6, rows: 8, queue_messages: 2 });
      const dollars = Object.entries(PRICES).reduce((sum, [what, price]) => sum + price * whole[/** @type {keyof Work} */ (what)], 2 * WORKER_REQUEST);
      figure(context, { name: "a million whole calls by list prices, processor time aside", unit: "$", values: [dollars] });
    }),
  );
}

/** The cost of one of {@link COUNT}. @param {import("../lib/servers.mjs").Bench} bench @param {() => Promise<unknown>} act @returns {Promise<Work & { crossings: number }>} */
async function each(bench, act) {
  const look = async () => ({ .../** @type {Work} */ (await bench.ask("work", bench.trunks[0])), crossings: await crossings(bench) });
  const before = await look();
  const between = await look(); // what looking itself costs
  await act();
  await delay(300);
  const after = await look();
  const cost = Object.keys(after).map((what) => {
    const key = /** @type {keyof typeof after} */ (what);
    return [key, (after[key] - between[key] - (between[key] - before[key])) / COUNT];
  });
  return Object.fromEntries(cost);
}

/**
 * @param {Context} context @param {string} name @param {Work & { crossings: number }} cost
 * @param {{ crossings?: number, requests: number, rows: number, read?: number, queue_messages: number }} most
 */
function tell(context, name, cost, most) {
  const rows = cost.rows_written + cost.alarms_set;
  for (const [what, value, limit] of /** @type {const} */ ([
    ["crossings", cost.crossings, most.crossings],
    ["requests to objects", cost.requests, most.requests],
    ["rows written, alarms included", rows, most.rows],
    ["rows read", cost.rows_read, most.read],
    ["queue messages", cost.queue_messages, most.queue_messages],
    ["alarms", cost.alarms, undefined],
  ])) {
    figure(context, { name: `${name}, ${what}`, unit: "", values: [value], most: limit, counted: limit !== undefined });
  }
}
