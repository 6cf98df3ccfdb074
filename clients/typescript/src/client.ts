// The client: the API as its document describes it (`api`), and what no generator can know.

import createClient, { type Client } from "openapi-fetch";
import { addAll, batches } from "./batches.ts";
import { ApiError, ConnectionError, isOutage, WaitError } from "./errors.ts";
import { type EventOptions, follow } from "./events.ts";
import { CREATES } from "./generated/creates.ts";
import { type ItemOf, items, type ListPath, type PathOf, type QueryOf } from "./pages.ts";
import { type Fetch, type RetryOptions, sleep, withRetries } from "./retry.ts";
import type {
  AcceptedCall,
  AddedRecipients,
  CallState,
  Campaign,
  CreateCampaign,
  DryRun,
  EventOf,
  FeedEventName,
  paths,
  RecipientToAdd,
  TriggerCall,
} from "./types.ts";

export interface AudatecOptions extends RetryOptions {
  /** `audtk_…`. */
  apiKey: string;
  /** Where the API is; `https://api.audatec.in` by default. */
  baseUrl?: string;
  /** Used instead of the runtime's `fetch`. */
  fetch?: Fetch;
}

export interface SendOptions {
  /** By which the API recognises a repeat of this request; a new one by default. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface WaitOptions {
  /** Time between two polls, in milliseconds (4000). The API asks for no less; to learn of the end sooner, follow the events. */
  intervalMs?: number;
  /** How long to wait before giving up, in milliseconds; waits forever by default. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

export class Audatec {
  /**
   * The whole API, typed from its document: `api.GET("/integration/v1/calls/{call_id}", { params: { path: { call_id } } })`. Retries
   * are built in, and an `Idempotency-Key` where a route takes one. `ask` turns its results into data or exceptions.
   */
  readonly api: Client<paths>;
  readonly baseUrl: string;
  readonly #apiKey: string;
  readonly #fetch: Fetch;

  constructor({
    apiKey,
    baseUrl = "https://api.audatec.in",
    fetch = (request, init) => globalThis.fetch(request, init),
    ...retry
  }: AudatecOptions) {
    if (!apiKey) throw new TypeError("an API key is needed: audtk_…");
    this.baseUrl = readBaseUrl(baseUrl);
    this.#apiKey = apiKey;
    this.#fetch = fetch;
    this.api = createClient<paths>({
      baseUrl: this.baseUrl,
      fetch: withRetries(fetch, retry),
      headers: { authorization: `Bearer ${apiKey}` },
    });
    this.api.use({
      onRequest({ request, schemaPath }) {
        if (request.method === "POST" && CREATES.has(schemaPath) && !request.headers.has("idempotency-key")) {
          request.headers.set("idempotency-key", crypto.randomUUID());
        }
        return request;
      },
    });
  }

  /** The data in the response to a request of `api`; throws an `ApiError` if it was refused. */
  async ask<T>(request: Promise<Outcome<T>>): Promise<T> {
    const { data, error, response } = await request;
    if (!response.ok) throw new ApiError(response, error);
    return data as T;
  }

