// A call's progress as it happens, up to its callback's delivery.

import { useEffect } from "preact/hooks";
import { api, ask, type Schemas } from "../lib/api.ts";
import { feed } from "../lib/connection.ts";
import { callIdOf } from "../lib/live.ts";
import { type Query, useQuery } from "../lib/query.ts";
import { Status } from "./badge.tsx";
import { Failure } from "./note.tsx";
import { callOf, Received } from "./received.tsx";
import "./progress.css";

/** How often a watched call is read while no feed reports on it. */
const ASK_MS = 400;

const STAGES = [
  ["accepted", "Accepted"],
  ["ringing", "Ringing"],
  ["answered", "Answered"],
  ["ended", "Ended"],
] as const;

/** A stage reached is good, except for the end of a failed call. */
const stageOf = (event: string, { failure }: Schemas["Call"]): string => (event === "ended" && failure ? "reached bad" : "reached");

interface Props {
  id: string;
  callback: string | undefined;
  received: Query<Schemas["StudioReceiver"]>;
}

export function Progress({ id, callback, received }: Props) {
  const read = () => ask(api.GET("/integration/v1/calls/{call_id}", { params: { path: { call_id: id } } }));
  const call = useQuery(id, read, { isLive: true, affects: (event) => callIdOf(event) === id });
  const came = received.data?.received.find((item) => callOf(item) === id);
  const { data } = call;
  const waits = data !== undefined && (!data.is_terminal || (callback !== undefined && !came));
  useEffect(() => {
    if (!waits) return;
    const timer = setInterval(() => {
      if (feed.value !== "live") call.reload();
      if (data?.is_terminal) received.reload();
    }, ASK_MS);
    return () => clearInterval(timer);
  }, [waits, data?.is_terminal]);
  if (!data) return <Failure error={call.error} retry={call.reload} />;
  const reached = new Set(data.timeline.map(({ event }) => event));
  return (
    <div class="progress" role="group" aria-label="The test call">
      <div class="row between">
        <span role="status">
          <Status value={data.call_status} />
        </span>
        <a href={`/studio/calls/${id}`}>Open the call</a>
      </div>
      <ol class="stages">
        {STAGES.map(([event, name]) => (
          <li key={event} class={reached.has(event) || (event === "ended" && data.is_terminal) ? stageOf(event, data) : undefined}>
            {name}
          </li>
        ))}
      </ol>
      {data.failure && <p class="bad-text">{data.failure.message}</p>}
      {data.is_terminal && data.call_outcome && <p class="faint">{String((data.call_outcome as { summary?: unknown }).summary ?? "")}</p>}
      {callback && (
        <div class="callback" role="status">
          {came ? (
            <>
              <p>Its callback arrived.</p>
              <Received items={[came]} />
            </>
          ) : (
            <p class="faint">{data.is_terminal ? "Its callback is on its way." : "Its callback is sent when the call is over."}</p>
          )}
        </div>
      )}
    </div>
  );
}
