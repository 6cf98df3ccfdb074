// Home: what is going on now, and how today's calls ended. Everything links to the page with its details.

import { useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";
import { type Agent, api, ask, type Trunk } from "../lib/api.ts";
import { CAMPAIGNS, HELD_BRIEFLY, isOfCampaign, readNewest } from "../lib/campaigns.ts";
import { midnight } from "../lib/days.ts";
import { clock, momentIn, now } from "../lib/format.ts";
import { changedCall, isOfCallback } from "../lib/live.ts";
import { useQuery, type Query } from "../lib/query.ts";
import { reasonOf } from "../lib/reasons.ts";
import { barred } from "../lib/session.ts";
import { nameOf, useAgents, useTrunks } from "../lib/resources.ts";
import { readToday, type Today } from "../lib/today.ts";
import { active, breakers, useTrunkUse, uses } from "../lib/trunk-use.ts";
import { Badge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { CountsBar } from "../ui/counts.tsx";
import { Gauge } from "../ui/gauge.tsx";
import { LinkButton } from "../ui/link.tsx";
import { Failure, Note } from "../ui/note.tsx";
import { Page } from "../ui/page.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { Table } from "../ui/table.tsx";
import { Age } from "../ui/time.tsx";
import "./home.css";

/** How many trunks are asked how busy they are. */
const ASKED = 12;
/** How many items are listed of things that have a page of their own. */
const LISTED = 5;
/** Several events together cause one read, which here is more than one list. */
const GATHER_MS = 2_000;

/** An organisation without agents or trunks is taken to its first call. */
export default function Home() {
  const { route } = useLocation();
  const agents = useAgents();
  const trunks = useTrunks();
  const isEmpty = agents.data?.length === 0 || trunks.data?.length === 0;
  useEffect(() => {
    if (isEmpty) route("/studio/start", true);
  }, [isEmpty]);
  const isKnown = agents.data !== undefined && trunks.data !== undefined && !isEmpty;
  return (
    <Page
      title="Home"
      about="What is going on now, and the results of today's calls."
      actions={barred("member") === null && <LinkButton href="/studio/calls/new">Call a number</LinkButton>}
    >
      <Failure error={agents.error ?? trunks.error} retry={agents.error ? agents.reload : trunks.reload} />
      {!isKnown && !agents.error && !trunks.error && <Skeleton rows={8} />}
      {isKnown && <Overview agents={agents.data ?? []} trunks={trunks.data ?? []} />}
    </Page>
  );
}

function Overview({ agents, trunks }: { agents: Agent[]; trunks: Trunk[] }) {
  const asked = active(trunks).slice(0, ASKED);
  useTrunkUse(asked, GATHER_MS);
  const affects = (event: Parameters<typeof changedCall>[0]) => changedCall(event) !== null || isOfCallback(event);
  const today = useQuery(midnight(now.value), readToday, { isLive: true, gatherMs: GATHER_MS, affects });
  return (
    <>
      <Failing agents={agents} trunks={trunks} />
      <Failure error={today.error} retry={today.reload} />
      <Figures trunks={trunks} asked={asked} today={today.data} />
      <div class="columns home">
        <div class="stack">
          <Trunks asked={asked} of={active(trunks).length} />
          <Running />
        </div>
        <div class="stack">
          <Ends today={today} />
          <GivenUp />
        </div>
      </div>
    </>
  );
}

/** Trunks whose dialer fails, and agents that a trunk holds back. */
function Failing({ agents, trunks }: { agents: Agent[]; trunks: Trunk[] }) {
  const open = trunks.filter(({ id }) => breakers.value.get(id) === "open");
  const held = trunks.flatMap((trunk) => (uses.value.get(trunk.id)?.agent_breakers ?? []).map(({ agent_id }) => ({ trunk, agent_id })));
  return (
    <>
      {open.map(({ id, name }) => (
        <Note key={id} tone="bad">
          <p>
            The dialer of <a href={`/studio/trunks/${id}`}>{name}</a> is failing: new calls get 502 until a probe succeeds.
          </p>
        </Note>
      ))}
      {held.map(({ trunk, agent_id }) => (
        <Note key={`${trunk.id} ${agent_id}`} tone="warn">
          <a href={`/studio/agents/${agent_id}`}>{nameOf(agents, agent_id)}</a> is held back on{" "}
          <a href={`/studio/trunks/${trunk.id}`}>{trunk.name}</a>: it broke off three calls in a row, and its calls there get 502 until a
          probe succeeds.
        </Note>
      ))}
    </>
  );
}

/** The calls since midnight, with these filters. */
function callsOf(filter: Record<string, string> = {}): string {
  return `/studio/calls?${new URLSearchParams({ ...filter, created_after: midnight(now.value) })}`;
}

function Figures({ trunks, asked, today }: { trunks: Trunk[]; asked: Trunk[]; today: Today | undefined }) {
  const known = asked.flatMap((trunk) => {
    const use = uses.value.get(trunk.id);
    return use ? [{ ...use, max: trunk.max_channels }] : [];
  });
  const sum = (of: (use: (typeof known)[number]) => number) => known.reduce((all, use) => all + of(use), 0);
  const isKnown = known.length > 0 || asked.length === 0;
  const share = today && today.calls > 0 ? `${Math.round((100 * today.answered) / today.calls)} %` : "–";
  const begin = midnight(now.value);
  return (
    <div class="figures">
      <Card title={<a href="/studio/trunks">Live channels</a>}>
        {isKnown ? (
          <Gauge value={sum(({ in_use }) => in_use)} max={sum(({ max }) => max)} label="Live channels" />
        ) : (
          <p class="figure">–</p>
        )}
        <p class="faint small">{whichTrunks(asked.length, active(trunks).length)}</p>
      </Card>
      <Card title={<a href="/studio/trunks">Waiting</a>}>
        <p class="figure">{isKnown ? sum(({ waiting }) => waiting).toLocaleString() : "–"}</p>
        <p class="faint small">calls in the trunks' queues</p>
      </Card>
      <Card title={<a href={callsOf()}>Calls today</a>}>
        <p class="figure">{today?.calls.toLocaleString() ?? "–"}</p>
        <p class="faint small">since midnight UTC, {clock(begin).slice(0, 5)} by your clock</p>
      </Card>
      <Card title={<a href={callsOf()}>Answered</a>}>
        <p class="figure">{share}</p>
        <p class="faint small">{today ? `${today.answered.toLocaleString()} of today's ${today.calls.toLocaleString()} calls` : " "}</p>
      </Card>
    </div>
  );
}

function whichTrunks(asked: number, all: number): string {
  if (asked < all) return `of the first ${asked} of ${all} active trunks`;
  return all === 1 ? "of one active trunk" : `of ${all} active trunks`;
}

function Trunks({ asked, of }: { asked: Trunk[]; of: number }) {
  return (
    <Card title={<a href="/studio/trunks">Trunks</a>} actions={asked.length < of && <a href="/studio/trunks">{`All ${of}`}</a>}>
      {asked.length === 0 && <p class="faint">No trunk is active.</p>}
      {asked.length > 0 && (
        <Table label="Trunks" head={["Trunk", "Channels", "Waiting"]}>
          {asked.map((trunk) => (
            <TrunkRow key={trunk.id} trunk={trunk} />
          ))}
        </Table>
      )}
    </Card>
  );
}

function TrunkRow({ trunk: { id, name, max_channels } }: { trunk: Trunk }) {
  const use = uses.value.get(id);
  return (
    <tr>
      <td>
        <a href={`/studio/trunks/${id}`}>{name}</a> {breakers.value.get(id) === "open" && <Badge tone="bad">breaker open</Badge>}
      </td>
      <td class="gauge-cell">
        {use ? (
          <Gauge value={Math.min(use.in_use, max_channels)} max={max_channels} label={`Channels of ${name} in use`} isSmall />
        ) : (
          <span class="faint">– of {max_channels}</span>
        )}
      </td>
      <td class="number">{use?.waiting.toLocaleString() ?? "–"}</td>
    </tr>
  );
}

function Running() {
  const campaigns = useQuery("running campaigns", readNewest, {
    isLive: true,
    gatherMs: GATHER_MS,
    affects: (event) => isOfCampaign(event),
  });
  const running = campaigns.data?.filter(({ status }) => status === "running") ?? [];
  return (
    <Card title={<a href="/studio/campaigns">Running campaigns</a>}>
      <Failure error={campaigns.error} retry={campaigns.reload} />
      {campaigns.isLoading && <Skeleton rows={2} />}
      {campaigns.data && running.length === 0 && <p class="faint">No campaign is running.</p>}
      {running.length > 0 && (
        <ul class="listed">
          {running.slice(0, LISTED).map(({ id, name, status, counts, held_by, projected_end_at }) => (
            <li key={id}>
              <p class="row between">
                <a href={`/studio/campaigns/${id}`}>{name}</a>
                <span class="faint small">
                  {held_by ? HELD_BRIEFLY[held_by] : projected_end_at ? `ends about ${momentIn(projected_end_at)}` : CAMPAIGNS[status]}
                </span>
              </p>
              <CountsBar counts={counts} label={`Recipients of ${name}`} isSmall />
            </li>
          ))}
        </ul>
      )}
      {running.length > LISTED && <a href="/studio/campaigns">{`All ${running.length}`}</a>}
    </Card>
  );
}

/** How today's calls ended. */
function Ends({ today }: { today: Query<Today> }) {
  const { data } = today;
  const ends = data?.ends ?? [];
  const open = data ? data.calls - ends.reduce((sum, { count }) => sum + count, 0) : 0;
  return (
    <Card title={<a href={callsOf()}>How today's calls ended</a>}>
      {today.isLoading && <Skeleton rows={3} />}
      {data?.calls === 0 && <p class="faint">No call yet today.</p>}
      {ends.length > 0 && (
        <ul class="shares">
          {ends.map(({ name, count, tone, filter }) => (
            <li key={name} class={`gauge ${tone}`}>
              <a href={callsOf(filter)}>{reasonOf(name)}</a>
              <span class="number">{count.toLocaleString()}</span>
              <div class="gauge-bar" aria-hidden="true">
                <div style={{ width: `${(100 * count) / (data?.calls ?? 1)}%` }} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {open > 0 && <p class="faint">{open === 1 ? "One is not over yet." : `${open.toLocaleString()} are not over yet.`}</p>}
    </Card>
  );
}

/** Callbacks that were given up: their receivers did not accept them in time. */
function GivenUp() {
  const reason = barred("admin");
  const read = () => ask(api.GET("/integration/v1/webhooks/deliveries", { params: { query: { status: ["exhausted"], limit: LISTED } } }));
  const lost = useQuery("exhausted", read, { isLive: true, gatherMs: GATHER_MS, affects: isOfCallback, isOn: reason === null });
  const deliveries = lost.data?.deliveries ?? [];
  return (
    <Card title={<a href="/studio/webhooks?status=exhausted">Callbacks given up</a>}>
      <Failure error={lost.error} retry={lost.reload} />
      {reason !== null && <p class="faint">{reason}.</p>}
      {lost.data && deliveries.length === 0 && <p class="faint">None: every callback was accepted, or is still being sent.</p>}
      {deliveries.length > 0 && (
        <ul class="listed">
          {deliveries.map(({ id, event, url, created_at }) => (
            <li key={id}>
              <p class="row between">
                <a href={`/studio/webhooks/deliveries/${id}`}>{event}</a>
                <span class="faint small">
                  <Age at={created_at} /> ago
                </span>
              </p>
              <p class="faint small break">{url}</p>
            </li>
          ))}
        </ul>
      )}
      {lost.data?.next_cursor && <a href="/studio/webhooks?status=exhausted">All of them</a>}
    </Card>
  );
}
