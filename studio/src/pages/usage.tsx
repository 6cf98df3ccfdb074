// Usage: totals of calls by hour, day, agent, trunk and campaign.

import { api, ask, type Schemas } from "../lib/api.ts";
import { readNewest } from "../lib/campaigns.ts";
import { DAY_MS, HOUR_MS, hoursOf } from "../lib/days.ts";
import { useFilters } from "../lib/filters.ts";
import { span } from "../lib/format.ts";
import { useQuery } from "../lib/query.ts";
import { reasonOf } from "../lib/reasons.ts";
import { nameOf, useAgents, useTrunks } from "../lib/resources.ts";
import { Card } from "../ui/card.tsx";
import { Empty } from "../ui/empty.tsx";
import { SelectField } from "../ui/field.tsx";
import { Failure } from "../ui/note.tsx";
import { Page } from "../ui/page.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { Table } from "../ui/table.tsx";
import "./usage.css";

type Row = Schemas["UsageRow"];
type GroupBy = Schemas["GroupBy"];

/** What rows can stand for, with the title of the first column. */
const GROUPS: Record<GroupBy, string> = { hour: "Hour", day: "Day", agent: "Agent", trunk: "Trunk", campaign: "Campaign" };
const DAYS: Record<string, string> = { "1": "24 hours", "7": "7 days", "31": "31 days" };

export default function Usage() {
  const filters = useFilters(["group_by", "days"] as const);
  const by = (filters.get("group_by") in GROUPS ? filters.get("group_by") : "day") as GroupBy;
  const days = filters.get("days") in DAYS ? filters.get("days") : "7";
  const usage = useQuery(`usage/${by}/${days}`, () => read(by, Number(days)));
  const [agents, trunks] = [useAgents(), useTrunks()];
  const campaigns = useQuery("campaigns", readNewest, { isOn: by === "campaign" });
  const named = { agent: agents.data, trunk: trunks.data, campaign: campaigns.data };
  const name = (key: string | null): string => {
    if (key === null) return "No campaign";
    return by === "hour" || by === "day" ? timeOf(key, by) : nameOf(named[by], key);
  };
  const rows = usage.data?.rows ?? [];
  return (
    <Page title="Usage" about="Totals of calls, by the hour in which each was accepted or refused. Days and hours are in UTC.">
      <form class="filters open" onSubmit={(event) => event.preventDefault()} aria-label="What is shown">
        <SelectField label="By" value={by} options={Object.entries(GROUPS)} onChange={(group_by) => filters.set({ group_by })} />
        <SelectField label="Of the last" value={days} options={Object.entries(DAYS)} onChange={(days) => filters.set({ days })} />
      </form>
      <Failure error={usage.error} retry={usage.reload} />
      {usage.isLoading && <Skeleton rows={10} />}
      {usage.data && rows.length === 0 && (
        <Empty title="No calls in this period">
          <p class="faint">Choose a longer period.</p>
        </Empty>
      )}
      {rows.length > 0 && (
        <>
          <Card title="Calls">
            {by === "hour" || by === "day" ? (
              <Bars rows={filled(rows, by, Number(days))} name={name} />
            ) : (
              <NamedBars rows={rows} name={name} />
            )}
          </Card>
          <Rows rows={rows} by={by} name={name} />
        </>
      )}
    </Page>
  );
}

function read(group_by: GroupBy, days: number) {
  const [from, to] = hoursOf(days, Date.now()).map((at) => new Date(at).toISOString()) as [string, string];
  return ask(api.GET("/integration/v1/usage", { params: { query: { from, to, group_by } } }));
}

/** Adds the hours or days without calls, so that each has its place. */
function filled(rows: Row[], by: "hour" | "day", days: number): Row[] {
  const known = new Map(rows.map((row) => [row.key, row]));
  const [from, to] = hoursOf(days, Date.now());
  const all: Row[] = [];
  for (let at = from; at < to; at += by === "hour" ? HOUR_MS : DAY_MS) {
    const iso = new Date(at).toISOString();
    const key = by === "hour" ? iso : iso.slice(0, 10);
    all.push(known.get(key) ?? { ...NOTHING, key });
  }
  return all;
}

const NOTHING: Omit<Row, "key"> = {
  calls: 0,
  answered: 0,
  completed: 0,
  declined: 0,
  failed: {},
  rejected: 0,
  talk_seconds: 0,
  callbacks: { delivered: 0, exhausted: 0 },
};

