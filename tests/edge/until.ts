import { setTimeout as delay } from "node:timers/promises";

const INTERVAL_MS = 10;

/**
 * Asks until there is an answer; `undefined` and `false` are none. `what` is what the failure names. The limit is there for what
 * never comes: what comes late on a machine that is slow, or has other things to do, comes all the same.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await delay(INTERVAL_MS);
  }
  throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
}
