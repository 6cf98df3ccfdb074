// One campaign, new or existing: its recipients, its progress, and its controls.

import { useRoute } from "preact-iso";
import { useRef, useState } from "preact/hooks";
import { type Agent, ApiError, api, ask, type Trunk } from "../lib/api.ts";
import { bodyOf, emptyCampaign, formOf } from "../lib/campaign-form.ts";
import { CAMPAIGNS, type Campaign as Known, HELD, isMoving, isOfCampaign, isOver } from "../lib/campaigns.ts";
import { momentIn } from "../lib/format.ts";
import { type Query, useQuery } from "../lib/query.ts";
import { barred } from "../lib/session.ts";
import { nameOf, useAgents, useTrunks } from "../lib/resources.ts";
import { Button } from "../ui/button.tsx";
import { CampaignFields } from "../ui/campaign-form.tsx";
import { CampaignPreview } from "../ui/campaign-preview.tsx";
import { CampaignStatus } from "../ui/campaign-status.tsx";
import { CampaignUpload } from "../ui/campaign-upload.tsx";
import { Card } from "../ui/card.tsx";
import { Request } from "../ui/code.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { CountsBar } from "../ui/counts.tsx";
import { useEditor } from "../ui/editor.ts";
import { Facts } from "../ui/facts.tsx";
import { CheckField } from "../ui/field.tsx";
import { Form } from "../ui/form.tsx";
import { Failure, Note, RoleNote } from "../ui/note.tsx";
import { Page } from "../ui/page.tsx";
import { Recipients } from "../ui/recipients.tsx";
import { SaveRow } from "../ui/save-row.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { Time } from "../ui/time.tsx";
import { NumbersSwitch } from "./calls.tsx";

const BACK = ["/studio/campaigns", "Campaigns"] as const;
/** Several events together cause one read. */
const GATHER_MS = 1_000;

export default function Campaign() {
  const id = useRoute().params["id"] ?? "";
  const agents = useAgents();
  const trunks = useTrunks();
  const error = agents.error ?? trunks.error;
  const retry = agents.error ? agents.reload : trunks.reload;
  if (!agents.data || !trunks.data) {
    return (
      <Page title={id === "new" ? "New campaign" : "Campaign"} back={BACK}>
        <Failure error={error} retry={retry} />
        {!error && <Skeleton rows={8} />}
      </Page>
    );
  }
  const resources = { agents: agents.data, trunks: trunks.data };
  return id === "new" ? <New {...resources} /> : <One key={id} id={id} {...resources} />;
}

interface Things {
  agents: Agent[];
  trunks: Trunk[];
}

const firstActive = (resources: readonly { id: string; status: string }[]): string =>
  resources.find(({ status }) => status === "active")?.id ?? "";

function New({ agents, trunks }: Things) {
  const sent = useRef({ json: "", key: "" });
  const { form, setForm, error, save, ...state } = useEditor({
    kept: null,
    empty: () => emptyCampaign(firstActive(agents), firstActive(trunks)),
    formOf,
    bodyOf,
    // A request that got no response is sent again under the same key, and creates nothing twice.
    create: async (body) => {
      const json = JSON.stringify(body);
      if (sent.current.json !== json) sent.current = { json, key: crypto.randomUUID() };
      const params = { header: { "Idempotency-Key": sent.current.key } };
      return `/studio/campaigns/${(await ask(api.POST("/integration/v1/campaigns", { params, body }))).id}`;
    },
    needs: "member",
  });
  return (
    <Page title="New campaign" back={BACK} about="It begins as a draft: nobody is called before it has recipients and is started.">
      <RoleNote needs="member" what="Campaigns" />
      <div class="columns">
        <Form error={error} onSubmit={save} label="The campaign">
          <CampaignFields form={form} onChange={setForm} agents={agents} trunks={trunks} disabled={barred("member")} />
          <Failure error={error} />
          <SaveRow {...state} isChanged text="Create campaign" needs="member" />
        </Form>
        <Request method="POST" path="/integration/v1/campaigns" body={bodyOf(form)} />
      </div>
    </Page>
  );
}

