// One process at a time: a file says whose turn it is, and one left behind by a killed process counts for nothing. Node built-ins
// only.

import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readIfThere } from "./paths.mjs";

/**
 * A process, named so that a later one with the same number is not mistaken for it.
 * @typedef {{ pid: number, bornAt: string | null }} Process
 */

/**
 * Locks `path` for this process.
 * @param {string} path
 * @returns {{ release: () => void } | { heldBy: number }} the lock, or the process that holds it
 */
export function lock(path) {
  while (!claim(path, JSON.stringify(identify(process.pid)))) {
    const text = readIfThere(path);
    if (text === undefined) continue;
    const holder = parseProcess(text);
    if (holder && isAlive(holder)) return { heldBy: holder.pid };
    const dead = takeAway(path, text);
    if (dead) rmSync(dead);
  }
  return { release: () => rmSync(path, { force: true }) };
}

/**
 * Writes a file unless there is one: of two processes that try simultaneously, one succeeds. The file appears whole, since a
 * reader that saw an empty one would take its owner for dead.
 * @param {string} path @param {string} text @returns {boolean} whether it was written
 */
export function claim(path, text) {
  const whole = `${path}.${randomUUID()}.tmp`;
  writeFileSync(whole, text, { mode: 0o600 });
  try {
    linkSync(whole, path);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(whole);
  }
}

/**
 * Removes a dead owner's file, unless somebody else has replaced it meanwhile.
 * @param {string} path @param {string} text its contents
 * @returns {string | undefined} its new path, to be removed
 */
export function takeAway(path, text) {
  // Renamed first, then checked: if another process replaced the file meanwhile, it belongs to that one and is put back.
  const taken = `${path}.${randomUUID()}.old`;
  try {
    renameSync(path, taken);
  } catch {
    return undefined;
  }
  if (readFileSync(taken, "utf8") === text) return taken;
  renameSync(taken, path);
  return undefined;
}

/** @param {number} pid @returns {Process} */
export function identify(pid) {
  return { pid, bornAt: stat(pid)?.bornAt ?? null };
}

/** @param {Process} process_ */
export function isAlive({ pid, bornAt }) {
  const now = stat(pid);
  if (now) return now.bornAt === bornAt && now.state !== "Z";
  if (bornAt !== null) return false;
  try {
    return process.kill(pid, 0); // a system without /proc: the number alone must do
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM"; // somebody else's
  }
}

/** @param {number} pid what /proc says about a process, if it is alive and there is a /proc */
export function stat(pid) {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" "); // the name before may hold blanks
  return { state: fields[0], parent: Number(fields[1]), bornAt: fields[19] ?? "" };
}

/** @param {string} text @returns {Process | undefined} */
function parseProcess(text) {
  try {
    const { pid, bornAt } = JSON.parse(text);
    return pid > 0 ? { pid, bornAt } : undefined;
  } catch {
    return undefined; // cut short by a crash of the machine: nobody's
  }
}
