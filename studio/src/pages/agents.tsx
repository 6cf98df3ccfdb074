// The agents.

import { useAgents } from "../lib/resources.ts";
import { Badge } from "../ui/badge.tsx";
import { Empty } from "../ui/empty.tsx";
import { Failure } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { Table } from "../ui/table.tsx";
import { LinkButton } from "../ui/link.tsx";
import { Page } from "../ui/page.tsx";

export default function Agents() {
  const agents = useAgents();
  return (
    <Page
      title="Agents"
      about="Who talks: a script, a voice, and the fields that each call must supply."
      actions={
        <LinkButton href="/studio/agents/new" needs="owner" kind="primary">
          New agent
        </LinkButton>
      }
    >
      <Failure error={agents.error} retry={agents.reload} />
      {agents.isLoading && <Skeleton />}
      {agents.data?.length === 0 && (
        <Empty title="No agents yet">
          <p class="faint">An agent holds the conversation of a call. Create one, and place a test call.</p>
        </Empty>
      )}
      {agents.data && agents.data.length > 0 && (
        <Table label="Agents" head={["Name", { text: "Code", class: "medium" }, "Fields", "Status"]}>
          {agents.data.map((agent) => (
            <tr key={agent.id}>
              <td>
                <a href={`/studio/agents/${agent.id}`}>{agent.name}</a>
              </td>
              <td class="medium mono">{agent.agent_code}</td>
              <td class="clip">{agent.input_schema.fields.join(", ") || <span class="faint">none</span>}</td>
              <td>
                <Badge tone={agent.status === "active" ? "good" : "neutral"}>{agent.status}</Badge>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Page>
  );
}
