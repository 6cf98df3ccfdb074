#!/usr/bin/env node
// `npm start`: sets up what is missing, builds, serves, and seeds a demo organisation on the first run. PORT (8787), DATA_DIR
// (.local) and all vars of wrangler.toml are taken from the environment; with SIM_JOURNAL=true the simulated carrier writes the
// id of each call it dials to DATA_DIR/dials.log, and with KV_STALE_SECONDS KV answers as late as Cloudflare's may. `--built`
// serves the existing build.

import { isAbsolute } from "node:path";
import { runMain, say, seconds, UserError } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { endChildrenOnSignals } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

await runMain(async () => {
  const startedAt = performance.now();
  const letGo = endChildrenOnSignals();
  const port = readPort(process.env["PORT"]);
  const dataDir = readDataDir(process.env["DATA_DIR"]);
  if (!process.argv.includes("--built")) await build();
  letGo();
  await serve(port, dataDir, startedAt);
});

async function build() {
  await setUp();
  const { buildWorker } = await import("./lib/wasm.mjs");
  const { buildPages } = await import("./lib/studio.mjs");
  await Promise.all([buildWorker("local"), buildPages()]);
}

/** @param {number} port @param {string} dataDir @param {number} startedAt */
async function serve(port, dataDir, startedAt) {
  const { startLocal } = await import("./lib/local.mjs");
  const { discardHalfSeeded, ensureDemo } = await import("./lib/seed.mjs");
  const local = await startLocal({
    port,
    dataDir,
    vars: await varsOfEnvironment(),
    journal: process.env["SIM_JOURNAL"] === "true",
    kvStaleSeconds: readSeconds("KV_STALE_SECONDS"),
    beforeStart: () => discardHalfSeeded(dataDir),
  });
  const watch = endWithWorkerd(local, dataDir);
  stopOnSignals(local, watch);
  const { demo, isNew } = await ensureDemo(dataDir, local.url, local.secrets.PLATFORM_TOKEN);
  await printDemo(demo, dataDir, isNew);
  console.log(`ready ${local.url} in ${seconds(startedAt)}; Ctrl-C stops it`);
}

/**
 * @param {import("./lib/local.mjs").Local} local
 * @param {NodeJS.Timeout} watch the check that workerd is running, which a stop ends
 */
function stopOnSignals(local, watch) {
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.removeAllListeners(signal); // Miniflare's own would end the process before the stop is done
    process.once(signal, () => {
      say("start", "stopping");
      clearInterval(watch);
      local.stop().then(
        () => process.exit(0),
        (error) => {
          console.error(error);
          process.exit(1);
        },
      );
    });
  }
}

/**
 * Nothing serves any more once workerd is gone: killed by hand, or because the machine ran out of memory.
 * @param {import("./lib/local.mjs").Local} local
 * @param {string} dataDir
 */
function endWithWorkerd(local, dataDir) {
  const watch = setInterval(() => {
    if (local.isServing()) return;
    console.error(`workerd, the server process, was killed from outside. Its data is in ${dataDir}: the next start continues with it.`);
    process.exit(1);
  }, 500);
  watch.unref();
  return watch;
}

/** @returns {Promise<Record<string, string>>} the environment's values for the vars of `wrangler.toml` and of the local run */
async function varsOfEnvironment() {
  const { readConfig } = await import("./lib/config.mjs");
  const { localVars } = await import("./lib/local.mjs");
  /** @type {Record<string, string>} */
  const vars = {};
  for (const name of [...Object.keys(readConfig().vars), ...Object.keys(localVars)]) {
    const value = process.env[name];
    if (value !== undefined) vars[name] = value;
  }
  return vars;
}

/** @param {import("./lib/seed.mjs").Demo} demo @param {string} dataDir @param {boolean} isNew */
async function printDemo(demo, dataDir, isNew) {
  const { exampleCall, exampleReceived, receiverOf } = await import("./lib/seed.mjs");
  say("demo", isNew ? "an organisation was created for you:" : "your data is as you left it; the demo organisation:");
  for (const [name, value] of Object.entries(demo)) console.log(`  ${name}=${value}`);
  say("demo", `Studio, the web console: ${demo.BASE_URL}/studio; sign in with the OWNER_KEY`);
  say("demo", `the same is in ${dataDir}/demo.env; place a call:`);
  console.log(exampleCall(demo, await receiverOf(demo)));
  say("demo", "and see its callback, which goes to the run's own receiver:");
  console.log(exampleReceived(demo));
}

/** @param {string | undefined} text */
function readPort(text) {
  const port = Number(text ?? 8787);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UserError(`PORT must be a port number, not ${text}`);
  return port;
}

/** @param {string} name */
function readSeconds(name) {
  const text = process.env[name] || "0";
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds < 0) throw new UserError(`${name} must be a number of seconds, not ${text}`);
  return seconds;
}

/** @param {string | undefined} text relative to the project's folder */
function readDataDir(text) {
  const dataDir = text || ".local";
  return isAbsolute(dataDir) ? dataDir : inRoot(dataDir);
}
