// A word on a coloured background: a status.

import type { ComponentChildren } from "preact";
import type { CallStatus } from "../lib/api.ts";
import "./badge.css";

export type Tone = "neutral" | "good" | "bad" | "busy" | "warn";

export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

const STATUS_TONES: Record<CallStatus, Tone> = {
  Initiating: "neutral",
  Ringing: "busy",
  Answered: "busy",
  Completed: "good",
  Decline: "warn",
  "Rejected — Capacity": "warn",
  "Trigger Failed": "bad",
  "SIP Call Failed": "bad",
};

/** All of them, in the reference's order. */
export const STATUSES = Object.keys(STATUS_TONES) as readonly CallStatus[];

export function Status({ value, isStalled = false }: { value: CallStatus; isStalled?: boolean }) {
  return (
    <>
      <Badge tone={STATUS_TONES[value]}>{value}</Badge>
      {isStalled && <Badge tone="warn">stalled</Badge>}
    </>
  );
}
