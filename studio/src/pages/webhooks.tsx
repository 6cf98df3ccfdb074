// Webhooks: the signing secret, the state of each delivery, and tools to try out a receiver.

import { useState } from "preact/hooks";
import { ApiError, api, ask, type Delivery, type Schemas, trying } from "../lib/api.ts";
import { useFilters } from "../lib/filters.ts";
import { countdown, now } from "../lib/format.ts";
import { isOfCallback } from "../lib/live.ts";
import { useQuery } from "../lib/query.ts";
import { barred } from "../lib/session.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Copy, SecretText } from "../ui/copy.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Empty } from "../ui/empty.tsx";
import { Facts } from "../ui/facts.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { Failure, Note, RoleNote } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { FactCells, Folded, type RowFact, Table } from "../ui/table.tsx";
import { Age, Time } from "../ui/time.tsx";
import { Checker } from "../ui/checker.tsx";
import { DeliveryStatus, Redeliver } from "../ui/delivery.tsx";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { Received } from "../ui/received.tsx";

export default function Webhooks() {
  return (
    <Page title="Webhooks" about="Results are POSTed to a call's callback_url, signed, until your server accepts them.">
      <RoleNote needs="admin" what="The secret, deliveries and test events" />
      <div class="columns even">
        <Secret />
        <TestEvent />
      </div>
      <Deliveries />
      <Checker />
    </Page>
  );
}

type SecretView = Schemas["WebhookSecret"];

const readSecret = (): Promise<SecretView> => ask(api.GET("/integration/v1/webhooks/secret"));

