// A callback's delivery: its progress, each attempt, and sending it again.

import { useState } from "preact/hooks";
import { ApiError, api, ask, type Delivery, type Schemas } from "../lib/api.ts";
import { clock, dueIn } from "../lib/format.ts";
import { Badge } from "./badge.tsx";
import { Button } from "./button.tsx";
import { Card } from "./card.tsx";
import { Facts } from "./facts.tsx";
import { Failure } from "./note.tsx";
import { TimelineList } from "./timeline.tsx";

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

type Attempt = Delivery["attempts"][number];

/** The result of an attempt. `told`: what is known of one that is not listed. */
export function whatBecame(attempt: Attempt | undefined, told: string | null): { what: string; detail: string | null; isGood: boolean } {
  const code = attempt?.status_code ?? null;
  if (code !== null) {
    const isGood = code >= 200 && code < 300;
    return { what: isGood ? "Callback sent" : "Callback refused:", detail: `HTTP ${code}`, isGood };
  }
  return { what: "Callback not delivered:", detail: attempt?.error ?? told, isGood: false };
}

export function Attempts({ delivery }: { delivery: Delivery }) {
  return (
    <TimelineList>
      {delivery.attempts.map((attempt, at) => {
        const { isGood } = whatBecame(attempt, null);
        return (
          <li key={at} class={isGood ? "good" : "bad"}>
            <span class="timeline-what">
              {attempt.status_code ?? `Not delivered: ${attempt.error}`} <span class="faint">in {attempt.duration_ms} ms</span>
            </span>
            <time dateTime={attempt.at} class="faint number">
              {clock(attempt.at)}
            </time>
          </li>
        );
      })}
      {delivery.next_attempt_at && (
        <li class="pending">
          <span class="timeline-what faint">Next attempt {dueIn(delivery.next_attempt_at)}</span>
        </li>
      )}
      {delivery.status === "exhausted" && (
        <li class="bad">
          <span class="timeline-what faint">Given up: no more automatic attempts</span>
        </li>
      )}
    </TimelineList>
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
