// The Worker on this machine: Miniflare with the bindings of `wrangler.toml`. The local run and the tests start it in the same
// way.

import { randomBytes } from "node:crypto";
import { accessSync, appendFileSync, constants, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Log, LogLevel, Miniflare, Response } from "miniflare";
import { logError } from "../../src/edge/log.js";
import { bindingOptions, readConfig } from "./config.mjs";
import { UserError } from "./log.mjs";
import { takeOwnership } from "./owner.mjs";
import { readIfThere, writeWhole } from "./paths.mjs";
import { staleKv } from "./stale-kv.mjs";
import { outDirs } from "./wasm.mjs";

const CRON_INTERVAL_MS = 60_000;

/**
 * Node closes connections that have been idle for five seconds, even one that workerd is about to use: after a machine has slept,
 * Miniflare's queues would fail on that and never recover. No other server is created here.
 */
const { createServer: createHttpServer } = http;
http.createServer = (/** @type {any[]} */ ...args) => Object.assign(createHttpServer(...args), { keepAliveTimeout: 0 });

/**
 * Miniflare runs one batch of a queue at a time, and Cloudflare up to 250. With this flag a batch is done when its messages are,
 * and work that continues in the background (a phone that rings) does not hold up others; and since connections are not scarce
 * here, the one batch may be as large as Cloudflare's 250 together. `asDeployed` uses neither: one consumer per queue, with the
 * batches of wrangler.toml.
 */
const SIDE_BY_SIDE = "queue_consumer_no_wait_for_wait_until";
const DISPATCH = { queue: "audatec-dispatch", maxBatchSize: 100 };

/** Settings that apply only on a laptop, and are never deployed. */
export const localVars = { CALLBACK_ALLOW_LOOPBACK: "true" };

/**
 * @typedef {{ MASTER_KEY: string, PLATFORM_TOKEN: string, CARRIER_KEYS: string }} Secrets
 *
 * @typedef {object} LocalOptions
 * @property {number} [port] 0, the default, takes a free one
 * @property {string | null} [dataDir] where everything is stored; null, the default, discards it at the end
 * @property {Record<string, string | null>} [vars] instead of those in `wrangler.toml`; null removes one
 * @property {Record<string, string | null>} [secrets] besides the default ones, or instead of them; null removes one
 * @property {string[]} [unbound] objects and queues, by their bindings, that the Worker lacks
 * @property {string} [workerDir] the folder with `index.js` and its `.wasm`; that of the local profile by default
 * @property {Record<string, string>} [objectDirs] the objects of these bindings come from other built Workers, in these folders,
 * as while a release rolls out
 * @property {string} [pagesDir] instead of the pages in `public`
 * @property {boolean} [archive] whether there is a bucket for old calls
 * @property {boolean} [journal] whether each dial of the simulated carrier adds its call's id to `dials.log` of the data folder (default false)
 * @property {boolean} [queues] whether messages to the queues are delivered (default true)
 * @property {boolean} [asDeployed] whether queues are consumed as `wrangler.toml` says, by the single consumer that Cloudflare
 * starts with (default false)
 * @property {number} [kvStaleSeconds] how long KV repeats its first answer, including a miss; 0, the default, is always fresh
 * @property {boolean} [cron] whether a timer fires the cron trigger every minute (default true)
 * @property {(level: string, message: string) => void} [onLog] each console line of the Worker; errors go to stderr by default
 * @property {import("miniflare").WorkerOptions["outboundService"]} [outboundService] answers the Worker's fetches instead of the
 * network
 * @property {(point: { indexes: string[], blobs: string[], doubles: number[] }) => void} [onDataPoint] binds the dataset METRICS,
 * and receives its data points
 * @property {() => void} [beforeStart] called once this process owns the data folder, before anything in it is opened
 *
 * @typedef {object} Local
 * @property {Miniflare} mf bindings by `mf.getDurableObjectNamespace("TRUNKS")`, `mf.getKVNamespace("RECORDS")`, `mf.getQueueProducer("DISPATCH")`
 * @property {string} url without a trailing slash
 * @property {Secrets} secrets
 * @property {() => Promise<void>} runCron fires the cron trigger once, now
 * @property {() => boolean} isServing whether its workerd is still running, for a Worker with a data folder
 * @property {() => Promise<void>} stop ends it abruptly, as a crash would: whatever must survive is on disk
 */

