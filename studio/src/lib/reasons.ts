// Why a call is waiting, and why one failed, in plain words.

import type { ListedCall, Schemas } from "./api.ts";
import { momentIn } from "./format.ts";

type Detail = Schemas["Call"];
type Failure = NonNullable<ListedCall["failure"]>;

/** Why a call is dialed later. */
export const SCHEDULED: Record<Schemas["ScheduleReason"], string> = {
  not_before: "its request asked for that time",
  calling_hours: "calling hours are closed",
  contact_limit: "the number has been called as often as contact limits allow",
  redial: "the previous attempt did not reach anybody",
};

/** The same, where there is little room. */
const BRIEFLY: Record<Schemas["ScheduleReason"], string> = {
  not_before: "as asked for",
  calling_hours: "calling hours",
  contact_limit: "contact limit",
  redial: "redial",
};

/** A reason for scheduling in words; any other text unchanged. */
export const inWords = (reason: string): string => (reason in SCHEDULED ? SCHEDULED[reason as Schemas["ScheduleReason"]] : reason);

/** Why calls fail, where there is little room. */
const IN_SHORT: Record<Schemas["FailureCode"], string> = {
  busy: "Busy",
  declined: "Declined",
  no_answer: "No answer",
  unreachable: "Unreachable",
  carrier_error: "Carrier error",
  dialer_unavailable: "Dialer unavailable",
  agent_unavailable: "Agent unavailable",
  agent_failed: "Agent failed",
  canceled: "Cancelled",
  timed_out: "Timed out",
  channels_exhausted: "Channels exhausted",
  rate_exceeded: "Rate exceeded",
  number_suppressed: "Number suppressed",
  schedule_full: "Schedule full",
  daily_limit_reached: "Daily limit reached",
  window_closed: "Window closed",
  destination_not_allowed: "Destination not allowed",
  result_unknown: "Result unknown",
};

/** A failure's code in words. */
export const reasonOf = (code: string): string => (code in IN_SHORT ? IN_SHORT[code as Schemas["FailureCode"]] : code);

/** All of them, to choose from. */
export const REASONS = Object.entries(IN_SHORT);

/** What to do about a failure, or who caused it, where its own text does not say. */
const ADVICE: Partial<Record<string, string>> = {
  busy: "Nothing is wrong: call again later.",
  declined: "The person, or their phone, declined the call.",
  no_answer: "It rang for as long as the platform lets a phone ring.",
  unreachable: "The phone is off, out of reach, or the number is not in use.",
  dialer_unavailable: "The call never reached a phone. Test the trunk's connection on its page.",
  agent_unavailable: "The call never reached a phone: the agent's program did not join in time. Is it running?",
  agent_failed: "The agent's program ended the conversation early.",
  canceled: "Somebody cancelled it, its key was revoked, or its agent was deleted.",
  timed_out: "It lasted longer than this platform allows.",
  channels_exhausted: "Raise the trunk's channels, or let calls queue (on_capacity).",
  rate_exceeded: "Raise the trunk's calls per second, or let calls queue (on_capacity).",
  number_suppressed: "The number is on the suppression list: it is not called.",
  schedule_full: "A trunk holds at most 100,000 scheduled calls.",
  daily_limit_reached: "The trunk takes calls again after midnight, UTC; its limit is on its page.",
  window_closed: "Its not_after passed before calling hours opened, a contact limit allowed it, or it could be dialed.",
  destination_not_allowed: "The trunk may not call there: its destinations are on its page.",
  result_unknown:
    "The call left a full trunk before its campaign heard how it ended. To call nobody twice, the campaign does not try again.",
};

export const adviceFor = ({ code }: Failure): string | null => ADVICE[code] ?? null;

export interface Wait {
  /** When it will be dialed; null for a call that is due and waits its turn. */
  until: string | null;
  /** Why, for a place with room and for one without. */
  why: string;
  brief: string;
}

/** Whether it may be waiting to be dialed, as far as a list shows. */
export const mayWait = ({ call_status, dialed_at }: Pick<ListedCall, "call_status" | "dialed_at">): boolean =>
  call_status === "Initiating" && dialed_at === null;

/** Why a call has not been dialed yet; null if it has been, or is over. */
export function waitOf(call: Detail, now: number): Wait | null {
  if (!mayWait(call)) return null;
  const { schedule, timeline } = call;
  const at = schedule?.scheduled_for ?? null;
  if (at !== null && Date.parse(at) > now && schedule?.reason) {
    const brief = `${momentIn(at)}: ${BRIEFLY[schedule.reason]}`;
    return { until: at, why: `It is scheduled, because ${SCHEDULED[schedule.reason]}.`, brief };
  }
  if (timeline.some(({ event }) => event === "queued")) {
    const why = "It is in the trunk's queue: all channels are in use, or the calls per second are used up.";
    return { until: null, why, brief: "waits for capacity" };
  }
  return { until: null, why: "It is about to be dialed.", brief: "about to be dialed" };
}
