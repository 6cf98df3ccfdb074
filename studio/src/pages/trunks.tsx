// The trunks, and how busy each is.

import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { api, ask, type Trunk } from "../lib/api.ts";
import { feed } from "../lib/connection.ts";
import { trunkIdOf, useEvents } from "../lib/live.ts";
import { readTrunkStates, useTrunks } from "../lib/things.ts";
import { Badge } from "../ui/badge.tsx";
import { Empty } from "../ui/empty.tsx";
import { Failure, RoleNote } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { FactCells, Folded, type RowFact, Table } from "../ui/table.tsx";
import { Gauge } from "../ui/gauge.tsx";
import { LinkButton } from "../ui/link.tsx";
import { Page } from "../ui/page.tsx";

interface Use {
  in_use: number;
  waiting: number;
}

/** What is known of each trunk's use, by id. */
const uses = signal<ReadonlyMap<string, Use>>(new Map());
const breakers = signal<ReadonlyMap<string, string>>(new Map());

/** So many trunks are asked how busy they are. */
const ASKED = 25;
/** Many events of a trunk at once are one reading. */
const GATHER_MS = 500;
const ASK_AGAIN_MS = 10_000;

export default function Trunks() {
  const trunks = useTrunks();
  const changed = useRef(new Set<string>());
  useEvents((signal) => {
    if (typeof signal === "string") return;
    for (const { data } of signal) {
      if ("breaker" in data) breakers.value = new Map([...breakers.value, [data.sip_trunk_id, data.breaker]]);
    }
    for (const id of signal.map(trunkIdOf)) if (id !== null) changed.current.add(id);
  });
  const live = trunks.data?.filter(({ status }) => status === "active").slice(0, ASKED);
  useEffect(() => {
    if (!live) return;
    const readBreakers = async () => {
      const states = [...(await readTrunkStates())];
      breakers.value = new Map([...breakers.value, ...states.map(([id, { breaker }]) => [id, breaker] as const)]);
    };
    readBreakers().catch(() => {}); // the page's own reading says what is wrong
    const read = () => live.forEach((trunk) => void readUse(trunk));
    const readChanged = () => {
      for (const trunk of live.filter(({ id }) => changed.current.has(id))) void readUse(trunk);
      changed.current.clear();
    };
    read();
    const timers = [
      setInterval(() => feed.value === "polling" && !document.hidden && read(), ASK_AGAIN_MS),
      setInterval(readChanged, GATHER_MS),
    ];
    return () => timers.forEach(clearInterval);
  }, [trunks.data]);
  return (
    <Page
      title="Trunks"
      about="Carrier lines, and how many of their channels are in use."
      actions={
        <LinkButton href="/studio/trunks/new" needs="owner" kind="primary">
          New Trunk
        </LinkButton>
      }
    >
      <RoleNote needs="owner" what="Changes" />
      <Failure error={trunks.error} retry={trunks.reload} />
      {trunks.isLoading && <Skeleton />}
      {trunks.data?.length === 0 && (
        <Empty title="No trunks yet">
          <p class="faint">A trunk is the line that calls go out through. Begin with a simulated one: it dials nobody.</p>
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

async function readUse({ id }: Trunk): Promise<void> {
  try {
    const { in_use, waiting } = await ask(api.GET("/integration/v1/sip-trunks/{id}/live", { params: { path: { id } } }));
    uses.value = new Map([...uses.value, [id, { in_use, waiting }]]);
  } catch {
    // Shown as unknown; the page's own reading says what is wrong.
  }
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
