// A form: the API's objection to a field is shown at that field, and the focus goes there.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ApiError } from "../lib/api.ts";
import { Refused } from "../lib/refused.ts";
import { TextField, type TextProps } from "./field.tsx";

interface Props {
  error: ApiError | null;
  onSubmit: (event: Event) => void;
  label?: string;
  children: ComponentChildren;
}

export function Form({ error, onSubmit, label, children }: Props) {
  const ref = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error) ref.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [error]);
  return (
    <Refused.Provider value={error}>
      <form ref={ref} noValidate class="stack" onSubmit={onSubmit} aria-label={label}>
        {children}
      </form>
    </Refused.Provider>
  );
}

/** The names of a form's text values. */
type TextsOf<T> = { [Name in keyof T]: T[Name] extends string ? Name : never }[keyof T] & string;

/** Text fields of one form: each shows one of its texts, and sets it. */
export const textsOf =
  <T,>(form: T, set: (part: Partial<T>) => void, disabled: string | null) =>
  (key: TextsOf<T>, label: string, more: Omit<TextProps, "label" | "value" | "onInput"> = {}) => (
    <TextField
      label={label}
      value={form[key] as string}
      onInput={(text) => set({ [key]: text } as Partial<T>)}
      disabled={disabled}
      {...more}
    />
  );
