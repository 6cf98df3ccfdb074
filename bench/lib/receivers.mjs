// Receivers of callbacks to measure with.

import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { inRoot } from "../../scripts/lib/paths.mjs";

/** @typedef {{ received: Map<string, number>, twice: number }} Seen when each call's callback came, in ms since the epoch; and how many came again */

/**
 * @template T
 * @param {(receiver: { url: string, look: (change?: { status?: number }) => Promise<Seen>, until: (count: number, ms?: number) => Promise<Seen> }) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withReceiver(work) {
  const child = fork(inRoot("bench/lib/receiver.mjs"), [], { stdio: ["ignore", "inherit", "inherit", "ipc"], serialization: "advanced" });
  const [{ url }] = await once(child, "message");
  const look = async (/** @type {{ status?: number }} */ change = {}) => {
    child.send(change);
    return /** @type {Promise<Seen>} */ (once(child, "message").then(([seen]) => seen));
  };
  /** Waits until this many calls' callbacks have come. @param {number} count @param {number} ms */
  const until = async (count, ms = 120_000) => {
    for (const end = performance.now() + ms; ; await delay(50)) {
      const seen = await look();
      if (seen.received.size >= count) return seen;
      if (performance.now() > end) throw new Error(`${seen.received.size} of ${count} callbacks came`);
    }
  };
  try {
    return await work({ url, look, until });
  } finally {
    child.disconnect();
  }
}
