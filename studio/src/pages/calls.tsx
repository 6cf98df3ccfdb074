// All calls, newest first, as they change.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api, ask, type CallStatus, type ListedCall, type Schemas } from "../lib/api.ts";
import { readNewest } from "../lib/campaigns.ts";
import { type Filters, useFilters } from "../lib/filters.ts";
import { now, phone, shortId, showsNumbers, span } from "../lib/format.ts";
import { changedCall, useEvents } from "../lib/live.ts";
import { useQuery } from "../lib/query.ts";
import { nameOf, useAgents, useTrunks } from "../lib/resources.ts";
import { REASONS, type Wait } from "../lib/reasons.ts";
import { barred } from "../lib/session.ts";
import { byNumber, instant, localOf, useTyped } from "../lib/typed.ts";
import { useWaiting } from "../lib/waiting.ts";
import { Status, STATUSES } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { LinkButton } from "../ui/link.tsx";
import { Failure } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { FactCells, type RowFact, Table } from "../ui/table.tsx";
import { Age } from "../ui/time.tsx";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import "./calls.css";

const NAMES = [
  "call_status",
  "failure_code",
  "campaign_id",
  "sip_trunk_id",
  "agent_id",
  "phone_number",
  "created_after",
  "created_before",
] as const;
type Name = (typeof NAMES)[number];
type FailureCode = Schemas["FailureCode"];

export default function Calls() {
  const filters = useFilters<Name>(NAMES);
  const agents = useAgents();
  const trunks = useTrunks();
  const campaigns = useQuery("campaigns", readNewest);
  const calls = useQuery(filters.key, () => read(filters), { isLive: true, affects: (event) => changedCall(event) !== null });

  // An event's contents show at once; the rest follows with the next read.
  useEvents((signal) => {
    const { value: page } = calls.signal;
    if (typeof signal === "string" || !page) return;
    const changes = new Map(signal.flatMap((event) => changedCall(event) ?? []).map((call) => [call.id, call]));
    if (!page.calls.some(({ id }) => changes.has(id))) return;
    calls.signal.value = { ...page, calls: page.calls.map((call) => newer(call, changes.get(call.id))) };
  });

  const waiting = useWaiting(calls.data?.calls ?? []);
  // Organisations without campaigns see no column for them.
  const hasCampaigns = calls.data?.calls.some(({ campaign_id }) => campaign_id !== null) ?? false;
  return (
    <Page title="Calls" about="Every call of the organisation, newest first." actions={<Actions file={fileOf(filters)} />}>
      <FilterBar filters={filters} agents={agents.data} trunks={trunks.data} campaigns={campaigns.data} />
      <Failure error={calls.error} retry={calls.reload} />
      {calls.isLoading && <Skeleton rows={10} />}
      {calls.data && calls.data.calls.length === 0 && <NoCalls filters={filters} isMore={calls.data.next_cursor !== null} />}
      {calls.data && calls.data.calls.length > 0 && (
        <Table
          label="Calls"
          head={[
            "Status",
            "Number",
            { text: "Outcome", class: "wide" },
            { text: "Agent", class: "wide" },
            { text: "Trunk", class: "wide" },
            ...(hasCampaigns ? [{ text: "Campaign", class: "wide" }] : []),
            { text: "Duration", class: "medium" },
            { text: "Age", class: "medium" },
            { text: "Call", class: idColumn(hasCampaigns) },
          ]}
        >
          {/* Keyed by position: a new call changes what the rows say, and moves none of them. */}
          {calls.data.calls.map((call, place) => (
            <Row
              key={place}
              call={call}
              why={whyOf(call, waiting.get(call.id))}
              agent={nameOf(agents.data, call.agent_id)}
              trunk={nameOf(trunks.data, call.sip_trunk_id)}
              campaign={hasCampaigns ? campaignOf(call, campaigns.data) : undefined}
            />
          ))}
        </Table>
      )}
      {calls.data && <Pager filters={filters} next={calls.data.next_cursor} />}
    </Page>
  );
}

function Actions({ file }: { file: string }) {
  return (
    <>
      <NumbersSwitch />
      <a class="button" href={file} download="calls.csv">
        Export CSV
      </a>
      {barred("member") === null && (
        <LinkButton href="/studio/calls/new" kind="primary">
          Call a number
        </LinkButton>
      )}
    </>
  );
}

/** Among the statuses to filter by: calls that are dialed later. */
const SCHEDULED = "Scheduled";

