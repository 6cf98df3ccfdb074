// One call: what happened, how it ended, and how its callback is doing.

import { useRoute } from "preact-iso";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ApiError, api, ask, type Schemas } from "../lib/api.ts";
import { clock, masked, now, phone, pretty, showsNumbers, span } from "../lib/format.ts";
import { callIdOf } from "../lib/live.ts";
import { type Query, useQuery } from "../lib/query.ts";
import { inWords, mayWait, waitOf } from "../lib/reasons.ts";
import { nameOf, useAgents, useTrunks } from "../lib/resources.ts";
import { Status } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Copy } from "../ui/copy.tsx";
import { Facts } from "../ui/facts.tsx";
import { Failure } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { Time } from "../ui/time.tsx";
import { Code } from "../ui/code.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { DeliveryCard, whatBecame } from "../ui/delivery.tsx";
import { Page } from "../ui/page.tsx";
import { NumbersSwitch } from "./calls.tsx";
import { Series } from "../ui/series.tsx";
import { TimelineList } from "../ui/timeline.tsx";
import { Why } from "../ui/why.tsx";
import "./call.css";

type Detail = Schemas["Call"];

export default function Call() {
  const id = useRoute().params["id"] ?? "";
  const path = { params: { path: { call_id: id } } };
  const call = useQuery(id, () => ask(api.GET("/integration/v1/calls/{call_id}", path)), {
    isLive: true,
    affects: (event) => callIdOf(event) === id,
    isUnsettled: (known) => mayWait(known) && waitOf(known, now.value)?.until === null, // the feed is silent of one that is put off
  });
  const transcript = useQuery(`${id} ${call.data?.last_updated}`, () => ask(api.GET("/integration/v1/calls/{call_id}/transcript", path)), {
    isOn: call.data?.is_terminal === true,
  });
  const cancelling = useCancelling(id, call);
  const { data } = call;
  return (
    <Page
      title="Call"
      heading={data ? <span class="mono">{phone(data.phone_number, showsNumbers.value)}</span> : "Call"}
      back={["/studio/calls", "Calls"]}
      actions={
        <>
          <NumbersSwitch />
          <Button
            kind="danger"
            needs="member"
            disabled={data ? isOver(data) && OVER : (call.error?.message ?? "The call is still being read")}
            isBusy={cancelling.isBusy}
            onClick={cancelling.begin}
          >
            Cancel call
          </Button>
        </>
      }
    >
      <Failure error={call.error} retry={call.reload} />
      <Failure error={cancelling.error} />
      {call.isLoading && <Skeleton rows={8} />}
      {data && (
        <div class="columns">
          <div class="stack">
            <Summary call={data} />
            <Series id={id} redial={data.redial} isOver={isOver(data)} />
            <Outcome call={data} />
            <Recording url={data.recording_url} />
            <Transcript lines={transcript.data?.transcript} url={data.transcript_url} isOver={data.is_terminal} />
          </div>
          <div class="stack">
            <Timeline call={data} />
            <DeliveryCard delivery={data.callback} isOver={data.is_terminal} onChange={call.reload} />
            {data.metadata && <Code label="Metadata" text={pretty(data.metadata)} />}
          </div>
        </div>
      )}
      {data && cancelling.question(data)}
    </Page>
  );
}

