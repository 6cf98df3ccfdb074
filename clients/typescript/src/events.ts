// The live feed as an iterator that resumes where it broke off: no event is missed, and none is repeated.

import { createParser, type EventSourceMessage } from "eventsource-parser";
import { ApiError } from "./errors.ts";
import { sleep } from "./retry.ts";
import type { EventOf, FeedEventName } from "./types.ts";

export interface EventOptions<T extends FeedEventName> {
  /** Only these; all by default. */
  types?: readonly T[];
  /** The cursor to continue from, which is an event's `id`; `latest` (the default) for what is still to come, `oldest` for all events kept. */
  after?: string;
  /** Ends the iterator. */
  signal?: AbortSignal;
  /** Gets the cursor with each event and heartbeat: keep it, and pass it as `after` the next time. */
  onCursor?: (cursor: string) => void;
  /** Called if the cursor is older than the events kept: the feed then continues with the oldest; without it, a 410 is thrown. */
  onGap?: (oldestCursor: string) => void;
  /** After how long without a sign of life the connection counts as broken, in seconds (60; the API sends a heartbeat every 20). */
  idleSeconds?: number;
}

/** How the feed is requested, and where it stands. */
export interface Feed {
  /** Sends one request to a path of the API with the key; never repeats. */
  send(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response>;
  /** The cursor after which everything is still to come. */
  latest(signal?: AbortSignal): Promise<string>;
}

const LONGEST_WAIT_MS = 30_000;

export async function* follow<T extends FeedEventName>(feed: Feed, options: EventOptions<T>): AsyncGenerator<EventOf<T>, void, undefined> {
  const { after = "latest", signal, onCursor } = options;
  try {
    let cursor = after === "oldest" ? undefined : after;
    // Requested first: a stream from now on that broke off immediately would not know where it began.
    if (cursor === "latest") cursor = await feed.latest(signal);
    if (cursor !== undefined) onCursor?.(cursor);
    let failures = 0;
    for (;;) {
      let waitMs = 2000;
      try {
        for await (const block of stream(feed, cursor, options)) {
          failures = 0;
          if (block.retry !== undefined) waitMs = block.retry;
          if (block.id === undefined) continue;
          cursor = block.id;
          onCursor?.(cursor);
          const event = JSON.parse(block.data) as EventOf<T> | { type: "heartbeat" };
          if (event.type !== "heartbeat") yield event as EventOf<T>;
        }
      } catch (error) {
        signal?.throwIfAborted();
        const oldest = oldestOf(error);
        if (oldest !== undefined && options.onGap) {
          cursor = oldest;
          options.onGap(oldest);
          continue;
        }
        if (error instanceof ApiError && isFinal(error.status)) throw error;
        waitMs = Math.min(LONGEST_WAIT_MS, Math.max(waitMs, 1000 * 2 ** failures++, 1000 * (retryAfter(error) ?? 0)));
      }
      await sleep(waitMs, signal ?? null);
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

interface Block {
  id?: string;
  data: string;
  retry?: number;
}

/** One connection: its blocks until it ends. */
async function* stream<T extends FeedEventName>(feed: Feed, cursor: string | undefined, options: EventOptions<T>): AsyncGenerator<Block> {
  const connection = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, connection.signal]) : connection.signal;
  const idleMs = (options.idleSeconds ?? 60) * 1000;
  const end = () => connection.abort(new Error("the feed went silent"));
  let timer = setTimeout(end, idleMs);
  try {
    const query = options.types?.length ? `?type=${options.types.join(",")}` : "";
    const headers = { accept: "text/event-stream", ...(cursor !== undefined && { "last-event-id": cursor }) };
    const response = await feed.send(`/integration/v1/events${query}`, headers, signal);
    if (!response.ok || !response.body) throw new ApiError(response, await response.json().catch(() => null));
    const blocks: Block[] = [];
    const parser = createParser({
      onEvent: ({ id, data }: EventSourceMessage) => blocks.push({ ...(id !== undefined && { id }), data }),
      onRetry: (retry: number) => blocks.push({ data: "", retry }),
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(end, idleMs);
      parser.feed(value);
      yield* blocks.splice(0);
    }
  } finally {
    clearTimeout(timer);
    connection.abort();
  }
}

/** 4xx means that it will not work later either, except for 408 and 429. */
const isFinal = (status: number) => status >= 400 && status < 500 && status !== 408 && status !== 429;

function retryAfter(error: unknown): number | null {
  return error instanceof ApiError ? error.retryAfter : null;
}

function oldestOf(error: unknown): string | undefined {
  if (!(error instanceof ApiError) || error.status !== 410) return undefined;
  const oldest = (error.body as { oldest_cursor?: unknown } | null)?.oldest_cursor;
  return typeof oldest === "string" ? oldest : undefined;
}
