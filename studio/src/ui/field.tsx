// The fields of a form: a label, a control, a hint.

import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { useRefused } from "../lib/refused.ts";
import "./field.css";

interface Control {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  /** The API's name for it: objections to the field are shown below it. */
  name?: string | undefined;
  children: (control: Control) => JSX.Element;
}

export function Field({ label, hint, name, children }: FieldProps) {
  const id = useId();
  const refused = useRefused(name);
  const described = [refused && `${id}-refused`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": refused ? true : undefined })}
      {refused && (
        <p class="refused" id={`${id}-refused`}>
          {refused}
        </p>
      )}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** A control that can't be used, and says why when pointed at. */
export const off = (reason: string | null | undefined) => (reason ? { disabled: true, title: reason } : {});

export interface TextProps {
  label: string;
  name?: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  rows?: number;
  isMono?: boolean;
  required?: boolean;
  type?: "text" | "password" | "number" | "datetime-local" | "tel";
  placeholder?: string;
  /** Why it can't be changed. */
  disabled?: string | null;
  min?: number;
  max?: number;
  autocomplete?: string;
  /** What Enter does instead of submitting the form. */
  onEnter?: () => void;
  /** The id of a `datalist`. */
  list?: string;
}

export function TextField({ label, name, value, onInput, hint, rows, isMono, type = "text", disabled, onEnter, ...more }: TextProps) {
  const enter = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    onEnter?.();
  };
  const input = (event: Event) => onInput((event.target as HTMLInputElement).value);
  const common = {
    value,
    onInput: input,
    class: isMono ? "mono" : undefined,
    spellcheck: !isMono,
    ...off(disabled),
    ...(onEnter && { onKeyDown: enter }),
    ...more,
  };
  return (
    <Field label={label} name={name} hint={hint}>
      {(id) => {
        if (rows) return <textarea {...id} {...common} rows={rows} />;
        // The types know one shape for each kind of input, but only the caller knows which kind this is.
        const kind = { type, autocomplete: more.autocomplete ?? "off" } as { type: "text" };
        return <input {...id} {...common} {...kind} />;
      }}
    </Field>
  );
}

interface SelectProps<T extends string> {
  label: string;
  name?: string;
  value: T;
  options: readonly (readonly [value: T, text: string])[];
  onChange: (value: T) => void;
  hint?: ComponentChildren;
  /** Why it can't be changed. */
  disabled?: string | null;
}

export function SelectField<T extends string>({ label, name, value, options, onChange, hint, disabled }: SelectProps<T>) {
  return (
    <Field label={label} name={name} hint={hint}>
      {(id) => (
        <select {...id} value={value} {...off(disabled)} onChange={(event) => onChange(event.currentTarget.value as T)}>
          {options.map(([option, text]) => (
            <option key={option} value={option} selected={option === value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  hint?: ComponentChildren;
  /** Why it can't be changed. */
  disabled?: string | null;
}

export function CheckField({ label, checked, onChange, hint, disabled }: CheckProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="check">
        <input
          type="checkbox"
          checked={checked}
          aria-describedby={hint ? id : undefined}
          {...off(disabled)}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        {label}
      </label>
      {hint && (
        <p class="hint" id={id}>
          {hint}
        </p>
      )}
    </div>
  );
}
