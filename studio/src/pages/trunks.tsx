// The trunks, and how busy each one is.

import type { Trunk } from "../lib/api.ts";
import { useTrunks } from "../lib/resources.ts";
import { active, breakers, useTrunkUse, uses } from "../lib/trunk-use.ts";
import { Badge } from "../ui/badge.tsx";
import { Empty } from "../ui/empty.tsx";
import { Failure, RoleNote } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { FactCells, Folded, type RowFact, Table } from "../ui/table.tsx";
import { Gauge } from "../ui/gauge.tsx";
import { LinkButton } from "../ui/link.tsx";
import { Page } from "../ui/page.tsx";

/** How many trunks are asked how busy they are. */
const ASKED = 25;
/** Several events of a trunk together cause one read. */
const GATHER_MS = 500;

export default function Trunks() {
  const trunks = useTrunks();
  useTrunkUse(trunks.data && active(trunks.data).slice(0, ASKED), GATHER_MS);
  return (
    <Page
      title="Trunks"
      about="Connections to carriers, and how many of their channels are in use."
      actions={
        <LinkButton href="/studio/trunks/new" needs="owner" kind="primary">
          New trunk
        </LinkButton>
      }
    >
      <RoleNote needs="owner" what="Changes" />
      <Failure error={trunks.error} retry={trunks.reload} />
      {trunks.isLoading && <Skeleton />}
      {trunks.data?.length === 0 && (
        <Empty title="No trunks yet">
          <p class="faint">Calls go out through a trunk. Begin with a simulated one: it dials nobody.</p>
        </Empty>
      )}
      {trunks.data && trunks.data.length > 0 && (
        <Table
          label="Trunks"
          head={[
            "Name",
            { text: "Caller ID", class: "medium" },
            "Channels",
            { text: "Waiting", class: "medium" },
            { text: "Max CPS", class: "wide" },
            "Status",
          ]}
        >
          {trunks.data.map((trunk) => (
            <Row key={trunk.id} trunk={trunk} />
          ))}
        </Table>
      )}
    </Page>
  );
}

function Row({ trunk }: { trunk: Trunk }) {
  const use = uses.value.get(trunk.id);
  const caller: RowFact = ["medium", "Caller ID", <span class="mono">{trunk.trunk_phone}</span>];
  const limits: RowFact[] = [
    ["medium", "Waiting", use?.waiting ?? "–"],
    ["wide", "Max CPS", trunk.max_cps],
  ];
  return (
    <tr>
      <td>
        <a href={`/studio/trunks/${trunk.id}`}>{trunk.name}</a>
        <Folded items={[caller, ...limits]} />
      </td>
      <FactCells items={[caller]} />
      <td class="gauge-cell">
        {use ? (
          <Gauge
            value={Math.min(use.in_use, trunk.max_channels)}
            max={trunk.max_channels}
            label={`Channels of ${trunk.name} in use`}
            isSmall
          />
        ) : (
          <span class="faint">– of {trunk.max_channels}</span>
        )}
      </td>
      <FactCells items={limits} />
      <td>
        <Badge tone={trunk.status === "active" ? "good" : "neutral"}>{trunk.status}</Badge>
        {breakers.value.get(trunk.id) === "open" && <Badge tone="bad">breaker open</Badge>}
      </td>
    </tr>
  );
}
