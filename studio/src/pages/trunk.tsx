// One trunk: how busy it is now and was within the last hour, which calls hold its channels, and its settings.

import { useRoute } from "preact-iso";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, api, ask, type CallStatus, type ListedCall, type Schemas } from "../lib/api.ts";
import { HOUR_MS } from "../lib/days.ts";
import { clock, dueIn, now, phone, showsNumbers } from "../lib/format.ts";
import { readHistory } from "../lib/history.ts";
import { changedCall, type FeedEvent, trunkIdOf, useEvents } from "../lib/live.ts";
import { type Query, useQuery } from "../lib/query.ts";
import { barred } from "../lib/session.ts";
import { nameOf, readTrunkStates, readTrunks, useAgents } from "../lib/resources.ts";
import { agreeing, type History, rates, series, withCalls } from "../lib/usage.ts";
import { Badge, Status } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Failure, Note, RoleNote } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { Table } from "../ui/table.tsx";
import { Age } from "../ui/time.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { useEditor } from "../ui/editor.ts";
import { LinkButton } from "../ui/link.tsx";
import { Gauge } from "../ui/gauge.tsx";
import { LazyPlot } from "../ui/lazy-plot.tsx";
import { Form } from "../ui/form.tsx";
import { Page } from "../ui/page.tsx";
import { SaveRow } from "../ui/save-row.tsx";
import { bodyOf, emptyTrunk, formOf, TrunkFields } from "../ui/trunk-form.tsx";
import { TrunkTest } from "../ui/trunk-test.tsx";
import { NumbersSwitch } from "./calls.tsx";

type Known = Schemas["SipTrunk"] & Partial<Schemas["SipTrunkDetail"]>;
type Live = Schemas["LiveCalls"];

export default function Trunk() {
  const id = useRoute().params["id"] ?? "";
  const mine = (event: FeedEvent) => trunkIdOf(event) === id;
  const isUpdate = (event: FeedEvent) => event.type === "trunk.updated" && mine(event);
  const trunk = useQuery(id, () => readTrunk(id), { isLive: true, affects: isUpdate });
  const [saves, setSaves] = useState(0);
  const update = (told: Known) => {
    setSaves((count) => count + 1);
    trunk.signal.value = told;
    trunk.reload(); // a reading that was under way may still bring what was before
  };
  const live = useQuery(`live ${id}`, () => ask(api.GET("/integration/v1/sip-trunks/{id}/live", { params: { path: { id } } })), {
    isLive: true,
    affects: mine,
    isUnsettled: ({ agent_breakers }) => agent_breakers.length > 0, // of an agent that holds out the feed is silent
  });
  const read = useHistory(id);
  const hour = useMemo(() => read.data && live.data && agreeing(read.data, live.data), [read.data, live.data]);
  const history = { ...read, data: hour ?? read.data };
  const state = useQuery(`state ${id}`, async () => (await readTrunkStates()).get(id) ?? null, { isLive: true, affects: isUpdate });
  const breaker = state.data?.breaker ?? null;
  const { data } = trunk;
  const isKnown = !live.isLoading; // shown whole: what comes later would push the rest about
  return (
    <Page
      title={data?.name ?? "Trunk"}
      back={["/studio/trunks", "Trunks"]}
      about={data && <span class="mono">{data.trunk_phone}</span>}
      actions={
        <>
          <NumbersSwitch />
          {data?.status !== "inactive" && barred("member") === null && (
            <LinkButton href={`/studio/calls/new?trunk=${id}`}>Call a number</LinkButton>
          )}
        </>
      }
    >
      <Failure error={trunk.error} retry={trunk.reload} />
      {(trunk.isLoading || (data && !isKnown)) && <Skeleton rows={8} />}
      {data && isKnown && (
        <>
          <Figures trunk={data} live={live.data} history={history.data} breaker={breaker} />
          <HeldBack breakers={live.data?.agent_breakers ?? []} />
          <RoleNote needs="owner" what="The carrier, destinations, and changes" />
          <div class="columns">
            <div class="stack">
              <Hour history={history} max={data.max_channels} />
              <Channels id={id} live={live} />
            </div>
            <div class="stack">
              <TrunkTest key={`${id} ${saves}`} id={id} />
              <Settings key={id} trunk={data} onChange={update} />
            </div>
          </div>
        </>
      )}
    </Page>
  );
}

