// An agent's form fields, for its page and for the first call.

import type { Schemas } from "../lib/api.ts";
import { pretty } from "../lib/format.ts";
import { barred } from "../lib/session.ts";
import { Button } from "./button.tsx";
import { off, SelectField } from "./field.tsx";
import { textsOf } from "./form.tsx";
import { LimitsFields, type LimitRow, limitsFormOf, limitsOf } from "./limits.tsx";
import { HoursFields, type HoursForm, hoursFormOf, hoursOf } from "./hours.tsx";
import "./agent-form.css";

export interface AgentForm {
  name: string;
  agentCode: string;
  status: Schemas["Availability"];
  fields: Field[];
  script: string;
  voice: string;
  /** JSON; empty if there is none. */
  outcomeSchema: string;
  voicemail: "" | "hang_up" | "continue" | "leave_message";
  voicemailMessage: string;
  hours: HoursForm;
  limits: LimitRow[];
}

/** A field of the context, with an example. */
interface Field {
  name: string;
  sample: string;
  /** The example as loaded: it need not be a string. */
  was?: unknown;
  /** An example that calls need not supply. */
  isExtra?: boolean;
}

export const emptyAgent = (): AgentForm => ({
  name: "",
  agentCode: "",
  status: "active",
  fields: [{ name: "", sample: "" }],
  script: "",
  voice: "",
  outcomeSchema: "",
  voicemail: "",
  voicemailMessage: "",
  hours: hoursFormOf(null),
  limits: [],
});

/** The agent from the reference's examples, as a starting point. */
export const exampleAgent = (): AgentForm => ({
  ...emptyAgent(),
  name: "EMI Reminder Agent",
  agentCode: "emi-reminder-v2",
  fields: [
    { name: "customer_name", sample: "Rahul Sharma" },
    { name: "amount_due", sample: "7500" },
    { name: "due_date", sample: "2026-06-20" },
  ],
});

/** An agent as the form shows it. An example that is not a string is shown as JSON. */
export function formOf(agent: Schemas["Agent"] & Partial<Schemas["AgentDetail"]>): AgentForm {
  const samples = (agent.input_schema.sample_context ?? {}) as Record<string, unknown>;
  const required = agent.input_schema.fields;
  const names = [...new Set([...required, ...Object.keys(samples)])];
  const field = (name: string): Field => ({
    name,
    sample: name in samples ? shown(samples[name]) : "",
    ...(name in samples && { was: samples[name] }),
    ...(!required.includes(name) && { isExtra: true }),
  });
  const voicemail = agent.voicemail as { action: string; message?: string } | null | undefined;
  return {
    name: agent.name,
    agentCode: agent.agent_code,
    status: agent.status,
    fields: names.map(field),
    script: agent.script ?? "",
    voice: agent.voice ?? "",
    outcomeSchema: agent.outcome_schema ? pretty(agent.outcome_schema) : "",
    voicemail: (voicemail?.action ?? "") as AgentForm["voicemail"],
    voicemailMessage: voicemail?.message ?? "",
    hours: hoursFormOf(agent.calling_hours),
    limits: limitsFormOf(agent.contact_limits),
  };
}

/** The form, with the reference's example wherever nothing has been entered yet, as the placeholders show it. */
export function filledOut(form: AgentForm): AgentForm {
  const { name, agentCode, fields } = exampleAgent();
  return {
    ...form,
    name: form.name.trim() || name,
    agentCode: form.agentCode.trim() || agentCode,
    fields: named(form).length > 0 ? form.fields : fields,
  };
}

const shown = (sample: unknown): string => (typeof sample === "string" ? sample : JSON.stringify(sample));

/** Example metadata for a call. */
const sampleOf = (form: AgentForm): Record<string, unknown> =>
  Object.fromEntries(named(form).map((field) => [field.name, exampleOf(field)]));

/** Metadata for a call with it: each field has a value, either its example or a stand-in. */
export const metadataOf = (form: AgentForm): Record<string, unknown> =>
  Object.fromEntries(Object.entries(sampleOf(form)).map(([name, sample]) => [name, sample === "" || sample === null ? "example" : sample]));

/** An example that was a number stays one. */
function exampleOf({ sample, was }: Field): unknown {
  if (was === undefined || typeof was === "string") return sample;
  return sample === shown(was) ? was : json(sample);
}

const named = (form: AgentForm): Field[] =>
  form.fields.map((field) => ({ ...field, name: field.name.trim() })).filter(({ name }) => name !== "");

/** What is not JSON is sent as it is, so that the API reports it. */
function json(text: string): Record<string, unknown> | null {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return text as unknown as Record<string, unknown>;
  }
}

