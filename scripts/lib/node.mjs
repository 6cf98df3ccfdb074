// The version of Node that this runs on. Node built-ins only.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { inRoot } from "./paths.mjs";

/** What wrangler and vitest need; `scripts/node` has the same. */
const OLDEST = [22, 12];

/** Whether this Node is too old for the tools. `npm start` and the like never get here with one, thanks to `scripts/node`. */
export function isTooOld(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

/**
 * Runs the same command again with a recent enough Node, for users who called a script as `node scripts/….mjs`.
 * @returns {Promise<number>} its exit code
 */
export function runOnNewerNode() {
  const child = spawn("sh", [inRoot("scripts/node"), ...process.argv.slice(1)], { stdio: "inherit" });
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
