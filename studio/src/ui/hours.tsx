// Calling hours: when phones may ring, for an organisation or an agent.

import type { Schemas } from "../lib/api.ts";
import { SelectField, TextField } from "./field.tsx";
import { DAYS, Windows } from "./hours-windows.tsx";
import { OpenNow } from "./open-now.tsx";
import { ZoneField } from "./zone-field.tsx";

type Hours = Schemas["CallingHours"];

export interface HoursForm {
  kind: "always" | "callee" | "zone";
  zone: string;
  fallback: string;
  windows: Hours["windows"];
  /** One date per line. */
  closedDates: string;
  onClosed: Hours["on_closed"];
}

/** Calling hours as the form shows them. */
export function hoursFormOf(hours: Hours | null | undefined): HoursForm {
  const isCallee = hours?.time_zone === "callee";
  return {
    kind: hours ? (isCallee ? "callee" : "zone") : "always",
    zone: hours && !isCallee ? hours.time_zone : "",
    fallback: hours?.fallback_time_zone ?? "",
    windows: hours?.windows ?? [{ days: DAYS.slice(0, 6).map(([day]) => day), from: "09:00", to: "19:00" }],
    closedDates: (hours?.closed_dates ?? []).join("\n"),
    onClosed: hours?.on_closed ?? "wait",
  };
}

/** The form as the API expects it. */
export function hoursOf(form: HoursForm): Hours | null {
  if (form.kind === "always") return null;
  return {
    time_zone: form.kind === "callee" ? "callee" : form.zone.trim(),
    fallback_time_zone: (form.kind === "callee" && form.fallback.trim()) || null,
    windows: form.windows,
    closed_dates: form.closedDates.split(/[\s,]+/).filter((date) => date !== ""),
    on_closed: form.onClosed,
  };
}

interface Props {
  form: HoursForm;
  onChange: (form: HoursForm) => void;
  disabled: string | null;
  /** For a campaign: its recipients wait while hours are closed, whatever `on_closed` says. */
  isOfCampaign?: boolean;
}

export function HoursFields({ form, onChange, disabled, isOfCampaign = false }: Props) {
  const set = (part: Partial<HoursForm>) => onChange({ ...form, ...part });
  const hours = hoursOf(form);
  return (
    <div class="stack">
      <SelectField
        label="Phones may ring"
        value={form.kind}
        options={[
          ["always", "At any time"],
          ["callee", "In these hours, where the phone is"],
          ["zone", "In these hours of one time zone"],
        ]}
        onChange={(kind) => set({ kind })}
        disabled={disabled}
        hint={
          isOfCampaign
            ? "Your organisation's and the agent's calling hours apply as well. Recipients who can't be called now wait for the next opening."
            : "Checked when a call is accepted, and again just before the phone rings."
        }
      />
      {form.kind !== "always" && (
        <>
          <Places form={form} set={set} disabled={disabled} isOfCampaign={isOfCampaign} />
          <Windows windows={form.windows} onChange={(windows) => set({ windows })} disabled={disabled} />
          <TextField
            label="Closed dates"
            name="calling_hours.closed_dates"
            value={form.closedDates}
            onInput={(closedDates) => set({ closedDates })}
            rows={3}
            isMono
            disabled={disabled}
            placeholder="2027-01-26"
            hint="One date per line, at most 366: no phone rings on these."
          />
          {!isOfCampaign && (
            <SelectField
              label="A call that arrives while hours are closed"
              value={form.onClosed}
              options={[
                ["wait", "Waits for the next opening"],
                ["reject", "Is refused (409)"],
              ]}
              onChange={(onClosed) => set({ onClosed })}
              disabled={disabled}
            />
          )}
          {hours && <OpenNow hours={hours} />}
        </>
      )}
    </div>
  );
}

interface PartProps {
  form: HoursForm;
  set: (part: Partial<HoursForm>) => void;
  disabled: string | null;
  isOfCampaign: boolean;
}

function Places({ form, set, disabled, isOfCampaign }: PartProps) {
  return form.kind === "zone" ? (
    <ZoneField
      label="Time zone"
      name="calling_hours.time_zone"
      value={form.zone}
      onInput={(zone) => set({ zone })}
      required
      disabled={disabled}
    />
  ) : (
    <ZoneField
      label="If the number's time zone is not known"
      name="calling_hours.fallback_time_zone"
      value={form.fallback}
      onInput={(fallback) => set({ fallback })}
      disabled={disabled}
      hint={
        isOfCampaign
          ? "Empty: such a recipient is not called unless their row gives a time_zone."
          : "Empty: such a call is refused unless its request gives a time_zone."
      }
    />
  );
}
