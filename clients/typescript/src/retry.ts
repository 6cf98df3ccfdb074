// What is retried, and when, following the API's table: 429 after `Retry-After`, 502 and 503 with growing waits (1, 2, 4 s …), and,
// where a retry can't do anything twice, also a 500, a proxy's 504, and a request without a response. Nothing else is.

import { ConnectionError, retryAfterOf } from "./errors.ts";

/** `fetch`, or a replacement. The signal is passed beside the request: Node may lose that of a request to which nothing refers any more. */
export type Fetch = (request: Request, init?: { signal: AbortSignal }) => Promise<Response>;

export interface RetryOptions {
  /** How often a request is retried at most: 4 times by default, 0 for never. */
  retries?: number;
  /** The longest wait before a retry, in seconds (60): with a longer `Retry-After` the refusal is thrown immediately. */
  longestWaitSeconds?: number;
  /** How long a response may take to begin, in seconds (60). */
  timeoutSeconds?: number;
  /** Waits; for tests. */
  sleep?: (ms: number, signal: AbortSignal | null) => Promise<void>;
}

/** If they are sent again after a failure, these rows are recognised by their references. */
const ADDS_RECIPIENTS = /\/campaigns\/[^/]+\/recipients$/;

export function sleep(ms: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** A `fetch` with retries. If there is no response in the end, it throws a `ConnectionError`. */
export function withRetries(fetch: Fetch, options: RetryOptions = {}): Fetch {
  const { retries = 4, longestWaitSeconds = 60, timeoutSeconds = 60 } = options;
  const wait = options.sleep ?? sleep;
  return async (request) => {
    for (let attempt = 0; ; attempt++) {
      const outcome = await once(fetch, request, timeoutSeconds);
      const seconds = attempt < retries ? secondsBefore(outcome, attempt, request) : null;
      const isOver = seconds === null || seconds > longestWaitSeconds;
      if (outcome instanceof Error) {
        if (isOver) throw outcome;
      } else {
        if (isOver) return outcome;
        await outcome.body?.cancel();
      }
      // A little later than asked for, so that not all clients that were refused come back at the same moment.
      await wait((seconds ?? 0) * 1000 + Math.random() * 500, request.signal);
    }
  };
}

/** One attempt. An abort by the caller is thrown as it is. */
async function once(fetch: Fetch, request: Request, timeoutSeconds: number): Promise<Response | ConnectionError> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new ConnectionError(`no answer within ${timeoutSeconds} s`)), timeoutSeconds * 1000);
  try {
    return await fetch(request.clone(), { signal: AbortSignal.any([request.signal, timeout.signal]) });
  } catch (error) {
    request.signal.throwIfAborted();
    if (error instanceof ConnectionError) return error;
    return new ConnectionError(`no answer from ${new URL(request.url).host}: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Node's fetch hides the cause behind "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message ? cause.message : error.message;
}

/** Seconds to wait before the next attempt; null if there is none. */
function secondsBefore(outcome: Response | Error, attempt: number, request: Request): number | null {
  const growing = 2 ** attempt;
  if (outcome instanceof Error) return isRepeatable(request) ? growing : null;
  switch (outcome.status) {
    case 429:
      return Math.max(1, retryAfterOf(outcome) ?? 1);
    case 502:
    case 503:
      return Math.max(growing, retryAfterOf(outcome) ?? 0);
    case 500:
    case 504:
      // Nobody knows whether it was carried out.
      return isRepeatable(request) ? Math.max(growing, retryAfterOf(outcome) ?? 0) : null;
    default:
      return null;
  }
}

/** Whether a request that may have been carried out can be sent once more. */
function isRepeatable(request: Request): boolean {
  if (["GET", "HEAD", "PUT", "PATCH"].includes(request.method)) return true;
  return request.headers.has("idempotency-key") || ADDS_RECIPIENTS.test(new URL(request.url).pathname);
}
