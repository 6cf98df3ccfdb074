// The form fields of a campaign, new or existing.

import type { Agent, Trunk } from "../lib/api.ts";
import type { CampaignForm } from "../lib/campaign-form.ts";
import { Card } from "./card.tsx";
import { SelectField } from "./field.tsx";
import { textsOf } from "./form.tsx";
import { HoursFields } from "./hours.tsx";
import { RedialFields } from "./redial.tsx";

interface Props {
  form: CampaignForm;
  onChange: (form: CampaignForm) => void;
  agents: readonly Agent[];
  trunks: readonly Trunk[];
  /** Why it can't be changed. */
  disabled: string | null;
}

interface PartProps extends Props {
  set: (part: Partial<CampaignForm>) => void;
}

export function CampaignFields(props: Props) {
  const { form, onChange, disabled } = props;
  const set = (part: Partial<CampaignForm>) => onChange({ ...form, ...part });
  return (
    <>
      <Card>
        <div class="stack">
          <What {...props} set={set} />
        </div>
      </Card>
      <Card title="When">
        <div class="stack">
          <When {...props} set={set} />
        </div>
      </Card>
      <Card title="Redial">
        <div class="stack">
          <RedialFields
            form={form.redial}
            onChange={(redial) => set({ redial })}
            until="the last is dialed before “Not after”, if that is set."
            disabled={disabled}
          />
        </div>
      </Card>
      <Card title="Share and results">
        <div class="stack">
          <Share {...props} set={set} />
        </div>
      </Card>
    </>
  );
}

/** The resources that can be chosen, and the chosen one even if it no longer exists. */
function options(resources: readonly { id: string; name: string; status: string }[], chosen: string): (readonly [string, string])[] {
  const usable = resources.filter(({ id, status }) => status === "active" || id === chosen);
  const gone = chosen && !usable.some(({ id }) => id === chosen) ? ([[chosen, `${chosen.slice(0, 8)}…`]] as const) : [];
  return [...usable.map(({ id, name }) => [id, name] as const), ...gone];
}

function What({ form, set, agents, trunks, disabled }: PartProps) {
  return (
    <>
      {textsOf(form, set, disabled)("name", "Name", { name: "name", required: true, placeholder: "June reminders" })}
      <div class="pair">
        <SelectField
          label="Agent"
          name="agent_id"
          value={form.agent}
          options={options(agents, form.agent)}
          onChange={(agent) => set({ agent })}
          disabled={disabled}
          hint="Who talks."
        />
        <SelectField
          label="Trunk"
          name="sip_trunk_id"
          value={form.trunk}
          options={options(trunks, form.trunk)}
          onChange={(trunk) => set({ trunk })}
          disabled={disabled}
          hint="What its calls go out through."
        />
      </div>
    </>
  );
}

function When({ form, set, disabled }: PartProps) {
  const text = textsOf(form, set, disabled);
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <>
      <div class="pair">
        {text("notBefore", "Not before", {
          name: "not_before",
          type: "datetime-local",
          hint: `By your clock (${own}), at most 30 days ahead. Empty: as soon as it is started.`,
        })}
        {text("notAfter", "Not after", {
          name: "not_after",
          type: "datetime-local",
          hint: "By your clock too. Recipients not called by then end as expired.",
        })}
      </div>
      <HoursFields form={form.hours} onChange={(hours) => set({ hours })} disabled={disabled} isOfCampaign />
    </>
  );
}

function Share({ form, set, disabled }: PartProps) {
  const text = textsOf(form, set, disabled);
  return (
    <>
      <div class="pair">
        {text("maxChannels", "Channels", {
          name: "max_channels",
          type: "number",
          min: 1,
          max: 10_000,
          hint: "At most this many of the trunk's. Empty: whatever other calls leave free.",
        })}
        {text("maxCps", "Calls per second", {
          name: "max_cps",
          type: "number",
          min: 1,
          max: 1_000,
          hint: "At most this many. Empty: the trunk's own.",
        })}
      </div>
      {text("callback", "Callback URL", {
        name: "callback_url",
        isMono: true,
        placeholder: "https://example.com/calls",
        hint: "Optional: where each call's result is sent.",
      })}
      {text("completion", "Completion URL", {
        name: "completion_url",
        isMono: true,
        placeholder: "https://example.com/campaigns/done",
        hint: "Optional: where campaign.completed is sent once it is over.",
      })}
    </>
  );
}
