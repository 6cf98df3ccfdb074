// The audit log: who changed what.

import { api, ask, type Schemas } from "../lib/api.ts";
import { useFilters } from "../lib/filters.ts";
import { useQuery } from "../lib/query.ts";
import { barred } from "../lib/session.ts";
import { Empty } from "../ui/empty.tsx";
import { Failure, RoleNote } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { FactCells, Folded, type RowFact, Table } from "../ui/table.tsx";
import { Time } from "../ui/time.tsx";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";

const PAGES: Record<string, string> = { agent: "/studio/agents/", sip_trunk: "/studio/trunks/" };

export default function AuditLog() {
  const filters = useFilters([]);
  const isOn = barred("owner") === null;
  const log = useQuery(
    `audit ${filters.key}`,
    () => ask(api.GET("/integration/v1/audit-log", { params: { query: { cursor: filters.cursor } } })),
    { isOn },
  );
  const keys = useQuery("key names", () => ask(api.GET("/integration/v1/api-keys", { params: { query: { limit: 100 } } })), { isOn });
  const nameOf = (id: string) => keys.data?.api_keys.find((key) => key.id === id)?.name ?? `a key no longer listed (${id.slice(0, 8)}…)`;
  return (
    <Page title="Audit log" about="Every change to agents, trunks, keys and secrets, newest first.">
      <RoleNote needs="owner" what="The audit log" />
      <Failure error={log.error} retry={log.reload} />
      {isOn && log.isLoading && <Skeleton rows={10} />}
      {log.data?.entries.length === 0 && <Empty title="No changes yet" />}
      {log.data && log.data.entries.length > 0 && (
        <>
          <Table
            label="Audit log"
            head={[
              "When",
              "Change",
              { text: "By", class: "medium" },
              { text: "Target", class: "medium" },
              { text: "Request", class: "wide" },
            ]}
          >
            {log.data.entries.map((entry) => (
              <Row key={`${entry.at} ${entry.request_id} ${entry.target}`} entry={entry} nameOf={nameOf} />
            ))}
          </Table>
          <Pager filters={filters} next={log.data.next_cursor} />
        </>
      )}
    </Page>
  );
}

function Row({ entry, nameOf }: { entry: Schemas["AuditEntry"]; nameOf: (id: string) => string }) {
  const facts: RowFact[] = [
    ["medium", "By", entry.key_id === null ? "the platform" : nameOf(entry.key_id)],
    ["medium", "Target", <Target action={entry.action} target={entry.target} />],
    ["wide", "Request", <span class="mono faint break">{entry.request_id}</span>],
  ];
  return (
    <tr>
      <td>
        <Time at={entry.at} />
      </td>
      <td>
        <span class="mono">{entry.action}</span>
        <Folded items={facts} />
      </td>
      <FactCells items={facts} />
    </tr>
  );
}

function Target({ action, target }: { action: string; target: string }) {
  const [kind = "", what] = action.split(".");
  const page = PAGES[kind];
  const text = <span class="mono">{target.length > 20 ? `${target.slice(0, 8)}…` : target}</span>;
  return page && what !== "delete" ? <a href={page + target}>{text}</a> : text;
}