/** Creates the folder for the data. @param {string} path */
function makeFolder(path) {
  const parents = [path];
  while (!existsSync(parents[0] ?? "/")) parents.unshift(dirname(parents[0] ?? "/"));
  try {
    // One level at a time: asked for all of them together, Node never gives up where the kernel creates no folders.
    for (const folder of parents.slice(1)) mkdirSync(folder, { mode: 0o700 });
    accessSync(path, constants.W_OK);
    if (!statSync(path).isDirectory()) throw new Error("it is no folder");
  } catch (error) {
    throw new UserError(`DATA_DIR ${path} can't be used: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Starts the built Worker.
 * @param {LocalOptions} [options]
 * @returns {Promise<Local>}
 */
export async function startLocal(options = {}) {
  const dataDir = options.dataDir ? resolve(options.dataDir) : null;
  const workerDir = options.workerDir ?? outDirs.local;
  if (!existsSync(join(workerDir, "index.js"))) throw new UserError("The Worker is not built: run `node scripts/build.mjs local`.");
  if (dataDir) makeFolder(dataDir);
  const owner = dataDir ? await takeOwnership(dataDir) : null;
  /** @type {Miniflare | undefined} */
  let mf;
  try {
    if (options.port) await checkPortIsFree(options.port);
    options.beforeStart?.();
    const secrets = dataDir ? keptSecrets(dataDir) : newSecrets();
    const config = readConfig();
    const start = (/** @type {number} */ port) => new Miniflare(miniflareOptions(config, secrets, workerDir, dataDir, { ...options, port }));
    const started = await listening(start, options.port ?? 0);
    mf = started.mf;
    const { url } = started;
    owner?.serving(url);
    return handle(mf, url, secrets, config.triggers.crons, owner, options.cron ?? true);
  } catch (error) {
    await mf?.dispose().catch(() => {});
    owner?.release();
    throw error;
  }
}

/**
 * A free port may be taken by another program before the Worker listens on it: then another port is tried.
 * @param {(port: number) => Miniflare} start
 * @param {number} port 0 for any
 * @returns {Promise<{ mf: Miniflare, url: string }>}
 */
async function listening(start, port) {
  for (let tries = 1; ; tries++) {
    const mf = start(port || (await freePort()));
    try {
      return { mf, url: (await mf.ready).href.replace(/\/$/, "") };
    } catch (error) {
      await mf.dispose().catch(() => {});
      if (port || tries === 5) throw error;
    }
  }
}

/**
 * @param {Miniflare} mf
 * @param {string} url
 * @param {Secrets} secrets
 * @param {string[]} crons
 * @param {{ isServing(): boolean, release(): void } | null} owner
 * @param {boolean} withTimer
 * @returns {Local}
 */
function handle(mf, url, secrets, crons, owner, withTimer) {
  const runCron = async () => {
    const worker = await mf.getWorker();
    for (const cron of crons) await worker.scheduled({ cron, scheduledTime: new Date() });
  };
  // Miniflare fires no cron trigger by itself.
  const timer = setInterval(() => {
    runCron().catch((error) => logError("cron_failed", error));
  }, CRON_INTERVAL_MS);
  if (!withTimer) clearInterval(timer);
  timer.unref();
  return {
    mf,
    url,
    secrets,
    runCron,
    isServing: () => owner?.isServing() ?? true,
    async stop() {
      clearInterval(timer);
      await mf.dispose();
      owner?.release();
    },
  };
}

/**
 * @param {import("./config.mjs").Config} config
 * @param {Secrets} secrets
 * @param {string} workerDir
 * @param {string | null} dataDir
 * @param {LocalOptions & { port: number }} options
 * @returns {import("miniflare").MiniflareOptions}
 */
function miniflareOptions(config, secrets, workerDir, dataDir, options) {
  const bound = without(bindingOptions(config), options.unbound ?? []);
  const where = { PUBLIC_URL: `http://127.0.0.1:${options.port}` };
  const vars = { ...bound.bindings, ...where, ...localVars, ...options.vars, ...secrets, ...options.secrets };
  const onLog = options.onLog ?? showErrors;
  const { assets } = bound;
  const worker = {
    ...bound,
    ...(assets && options.pagesDir && { assets: { ...assets, directory: options.pagesDir } }),
    ...(options.archive && { r2Buckets: { ARCHIVE: "archive" } }),
    compatibilityFlags: options.asDeployed ? bound.compatibilityFlags : [...bound.compatibilityFlags, SIDE_BY_SIDE],
    queueConsumers: (options.queues ?? true) ? queueConsumers(bound.queueConsumers, options.asDeployed ?? false) : [],
    name: config.name,
    bindings: Object.fromEntries(Object.entries(vars).filter(([, value]) => value !== null)),
    ...modulesOf(workerDir, options.kvStaleSeconds ? staleKv(workerDir, options.kvStaleSeconds) : []),
    ...(options.journal && dataDir && { serviceBindings: { SIM_JOURNAL: journalIn(dataDir) } }),
    ...(options.outboundService && { outboundService: options.outboundService }),
    ...(options.onDataPoint && { wrappedBindings: { METRICS: { scriptName: DATASET } } }),
  };
  const others = options.onDataPoint ? [dataset(options.onDataPoint)] : [];
  const all = options.objectDirs ? releases(worker, options.objectDirs) : [worker];
  return {
    ...(all.length + others.length > 1 ? { workers: [...all, ...others] } : worker),
    host: "127.0.0.1",
    port: options.port,
    cf: false, // else Miniflare asks the network for sample data about the client
    telemetry: { enabled: false },
    logRequests: false,
    verbose: true, // else a rejected `waitUntil`, or what a timer, an alarm or a queue handler throws, is told nobody
    log: new Log(LogLevel.ERROR),
    handleStructuredLogs: (/** @type {{ level: string, message: string }} */ line) => onLog(line.level, line.message),
    ...(dataDir && { defaultPersistRoot: join(dataDir, "state") }),
  };
}

/**
 * The bindings of a deployment that lacks some.
 * @template {{ durableObjects: object, queueProducers: object }} Bound
 * @param {Bound} bound
 * @param {string[]} names
 * @returns {Bound}
 */
function without(bound, names) {
  const rest = (/** @type {object} */ all) => Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
  return { ...bound, durableObjects: rest(bound.durableObjects), queueProducers: rest(bound.queueProducers) };
}

const DATASET = "dataset";

/**
 * Takes the place of a Workers Analytics Engine dataset: Miniflare's own discards its data.
 * @param {NonNullable<LocalOptions["onDataPoint"]>} onDataPoint
 */
function dataset(onDataPoint) {
  return {
    name: DATASET,
    modules: true,
    script: `export default (env) => ({
      writeDataPoint: (point) => void env.TOLD.fetch("http://dataset/", { method: "POST", body: JSON.stringify(point) }),
    });`,
    serviceBindings: {
      TOLD: async (/** @type {import("miniflare").Request} */ request) => {
        onDataPoint(/** @type {any} */ (await request.json()));
        return new Response(null, { status: 204 });
      },
    },
  };
}

/**
 * The modules in a built Worker's folder.
 * @param {string} workerDir
 * @param {import("miniflare").ModuleDefinition[]} before
 */
function modulesOf(workerDir, before = []) {
  return {
    modulesRoot: workerDir,
    modules: [
      ...before,
      { type: /** @type {const} */ ("ESModule"), path: join(workerDir, "index.js") },
      // There is one, to whose name Wrangler adds a hash.
      ...readdirSync(workerDir)
        .filter((name) => name.endsWith(".wasm"))
        .map((name) => ({ type: /** @type {const} */ ("CompiledWasm"), path: join(workerDir, name) })),
    ],
  };
}

/**
 * A Worker, and the other Workers that some of its objects come from: each finds all objects by the same bindings.
 * @template {{ name: string, durableObjects: Record<string, { className: string, useSQLite: boolean }> }} Worker
 * @param {Worker} worker
 * @param {Record<string, string>} objectDirs
 */
function releases(worker, objectDirs) {
  const folders = [...new Set(Object.values(objectDirs))];
  const scriptOf = (/** @type {string} */ binding) => {
    const at = folders.indexOf(objectDirs[binding] ?? "");
    return at < 0 ? worker.name : `${worker.name}-${at}`;
  };
  const bound = (/** @type {string} */ own) => {
    const objects = Object.entries(worker.durableObjects);
    return Object.fromEntries(objects.map(([binding, object]) => [binding, { ...object, ...(scriptOf(binding) !== own && { scriptName: scriptOf(binding) }) }]));
  };
  const others = folders.map((folder, at) => {
    const name = `${worker.name}-${at}`;
    // Requests, queues and pages go to the first one.
    return { ...worker, name, ...modulesOf(folder), durableObjects: bound(name), queueConsumers: [], assets: undefined };
  });
  return [{ ...worker, durableObjects: bound(worker.name) }, ...others];
}

/** @param {ReturnType<typeof bindingOptions>["queueConsumers"]} bound @param {boolean} asDeployed */
function queueConsumers(bound, asDeployed) {
  if (asDeployed) return bound;
  return { ...bound, [DISPATCH.queue]: { ...bound[DISPATCH.queue], maxBatchSize: DISPATCH.maxBatchSize } };
}

/**
 * The simulated carrier's journal: a line per dial, written before the dialer learns that it dialed, and outside everything that
 * the Worker stores. So it shows what rang, whatever the Worker remembers. Only the local run binds one.
 * @param {string} dataDir
 */
function journalIn(dataDir) {
  const path = join(dataDir, "dials.log");
  return async (/** @type {import("miniflare").Request} */ request) => {
    appendFileSync(path, `${await request.text()}\n`);
    return new Response(null, { status: 204 });
  };
}

/**
 * What is logged when something broke that nobody caught: for a bare rejected promise by the listener of `entry.js`, for anything
 * else by the runtime, at level info.
 */
const BROKEN = /uncaught exception|unhandled rejection|trapped|panicked|"event":"(?:request_failed|promise_rejected)"/i;
/**
 * Miniflare's fetches for the Worker are made by another Worker, whose failed connections it reports, caught or not; workerd
 * reports each client that left before its response was written, as a browser does whose page is closed; and it reports each
 * object that dies because it was told to delete everything, as `erase.js` does.
 */
const NOT_OURS =
  /^uncaught exception; (?:.*\bError: (?:Network connection lost\.|It was emptied)\s*(?:\nstack: |$)|exception = kj\/\S+ disconnected: )/;

/** @param {string} message a line of the Worker's console @returns {boolean} whether something broke that nobody caught */
export const tellsOfBreakage = (message) => BROKEN.test(message) && !NOT_OURS.test(message);

/** @param {string} level @param {string} message */
function showErrors(level, message) {
  if (level === "error" || message.startsWith('{"level":') || tellsOfBreakage(message)) console.error(`[worker] ${message}`);
}

/** @returns {Secrets} */
function newSecrets() {
  return {
    MASTER_KEY: randomBytes(32).toString("base64"),
    PLATFORM_TOKEN: `platform_${randomBytes(24).toString("hex")}`,
    CARRIER_KEYS: `k1:${randomBytes(32).toString("base64")}`,
  };
}

/** @param {string} dataDir @returns {Secrets} created once for a data folder, since its data is sealed with them */
function keptSecrets(dataDir) {
  const path = join(dataDir, "secrets.json");
  const kept = JSON.parse(readIfThere(path) ?? "{}");
  const secrets = { ...newSecrets(), ...kept };
  if (Object.keys(kept).length === Object.keys(secrets).length) return secrets;
  writeWhole(path, `${JSON.stringify(secrets, null, 2)}\n`, 0o600);
  return secrets;
}

/** @param {number} port */
async function checkPortIsFree(port) {
  // A process that has just ended may hold its port for a moment longer.
  for (let waited = 0; !(await canListen(port)); waited += 100) {
    if (waited >= 2000) throw new UserError(`Port ${port} is taken by another program. Set PORT to a free one.`);
    await delay(100);
  }
}

/** @returns {Promise<number>} a port that nobody listens on: it must be known before the Worker starts, which tells agents its URL */
function freePort() {
  return new Promise((done, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => done(port));
    });
  });
}

/** @param {number} port @returns {Promise<boolean>} */
function canListen(port) {
  return new Promise((done, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === "EADDRINUSE") done(false);
      else reject(error);
    });
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}