/** The query parameters. */
function asked(filters: Filters<Name>) {
  const given = Object.fromEntries(NAMES.map((name) => [name, filters.get(name) || undefined])) as Partial<Record<Name, string>>;
  return {
    ...given,
    phone_number: undefined,
    ...byNumber(given.phone_number ?? ""),
    call_status: given.call_status && given.call_status !== SCHEDULED ? [given.call_status as CallStatus] : undefined,
    failure_code: given.failure_code as FailureCode | undefined,
    scheduled: given.call_status === SCHEDULED || undefined,
  };
}

function read(filters: Filters<Name>) {
  const query = { ...asked(filters), limit: 50, cursor: filters.cursor };
  return ask(api.GET("/integration/v1/calls", { params: { query } }));
}

/** Where the calls shown, from all pages, can be downloaded as a file. */
function fileOf(filters: Filters<Name>): string {
  const given = Object.entries(asked(filters)).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `/integration/v1/calls.csv${query && `?${query}`}`;
}

/** The disposition that the agent reported. */
function dispositionOf({ call_outcome }: ListedCall): string | undefined {
  const said = call_outcome?.["disposition"];
  return typeof said === "string" ? said : undefined;
}

/** How it ended, or why it is waiting or failed, and which attempt it is. */
function whyOf(call: ListedCall, wait: Wait | undefined): string | undefined {
  const attempt = call.redial && `attempt ${call.redial.attempt} of ${call.redial.max_attempts}`;
  return [wait?.brief ?? call.failure?.message ?? dispositionOf(call), attempt].filter(Boolean).join(" · ") || undefined;
}

/** A link to its campaign; null if it has none. */
function campaignOf({ campaign_id }: ListedCall, campaigns: Resource[] | undefined): ComponentChildren {
  return campaign_id && <a href={`/studio/campaigns/${campaign_id}`}>{nameOf(campaigns, campaign_id)}</a>;
}

/** Beside a column for campaigns, there is room for calls' ids only on a wide page. */
const idColumn = (hasCampaigns: boolean): string => (hasCampaigns ? "widest" : "medium");

/** However long a name is, its row is no higher than others. */
const oneLine = (name: ComponentChildren) => (
  <p class="name clipped" title={typeof name === "string" ? name : undefined}>
    {name}
  </p>
);

interface RowProps {
  call: ListedCall;
  why: string | undefined;
  agent: string;
  trunk: string;
  /** Undefined if there is no column for it. */
  campaign: ComponentChildren | undefined;
}

/** On a narrow page a call takes two lines: its status and time, then whom it calls and over which trunk. */
function Row({ call, why, agent, trunk, campaign }: RowProps) {
  const href = `/studio/calls/${call.id}`;
  const talks = call.call_status === "Answered" && call.start_timestamp !== null && call.end_timestamp === null;
  const seconds = talks ? Math.floor((now.value - Date.parse(call.start_timestamp ?? "")) / 1_000) : call.duration;
  const who: RowFact[] = [
    [
      "wide",
      "Outcome",
      why && (
        <p class="reason clipped" title={why}>
          {why}
        </p>
      ),
    ],
    ["wide", "Agent", oneLine(agent)],
    ["wide", "Trunk", oneLine(trunk)],
    ...(campaign === undefined ? [] : [["wide", "Campaign", oneLine(campaign)] satisfies RowFact]),
  ];
  return (
    <tr>
      <td class="tight">
        <Status value={call.call_status} isStalled={call.stalled} />
        <p class="below medium">
          <Age at={call.created_at} /> ago
        </p>
      </td>
      <td>
        <a href={href} class="mono whole">
          {phone(call.phone_number, showsNumbers.value)}
        </a>
        <p class="below wide" title={[why, agent, trunk].filter(Boolean).join(" · ")}>
          {why && <span class="reason">{why}</span>}
          <span>{agent}</span>
          <span>{trunk}</span>
          {campaign && <span>{campaign}</span>}
        </p>
      </td>
      <FactCells items={who} />
      <td class="medium number">{seconds === null ? <span class="faint">–</span> : span(seconds * 1_000)}</td>
      <td class="medium number">
        <Age at={call.created_at} />
      </td>
      <td class={`${idColumn(campaign !== undefined)} mono faint`}>{shortId(call.id)}</td>
    </tr>
  );
}

/** Numbers are personal: shown only on request. */
export function NumbersSwitch() {
  return (
    <Button onClick={() => void (showsNumbers.value = !showsNumbers.value)} pressed={showsNumbers.value}>
      {showsNumbers.value ? "Mask numbers" : "Show numbers"}
    </Button>
  );
}

