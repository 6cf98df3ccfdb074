// Ownership of a data folder: one local run at a time; processes left behind by a killed one are ended.

import { readdirSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { claim, identify, isAlive, stat, takeAway } from "./lock.mjs";
import { say, UserError } from "./log.mjs";
import { inRoot, readIfThere, writeWhole } from "./paths.mjs";

/**
 * @typedef {import("./lock.mjs").Process} Process
 * @typedef {{ node: Process, workerd: Process | null, url: string | null }} Owner
 */

/**
 * Takes the data folder for this process, or reports who has it. Ends the workerd of an owner that was killed.
 * @param {string} dataDir
 */
export async function takeOwnership(dataDir) {
  const path = join(dataDir, "owner.json");
  /** @type {Owner} */
  const owner = { node: identify(process.pid), workerd: null, url: null };
  while (!claim(path, JSON.stringify(owner))) await removeDeadOwner(path, dataDir);
  return {
    /** @param {string} url */
    serving(url) {
      owner.url = url;
      owner.workerd = findWorkerd();
      writeWhole(path, JSON.stringify(owner), 0o600);
    },
    /** Whether the workerd that serves is still running; without a /proc it is assumed to be. */
    isServing() {
      return owner.workerd === null || isAlive(owner.workerd);
    },
    release() {
      rmSync(path, { force: true });
    },
  };
}

/** @param {string} path @param {string} dataDir */
async function removeDeadOwner(path, dataDir) {
  const text = readIfThere(path);
  if (text === undefined) return;
  const previous = parseOwner(text);
  if (previous && isAlive(previous.node)) {
    const where = previous.url ? ` at ${previous.url}` : "";
    throw new UserError(
      `${dataDir} is in use by another local run (process ${previous.node.pid})${where}. ` +
        "Stop that one, or set DATA_DIR (and PORT) to start beside it.",
    );
  }
  const taken = takeAway(path, text);
  if (!taken) return;
  if (previous?.workerd) await endWorkerd(previous.workerd);
  rmSync(taken);
}

/** @param {string} text @returns {Owner | undefined} */
function parseOwner(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // cut short by a crash of the machine: nobody's
  }
}

/** @param {Process} workerd */
async function endWorkerd(workerd) {
  if (!isAlive(workerd) || !isOurWorkerd(workerd.pid)) return;
  say("start", `stopping workerd ${workerd.pid}, left over from a run that was killed`);
  process.kill(workerd.pid, "SIGKILL");
  for (let waited = 0; isAlive(workerd); waited += 20) {
    if (waited > 5000) throw new UserError(`workerd ${workerd.pid}, left over from a killed run, does not stop`);
    await delay(20);
  }
}

/** @param {number} pid whether the program is the workerd of this project's node modules */
function isOurWorkerd(pid) {
  try {
    const program = readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "");
    return program.startsWith(realpathSync(inRoot("node_modules"))) && program.endsWith("/workerd");
  } catch {
    return false;
  }
}

/** The newest workerd that this process started. */
function findWorkerd() {
  let newest = null;
  try {
    for (const name of readdirSync("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || stat(pid)?.parent !== process.pid || !isOurWorkerd(pid)) continue;
      const found = identify(pid);
      if (newest === null || Number(found.bornAt) >= Number(newest.bornAt)) newest = found;
    }
  } catch {
    // no /proc: nothing to remember
  }
  return newest;
}
