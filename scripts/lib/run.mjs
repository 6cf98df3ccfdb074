// Child processes: captured or passed through, and never left behind. Node built-ins only.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { root } from "./paths.mjs";
import { UserError } from "./log.mjs";

/** @type {Set<import("node:child_process").ChildProcess>} */
const children = new Set();

/** @type {NodeJS.Signals[]} */
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Until a command installs handlers of its own, a signal ends first the children and then this process. */
export function endChildrenOnSignals() {
  const handlers = STOP_SIGNALS.map((signal) => {
    const handler = () => {
      for (const child of children) child.kill(signal);
      process.exit(128 + constants.signals[signal]);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => handlers.forEach((off) => off());
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] added to this process's environment
 * @property {boolean} [passThrough] show the output as it comes (it is captured all the same)
 * @property {(line: string) => void} [onLine] called with each line of output
 */

/**
 * Runs a command to its end.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, output: string, stdout: string }>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(child);
    let output = "";
    let stdout = "";
    let rest = "";
    /** @param {string} chunk */
    const take = (chunk) => {
      output += chunk;
      if (!options.onLine) return;
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(options.onLine);
    };
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      stdout += chunk;
      take(chunk);
      if (options.passThrough) process.stdout.write(chunk);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      take(chunk);
      if (options.passThrough) process.stderr.write(chunk);
    });
    child.on("error", (error) => {
      children.delete(child);
      reject(error);
    });
    child.on("close", (code, signal) => {
      children.delete(child);
      resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), output, stdout });
    });
  });
}

/**
 * Runs a command that must succeed; shows its output if it does not.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export async function mustRun(command, args, options = {}) {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    if (!options.passThrough) process.stderr.write(result.output);
    throw new UserError(`\`${[command, ...args].join(" ")}\` failed with exit code ${result.code}`);
  }
  return result;
}

/**
 * @param {string} command
 * @returns {Promise<boolean>} whether the command can be run at all
 */
export async function exists(command) {
  try {
    await run(command, ["--version"]);
    return true;
  } catch {
    return false;
  }
}
