// Whether the recipients still to be called could be called right now, before anybody is.

import type { ComponentChildren } from "preact";
import { api, ask, type Schemas } from "../lib/api.ts";
import type { Campaign } from "../lib/campaigns.ts";
import { momentIn, span } from "../lib/format.ts";
import { useQuery } from "../lib/query.ts";
import { Button } from "./button.tsx";
import { Card } from "./card.tsx";
import { Facts } from "./facts.tsx";
import { Failure } from "./note.tsx";
import { Skeleton } from "./skeleton.tsx";

type Preview = Schemas["CampaignPreview"];
type Count = "ready" | "closed_now" | "contact_limited" | "suppressed" | "impossible" | "destination_not_allowed";

const COUNTS: Record<Count, string> = {
  ready: "Ready now",
  closed_now: "Closed now",
  contact_limited: "Contact limit",
  suppressed: "Suppressed",
  impossible: "Impossible",
  destination_not_allowed: "Not allowed",
};

interface Props {
  campaign: Campaign;
  /** Grows with each change to the campaign. */
  version: number;
}

export function CampaignPreview({ campaign: { id, counts }, version }: Props) {
  const isOn = counts.total > 0;
  const params = { path: { id } };
  const preview = useQuery(
    `preview ${id} ${counts.total} ${version}`,
    () => ask(api.GET("/integration/v1/campaigns/{id}/preview", { params })),
    {
      isOn,
    },
  );
  return (
    <Card
      title="Preview"
      actions={
        isOn && (
          <Button isSmall onClick={preview.reload}>
            Count again
          </Button>
        )
      }
    >
      {!isOn && <p class="faint">Add recipients: this shows how many of them can be called before anybody is.</p>}
      <Failure error={preview.error} retry={preview.reload} />
      {isOn && preview.isLoading && <Skeleton rows={4} />}
      {preview.data && <Facts items={factsOf(preview.data)} />}
    </Card>
  );
}

function factsOf(preview: Preview): [string, ComponentChildren][] {
  const { ready, by_country, first_dial_at, projected_seconds } = preview;
  const all = Object.keys(COUNTS) as Count[];
  const counts = all.filter((name) => name === "ready" || preview[name] > 0);
  const countries = Object.entries(by_country as Record<string, number>).sort(([, one], [, other]) => other - one);
  const dials = ready + preview.closed_now + preview.contact_limited;
  return [
    ...counts.map((name): [string, ComponentChildren] => [COUNTS[name], <span class="number">{preview[name].toLocaleString()}</span>]),
    ["Countries", countries.map(([country, count]) => `${country} ${count.toLocaleString()}`).join(", ") || "–"],
    ["First dial", first_dial_at ? momentIn(first_dial_at) : "Nobody could be called"],
    [
      "Takes about",
      dials > 0 ? `${span(projected_seconds * 1_000)}, if each call lasts a minute and the trunk has nothing else to do` : "–",
    ],
  ];
}
