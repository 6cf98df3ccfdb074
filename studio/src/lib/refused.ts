// Where on a form an API's refusal belongs.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ApiError } from "./api.ts";

/** The refusal of the form's last request. */
export const Refused = createContext<ApiError | null>(null);

/** Refusals whose text does not begin with the field that they are about. */
const FIELDS: Record<string, string> = {
  number_suppressed: "phone_number",
  contact_limit_reached: "phone_number",
  destination_not_allowed: "phone_number",
  time_zone_unknown: "time_zone",
  outside_calling_hours: "not_before",
  agent_not_active: "agent_id",
  agent_not_found: "agent_id",
  agent_unavailable: "agent_id",
  trunk_not_active: "sip_trunk_id",
  trunk_not_found: "sip_trunk_id",
  trunk_channels_exhausted: "sip_trunk_id",
  trunk_rate_exceeded: "sip_trunk_id",
  too_many_scheduled_calls: "sip_trunk_id",
  daily_limit_reached: "sip_trunk_id",
};

/** The fields that an error is about, by the API's names. */
export function fieldsOf({ code, message }: Pick<ApiError, "code" | "message">): string[] {
  const [, keys] = /^metadata missing required keys: (.+)$/.exec(message) ?? [];
  if (keys) return keys.split(", ").map((key) => `metadata.${key}`);
  const field = FIELDS[code] ?? /^([a-z_]+(?:\.[a-z_]+)*) (?:must|is|makes) /.exec(message)?.[1];
  return field ? [field] : [];
}

/** The objection to a field of this form; null if there is none. */
export function useRefused(name: string | undefined): string | null {
  const error = useContext(Refused);
  if (!error || !name || !fieldsOf(error).includes(name)) return null;
  return name.startsWith("metadata.") ? "Each call with this agent must have it." : `${error.message}.`;
}
