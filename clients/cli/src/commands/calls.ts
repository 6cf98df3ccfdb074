// `audatec calls …`

import type { CallStatus, ListedCall, QueryOf, Schemas, TriggerCall } from "@audatec/client";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import { fields, type Output, table } from "../output.ts";
import { isSimulated } from "../simulator.ts";
import { CALL_EVENTS, cancelCall, chooseAgent, chooseTrunk, getCall, pageOf, sampleOf, take, trigger, watchCall } from "../verbs.ts";
import { endedAs, json, pair, persisting, said, type Session, seconds, tellGap, wholeNumber, withSession } from "./shared.ts";

interface TriggerOptions {
  agent?: string;
  trunk?: string;
  metadata?: Record<string, string>;
  metadataJson?: Record<string, unknown>;
  sample?: boolean;
  callbackUrl?: string;
  queue?: boolean;
  maxWait?: number;
  notBefore?: string;
  notAfter?: string;
  timeZone?: string;
  redial?: TriggerCall["redial"];
  idempotencyKey?: string;
  dryRun?: boolean;
  wait?: boolean;
}

interface ListOptions {
  status?: CallStatus[];
  agent?: string;
  trunk?: string;
  campaign?: string;
  phoneNumber?: string;
  failureCode?: Schemas["FailureCode"];
  createdAfter?: string;
  createdBefore?: string;
  limit: number;
}

export function addCalls(program: Command): void {
  const calls = program.command("calls").description("place calls, and see how they ended");
  calls
    .command("trigger")
    .description("place a call; asks first if the number is not one of the simulator's (+15005550000 to +15005550009)")
    .argument("<phone-number>", "E.164, as +919876543210")
    .option("--agent <id>", "the agent that talks; the only active one by default")
    .option("--trunk <id>", "the trunk it goes out through; the only active one by default")
    .option("-m, --metadata <name=value>", "what the agent is told; may be repeated", pair)
    .option("--metadata-json <json>", "the same as a JSON object", json)
    .option("--sample", "fills what is not given from the agent's own example")
    .option("--callback-url <url>", "where the result is POSTed")
    .option("--queue", "waits for capacity instead of being refused")
    .option("--max-wait <seconds>", "how long it waits for capacity", wholeNumber)
    .option("--not-before <time>", "ISO 8601 with its offset")
    .option("--not-after <time>", "ISO 8601 with its offset")
    .option("--time-zone <name>", "where the phone is")
    .option("--redial <json>", 'as {"max_attempts": 3, "on": ["busy"], "wait_seconds": [600]}', json)
    .option("--idempotency-key <key>", "a repeat with the same key places no second call")
    .option("--dry-run", "says what would happen, and places no call")
    .option("--wait", "follows the call to its end; exit code 3 unless it is Completed")
    .action(withSession<TriggerOptions>(triggerCall));
  calls
    .command("get")
    .description("everything known about a call")
    .argument("<call-id>")
    .action(withSession(async ({ audatec, out }, id = "") => out.result(...shown(await getCall(audatec, id)))));
  calls
    .command("list")
    .description("calls, newest first")
    .option("--status <status...>", "Completed, Decline, SIP Call Failed …")
    .option("--agent <id>")
    .option("--trunk <id>")
    .option("--campaign <id>")
    .option("--phone-number <number>")
    .option("--failure-code <code>", "busy, no_answer …")
    .option("--created-after <time>", "ISO 8601, inclusive")
    .option("--created-before <time>", "ISO 8601, exclusive")
    .option("--limit <count>", "the maximum number", wholeNumber, 50)
    .action(withSession<ListOptions>(listCalls));
  calls
    .command("cancel")
    .description("end a call, whatever its status")
    .argument("<call-id>")
    .action(withSession(async ({ audatec, out }, id = "") => out.result(...shown(await cancelCall(audatec, id)))));
  calls
    .command("watch")
    .description("a call's changes until its end (exit code 3 unless it is Completed), or those of all calls until Ctrl-C")
    .argument("[call-id]")
    .option("--timeout <seconds>", "gives up then, with exit code 1", seconds)
    .action(withSession<{ timeout?: number }>(watch));
}

