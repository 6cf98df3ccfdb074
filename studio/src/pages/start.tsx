// The first sixty seconds: an agent, a trunk, a test call and its callback, without leaving the page.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Agent, ApiError, api, ask, type Trunk } from "../lib/api.ts";
import { type Query, useQuery } from "../lib/query.ts";
import { barred } from "../lib/session.ts";
import { readAgents, readSimulated } from "../lib/resources.ts";
import { AgentFields, bodyOf as agentBody, exampleAgent } from "../ui/agent-form.tsx";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Failure, Note } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { Request } from "../ui/code.tsx";
import { Form } from "../ui/form.tsx";
import { Page } from "../ui/page.tsx";
import { TestCall } from "../ui/test-call.tsx";
import { exampleTrunk, TrunkFields, bodyOf as trunkBody } from "../ui/trunk-form.tsx";
import "./start.css";

export default function Start() {
  const agents = useQuery("active agents", async () => (await readAgents()).filter(({ status }) => status === "active"));
  const trunks = useQuery("simulated trunks", readSimulated);
  const agent = agents.data?.[0];
  const trunk = trunks.data?.[0];
  const isKnown = agents.data !== undefined && trunks.data !== undefined;
  return (
    <Page
      title="Your first call"
      about="An agent, a trunk and a test call to a number that nobody owns. It takes a minute, and through a simulated trunk it costs nothing."
    >
      <Failure error={agents.error ?? trunks.error} retry={agents.error ? agents.reload : trunks.reload} />
      {!isKnown && !agents.error && !trunks.error && <Skeleton rows={6} />}
      {isKnown && (
        <ol class="steps">
          <Step number={1} title="Agent" about="Who talks." done={agent?.name} isNext={!agent}>
            <AgentStep agents={agents} />
          </Step>
          <Step
            number={2}
            title="Trunk"
            about="What the call goes out through: a simulated trunk, which dials nobody."
            done={trunk?.name}
            isNext={!!agent && !trunk}
          >
            <TrunkStep trunks={trunks} />
          </Step>
          <Step number={3} title="Test call" about="The number decides what happens." isNext={!!agent && !!trunk}>
            {agent && trunk && <TestCall agent={agent} trunk={trunk} />}
          </Step>
        </ol>
      )}
    </Page>
  );
}

interface StepProps {
  number: number;
  title: string;
  about: string;
  done?: string | undefined;
  isNext: boolean;
  children: ComponentChildren;
}

function Step({ number, title, about, done, isNext, children }: StepProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const wasNext = useRef(isNext);
  // The form that had the focus is gone: the focus moves on with its user.
  useEffect(() => {
    if (isNext && !wasNext.current) heading.current?.focus();
    wasNext.current = isNext;
  }, [isNext]);
  return (
    <li class={`step${done ? " done" : ""}${isNext ? " next" : ""}`} aria-current={isNext ? "step" : undefined}>
      <div class="step-head">
        <span class="step-number" aria-hidden="true">
          {done ? "✓" : number}
        </span>
        <div>
          <h2 ref={heading} tabIndex={-1}>
            {title}
          </h2>
          <p class="faint">{done ? done : about}</p>
        </div>
        {done && <Badge tone="good">ready</Badge>}
      </div>
      {isNext && <div class="step-body">{children}</div>}
    </li>
  );
}

interface CreateProps {
  what: string;
  path: string;
  body: unknown;
  create: () => Promise<unknown>;
  then: () => void;
  children: ComponentChildren;
}

/** A form beside the request that it makes. */
function Create({ what, path, body, create, then, children }: CreateProps) {
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (barred("owner")) return;
    setBusy(true);
    setError(null);
    try {
      await create();
      then();
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
  };
  return (
    <div class="columns even">
      <Form error={error} onSubmit={submit}>
        {children}
        <Failure error={error} />
        <div class="row">
          <Button type="submit" kind="primary" needs="owner" isBusy={isBusy}>
            Create {what}
          </Button>
        </div>
        {barred("owner") && <Note tone="warn">{barred("owner")}.</Note>}
      </Form>
      <Request method="POST" path={path} body={body} />
    </div>
  );
}

function AgentStep({ agents }: { agents: Query<Agent[]> }) {
  const [form, setForm] = useState(exampleAgent);
  const body = agentBody(form);
  return (
    <Create
      what="agent"
      path="/integration/v1/agents"
      body={body}
      create={() => ask(api.POST("/integration/v1/agents", { body }))}
      then={agents.reload}
    >
      <AgentFields form={form} onChange={setForm} isBrief />
    </Create>
  );
}

function TrunkStep({ trunks }: { trunks: Query<Trunk[]> }) {
  const [form, setForm] = useState(exampleTrunk);
  const body = trunkBody(form);
  return (
    <Create
      what="trunk"
      path="/integration/v1/sip-trunks"
      body={body}
      create={() => ask(api.POST("/integration/v1/sip-trunks", { body }))}
      then={trunks.reload}
    >
      <TrunkFields form={form} onChange={setForm} isBrief />
    </Create>
  );
}
