// The form fields of a call to a number of the user's choice.

import type { ComponentChildren } from "preact";
import type { Agent, Trunk } from "../lib/api.ts";
import { type CallForm, exampleOf } from "../lib/call-form.ts";
import { barred } from "../lib/session.ts";
import { CheckField, SelectField, TextField } from "./field.tsx";
import { textsOf } from "./form.tsx";
import { ZoneField } from "./zone-field.tsx";

export interface CallFieldsProps {
  form: CallForm;
  set: (part: Partial<CallForm>) => void;
  agents: Agent[];
  trunks: Trunk[];
}

const named = (resources: readonly { id: string; name: string }[]) => resources.map(({ id, name }) => [id, name] as const);

/** `children`: what is known about the number, shown below it. */
export function Whom({ form, set, agents, trunks, children }: CallFieldsProps & { children: ComponentChildren }) {
  const agent = agents.find(({ id }) => id === form.agent);
  return (
    <>
      <TextField
        label="Number"
        name="phone_number"
        value={form.number}
        onInput={(number) => set({ number })}
        onEnter={() => {}} // nobody is called for a key that was hit too early
        isMono
        required
        type="tel"
        placeholder="+919876543210"
        hint="With its country code. This call rings a real phone, unless its trunk is simulated."
      />
      {children}
      <div class="pair">
        <SelectField
          label="Agent"
          name="agent_id"
          value={form.agent}
          options={named(agents)}
          onChange={(id) => set({ agent: id })}
          hint="Who talks."
        />
        <SelectField
          label="Trunk"
          name="sip_trunk_id"
          value={form.trunk}
          options={named(trunks)}
          onChange={(trunk) => set({ trunk })}
          hint="What it goes out through."
        />
      </div>
      {agent && <Metadata form={form} set={set} agent={agent} />}
    </>
  );
}

function Metadata({ form, set, agent }: Pick<CallFieldsProps, "form" | "set"> & { agent: Agent }) {
  const text = textsOf(form, set, null);
  return (
    <>
      {agent.input_schema.fields.map((field) => (
        <TextField
          key={field}
          label={field}
          name={`metadata.${field}`}
          value={form.metadata[field] ?? ""}
          onInput={(value) => set({ metadata: { ...form.metadata, [field]: value } })}
          required
          placeholder={exampleOf(agent, field)}
        />
      ))}
      {text("more", "More metadata", {
        name: "metadata",
        rows: 2,
        isMono: true,
        placeholder: '{"reference": "A-17"}',
        hint: "Optional: added to the fields above, as a JSON object.",
      })}
    </>
  );
}

export function When({ form, set }: Pick<CallFieldsProps, "form" | "set">) {
  const text = textsOf(form, set, null);
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <>
      <div class="pair">
        {text("notBefore", "Not before", {
          name: "not_before",
          type: "datetime-local",
          hint: `By your clock (${own}), at most 30 days ahead. Empty: now.`,
        })}
        {text("notAfter", "Not after", {
          name: "not_after",
          type: "datetime-local",
          hint: "By your clock too. A call that can't be dialed by then fails.",
        })}
      </div>
      <ZoneField
        label="The phone's time zone"
        name="time_zone"
        value={form.zone}
        onInput={(zone) => set({ zone })}
        hint="Empty: derived from the number. Calling hours in the callee's time zone use this one."
      />
      <CheckField
        label="Ignore calling hours"
        checked={form.ignoresHours}
        onChange={(ignoresHours) => set({ ignoresHours })}
        disabled={barred("admin")}
        hint={barred("admin") ?? "It may ring while they are closed. This is written to the audit log."}
      />
      <div class="pair">
        <SelectField
          label="If the trunk has no capacity"
          name="on_capacity"
          value={form.onCapacity}
          options={[
            ["reject", "Refuse the call"],
            ["queue", "Let it wait its turn"],
          ]}
          onChange={(onCapacity) => set({ onCapacity })}
        />
        {text("maxWait", "Waits at most (seconds)", { name: "max_wait_seconds", type: "number", min: 1, max: 86_400, placeholder: "3600" })}
      </div>
      {text("callback", "Callback URL", {
        name: "callback_url",
        isMono: true,
        placeholder: "https://example.com/calls",
        hint: "Optional: where the result is sent when the call is over.",
      })}
    </>
  );
}
