// What a call would do if it were placed now: a dry run, repeated as the call is changed.

import { useEffect, useRef } from "preact/hooks";
import { type ApiError, api, ask, type Schemas } from "../lib/api.ts";
import { useQuery } from "../lib/query.ts";
import { inWords } from "../lib/reasons.ts";
import { useSettled, wholeNumber } from "../lib/typed.ts";
import { Note } from "./note.tsx";
import { inBoth } from "./number-facts.tsx";

type Told = Schemas["TriggeredCall"];

interface Props {
  body: Schemas["TriggerCall"];
  zones: readonly string[];
}

export function Forecast({ body, zones }: Props) {
  const settled = useSettled(JSON.stringify(body));
  const asked = JSON.parse(settled) as typeof body;
  const isOn = wholeNumber(asked.phone_number) !== null;
  const dry = useQuery<Told>("forecast", () => ask(api.POST("/integration/v1/calls", { body: { ...asked, dry_run: true } })), { isOn });
  const wasOn = useRef(isOn);
  useEffect(() => {
    if (isOn && wasOn.current) dry.reload(); // what was told before stays until then
    wasOn.current = isOn;
  }, [settled]);
  return (
    <div role="status" aria-label="What would happen">
      {!isOn && <p class="faint">Enter a number to see here what the call would do before it is placed.</p>}
      {isOn && dry.error && <Refusal error={dry.error} zones={zones} />}
      {isOn && !dry.error && dry.data && <Verdict told={dry.data} zones={zones} />}
    </div>
  );
}

/** When a refused call may be placed, if the refusal says so. */
export function laterOf(error: ApiError): string | null {
  const { opens_at, next_allowed_at } = (error.body ?? {}) as Partial<Schemas["NotNow"]>;
  return opens_at ?? next_allowed_at ?? null;
}

function Refusal({ error, zones }: { error: ApiError; zones: readonly string[] }) {
  const later = laterOf(error);
  if (error.status === 0 || error.status >= 500) return <Note tone="warn">Can't tell what would happen: {error.message}</Note>;
  return (
    <Note tone="bad">
      <p>
        It would be refused: <strong>{error.message}</strong>
        {later && <>, until {inBoth(later, zones)}</>}.
      </p>
    </Note>
  );
}

function Verdict({ told: { would, reason, scheduled_for, unknown_keys }, zones }: { told: Told; zones: readonly string[] }) {
  return (
    <div class="stack tight">
      {would === "trigger" && <Note tone="good">It would be dialed at once.</Note>}
      {would === "queue" && <Note tone="warn">It would wait in the trunk's queue: {reason}.</Note>}
      {would === "reject" && <Note tone="bad">It would be refused: {reason}.</Note>}
      {would === "schedule" && (
        <Note tone="warn">
          It would be scheduled{scheduled_for && ` for ${inBoth(scheduled_for, zones)}`}, because {inWords(reason ?? "")}.
        </Note>
      )}
      {unknown_keys && unknown_keys.length > 0 && (
        <Note tone="warn">
          The agent's texts use keys that the metadata lacks: <span class="mono">{unknown_keys.join(", ")}</span>.
        </Note>
      )}
    </div>
  );
}
