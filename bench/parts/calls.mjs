// Complete calls, from `POST /calls` to the signed callback: as they come, after a time in which nothing could be sent, and what
// the platform adds to the time that a phone rings and people talk.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { good, quantile } from "../lib/client.mjs";
import { compare, figure, once } from "../lib/figures.mjs";
import { withReceiver } from "../lib/receivers.mjs";
import { calls, send } from "../lib/servers.mjs";

/** @typedef {import("../lib/figures.mjs").Context} Context */

const TRUNKS = 4;
const AT_ONCE = { SIM_RING_MS: "1", SIM_TALK_MS: "1" };

/** @param {Context} context */
export async function whole(context) {
  const count = context.quick ? 300 : 2_000;
  const warmUp = context.quick ? 100 : 500;
  const rounds = await compare(context, { trunks: TRUNKS, vars: AT_ONCE }, (bench) =>
    withReceiver(async ({ url, until }) => {
      const requests = calls(bench, { callback_url: url });
      good(await context.client.run(bench, { requests, connections: 16, count: warmUp }), 201);
      await until(warmUp);
      const [before, startedAt] = [bench.usage(), performance.timeOrigin + performance.now()];
      good(await context.client.run(bench, { requests, connections: 16, count }), 201);
      const { received } = await until(warmUp + count);
      await delay(500); // for what is written after the last answer
      const took = Math.max(...received.values()) - startedAt;
      return { cpu: (bench.usage().cpuMs - before.cpuMs) / count, rate: (count / took) * 1_000 };
    }),
  );
  const of = (/** @type {{ cpu: number, rate: number }[]} */ rounds) => ({ cpu: rounds.map(({ cpu }) => cpu), rate: rounds.map(({ rate }) => rate) });
  const [ours, floor] = [of(rounds.ours), of(rounds.floor)];
  figure(context, { name: "whole call with its callback, CPU", unit: "ms", values: ours.cpu, most: 1.5 });
  figure(context, { name: "whole call with its callback, floor's CPU", unit: "ms", values: floor.cpu });
  figure(context, { name: "whole calls, delivered a second", unit: "/s", values: ours.rate, least: 600 });
  figure(context, { name: "whole calls, floor's delivered a second", unit: "/s", values: floor.rate });
}

/** @param {Context} context */
export async function backlog(context) {
  const count = context.quick ? 500 : 5_000;
  const retrySeconds = context.quick ? 6 : 25;
  const vars = { ...AT_ONCE, WEBHOOK_RETRY_SECONDS: `${retrySeconds},600` };
  /** @type {{ cpu: number, rate: number }[]} */
  const rounds = [];
  for (let round = 0; round < context.rounds; round++) {
    const dataDir = mkdtempSync(join(tmpdir(), "bench-backlog-"));
    await withReceiver(async ({ url, look, until }) => {
      await look({ status: 503 });
      const wish = { workerDir: context.workerDir, trunks: TRUNKS, vars, dataDir };
      const made = await once(wish, async (bench) => {
        good(await context.client.run(bench, { requests: calls(bench, { callback_url: url }), connections: 16, count }), 201);
        await untilTried(bench);
        return { key: bench.key, agent: bench.agent, trunks: bench.trunks };
      });
      await look({ status: 200 });
      await delay(retrySeconds * 1_100);
      const sent = await once({ ...wish, setUp: async (bench) => void Object.assign(bench, made) }, async (bench) => {
        const [before, startedAt] = [bench.usage(), performance.timeOrigin + performance.now()];
        // As the alarm or the cron would wake them.
        for (const trunk of bench.trunks) await send(bench, "GET", `/integration/v1/sip-trunks/${trunk}/live`);
        const { received } = await until(count, 180_000);
        await delay(500);
        const took = Math.max(...received.values()) - startedAt;
        return { cpu: (bench.usage().cpuMs - before.cpuMs) / count, rate: (count / took) * 1_000 };
      });
      rounds.push(sent);
    });
    rmSync(dataDir, { recursive: true, force: true });
  }
  figure(context, { name: `backlog of ${count} callbacks, CPU a callback`, unit: "ms", values: rounds.map(({ cpu }) => cpu), most: 0.8 });
  figure(context, { name: `backlog of ${count} callbacks, sent a second`, unit: "/s", values: rounds.map(({ rate }) => rate), least: 1_000 });
}

/** Waits until each call's first attempt was made: none is pending that was not tried. @param {import("../lib/servers.mjs").Bench} bench */
async function untilTried(bench) {
  for (const trunk of bench.trunks) {
    for (let tries = 0; ; tries++) {
      const open = await bench.ask("sql", trunk, "SELECT COUNT(*) FROM rows WHERE open = 1 OR out = 1");
      if (open[0][0] === 0) break;
      if (tries > 600) throw new Error(`${open[0][0]} calls did not end`);
      await delay(50);
    }
  }
}

/** @param {Context} context */
export async function delays(context) {
  const [ring, talk, rate] = [100, 100, 150];
  const vars = { SIM_RING_MS: String(ring), SIM_TALK_MS: String(talk) };
  const rounds = await compare(context, { trunks: TRUNKS, vars }, (bench) =>
    withReceiver(async ({ url, until }) => {
      const requests = calls(bench, { callback_url: url });
      const warmUp = await context.client.run(bench, { requests, connections: 16, count: 300 });
      const placed = await context.client.run(bench, { requests, connections: 64, rate, ms: context.ms * 3 });
      const count = good(placed, 201);
      const { received } = await until(good(warmUp, 201) + count);
      const beyond = placed.bodies.map((body, at) => (received.get(JSON.parse(body).call_id) ?? Infinity) - (placed.sentAt[at] ?? 0) - ring - talk);
      return [quantile(beyond, 0.5), quantile(beyond, 0.99)];
    }),
  );
  for (const [at, which, most] of /** @type {const} */ ([[0, "p50", 10], [1, "p99", 60]])) {
    figure(context, { name: `all beyond ring and talk at ${rate} calls/s, ${which}`, unit: "ms", values: rounds.ours.map((round) => round[at] ?? NaN), most });
    figure(context, { name: `all beyond ring and talk at ${rate} calls/s, floor's ${which}`, unit: "ms", values: rounds.floor.map((round) => round[at] ?? NaN) });
  }
}
