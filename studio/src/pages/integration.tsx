// Settings → Integration: the organisation's API keys.

import { useState } from "preact/hooks";
import { ApiError, api, ask, type Role, type Schemas } from "../lib/api.ts";
import { useFilters } from "../lib/filters.ts";
import { hour, now } from "../lib/format.ts";
import { useQuery } from "../lib/query.ts";
import { barred, session } from "../lib/session.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Copy, SecretText } from "../ui/copy.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { Failure, Note, RoleNote } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { FactCells, Folded, type RowFact, Table } from "../ui/table.tsx";
import { Time } from "../ui/time.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { useGuard } from "../ui/guard.ts";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";

type Key = Schemas["ApiKey"];

export default function Integration() {
  const filters = useFilters([]);
  const isOwner = barred("owner") === null;
  const read = () => ask(api.GET("/integration/v1/api-keys", { params: { query: { cursor: filters.cursor } } }));
  const keys = useQuery(`keys ${filters.key}`, read, { isOn: isOwner });
  const [isMaking, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key | null>(null);
  return (
    <Page
      title="Integration"
      about="API keys act for the organisation, as far as their role allows."
      actions={
        <Button kind="primary" needs="owner" onClick={() => setMaking(true)}>
          New API key
        </Button>
      }
    >
      <RoleNote needs="owner" what="API keys" />
      <Failure error={keys.error} retry={keys.reload} />
      {isOwner && keys.isLoading && <Skeleton />}
      {keys.data && (
        <>
          <Table
            label="API keys"
            head={[
              "Name",
              "Role",
              { text: "Key", class: "medium" },
              { text: LAST_USED, class: "medium" },
              { text: "Expires", class: "wide" },
              { text: "Created", class: "wide" },
              "",
            ]}
          >
            {keys.data.api_keys.map((key) => (
              <Row key={key.id} apiKey={key} onRevoke={() => setRevoking(key)} />
            ))}
          </Table>
          <Pager filters={filters} next={keys.data.next_cursor} />
        </>
      )}
      {isMaking && (
        <NewKey
          onClose={() => {
            setMaking(false);
            keys.reload();
          }}
        />
      )}
      {revoking && (
        <Revoke
          apiKey={revoking}
          onClose={() => {
            setRevoking(null);
            keys.reload();
          }}
        />
      )}
    </Page>
  );
}

/** The platform records only the hour: minutes would be made up. */
const LAST_USED = "Last used, to the hour";

function Row({ apiKey, onRevoke }: { apiKey: Key; onRevoke: () => void }) {
  const isExpired = apiKey.expires_at !== null && Date.parse(apiKey.expires_at) <= now.value;
  const never = <span class="faint">never</span>;
  const facts: RowFact[] = [
    ["medium", "Key", <span class="mono">{apiKey.prefix}…</span>],
    ["medium", LAST_USED, apiKey.last_used_at ? <time dateTime={apiKey.last_used_at}>{hour(apiKey.last_used_at)}</time> : never],
    [
      "wide",
      "Expires",
      apiKey.expires_at === null ? never : isExpired ? <Badge tone="bad">expired</Badge> : <Time at={apiKey.expires_at} />,
    ],
    ["wide", "Created", <Time at={apiKey.created_at} />],
  ];
  return (
    <tr>
      <td>
        {apiKey.name} {apiKey.id === session.value?.key_id && <Badge>this session</Badge>}
        <Folded items={facts} />
      </td>
      <td>{apiKey.role}</td>
      <FactCells items={facts} />
      <td class="end">
        <Button kind="danger" isSmall needs="owner" label={`Revoke ${apiKey.name}`} onClick={onRevoke}>
          Revoke
        </Button>
      </td>
    </tr>
  );
}

const ROLES: readonly (readonly [Role, string])[] = [
  ["viewer", "Viewer: lists agents and trunks, reads calls, sees live channels"],
  ["member", "Member: also triggers and cancels calls"],
  ["admin", "Admin: also manages webhooks, releases channels"],
  ["owner", "Owner: everything"],
];
const LIVES = [
  ["", "Never"],
  ["30", "In 30 days"],
  ["90", "In 90 days"],
  ["365", "In a year"],
] as const;

function NewKey({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("member");
  const [days, setDays] = useState<(typeof LIVES)[number][0]>("");
  const [made, setMade] = useState<Schemas["CreatedApiKey"] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  useGuard(made !== null);
  const create = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const expires_at = days ? new Date(Date.now() + Number(days) * 86_400_000).toISOString() : null;
      setMade(await ask(api.POST("/integration/v1/api-keys", { body: { name, role, expires_at } })));
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
  };
  if (made) {
    return (
      <Dialog title="Copy your API key" onClose={onClose} isFirm>
        <Note tone="warn">This is the only time it is shown. Store it in a secrets manager now.</Note>
        <SecretText>{made.key}</SecretText>
        <div class="row end">
          <Copy text={made.key} label="Copy key" />
          <Button kind="primary" onClick={onClose}>
            I have stored it
          </Button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="New API key" onClose={onClose} isFirm={isBusy}>
      <form noValidate class="stack" onSubmit={create}>
        <TextField label="Name" value={name} onInput={setName} required placeholder="Billing server" />
        <SelectField label="Role" value={role} options={ROLES} onChange={setRole} />
        <SelectField label="Expires" value={days} options={LIVES} onChange={setDays} />
        <Failure error={error} />
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>
            Create key
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Revoke({ apiKey, onClose }: { apiKey: Key; onClose: () => void }) {
  const [error, setError] = useState<ApiError | null>(null);
  const revoke = async () => {
    setError(null);
    try {
      await ask(api.DELETE("/integration/v1/api-keys/{id}", { params: { path: { id: apiKey.id } } }));
      onClose();
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
  };
  return (
    <Confirm title={`Revoke ${apiKey.name}?`} does="Revoke key" onConfirm={revoke} onClose={onClose}>
      <p>It can no longer start calls or read anything. This can't be undone.</p>
      {apiKey.id === session.value?.key_id && <Note tone="warn">This session stands for it and ends with it.</Note>}
      <Failure error={error} />
    </Confirm>
  );
}