type Resource = { id: string; name: string };

function FilterBar({
  filters,
  agents = [],
  trunks = [],
  campaigns = [],
}: {
  filters: Filters<Name>;
  agents?: Resource[] | undefined;
  trunks?: Resource[] | undefined;
  campaigns?: Resource[] | undefined;
}) {
  const [isOpen, setOpen] = useState(false);
  const number = useTyped({
    known: filters.get("phone_number"),
    read: (typed) => (!typed.trim() || byNumber(typed) ? typed.trim() : null),
    settle: (value) => filters.set({ phone_number: value }),
  });
  const shown = number.text ?? filters.get("phone_number");
  const isNumber = !shown.trim() || byNumber(shown) !== null;
  const clear = () => {
    number.drop();
    filters.set(Object.fromEntries(NAMES.map((name) => [name, ""])));
  };
  return (
    <>
      <button type="button" class="button filters-switch" aria-expanded={isOpen} aria-controls="filters" onClick={() => setOpen(!isOpen)}>
        {filters.isAny ? "Filters (set)" : "Filters"}
      </button>
      <form id="filters" class={`filters${isOpen ? " open" : ""}`} onSubmit={(event) => event.preventDefault()} aria-label="Filters">
        <Choice
          label="Status"
          name="call_status"
          filters={filters}
          options={[["", "Any"], ...STATUSES.map((status) => [status, status] as const), [SCHEDULED, SCHEDULED]]}
        />
        <Choice label="Reason" name="failure_code" filters={filters} options={[["", "Any"], ...REASONS]} />
        <Choice label="Campaign" name="campaign_id" filters={filters} options={options(campaigns, filters.get("campaign_id"))} />
        <Choice label="Trunk" name="sip_trunk_id" filters={filters} options={options(trunks, filters.get("sip_trunk_id"))} />
        <Choice label="Agent" name="agent_id" filters={filters} options={options(agents, filters.get("agent_id"))} />
        <TextField
          label="Number"
          value={shown}
          placeholder="+1415… or 2671"
          onInput={number.type}
          isMono
          hint={!isNumber && "The full number with +, or at least its last 4 digits."}
        />
        <TimeField label="From" name="created_after" filters={filters} />
        <TimeField label="Until" name="created_before" filters={filters} />
        {(filters.isAny || shown) && (
          <Button kind="quiet" onClick={clear}>
            Clear
          </Button>
        )}
      </form>
    </>
  );
}

interface Chosen {
  label: string;
  name: Name;
  filters: Filters<Name>;
  options: readonly (readonly [value: string, text: string])[];
}

function Choice({ label, name, filters, options }: Chosen) {
  return <SelectField label={label} value={filters.get(name)} options={options} onChange={(value) => filters.set({ [name]: value })} />;
}

/** A year being typed passes through many that the API would reject. */
function TimeField({ label, name, filters }: { label: string; name: "created_after" | "created_before"; filters: Filters<Name> }) {
  const known = filters.get(name);
  const { text, type } = useTyped({ known, read: instant, settle: (value) => filters.set({ [name]: value }) });
  return <TextField label={label} type="datetime-local" value={text ?? localOf(known)} onInput={type} />;
}

/** All of them, and the chosen one even if it no longer exists. */
function options(resources: Resource[], chosen: string): (readonly [string, string])[] {
  const gone = chosen && !resources.some(({ id }) => id === chosen) ? ([[chosen, `${chosen.slice(0, 8)}…`]] as const) : [];
  return [["", "Any"], ...resources.map(({ id, name }) => [id, name] as const), ...gone];
}

/** `isMore`: the search ended before the calls did. */
function NoCalls({ filters, isMore }: { filters: Filters<Name>; isMore: boolean }) {
  if (isMore) {
    return (
      <Empty title="No call matches so far">
        <p class="faint">Continue with older calls, or narrow the time.</p>
      </Empty>
    );
  }
  return filters.isAny ? (
    <Empty title="No call matches">
      <p class="faint">Widen the filters, or clear them.</p>
    </Empty>
  ) : (
    <Empty title="No calls yet">
      <p class="faint">Place a test call to a simulated number and watch it ring, answer and complete.</p>
      <a class="button primary" href="/studio/start">
        Place the first call
      </a>
    </Empty>
  );
}

/** The list may be newer than the event. */
function newer(known: ListedCall, told: ListedCall | undefined): ListedCall {
  return told && told.last_updated >= known.last_updated ? told : known;
}
