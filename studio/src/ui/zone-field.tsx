// An IANA time zone, with those that the browser knows to choose from.

import { useId } from "preact/hooks";
import { TextField, type TextProps } from "./field.tsx";

const ZONES = Intl.supportedValuesOf("timeZone");

export function ZoneField(props: TextProps) {
  const id = useId();
  return (
    <>
      <TextField {...props} isMono list={id} placeholder={props.placeholder ?? "Asia/Kolkata"} />
      <datalist id={id}>
        {ZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}
