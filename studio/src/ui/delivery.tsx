// A callback on its way: how far it is, each attempt, and sending it again.

import { useState } from "preact/hooks";
import { ApiError, api, ask, type Delivery, type Schemas } from "../lib/api.ts";
import { clock, now, span } from "../lib/format.ts";
import { Badge, Button, Card, Facts, Failure } from "./basics.tsx";

const TONES = { pending: "busy", delivered: "good", exhausted: "bad" } as const;

export function DeliveryStatus({ value }: { value: Schemas["DeliveryStatus"] }) {
  return <Badge tone={TONES[value]}>{value}</Badge>;
}

export function Redeliver({ id, onChange, isSmall }: { id: string; onChange: () => void; isSmall?: boolean }) {
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const redeliver = async () => {
    setBusy(true);
    setError(null);
    try {
      await ask(api.POST("/integration/v1/webhooks/deliveries/{id}/redeliver", { params: { path: { id } } }));
      onChange();
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
  };
  return (
    <>
      <Button needs="admin" isBusy={isBusy} isSmall={isSmall ?? false} onClick={redeliver}>
        Redeliver
      </Button>
      <Failure error={error} />
    </>
  );
}

export function Attempts({ delivery }: { delivery: Delivery }) {
  return (
    <ol class="timeline">
      {delivery.attempts.map((attempt, at) => (
        <li key={at} class={attempt.status_code !== null && attempt.status_code < 300 ? "good" : "bad"}>
          <span class="timeline-what">
            {attempt.status_code ?? attempt.error} <span class="faint">in {attempt.duration_ms} ms</span>
          </span>
          <time dateTime={attempt.at} class="faint number">
            {clock(attempt.at)}
          </time>
        </li>
      ))}
      {delivery.next_attempt_at && (
        <li class="pending">
          <span class="timeline-what faint">Next attempt in {span(Date.parse(delivery.next_attempt_at) - now.value)}</span>
        </li>
      )}
    </ol>
  );
}

interface Props {
  delivery: Delivery | null;
  isOver: boolean;
  onChange: () => void;
}

export function DeliveryCard({ delivery, isOver, onChange }: Props) {
  if (!delivery) {
    const text = isOver
      ? "The call was placed without a callback_url."
      : "It is sent once the call is over, if the call has a callback_url.";
    return (
      <Card title="Callback">
        <p class="faint">{text}</p>
      </Card>
    );
  }
  return (
    <Card title="Callback" actions={<Redeliver id={delivery.id} onChange={onChange} isSmall />}>
      <Facts
        items={[
          ["Status", <DeliveryStatus value={delivery.status} />],
          ["Event", delivery.event],
          ["To", <span class="break">{delivery.url}</span>],
        ]}
      />
      <Attempts delivery={delivery} />
    </Card>
  );
}
