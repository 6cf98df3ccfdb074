// Servers to measure, each in a separate process, set up in the same way: the Worker and the floor.

import { fork } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { makeDemo } from "../../scripts/lib/seed.mjs";

/** The unit in which Linux counts a process's time: `getconf CLK_TCK`. */
const TICK_MS = 10;
const PAGE_BYTES = 4096;

export const FLOOR = inRoot("bench/floor");

/**
 * @typedef {object} Bench a running server, with an organisation
 * @property {string} url
 * @property {string} key an owner's
 * @property {string} agent
 * @property {string[]} trunks
 * @property {boolean} isFloor
 * @property {string} platformToken
 * @property {(name: string, ...given: unknown[]) => Promise<any>} ask see `server.mjs`
 * @property {() => Usage} usage of its whole process tree
 * @property {() => Promise<void>} stop
 *
 * @typedef {{ cpuMs: number, rssBytes: number }} Usage
 *
 * @typedef {object} Wish
 * @property {string} workerDir
 * @property {number} [trunks] how many (1)
 * @property {Record<string, string>} [vars]
 * @property {boolean} [queues]
 * @property {boolean} [asDeployed]
 * @property {string} [dataDir]
 * @property {(bench: Bench) => Promise<void>} [setUp] instead of creating a new organisation
 */

/** @param {Wish} wish @returns {Promise<Bench>} */
export async function start({ workerDir, trunks = 1, setUp, ...options }) {
  const child = fork(inRoot("bench/lib/server.mjs"), [JSON.stringify({ workerDir, ...options })], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  let asked = 0;
  /** @type {Map<number, { done: (value: any) => void, failed: (error: Error) => void }>} */
  const waiting = new Map();
  const { url, platformToken } = await new Promise((ready, failed) => {
    child.once("exit", () => failed(new Error("the server did not start")));
    child.on("message", (/** @type {any} */ message) => {
      if (message.ready) return ready(message.ready);
      const asker = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) asker?.failed(new Error(message.error));
      else asker?.done(message.value);
    });
  });
  /** @param {string} name @param {...unknown} given */
  const ask = (name, ...given) =>
    new Promise((done, failed) => {
      waiting.set(++asked, { done, failed });
      child.send({ id: asked, name, given });
    });
  const gone = new Promise((done) => child.once("exit", done));
  /** @type {Bench} */
  const bench = {
    url,
    key: "",
    agent: "",
    trunks: [],
    isFloor: workerDir === FLOOR,
    platformToken,
    ask,
    usage: () => usage(child.pid ?? 0),
    async stop() {
      ask("stop").catch(() => {});
      await gone;
    },
  };
  await (setUp ?? ((bench) => found(bench, trunks)))(bench);
  return bench;
}

/** Creates an organisation with an agent and trunks. @param {Bench} bench @param {number} trunks */
export async function found(bench, trunks) {
  if (bench.isFloor) return foundFloor(bench, trunks);
  const demo = await makeDemo(bench.url, bench.platformToken);
  bench.key = demo.OWNER_KEY;
  bench.agent = demo.AGENT_ID;
  for (let made = 0; made < trunks; made++) bench.trunks.push(await newTrunk(bench));
}

/** @param {Bench} bench @returns {Promise<string>} the id of a trunk with the highest limits allowed */
export async function newTrunk(bench) {
  const wanted = { name: "Bench", trunk_phone: "+918069000000", max_cps: 1000, max_channels: 10_000, carrier: { type: "simulator" } };
  return (await send(bench, "POST", "/integration/v1/sip-trunks", wanted)).id;
}

/** @param {Bench} bench @param {number} trunks */
async function foundFloor(bench, trunks) {
  bench.key = "floor";
  bench.agent = "agent";
  bench.trunks = Array.from({ length: trunks }, (_, at) => `trunk${at}`);
  const records = {
    "key/floor": { role: "owner" },
    "agent/agent": { fields: ["customer_name", "amount_due", "due_date"] },
    ...Object.fromEntries(bench.trunks.map((id) => [`trunk/${id}`, { max_cps: 1000 }])),
  };
  await send(bench, "POST", "/seed", { records, secret: "0123456789abcdef0123456789abcdef" });
}

/** @param {Bench} bench @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
export async function send(bench, method, path, body) {
  const headers = { authorization: `Bearer ${bench.key}`, "content-type": "application/json" };
  const answer = await fetch(bench.url + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

/** @param {Bench} bench @param {string} trunk @param {Record<string, unknown>} [more] @returns the body for `POST /calls` */
export function callBody(bench, trunk, more = {}) {
  const metadata = { customer_name: "Rahul Sharma", amount_due: "7500", due_date: "2026-06-20" };
  return { phone_number: "+15005550000", agent_id: bench.agent, sip_trunk_id: trunk, metadata, ...more };
}

/** A request for a call on each trunk. @param {Bench} bench @param {Record<string, unknown>} [more] */
export const calls = (bench, more) => bench.trunks.map((trunk) => ({ method: "POST", path: "/integration/v1/calls", body: callBody(bench, trunk, more) }));

/** Processor time and memory of a process and all its descendants. @param {number} root @returns {Usage} */
function usage(root) {
  /** @type {Map<number, { parent: number, cpuMs: number, rssBytes: number }>} */
  const all = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      // The name is in parentheses, and may contain any character.
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
      const [parent = 0, user = 0, system = 0, pages = 0] = [1, 11, 12, 21].map((at) => Number(fields[at]));
      all.set(Number(pid), { parent, cpuMs: (user + system) * TICK_MS, rssBytes: pages * PAGE_BYTES });
    } catch {
      // The process has just ended.
    }
  }
  const isIts = (/** @type {number} */ pid) => {
    for (let at = pid; at > 1; at = all.get(at)?.parent ?? 0) if (at === root) return true;
    return false;
  };
  const its = [...all].filter(([pid]) => isIts(pid)).map(([, process]) => process);
  const sum = (/** @type {"cpuMs" | "rssBytes"} */ what) => its.reduce((total, process) => total + process[what], 0);
  return { cpuMs: sum("cpuMs"), rssBytes: sum("rssBytes") };
}
