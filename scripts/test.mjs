#!/usr/bin/env node
// `npm test`: sets up what is missing and runs every test, one runner after another.
// The last line is `N passed, N failed`; a runner that breaks without counting anything counts as one failure.

import { runMain, say, seconds } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { endChildrenOnSignals, run } from "./lib/run.mjs";
import { ensureChromium } from "./lib/chromium.mjs";
import { ensureBindgen, ensureNodeModules, ensureRust } from "./lib/setup.mjs";
import { vitest, withExitCode } from "./lib/vitest.mjs";

/** @typedef {import("./lib/vitest.mjs").Counts} Counts */

/** @type {[name: string, args: string[]][]} */
const NATIVE = [
  ["cargo test", ["--no-fail-fast"]],
  // Seeds that once failed, and the first ones; `npm run prove -- simulation` runs new ones.
  ["simulation", ["--test", "sim", "seeds"]],
  ["planted faults", ["--test", "sim", "planted"]],
];

await runMain(async () => {
  endChildrenOnSignals();
  const startedAt = performance.now();
  const total = { passed: 0, failed: 0 };
  /** @type {string[]} */
  const names = [];
  for (const [name, runner] of /** @type {const} */ ([
    ["set-up", setUpAll],
    ["native tests and builds", nativeAndBuilds],
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
  // Repeated at the end, where a reader of the last lines of a long log finds them.
  for (const name of names) console.log(`failed: ${name}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
});

/** @returns {Promise<Counts>} */
async function setUpAll() {
  await ensureNodeModules();
  await ensureRust();
  return { passed: 0, failed: 0 };
}

/** The native tests use virtual time and have no deadlines: meanwhile, everything that the others need is built. @returns {Promise<Counts>} */
async function nativeAndBuilds() {
  const [native, built] = await Promise.allSettled([nativeTests(), buildAll()]);
  if (native.status === "rejected") throw native.reason;
  if (built.status === "fulfilled") return native.value;
  console.error(built.reason instanceof Error ? built.reason.message : built.reason);
  return { ...native.value, failed: native.value.failed + 1 };
}

/** @returns {Promise<Counts>} */
async function nativeTests() {
  const total = { passed: 0, failed: 0, names: /** @type {string[]} */ ([]) };
  for (const [name, args] of NATIVE) {
    const startedAt = performance.now();
    say("test", `${name} ...`);
    const { passed, failed, names = [] } = await cargo(["--all-features", ...args]);
    total.passed += passed;
    total.failed += failed;
    total.names.push(...names);
    say("test", `${name}: ${passed} passed, ${failed} failed, ${seconds(startedAt)}`);
  }
  return total;
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

/**
 * Also the release, for `tests/edge/deploy.test.ts` and the benchmarks: most of its build waits on one core. Schemathesis is
 * installed meanwhile; if that fails, its own run says so.
 */
async function buildAll() {
  const { ensureSchemathesis, hasPython } = await import("./lib/schemathesis.mjs");
  const installed = hasPython().then((is) => (is ? ensureSchemathesis() : ""));
  const { buildWorker } = await import("./lib/wasm.mjs");
  const { buildPages } = await import("./lib/studio.mjs");
  const { packCli } = await import("./lib/packages.mjs");
  await ensureBindgen();
  await buildWorker("local");
  await Promise.all([buildWorker("release"), ensureChromium(), buildPages().then(packCli), installed.catch(() => undefined)]);
}

/** @returns {Promise<Counts>} */
async function allVitest() {
  say("test", "vitest ...");
  return vitest("vitest.json", ["--passWithNoTests"]);
}

/** Skipped if there is no Python. @returns {Promise<Counts>} */
async function schemathesisRun() {
  const { ensureSchemathesis, hasPython, schemathesis } = await import("./lib/schemathesis.mjs");
  if (!(await hasPython())) {
    say("test", "schemathesis needs python3 with venv: left out here");
    return { passed: 0, failed: 0 };
  }
  await ensureSchemathesis();
  // The same cases each time: `npm run prove -- schemathesis` generates new ones.
  const { failed } = await schemathesis({ seconds: 60, seed: 1 });
  return { passed: failed ? 0 : 1, failed: failed ? 1 : 0 };
}

/** Checks that it runs, and that its counts are within their bounds; timing needs a quiet machine. @returns {Promise<Counts>} */
async function bench() {
  if (process.platform !== "linux") {
    say("test", "the benchmarks read /proc: left out here");
    return { passed: 0, failed: 0 };
  }
  say("test", "bench ...");
  const { code } = await run(process.execPath, [inRoot("bench/bench.mjs"), "--quick"], { passThrough: true });
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
}
