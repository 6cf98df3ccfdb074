// `audatec webhooks …`: callbacks on this machine without a tunnel, and whether one is authentic.

import { ApiError, type Audatec, checkSignature } from "@audatec/client";
import type { Command } from "commander";
import { EXIT, usage } from "../exit.ts";
import { type CallbackRequest, callbackOf } from "../notification.ts";
import { type Output, printable } from "../output.ts";
import { readSecret, readText } from "../settings.ts";
import { TERMINAL_EVENTS } from "../verbs.ts";
import { action, persisting, type Session, seconds, tellGap, wholeNumber, withSession } from "./shared.ts";

interface ListenOptions {
  forwardTo?: string;
  secret?: string;
  detail?: "reference" | "full";
  after?: string;
  count?: number;
}

interface VerifyOptions {
  body: string;
  headers?: string;
  header?: string[];
  secret?: string[];
  tolerance: number;
  allowUntimed?: boolean;
}

/** Production gives a receiver 30 seconds. */
const TIMEOUT_MS = 30_000;

export function addWebhooks(program: Command): void {
  const webhooks = program.command("webhooks").description("callbacks on this machine");
  webhooks
    .command("listen")
    .description("the callback of each call that ends, signed as in production and sent to a local server: no tunnel, no callback_url")
    .option("--forward-to <url>", "where it is POSTed; printed if left out")
    .option("--secret <whsec>", "signs with this one; the organisation's own otherwise, which needs an admin key")
    .option("--detail <reference|full>", "like callback_detail of /settings; the organisation's own otherwise, which needs an owner key")
    .option("--after <cursor>", "also calls that ended since this cursor, or oldest for all that are kept (24 hours)")
    .option("--count <number>", "ends after this many; exit code 1 unless each was accepted", wholeNumber)
    .action(withSession<ListenOptions>(listen));
  webhooks
    .command("verify")
    .description("whether a notification is authentic; exit code 1 if not")
    .requiredOption("--body <file>", "the raw body; - reads standard input")
    .option("--headers <file>", "header lines, as a log has them")
    .option("-H, --header <line...>", 'one of them, as "webhook-id: …"')
    .option("--secret <whsec...>", "any of them; AUDATEC_WEBHOOK_SECRET otherwise")
    .option("--tolerance <seconds>", "how old it may be", seconds, 300)
    .option("--allow-untimed", "accepts X-Audatec-Signature alone, which has no time")
    .action(action<VerifyOptions>(verify));
}

async function listen({ audatec, options, out }: Session<ListenOptions>): Promise<number> {
  const { forwardTo, detail, count = Number.POSITIVE_INFINITY } = options;
  if (forwardTo !== undefined && !URL.canParse(forwardTo)) throw usage(`--forward-to must be a URL, not ${forwardTo}`);
  if (detail !== undefined && detail !== "reference" && detail !== "full") throw usage("--detail must be reference or full");
  const secret = options.secret ?? (await secretOf(audatec));
  // Determined before it says that it is listening, so that every call that ends from then on is noticed.
  const after =
    options.after ?? (await audatec.ask(audatec.api.GET("/integration/v1/events", { params: { query: { after: "latest" } } }))).next_cursor;
  out.note(forwardTo ? `listening; callbacks go to ${forwardTo}` : "listening; callbacks are printed here");
  const persist = persisting(out);
  let handled = 0;
  let isGood = true;
  for await (const event of audatec.events({ types: TERMINAL_EVENTS, after, onGap: tellGap(out) })) {
    const callback = await persist(async () => {
      const isFull = (detail ?? (await detailOf(audatec))) === "full";
      const asked = audatec.api.GET("/integration/v1/calls/{call_id}", { params: { path: { call_id: event.data.id } }, parseAs: "text" });
      const { data, error, response } = await asked;
      // Announced but gone: erased, or no longer kept.
      if (response.status === 404) return null;
      if (data === undefined) throw new ApiError(response, error);
      return callbackOf(data as string, isFull, secret);
    });
    if (callback === null) {
      out.note(`${event.type} of ${event.data.id} is left out: the call is no longer kept`);
      continue;
    }
    if (forwardTo === undefined) print(out, callback);
    else isGood = (await forward(out, forwardTo, event.type, callback)) && isGood;
    if (++handled >= count) break;
  }
  return isGood ? 0 : EXIT.failed;
}

async function secretOf(audatec: Audatec): Promise<string> {
  try {
    return (await audatec.ask(audatec.api.GET("/integration/v1/webhooks/secret"))).secret;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) throw usage("the webhook secret needs an admin key: use one, or give --secret");
    throw error;
  }
}

/** How detailed callbacks are, if this key may know. */
async function detailOf(audatec: Audatec): Promise<string> {
  const { data, response } = await audatec.api.GET("/integration/v1/settings");
  if (data) return data.callback_detail;
  if (response.status === 403) return "reference";
  throw new ApiError(response, null);
}

function print(out: Output, { body, headers }: CallbackRequest): void {
  out.result({ headers, body }, () => [...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", printable(body), ""]);
}

async function forward(out: Output, url: string, event: string, { body, headers }: CallbackRequest): Promise<boolean> {
  const startedAt = performance.now();
  const sent = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
    async (response) => {
      await response.body?.cancel();
      return { status_code: response.status, error: null };
    },
    (error: Error) => ({ status_code: null, error: error.cause instanceof Error ? error.cause.message : error.message }),
  );
  const durationMs = Math.round(performance.now() - startedAt);
  const { call_id } = JSON.parse(body) as { call_id: string };
  const told = { event, call_id, webhook_id: headers["webhook-id"], url, ...sent, duration_ms: durationMs };
  const isTaken = sent.status_code !== null && sent.status_code >= 200 && sent.status_code < 300;
  const hint = isTaken ? "" : ": production would retry";
  out.result(told, () => `${event}  ${call_id}  ${sent.status_code ?? sent.error} in ${durationMs} ms${hint}`);
  return isTaken;
}

async function verify(options: VerifyOptions & { envFile?: string }, out: Output): Promise<number> {
  const lines = [...(options.headers === undefined ? [] : readText(options.headers).split("\n")), ...(options.header ?? [])];
  const headers = Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, value] = /^[\s<>]*([\w-]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
      return name !== undefined && value !== undefined ? [[name, value]] : [];
    }),
  );
  const secrets = options.secret ?? [readSecret(options) ?? ""].filter(Boolean);
  if (secrets.length === 0) throw usage("no secret: give --secret, or set AUDATEC_WEBHOOK_SECRET");
  const checks = { toleranceSeconds: options.tolerance, ...(options.allowUntimed && { allowUntimed: true }) };
  const verdict = await checkSignature(readText(options.body), headers, secrets, checks);
  out.result(verdict, () => (verdict.valid ? `authentic, by ${verdict.header}` : `not authentic: ${verdict.reason}`));
  return verdict.valid ? 0 : EXIT.failed;
}
