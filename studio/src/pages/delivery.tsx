// One delivery, with each of its attempts.

import { useRoute } from "preact-iso";
import { api, ask } from "../lib/api.ts";
import { isOfCallback } from "../lib/live.ts";
import { useQuery } from "../lib/query.ts";
import { barred } from "../lib/session.ts";
import { Card } from "../ui/card.tsx";
import { Copy } from "../ui/copy.tsx";
import { Empty } from "../ui/empty.tsx";
import { Facts } from "../ui/facts.tsx";
import { Failure, RoleNote } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { Time } from "../ui/time.tsx";
import { Attempts, DeliveryStatus, Redeliver } from "../ui/delivery.tsx";
import { Page } from "../ui/page.tsx";

export default function DeliveryPage() {
  const id = useRoute().params["id"] ?? "";
  const read = () => ask(api.GET("/integration/v1/webhooks/deliveries/{id}", { params: { path: { id } } }));
  const delivery = useQuery(id, read, {
    isLive: true,
    affects: isOfCallback,
    isUnsettled: ({ call_id }) => call_id === null, // of a test event the feed is silent
    isOn: barred("admin") === null,
  });
  const { data } = delivery;
  return (
    <Page title="Delivery" back={["/studio/webhooks", "Webhooks"]} actions={data && <Redeliver id={id} onChange={delivery.reload} />}>
      <RoleNote needs="admin" what="Deliveries" />
      <Failure error={delivery.error} retry={delivery.reload} />
      {barred("admin") === null && delivery.isLoading && <Skeleton rows={6} />}
      {data && (
        <div class="columns">
          <Card>
            <Facts
              items={[
                ["Status", <DeliveryStatus value={data.status} />],
                ["Event", data.event],
                ["To", <span class="break">{data.url}</span>],
                [
                  "Call",
                  data.call_id ? (
                    <a class="mono break" href={`/studio/calls/${data.call_id}`}>
                      {data.call_id}
                    </a>
                  ) : (
                    "a test event, for no call"
                  ),
                ],
                ["Created", <Time at={data.created_at} />],
                [
                  "webhook-id",
                  <span class="row tight">
                    <span class="mono break">{data.id}</span> <Copy text={data.id} />
                  </span>,
                ],
              ]}
            />
          </Card>
          <Card title="Attempts">
            {data.attempts.length === 0 && !data.next_attempt_at ? <Empty title="None yet" /> : <Attempts delivery={data} />}
          </Card>
        </div>
      )}
    </Page>
  );
}
