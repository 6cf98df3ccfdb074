// Why a call is waiting, or why it failed: for its page, in plain words.

import type { Schemas } from "../lib/api.ts";
import { dueIn, now, momentIn } from "../lib/format.ts";
import { useNumber } from "../lib/numbers.ts";
import { adviceFor, mayWait, waitOf } from "../lib/reasons.ts";
import { Note } from "./note.tsx";
import { inBoth } from "./number-facts.tsx";

type Detail = Schemas["Call"];

export function Why({ call }: { call: Detail }) {
  if (mayWait(call)) return <Waits call={call} />;
  const { failure } = call;
  if (!failure) return null;
  const { message, source, code, sip_status_code } = failure;
  return (
    <Note tone="bad">
      <p>
        <strong>{message}.</strong> {adviceFor(failure)} <Link call={call} />
      </p>
      <p class="small">
        From: {source} · <span class="mono">{code}</span>
        {sip_status_code !== null && ` · SIP ${sip_status_code}`}
        {code === "window_closed" && call.schedule && ` · not after ${momentIn(call.schedule.not_after)}`}
      </p>
    </Note>
  );
}

const OF_TRUNK = ["channels_exhausted", "rate_exceeded", "daily_limit_reached", "destination_not_allowed", "dialer_unavailable"];

/** A link to the place where this is configured. */
function Link({ call: { failure, phone_number, sip_trunk_id } }: { call: Detail }) {
  const code = failure?.code ?? "";
  if (code === "number_suppressed") {
    return <a href={`/studio/suppressions?phone_number=${encodeURIComponent(phone_number)}`}>See its suppression</a>;
  }
  return OF_TRUNK.includes(code) ? <a href={`/studio/trunks/${sip_trunk_id}`}>Go to the trunk</a> : null;
}

function Waits({ call }: { call: Detail }) {
  const wait = waitOf(call, now.value);
  const { schedule } = call;
  const facts = useNumber(schedule && !schedule.time_zone ? call.phone_number : "");
  if (!wait) return null;
  const zones = schedule?.time_zone ? [schedule.time_zone] : (facts.data?.time_zones ?? []);
  return (
    <Note tone="warn">
      <p role="status">
        <strong>Not dialed yet.</strong> {wait.why}
      </p>
      {wait.until && (
        <p>
          It is dialed {inBoth(wait.until, zones)}, {dueIn(wait.until)}.
        </p>
      )}
      {schedule && <p class="small">Not after {inBoth(schedule.not_after, zones)}.</p>}
    </Note>
  );
}
