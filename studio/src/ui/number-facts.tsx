// What is known about a number before it is called.

import type { NumberFacts } from "../lib/numbers.ts";
import { momentIn } from "../lib/format.ts";
import { Badge } from "./badge.tsx";
import { Facts } from "./facts.tsx";

const TYPES: Record<NumberFacts["type"], string> = {
  mobile: "Mobile",
  fixed_line: "Fixed line",
  fixed_or_mobile: "Fixed line or mobile",
  toll_free: "Toll-free",
  premium_rate: "Premium rate",
  shared_cost: "Shared cost",
  voip: "VoIP",
  satellite: "Satellite",
  other: "Other",
  unknown: "Unknown",
};

const COUNTRIES = new Intl.DisplayNames("en", { type: "region" });

export function NumberTells({ facts }: { facts: NumberFacts }) {
  const { country, country_code, type, is_possible, high_risk, suppressed, next_allowed_at, time_zones } = facts;
  const where = country ? (COUNTRIES.of(country) ?? country) : "No single country";
  return (
    <div class="stack tight">
      <p class="row tight">
        {suppressed && <Badge tone="bad">suppressed</Badge>}
        {!is_possible && <Badge tone="bad">not a possible number</Badge>}
        {high_risk && <Badge tone="warn">high risk</Badge>}
        {next_allowed_at && <Badge tone="warn">contact limit reached</Badge>}
        {!suppressed && is_possible && !high_risk && !next_allowed_at && <Badge tone="good">nothing against it</Badge>}
      </p>
      <Facts
        items={[
          ["Country", country_code ? `${where} (+${country_code})` : "An unassigned country code"],
          ["Type", TYPES[type]],
          ["Time zone", time_zones.length === 0 ? "Not known" : zonesInWords(time_zones)],
          ...(next_allowed_at ? [["Call again", inBoth(next_allowed_at, time_zones)] as [string, string]] : []),
        ]}
      />
    </div>
  );
}

const SHOWN = 3;

function zonesInWords(zones: readonly string[]): string {
  const [only] = zones;
  if (zones.length === 1 && only) return `${only}, now ${momentIn(Date.now(), only)}`;
  const left = zones.length - SHOWN;
  return zones.slice(0, SHOWN).join(", ") + (left > 0 ? ` and ${left} more` : "");
}

/** A moment in the viewer's time zone, and in the callee's if that is known and differs. */
export function inBoth(at: string, zones: readonly string[]): string {
  const own = momentIn(at);
  const there = zones.length === 1 && zones[0] ? momentIn(at, zones[0]) : own;
  return there === own ? own : `${own} (${there} in ${zones[0]})`;
}
