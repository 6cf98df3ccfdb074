// One agent, new or known: what it is, and the JSON that a call with it must send.

import { useLocation, useRoute } from "preact-iso";
import { useState } from "preact/hooks";
import { ApiError, api, ask, type Schemas } from "../lib/api.ts";
import { changes } from "../lib/changes.ts";
import { pretty } from "../lib/format.ts";
import { useQuery } from "../lib/query.ts";
import { barred } from "../lib/session.ts";
import { readAgents, readUsable } from "../lib/things.ts";
import { Button, Card, Failure, Note, RoleNote, Skeleton } from "../ui/basics.tsx";
import { AgentFields, type AgentForm, bodyOf, emptyAgent, filledOut, formOf, metadataOf } from "../ui/agent-form.tsx";
import { Code, Request } from "../ui/code.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { useGuard } from "../ui/guard.ts";
import { Page } from "../ui/page.tsx";
import { SaveRow } from "../ui/save-row.tsx";

export default function Agent() {
  const id = useRoute().params["id"] ?? "";
  const isNew = id === "new";
  const agent = useQuery(id, () => read(id), { isOn: !isNew });
  if (!isNew && !agent.data) {
    return (
      <Page title="Agent" back={["/studio/agents", "Agents"]}>
        <Failure error={agent.error} retry={agent.reload} />
        {agent.isLoading && <Skeleton rows={8} />}
      </Page>
    );
  }
  return <Editor key={id} id={isNew ? null : id} before={agent.data ?? null} />;
}

/** An owner sees all of it; others what the list shows. */
async function read(id: string): Promise<Partial<Schemas["AgentDetail"]> & Schemas["Agent"]> {
  if (barred("owner") === null) return ask(api.GET("/integration/v1/agents/{id}", { params: { path: { id } } }));
  const found = (await readAgents()).find((agent) => agent.id === id);
  if (!found) throw new ApiError("Agent not found", new Response(null, { status: 404 }));
  return found;
}

function Editor({ id, before }: { id: string | null; before: (Partial<Schemas["AgentDetail"]> & Schemas["Agent"]) | null }) {
  const { route } = useLocation();
  const [form, setForm] = useState<AgentForm>(() => (before ? formOf(before) : emptyAgent()));
  const [saved, setSaved] = useState(form);
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [isDone, setDone] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const isChanged = JSON.stringify(form) !== JSON.stringify(saved);
  useGuard(isChanged);
  const change = (next: AgentForm) => {
    setForm(next);
    setDone(false);
  };
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
  };
  const save = (event: Event) => {
    event.preventDefault();
    if (barred("owner")) return;
    void attempt(async () => {
      const body = bodyOf(form);
      if (id === null) {
        const made = await ask(api.POST("/integration/v1/agents", { body }));
        setSaved(form);
        route(`/studio/agents/${made.id}`);
      } else {
        await ask(api.PATCH("/integration/v1/agents/{id}", { params: { path: { id } }, body: changes(body, bodyOf(saved)) }));
        setSaved(form);
        setDone(true);
      }
    });
  };
  const remove = () =>
    attempt(async () => {
      setDeleting(false);
      await ask(api.DELETE("/integration/v1/agents/{id}", { params: { path: { id: id ?? "" } } }));
      setSaved(form);
      route("/studio/agents");
    });
  return (
    <Page title={id === null ? "New agent" : form.name || "Agent"} back={["/studio/agents", "Agents"]}>
      <RoleNote needs="owner" what="Script, voice and changes" />
      <div class="columns">
        <form noValidate class="stack" onSubmit={save}>
          <Card>
            <AgentFields form={form} onChange={change} />
          </Card>
          <Failure error={error} />
          <SaveRow isChanged={id === null || isChanged} isBusy={isBusy} isDone={isDone} text={id === null ? "Create agent" : "Save"}>
            {id !== null && (
              <Button kind="danger" needs="owner" onClick={() => setDeleting(true)}>
                Delete
              </Button>
            )}
          </SaveRow>
        </form>
        {id === null ? (
          <Request method="POST" path="/integration/v1/agents" body={bodyOf(filledOut(form))} />
        ) : (
          <ItsCall id={id} form={form} />
        )}
      </div>
      {isDeleting && (
        <Confirm title={`Delete ${before?.name}?`} does="Delete agent" onConfirm={remove} onClose={() => setDeleting(false)}>
          <p>New calls can't use it any more. Calls that were placed with it stay as they are.</p>
        </Confirm>
      )}
    </Page>
  );
}

/** A call with it, to be pasted as it stands: each id in it is there. */
function ItsCall({ id, form }: { id: string; form: AgentForm }) {
  const trunk = useQuery("usable trunk", readUsable);
  if (trunk.isLoading) return <Skeleton rows={8} />;
  if (!trunk.data) {
    return (
      <div class="stack">
        <Failure error={trunk.error} retry={trunk.reload} />
        {!trunk.error && (
          <Note>
            A call goes out through a trunk, and none is active: <a href="/studio/trunks">go to Trunks</a>.
          </Note>
        )}
      </div>
    );
  }
  const call = { phone_number: "+15005550000", agent_id: id, sip_trunk_id: trunk.data.id, metadata: metadataOf(form) };
  return (
    <div class="stack">
      <Code label="What an integrator must send" text={pretty(call)} />
      <Request method="POST" path="/integration/v1/calls" body={call} />
    </div>
  );
}
