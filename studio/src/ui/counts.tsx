// A campaign's recipients by status: a bar, and its legend, which says the same in numbers.

import type { Schemas } from "../lib/api.ts";
import { decided, RECIPIENT_STATUSES, RECIPIENTS } from "../lib/campaigns.ts";
import "./counts.css";

type Counts = Schemas["CampaignCounts"];

interface Props {
  counts: Counts;
  label: string;
  isSmall?: boolean;
  /** With a legend: the URL of the list of recipients with a status. */
  listOf?: (status: keyof typeof RECIPIENTS) => string;
}

export function CountsBar({ counts, label, isSmall = false, listOf }: Props) {
  const all = RECIPIENT_STATUSES.filter((status) => counts[status] > 0);
  return (
    <div class={isSmall ? "counts small" : "counts"}>
      <p class="gauge-text">
        <strong>{decided(counts).toLocaleString()}</strong> <span class="faint">of {counts.total.toLocaleString()} decided</span>
      </p>
      <div
        class="counts-bar"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={counts.total}
        aria-valuenow={decided(counts)}
        aria-valuetext={`${decided(counts)} of ${counts.total} decided`}
      >
        {all.map((status) => (
          <span key={status} class={status} style={{ width: `${(counts[status] / counts.total) * 100}%` }} />
        ))}
      </div>
      {listOf && (
        <ul class="counts-legend" aria-label="Recipients by status">
          {RECIPIENT_STATUSES.map((status) => (
            <li key={status} class={status}>
              <a href={listOf(status)}>{RECIPIENTS[status]}</a> <span class="number">{counts[status].toLocaleString()}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
