// Loads, sent by a separate process, and the evaluation of their results.

import { fork } from "node:child_process";
import { inRoot } from "../../scripts/lib/paths.mjs";

/**
 * @typedef {import("./load.mjs").Load} Load
 * @typedef {import("./load.mjs").Result} Result
 * @typedef {import("./servers.mjs").Bench} Bench
 */

/** A client process. Several loads may run in it at a time. */
export class Client {
  #child = fork(inRoot("bench/lib/load.mjs"), [], { stdio: ["ignore", "inherit", "inherit", "ipc"], serialization: "advanced" });
  /** @type {Map<number, (result: Result) => void>} */
  #waiting = new Map();
  #sent = 0;

  constructor() {
    this.#child.on("message", (/** @type {{ id: number, result: Result }} */ { id, result }) => {
      this.#waiting.get(id)?.(result);
      this.#waiting.delete(id);
    });
  }

  /** @param {Bench} bench @param {Omit<Load, "url" | "key">} load @returns {Promise<Result>} */
  run(bench, load) {
    return new Promise((done) => {
      this.#waiting.set(++this.#sent, done);
      this.#child.send({ id: this.#sent, load: { url: bench.url, key: bench.key, ...load } });
    });
  }

  stop() {
    this.#child.disconnect();
  }
}

/** @param {Result} result @param {number} status @returns {number} answers with this status; a load with any others has failed */
export function good(result, status) {
  const count = result.statuses[status] ?? 0;
  const others = Object.entries(result.statuses).filter(([other]) => Number(other) !== status);
  if (others.length > 0 || result.broken > 0 || count === 0) {
    throw new Error(`answers: ${JSON.stringify(result.statuses)}, ${result.broken} broken; first: ${result.bodies[0]}`);
  }
  return count;
}

/** @param {number[]} values @param {number} share */
export function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** @param {number[]} values */
export const median = (values) => quantile(values, 0.5);
