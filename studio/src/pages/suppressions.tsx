// Suppressed numbers, which are not called.

import { useState } from "preact/hooks";
import { api, type ApiError, ask, type Schemas, trying } from "../lib/api.ts";
import { bodyOf, useUpload } from "../lib/files.ts";
import { useFilters } from "../lib/filters.ts";
import { useQuery } from "../lib/query.ts";
import { barred } from "../lib/session.ts";
import { instantOf, wholeNumber } from "../lib/typed.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Empty } from "../ui/empty.tsx";
import { Field, TextField } from "../ui/field.tsx";
import { Form, textsOf } from "../ui/form.tsx";
import { Failure } from "../ui/note.tsx";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { FactCells, Folded, type RowFact, Table } from "../ui/table.tsx";
import { Time } from "../ui/time.tsx";

type Suppression = Schemas["Suppression"];

const SOURCES: Record<Suppression["source"], string> = { api: "a request", import: "a file", agent: "an agent" };

export default function Suppressions() {
  const filters = useFilters(["phone_number"]);
  const phone_number = filters.get("phone_number") || undefined;
  const query = { phone_number, cursor: filters.cursor };
  const list = useQuery(`suppressions ${filters.key}`, () => ask(api.GET("/integration/v1/suppressions", { params: { query } })));
  const [leaving, setLeaving] = useState<string | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const allow = async (phone_number: string) => {
    await trying(setError, () => ask(api.DELETE("/integration/v1/suppressions/{phone_number}", { params: { path: { phone_number } } })));
    setLeaving(null);
    list.reload();
  };
  const rows = list.data?.suppressions;
  return (
    <Page title="Suppressions" about="Numbers your organisation must not call." actions={<Export />}>
      <Add onDone={list.reload} />
      <Files onDone={list.reload} />
      <Search value={filters.get("phone_number")} onSearch={(phone_number) => filters.set({ phone_number })} />
      <Failure error={list.error ?? error} retry={list.reload} />
      {list.isLoading && <Skeleton rows={8} />}
      {rows?.length === 0 && <Empty title={filters.isAny ? "This number is not suppressed" : "No number is suppressed"} />}
      {rows && rows.length > 0 && (
        <>
          <Table
            label="Suppressions"
            head={[
              "Number",
              { text: "Reason", class: "medium" },
              { text: "By", class: "medium" },
              { text: "Since", class: "wide" },
              { text: "Until", class: "wide" },
              "",
            ]}
          >
            {rows.map((row) => (
              <Row key={row.phone_number} row={row} onAllow={() => setLeaving(row.phone_number)} />
            ))}
          </Table>
          <Pager filters={filters} next={list.data?.next_cursor} />
        </>
      )}
      {leaving !== null && (
        <Confirm
          title="Allow this number again?"
          does="Allow it"
          keeps="Keep it suppressed"
          needs="admin"
          onConfirm={() => allow(leaving)}
          onClose={() => setLeaving(null)}
        >
          <p>
            Calls to <span class="mono">{leaving}</span> can be placed again from then on.
          </p>
        </Confirm>
      )}
    </Page>
  );
}

function Row({ row, onAllow }: { row: Suppression; onAllow: () => void }) {
  const facts: RowFact[] = [
    ["medium", "Reason", row.reason ?? "–"],
    ["medium", "By", SOURCES[row.source]],
    ["wide", "Since", <Time at={row.created_at} />],
    ["wide", "Until", row.expires_at ? <Time at={row.expires_at} /> : "for good"],
  ];
  return (
    <tr>
      <td>
        <span class="mono">{row.phone_number}</span>
        <Folded items={facts} />
      </td>
      <FactCells items={facts} />
      <td class="actions">
        <Button isSmall needs="admin" onClick={onAllow} label={`Allow ${row.phone_number} again`}>
          Allow
        </Button>
      </td>
    </tr>
  );
}