const timeOf = (key: string, by: GroupBy): string => (by === "hour" ? `${key.slice(0, 10)} ${key.slice(11, 16)}` : key);

/** Width and height of a bar's slot, and the gap between two. */
const [STEP, HEIGHT, GAP] = [10, 100, 2];

const mostOf = (rows: Row[]) => Math.max(0, ...rows.map(({ calls }) => calls));
const said = (name: string, calls: number, answered: number) => `${name}: ${calls} calls, ${answered} answered`;

function Key({ most }: { most: number }) {
  return (
    <figcaption>
      <span class="key all">calls</span>
      <span class="key answered">answered</span>
      <span class="faint">at most {most.toLocaleString()}</span>
    </figcaption>
  );
}

/** Bars for things with names, each with its name beside it. */
function NamedBars({ rows, name }: { rows: Row[]; name: (key: string | null) => string }) {
  const most = mostOf(rows);
  return (
    <figure class="bars named">
      <Key most={most} />
      <ul aria-hidden="true">
        {rows.map(({ key, calls, answered }) => (
          <li key={key}>
            <span class="break">{name(key)}</span>
            <svg viewBox={`0 0 ${most} 1`} preserveAspectRatio="none">
              <title>{said(name(key), calls, answered)}</title>
              <rect class="all" width={calls} height={1} />
              <rect class="answered" width={answered} height={1} />
            </svg>
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** A bar for each row: all of its calls, and the answered ones. The table says the same in numbers. */
function Bars({ rows, name }: { rows: Row[]; name: (key: string | null) => string }) {
  const most = mostOf(rows);
  const high = (count: number) => (most > 0 ? (HEIGHT * count) / most : 0);
  const [first, last] = [rows[0], rows.at(-1)];
  return (
    <figure class="bars">
      <Key most={most} />
      <svg viewBox={`0 0 ${rows.length * STEP} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {rows.map(({ key, calls, answered }, at) => (
          <g key={key}>
            <title>{said(name(key), calls, answered)}</title>
            <rect class="all" x={at * STEP + GAP / 2} y={HEIGHT - high(calls)} width={STEP - GAP} height={high(calls)} />
            <rect class="answered" x={at * STEP + GAP / 2} y={HEIGHT - high(answered)} width={STEP - GAP} height={high(answered)} />
          </g>
        ))}
      </svg>
      <p class="ends faint">
        <span>{first && name(first.key)}</span>
        {rows.length > 1 && <span>{last && name(last.key)}</span>}
      </p>
    </figure>
  );
}

/** The things that rows stand for which have a page of their own. */
const PAGES: Partial<Record<GroupBy, string>> = { agent: "/studio/agents", trunk: "/studio/trunks", campaign: "/studio/campaigns" };

function Rows({ rows, by, name }: { rows: Row[]; by: GroupBy; name: (key: string | null) => string }) {
  const page = PAGES[by];
  const head = [
    GROUPS[by],
    "Calls",
    "Answered",
    { text: "Completed", class: "medium" },
    { text: "Declined", class: "medium" },
    "Failed",
    { text: "Refused", class: "medium" },
    { text: "Talk", class: "medium" },
    { text: "Callbacks", class: "wide" },
  ];
  return (
    <Table label="Usage" head={head}>
      {rows.map((row) => (
        <tr key={row.key}>
          <td>{page && row.key ? <a href={`${page}/${row.key}`}>{name(row.key)}</a> : name(row.key)}</td>
          <td class="number">{row.calls.toLocaleString()}</td>
          <td class="number">{row.answered.toLocaleString()}</td>
          <td class="medium number">{row.completed.toLocaleString()}</td>
          <td class="medium number">{row.declined.toLocaleString()}</td>
          <td>
            <Failed counts={row.failed as Record<string, number>} />
          </td>
          <td class="medium number">{row.rejected.toLocaleString()}</td>
          <td class="medium number">{span(row.talk_seconds * 1_000)}</td>
          <td class="wide number">
            {row.callbacks.delivered.toLocaleString()}
            {row.callbacks.exhausted > 0 && <span class="faint"> · {row.callbacks.exhausted.toLocaleString()} given up</span>}
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** How many failed, and why. */
function Failed({ counts }: { counts: Record<string, number> }) {
  const all = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (all.length === 0) return <span class="faint">–</span>;
  return <span>{all.map(([code, count]) => `${reasonOf(code)} ${count.toLocaleString()}`).join(", ")}</span>;
}
