// The fields of a trunk: shared by its page, a new one, and the first call.

import type { Schemas } from "../lib/api.ts";
import { fromEnvironment } from "../lib/samples.ts";
import { barred } from "../lib/session.ts";
import { SelectField, TextField } from "./field.tsx";
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

/** The form with examples where nothing was entered yet, as the fields' placeholders show them; the secret is not in it. */
export function filledOut(form: TrunkForm): TrunkForm {
  const { name, trunkPhone } = exampleTrunk();
  return {
    ...form,
    name: form.name.trim() || name,
    trunkPhone: form.trunkPhone.trim() || trunkPhone,
    apiSecret: fromEnvironment("LIVEKIT_API_SECRET"),
  };
}

/** The form as the API takes it. A number that is none goes there as it is, for the API to say so. */
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
  /** Only what a first trunk needs. */
  isBrief?: boolean;
  /** Whether the carrier's secret is known to the platform already. */
  isKnown?: boolean;
}

export function TrunkFields({ form, onChange, isBrief = false, isKnown = false }: Props) {
  const disabled = barred("owner");
  const set = (part: Partial<TrunkForm>) => onChange({ ...form, ...part });
  return (
    <div class="stack">
      <div class="pair">
        <TextField
          label="Name"
          value={form.name}
          onInput={(name) => set({ name })}
          required
          disabled={disabled}
          placeholder={exampleTrunk().name}
        />
        <TextField
          label="Caller ID"
          value={form.trunkPhone}
          onInput={(trunkPhone) => set({ trunkPhone })}
          isMono
          required
          disabled={disabled}
          placeholder={exampleTrunk().trunkPhone}
          hint="Shown to the recipient. Digits may be masked with X."
        />
      </div>
      <div class="pair">
        <TextField
          label="Channels"
          type="number"
          min={1}
          max={10_000}
          value={form.maxChannels}
          onInput={(maxChannels) => set({ maxChannels })}
          disabled={disabled}
          hint="Calls at the same time, 1 to 10,000."
        />
        <TextField
          label="Calls per second"
          type="number"
          min={1}
          max={1_000}
          value={form.maxCps}
          onInput={(maxCps) => set({ maxCps })}
          disabled={disabled}
          hint="1 to 1,000."
        />
      </div>
      {!isBrief && <StatusAndCarrier form={form} set={set} disabled={disabled} />}
      {!isBrief && <Destinations form={form} set={set} disabled={disabled} />}
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
  return (
    <>
      <TextField
        label="Server URL"
        value={form.url}
        onInput={(url) => set({ url })}
        disabled={disabled}
        placeholder="wss://your-project.livekit.cloud"
      />
      <div class="pair">
        <TextField label="LiveKit API key" value={form.apiKey} onInput={(apiKey) => set({ apiKey })} isMono disabled={disabled} />
        <TextField
          label="LiveKit API secret"
          type="password"
          value={form.apiSecret}
          onInput={(apiSecret) => set({ apiSecret })}
          isMono
          disabled={disabled}
          autocomplete="new-password"
          hint={isKnown ? "Never shown again. Leave it empty to keep it." : "Never shown again."}
        />
      </div>
      <TextField
        label="LiveKit SIP trunk ID"
        value={form.sipTrunkId}
        onInput={(sipTrunkId) => set({ sipTrunkId })}
        isMono
        disabled={disabled}
        placeholder="ST_…"
      />
    </>
  );
}
