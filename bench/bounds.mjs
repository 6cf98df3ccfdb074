#!/usr/bin/env node
// `npm run prove -- bounds`, or `node bench/bounds.mjs [--quick] [--json FILE] [--only PART,…] [FOLDER …]`: what a large or
// unlucky trunk costs in time, memory, disk and rows read, for each built Worker given (by default the local build). Its rows are
// those of the first release (yesterday.mjs); a later one migrates them when it first sees them. With BOUNDS_LARGE=0, or --quick,
// everything is a twentieth of the size. It takes some gigabytes of memory, for /dev/shm.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startLocal } from "../scripts/lib/local.mjs";
import { runMain, say, seconds, UserError } from "../scripts/lib/log.mjs";
import { root } from "../scripts/lib/paths.mjs";
import { outDirs } from "../scripts/lib/wasm.mjs";
import { emptyWorker, instrument, wasmMemory } from "./instrument.mjs";
import { RARE } from "./rows.mjs";
import { richMetadata, Yesterday } from "./yesterday.mjs";

const { values: options, positionals } = parseArgs({
  options: { quick: { type: "boolean" }, json: { type: "string" }, only: { type: "string" }, maker: { type: "string" } },
  allowPositionals: true,
});
const QUICK = options.quick ?? process.env["BOUNDS_LARGE"] === "0";
/** @param {number} count */
const some = (count) => (QUICK ? count / 20 : count);

const FINISHED = some(1_000_000);
const PENDING_BESIDE = some(100_000);
const PENDING = some(45_000);
const LIVE = some(10_000);
const IN_LINE = some(10_000);
const OF_1_KB = some(40_000);
const PLACED = QUICK ? 1_000 : 5_000;
const METADATA = 16_384;
const VIEWERS = 10;
const RESTARTS = 3;
const STARTS = QUICK ? 5 : 15;
/** How much later than a Worker that does nothing a newly started one may answer. */
const START_MS = 10;
const ADMITTING_MS = QUICK ? 3_000 : 8_000;
const BESIDE_VIEWERS_MS = QUICK ? 5_000 : 20_000;
const MIGRATION_MS = 1_800_000;
/** How often progress is reported. */
const TOLD_EVERY_MS = 10_000;
/** A Worker is idle if it does next to nothing for this long. */
const IDLE_MS = 2_000;
const IDLE_SHARE = 0.02;
const MOST_BYTES = 5 * 2 ** 30;
const NO_ANSWER = { status: 0, ms: Infinity, body: null };
const MB = 1 << 20;
const HOUR_MS = 3_600_000;

/** Calls that stay as they are, and callbacks that are not due again for a long time. */
const VARS = { SIM_RING_MS: "36000000", RING_TIMEOUT_SECONDS: "36000", MAX_CALL_SECONDS: "36000", RETENTION_DAYS: "3650" };

/**
 * @typedef {import("../scripts/lib/local.mjs").Local} Local
 * @typedef {{ key: string, agent: string, org: string, trunk: string, call?: string, rows?: number }} Setup an organisation with one trunk, one of its calls, and how many the first release left
 * @typedef {{ name: string, value: number, unit: string, limit?: number, note?: string }} Figure
 * @typedef {{ dir: string, dataDir: string, setups: Record<string, Setup>, figures: Figure[] }} Run
 */

const http = new Agent({ keepAlive: true, maxSockets: 64 });

/**
 * @param {Local} local @param {string} key @param {string} method @param {string} path @param {unknown} [body]
 * @returns {Promise<{ status: number, body: any, ms: number }>}
 */
function ask(local, key, method, path, body) {
  return new Promise((done, reject) => {
    const startedAt = performance.now();
    const json = body === undefined ? "" : JSON.stringify(body);
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", "content-length": Buffer.byteLength(json) };
    const sent = request(local.url + path, { method, headers, agent: http }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      answer.on("end", () =>
        done({ status: answer.statusCode ?? 0, body: text ? JSON.parse(text) : null, ms: performance.now() - startedAt }),
      );
    });
    sent.on("error", reject);
    sent.end(json);
  });
}

const V1 = "/integration/v1";

