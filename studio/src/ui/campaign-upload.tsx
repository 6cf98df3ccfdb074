// Adding recipients from a file: its faults are listed row by row, and the rest is accepted.

import { api, ask, type Schemas } from "../lib/api.ts";
import { bodyOf, useUpload } from "../lib/files.ts";
import { masked } from "../lib/format.ts";
import { barred } from "../lib/session.ts";
import { Card } from "./card.tsx";
import { Field } from "./field.tsx";
import { Failure } from "./note.tsx";
import { Table } from "./table.tsx";

type Added = Schemas["AddedRecipients"];

/** The most rejected rows that are listed. */
const TOLD = 100;

export function CampaignUpload({ id, onDone }: { id: string; onDone: () => void }) {
  const params = { path: { id } };
  const send = (file: File) => ask(api.POST("/integration/v1/campaigns/{id}/recipients", { params, ...bodyOf(file) }));
  const { reading, done, error, take } = useUpload<Added>(send, onDone);
  const why = barred("member");
  return (
    <Card title="Add recipients">
      <Field
        label="File"
        hint={
          why ??
          "CSV with a header line (phone_number, reference, time_zone; every other column is metadata), or ndjson: at most 8 MiB and 20,000 rows a file. Sending it again adds nobody twice."
        }
      >
        {(control) => (
          <input {...control} type="file" accept=".csv,.ndjson,.jsonl" disabled={why !== null || reading !== null} onChange={take} />
        )}
      </Field>
      <Failure error={error} />
      <div role="status">
        {reading !== null && <p class="faint">Adding {reading} …</p>}
        {done && (
          <p>
            {done.added.toLocaleString()} added, {done.duplicates.toLocaleString()} already there,{" "}
            {done.rejected.length === TOLD ? `${TOLD} or more` : done.rejected.length} rejected.
          </p>
        )}
      </div>
      {done && done.rejected.length > 0 && <Rejected rows={done.rejected} />}
    </Card>
  );
}

function Rejected({ rows }: { rows: Added["rejected"] }) {
  return (
    <Table label="Rejected rows" head={["Row", "Reference", "What is wrong"]}>
      {rows.map(({ row, reference, error }) => (
        <tr key={row}>
          <td class="number">{row}</td>
          <td class="break">{reference === null ? "–" : masked(reference)}</td>
          <td>{error}</td>
        </tr>
      ))}
    </Table>
  );
}
