// Whether a number is called again if nobody was reached: how often, after which endings, and at what intervals.

import type { Schemas } from "../lib/api.ts";
import { CAUSES, type RedialForm } from "../lib/redial.ts";
import { useRefused } from "../lib/refused.ts";
import { off, SelectField, TextField } from "./field.tsx";

interface Props {
  form: RedialForm;
  onChange: (form: RedialForm) => void;
  /** Until when there may be attempts. */
  until?: string;
  /** Why it can't be changed. */
  disabled?: string | null;
}

/** For a call. */
const UNTIL = "the last is dialed before “Not after”, 7 days from now if that is empty.";

export function RedialFields({ form, onChange, until = UNTIL, disabled = null }: Props) {
  const set = (part: Partial<RedialForm>) => onChange({ ...form, ...part });
  const isOn = form.attempts !== "1";
  return (
    <>
      <SelectField
        label="Attempts"
        name="redial.max_attempts"
        value={form.attempts}
        options={[["1", "One call only"], ...Array.from({ length: 9 }, (_, n) => [String(n + 2), `Up to ${n + 2} calls`] as const)]}
        onChange={(attempts) => set({ attempts })}
        disabled={disabled}
        hint={`Until somebody is reached. Each attempt is a call of its own; ${until}`}
      />
      {isOn && (
        <>
          <Causes chosen={form.on} onChange={(on) => set({ on })} disabled={disabled} />
          <TextField
            label="Minutes between attempts"
            name="redial.wait_seconds"
            value={form.minutes}
            onInput={(minutes) => set({ minutes })}
            disabled={disabled}
            placeholder="30, 120"
            hint="From the end of one attempt to the next; if there are several, the last one repeats."
          />
        </>
      )}
    </>
  );
}

interface CausesProps {
  chosen: Schemas["Cause"][];
  onChange: (on: Schemas["Cause"][]) => void;
  disabled: string | null;
}

function Causes({ chosen, onChange, disabled }: CausesProps) {
  const refused = useRefused("redial.on");
  const all = Object.keys(CAUSES) as Schemas["Cause"][];
  const toggled = (cause: Schemas["Cause"]) => all.filter((known) => (known === cause) !== chosen.includes(known));
  return (
    <fieldset class="stack tight">
      <legend>Call again after</legend>
      {all.map((cause) => (
        <label key={cause} class="check">
          <input
            type="checkbox"
            checked={chosen.includes(cause)}
            aria-invalid={refused ? true : undefined}
            {...off(disabled)}
            onChange={() => onChange(toggled(cause))}
          />
          {CAUSES[cause]}
        </label>
      ))}
      {refused && <p class="refused">{refused}</p>}
    </fieldset>
  );
}