function One({ id, agents, trunks }: Things & { id: string }) {
  const campaign = useQuery(id, () => ask(api.GET("/integration/v1/campaigns/{id}", { params: { path: { id } } })), {
    isLive: true,
    gatherMs: GATHER_MS,
    affects: (event) => isOfCampaign(event, id),
    isUnsettled: isMoving,
  });
  const [version, setVersion] = useState(0);
  const update = (told: Known) => {
    setVersion((count) => count + 1);
    campaign.signal.value = told;
    campaign.reload(); // a reading that was under way may still bring what was before
  };
  const actions = useActions(id, campaign, update);
  const { data } = campaign;
  return (
    <Page
      title={data?.name ?? "Campaign"}
      back={BACK}
      actions={
        <>
          <NumbersSwitch />
          <a class="button" href={`/integration/v1/campaigns/${id}/results.csv`} download={`${data?.name ?? "results"}.csv`}>
            Results as CSV
          </a>
          {data && actions.buttons(data)}
        </>
      }
    >
      <Failure error={campaign.error} retry={campaign.reload} />
      <Failure error={actions.error} />
      {campaign.isLoading && <Skeleton rows={8} />}
      {data && (
        <>
          <Progress campaign={data} agents={agents} trunks={trunks} />
          <div class="columns">
            <div class="stack">
              {!isOver(data) && <CampaignUpload id={id} onDone={campaign.reload} />}
              <Recipients campaign={data} />
            </div>
            <div class="stack">
              {(data.status === "draft" || data.status === "paused") && <CampaignPreview campaign={data} version={version} />}
              <Settings campaign={data} agents={agents} trunks={trunks} onChange={update} />
            </div>
          </div>
          {actions.question(data)}
        </>
      )}
    </Page>
  );
}

/** Why it can't be started; null if it can. */
function unstartable({ status, counts }: Known): string | null {
  if (status !== "draft" && status !== "paused") return `Campaign is ${status}`;
  return counts.total === 0 ? "It has no recipients yet" : null;
}

/** Starts, pauses and cancels it; cancelling asks for confirmation. */
function useActions(id: string, campaign: Query<Known>, onChange: (told: Known) => void) {
  const [error, setError] = useState<ApiError | null>(null);
  const [isAsking, setAsking] = useState(false);
  const [hangsUp, setHangsUp] = useState(false);
  const [busy, setBusy] = useState<string | null>(null);
  const params = { path: { id } };
  const act = (name: string, work: () => Promise<Known>) => async () => {
    setAsking(false);
    setBusy(name);
    setError(null);
    try {
      onChange(await work());
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
      campaign.reload();
    }
    setBusy(null);
  };
  const start = act("start", () => ask(api.POST("/integration/v1/campaigns/{id}/start", { params })));
  const pause = act("pause", () => ask(api.POST("/integration/v1/campaigns/{id}/pause", { params })));
  const cancel = act("cancel", () => ask(api.POST("/integration/v1/campaigns/{id}/cancel", { params, body: { hang_up: hangsUp } })));
  const buttons = (known: Known) => (
    <>
      {known.status === "running" ? (
        <Button needs="member" isBusy={busy === "pause"} onClick={pause}>
          Pause
        </Button>
      ) : (
        <Button kind="primary" needs="member" disabled={unstartable(known)} isBusy={busy === "start"} onClick={start}>
          {known.status === "paused" ? "Resume" : "Start"}
        </Button>
      )}
      <Button
        kind="danger"
        needs="member"
        disabled={isOver(known) && `Campaign is ${known.status}`}
        isBusy={busy === "cancel"}
        onClick={() => setAsking(true)}
      >
        Cancel
      </Button>
    </>
  );
  const question = (known: Known) =>
    isAsking && (
      <Confirm
        title={`Cancel ${known.name}?`}
        does="Cancel the campaign"
        keeps="Keep it"
        needs="member"
        over={isOver(known) && `It is ${CAMPAIGNS[known.status].toLowerCase()} already.`}
        onConfirm={cancel}
        onClose={() => setAsking(false)}
      >
        <p>Nobody else is called for it, and phones that are ringing are hung up. This can't be undone.</p>
        <CheckField
          label="Hang up conversations too"
          checked={hangsUp}
          onChange={setHangsUp}
          hint={known.counts.in_progress > 0 ? `${known.counts.in_progress} calls are in progress.` : "No call is in progress."}
        />
      </Confirm>
    );
  return { error, buttons, question };
}

