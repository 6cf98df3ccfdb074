// The fields of an agent: shared by its page and by the first call.

import type { Schemas } from "../lib/api.ts";
import { Button, SelectField, TextField } from "./basics.tsx";

export interface AgentForm {
  name: string;
  agentCode: string;
  status: Schemas["Availability"];
  fields: { name: string; sample: string }[];
  script: string;
  voice: string;
}

export const emptyAgent = (): AgentForm => ({
  name: "",
  agentCode: "",
  status: "active",
  fields: [{ name: "", sample: "" }],
  script: "",
  voice: "",
});

/** The agent of the reference's examples: something to begin with. */
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

/** What the form shows of an agent. A sample that is no text is shown as JSON. */
export function formOf(agent: Schemas["Agent"] & Partial<Schemas["AgentDetail"]>): AgentForm {
  const samples = (agent.input_schema.sample_context ?? {}) as Record<string, unknown>;
  const names = [...new Set([...agent.input_schema.fields, ...Object.keys(samples)])];
  const sample = (name: string) =>
    typeof samples[name] === "string" ? (samples[name] as string) : name in samples ? JSON.stringify(samples[name]) : "";
  return {
    name: agent.name,
    agentCode: agent.agent_code,
    status: agent.status,
    fields: names.map((name) => ({ name, sample: sample(name) })),
    script: agent.script ?? "",
    voice: agent.voice ?? "",
  };
}

/** Example metadata for a call. */
export const sampleOf = (form: AgentForm): Record<string, string> =>
  Object.fromEntries(named(form).map(({ name, sample }) => [name, sample]));

const named = (form: AgentForm) => form.fields.map(({ name, sample }) => ({ name: name.trim(), sample })).filter(({ name }) => name !== "");

/** The form as the API takes it. */
export function bodyOf(form: AgentForm): Schemas["CreateAgent"] {
  return {
    name: form.name,
    agent_code: form.agentCode,
    input_schema: { fields: named(form).map(({ name }) => name), sample_context: sampleOf(form) },
    script: form.script || null,
    voice: form.voice || null,
    status: form.status,
  };
}

interface Props {
  form: AgentForm;
  onChange: (form: AgentForm) => void;
  disabled?: boolean;
  /** Only what a first agent needs. */
  isBrief?: boolean;
}

export function AgentFields({ form, onChange, disabled = false, isBrief = false }: Props) {
  const set = (part: Partial<AgentForm>) => onChange({ ...form, ...part });
  return (
    <div class="stack">
      <div class="pair">
        <TextField label="Name" value={form.name} onInput={(name) => set({ name })} required disabled={disabled} />
        <TextField
          label="Code"
          value={form.agentCode}
          onInput={(agentCode) => set({ agentCode })}
          isMono
          required
          disabled={disabled}
          hint="The agent's name on the LiveKit server."
        />
      </div>
      <ContextFields form={form} set={set} disabled={disabled} />
      {!isBrief && (
        <>
          <TextField
            label="Script"
            value={form.script}
            onInput={(script) => set({ script })}
            rows={8}
            disabled={disabled}
            hint="What the agent is to say and do."
          />
          <div class="pair">
            <TextField label="Voice" value={form.voice} onInput={(voice) => set({ voice })} disabled={disabled} />
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
      )}
    </div>
  );
}

function ContextFields({ form, set, disabled }: { form: AgentForm; set: (part: Partial<AgentForm>) => void; disabled: boolean }) {
  const replace = (at: number, part: Partial<AgentForm["fields"][number]>) =>
    set({ fields: form.fields.map((field, index) => (index === at ? { ...field, ...part } : field)) });
  return (
    <fieldset class="context">
      <legend>Fields</legend>
      <p class="hint">What each call must bring along in its metadata, with an example.</p>
      {form.fields.map((field, at) => (
        <div class="context-row" key={at}>
          <input
            aria-label={`Field ${at + 1}`}
            class="mono"
            placeholder="customer_name"
            value={field.name}
            disabled={disabled}
            onInput={(event) => replace(at, { name: event.currentTarget.value })}
          />
          <input
            aria-label={`Example for field ${at + 1}`}
            placeholder="Rahul Sharma"
            value={field.sample}
            disabled={disabled}
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
