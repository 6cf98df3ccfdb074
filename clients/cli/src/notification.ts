// A call's callback as the platform would send it: the same body, byte for byte, and the same headers.

import { createHash, createHmac } from "node:crypto";
import { members } from "./members.ts";

export interface CallbackRequest {
  body: string;
  headers: Record<string, string>;
}

const EVENTS: Record<string, string> = { Completed: "call.completed", Decline: "call.declined", "Rejected — Capacity": "call.rejected" };

const OF_REFERENCE = ["call_outcome", "duration", "transcript_url", "recording_url", "metadata"];
const OF_FULL = ["phone_number", "agent_id", "failure", "answered_by", "campaign_id", "reference", "redial"];

interface Known {
  id: string;
  call_status: string;
  campaign_id: string | null;
  failure: { source: string; code: string } | null;
  redial: Record<string, unknown> | null;
  callback: { id: string } | null;
}

/** @param detail the response to `GET /calls/{id}` for a call that is over @param isFull whether `callback_detail` is `full` */
export function callbackOf(detail: string, isFull: boolean, secret: string, now = Date.now()): CallbackRequest {
  const call = JSON.parse(detail) as Known;
  const raw = members(detail);
  const value = (name: string) => raw.get(name) ?? "null";
  const parts: [name: string, json: string][] = [
    ["event", JSON.stringify(EVENTS[call.call_status] ?? "call.failed")],
    ["call_id", value("id")],
    ["call_status", value("call_status")],
    ...OF_REFERENCE.map((name): [string, string] => [name, value(name)]),
    ["occurred_at", value("end_timestamp")],
    ...(isFull ? OF_FULL : []).map((name): [string, string] => [name, name === "redial" ? redialOf(call, value(name)) : value(name)]),
  ];
  const body = `{${parts.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
  const failure: Record<string, string> = call.failure ? { "x-audatec-failure": `${call.failure.source}/${call.failure.code}` } : {};
  // A call without a callback has no delivery: the id used here is derived from the call's, so that it is the same in every run.
  const id = call.callback?.id ?? idOf(call.id);
  const headers = { "content-type": "application/json", "user-agent": "Audatec-Webhooks/1", ...failure, ...sign(secret, id, body, now) };
  return { body, headers };
}

/** In a campaign, the next attempt may be made while a callback is sent again: the callback does not mention it. */
function redialOf({ campaign_id, redial }: Known, json: string): string {
  return campaign_id === null || redial === null ? json : JSON.stringify({ ...redial, next_call_id: null });
}

/** Both signatures, as the platform makes them. */
function sign(secret: string, id: string, body: string, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  return {
    "x-audatec-signature": createHmac("sha256", secret).update(body).digest("hex"),
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`,
  };
}

/** A UUID (version 8) derived from a call's id. */
function idOf(callId: string): string {
  const hex = createHash("sha256").update(`callback of ${callId}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
