// Whether calling hours, as a form has them, are open now for a number; kept up to date as the form and the time change.

import { useMemo } from "preact/hooks";
import type { Schemas } from "../lib/api.ts";
import { momentIn, now } from "../lib/format.ts";
import { type Look, lookAt } from "../lib/hours.ts";
import { useTypedNumber } from "../lib/numbers.ts";
import { TextField } from "./field.tsx";
import { Failure, Note } from "./note.tsx";

const MINUTE_MS = 60_000;

export function OpenNow({ hours }: { hours: Schemas["CallingHours"] }) {
  const { typed, facts, number } = useTypedNumber();
  const isCallees = hours.time_zone === "callee";
  const possible = isCallees ? facts.data?.time_zones : [];
  const minute = Math.floor(now.value / MINUTE_MS);
  const look = useMemo(() => possible && tryLook(hours, possible, minute * MINUTE_MS), [JSON.stringify([hours, possible]), minute]);
  return (
    <div class="stack tight">
      {isCallees && (
        <TextField
          label="Open now for a number?"
          value={typed.text ?? number}
          onInput={typed.type}
          onEnter={() => {}}
          isMono
          placeholder="+919876543210"
          hint="Based on this browser's time zone data; calls use the platform's own."
        />
      )}
      <Failure error={isCallees ? facts.error : null} />
      <div role="status">{look && <Told look={look} />}</div>
    </div>
  );
}

/** A zone that is still being typed is not one that the browser knows. */
function tryLook(hours: Schemas["CallingHours"], possible: readonly string[], at: number): Look | "unknown" {
  try {
    return lookAt(hours, possible, at);
  } catch {
    return "unknown";
  }
}

function Told({ look }: { look: Look | "unknown" }) {
  if (look === "unknown") return <Note tone="warn">This browser does not know that time zone.</Note>;
  const { zones, open, opensAt } = look;
  const [first] = zones;
  if (!first) return <Note tone="warn">Its time zone is not known: the call is refused unless its request gives a time_zone.</Note>;
  const where = zones.map(({ zone, clock }) => `${zone} (${clock})`).join(" and ");
  if (open) return <Note tone="good">Open now in {where}.</Note>;
  return (
    <Note tone="warn">
      Closed now in {where}: {opensAt === null ? "it does not open within eight days" : `opens ${momentIn(opensAt, first.zone)} there`}.
    </Note>
  );
}
