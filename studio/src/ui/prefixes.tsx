// A list of number prefixes: as text, with a country that can be added by name, and the text's meaning below it.

import { COUNTRIES, countryOf } from "../lib/countries.ts";
import { SelectField, TextField } from "./field.tsx";

/** The prefixes in a text. */
export const prefixesOf = (text: string): string[] => text.split(/[\s,;]+/).filter((part) => part !== "");

interface Props {
  label: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
  disabled: string | null;
  placeholder: string;
  /** The label for adding a country to it. */
  adds: string;
  /** What the field is for. */
  hint: string;
  /** What the text means if it is not a list. */
  meanings?: Record<string, string>;
}

export function Prefixes({ label, name, value, onChange, disabled, placeholder, adds, hint, meanings = {} }: Props) {
  const special = meanings[value.trim()];
  const known = special === undefined ? prefixesOf(value) : [];
  const add = (prefixes: string) => onChange([...known, prefixes].join(", "));
  const left = COUNTRIES.filter(([prefixes]) => !prefixesOf(prefixes).every((prefix) => known.includes(prefix)));
  return (
    <div class="stack tight">
      <TextField
        label={label}
        name={name}
        value={value}
        onInput={onChange}
        isMono
        disabled={disabled}
        placeholder={placeholder}
        hint={
          <>
            {hint} <strong>{special ?? known.map(inWords).join(", ")}</strong>
          </>
        }
      />
      <SelectField
        label={adds}
        value=""
        options={[["", "Choose …"], ...left.map(([prefixes, country]) => [prefixes, `${country} (${prefixes})`] as const)]}
        onChange={add}
        disabled={disabled}
      />
    </div>
  );
}

function inWords(prefix: string): string {
  const found = countryOf(prefix);
  if (!found) return prefix;
  return found.isPart ? `${prefix} (in ${found.name})` : found.name;
}
