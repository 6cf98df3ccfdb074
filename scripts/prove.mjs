#!/usr/bin/env node
// `npm run prove [part ...] [--quick]`: the numbers behind the guarantees (docs/guarantees.md), with a table for each part. A
// part is a command that runs a proof and prints its figures in lines `prove: name: figure`. It takes minutes in all.

import { existsSync } from "node:fs";
import { runMain, say, seconds, UserError } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { endChildrenOnSignals, run } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string} needs the file with the proof; without it the figure is reported as missing
 * @property {[string, ...string[]]} command
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(output: string) => [name: string, figure: string][]} [figures] reads them if the command prints them in its own way
 */

/** @param {string} file @returns {Part["command"]} */
const vitest = (file) => [process.execPath, inRoot("node_modules/vitest/vitest.mjs"), "run", file];

const QUICK = "--quick";
/** The argument for a part that has a smaller run. */
const QUICKLY = process.argv.includes(QUICK) ? [QUICK] : [];

/** @type {Part[]} */
const PARTS = [
  {
    name: "simulation",
    needs: "tests/sim/main.rs",
    command: ["cargo", "test", "--locked", "--features", "planted", "--test", "sim"],
    env: { SIM_SECONDS: "300" },
    figures: simulated,
  },
  {
    name: "scale",
    needs: "tests/sim/scale.rs",
    command: ["cargo", "test", "--locked", "--all-features", "--test", "sim", "--", "many_trunks"],
    env: { SCALE: QUICKLY.length > 0 ? "1000,20000" : "1000,1000000" },
  },
  { name: "kills", needs: "tests/kill/kill.test.ts", command: vitest("tests/kill/kill.test.ts") },
  {
    name: "campaigns",
    needs: "tests/kill/campaigns.test.ts",
    command: [...vitest("tests/kill/campaigns.test.ts"), "tests/edge/campaign-pace.test.ts"],
    env: QUICKLY.length > 0 ? {} : { CAMPAIGN_RECIPIENTS: "20000", CAMPAIGN_KILLS: "10", CAMPAIGN_SECONDS: "60", CAMPAIGN_LIST: "200000" },
  },
  {
    name: "busy trunk",
    needs: "tests/edge/busy.prove.ts",
    command: [...vitest("tests/edge/busy.prove.ts"), "--config", "vitest.prove.config.ts"],
  },
  { name: "live feed", needs: "tests/edge/feed.test.ts", command: vitest("tests/edge/feed.test.ts") },
  { name: "floods", needs: "tests/edge/floods.test.ts", command: vitest("tests/edge/floods.test.ts") },
  { name: "schemathesis", needs: "scripts/schemathesis.mjs", command: [process.execPath, inRoot("scripts/schemathesis.mjs")] },
  { name: "clients", needs: "scripts/clients.mjs", command: [process.execPath, inRoot("scripts/clients.mjs")] },
  {
    name: "java client",
    needs: "tests/clients/java.prove.ts",
    command: [...vitest("tests/clients/java.prove.ts"), "--config", "vitest.prove.config.ts"],
  },
  { name: "newcomer", needs: "scripts/newcomer.mjs", command: [process.execPath, inRoot("scripts/newcomer.mjs")] },
  { name: "fuzz", needs: "scripts/fuzz.mjs", command: [process.execPath, inRoot("scripts/fuzz.mjs")] },
  { name: "slow receiver", needs: "tests/edge/dead-receiver.test.ts", command: vitest("tests/edge/dead-receiver.test.ts") },
  { name: "as deployed", needs: "tests/edge/deployed.test.ts", command: vitest("tests/edge/deployed.test.ts"), env: { RECEIVER_SECONDS: "30" } },
  { name: "suppressions", needs: "tests/edge/suppressions.test.ts", command: vitest("tests/edge/suppressions.test.ts") },
  { name: "chaos", needs: "tests/livekit/chaos.test.ts", command: vitest("tests/livekit/chaos.test.ts"), env: { CHAOS_CALLS: "1000" } },
  {
    name: "real calls",
    needs: "tests/livekit/real/agents.real.ts",
    command: [process.execPath, inRoot("scripts/test-livekit.mjs")],
    env: { REAL_CALLS_PROVE: "1" },
  },
  { name: "bounds", needs: "bench/bounds.mjs", command: [process.execPath, inRoot("bench/bounds.mjs"), ...QUICKLY] },
  { name: "retention", needs: "tests/edge/retention.test.ts", command: vitest("tests/edge/retention.test.ts"), env: { RETENTION_PACE: "200" } },
  {
    name: "migration",
    needs: "tests/edge/migration.test.ts",
    command: vitest("tests/edge/migration.test.ts"),
    env: { MIGRATION_CALLS: QUICKLY.length > 0 ? "20000" : "200000" },
  },
  {
    name: "backlog",
    needs: "tests/edge/backlog.test.ts",
    command: vitest("tests/edge/backlog.test.ts"),
    env: { BACKLOG: QUICKLY.length > 0 ? "1000" : "5000" },
  },
  {
    name: "many",
    needs: "tests/edge/many.test.ts",
    command: vitest("tests/edge/many.test.ts"),
    env: QUICKLY.length > 0 ? {} : { MANY_KEYS: "10000", MANY_AGENTS: "1000" },
  },
  {
    name: "capped memory",
    needs: "tests/edge/bounds.test.ts",
    command: vitest("tests/edge/bounds.test.ts"),
    env: QUICKLY.length > 0 ? {} : { IN_LINE: "10000", AGENTS: "1000" },
  },
  {
    name: "rollout",
    needs: "tests/edge/rollout.prove.ts",
    command: [...vitest("tests/edge/rollout.prove.ts"), "--config", "vitest.prove.config.ts"],
  },
  {
    name: "upgrade",
    needs: "tests/edge/upgrade.prove.ts",
    command: [...vitest("tests/edge/upgrade.prove.ts"), "--config", "vitest.prove.config.ts"],
  },
  { name: "a million calls", needs: "bench/million.mjs", command: [process.execPath, inRoot("bench/million.mjs")] },
];

