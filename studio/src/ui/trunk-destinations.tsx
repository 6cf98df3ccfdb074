// Where a trunk may call, and how much per day.

import { useState } from "preact/hooks";
import { ApiError, api, ask, type Schemas } from "../lib/api.ts";
import { Button } from "./button.tsx";
import { SelectField, TextField } from "./field.tsx";
import { Failure } from "./note.tsx";
import { Prefixes, prefixesOf } from "./prefixes.tsx";

export interface DestinationsForm {
  /** Prefixes separated by commas; empty for every country, and NOWHERE for none. */
  allow: string;
  deny: string;
  highRisk: Schemas["HighRisk"];
  maxCallsPerDay: string;
}

const NOWHERE = "none";

export const everywhere = (): DestinationsForm => ({ allow: "", deny: "", highRisk: "deny", maxCallsPerDay: "" });

export function destinationsFormOf({ destinations, max_calls_per_day }: Partial<Schemas["SipTrunkDetail"]>): DestinationsForm {
  const allow = destinations?.allow ?? null;
  return {
    allow: allow?.length === 0 ? NOWHERE : (allow ?? []).join(", "),
    deny: (destinations?.deny ?? []).join(", "),
    highRisk: destinations?.high_risk ?? "deny",
    maxCallsPerDay: max_calls_per_day ? String(max_calls_per_day) : "",
  };
}

/** As the API expects it. What is not a prefix or a number is sent as it is, so that the API reports it. */
export function destinationsOf({ allow, deny, highRisk, maxCallsPerDay }: DestinationsForm) {
  const given = allow.trim();
  const perDay = maxCallsPerDay.trim();
  return {
    destinations: {
      allow: given === "" ? null : given === NOWHERE ? [] : prefixesOf(given),
      deny: prefixesOf(deny),
      high_risk: highRisk,
    },
    max_calls_per_day: perDay === "" ? null : ((Number.isNaN(Number(perDay)) ? perDay : Number(perDay)) as number),
  };
}

interface Props {
  form: DestinationsForm & { trunkPhone: string };
  set: (part: Partial<DestinationsForm>) => void;
  disabled: string | null;
}

export function Destinations({ form, set, disabled }: Props) {
  return (
    <>
      <div class="pair">
        <Prefixes
          label="May call"
          name="destinations.allow"
          value={form.allow}
          onChange={(allow) => set({ allow })}
          disabled={disabled}
          placeholder="Every country"
          adds="Allow a country"
          hint="Prefixes, such as +91, +1. Empty: every country; none: nowhere."
          meanings={{ "": "Every country", [NOWHERE]: "Nowhere" }}
        />
        <Prefixes
          label="May not call"
          name="destinations.deny"
          value={form.deny}
          onChange={(deny) => set({ deny })}
          disabled={disabled}
          placeholder="+1900"
          adds="Deny a country"
          hint="The longest prefix that matches decides."
          meanings={{ "": "No exceptions" }}
        />
      </div>
      <HomeOnly trunkPhone={form.trunkPhone} onHome={(allow) => set({ allow })} disabled={disabled} />
      <div class="pair">
        <SelectField
          label="High-risk numbers"
          name="destinations.high_risk"
          value={form.highRisk}
          options={[
            ["deny", "Refused"],
            ["allow", "Allowed"],
          ]}
          onChange={(highRisk) => set({ highRisk })}
          disabled={disabled}
          hint="Satellite, premium rate, shared cost, unassigned country codes."
        />
        <TextField
          label="Calls per day"
          name="max_calls_per_day"
          type="number"
          min={1}
          max={1_000_000}
          value={form.maxCallsPerDay}
          onInput={(maxCallsPerDay) => set({ maxCallsPerDay })}
          disabled={disabled}
          placeholder="No limit"
          hint="Accepted calls, from midnight to midnight UTC."
        />
      </div>
    </>
  );
}

interface HomeProps {
  trunkPhone: string;
  onHome: (allow: string) => void;
  disabled: string | null;
}

/** Limits the trunk to its caller ID's country. */
function HomeOnly({ trunkPhone, onHome, disabled }: HomeProps) {
  const [error, setError] = useState<ApiError | null>(null);
  // A caller ID may be masked; its country code is not.
  const known = trunkPhone.trim().replaceAll("X", "0");
  const stayHome = async () => {
    try {
      const path = { phone_number: known };
      const { country_code } = await ask(api.GET("/integration/v1/numbers/{phone_number}", { params: { path } }));
      setError(null);
      if (country_code) onHome(`+${country_code}`);
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
  };
  return (
    <>
      <div>
        <Button disabled={disabled ?? (known ? null : "Enter the caller ID first")} onClick={() => void stayHome()}>
          Home country only
        </Button>
      </div>
      <Failure error={error} />
    </>
  );
}
