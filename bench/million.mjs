#!/usr/bin/env node
// `npm run prove -- "a million calls"`: a trunk with 1,000,000 finished calls admits as fast as an empty one, lists in bounded
// time, and loses its old calls without delaying new ones. ROWS makes it smaller, DATA_DIR keeps it for another run, and a name
// (admissions, lists, leaving) runs only that part. It takes the local build, and some gigabytes of disk.

import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startLocal } from "../scripts/lib/local.mjs";
import { runMain, say, seconds } from "../scripts/lib/log.mjs";
import { makeDemo } from "../scripts/lib/seed.mjs";
import { again, fill, RARE, sql, transcribe } from "./rows.mjs";

const ROWS = Number(process.env["ROWS"] ?? 1_000_000);
const WANTED = ROWS.toLocaleString("en");
/** How much slower a full trunk may admit. */
const MAX_RATIO = 1.2;
/** How long an admission may be delayed while old calls leave. */
const MAX_DELAY_MS = 50;
const ROUNDS = 40;
const WARM_UP = 5;
const PER_ROUND = 50;
const AT_ONCE = 8;
/** Below `max_cps`, so that none is refused. */
const MAX_PER_SECOND = 900;
const LEAVING_MS = 20_000;
/** The least number of calls that must leave per second: as many as a busy trunk takes. */
const PER_SECOND = 200;
const WARM_UP_MS = 3_000;
const DAY_MS = 86_400_000;

/** Calls that stay as they are: a phone that rings for ten minutes frees no channel meanwhile. */
const LASTING = { SIM_RING_MS: "600000", RING_TIMEOUT_SECONDS: "3600", MAX_CALL_SECONDS: "3600", RETENTION_DAYS: "3650" };
/** Calls that are over immediately. */
const QUICK = { SIM_RING_MS: "10", SIM_TALK_MS: "10", RETENTION_DAYS: "3650" };
/** How many calls there are beyond {@link ROWS} at first: those that leave. */
const SPARE = 100_000;

/**
 * @typedef {import("../scripts/lib/local.mjs").Local} Local
 * @typedef {{ full: string, empty: string, agent: string, key: string }} Setup the ids of the two trunks and of the agent, and an owner's key
 */

const http = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

/**
 * @param {Local} local @param {string} key @param {string} method @param {string} path @param {unknown} [body]
 * @returns {Promise<{ status: number, body: any, ms: number }>}
 */
