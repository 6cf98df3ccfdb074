// Keeps waiting through an outage.

import { setTimeout as delay } from "node:timers/promises";
import { ApiError, isOutage } from "@audatec/client";

/** Asks until there is an answer. */
export type Persist = <T>(ask: () => Promise<T>) => Promise<T>;

/** The pause between two attempts while the API is away, if it does not say when to come back. */
const OUTAGE_MS = 5000;

/** Repeats requests that the client gave up on, reporting why, until the signal says that the time is up. */
export const persistence =
  (tell: (why: string) => void, signal?: AbortSignal): Persist =>
  async (ask) => {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!isOutage(error) || signal?.aborted) throw error;
        tell(`${error.message}; trying again`);
        const retryAfter = error instanceof ApiError ? error.retryAfter : null;
        const waited = delay(Math.max(OUTAGE_MS, 1000 * (retryAfter ?? 0)), true, signal && { signal });
        if (!(await waited.catch(() => false))) throw error;
      }
    }
  };
