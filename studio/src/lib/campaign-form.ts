// A campaign as a form has it, and as the API expects it.

import { type HoursForm, hoursFormOf, hoursOf } from "../ui/hours.tsx";
import type { Schemas } from "./api.ts";
import type { Campaign } from "./campaigns.ts";
import { noRedial, type RedialForm, redialFormOf, redialOf } from "./redial.ts";
import { instantOf, localOf } from "./typed.ts";

export interface CampaignForm {
  name: string;
  agent: string;
  trunk: string;
  callback: string;
  completion: string;
  /** In the viewer's time zone, as `datetime-local` has it. */
  notBefore: string;
  notAfter: string;
  hours: HoursForm;
  redial: RedialForm;
  /** Empty for the trunk's own limit. */
  maxChannels: string;
  maxCps: string;
}

export const emptyCampaign = (agent: string, trunk: string): CampaignForm => ({
  name: "",
  agent,
  trunk,
  callback: "",
  completion: "",
  notBefore: "",
  notAfter: "",
  hours: hoursFormOf(null),
  redial: noRedial(),
  maxChannels: "",
  maxCps: "",
});

export const formOf = (campaign: Campaign): CampaignForm => ({
  name: campaign.name,
  agent: campaign.agent_id,
  trunk: campaign.sip_trunk_id,
  callback: campaign.callback_url ?? "",
  completion: campaign.completion_url ?? "",
  notBefore: localOf(campaign.not_before ?? ""),
  notAfter: localOf(campaign.not_after ?? ""),
  hours: hoursFormOf(campaign.calling_hours),
  redial: redialFormOf(campaign.redial),
  maxChannels: String(campaign.max_channels ?? ""),
  maxCps: String(campaign.max_cps ?? ""),
});

/** A whole number; anything else is sent as it is, so that the API reports it. */
function number(text: string): number | null {
  if (text.trim() === "") return null;
  return (Number.isNaN(Number(text)) ? text : Number(text)) as number;
}

export const bodyOf = (form: CampaignForm): Schemas["CreateCampaign"] => ({
  name: form.name.trim(),
  agent_id: form.agent,
  sip_trunk_id: form.trunk,
  callback_url: form.callback.trim() || null,
  completion_url: form.completion.trim() || null,
  not_before: form.notBefore ? instantOf(form.notBefore) : null,
  not_after: form.notAfter ? instantOf(form.notAfter) : null,
  calling_hours: hoursOf(form.hours),
  redial: redialOf(form.redial),
  max_channels: number(form.maxChannels),
  max_cps: number(form.maxCps),
});