/** @param {string} output of the simulation @returns {[string, string][]} */
function simulated(output) {
  const [, seeds = "", steps = "", rate = ""] = /(\d+) new seeds .* (\d+) steps, (\d+) steps\/s/.exec(output) ?? [];
  const [, planted = "", found = ""] = /(\d+) faults planted, (\d+) found/.exec(output) ?? [];
  return [
    ["simulated steps", `${steps} (${rate} a second)`],
    ["seeds", seeds],
    ["faults planted and found", `${planted} planted, ${found} found`],
  ];
}

/** @param {string} output @returns {[string, string][]} */
function said(output) {
  return [...output.matchAll(/^prove: (.+?): (.+)$/gm)].map(([, name = "", figure = ""]) => [name, figure]);
}

/** @param {[name: string, figure: string][]} rows @returns {string} the figures, one per line */
function table(rows) {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, figure]) => `  ${name.padEnd(width)}  ${figure}`).join("\n");
}

/** Runs one part; returns whether it passed. @param {Part} part */
async function prove({ name, needs, command: [command, ...args], env, figures = said }) {
  if (!existsSync(inRoot(needs))) {
    console.log(`${name}: not proven here, ${needs} is missing`);
    return false;
  }
  const startedAt = performance.now();
  // The progress of a long one: `[bench] …`.
  const onLine = (/** @type {string} */ line) => void (line.startsWith("[bench]") && console.log(line));
  const { code, output } = await run(command, args, { env, onLine });
  if (code !== 0) process.stdout.write(output);
  const found = figures(output);
  if (found.length > 0) console.log(table(found));
  const held = code === 0 && found.length > 0;
  say("prove", `${name}: ${held ? "held" : "FAILED"}, ${seconds(startedAt)}`);
  return held;
}

await runMain(async () => {
  endChildrenOnSignals();
  const wanted = process.argv.slice(2).filter((name) => name !== QUICK);
  const unknown = wanted.filter((name) => !PARTS.some((part) => part.name === name));
  if (unknown.length > 0) throw new UserError(`no part ${unknown.join(", ")}; there are: ${PARTS.map(({ name }) => name).join(", ")}`);
  await setUp();
  const { buildWorker } = await import("./lib/wasm.mjs");
  await buildWorker("local");
  let failed = 0;
  for (const part of PARTS) {
    if (wanted.length > 0 && !wanted.includes(part.name)) continue;
    if (!(await prove(part))) failed += 1;
  }
  return failed > 0 ? 1 : 0;
});
