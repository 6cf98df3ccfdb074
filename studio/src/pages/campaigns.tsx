// Campaigns, newest first, with their progress.

import { api, ask } from "../lib/api.ts";
import { type Campaign, decided, HELD_BRIEFLY, isMoving, isOfCampaign } from "../lib/campaigns.ts";
import { useFilters } from "../lib/filters.ts";
import { momentIn } from "../lib/format.ts";
import { useQuery } from "../lib/query.ts";
import { nameOf, useAgents, useTrunks } from "../lib/resources.ts";
import { CampaignStatus } from "../ui/campaign-status.tsx";
import { CountsBar } from "../ui/counts.tsx";
import { Empty } from "../ui/empty.tsx";
import { LinkButton } from "../ui/link.tsx";
import { Failure } from "../ui/note.tsx";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { FactCells, Folded, type RowFact, Table } from "../ui/table.tsx";
import { Time } from "../ui/time.tsx";

const SHOWN = 25;
/** Several events together cause one read. */
const GATHER_MS = 1_000;

export default function Campaigns() {
  const filters = useFilters([]);
  const query = { limit: SHOWN, cursor: filters.cursor };
  const list = useQuery(`campaigns ${filters.key}`, () => ask(api.GET("/integration/v1/campaigns", { params: { query } })), {
    isLive: true,
    gatherMs: GATHER_MS,
    affects: (event) => isOfCampaign(event),
    isUnsettled: ({ campaigns }) => campaigns.some(isMoving),
  });
  const agents = useAgents();
  const trunks = useTrunks();
  const rows = list.data?.campaigns;
  return (
    <Page
      title="Campaigns"
      about="Lists of people, each called once or until somebody is reached, within a share of a trunk."
      actions={
        <LinkButton href="/studio/campaigns/new" needs="member" kind="primary">
          New campaign
        </LinkButton>
      }
    >
      <Failure error={list.error} retry={list.reload} />
      {list.isLoading && <Skeleton rows={8} />}
      {rows?.length === 0 && (
        <Empty title="No campaigns yet">
          <p class="faint">A campaign calls the people of a list. It begins as a draft: nobody is called before it is started.</p>
        </Empty>
      )}
      {rows && rows.length > 0 && (
        <Table
          label="Campaigns"
          head={[
            "Name",
            "Status",
            { text: "Progress", class: "medium" },
            { text: "Agent", class: "wide" },
            { text: "Trunk", class: "wide" },
            { text: "Created", class: "wide" },
          ]}
        >
          {rows.map((campaign) => (
            <Row
              key={campaign.id}
              campaign={campaign}
              agent={nameOf(agents.data, campaign.agent_id)}
              trunk={nameOf(trunks.data, campaign.sip_trunk_id)}
            />
          ))}
        </Table>
      )}
      {list.data && <Pager filters={filters} next={list.data.next_cursor} />}
    </Page>
  );
}

/** What is going on in it, shown beside its status. */
function note({ held_by, projected_end_at, status }: Campaign): string | null {
  if (held_by) return HELD_BRIEFLY[held_by];
  return status === "running" && projected_end_at ? `ends about ${momentIn(projected_end_at)}` : null;
}

function Row({ campaign, agent, trunk }: { campaign: Campaign; agent: string; trunk: string }) {
  const { id, name, status, counts, created_at } = campaign;
  const facts: RowFact[] = [
    ["wide", "Agent", agent],
    ["wide", "Trunk", trunk],
    ["wide", "Created", <Time at={created_at} />],
  ];
  return (
    <tr>
      <td>
        <a href={`/studio/campaigns/${id}`}>{name}</a>
        <Folded items={[["medium", "Decided", `${decided(counts)} of ${counts.total}`], ...facts]} />
      </td>
      <td>
        <CampaignStatus value={status} />
        {note(campaign) && <p class="faint small">{note(campaign)}</p>}
      </td>
      <td class="medium progress-cell">
        <CountsBar counts={counts} label={`Recipients of ${name}`} isSmall />
      </td>
      <FactCells items={facts} />
    </tr>
  );
}
