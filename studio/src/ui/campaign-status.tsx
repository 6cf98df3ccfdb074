// The status of a campaign, and that of a recipient.

import { CAMPAIGNS, type Campaign, RECIPIENTS, type RecipientStatus as Status } from "../lib/campaigns.ts";
import { Badge, type Tone } from "./badge.tsx";

const TONES: Record<Campaign["status"], Tone> = {
  draft: "neutral",
  running: "busy",
  paused: "warn",
  completed: "good",
  canceled: "neutral",
};

export function CampaignStatus({ value }: { value: Campaign["status"] }) {
  return <Badge tone={TONES[value]}>{CAMPAIGNS[value]}</Badge>;
}

const RECIPIENT_TONES: Record<Status, Tone> = {
  completed: "good",
  unreached: "warn",
  suppressed: "bad",
  expired: "neutral",
  canceled: "neutral",
  in_progress: "busy",
  waiting: "busy",
  pending: "neutral",
};

export function RecipientStatus({ value }: { value: Status }) {
  return <Badge tone={RECIPIENT_TONES[value]}>{RECIPIENTS[value]}</Badge>;
}