function ask(local, key, method, path, body) {
  return new Promise((done, reject) => {
    const startedAt = performance.now();
    const json = body === undefined ? "" : JSON.stringify(body);
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", "content-length": Buffer.byteLength(json) };
    const sent = request(`${local.url}/integration/v1${path}`, { method, headers, agent: http }, (answer) => {
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

/** @param {number[]} times */
const sorted = (times) => [...times].sort((one, other) => one - other);
/** @param {number[]} times @param {number} share */
const quantile = (times, share) => sorted(times)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
/** @param {number[]} times */
const median = (times) => quantile(times, 0.5);
/** @param {number} ms */
const micros = (ms) => `${Math.round(ms * 1_000).toLocaleString("en")} µs`;

/** Places a call that must be accepted. @param {Local} local @param {Setup} setup @param {string} trunk */
async function admit(local, setup, trunk) {
  const metadata = { customer_name: "Rahul Sharma", amount_due: "7500", due_date: "2026-06-20" };
  const body = { phone_number: "+15005550000", agent_id: setup.agent, sip_trunk_id: trunk, metadata };
  const answer = await ask(local, setup.key, "POST", "/calls", body);
  if (answer.status !== 201) throw new Error(`POST /calls answered ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer;
}

/** In memory if there is room, so that the object is measured and not this machine's disk. */
function newDataDir() {
  const memory = "/dev/shm";
  const room = existsSync(memory) ? statfsSync(memory) : { bavail: 0, bsize: 0 };
  return mkdtempSync(join(room.bavail * room.bsize > ROWS * 4_000 ? memory : tmpdir(), "million-"));
}

/** After a start, calls in progress are inquired about all together: waits until that is over. @param {Local} local @param {Setup} setup */
async function settled(local, setup) {
  for (let quick = 0, asked = 0; quick < 10 && asked < 200; asked++) {
    const startedAt = performance.now();
    await sql(local, setup.full, "SELECT 1");
    quick = performance.now() - startedAt < 20 ? quick + 1 : 0;
    await delay(100);
  }
}

/** Creates two trunks, one of them full. @param {string} dataDir @returns {Promise<Setup>} */
async function prepare(dataDir) {
  const file = join(dataDir, "million.json");
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  const local = await startLocal({ dataDir, cron: false, vars: QUICK });
  try {
    const demo = await makeDemo(local.url, local.secrets.PLATFORM_TOKEN);
    /** @param {string} name */
    const trunk = async (name) => {
      const wanted = { name, trunk_phone: "+918069000000", max_cps: 1000, max_channels: 10_000, carrier: { type: "simulator" } };
      return (await ask(local, demo.OWNER_KEY, "POST", "/sip-trunks", wanted)).body.id;
    };
    const setup = { full: await trunk("Full"), empty: await trunk("Empty"), agent: demo.AGENT_ID, key: demo.OWNER_KEY };
    const { body } = await admit(local, setup, setup.full);
    const isOver = async () => (await ask(local, setup.key, "GET", `/calls/${body.call_id}/status`)).body.is_terminal;
    while (!(await isOver())) await delay(50);
    const from = Date.now() - 2 * DAY_MS - (ROWS + SPARE) * 1_000;
    const startedAt = performance.now();
    // The rare ones are the oldest of their hundred thousand.
    const progress = (/** @type {number} */ done) => done % 100_000 === 0 && say("bench", `${done} calls, ${seconds(startedAt)}`);
    await fill(local, setup.full, body.call_id, { rows: ROWS + SPARE, from, rareEvery: Math.max(1, Math.floor(ROWS / 4)) }, progress);
    await transcribe(local, setup.full, SPARE);
    writeFileSync(file, JSON.stringify(setup));
    return setup;
  } finally {
    await local.stop();
  }
}

/**
 * Several calls at a time, as they come: so the work of an admission is measured, and not the disk's, for which they all wait
 * together.
 * @param {Local} local @param {Setup} setup @param {string} trunk
 * @returns {Promise<number>} ms per admission
 */
async function block(local, setup, trunk) {
  const startedAt = performance.now();
  let left = PER_ROUND;
  const worker = async () => {
    while (left-- > 0) await admit(local, setup, trunk);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const took = performance.now() - startedAt;
  await delay(Math.max(0, (PER_ROUND / MAX_PER_SECOND) * 1_000 - took));
  return took / PER_ROUND;
}

/** The two trunks in turns, so that whatever else this machine does affects both alike. @param {Local} local @param {Setup} setup */
async function admissions(local, setup) {
  const [[rows] = []] = await sql(local, setup.full, "SELECT COUNT(*) FROM rows WHERE open = 0");
  if (Number(rows) < ROWS) throw new Error(`the full trunk holds ${rows} calls`);
  const full = { trunk: setup.full, times: /** @type {number[]} */ ([]) };
  const empty = { trunk: setup.empty, times: /** @type {number[]} */ ([]) };
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const { trunk, times } of round % 2 === 0 ? [full, empty] : [empty, full]) {
      const ms = await block(local, setup, trunk);
      if (round >= 0) times.push(ms);
    }
  }
  const [of, against] = [median(full.times), median(empty.times)];
  console.log(`prove: admission ratio at ${WANTED} rows: ${(of / against).toFixed(2)} (${micros(of)} against ${micros(against)})`);
  return of / against <= MAX_RATIO;
}

/** @param {Local} local @param {Setup} setup @param {string} filter */
async function pageThrough(local, setup, filter) {
  /** @type {number[]} */
  const times = [];
  let found = 0;
  for (let cursor = ""; ; ) {
    const path = `/calls?limit=100&sip_trunk_id=${setup.full}&${filter}${cursor && `&cursor=${cursor}`}`;
    const { status, body, ms } = await ask(local, setup.key, "GET", path);
    if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
    times.push(ms);
    found += body.calls.length;
    if (!body.next_cursor) return { times, found };
    cursor = body.next_cursor;
  }
}

/** @param {Local} local @param {Setup} setup */
async function lists(local, setup) {
  for (const [name, filter] of [
    ["a rare number", `phone_number=${encodeURIComponent(RARE)}`],
    ["a status that none has", "call_status=Decline"],
  ]) {
    const { times, found } = await pageThrough(local, setup, filter ?? "");
    const slowest = Math.max(...times).toFixed(0);
    const pages = `${found} found on ${times.length} pages, median ${median(times).toFixed(0)} ms`;
    console.log(`prove: slowest page of ${WANTED} calls by ${name}: ${slowest} ms (${pages})`);
  }
  return true;
}

/**
 * Admissions one after another, for a while, each timed separately.
 * @param {Local} local @param {Setup} setup
 */
async function oneByOne(local, setup) {
  /** @type {number[]} */
  const times = [];
  const startedAt = performance.now();
  for (let now = startedAt; now < startedAt + WARM_UP_MS + LEAVING_MS; now = performance.now()) {
    const { ms } = await admit(local, setup, setup.full);
    if (now > startedAt + WARM_UP_MS) times.push(ms);
    await delay(10);
  }
  return times;
}

/** @type {number[]} */
let usual = [];

/** What an admission takes while nothing leaves: this machine's own pauses, which no batch causes. @param {Local} local @param {Setup} setup */
async function staying(local, setup) {
  usual = await oneByOne(local, setup);
  return true;
}

/** Admissions while calls leave, batch by batch. @param {Local} local @param {Setup} setup */
async function leaving(local, setup) {
  const count = async () => Number((await sql(local, setup.full, "SELECT COUNT(*) FROM rows WHERE open = 0"))[0]?.[0]);
  const before = await count();
  await again(() => local.runCron());
  const times = await oneByOne(local, setup);
  const left = before - (await count());
  if (left < (LEAVING_MS / 1_000) * PER_SECOND) throw new Error(`only ${left} calls left meanwhile`);
  const told = (/** @type {number[]} */ of) =>
    `${Math.max(...of).toFixed(0)} ms, 99 % within ${quantile(of, 0.99).toFixed(0)} ms, median ${median(of).toFixed(1)} ms`;
  console.log(`prove: slowest admission while old calls leave: ${told(times)} (${left.toLocaleString("en")} left; without: ${told(usual)})`);
  return quantile(times, 0.99) - quantile(usual, 0.99) <= MAX_DELAY_MS;
}

/**
 * @param {string} dataDir
 * @param {Record<string, string>} vars
 * @param {(local: Local) => Promise<boolean>} measure
 */
async function inLocal(dataDir, vars, measure) {
  const local = await startLocal({ dataDir, cron: false, vars });
  try {
    return await measure(local);
  } finally {
    await local.stop();
  }
}

/** @type {[name: string, vars: Record<string, string>, measure: (local: Local, setup: Setup) => Promise<boolean>][]} */
const MEASURES = [
  ["lists", QUICK, lists],
  ["leaving", QUICK, staying],
  ["leaving", { ...QUICK, RETENTION_DAYS: "1" }, leaving],
  ["admissions", LASTING, admissions],
];

await runMain(async () => {
  const wanted = process.argv.slice(2);
  const kept = process.env["DATA_DIR"];
  const dataDir = kept ?? newDataDir();
  try {
    const setup = await prepare(dataDir);
    let failed = 0;
    for (const [name, vars, measure] of MEASURES) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      if (!(await inLocal(dataDir, vars, async (local) => (await settled(local, setup), measure(local, setup))))) failed += 1;
    }
    return failed > 0 ? 1 : 0;
  } finally {
    http.destroy();
    if (!kept) rmSync(dataDir, { recursive: true, force: true });
  }
});