/** Cancels a call, after a confirmation. */
function useCancelling(id: string, call: Query<Detail>) {
  const [error, setError] = useState<ApiError | null>(null);
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const cancel = async () => {
    setAsking(false);
    setBusy(true);
    setError(null);
    try {
      const state = await ask(api.POST("/integration/v1/calls/{call_id}/cancel", { params: { path: { call_id: id } } }));
      if (call.signal.value?.id === state.id) call.signal.value = { ...call.signal.value, ...state };
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
    call.reload();
  };
  const question = (known: Detail) =>
    isAsking && (
      <Confirm
        title="Cancel this call?"
        does={known.call_status === "Answered" ? "Hang up and cancel" : "Cancel the call"}
        needs="member"
        over={isOver(known) && `The call has ended in the meantime: ${known.call_status}. There is nothing left to cancel.`}
        onConfirm={cancel}
        onClose={() => setAsking(false)}
      >
        <p>{whatCancelling(known)} This can't be undone.</p>
      </Confirm>
    );
  return { error, isBusy, begin: () => setAsking(true), question };
}

const OVER = "Call is already in a terminal state";

/** Whether it has ended, even if its agent may still report. */
const isOver = ({ is_terminal, end_timestamp }: Detail): boolean => is_terminal || end_timestamp !== null;

function whatCancelling({ call_status, phone_number }: Detail): string {
  const who = phone(phone_number, showsNumbers.value);
  if (call_status === "Answered") return `The conversation with ${who} is hung up.`;
  return call_status === "Ringing" ? `The phone of ${who} stops ringing.` : `${who} is not called.`;
}

function Summary({ call }: { call: Detail }) {
  const agents = useAgents();
  const trunks = useTrunks();
  const { campaign_id: id, reference } = call;
  const campaign = useQuery(
    `campaign ${id}`,
    () => ask(api.GET("/integration/v1/campaigns/{id}", { params: { path: { id: id ?? "" } } })),
    {
      isOn: id !== null,
    },
  );
  const facts: [string, ComponentChildren][] = id
    ? [
        ["Campaign", <a href={`/studio/campaigns/${id}`}>{campaign.data?.name ?? `${id.slice(0, 8)}…`}</a>],
        ["Reference", <span class="break">{masked(reference ?? "")}</span>],
      ]
    : [];
  return (
    <Card>
      <Facts
        items={[
          ["Status", <Status value={call.call_status} isStalled={call.stalled} />],
          ["Duration", call.duration === null ? "–" : span(call.duration * 1_000)],
          ["Agent", <a href={`/studio/agents/${call.agent_id}`}>{nameOf(agents.data, call.agent_id)}</a>],
          ["Trunk", <a href={`/studio/trunks/${call.sip_trunk_id}`}>{nameOf(trunks.data, call.sip_trunk_id)}</a>],
          ...facts,
          ["Created", <Time at={call.created_at} />],
          ["Answered", <Time at={call.start_timestamp} />],
          ["Ended", <Time at={call.end_timestamp} />],
          [
            "Call",
            <span class="row tight">
              <span class="mono break">{call.id}</span> <Copy text={call.id} />
            </span>,
          ],
        ]}
      />
      <Why call={call} />
    </Card>
  );
}

function Outcome({ call }: { call: Detail }) {
  if (!call.call_outcome) {
    const text = call.is_terminal ? "The call did not connect, so there is none." : "It appears here once the call is over.";
    return (
      <Card title="Outcome">
        <p class="faint">{text}</p>
      </Card>
    );
  }
  const entries = Object.entries(call.call_outcome as Record<string, unknown>);
  return (
    <Card title="Outcome" actions={<Copy text={pretty(call.call_outcome)} label="Copy JSON" />}>
      <Facts items={entries.map(([name, value]) => [name, typeof value === "string" ? value : pretty(value ?? null)])} />
    </Card>
  );
}

function Recording({ url }: { url: string | null }) {
  return (
    <Card title="Recording">
      {url ? (
        // biome-ignore lint/a11y/useMediaCaption: the transcript below says the same
        <audio controls preload="none" src={url} />
      ) : (
        <p class="faint">
          There is none: calls are recorded only if <a href="/studio/settings">they are enabled</a>.
        </p>
      )}
    </Card>
  );
}

interface TranscriptProps {
  lines: Schemas["Transcript"]["transcript"] | undefined;
  url: string | null;
  isOver: boolean;
}

function Transcript({ lines, url, isOver }: TranscriptProps) {
  const hasLines = lines !== undefined && lines.length > 0;
  return (
    <Card title="Transcript" actions={url && <a href={url}>Open</a>}>
      {hasLines ? (
        <ol class="transcript">
          {lines.map((line, at) => (
            <li key={at} class={line.role === "agent" ? "agent" : undefined}>
              <span class="faint small">{line.role}</span>
              <p>{line.text}</p>
            </li>
          ))}
        </ol>
      ) : (
        <p class="faint">{isOver ? "The agent reported none." : "It appears here once the call is over and its agent has reported."}</p>
      )}
    </Card>
  );
}

const EVENTS: Record<string, string> = {
  accepted: "Accepted",
  queued: "Queued",
  dialing: "Dialing",
  ringing: "Ringing",
  answered: "Answered",
  ended: "Ended",
  rejected: "Rejected",
};

type Entry = Detail["timeline"][number];

/** What an entry of the history says, and whether it means success or failure. */
function told(call: Detail, entry: Entry, attempt: number): { what: string; detail: string | null; tone: string } {
  const { event, detail } = entry;
  if (event === "callback_attempt") {
    const { what, detail: result, isGood } = whatBecame(call.callback?.attempts[attempt], detail);
    return { what, detail: result, tone: isGood ? "good" : "bad" };
  }
  if (event === "scheduled") return { what: "Scheduled", detail: detail && inWords(detail), tone: event };
  const isFailure = event === "rejected" || (event === "ended" && call.failure !== null);
  return { what: EVENTS[event] ?? event, detail, tone: isFailure ? "bad" : event };
}

export function Timeline({ call }: { call: Detail }) {
  const began = Date.parse(call.timeline[0]?.at ?? call.created_at);
  const firstAttempt = call.timeline.findIndex(({ event }) => event === "callback_attempt");
  return (
    <Card title="Timeline">
      <TimelineList>
        {call.timeline.map((entry, at) => {
          const { what, detail, tone } = told(call, entry, at - firstAttempt);
          return (
            <li key={at} class={tone}>
              <span class="timeline-what">
                {what}
                {detail && <span class="faint"> {detail}</span>}
              </span>
              <time dateTime={entry.at} class="faint number" title={clock(entry.at)}>
                +{((Date.parse(entry.at) - began) / 1_000).toFixed(1)} s
              </time>
            </li>
          );
        })}
        {!call.is_terminal && (
          <li class="pending">
            <span class="timeline-what faint">In progress</span>
          </li>
        )}
      </TimelineList>
    </Card>
  );
}
