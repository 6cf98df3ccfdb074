// The API's responses, as the reference and the guide describe them.

export type Role = "viewer" | "member" | "admin" | "owner";
export const ROLES: readonly Role[] = ["viewer", "member", "admin", "owner"];

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const SECRET = /^whsec_[A-Za-z0-9+/]{43}=$/;
export const API_KEY = /^audtk_[A-Za-z0-9]{38}$/;
export const HEX_SHA256 = /^[0-9a-f]{64}$/;

export type CallStatus =
  | "Initiating"
  | "Ringing"
  | "Answered"
  | "Completed"
  | "Decline"
  | "Rejected — Capacity"
  | "Trigger Failed"
  | "SIP Call Failed";

export type EventType = "call.completed" | "call.failed" | "call.rejected" | "call.declined";

export interface ErrorBody {
  error: string;
}

export interface Accepted {
  call_id: string;
  status: "triggered" | "queued" | "scheduled";
  poll_url: string;
  /** Of a scheduled call alone. */
  scheduled_for?: string;
}

export interface Refused {
  error: string;
  call_id: string;
  status: "rejected";
}

export interface StatusObject {
  id: string;
  phone_number: string;
  call_status: CallStatus;
  is_terminal: boolean;
  stalled: boolean;
  call_outcome: Record<string, unknown> | null;
  duration: number | null;
  start_timestamp: string | null;
  end_timestamp: string | null;
  transcript_url: string | null;
  recording_url: string | null;
  last_updated: string;
}

/** In the reference's order. */
export const STATUS_FIELDS: readonly (keyof StatusObject)[] = [
  "id",
  "phone_number",
  "call_status",
  "is_terminal",
  "stalled",
  "call_outcome",
  "duration",
  "start_timestamp",
  "end_timestamp",
  "transcript_url",
  "recording_url",
  "last_updated",
];

export interface ListedCall extends StatusObject {
  agent_id: string;
  sip_trunk_id: string;
  created_at: string;
  dialed_at: string | null;
  answered_by: "human" | "machine" | "unknown" | null;
  failure: Failure | null;
  redial: Redial | null;
  campaign_id: string | null;
  reference: string | null;
}

export const LISTED_FIELDS: readonly (keyof ListedCall)[] = [
  ...STATUS_FIELDS,
  "agent_id",
  "sip_trunk_id",
  "created_at",
  "dialed_at",
  "answered_by",
  "failure",
  "redial",
  "campaign_id",
  "reference",
];

export interface Redial {
  attempt: number;
  max_attempts: number;
  first_call_id: string;
  previous_call_id: string | null;
  next_call_id: string | null;
}

export interface Failure {
  source: "platform" | "dialer" | "carrier" | "callee" | "caller";
  code: string;
  message: string;
  sip_status_code: number | null;
}

export interface TimelineEntry {
  at: string;
  event: string;
  detail: string | null;
}

export interface CallObject extends ListedCall {
  metadata: Record<string, unknown> | null;
  timeline: TimelineEntry[];
  callback: DeliveryObject | null;
  schedule: Schedule | null;
}

export interface Schedule {
  not_before: string | null;
  not_after: string;
  scheduled_for: string | null;
  time_zone: string | null;
  reason: "not_before" | "calling_hours" | "contact_limit" | "redial" | null;
}

export const CALL_FIELDS: readonly (keyof CallObject)[] = [...LISTED_FIELDS, "metadata", "timeline", "callback", "schedule"];

export interface Attempt {
  at: string;
  status_code: number | null;
  error: string | null;
  duration_ms: number;
}

export interface DeliveryObject {
  id: string;
  call_id: string | null;
  event: EventType;
  url: string;
  status: "pending" | "delivered" | "exhausted";
  attempts: Attempt[];
  next_attempt_at: string | null;
  created_at: string;
}

export const DELIVERY_FIELDS: readonly (keyof DeliveryObject)[] = [
  "id",
  "call_id",
  "event",
  "url",
  "status",
  "attempts",
  "next_attempt_at",
  "created_at",
];

export interface Notification {
  event: EventType;
  call_id: string;
  call_status: CallStatus;
  call_outcome: Record<string, unknown> | null;
  duration: number | null;
  transcript_url: string | null;
  recording_url: string | null;
  metadata: Record<string, unknown> | null;
  occurred_at: string;
}

/** What a notification tells where `callback_detail` is `full`. */
export interface FullNotification extends Notification, Pick<ListedCall, "phone_number" | "agent_id" | "failure" | "answered_by"> {
  campaign_id: string | null;
  reference: string | null;
  redial: object | null;
}

/** In the reference's order. */
export const NOTIFICATION_FIELDS: readonly (keyof Notification)[] = [
  "event",
  "call_id",
  "call_status",
  "call_outcome",
  "duration",
  "transcript_url",
  "recording_url",
  "metadata",
  "occurred_at",
];

export interface Agent {
  id: string;
  name: string;
  agent_code: string;
  status: "active" | "inactive";
  input_schema: { fields: string[]; sample_context: Record<string, unknown> };
  script?: string | null;
  voice?: string | null;
}

export interface Trunk {
  id: string;
  name: string;
  trunk_phone: string;
  max_cps: number;
  max_channels: number;
  status: "active" | "inactive";
  carrier?: Record<string, unknown>;
}

export interface Live {
  sip_trunk_id: string;
  in_use: number;
  max_channels: number;
  waiting: number;
  calls: { call_id: string; call_status: CallStatus; phone_number: string; since: string }[];
  agent_breakers: { agent_id: string; retry_at: string }[];
}

export interface ApiKey {
  id: string;
  name: string;
  role: Role;
  key: string;
  created_at: string;
  expires_at: string | null;
}

export interface Secret {
  secret: string;
  created_at: string;
  previous_valid_until: string | null;
}

export interface CreatedOrg {
  org: { id: string; name: string; created_at: string };
  owner_key: string;
  webhook_secret: string;
}

export type Page<Name extends string, Item> = Record<Name, Item[]> & { next_cursor: string | null };
