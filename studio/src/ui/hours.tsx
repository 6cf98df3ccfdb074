// Calling hours: when phones may ring, of the organisation or of an agent.

import { useState } from "preact/hooks";
import { api, ask, ApiError, type Schemas } from "../lib/api.ts";
import { isOpen, type Opening } from "../lib/hours.ts";
import { Button } from "./button.tsx";
import { off, SelectField, TextField } from "./field.tsx";
import { Failure, Note } from "./note.tsx";
import "./hours.css";

type Hours = Schemas["CallingHours"];
type Day = Hours["windows"][number]["days"][number];

const DAYS: readonly (readonly [Day, string])[] = [
  ["mon", "Mon"],
  ["tue", "Tue"],
  ["wed", "Wed"],
  ["thu", "Thu"],
  ["fri", "Fri"],
  ["sat", "Sat"],
  ["sun", "Sun"],
];

export interface HoursForm {
  kind: "always" | "callee" | "zone";
  zone: string;
  fallback: string;
  windows: Hours["windows"];
  /** A date a line. */
  closedDates: string;
  onClosed: Hours["on_closed"];
}

/** What the form shows of them. */
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

/** The form as the API takes it. */
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
}

export function HoursFields({ form, onChange, disabled }: Props) {
  const set = (part: Partial<HoursForm>) => onChange({ ...form, ...part });
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
        hint="Looked at when a call is accepted, and again in the moment before the phone rings."
      />
      {form.kind !== "always" && (
        <>
          <Places form={form} set={set} disabled={disabled} />
          <Windows form={form} set={set} disabled={disabled} />
          <TextField
            label="Closed dates"
            value={form.closedDates}
            onInput={(closedDates) => set({ closedDates })}
            rows={3}
            isMono
            disabled={disabled}
            placeholder="2027-01-26"
            hint="A date a line, at most 366: on these no phone rings."
          />
          <SelectField
            label="A call that comes while it is closed"
            value={form.onClosed}
            options={[
              ["wait", "Waits for the next opening"],
              ["reject", "Is refused (409)"],
            ]}
            onChange={(onClosed) => set({ onClosed })}
            disabled={disabled}
          />
          <OpenNow form={form} />
        </>
      )}
    </div>
  );
}

interface PartProps {
  form: HoursForm;
  set: (part: Partial<HoursForm>) => void;
  disabled: string | null;
}

function Places({ form, set, disabled }: PartProps) {
  if (form.kind === "zone") {
    return (
      <TextField
        label="Time zone"
        value={form.zone}
        onInput={(zone) => set({ zone })}
        isMono
        required
        disabled={disabled}
        placeholder="Asia/Kolkata"
      />
    );
  }
  return (
    <TextField
      label="Where a number does not tell its time zone"
      value={form.fallback}
      onInput={(fallback) => set({ fallback })}
      isMono
      disabled={disabled}
      placeholder="Asia/Kolkata"
      hint="Empty: such a call is refused, unless its request says its time_zone."
    />
  );
}

function Windows({ form, set, disabled }: PartProps) {
  type Window = HoursForm["windows"][number];
  const replace = (at: number, part: Partial<Window>) =>
    set({ windows: form.windows.map((window, index) => (index === at ? { ...window, ...part } : window)) });
  const toggle = (window: Window, day: Day) =>
    DAYS.map(([known]) => known).filter((known) => (known === day) !== window.days.includes(known));
  return (
    <fieldset class="hours">
      <legend>Windows</legend>
      {form.windows.map((window, at) => (
        <div class="hours-row" key={at}>
          <span class="hours-days">
            {DAYS.map(([day, name]) => (
              <label key={day}>
                <input
                  type="checkbox"
                  aria-label={`${name}, window ${at + 1}`}
                  checked={window.days.includes(day)}
                  {...off(disabled)}
                  onChange={() => replace(at, { days: toggle(window, day) })}
                />
                {name}
              </label>
            ))}
          </span>
          {(["from", "to"] as const).map((end) => (
            <input
              key={end}
              aria-label={`${end === "from" ? "From" : "To"}, window ${at + 1}`}
              class="mono"
              size={5}
              value={window[end]}
              placeholder={end === "from" ? "09:00" : "24:00"}
              {...off(disabled)}
              onInput={(event) => replace(at, { [end]: event.currentTarget.value.trim() })}
            />
          ))}
          {!disabled && form.windows.length > 1 && (
            <Button
              kind="quiet"
              isSmall
              label={`Remove window ${at + 1}`}
              onClick={() => set({ windows: form.windows.filter((_, index) => index !== at) })}
            >
              ✕
            </Button>
          )}
        </div>
      ))}
      {!disabled && form.windows.length < 20 && (
        <Button isSmall onClick={() => set({ windows: [...form.windows, { days: ["sat"], from: "10:00", to: "16:00" }] })}>
          Add window
        </Button>
      )}
    </fieldset>
  );
}

/** Whether it is open now for a number, as the form stands. */
function OpenNow({ form }: { form: HoursForm }) {
  const [number, setNumber] = useState("");
  const [told, setTold] = useState<Opening[] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const look = async () => {
    setError(null);
    setTold(null);
    const hours = hoursOf(form);
    if (!hours) return;
    try {
      const params = { path: { phone_number: number.trim() } };
      const zones =
        form.kind === "zone" ? [form.zone.trim()] : (await ask(api.GET("/integration/v1/numbers/{phone_number}", { params }))).time_zones;
      const known = zones.length > 0 ? zones : [hours.fallback_time_zone].filter((zone) => zone !== null);
      setTold(known.map((zone) => isOpen(hours, zone ?? "", new Date())));
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
  };
  return (
    <div class="stack">
      <TextField
        label="Open now for a number?"
        value={number}
        onInput={setNumber}
        isMono
        placeholder="+919876543210"
        hint="By the clocks that this browser knows; a call goes by the platform's own."
      />
      <Button isSmall onClick={look}>
        Look
      </Button>
      <Failure error={error} />
      {told && (
        <Note>
          {told.length === 0
            ? "Its time zone is not known: the call would be refused."
            : told.map(({ zone, clock, open }) => `${open ? "Open" : "Closed"} now in ${zone} (${clock})`).join(" · ")}
        </Note>
      )}
    </div>
  );
}
