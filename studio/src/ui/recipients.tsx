// A campaign's recipients: the status of each, and the attempts.

import { api, ask } from "../lib/api.ts";
import {
  type Campaign,
  isMoving,
  isOfCampaign,
  RECIPIENT_STATUSES,
  RECIPIENTS,
  type Recipient,
  type RecipientStatus as Value,
} from "../lib/campaigns.ts";
import { useFilters } from "../lib/filters.ts";
import { masked, momentIn, phone, showsNumbers } from "../lib/format.ts";
import { useQuery } from "../lib/query.ts";
import { RecipientStatus } from "./campaign-status.tsx";
import { Card } from "./card.tsx";
import { Empty } from "./empty.tsx";
import { SelectField } from "./field.tsx";
import { Failure } from "./note.tsx";
import { Pager } from "./pager.tsx";
import { Skeleton } from "./skeleton.tsx";
import { FactCells, Folded, type RowFact, Table } from "./table.tsx";
import "./recipients.css";

const SHOWN = 50;
/** Several events together cause one read. */
const GATHER_MS = 1_000;

export function Recipients({ campaign }: { campaign: Campaign }) {
  const { id, counts } = campaign;
  const filters = useFilters(["status"]);
  const status = RECIPIENT_STATUSES.find((known) => known === filters.get("status"));
  const read = () => {
    const query = { status: status && [status], limit: SHOWN, cursor: filters.cursor };
    return ask(api.GET("/integration/v1/campaigns/{id}/recipients", { params: { path: { id }, query } }));
  };
  const list = useQuery(`recipients ${filters.key} ${counts.total} ${campaign.status}`, read, {
    isLive: true,
    gatherMs: GATHER_MS,
    affects: (event) => isOfCampaign(event, id),
    isUnsettled: () => isMoving(campaign),
  });
  const rows = list.data?.recipients;
  const matches = list.data?.next_cursor ? "No recipient matches so far" : "No recipient matches";
  const none = filters.isAny || filters.cursor ? matches : "No recipients yet";
  return (
    <Card
      title="Recipients"
      actions={
        <SelectField
          label="Status"
          value={status ?? ""}
          options={[["", "Any"], ...RECIPIENT_STATUSES.map((known): [Value, string] => [known, RECIPIENTS[known]])]}
          onChange={(chosen) => filters.set({ status: chosen })}
        />
      }
    >
      <Failure error={list.error} retry={list.reload} />
      {list.isLoading && <Skeleton rows={6} />}
      {rows?.length === 0 && <Empty title={none} />}
      {rows && rows.length > 0 && (
        <Table
          label="Recipients"
          head={["Recipient", "Status", { text: "Attempts", class: "medium" }, { text: "Next attempt", class: "wide" }]}
        >
          {rows.map((recipient) => (
            <Row key={recipient.reference} recipient={recipient} />
          ))}
        </Table>
      )}
      {list.data && <Pager filters={filters} next={list.data.next_cursor} texts={["First", "Next"]} />}
    </Card>
  );
}

function Row({ recipient }: { recipient: Recipient }) {
  const { status, phone_number, next_attempt_at, attempts } = recipient;
  const facts: RowFact[] = [
    ["medium", "Attempts", attempts.length === 0 ? <span class="faint">–</span> : <Attempts attempts={attempts} />],
    ["wide", "Next attempt", next_attempt_at ? momentIn(next_attempt_at) : <span class="faint">–</span>],
  ];
  const isNamed = recipient.reference !== phone_number;
  return (
    <tr>
      <td>
        {isNamed && <p class="break">{masked(recipient.reference)}</p>}
        <p class={isNamed ? "mono whole faint small" : "mono whole"}>{phone(phone_number, showsNumbers.value)}</p>
        <Folded items={facts.filter(([, name]) => (name === "Attempts" ? attempts.length > 0 : next_attempt_at !== null))} />
      </td>
      <td>
        <RecipientStatus value={status} />
      </td>
      <FactCells items={facts} />
    </tr>
  );
}

/** Each links to its call; if none was placed, it says why. */
function Attempts({ attempts }: { attempts: Recipient["attempts"] }) {
  return (
    <ol class="attempts">
      {attempts.map(({ call_id, call_status, failure, at }) => {
        const came = failure?.message ?? call_status ?? "In progress";
        return (
          <li key={`${call_id} ${at}`}>
            {call_id ? <a href={`/studio/calls/${call_id}`}>{came}</a> : came} <span class="faint small whole">{momentIn(at)}</span>
          </li>
        );
      })}
    </ol>
  );
}