async function readTrunk(id: string): Promise<Known> {
  if (barred("owner") === null) return ask(api.GET("/integration/v1/sip-trunks/{id}", { params: { path: { id } } }));
  const found = (await readTrunks()).find((trunk) => trunk.id === id);
  if (!found) throw new ApiError("SIP trunk not found", new Response(null, { status: 404 }));
  return found;
}

/** How often the whole hour is read: with more than 100 calls at a time, reading only the newest would miss how others end. */
const READ_AGAIN_MS = 60_000;

/** The hour, and between two reads of it the newest calls and what events report. */
function useHistory(id: string): Query<History> {
  const told = useRef<ListedCall[]>([]); // since the reading began
  const history = useQuery<History>(`hour ${id}`, async () => {
    told.current = [];
    const read = await readHistory(id, Date.now());
    return withCalls(read, told.current);
  });
  const add = (calls: readonly ListedCall[]) => {
    const { value: known } = history.signal;
    if (known && calls.length > 0) history.signal.value = withCalls(known, calls);
  };
  useEvents((signal) => {
    if (typeof signal === "string") return;
    const calls = signal.filter((event) => trunkIdOf(event) === id).flatMap((event) => changedCall(event) ?? []);
    told.current.push(...calls);
    add(calls);
  });
  const recent = useQuery(
    `recent ${id}`,
    async () => {
      const { calls } = await ask(api.GET("/integration/v1/calls", { params: { query: { sip_trunk_id: id, limit: 100 } } }));
      add(calls);
      return calls.length;
    },
    { isLive: true, affects: (event) => trunkIdOf(event) === id },
  );
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && history.reload(), READ_AGAIN_MS);
    return () => clearInterval(timer);
  }, [id]);
  return { ...history, error: history.error ?? recent.error };
}

interface FiguresProps {
  trunk: Known;
  live: Live | undefined;
  history: History | undefined;
  breaker: string | null;
}

function Figures({ trunk, live, history, breaker }: FiguresProps) {
  const at = now.value;
  const known = useMemo(() => history && { use: series(history, at).inUse.at(-1) ?? 0, rate: rates(history, at) }, [history, at]);
  const inUse = live?.in_use ?? known?.use;
  const over = Math.max(0, (inUse ?? 0) - trunk.max_channels);
  return (
    <div class="figures">
      <Card title="Channels in use">
        {inUse === undefined ? <p class="figure">–</p> : <Gauge value={inUse - over} max={trunk.max_channels} label="Channels in use" />}
        <p class="faint small">{over > 0 ? `and ${over} more from before the limit was lowered` : " "}</p>
      </Card>
      <Card title="Calls per second">
        {known ? (
          <Gauge value={known.rate.current} max={trunk.max_cps} label="Calls dialed within the last second" />
        ) : (
          <p class="figure">–</p>
        )}
        <p class="faint small">{known ? `at most ${known.rate.peak} in any second of this hour` : " "}</p>
      </Card>
      <Card title="Queue">
        <p class="figure">{live?.waiting ?? "–"}</p>
        <p class="faint small">calls placed with on_capacity: queue</p>
      </Card>
      <Card title="Status">
        <p class="row tight">
          <Badge tone={trunk.status === "active" ? "good" : "neutral"}>{trunk.status}</Badge>
          {breaker !== null && <Badge tone={breaker === "closed" ? "neutral" : "bad"}>breaker {breaker}</Badge>}
        </p>
        <p class="faint small">{breakerText(breaker)}</p>
      </Card>
    </div>
  );
}

function breakerText(breaker: string | null): string {
  return breaker !== "open" ? "The dialer takes calls." : "The dialer is failing: new calls get 502 until a probe succeeds.";
}

/** The agents whose calls this trunk refuses because they broke off. */
function HeldBack({ breakers }: { breakers: Live["agent_breakers"] }) {
  const agents = useAgents();
  return breakers.map(({ agent_id, retry_at }) => (
    <Note key={agent_id} tone="warn">
      <a href={`/studio/agents/${agent_id}`}>{nameOf(agents.data, agent_id)}</a> broke off three calls in a row: its calls over this trunk
      get 502 until a probe succeeds. The next probe {dueIn(retry_at)}.
    </Note>
  ));
}

