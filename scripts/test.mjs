#!/usr/bin/env node
// `npm test`: sets up what is missing and runs every test, one runner after another.
// The last line is `N passed, N failed`; a runner that breaks without counting anything counts as one failure.

import { runMain, say, seconds } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { endChildrenOnSignals, run } from "./lib/run.mjs";
import { ensureChromium } from "./lib/chromium.mjs";
import { setUp } from "./lib/setup.mjs";
import { vitest, withExitCode } from "./lib/vitest.mjs";

/** @typedef {import("./lib/vitest.mjs").Counts} Counts */

await runMain(async () => {
  endChildrenOnSignals();
  const startedAt = performance.now();
  const total = { passed: 0, failed: 0 };
  /** @type {string[]} */
  const names = [];
  for (const [name, runner] of /** @type {const} */ ([
    ["set-up", setUpAll],
    ["cargo test", cargoTest],
    ["simulation", simulation],
    ["planted faults and builds", plantAndBuild],
    ["vitest", allVitest],
    ["schemathesis", schemathesisRun],
    ["bench", bench],
  ])) {
    /** @type {Counts} */
    const counts = await runner().catch((error) => {
      console.error(error instanceof Error ? error.message : error);
      return { passed: 0, failed: 1 };
    });
    total.passed += counts.passed;
    total.failed += counts.failed;
    names.push(...(counts.names ?? []));
    say("test", `${name}: ${counts.passed} passed, ${counts.failed} failed, ${seconds(startedAt)} since the start`);
    if (name === "set-up" && counts.failed > 0) break;
  }
  // Once more at the end, where whoever reads the last lines of a long log finds them.
  for (const name of names) console.log(`failed: ${name}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
});

/** @returns {Promise<Counts>} */
async function setUpAll() {
  await setUp();
  await ensureChromium();
  return { passed: 0, failed: 0 };
}

/** @returns {Promise<Counts>} */
async function cargoTest() {
  say("test", "cargo test ...");
  return cargo(["--all-features", "--no-fail-fast"]);
}

/** Seeds that once failed, and the first ones; `npm run prove -- simulation` lives through new ones. @returns {Promise<Counts>} */
async function simulation() {
  say("test", "simulation ...");
  return cargo(["--all-features", "--test", "sim", "seeds"]);
}

/** The builds wait for disks and for one core at a time: the faults take what they leave. @returns {Promise<Counts>} */
async function plantAndBuild() {
  const [planted, built] = await Promise.allSettled([cargo(["--all-features", "--test", "sim", "planted"]), buildAll()]);
  if (built.status === "rejected") throw built.reason;
  if (planted.status === "rejected") throw planted.reason;
  return planted.value;
}

/** @param {string[]} args @returns {Promise<Counts>} */
async function cargo(args) {
  const { code, output } = await run("cargo", ["test", "--locked", ...args], { passThrough: true });
  const names = [...output.matchAll(/^test (.+) \.\.\. FAILED$/gm)].map(([, name]) => `${name}`);
  const counts = { passed: 0, failed: 0, names };
  for (const [, passed, failed] of output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
  }
  return withExitCode(counts, code);
}

async function buildAll() {
  const { buildWorker } = await import("./lib/wasm.mjs");
  const { buildPages } = await import("./lib/studio.mjs");
  const { packCli } = await import("./lib/packages.mjs");
  await buildWorker("local");
  await buildPages();
  await packCli();
}

/** @returns {Promise<Counts>} */
async function allVitest() {
  say("test", "vitest ...");
  return vitest("vitest.json", ["--passWithNoTests"]);
}

/** Left out where Python is missing. @returns {Promise<Counts>} */
async function schemathesisRun() {
  const { ensureSchemathesis, hasPython, schemathesis } = await import("./lib/schemathesis.mjs");
  if (!(await hasPython())) {
    say("test", "schemathesis needs python3 with venv: left out here");
    return { passed: 0, failed: 0 };
  }
  await ensureSchemathesis();
  // The same cases each time: `npm run prove -- schemathesis` makes new ones.
  const { failed } = await schemathesis({ seconds: 60, seed: 1 });
  return { passed: failed ? 0 : 1, failed: failed ? 1 : 0 };
}

/** That it runs, and that what it counts is within its bounds: times are for a quiet machine to tell. @returns {Promise<Counts>} */
async function bench() {
  if (process.platform !== "linux") {
    say("test", "the benchmarks read /proc: left out here");
    return { passed: 0, failed: 0 };
  }
  say("test", "bench ...");
  const { code } = await run(process.execPath, [inRoot("bench/bench.mjs"), "--quick"], { passThrough: true });
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
}
