// One agent, new or existing: its settings, and the JSON that a call with it must send.

import { useRoute } from "preact-iso";
import { useState } from "preact/hooks";
import { ApiError, api, ask, type Schemas } from "../lib/api.ts";
import { pretty } from "../lib/format.ts";
import { useQuery } from "../lib/query.ts";
import { barred } from "../lib/session.ts";
import { readAgents, readUsable } from "../lib/resources.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Failure, Note, RoleNote } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { AgentFields, type AgentForm, bodyOf, emptyAgent, filledOut, formOf, metadataOf } from "../ui/agent-form.tsx";
import { Code, Request } from "../ui/code.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { useEditor } from "../ui/editor.ts";
import { Form } from "../ui/form.tsx";
import { Page } from "../ui/page.tsx";
import { SaveRow } from "../ui/save-row.tsx";

type Known = Schemas["Agent"] & Partial<Schemas["AgentDetail"]>;

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
  const update = (told: Known) => {
    agent.signal.value = told;
  };
  return <Editor key={id} agent={agent.data ?? null} onChange={update} />;
}

/** An owner sees everything; others what the list shows. */
async function read(id: string): Promise<Known> {
  if (barred("owner") === null) return ask(api.GET("/integration/v1/agents/{id}", { params: { path: { id } } }));
  const found = (await readAgents()).find((agent) => agent.id === id);
  if (!found) throw new ApiError("Agent not found", new Response(null, { status: 404 }));
  return found;
}

function Editor({ agent, onChange }: { agent: Known | null; onChange: (agent: Known) => void }) {
  const [isDeleting, setDeleting] = useState(false);
  const params = { path: { id: agent?.id ?? "" } };
  const { form, setForm, error, save, remove, ...state } = useEditor({
    kept: agent,
    empty: emptyAgent,
    formOf,
    bodyOf,
    create: async (body) => `/studio/agents/${(await ask(api.POST("/integration/v1/agents", { body }))).id}`,
    change: (body): Promise<Known> => ask(api.PATCH("/integration/v1/agents/{id}", { params, body })),
    onChange,
    remove: async () => {
      setDeleting(false);
      await ask(api.DELETE("/integration/v1/agents/{id}", { params }));
      return "/studio/agents";
    },
  });
  return (
    <Page title={agent ? form.name || "Agent" : "New agent"} back={["/studio/agents", "Agents"]}>
      <RoleNote needs="owner" what="Script, voice, calling hours, contact limits and changes" />
      <div class="columns">
        <Form error={error} onSubmit={save}>
          <Card>
            <AgentFields form={form} onChange={setForm} />
          </Card>
          <Failure error={error} />
          <SaveRow {...state} isChanged={agent === null || state.isChanged} text={agent ? "Save" : "Create agent"}>
            {agent && (
              <Button kind="danger" needs="owner" onClick={() => setDeleting(true)}>
                Delete
              </Button>
            )}
          </SaveRow>
        </Form>
        {agent ? (
          <ItsCall id={agent.id} form={form} />
        ) : (
          <Request method="POST" path="/integration/v1/agents" body={bodyOf(filledOut(form))} />
        )}
      </div>
      {isDeleting && (
        <Confirm title={`Delete ${agent?.name}?`} does="Delete agent" onConfirm={remove} onClose={() => setDeleting(false)}>
          <p>New calls can no longer use it. Calls that were placed with it stay as they are.</p>
        </Confirm>
      )}
    </Page>
  );
}

/** A call with it that works when pasted: all ids in it exist. */
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