function Hour({ history, max }: { history: Query<History>; max: number }) {
  const at = Math.floor(now.value / 5_000) * 5_000;
  const data = useMemo(() => history.data && series(history.data, Math.max(at, Date.now())), [history.data, at]);
  const peak = data ? Math.max(0, ...data.inUse) : 0;
  const isCut = history.data && history.data.since > Date.now() - HOUR_MS + 60_000;
  return (
    <Card title="The last hour">
      <Failure error={history.error} retry={history.reload} />
      <figure>
        <LazyPlot data={data} limit={max} />
        <figcaption class="faint small">
          {data ? sentence(peak, max) : "Reading the calls of the last hour."}
          {isCut &&
            ` This trunk is so busy that only its calls since ${clock(new Date(history.data?.since ?? 0).toISOString())} are shown.`}
        </figcaption>
      </figure>
    </Card>
  );
}

const sentence = (peak: number, max: number): string =>
  peak <= max
    ? `Channels in use: at most ${peak} of ${max} at once. The dashed line is the limit.`
    : `Channels in use: at most ${peak} at once, before the limit was lowered to ${max}, the dashed line.`;

const SHOWN = 50;

/** The calls that hold a channel, a page at a time: a trunk may have ten thousand. */
function Channels({ id, live }: { id: string; live: Query<Live> }) {
  const [shown, setShown] = useState(SHOWN);
  const [releasing, setReleasing] = useState<Live["calls"][number] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const release = async () => {
    const call_id = releasing?.call_id ?? "";
    setReleasing(null);
    setError(null);
    try {
      await ask(api.POST("/integration/v1/sip-trunks/{id}/live/{call_id}/release", { params: { path: { id, call_id } } }));
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    live.reload();
  };
  const calls = live.data?.calls ?? [];
  return (
    <Card title={`Live channels${calls.length > 0 ? ` (${calls.length})` : ""}`}>
      <Failure error={live.error} retry={live.reload} />
      <Failure error={error} />
      {live.isLoading && <Skeleton rows={3} />}
      {live.data && calls.length === 0 && <p class="faint">No channel is in use.</p>}
      {calls.length > 0 && (
        <Table label="Live channels" head={["Status", "Number", { text: "For", class: "medium" }, ""]}>
          {calls.slice(0, shown).map((call) => (
            <tr key={call.call_id}>
              <td>
                <Status value={call.call_status as CallStatus} />
              </td>
              <td class="mono">
                <a href={`/studio/calls/${call.call_id}`}>{phone(call.phone_number, showsNumbers.value)}</a>
              </td>
              <td class="medium number">
                <Age at={call.since} />
              </td>
              <td class="end">
                <Button
                  kind="danger"
                  isSmall
                  needs="admin"
                  label={`Release the channel of call ${call.call_id}`}
                  onClick={() => setReleasing(call)}
                >
                  Release
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {calls.length > shown && <Button onClick={() => setShown(shown + SHOWN)}>{`Show more of ${calls.length}`}</Button>}
      {releasing && (
        <Confirm
          title="Release this channel?"
          does="Hang up and release"
          needs="admin"
          over={
            !calls.some(({ call_id }) => call_id === releasing.call_id) && "The call has ended in the meantime, and its channel is free."
          }
          onConfirm={release}
          onClose={() => setReleasing(null)}
        >
          <p>The call to {phone(releasing.phone_number, showsNumbers.value)} is hung up, and its channel is free at once.</p>
        </Confirm>
      )}
    </Card>
  );
}

function Settings({ trunk, onChange }: { trunk: Known; onChange: (trunk: Known) => void }) {
  const [isDeleting, setDeleting] = useState(false);
  const params = { path: { id: trunk.id } };
  const { form, setForm, error, save, remove, ...state } = useEditor({
    kept: trunk,
    empty: emptyTrunk,
    formOf,
    bodyOf,
    change: (body): Promise<Known> => ask(api.PATCH("/integration/v1/sip-trunks/{id}", { params, body })),
    onChange,
    remove: async () => {
      setDeleting(false);
      await ask(api.DELETE("/integration/v1/sip-trunks/{id}", { params }));
      return "/studio/trunks";
    },
  });
  return (
    <Card title="Settings">
      <Form error={error} onSubmit={save}>
        <TrunkFields form={form} onChange={setForm} isKnown={trunk.carrier?.type === "livekit"} />
        <Note>A lowered limit ends no call; it holds back new ones.</Note>
        <Failure error={error} />
        <SaveRow {...state}>
          <Button kind="danger" needs="owner" onClick={() => setDeleting(true)}>
            Delete
          </Button>
        </SaveRow>
      </Form>
      {isDeleting && (
        <Confirm title={`Delete ${trunk.name}?`} does="Delete trunk" onConfirm={remove} onClose={() => setDeleting(false)}>
          <p>New calls can no longer use it. Its calls stay readable.</p>
        </Confirm>
      )}
    </Card>
  );
}
