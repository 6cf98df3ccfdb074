// A test call: one click for each way it can go, then its progress, live, up to its signed callback.

import { useState } from "preact/hooks";
import { type Agent, ApiError, api, ask, type Schemas, type Trunk } from "../lib/api.ts";
import { pretty } from "../lib/format.ts";
import { deleteFull, findFull, type FullTrunk, makeFull, ONE_CHANNEL } from "../lib/full-trunk.ts";
import { useQuery } from "../lib/query.ts";
import { barred } from "../lib/session.ts";
import { Button } from "./button.tsx";
import { Failure, Note } from "./note.tsx";
import { Request } from "./code.tsx";
import { Confirm } from "./confirm.tsx";
import { Progress } from "./progress.tsx";
import "./test-call.css";

const SCENARIOS = [
  ["answers", "Answers", "+15005550000", "rings, is answered, and completes"],
  ["busy", "Busy", "+15005550001", "the line is busy: Decline"],
  ["no-answer", "No answer", "+15005550003", "rings until the ringing timeout: SIP Call Failed"],
  ["voicemail", "Voicemail", "+15005550009", "answered by a machine: Completed, voicemail"],
  ["full", "Full capacity", "+15005550000", "a trunk's one channel is taken: Rejected — Capacity"],
] as const;

type Scenario = (typeof SCENARIOS)[number][0];

export function TestCall({ agent, trunk }: { agent: Agent; trunk: Trunk }) {
  const isAdmin = barred("admin") === null;
  const receiver = useQuery("receiver", () => ask(api.GET("/studio/receiver")), { isLive: true, isOn: isAdmin });
  const full = useQuery("full trunk", findFull);
  const [chosen, setChosen] = useState<Scenario>("answers");
  const [call, setCall] = useState<string | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const callback = receiver.data?.callback_url;
  const place = async (scenario: Scenario) => {
    setChosen(scenario);
    setBusy(true);
    setError(null);
    setCall(null);
    try {
      let through = trunk.id;
      if (scenario === "full") {
        const found = (await findFull()) ?? (await makeFull());
        full.signal.value = found;
        through = found.trunk.id;
        await trigger(bodyOf("answers", agent, through, undefined)); // takes its one channel
      }
      // A user who is quicker than the receiver's response waits for it: a call without a callback would not show one.
      const to = callback ?? (isAdmin ? (await ask(api.GET("/studio/receiver"))).callback_url : undefined);
      setCall(await trigger(bodyOf(scenario, agent, through, to)));
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
  };
  const sampled = chosen === "full" ? (full.data?.trunk.id ?? trunk.id) : trunk.id;
  return (
    <div class="columns even">
      <div class="stack">
        <div class="scenarios" role="group" aria-label="What the person does">
          {SCENARIOS.map(([scenario, name, number, what]) => (
            <div key={scenario} class="scenario">
              <Button
                needs={scenario === "full" && !full.data ? "owner" : "member"}
                isBusy={isBusy}
                kind={scenario === "answers" ? "primary" : "plain"}
                onClick={() => place(scenario)}
              >
                {name}
              </Button>
              <p class="faint small">
                <span class="mono">{number}</span> {what}
              </p>
            </div>
          ))}
        </div>
        <FullTrunkNote full={full.data ?? null} onDeleted={() => (full.signal.value = null)} />
        {!isAdmin && <Note>Its callback is not shown: {barred("admin")}.</Note>}
        <Failure error={error} />
        {call && <Progress id={call} callback={callback} received={receiver} />}
      </div>
      <Request method="POST" path="/integration/v1/calls" body={bodyOf(chosen, agent, sampled, callback)} />
    </div>
  );
}

function bodyOf(scenario: Scenario, agent: Agent, through: string, callback: string | undefined): Schemas["TriggerCall"] {
  const number = SCENARIOS.find(([name]) => name === scenario)?.[2] ?? "+15005550000";
  const samples = (agent.input_schema.sample_context ?? {}) as Record<string, unknown>;
  return {
    phone_number: number,
    agent_id: agent.id,
    sip_trunk_id: through,
    metadata: Object.fromEntries(agent.input_schema.fields.map((field) => [field, samples[field] ?? "example"])),
    ...(callback && { callback_url: callback }),
  };
}

/** The call's id; a call refused for lack of capacity has one, too. */
async function trigger(body: Schemas["TriggerCall"]): Promise<string> {
  try {
    const answer = await ask(api.POST("/integration/v1/calls", { body }));
    if (answer.call_id) return answer.call_id;
    throw new ApiError(pretty(answer));
  } catch (error) {
    const refused = error instanceof ApiError && error.status === 429 ? (error.body as Partial<Schemas["RejectedCall"]>) : {};
    if (refused.call_id) return refused.call_id;
    throw error;
  }
}

/** Says which trunk "Full capacity" uses, and deletes the one that this page created. */
function FullTrunkNote({ full, onDeleted }: { full: FullTrunk | null; onDeleted: () => void }) {
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  if (!full) {
    if (barred("owner")) return null;
    return <p class="faint small">“Full capacity” creates a trunk with one channel, “{ONE_CHANNEL}”, which stays until it is deleted.</p>;
  }
  const remove = async () => {
    setAsking(false);
    setBusy(true);
    setError(null);
    try {
      await deleteFull(full);
      onDeleted();
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
  };
  const link = <a href={`/studio/trunks/${full.trunk.id}`}>{ONE_CHANNEL}</a>;
  if (!full.isOwn) return <Note>“Full capacity” uses {link}, an existing one-channel trunk.</Note>;
  return (
    <Note>
      <p>“Full capacity” uses {link}, a one-channel trunk created for it. It stays until you delete it.</p>
      <Button isSmall kind="danger" needs="owner" isBusy={isBusy} onClick={() => setAsking(true)} label={`Delete ${ONE_CHANNEL}`}>
        Delete it
      </Button>
      <Failure error={error} />
      {isAsking && (
        <Confirm title={`Delete ${ONE_CHANNEL}?`} does="Delete trunk" needs="owner" onConfirm={remove} onClose={() => setAsking(false)}>
          <p>New calls can no longer use it. Its calls stay readable.</p>
        </Confirm>
      )}
    </Note>
  );
}
