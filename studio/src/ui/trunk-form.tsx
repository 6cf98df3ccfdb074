// A trunk's form fields, for its page, a new one, and the first call.

import type { Schemas } from "../lib/api.ts";
import { fromEnvironment } from "../lib/samples.ts";
import { barred } from "../lib/session.ts";
import { SelectField } from "./field.tsx";
import { textsOf } from "./form.tsx";
import { Destinations, type DestinationsForm, destinationsFormOf, destinationsOf, everywhere } from "./trunk-destinations.tsx";

export interface TrunkForm extends DestinationsForm {
  name: string;
  trunkPhone: string;
  maxCps: string;
  maxChannels: string;
  status: Schemas["Availability"];
  carrier: "simulator" | "livekit";
  url: string;
  apiKey: string;
  apiSecret: string;
  sipTrunkId: string;
}

export const emptyTrunk = (): TrunkForm => ({
  name: "",
  trunkPhone: "",
  maxCps: "5",
  maxChannels: "100",
  status: "active",
  carrier: "simulator",
  url: "",
  apiKey: "",
  apiSecret: "",
  sipTrunkId: "",
  ...everywhere(),
});

export const exampleTrunk = (): TrunkForm => ({ ...emptyTrunk(), name: "Simulator Trunk", trunkPhone: "+918069000000" });

export function formOf(trunk: Schemas["SipTrunk"] & Partial<Schemas["SipTrunkDetail"]>): TrunkForm {
  const { carrier } = trunk;
  return {
    ...emptyTrunk(),
    name: trunk.name,
    trunkPhone: trunk.trunk_phone,
    maxCps: String(trunk.max_cps),
    maxChannels: String(trunk.max_channels),
    status: trunk.status,
    ...destinationsFormOf(trunk),
    ...(carrier?.type === "livekit" && {
      carrier: "livekit",
      url: carrier.url ?? "",
      apiKey: carrier.api_key ?? "",
      sipTrunkId: carrier.sip_trunk_id ?? "",
    }),
  };
}

/** The form, with examples wherever nothing has been entered yet, as the placeholders show them; the secret is left out. */
export function filledOut(form: TrunkForm): TrunkForm {
  const { name, trunkPhone } = exampleTrunk();
  return {
    ...form,
    name: form.name.trim() || name,
    trunkPhone: form.trunkPhone.trim() || trunkPhone,
    apiSecret: fromEnvironment("LIVEKIT_API_SECRET"),
  };
}

/** The form as the API expects it. What is not a number is sent as it is, so that the API reports it. */
export function bodyOf(form: TrunkForm): Schemas["CreateSipTrunk"] {
  const number = (text: string) => (text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text)) as number;
  return {
    name: form.name,
    trunk_phone: form.trunkPhone.trim(),
    max_cps: number(form.maxCps),
    max_channels: number(form.maxChannels),
    status: form.status,
    carrier:
      form.carrier === "simulator"
        ? { type: "simulator" }
        : {
            type: "livekit",
            url: form.url,
            api_key: form.apiKey,
            sip_trunk_id: form.sipTrunkId,
            // A secret that is not entered again stays as it is.
            ...(form.apiSecret && { api_secret: form.apiSecret }),
          },
    ...destinationsOf(form),
  } as Schemas["CreateSipTrunk"];
}

interface Props {
  form: TrunkForm;
  onChange: (form: TrunkForm) => void;
  /** Only the fields that a first trunk needs. */
  isBrief?: boolean;
  /** Whether the platform already has the carrier's secret. */
  isKnown?: boolean;
}

export function TrunkFields({ form, onChange, isBrief = false, isKnown = false }: Props) {
  const disabled = barred("owner");
  const set = (part: Partial<TrunkForm>) => onChange({ ...form, ...part });
  const text = textsOf(form, set, disabled);
  const example = exampleTrunk();
  return (
    <div class="stack">
      <div class="pair">
        {text("name", "Name", { name: "name", required: true, placeholder: example.name })}
        {text("trunkPhone", "Caller ID", {
          name: "trunk_phone",
          isMono: true,
          required: true,
          placeholder: example.trunkPhone,
          hint: "Shown to the recipient. Digits may be masked with X.",
        })}
      </div>
      <div class="pair">
        {text("maxChannels", "Channels", {
          name: "max_channels",
          type: "number",
          min: 1,
          max: 10_000,
          hint: "Simultaneous calls, 1 to 10,000.",
        })}
        {text("maxCps", "Calls per second", { name: "max_cps", type: "number", min: 1, max: 1_000, hint: "1 to 1,000." })}
      </div>
      {!isBrief && <StatusAndCarrier form={form} set={set} disabled={disabled} />}
      {/* The API does not show them to anybody but owners. */}
      {!isBrief && !disabled && <Destinations form={form} set={set} disabled={disabled} />}
      {!isBrief && form.carrier === "livekit" && <LiveKit form={form} set={set} disabled={disabled} isKnown={isKnown} />}
    </div>
  );
}

interface PartProps {
  form: TrunkForm;
  set: (part: Partial<TrunkForm>) => void;
  disabled: string | null;
}

function StatusAndCarrier({ form, set, disabled }: PartProps) {
  return (
    <div class="pair">
      <SelectField
        label="Status"
        value={form.status}
        options={[
          ["active", "Active"],
          ["inactive", "Inactive"],
        ]}
        onChange={(status) => set({ status })}
        disabled={disabled}
        hint="Only active trunks take calls."
      />
      <SelectField
        label="Carrier"
        value={form.carrier}
        options={[
          ["simulator", "Simulator"],
          ["livekit", "LiveKit SIP"],
        ]}
        onChange={(carrier) => set({ carrier })}
        disabled={disabled}
        hint={form.carrier === "simulator" ? "Dials nobody." : "Dials through your LiveKit server."}
      />
    </div>
  );
}

function LiveKit({ form, set, disabled, isKnown }: PartProps & { isKnown: boolean }) {
  const text = textsOf(form, set, disabled);
  return (
    <>
      {text("url", "Server URL", { name: "carrier.url", placeholder: "wss://your-project.livekit.cloud" })}
      <div class="pair">
        {text("apiKey", "LiveKit API key", { name: "carrier.api_key", isMono: true })}
        {text("apiSecret", "LiveKit API secret", {
          name: "carrier.api_secret",
          type: "password",
          isMono: true,
          autocomplete: "new-password",
          hint: isKnown ? "Never shown again. Leave it empty to keep it." : "Never shown again.",
        })}
      </div>
      {text("sipTrunkId", "LiveKit SIP trunk ID", { name: "carrier.sip_trunk_id", isMono: true, placeholder: "ST_…" })}
    </>
  );
}
