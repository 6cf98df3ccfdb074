// A call to a number of the user's choice: the page tells what is known about the number, and what the call would do, before it
// is placed.

import { useLocation } from "preact-iso";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Agent, ApiError, api, ask, type Schemas, type Trunk } from "../lib/api.ts";
import { bodyOf, type CallForm, emptyCall } from "../lib/call-form.ts";
import { useNumber } from "../lib/numbers.ts";
import { useQuery } from "../lib/query.ts";
import { barred } from "../lib/session.ts";
import { readAgents, readTrunks } from "../lib/resources.ts";
import { useSettled, wholeNumber } from "../lib/typed.ts";
import { Button } from "../ui/button.tsx";
import { When, Whom } from "../ui/call-fields.tsx";
import { Card } from "../ui/card.tsx";
import { Request } from "../ui/code.tsx";
import { Forecast, laterOf } from "../ui/forecast.tsx";
import { Form } from "../ui/form.tsx";
import { useGuard } from "../ui/guard.ts";
import { Failure, Note, RoleNote } from "../ui/note.tsx";
import { inBoth, NumberTells } from "../ui/number-facts.tsx";
import { Page } from "../ui/page.tsx";
import { RedialFields } from "../ui/redial.tsx";
import { Skeleton } from "../ui/skeleton.tsx";

const isActive = ({ status }: { status: string }) => status === "active";

export default function NewCall() {
  const may = barred("member") === null;
  const agents = useQuery("active agents", async () => (await readAgents()).filter(isActive), { isOn: may });
  const trunks = useQuery("active trunks", async () => (await readTrunks()).filter(isActive), { isOn: may });
  const error = agents.error ?? trunks.error;
  return (
    <Page title="Call a number" back={["/studio/calls", "Calls"]} about="One call, now or later, as your program would place it.">
      <RoleNote needs="member" what="Placing calls" />
      <Failure error={error} retry={agents.error ? agents.reload : trunks.reload} />
      {may && !error && (agents.isLoading || trunks.isLoading) && <Skeleton rows={8} />}
      {may && agents.data && trunks.data && <Placing agents={agents.data} trunks={trunks.data} />}
    </Page>
  );
}

function Placing({ agents, trunks }: { agents: Agent[]; trunks: Trunk[] }) {
  const [agent] = agents;
  const [trunk] = trunks;
  if (!agent || !trunk) {
    return (
      <Note>
        A call needs an active agent and an active trunk:{" "}
        <a href={agent ? "/studio/trunks" : "/studio/agents"}>go to {agent ? "Trunks" : "Agents"}</a>, or let{" "}
        <a href="/studio/start">the first call</a> make both.
      </Note>
    );
  }
  return <Editor agents={agents} trunks={trunks} first={{ agent: agent.id, trunk: trunk.id }} />;
}

interface EditorProps {
  agents: Agent[];
  trunks: Trunk[];
  first: { agent: string; trunk: string };
}

/** The one named in the URL, if it exists. */
const chosen = (resources: readonly { id: string }[], wanted: string | undefined, otherwise: string): string =>
  resources.some(({ id }) => id === wanted) && wanted ? wanted : otherwise;

function Editor({ agents, trunks, first }: EditorProps) {
  const { query } = useLocation();
  const empty = () => emptyCall(chosen(agents, query["agent"], first.agent), chosen(trunks, query["trunk"], first.trunk));
  const [form, setForm] = useState<CallForm>(empty);
  const set = (part: Partial<CallForm>) => setForm((known) => ({ ...known, ...part }));
  const body = bodyOf(
    form,
    agents.find(({ id }) => id === form.agent),
  );
  const json = JSON.stringify(body);
  const { placed, error, isBusy, place } = usePlacing();
  const isTouched = useRef(json).current !== json;
  useGuard(isTouched && placed?.json !== json);
  const number = useSettled(wholeNumber(form.number) ?? "");
  const facts = useNumber(number);
  const zones = form.zone.trim() ? [form.zone.trim()] : (facts.data?.time_zones ?? []);
  const submit = (event: Event) => {
    event.preventDefault();
    if (barred("member") === null && !isBusy) void place(json);
  };
  return (
    <div class="columns">
      <Form error={error} onSubmit={submit} label="The call">
        <Card>
          <div class="stack">
            <Whom form={form} set={set} agents={agents} trunks={trunks}>
              {number && facts.data && <NumberTells facts={facts.data} />}
              <Failure error={facts.error} />
            </Whom>
          </div>
        </Card>
        <Card title="When">
          <div class="stack">
            <When form={form} set={set} />
          </div>
        </Card>
        <Card title="Redial">
          <div class="stack">
            <RedialFields form={form.redial} onChange={(redial) => set({ redial })} />
          </div>
        </Card>
        <Card title="Before it is placed">
          <Forecast body={body} zones={zones} />
        </Card>
        <Refused error={error} zones={zones} />
        <Answer placed={placed} zones={zones} />
        <div class="row">
          <Button type="submit" kind="primary" needs="member" isBusy={isBusy}>
            Place call
          </Button>
        </div>
      </Form>
      <Request method="POST" path="/integration/v1/calls" body={body} />
    </div>
  );
}

interface Placed {
  /** The request body. */
  json: string;
  told: Schemas["TriggeredCall"];
}

/** Places calls. A request that got no response is sent again under the same key, and starts nothing twice. */
function usePlacing() {
  const [placed, setPlaced] = useState<Placed | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const unanswered = useRef<{ json: string; key: string } | null>(null);
  const place = async (json: string) => {
    setBusy(true);
    setError(null);
    setPlaced(null);
    const key = unanswered.current?.json === json ? unanswered.current.key : crypto.randomUUID();
    unanswered.current = { json, key };
    try {
      const params = { header: { "Idempotency-Key": key } };
      const told = await ask(api.POST("/integration/v1/calls", { params, body: JSON.parse(json) as Schemas["TriggerCall"] }));
      unanswered.current = null;
      setPlaced({ json, told });
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      if (failure.status !== 0 && failure.status < 500) unanswered.current = null;
      setError(failure);
    }
    setBusy(false);
  };
  return { placed, error, isBusy, place };
}

/** Why it was not placed. A call refused for lack of capacity still exists, and can be opened. */
function Refused({ error, zones }: { error: ApiError | null; zones: readonly string[] }) {
  if (!error) return null;
  const later = laterOf(error);
  const { call_id } = (error.body ?? {}) as Partial<Schemas["RejectedCall"]>;
  return (
    <>
      <Failure error={error} />
      {later && <Note tone="warn">It may be placed again {inBoth(later, zones)}.</Note>}
      {call_id && (
        <p>
          <a href={`/studio/calls/${call_id}`}>Open the refused call</a>
        </p>
      )}
    </>
  );
}

const STATUSES: Record<NonNullable<Schemas["TriggeredCall"]["status"]>, string> = {
  triggered: "The call is being placed.",
  queued: "The call waits in its trunk's queue.",
  scheduled: "The call is scheduled",
};

function Answer({ placed, zones }: { placed: Placed | null; zones: readonly string[] }) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => link.current?.focus(), [placed]);
  const { call_id, status, scheduled_for } = placed?.told ?? {};
  return (
    <div role="status">
      {call_id && status && (
        <Note tone="good">
          {STATUSES[status]}
          {status === "scheduled" && `${scheduled_for ? ` for ${inBoth(scheduled_for, zones)}` : ""}.`}{" "}
          <a ref={link} href={`/studio/calls/${call_id}`}>
            Open the call
          </a>
        </Note>
      )}
    </div>
  );
}