async function triggerCall(session: Session<TriggerOptions>, phoneNumber = ""): Promise<number | undefined> {
  const { audatec, options, out } = session;
  const agentId = await chooseAgent(session, options.agent);
  const metadata = {
    ...(options.sample && (await sampleOf(audatec, agentId))),
    ...options.metadataJson,
    ...options.metadata,
  };
  const call: TriggerCall = said({
    phone_number: phoneNumber,
    agent_id: agentId,
    sip_trunk_id: await chooseTrunk(session, options.trunk),
    metadata: Object.keys(metadata).length > 0 ? metadata : undefined,
    callback_url: options.callbackUrl,
    on_capacity: options.queue ? ("queue" as const) : undefined,
    max_wait_seconds: options.maxWait,
    not_before: options.notBefore,
    not_after: options.notAfter,
    time_zone: options.timeZone,
    redial: options.redial,
  });
  if (options.dryRun) {
    const would = await audatec.dryRun(call);
    out.result(would, () => fields({ would: would.would, reason: would.reason, ...said({ scheduled_for: would.scheduled_for }) }));
    return undefined;
  }
  if (!isSimulated(phoneNumber)) await confirm(`Call ${phoneNumber}?`, options.yes);
  const accepted = await trigger(audatec, call, options.idempotencyKey);
  if (!options.wait) {
    out.result(accepted, () => fields(accepted));
    return undefined;
  }
  if (!out.isJson) out.note(`${accepted.call_id} ${accepted.status}`);
  return follow(session, accepted.call_id);
}

async function listCalls({ audatec, options, out }: Session<ListOptions>): Promise<void> {
  const query = said({
    limit: pageOf(options.limit),
    call_status: options.status,
    agent_id: options.agent,
    sip_trunk_id: options.trunk,
    campaign_id: options.campaign,
    phone_number: options.phoneNumber,
    failure_code: options.failureCode,
    created_after: options.createdAfter,
    created_before: options.createdBefore,
  }) as QueryOf<"/integration/v1/calls">;
  const calls = await take(audatec.list("/integration/v1/calls", { query }), options.limit);
  out.result(calls, () =>
    table(
      ["CALL", "NUMBER", "STATUS", "WHY", "SECONDS", "CREATED"],
      calls.map((call) => [call.id, call.phone_number, call.call_status, call.failure?.code, call.duration, call.created_at]),
    ),
  );
}

async function watch(session: Session<{ timeout?: number }>, callId?: string): Promise<number | undefined> {
  const { audatec, options, out } = session;
  const signal = options.timeout === undefined ? undefined : AbortSignal.timeout(options.timeout * 1000);
  if (callId) {
    // If it does not exist, there is nothing to watch.
    await getCall(audatec, callId);
    return follow(session, callId, signal);
  }
  for await (const event of audatec.events({ types: CALL_EVENTS, onGap: tellGap(out), ...(signal && { signal }) })) {
    out.result(event, () => line(event.data, event.at));
  }
  return undefined;
}

/** Follows one call. Returns the exit code for its end. */
async function follow({ audatec, out }: Session<object>, callId: string, signal?: AbortSignal): Promise<number> {
  let last: ListedCall | undefined;
  for await (const call of watchCall(audatec, callId, persisting(out, signal), signal)) {
    last = call;
    out.result(call, () => line(call, call.last_updated));
  }
  if (!last?.is_terminal) throw new Error(`call ${callId} is still ${last?.call_status}`);
  return endedAs(last.call_status === "Completed");
}

function line(call: ListedCall, at: string): string {
  const what = call.failure ? `${call.call_status} (${call.failure.source}/${call.failure.code})` : call.call_status;
  const outcome = call.call_outcome ? ` ${JSON.stringify(call.call_outcome)}` : "";
  return `${at}  ${call.id}  ${call.phone_number}  ${what}${outcome}`;
}

/** A call for people: its fields, without those that are null. */
function shown(call: object): Parameters<Output["result"]> {
  return [call, () => fields(Object.fromEntries(Object.entries(call).filter(([, value]) => value !== null)))];
}
