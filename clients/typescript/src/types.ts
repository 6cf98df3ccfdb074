// The API's schemas by name, generated from its OpenAPI document.

import type { components } from "./generated/schema.ts";

export type { components, operations, paths } from "./generated/schema.ts";

export type Schemas = components["schemas"];
export type TriggerCall = Schemas["TriggerCall"];
export type CallState = Schemas["CallState"];
export type CallStatus = Schemas["CallStatus"];
export type Call = Schemas["Call"];
export type ListedCall = Schemas["ListedCall"];
export type Campaign = Schemas["Campaign"];
export type CreateCampaign = Schemas["CreateCampaign"];
export type RecipientToAdd = Schemas["RecipientToAdd"];
export type AddedRecipients = Schemas["AddedRecipients"];
/** The body sent to a `callback_url`. */
export type Notification = Schemas["Notification"] | Schemas["FullNotification"];
export type FeedEvent = Schemas["FeedEvent"];
export type FeedEventName = Schemas["FeedEventName"];

type Answer = Schemas["TriggeredCall"];

/** A call that was accepted. */
export type AcceptedCall = Required<Pick<Answer, "call_id" | "status" | "poll_url">> & Pick<Answer, "scheduled_for">;

/** What would become of a call: a dry run's answer. */
export type DryRun = Required<Pick<Answer, "would" | "number">> & Pick<Answer, "reason" | "scheduled_for" | "unknown_keys">;

/** Only the events of these types. */
export type EventOf<T extends FeedEventName> = FeedEvent extends infer E
  ? E extends { type: string }
    ? Extract<E["type"], T> extends never
      ? never
      : Omit<E, "type"> & { type: Extract<E["type"], T> }
    : never
  : never;