  /** Places a call. However often the connection breaks on the way, it is placed once. */
  async trigger(call: TriggerCall, { idempotencyKey, signal }: SendOptions = {}): Promise<AcceptedCall> {
    const header = idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey };
    const asked = this.api.POST("/integration/v1/calls", { body: call, params: { header }, ...(signal && { signal }) });
    return (await this.ask(asked)) as AcceptedCall;
  }

  /** What would happen, without a call. */
  async dryRun(call: TriggerCall, { signal }: Pick<SendOptions, "signal"> = {}): Promise<DryRun> {
    const asked = this.api.POST("/integration/v1/calls", { body: { ...call, dry_run: true }, ...(signal && { signal }) });
    return (await this.ask(asked)) as DryRun;
  }

  /**
   * Polls until the call is terminal, through any outage: if the client's own retries fail, it asks again after the interval, until
   * the time is up. For many calls, give a `callback_url` or follow the events instead.
   */
  async waitForCall(
    callId: string,
    { intervalMs = 4000, timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitOptions = {},
  ): Promise<CallState> {
    const deadline = Date.now() + timeoutMs;
    let known = "unknown";
    for (;;) {
      const [state, failure] = await this.#stateOf(callId, deadline, signal);
      if (state?.is_terminal) return state;
      known = state?.call_status ?? known;
      const pauseMs = Math.max(intervalMs, failure instanceof ApiError ? (failure.retryAfter ?? 0) * 1000 : 0);
      if (Date.now() + pauseMs > deadline) {
        const why = failure ? `: ${failure.message}` : "";
        throw new WaitError(`call ${callId} is ${known} after ${timeoutMs} ms${why}`, { cause: failure });
      }
      await sleep(pauseMs, signal ?? null);
    }
  }

  /** A call's state, or why it can't be known at the moment. */
  async #stateOf(callId: string, deadline: number, signal?: AbortSignal): Promise<[CallState | undefined, Error | undefined]> {
    const leftMs = Math.max(0, deadline - Date.now());
    // Timers can't be set for longer: a longer wait is limited by its polls.
    const timeUp = leftMs < 2 ** 31 ? AbortSignal.timeout(leftMs) : undefined;
    const signals = [signal, timeUp].filter((one) => one !== undefined);
    const asked = this.api.GET("/integration/v1/calls/{call_id}/status", {
      params: { path: { call_id: callId } },
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    });
    try {
      return [await this.ask(asked), undefined];
    } catch (error) {
      signal?.throwIfAborted();
      if (timeUp?.aborted) return [undefined, new ConnectionError("no answer in time")];
      if (!isOutage(error)) throw error;
      return [undefined, error];
    }
  }

  /** The live feed, from now on unless `after` says otherwise, until `signal` or a `break` ends it. */
  events<T extends FeedEventName = FeedEventName>(options: EventOptions<T> = {}): AsyncGenerator<EventOf<T>, void, undefined> {
    const authorization = `Bearer ${this.#apiKey}`;
    const latest = async (signal?: AbortSignal) => {
      const asked = this.api.GET("/integration/v1/events", { params: { query: { after: "latest" } }, ...(signal && { signal }) });
      return (await this.ask(asked)).next_cursor;
    };
    const send = (path: string, headers: Record<string, string>, signal: AbortSignal) =>
      this.#fetch(new Request(this.baseUrl + path, { headers: { authorization, ...headers } }), { signal });
    return follow({ send, latest }, options);
  }

  /** All items of a list, page after page: `list("/integration/v1/calls", { query: { call_status: ["Decline"] } })`. */
  list<P extends ListPath>(path: P, options: { query?: QueryOf<P>; path?: PathOf<P> } = {}): AsyncGenerator<ItemOf<P>, void, undefined> {
    const get = this.api.GET as unknown as (path: string, init: object) => Promise<Outcome<Record<string, unknown>>>;
    const page = (at: string, query: Record<string, unknown>) => this.ask(get(at, { params: { path: options.path, query } }));
    return items(page, path, options.query ?? {}) as AsyncGenerator<ItemOf<P>, void, undefined>;
  }

  /** Adds people to a campaign from any iterable, in requests of the size that the API takes. If it breaks off, repeating it adds nobody twice. */
  addRecipients(campaignId: string, recipients: Iterable<RecipientToAdd> | AsyncIterable<RecipientToAdd>): Promise<AddedRecipients> {
    return addAll(batches(recipients), ({ text }) => this.sendRecipients(campaignId, text, "application/x-ndjson"));
  }

  /** Adds one request's worth of recipients, sent as they are. */
  sendRecipients(campaignId: string, text: string, contentType: "application/x-ndjson" | "text/csv"): Promise<AddedRecipients> {
    return this.ask(
      this.api.POST("/integration/v1/campaigns/{id}/recipients", {
        params: { path: { id: campaignId } },
        body: text as never,
        bodySerializer: (body: unknown) => body,
        headers: { "content-type": contentType },
      }),
    );
  }

  /** Creates a campaign from an iterable, and starts it if requested and nobody was rejected. */
  async createCampaign(
    campaign: CreateCampaign,
    recipients: Iterable<RecipientToAdd> | AsyncIterable<RecipientToAdd>,
    { start = false }: { start?: boolean } = {},
  ): Promise<{ campaign: Campaign; recipients: AddedRecipients }> {
    const made = await this.ask(this.api.POST("/integration/v1/campaigns", { body: campaign }));
    const added = await this.addRecipients(made.id, recipients);
    const params = { path: { id: made.id } };
    const isStarted = start && added.rejected.length === 0;
    const now = isStarted
      ? this.api.POST("/integration/v1/campaigns/{id}/start", { params })
      : this.api.GET("/integration/v1/campaigns/{id}", { params });
    return { campaign: await this.ask<Campaign>(now), recipients: added };
  }
}

/** Takes it with or without the API's base path. Over plain HTTP, a key is only sent to this machine. */
function readBaseUrl(text: string): string {
  const url = new URL(text);
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLocal)) throw new TypeError(`baseUrl must be an https URL, not ${text}`);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "").replace(/\/integration\/v1$/, "");
}
