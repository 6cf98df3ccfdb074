// The windows of calling hours: on which days, and from when to when.

import type { Schemas } from "../lib/api.ts";
import { isFrom, isTo, type Window } from "../lib/hours.ts";
import { useRefused } from "../lib/refused.ts";
import { Button } from "./button.tsx";
import { off } from "./field.tsx";
import "./hours-windows.css";

type Day = Schemas["Weekday"];

export const DAYS: readonly (readonly [Day, string])[] = [
  ["mon", "Mon"],
  ["tue", "Tue"],
  ["wed", "Wed"],
  ["thu", "Thu"],
  ["fri", "Fri"],
  ["sat", "Sat"],
  ["sun", "Sun"],
];

const MOST = 20;

interface Props {
  windows: Window[];
  onChange: (windows: Window[]) => void;
  disabled: string | null;
}

export function Windows({ windows, onChange, disabled }: Props) {
  const whole = useRefused("calling_hours.windows");
  return (
    <fieldset class="windows">
      <legend>Windows</legend>
      {whole && <p class="refused">{whole}</p>}
      {windows.map((window, at) => (
        <Row
          key={at}
          number={at + 1}
          window={window}
          onChange={(part) => onChange(windows.map((known, index) => (index === at ? { ...known, ...part } : known)))}
          onRemove={windows.length > 1 ? () => onChange(windows.filter((_, index) => index !== at)) : null}
          disabled={disabled}
        />
      ))}
      {!disabled && windows.length < MOST && (
        <Button isSmall onClick={() => onChange([...windows, { days: ["sat"], from: "10:00", to: "16:00" }])}>
          Add window
        </Button>
      )}
    </fieldset>
  );
}

interface RowProps {
  number: number;
  window: Window;
  onChange: (part: Partial<Window>) => void;
  onRemove: (() => void) | null;
  disabled: string | null;
}

/** The API says what is wrong, but not in which window: this shows where. */
function Row({ number, window: { days, from, to }, onChange, onRemove, disabled }: RowProps) {
  const refused = {
    days: useRefused("calling_hours.windows.days"),
    from: useRefused("calling_hours.windows.from"),
    to: useRefused("calling_hours.windows.to"),
  };
  const wrong =
    (days.length === 0 && refused.days) || (!isFrom(from) && refused.from) || (isFrom(from) && !isTo(to, from) && refused.to) || null;
  const id = `window-${number}-refused`;
  const bad = (isBad: boolean) => (isBad ? { "aria-invalid": true, "aria-describedby": id } : {});
  const toggle = (day: Day) => DAYS.map(([known]) => known).filter((known) => (known === day) !== days.includes(known));
  const time = (end: "from" | "to", value: string, placeholder: string) => (
    <input
      aria-label={`${end === "from" ? "From" : "To"}, window ${number}`}
      class="mono window-time"
      value={value}
      placeholder={placeholder}
      {...bad(wrong !== null && wrong === refused[end])}
      {...off(disabled)}
      onInput={(event) => onChange({ [end]: event.currentTarget.value.trim() })}
    />
  );
  return (
    <div class="window" role="group" aria-label={`Window ${number}`}>
      <span class="window-days">
        {DAYS.map(([day, name]) => (
          <label key={day} class="check">
            <input
              type="checkbox"
              aria-label={`${name}, window ${number}`}
              checked={days.includes(day)}
              {...bad(wrong !== null && wrong === refused.days)}
              {...off(disabled)}
              onChange={() => onChange({ days: toggle(day) })}
            />
            {name}
          </label>
        ))}
      </span>
      <span class="window-times">
        {time("from", from, "09:00")}
        <span aria-hidden="true">to</span>
        {time("to", to, "24:00")}
        {!disabled && onRemove && (
          <Button kind="quiet" isSmall label={`Remove window ${number}`} onClick={onRemove}>
            ✕
          </Button>
        )}
      </span>
      {wrong && (
        <p class="refused" id={id}>
          {wrong}
        </p>
      )}
    </div>
  );
}
