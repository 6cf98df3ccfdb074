// A call as a form has it, and as the API expects it.

import type { Agent, Schemas } from "./api.ts";
import { noRedial, type RedialForm, redialOf } from "./redial.ts";
import { instantOf, wholeNumber } from "./typed.ts";

export interface CallForm {
  number: string;
  agent: string;
  trunk: string;
  /** By the agent's field names. */
  metadata: Record<string, string>;
  /** Further metadata, as JSON. */
  more: string;
  onCapacity: "reject" | "queue";
  maxWait: string;
  /** In the viewer's time zone, as `datetime-local` has it. */
  notBefore: string;
  notAfter: string;
  zone: string;
  ignoresHours: boolean;
  callback: string;
  redial: RedialForm;
}

export const emptyCall = (agent: string, trunk: string): CallForm => ({
  number: "",
  agent,
  trunk,
  metadata: {},
  more: "",
  onCapacity: "reject",
  maxWait: "",
  notBefore: "",
  notAfter: "",
  zone: "",
  ignoresHours: false,
  callback: "",
  redial: noRedial(),
});

const number = (text: string): number => (Number.isNaN(Number(text)) ? text : Number(text)) as number;

/** The value of a field whose example is not a string is read as JSON, if its type matches the example's. */
function typedAs(text: string, sample: unknown): unknown {
  if (sample === undefined || sample === null || typeof sample === "string") return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === typeof sample ? value : text;
  } catch {
    return text;
  }
}

/** A field's example, as text. */
export function exampleOf(agent: Agent, field: string): string {
  const sample = (agent.input_schema.sample_context as Record<string, unknown> | null | undefined)?.[field];
  return sample === undefined || sample === null ? "" : typeof sample === "string" ? sample : JSON.stringify(sample);
}

function metadataOf(form: CallForm, agent: Agent | undefined): Record<string, unknown> | null {
  const samples = (agent?.input_schema.sample_context ?? {}) as Record<string, unknown>;
  const given = (agent?.input_schema.fields ?? [])
    .filter((field) => form.metadata[field])
    .map((field) => [field, typedAs(form.metadata[field] ?? "", samples[field])] as const);
  const own = Object.fromEntries(given);
  if (form.more.trim() === "") return given.length > 0 ? own : null;
  try {
    const more: unknown = JSON.parse(form.more);
    if (typeof more === "object" && more !== null && !Array.isArray(more)) return { ...more, ...own };
  } catch {
    // Left for the API to reject: it is not an object.
  }
  return form.more as unknown as Record<string, unknown>;
}

/** The request body, without empty fields. */
export function bodyOf(form: CallForm, agent: Agent | undefined): Schemas["TriggerCall"] {
  const metadata = metadataOf(form, agent);
  const redial = redialOf(form.redial);
  const isQueued = form.onCapacity === "queue";
  return {
    phone_number: wholeNumber(form.number) ?? form.number.trim(),
    agent_id: form.agent,
    sip_trunk_id: form.trunk,
    ...(metadata && { metadata }),
    ...(form.callback.trim() && { callback_url: form.callback.trim() }),
    ...(isQueued && { on_capacity: "queue" as const }),
    ...(form.maxWait.trim() && { max_wait_seconds: number(form.maxWait) }),
    ...(form.notBefore && { not_before: instantOf(form.notBefore) }),
    ...(form.notAfter && { not_after: instantOf(form.notAfter) }),
    ...(form.zone.trim() && { time_zone: form.zone.trim() }),
    ...(form.ignoresHours && { ignore_calling_hours: true }),
    ...(redial && { redial }),
  };
}
