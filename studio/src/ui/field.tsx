// The fields of a form: a label, a control, a hint.

import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import "./field.css";

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  children: (id: { id: string; "aria-describedby"?: string | undefined }) => JSX.Element;
}

export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": hint ? `${id}-hint` : undefined })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** A control that can't be used, and says why where one points at it. */
export const off = (reason: string | null | undefined) => (reason ? { disabled: true, title: reason } : {});

interface TextProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  rows?: number;
  isMono?: boolean;
  required?: boolean;
  type?: "text" | "password" | "number" | "datetime-local";
  placeholder?: string;
  /** Why it can't be changed. */
  disabled?: string | null;
  min?: number;
  max?: number;
  autocomplete?: string;
}

export function TextField({ label, value, onInput, hint, rows, isMono, type = "text", disabled, ...more }: TextProps) {
  const input = (event: Event) => onInput((event.target as HTMLInputElement).value);
  const common = { value, onInput: input, class: isMono ? "mono" : undefined, spellcheck: !isMono, ...off(disabled), ...more };
  return (
    <Field label={label} hint={hint}>
      {(id) => {
        if (rows) return <textarea {...id} {...common} rows={rows} />;
        // The types know one shape for each kind of input; which kind this is, only the caller knows.
        const kind = { type, autocomplete: more.autocomplete ?? "off" } as { type: "text" };
        return <input {...id} {...common} {...kind} />;
      }}
    </Field>
  );
}

interface SelectProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [value: T, text: string])[];
  onChange: (value: T) => void;
  hint?: ComponentChildren;
  /** Why it can't be changed. */
  disabled?: string | null;
}

export function SelectField<T extends string>({ label, value, options, onChange, hint, disabled }: SelectProps<T>) {
  return (
    <Field label={label} hint={hint}>
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