function Progress({ campaign, agents, trunks }: Things & { campaign: Known }) {
  const { id, status, counts, held_by, projected_end_at } = campaign;
  return (
    <Card title="Progress" actions={<CampaignStatus value={status} />}>
      <CountsBar counts={counts} label="Recipients decided" listOf={(of) => `/studio/campaigns/${id}?status=${of}`} />
      <div role="status">{held_by && <Note tone="warn">{`Nobody is called just now. ${HELD[held_by]}`}</Note>}</div>
      <div class="columns even">
        <Facts
          items={[
            ["Agent", <a href={`/studio/agents/${campaign.agent_id}`}>{nameOf(agents, campaign.agent_id)}</a>],
            ["Trunk", <a href={`/studio/trunks/${campaign.sip_trunk_id}`}>{nameOf(trunks, campaign.sip_trunk_id)}</a>],
            ["Calls", <a href={`/studio/calls?campaign_id=${id}`}>All calls of this campaign</a>],
          ]}
        />
        <Facts
          items={[
            ["Created", <Time at={campaign.created_at} />],
            ["Started", <Time at={campaign.started_at} />],
            isOver(campaign)
              ? ["Ended", <Time at={campaign.ended_at} />]
              : ["Projected end", projected_end_at ? `about ${momentIn(projected_end_at)}` : <span class="faint">not known yet</span>],
          ]}
        />
      </div>
    </Card>
  );
}

/** Why it can't be changed; null for a draft or while it is paused. */
function fixed({ status }: Known): string | null {
  if (status === "running") return "Pause it to change it";
  return status === "draft" || status === "paused" ? null : `Campaign is ${status}`;
}

function Settings({ campaign, agents, trunks, onChange }: Things & { campaign: Known; onChange: (told: Known) => void }) {
  const [isDeleting, setDeleting] = useState(false);
  const params = { path: { id: campaign.id } };
  const { form, setForm, error, save, remove, ...state } = useEditor({
    kept: campaign,
    empty: () => emptyCampaign("", ""),
    formOf,
    bodyOf,
    change: (body): Promise<Known> => ask(api.PATCH("/integration/v1/campaigns/{id}", { params, body })),
    onChange,
    remove: async () => {
      setDeleting(false);
      await ask(api.DELETE("/integration/v1/campaigns/{id}", { params }));
      return "/studio/campaigns";
    },
    needs: "member",
  });
  const why = fixed(campaign);
  const isKept = campaign.status === "running" || campaign.status === "paused";
  return (
    <>
      <Form error={error} onSubmit={save} label="Settings">
        <CampaignFields form={form} onChange={setForm} agents={agents} trunks={trunks} disabled={barred("member") ?? why} />
        <Failure error={error} />
        <SaveRow {...state} needs="member" disabled={why}>
          <Button kind="danger" needs="member" disabled={isKept && "Cancel it first"} onClick={() => setDeleting(true)}>
            Delete
          </Button>
        </SaveRow>
      </Form>
      {isDeleting && (
        <Confirm
          title={`Delete ${campaign.name}?`}
          does="Delete campaign"
          needs="member"
          over={isKept && "It has been started in the meantime."}
          onConfirm={remove}
          onClose={() => setDeleting(false)}
        >
          <p>Its recipients and results are gone with it. Its calls stay readable.</p>
        </Confirm>
      )}
    </>
  );
}