/** The form as the API expects it. */
export function bodyOf(form: AgentForm): Schemas["CreateAgent"] {
  return {
    name: form.name,
    agent_code: form.agentCode,
    input_schema: {
      fields: named(form)
        .filter(({ isExtra }) => !isExtra)
        .map(({ name }) => name),
      sample_context: sampleOf(form),
    },
    script: form.script || null,
    voice: form.voice || null,
    outcome_schema: json(form.outcomeSchema) as Schemas["CreateAgent"]["outcome_schema"],
    voicemail:
      form.voicemail === ""
        ? null
        : { action: form.voicemail, ...(form.voicemail === "leave_message" && { message: form.voicemailMessage }) },
    calling_hours: hoursOf(form.hours),
    contact_limits: limitsOf(form.limits),
    status: form.status,
  };
}

interface Props {
  form: AgentForm;
  onChange: (form: AgentForm) => void;
  /** Only the fields that a first agent needs. */
  isBrief?: boolean;
}

export function AgentFields({ form, onChange, isBrief = false }: Props) {
  const disabled = barred("owner");
  const set = (part: Partial<AgentForm>) => onChange({ ...form, ...part });
  const text = textsOf(form, set, disabled);
  const example = exampleAgent();
  return (
    <div class="stack">
      <div class="pair">
        {text("name", "Name", { name: "name", required: true, placeholder: example.name })}
        {text("agentCode", "Code", {
          name: "agent_code",
          isMono: true,
          required: true,
          placeholder: example.agentCode,
          hint: "The agent's name on the LiveKit server.",
        })}
      </div>
      <ContextFields form={form} set={set} disabled={disabled} />
      {!isBrief && <Behaviour form={form} set={set} disabled={disabled} />}
    </div>
  );
}

interface PartProps {
  form: AgentForm;
  set: (part: Partial<AgentForm>) => void;
  disabled: string | null;
}

/** What it should say and do. */
function Behaviour({ form, set, disabled }: PartProps) {
  const text = textsOf(form, set, disabled);
  return (
    <>
      {text("script", "Script", { name: "script", rows: 8, hint: "What the agent should say and do." })}
      {text("outcomeSchema", "Outcome schema", {
        name: "outcome_schema",
        rows: 4,
        isMono: true,
        placeholder: '{"type": "object", "required": ["disposition"]}',
        hint: "What the outcome of its calls must look like, as JSON Schema. A report with any other outcome is refused.",
      })}
      <Voicemail form={form} set={set} disabled={disabled} />
      {/* The API does not show them to anybody but owners. */}
      {!disabled && (
        <>
          <HoursFields form={form.hours} onChange={(hours) => set({ hours })} disabled={disabled} />
          <LimitsFields rows={form.limits} onChange={(limits) => set({ limits })} disabled={disabled} />
        </>
      )}
      <div class="pair">
        {text("voice", "Voice", { name: "voice" })}
        <SelectField
          label="Status"
          value={form.status}
          options={[
            ["active", "Active"],
            ["inactive", "Inactive"],
          ]}
          onChange={(status) => set({ status })}
          disabled={disabled}
          hint="Only active agents take calls."
        />
      </div>
    </>
  );
}

function Voicemail({ form, set, disabled }: PartProps) {
  return (
    <div class="pair">
      <SelectField
        label="Voicemail"
        value={form.voicemail}
        options={[
          ["", "As the agent decides"],
          ["hang_up", "Hang up"],
          ["continue", "Continue"],
          ["leave_message", "Leave a message"],
        ]}
        onChange={(voicemail) => set({ voicemail })}
        disabled={disabled}
        hint="What it does when a machine answers."
      />
      {form.voicemail === "leave_message" &&
        textsOf(form, set, disabled)("voicemailMessage", "Message", { name: "voicemail.message", rows: 2 })}
    </div>
  );
}

function ContextFields({ form, set, disabled }: PartProps) {
  const replace = (at: number, part: Partial<AgentForm["fields"][number]>) =>
    set({ fields: form.fields.map((field, index) => (index === at ? { ...field, ...part } : field)) });
  return (
    <fieldset class="context">
      <legend>Fields</legend>
      <p class="hint">What each call must supply in its metadata, with an example.</p>
      {form.fields.map((field, at) => (
        <div class="context-row" key={at}>
          <input
            aria-label={`Field ${at + 1}`}
            class="mono"
            placeholder="customer_name"
            value={field.name}
            {...off(disabled)}
            onInput={(event) => replace(at, { name: event.currentTarget.value })}
          />
          <input
            aria-label={`Example for field ${at + 1}`}
            placeholder="Rahul Sharma"
            value={field.sample}
            {...off(disabled)}
            onInput={(event) => replace(at, { sample: event.currentTarget.value })}
          />
          {!disabled && (
            <Button
              kind="quiet"
              isSmall
              label={`Remove field ${at + 1}`}
              onClick={() => set({ fields: form.fields.filter((_, index) => index !== at) })}
            >
              ✕
            </Button>
          )}
        </div>
      ))}
      {!disabled && (
        <Button isSmall onClick={() => set({ fields: [...form.fields, { name: "", sample: "" }] })}>
          Add field
        </Button>
      )}
    </fieldset>
  );
}