function Search({ value, onSearch }: { value: string; onSearch: (value: string) => void }) {
  const [text, setText] = useState(value);
  const submit = (event: Event) => {
    event.preventDefault();
    onSearch(wholeNumber(text) ?? text.trim());
  };
  return (
    <form class="row" role="search" onSubmit={submit}>
      <TextField label="Find a number" value={text} onInput={setText} isMono placeholder="+919876543210" />
      <Button type="submit">Find</Button>
    </form>
  );
}

const NONE = { phone: "", reason: "", until: "" };

function Add({ onDone }: { onDone: () => void }) {
  const [form, setForm] = useState(NONE);
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const text = textsOf(form, (part) => setForm((known) => ({ ...known, ...part })), barred("member"));
  const submit = async (event: Event) => {
    event.preventDefault();
    if (barred("member") || isBusy) return;
    setBusy(true);
    const body = {
      phone_number: wholeNumber(form.phone) ?? form.phone.trim(),
      reason: form.reason || null,
      expires_at: form.until ? instantOf(form.until) : null,
    };
    const done = await trying(setError, () => ask(api.POST("/integration/v1/suppressions", { body })));
    setBusy(false);
    if (!done) return;
    setForm(NONE);
    onDone();
  };
  return (
    <Card title="Suppress a number">
      <Form error={error} onSubmit={submit} label="Suppress a number">
        <div class="pair">
          {text("phone", "Number", { name: "phone_number", isMono: true, required: true, placeholder: "+919876543210" })}
          {text("until", "Until", { name: "expires_at", type: "datetime-local", hint: "Optional, by your clock. Empty: no end." })}
        </div>
        {text("reason", "Reason", { name: "reason", hint: "Optional; at most 200 characters." })}
        <Failure error={error} />
        <div class="row end">
          <Button type="submit" kind="primary" needs="member" isBusy={isBusy}>
            Suppress
          </Button>
        </div>
      </Form>
    </Card>
  );
}

function Files({ onDone }: { onDone: () => void }) {
  const send = (file: File) => ask(api.POST("/integration/v1/suppressions/import", bodyOf(file)));
  const { reading, done, error, take } = useUpload(send, onDone);
  const why = barred("admin");
  return (
    <Card title="Import a file">
      <Field
        label="File"
        hint={why ?? "CSV with a header line (phone_number, reason, expires_at), or ndjson: at most 4 MiB and 50,000 rows."}
      >
        {(id) => <input {...id} type="file" accept=".csv,.ndjson,.jsonl" disabled={why !== null} onChange={take} />}
      </Field>
      <Failure error={error} />
      <div role="status">
        {reading !== null && <p class="faint">Importing {reading} …</p>}
        {done && (
          <p>
            {done.added} added, {done.updated} updated, {done.rejected.length === 100 ? "100 or more" : done.rejected.length} rejected.
          </p>
        )}
        {done && done.rejected.length > 0 && (
          <ul>
            {done.rejected.map(({ row, error }) => (
              <li key={row}>
                Row {row}: {error}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}

const cell = (text: string | null) => (text === null ? "" : /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** All pages, as a file that can be imported again. */
function Export() {
  const [count, setCount] = useState<number | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const save = async () => {
    const lines = ["phone_number,reason,expires_at"];
    let cursor: string | undefined;
    setCount(0);
    const whole = await trying(setError, async () => {
      do {
        const query = { limit: 100, cursor };
        const page: Schemas["SuppressionList"] = await ask(api.GET("/integration/v1/suppressions", { params: { query } }));
        lines.push(...page.suppressions.map((row) => [row.phone_number, row.reason, row.expires_at].map(cell).join(",")));
        setCount(lines.length - 1);
        cursor = page.next_cursor ?? undefined;
      } while (cursor);
      return lines;
    });
    setCount(null);
    if (!whole) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${whole.join("\r\n")}\r\n`], { type: "text/csv" }));
    link.download = "suppressions.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <>
      <Failure error={error} />
      <Button onClick={save} isBusy={count !== null}>
        {count === null ? "Export" : `${count} …`}
      </Button>
    </>
  );
}
