// What pages say about campaigns.

import { api, ask, type Schemas } from "./api.ts";
import { changedCall, type FeedEvent } from "./live.ts";

export type Campaign = Schemas["Campaign"];
export type Recipient = Schemas["Recipient"];
export type RecipientStatus = Schemas["RecipientStatus"];
type Counts = Schemas["CampaignCounts"];

/** Recipients' statuses in words, in the order of the bar. */
export const RECIPIENTS: Record<RecipientStatus, string> = {
  completed: "Completed",
  unreached: "Unreached",
  suppressed: "Suppressed",
  expired: "Expired",
  canceled: "Cancelled",
  in_progress: "In progress",
  waiting: "Waiting",
  pending: "Pending",
};

/** All of them, in that order. */
export const RECIPIENT_STATUSES = Object.keys(RECIPIENTS) as readonly RecipientStatus[];

export const CAMPAIGNS: Record<Campaign["status"], string> = {
  draft: "Draft",
  running: "Running",
  paused: "Paused",
  completed: "Completed",
  canceled: "Cancelled",
};

/** Why a running campaign is not calling anybody right now. */
export const HELD: Record<NonNullable<Campaign["held_by"]>, string> = {
  not_before: "It has not begun: its “Not before” is in the future.",
  calling_hours: "Calling hours are closed for everyone still to be called.",
  capacity: "The trunk has no free capacity for it.",
  trunk_inactive: "Its trunk is inactive.",
  agent_inactive: "Its agent is inactive.",
  dialer_down: "The trunk's dialer is failing.",
};

/** The same, where there is little room. */
export const HELD_BRIEFLY: Record<NonNullable<Campaign["held_by"]>, string> = {
  not_before: "not begun",
  calling_hours: "calling hours closed",
  capacity: "waits for capacity",
  trunk_inactive: "trunk inactive",
  agent_inactive: "agent inactive",
  dialer_down: "dialer failing",
};

/** How many recipients have their final status. */
export const decided = ({ total, pending, in_progress, waiting }: Counts): number => total - pending - in_progress - waiting;

export const isOver = ({ status }: Pick<Campaign, "status">): boolean => status === "completed" || status === "canceled";

/** Whether its counts will change by themselves. */
export const isMoving = ({ status, counts }: Campaign): boolean => status === "running" || counts.in_progress > 0;

/** The most that one page of a list can have. */
const MOST = 100;

/** The newest hundred campaigns. */
export const readNewest = async (): Promise<Campaign[]> =>
  (await ask(api.GET("/integration/v1/campaigns", { params: { query: { limit: MOST } } }))).campaigns;

/** Whether an event may concern a campaign, or this one. */
export function isOfCampaign(event: FeedEvent, id?: string): boolean {
  if (event.type === "campaign.updated") return id === undefined || event.data.id === id;
  const campaign = changedCall(event)?.campaign_id ?? null;
  return id === undefined ? campaign !== null : campaign === id;
}