/** @param {Local} local @param {string} key @param {string} path @param {unknown} body */
async function make(local, key, path, body) {
  const answer = await ask(local, key, "POST", path, body);
  if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** @param {Local} local @param {number} [max_channels] @returns {Promise<Setup>} */
async function newSetup(local, max_channels = 10_000) {
  const { org, owner_key: key } = await make(local, local.secrets.PLATFORM_TOKEN, "/platform/v1/orgs", { name: "Acme" });
  const fields = ["customer_name", "amount_due", "due_date"];
  const agent = await make(local, key, `${V1}/agents`, { name: "Agent", agent_code: "a", input_schema: { fields, sample_context: {} } });
  const wanted = { name: "Trunk", trunk_phone: "+918069000000", max_cps: 1000, max_channels, carrier: { type: "simulator" } };
  const trunk = await make(local, key, `${V1}/sip-trunks`, wanted);
  return { key, agent: agent.id, org: org.id, trunk: trunk.id };
}

/** @param {number[]} times @param {number} share */
function quantile(times, share) {
  const sorted = [...times].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** @type {string[]} */
const folders = [];
// Gigabytes of memory, which nobody else would free: however this process ends, they are removed.
process.once("exit", () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.once(signal, () => process.exit(1));

/** In memory if there is room, so that the Worker is measured and not this machine's disk. @param {string} name */
function newDataDir(name) {
  const memory = "/dev/shm";
  const room = existsSync(memory) ? statfsSync(memory) : { bavail: 0, bsize: 0 };
  const folder = mkdtempSync(join(room.bavail * room.bsize > FINISHED * 7_000 ? memory : tmpdir(), `bounds-${name}-`));
  folders.push(folder);
  return folder;
}

/**
 * The trunks of one folder, as the first release left them: created by a build that runs SQL.
 * @param {string} dataDir
 * @param {Record<string, (rows: Yesterday, setup: Setup) => Promise<void>>} trunks
 * @param {Record<string, Setup>} [known] existing ones, to add rows to
 */
async function fillTrunks(dataDir, trunks, known = {}) {
  const startedAt = performance.now();
  const local = await startLocal({ dataDir, cron: false, vars: VARS, ...(options.maker && { workerDir: options.maker }) });
  try {
    for (const [name, fill] of Object.entries(trunks)) {
      const limits = { max_cps: 1000, max_channels: 10_000 };
      const setup = known[name] ?? (await newSetup(local));
      const rows = new Yesterday(local, setup.trunk, { org: setup.org, agent: setup.agent });
      if (!known[name]) await rows.begin(limits);
      const write = rows.write.bind(rows);
      const tell = nowAndThen();
      rows.write = async (kind, wish) => {
        setup.rows = (setup.rows ?? 0) + wish.count;
        return write(kind, wish, (done) => tell(() => `${kind}: ${share(done / wish.count)} of ${wish.count.toLocaleString("en")} rows`));
      };
      await fill(rows, setup);
      known[name] = setup;
      say("bench", `rows of the trunk "${name}", ${seconds(startedAt)}`);
    }
  } finally {
    await local.stop();
  }
  return known;
}

/** @param {Run} run @param {(local: Local) => Promise<void>} measure @param {{ queues?: boolean, vars?: Record<string, string> }} [how] */
async function inWorker(run, measure, { queues = false, vars = {} } = {}) {
  const local = await startLocal({ dataDir: run.dataDir, cron: false, vars: { ...VARS, ...vars }, workerDir: run.dir, queues, onLog: () => {} });
  // A build that used up all memory would take it from everything else on this machine: it is killed, and has no answer.
  const watch = setInterval(() => {
    for (const pid of children()) {
      if (residentBytes(pid) > MOST_BYTES) process.kill(pid, "SIGKILL");
    }
  }, 200);
  try {
    await measure(local);
  } finally {
    clearInterval(watch);
    await local.stop();
  }
}

/** @param {unknown} error @returns {boolean} whether nobody listens any more */
const isGone = (error) => String(error).includes("ECONNREFUSED");

/** The counters of a trunk's object. @param {Local} local @param {Setup} setup */
async function work(local, setup) {
  const trunks = await local.mf.getDurableObjectNamespace("TRUNKS");
  const object = trunks.get(trunks.idFromName(setup.trunk.slice(0, 8)));
  const answer = await object.fetch("http://object/", { method: "POST", body: '"Work"' });
  return /** @type {{ Work: Record<string, number> }} */ (await answer.json()).Work;
}

/** Reports something at most every ten seconds. @returns {(what: () => string) => void} */
function nowAndThen() {
  let toldAt = performance.now();
  return (what) => {
    if (performance.now() - toldAt < TOLD_EVERY_MS) return;
    toldAt = performance.now();
    say("bench", what());
  };
}

/** @param {number} part */
const share = (part) => `${(Math.min(1, part) * 100).toFixed(0)} %`;

/** Lets a later release migrate the first one's rows, until nothing is left to do. @param {Run} run @param {string[]} names */
async function migrated(run, names) {
  const startedAt = performance.now();
  let endedAt = startedAt;
  const tell = nowAndThen();
  await inWorker(run, async (local) => {
    for (const name of names) {
      const setup = /** @type {Setup} */ (run.setups[name]);
      for (let idle = false; !idle; ) {
        if (performance.now() - startedAt > MIGRATION_MS) throw new UserError(`the rows of ${name} are not taken over after ${seconds(startedAt)}`);
        const path = `${V1}/calls/${setup.call}/status`;
        if (await ask(local, setup.key, "GET", path).then(() => false, isGone)) break;
        endedAt = performance.now();
        const before = cpuMs();
        await delay(IDLE_MS);
        idle = cpuMs() - before < IDLE_MS * IDLE_SHARE;
        // For each migrated call one row is written and one removed.
        const written = (await work(local, setup).catch(() => null))?.["rows_written"] ?? 0;
        tell(() => `${name}: ${share(written / 2 / (setup.rows ?? 1))} of its rows taken over, ${seconds(startedAt)}`);
      }
    }
  });
  run.figures.push({ name: `first sight of the rows of ${names.join(", ")}`, value: (endedAt - startedAt) / 1000, unit: "s" });
}

/** The first answer of an evicted object. @param {Run} run @param {string} name */
async function coldLoad(run, name) {
  const [times, empty] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  const setup = /** @type {Setup} */ (run.setups[name]);
  const reference = /** @type {Setup} */ (run.setups["empty"]);
  for (let restart = 0; restart < RESTARTS; restart++) {
    await inWorker(run, async (local) => {
      await ask(local, reference.key, "GET", `${V1}/agents`); // the isolate is warm, the objects are not
      for (const [which, into] of /** @type {[Setup, number[]][]} */ ([[reference, empty], [setup, times]])) {
        const { status, ms } = await ask(local, which.key, "GET", `${V1}/calls/${which.call}/status`).catch(() => NO_ANSWER);
        if (status !== 200) throw new UserError(`a call of the trunk "${name}", or of one without calls, was answered ${status} after a restart`);
        into.push(ms);
      }
    });
  }
  return Math.min(...times) - Math.min(...empty);
}

/** WebAssembly memory after the trunk was loaded, and after a page of its calls, beyond what a trunk without calls takes. @param {Run} run @param {string} name */
async function memory(run, name) {
  /** @param {string} which */
  const of = async (which) => {
    const setup = /** @type {Setup} */ (run.setups[which]);
    /** @type {number[]} */
    const bytes = [];
    await inWorker(run, async (local) => {
      for (const path of [`calls/${setup.call}/status`, `calls?limit=1&sip_trunk_id=${setup.trunk}`]) {
        const { status } = await ask(local, setup.key, "GET", `${V1}/${path}`).catch(() => NO_ANSWER);
        if (status !== 200) throw new UserError(`${path} of the trunk "${which}" was answered ${status} after a restart`);
        bytes.push(await wasmMemory(local));
      }
    });
    return /** @type {[number, number]} */ (bytes);
  };
  const [[loaded, listed], [emptyLoaded, emptyListed]] = [await of(name), await of("empty")];
  return [loaded - emptyLoaded, listed - emptyListed].map((bytes) => bytes / MB);
}

/** The child processes: workerd. */
function children() {
  const pids = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ");
  return pids.filter(Boolean).map(Number);
}

/** @param {number} pid */
function residentBytes(pid) {
  const path = `/proc/${pid}/statm`;
  return existsSync(path) ? Number(readFileSync(path, "utf8").split(" ")[1]) * 4_096 : 0;
}

/** Their CPU time, in ms. */
function cpuMs() {
  const spent = children().map((pid) => {
    const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    const fields = rest.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  });
  return spent.reduce((sum, ms) => sum + ms, 0);
}

/** @param {Setup} setup */
const call = ({ agent, trunk }) => ({
  phone_number: "+15005550000",
  agent_id: agent,
  sip_trunk_id: trunk,
  metadata: { customer_name: "Rahul Sharma", amount_due: "7500", due_date: "2026-06-20" },
});

/** Four trunks, sixteen callers: as many calls as can be accepted. @param {Run} run */
async function admissions(run) {
  await inWorker(run, async (local) => {
    const setups = await Promise.all(Array.from({ length: 4 }, () => newSetup(local)));
    let accepted = 0;
    const caller = async (/** @type {number} */ n, /** @type {number} */ until) => {
      while (performance.now() < until) {
        const setup = /** @type {Setup} */ (setups[n % 4]);
        const { status } = await ask(local, setup.key, "POST", `${V1}/calls`, call(setup));
        if (status === 201) accepted += 1;
      }
    };
    const callers = (/** @type {number} */ ms) => Promise.all(Array.from({ length: 16 }, (_, n) => caller(n, performance.now() + ms)));
    await callers(1_000);
    accepted = 0;
    const [startedAt, before] = [performance.now(), cpuMs()];
    await callers(ADMITTING_MS);
    const [took, spent] = [performance.now() - startedAt, cpuMs() - before];
    run.figures.push({ name: "calls accepted a second", value: (accepted / took) * 1000, unit: "/s" });
    run.figures.push({ name: "CPU of an accepted call", value: (spent / accepted) * 1000, unit: "µs" });
  });
}

/** Admissions one after another, each timed separately: one that is not accepted counts as taking for ever. @param {Local} local @param {Setup} setup @param {number} ms */
async function oneByOne(local, setup, ms) {
  const times = [];
  let refused = 0;
  for (const until = performance.now() + ms; performance.now() < until; ) {
    const startedAt = performance.now();
    const { status } = await ask(local, setup.key, "POST", `${V1}/calls`, call(setup)).catch(() => ({ status: 0 }));
    if (status !== 201) refused += 1;
    times.push(status === 201 ? performance.now() - startedAt : Infinity);
    await delay(10);
  }
  return { times, refused };
}

/** Somebody who reads what a trunk has: history, lists, the feed, filtered by rare values. @param {Local} local @param {Setup} setup @param {AbortSignal} signal */
async function view(local, setup, signal) {
  const seen = { answers: 0, failed: 0, longest: 0 };
  const paths = [
    `events?limit=100&type=call.declined`,
    `calls?limit=100&phone_number=${encodeURIComponent(RARE)}`,
    `calls?limit=100&call_status=Decline`,
    `webhooks/deliveries?limit=100&status=exhausted`,
    `events?limit=100`,
    `calls?limit=100`,
  ];
  for (let n = Math.floor(Math.random() * paths.length); !signal.aborted; n++) {
    const path = `${V1}/${paths[n % paths.length]}`;
    for (let page = 0, cursor = ""; page < 5 && !signal.aborted; page++) {
      const answer = await ask(local, setup.key, "GET", path + cursor).catch(() => NO_ANSWER);
      if (answer.status !== 200) {
        if (answer.status !== 0) seen.failed += 1;
        await delay(50); // a connection that was closed when it was used again, or worse
        break;
      }
      const { body } = answer;
      seen.answers += 1;
      seen.longest = Math.max(seen.longest, answer.ms);
      if (!body?.next_cursor) break;
      cursor = `&${path.includes("events") ? "after" : "cursor"}=${body.next_cursor}`;
    }
  }
  return seen;
}

/** @param {Run} run */
async function besideViewers(run) {
  const setup = /** @type {Setup} */ (run.setups["full"]);
  const known = FINISHED.toLocaleString("en");
  await inWorker(run, async (local) => {
    await rowsRead(run, local, setup);
    await oneByOne(local, setup, 2_000);
    const alone = await oneByOne(local, setup, BESIDE_VIEWERS_MS);
    const stop = new AbortController();
    const viewers = Array.from({ length: VIEWERS }, () => view(local, setup, stop.signal));
    await delay(500);
    const beside = await oneByOne(local, setup, BESIDE_VIEWERS_MS);
    stop.abort();
    const seen = await Promise.all(viewers);
    const sum = (/** @type {"answers" | "failed"} */ what) => seen.reduce((sum, viewer) => sum + viewer[what], 0);
    const [answers, failed] = [sum("answers"), sum("failed")];
    if (answers === 0) throw new UserError("no viewer had an answer: nothing was measured beside them");
    const [without, p99] = [quantile(alone.times, 0.99), quantile(beside.times, 0.99)];
    const note = `${answers} answers to viewers, median ${quantile(beside.times, 0.5).toFixed(1)} ms, longest ${Math.max(...beside.times).toFixed(0)} ms`;
    run.figures.push({ name: "admissions that were not accepted", value: alone.refused + beside.refused, unit: "", limit: 0 });
    run.figures.push({ name: `admission p99 at ${known} finished calls`, value: without, unit: "ms" });
    run.figures.push({ name: `admission p99 beside ${VIEWERS} viewers`, value: p99, unit: "ms", limit: 50, note });
    run.figures.push({ name: `answers to viewers that failed`, value: failed, unit: "", limit: 0, note: `the longest took ${Math.max(...seen.map(({ longest }) => longest)).toFixed(0)} ms` });
    run.figures.push({ name: `that p99 by the one without viewers`, value: p99 / without, unit: "×", limit: 1.5 });
  });
}

/** @param {Run} run @param {Local} local @param {Setup} setup */
async function rowsRead(run, local, setup) {
  const pages = { "a list page without a filter": "calls?limit=100", "a list page by a rare number": `calls?limit=100&phone_number=${encodeURIComponent(RARE)}` };
  for (const [name, path] of Object.entries(pages)) {
    const before = (await work(local, setup))["rows_read"] ?? 0;
    const { ms } = await ask(local, setup.key, "GET", `${V1}/${path}`);
    const rows = ((await work(local, setup))["rows_read"] ?? 0) - before;
    // 20,000 are looked at, once each.
    run.figures.push({ name: `rows read by ${name}`, value: rows, unit: "rows", limit: 20_400, note: `${ms.toFixed(0)} ms` });
  }
}

/**
 * A queue of calls with rich metadata, all of them really placed: no trunk of the first release could have had it.
 * @param {Run} run
 */
async function inLine(run) {
  const metadata = JSON.parse(richMetadata(METADATA));
  await inWorker(run, async (local) => {
    const setup = await newSetup(local, 1);
    run.setups["line"] = setup;
    await make(local, setup.key, `${V1}/calls`, call(setup)); // holds the only channel
    const queued = { ...call(setup), metadata, on_capacity: "queue", max_wait_seconds: 3600 };
    let [left, accepted] = [IN_LINE, 0];
    const caller = async () => {
      while (left-- > 0) {
        const answer = await ask(local, setup.key, "POST", `${V1}/calls`, queued).catch(() => NO_ANSWER);
        setup.call ??= answer.body?.call_id;
        if (answer.status === 201) accepted += 1;
        else left = 0;
      }
    };
    await Promise.all(Array.from({ length: 8 }, caller));
    if (accepted !== IN_LINE) throw new UserError(`${accepted} calls of ${IN_LINE} stand in the queue`);
  });
}

/** The bytes in use in a trunk's file. @param {Run} run @param {Setup} setup */
async function bytesInUse(run, setup) {
  let file = "";
  await inWorker(run, async (local) => {
    const trunks = await local.mf.getDurableObjectNamespace("TRUNKS");
    const name = `${trunks.idFromName(setup.trunk.slice(0, 8))}.sqlite`;
    const files = readdirSync(run.dataDir, { recursive: true, encoding: "utf8" });
    file = join(run.dataDir, files.find((path) => path.endsWith(name)) ?? name);
  });
  const { DatabaseSync } = await import("node:sqlite"); // not in every Node that builds this project
  const database = new DatabaseSync(file);
  const pragma = (/** @type {string} */ name) => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
  const used = (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  database.close();
  return used;
}

/** Calls that are really placed, and over immediately. @param {Run} run @param {Setup} setup @param {number} count @param {unknown} metadata */
async function place(run, setup, count, metadata) {
  const vars = { SIM_RING_MS: "10", SIM_TALK_MS: "10" };
  await inWorker(
    run,
    async (local) => {
      let left = count;
      const caller = async () => {
        while (left-- > 0) await make(local, setup.key, `${V1}/calls`, { ...call(setup), metadata });
      };
      await Promise.all(Array.from({ length: 8 }, caller));
      const live = async () => (await ask(local, setup.key, "GET", `${V1}/sip-trunks/${setup.trunk}/live`)).body.in_use;
      for (let idle = 0; idle < 2; idle += (await live()) === 0 ? 1 : 0) await delay(1_000);
    },
    { queues: true, vars },
  );
}

/** The size of finished calls that this build wrote itself, and of those that it migrated from the first release. @param {Run} run */
async function disk(run) {
  const taken = /** @type {Setup} */ (run.setups["disk"]);
  const metadata = JSON.parse(padded());
  /** @type {Setup | undefined} */
  let setup;
  await inWorker(run, async (local) => void (setup = await newSetup(local)));
  if (!setup) return;
  await place(run, setup, 100, metadata);
  const before = await bytesInUse(run, setup);
  await place(run, setup, PLACED, metadata);
  const value = ((await bytesInUse(run, setup)) - before) / PLACED;
  run.figures.push({ name: "bytes on disk of a finished call of 1 KB", value, unit: "bytes", limit: 1_600 });
  run.figures.push({ name: "the same, of the first release's", value: (await bytesInUse(run, taken)) / OF_1_KB, unit: "bytes" });
}

/** Metadata that brings a finished call's document to 1 KB. */
function padded() {
  const row = JSON.parse(readFileSync(join(root, "tests/golden/rows/plain.json"), "utf8"));
  const metadata = { ...JSON.parse(row.doc).request.metadata, note: "" };
  return JSON.stringify({ ...metadata, note: "x".repeat(Math.max(0, 1_024 - row.doc.length - ',"note":""'.length)) });
}

/** @type {Record<string, (run: Run) => Promise<void>>} */
const PARTS = {
  // What a request waits for that finds no isolate: the module's code running for the first time; no object is asked.
  async start(run) {
    const [times, floor] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
    const empty = { ...run, dir: emptyWorker(), dataDir: newDataDir("floor") };
    for (let start = 0; start < STARTS; start++) {
      // In turns, so that both face the same machine.
      for (const [which, into] of /** @type {[Run, number[]][]} */ ([[empty, floor], [run, times]])) {
        await inWorker(which, async (local) => void into.push((await ask(local, "no key", "GET", `${V1}/agents`)).ms));
      }
    }
    rmSync(empty.dir, { recursive: true, force: true });
    const [value, least] = [Math.min(...times), Math.min(...floor)];
    const note = `of ${STARTS}, the quickest ${value.toFixed(1)} ms; of one that does nothing ${least.toFixed(1)} ms`;
    run.figures.push({ name: "first answer of a Worker that was just started, median", value: quantile(times, 0.5), unit: "ms", note });
    run.figures.push({ name: "the quickest, later than that of one that does nothing", value: value - least, unit: "ms", limit: START_MS });
  },
  admissions,
  async live(run) {
    await migrated(run, ["live"]);
    run.figures.push({ name: `cold load with ${LIVE.toLocaleString("en")} live calls`, value: await coldLoad(run, "live"), unit: "ms", limit: 300, note: "more than a trunk without calls" });
  },
  async memory(run) {
    await migrated(run, ["pending"]);
    await inLine(run);
    for (const [name, what, limit] of /** @type {[string, string, number][]} */ ([
      ["pending", `${PENDING.toLocaleString("en")} pending callbacks`, 2],
      ["line", `${IN_LINE.toLocaleString("en")} calls in line with 16 KB metadata`, 8],
    ])) {
      const [loaded = 0, listed = 0] = await memory(run, name);
      const note = `after GET /calls?limit=1: ${listed.toFixed(1)} MB; beyond a trunk without calls`;
      run.figures.push({ name: `wasm memory after a restart with ${what}`, value: loaded, unit: "MB", limit, note });
    }
  },
  async disk(run) {
    await migrated(run, ["disk"]);
    await disk(run);
  },
};

/** Measures a build with the trunks in one folder, then with those that have a million calls. @param {string} workerDir @returns {Promise<Run>} */
async function measure(workerDir) {
  const startedAt = performance.now();
  const wanted = options.only?.split(",");
  const isWanted = (/** @type {string} */ part) => !wanted || wanted.includes(part);
  /** @type {Run} */
  const run = { dir: instrument(workerDir), dataDir: newDataDir("small"), setups: {}, figures: [] };
  const now = Date.now();
  const dueAt = now + 20 * HOUR_MS;
  try {
    /** @param {Setup} setup @param {string[]} ids */
    const oneOf = (setup, ids) => void (setup.call = ids[Math.floor(ids.length / 2)]);
    run.setups = await fillTrunks(run.dataDir, {
      empty: async (rows, setup) => oneOf(setup, await rows.write("plain", { count: 1, from: now - HOUR_MS })),
      ...(isWanted("live") && {
        live: async (rows, setup) => oneOf(setup, await rows.write("ringing", { count: LIVE, from: now - 60_000, stepMs: 2 })),
      }),
      ...(isWanted("memory") && {
        pending: async (rows, setup) => {
          const stepMs = (48 * HOUR_MS) / PENDING;
          oneOf(setup, await rows.write("pending_late", { count: PENDING, from: now - 50 * HOUR_MS, stepMs, dueAt }));
        },
      }),
      ...(isWanted("disk") && {
        disk: async (rows, setup) => oneOf(setup, await rows.write("plain", { count: OF_1_KB, from: now - 40 * HOUR_MS, stepMs: 1_000, metadata: padded() })),
      }),
    });
    for (const [name, part] of Object.entries(PARTS)) {
      if (!isWanted(name)) continue;
      await part(run);
      say("bench", `${name}: done, ${seconds(startedAt)}`);
    }
    if (isWanted("full")) await full(run, dueAt);
    return run;
  } finally {
    for (const folder of [run.dir, ...folders.splice(0)]) rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Run} run @param {number} dueAt */
async function full(run, dueAt) {
  const now = Date.now();
  rmSync(run.dataDir, { recursive: true, force: true });
  run.dataDir = newDataDir("full");
  const stepMs = (23 * HOUR_MS) / FINISHED;
  run.setups = await fillTrunks(run.dataDir, {
    empty: async (rows, setup) => void ([setup.call] = await rows.write("plain", { count: 1, from: now - HOUR_MS })),
    full: async (rows, setup) => {
      const ids = await rows.write("finished", { count: FINISHED, from: now - 24 * HOUR_MS, stepMs, rareEvery: FINISHED / 4 });
      setup.call = ids[FINISHED / 2];
      await rows.write("pending_late", { count: PENDING_BESIDE, from: now - 72 * HOUR_MS, stepMs: 1_700 * (100_000 / PENDING_BESIDE), dueAt });
    },
  });
  const [finished, pending] = [FINISHED, PENDING_BESIDE].map((count) => count.toLocaleString("en"));
  await migrated(run, ["full"]);
  const value = await coldLoad(run, "full");
  run.figures.push({ name: `cold load with ${finished} finished calls and ${pending} pending callbacks`, value, unit: "ms", limit: 100, note: "more than a trunk without calls" });
  await besideViewers(run); // last: the calls that it places stay live
}

/** @param {Figure} figure */
function told({ value, unit, limit, note }) {
  const rounded = Number.isFinite(value) ? value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 100 ? 1 : 0 }) : "no answer";
  const bound = limit === undefined ? "" : `, at most ${limit.toLocaleString("en")}${value <= limit ? "" : " (EXCEEDED)"}`;
  return `${rounded} ${unit}${bound}${note ? ` (${note})` : ""}`;
}

/** The builds side by side, as a Markdown table. @param {Record<string, Figure[]>} all */
function table(all) {
  const builds = Object.keys(all);
  const names = new Set(Object.values(all).flatMap((figures) => figures.map(({ name }) => name)));
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  const cell = (/** @type {string} */ name) => (/** @type {string} */ build) => {
    const figure = all[build]?.find((figure) => figure.name === name);
    return figure ? told({ ...figure, note: "" }) : "";
  };
  const rows = [...names].map((name) => line([name, ...builds.map(cell(name))]));
  return [line(["what", ...builds]), line(["what", ...builds].map(() => "---")), ...rows].join("\n");
}

await runMain(async () => {
  const builds = positionals.length > 0 ? positionals : [outDirs.local];
  /** @type {Record<string, Figure[]>} */
  const all = {};
  let exceeded = 0;
  for (const folder of builds) {
    const name = relative(root, resolve(folder));
    const { figures } = await measure(resolve(folder));
    all[name] = figures;
    for (const figure of figures) {
      console.log(`prove: ${name}, ${figure.name}: ${told(figure)}`);
      if (figure.limit !== undefined && !(figure.value <= figure.limit)) exceeded += 1;
    }
    if (options.json) writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
  }
  http.destroy();
  console.log(`\n${table(all)}`);
  return exceeded > 0 ? 1 : 0;
});
