// Plain progress lines: `[build] cargo, profile local ... 12.3 s`. Node built-ins only.

import { isTooOld, runOnNewerNode } from "./node.mjs";

const HEARTBEAT_MS = 10_000;

/** @param {string} tag @param {string} text */
export function say(tag, text) {
  console.log(`[${tag}] ${text}`);
}

/** @param {number} startedAt milliseconds of `performance.now()` */
export function seconds(startedAt) {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}

/**
 * Runs a step that may take long: reports its start, every ten seconds that it is still running, and how long it took.
 * @template T
 * @param {string} tag
 * @param {string} text
 * @param {(note: (text: string) => void) => Promise<T>} work `note` sets the text of the next heartbeat
 * @returns {Promise<T>}
 */
export async function step(tag, text, work) {
  const startedAt = performance.now();
  say(tag, `${text} ...`);
  let latest = "";
  const heartbeat = setInterval(() => {
    say(tag, `${text} ... ${seconds(startedAt)}${latest && `, ${latest}`}`);
  }, HEARTBEAT_MS);
  try {
    const result = await work((note) => {
      latest = note;
    });
    say(tag, `${text} ... done in ${seconds(startedAt)}`);
    return result;
  } finally {
    clearInterval(heartbeat);
  }
}

/** An error of which only the message is shown: the user can act on it, and a stack trace would hide it. */
export class UserError extends Error {}

/**
 * Runs a command's main function, and ends the process with its exit code, or with 1 after a readable error.
 * @param {() => Promise<number | void>} main
 */
export async function runMain(main) {
  try {
    const code = await (isTooOld() ? runOnNewerNode() : main());
    if (typeof code === "number") process.exitCode = code;
  } catch (error) {
    if (error instanceof UserError) console.error(`error: ${error.message}`);
    else console.error(error);
    process.exitCode = 1;
  }
}