/** Kept only while somebody looks at it; its dates are shown without asking. */
function Secret() {
  const dates = useQuery("secret", async () => datesOf(await readSecret()), { isOn: barred("admin") === null });
  const [secret, setSecret] = useState<string | null>(null);
  const [isRotating, setRotating] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const show = (told: SecretView) => {
    dates.signal.value = datesOf(told);
    setSecret(told.secret);
  };
  const reveal = async () => {
    setError(null);
    try {
      show(await readSecret());
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
  };
  const until = dates.data?.previous_valid_until;
  const left = until ? Date.parse(until) - now.value : 0;
  return (
    <Card title="Signing secret">
      <p class="faint">Verify each callback with it. Keep it on your server.</p>
      <SecretText>{secret ?? "whsec_••••••••••••••••••••••••"}</SecretText>
      <div class="row">
        <Button needs="admin" onClick={secret ? () => setSecret(null) : reveal}>
          {secret ? "Hide" : "Reveal"}
        </Button>
        {secret && <Copy text={secret} />}
        <Button needs="admin" kind="danger" onClick={() => setRotating(true)}>
          Rotate
        </Button>
      </div>
      <Failure error={error ?? dates.error} />
      {dates.data && <Facts items={[["Created", <Time at={dates.data.created_at} />]]} />}
      {left > 0 && (
        <Note tone="warn">
          The previous secret signs beside this one for <strong class="number">{countdown(left)}</strong> more (webhook-signature only).
        </Note>
      )}
      {isRotating && (
        <Rotate
          onClose={() => setRotating(false)}
          onDone={(next) => {
            show(next);
            setRotating(false);
          }}
        />
      )}
    </Card>
  );
}

const datesOf = ({ created_at, previous_valid_until }: SecretView) => ({ created_at, previous_valid_until });

const OVERLAPS = [
  ["86400", "24 hours"],
  ["3600", "1 hour"],
  ["604800", "7 days"],
  ["0", "None: at once"],
] as const;

function Rotate({ onClose, onDone }: { onClose: () => void; onDone: (secret: SecretView) => void }) {
  const [overlap, setOverlap] = useState<(typeof OVERLAPS)[number][0]>("86400");
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const rotate = async () => {
    setBusy(true);
    try {
      onDone(await ask(api.POST("/integration/v1/webhooks/secret/rotate", { body: { overlap_seconds: Number(overlap) } })));
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Rotate the signing secret" onClose={onClose}>
      <p>
        A new secret signs from now on. During the overlap, webhook-signature also carries the current secret's signature, so that receivers
        can change over; X-Audatec-Signature uses the new secret at once. Without an overlap, all earlier secrets end.
      </p>
      <SelectField label="Overlap" value={overlap} options={OVERLAPS} onChange={setOverlap} />
      <Failure error={error} />
      <div class="row end">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" needs="admin" isBusy={isBusy} onClick={rotate}>
          Rotate secret
        </Button>
      </div>
    </Dialog>
  );
}

function TestEvent() {
  const isAdmin = barred("admin") === null;
  const receiver = useQuery("receiver", () => ask(api.GET("/studio/receiver")), { isUnsettled: () => true, isOn: isAdmin });
  const [url, setUrl] = useState("");
  const [sent, setSent] = useState<string | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  // A user who is quicker than the receiver's response waits for it.
  const fill = async () => {
    await trying(setError, async () => setUrl((receiver.data ?? (await ask(api.GET("/studio/receiver")))).callback_url));
  };
  const send = async (event: Event) => {
    event.preventDefault();
    if (!isAdmin) return;
    setError(null);
    setSent(null);
    try {
      const { id } = await ask(api.POST("/integration/v1/webhooks/test", { body: { url } }));
      setSent(id);
      receiver.reload();
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
  };
  return (
    <Card title="Test event">
      <form noValidate class="stack" onSubmit={send}>
        <TextField
          label="Receiver"
          disabled={barred("admin")}
          value={url}
          onInput={setUrl}
          placeholder="https://your-server.com/hooks/call-done"
          hint="A signed call.completed with example data is sent there."
        />
        <Failure error={error} />
        <div class="row">
          <Button type="submit" kind="primary" needs="admin">
            Send test event
          </Button>
          <Button needs="admin" onClick={fill}>
            Use the built-in receiver
          </Button>
        </div>
        <p role="status">{sent && <a href={`/studio/webhooks/deliveries/${sent}`}>Sent: see its delivery</a>}</p>
      </form>
      {receiver.data && receiver.data.received.length > 0 && <Received items={receiver.data.received.slice(0, 3)} />}
    </Card>
  );
}

const NAMES = ["status", "call_id"] as const;

function Deliveries() {
  const filters = useFilters<(typeof NAMES)[number]>(NAMES);
  const isAdmin = barred("admin") === null;
  const read = () => {
    const status = (filters.get("status") || undefined) as Schemas["DeliveryStatus"] | undefined;
    const query = {
      status: status ? [status] : undefined,
      call_id: filters.get("call_id") || undefined,
      limit: 25,
      cursor: filters.cursor,
    };
    return ask(api.GET("/integration/v1/webhooks/deliveries", { params: { query } }));
  };
  const deliveries = useQuery(`deliveries ${filters.key}`, read, {
    isLive: true,
    affects: isOfCallback,
    isUnsettled: ({ deliveries }) => deliveries.some(({ call_id }) => call_id === null), // of test events the feed is silent
    isOn: isAdmin,
  });
  // The API's order is that of the calls; a long one ends later than those that came after it.
  const found = deliveries.data?.deliveries.toSorted((one, other) => Date.parse(other.created_at) - Date.parse(one.created_at));
  return (
    <Card
      title="Deliveries"
      actions={
        <SelectField
          label="Status"
          disabled={barred("admin")}
          value={filters.get("status")}
          options={[
            ["", "Any"],
            ["pending", "Pending"],
            ["delivered", "Delivered"],
            ["exhausted", "Exhausted"],
          ]}
          onChange={(status) => filters.set({ status })}
        />
      }
    >
      {!isAdmin && <p class="faint">{barred("admin")}.</p>}
      <Failure error={deliveries.error} retry={deliveries.reload} />
      {isAdmin && deliveries.isLoading && <Skeleton rows={4} />}
      {found?.length === 0 && (
        <Empty title={filters.isAny ? "No delivery matches" : "No deliveries yet"}>
          <p class="faint">A delivery is created when a call with a callback_url ends, and by each test event.</p>
        </Empty>
      )}
      {found && found.length > 0 && (
        <Table
          label="Deliveries"
          head={[
            "Status",
            "Event",
            { text: "To", class: "wide" },
            { text: "Attempts", class: "medium" },
            { text: "Age", class: "medium" },
            "",
          ]}
        >
          {found.map((delivery) => (
            <Row key={delivery.id} delivery={delivery} onChange={deliveries.reload} />
          ))}
        </Table>
      )}
      <Pager filters={filters} next={deliveries.data?.next_cursor} />
    </Card>
  );
}

function Row({ delivery, onChange }: { delivery: Delivery; onChange: () => void }) {
  const facts: RowFact[] = [
    ["medium", "Attempts", delivery.attempts.length],
    ["medium", "Age", <Age at={delivery.created_at} />],
  ];
  return (
    <tr>
      <td>
        <DeliveryStatus value={delivery.status} />
      </td>
      <td>
        <a href={`/studio/webhooks/deliveries/${delivery.id}`}>{delivery.event}</a>
        {delivery.call_id === null && <span class="faint small"> test</span>}
        <Folded items={facts} />
      </td>
      <td class="wide clip">{delivery.url}</td>
      <FactCells items={facts} />
      <td class="end">
        <Redeliver id={delivery.id} onChange={onChange} isSmall />
      </td>
    </tr>
  );
}
