// When a number is called again, as a form has it, and as the API expects it.

import type { Schemas } from "./api.ts";

type Cause = Schemas["Cause"];

export interface RedialForm {
  /** The most calls in all: "1" for no further one. */
  attempts: string;
  on: Cause[];
  /** Between attempts, separated by commas. */
  minutes: string;
}

/** Endings of a call after which it may be tried again. */
export const CAUSES: Record<Cause, string> = {
  busy: "Line busy",
  no_answer: "No answer",
  unreachable: "Not reachable",
  declined: "Declined",
  voicemail: "Answered by a machine",
  carrier_error: "Carrier error",
  dialer_unavailable: "Dialer failed",
  agent_unavailable: "Agent did not join",
};

export const noRedial = (): RedialForm => ({ attempts: "1", on: ["busy", "no_answer", "unreachable"], minutes: "30" });

/** Rules as the form shows them. */
export const redialFormOf = (rules: Schemas["RedialRules"] | null): RedialForm =>
  rules === null
    ? noRedial()
    : {
        attempts: String(rules.max_attempts),
        on: rules.on,
        minutes: rules.wait_seconds.map((seconds) => String(seconds / 60)).join(", "),
      };

/** The form as the API expects it. What is not a number is sent as it is, so that the API reports it. */
export function redialOf({ attempts, on, minutes }: RedialForm): Schemas["RedialFields"] | null {
  if (attempts === "1") return null;
  const seconds = minutes
    .split(/[\s,;]+/)
    .filter((part) => part !== "")
    .map((part) => (Number.isNaN(Number(part)) ? part : Math.round(Number(part) * 60)) as number);
  return { max_attempts: Number(attempts), on, wait_seconds: seconds };
}
