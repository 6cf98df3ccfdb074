// A receiver that never answers holds up nobody else's callbacks.

import { expect, test } from "vitest";
import { Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import { until } from "./until.ts";

const server = useServer({ vars: { WEBHOOK_TIMEOUT_SECONDS: "30" } });
const receiver = useReceiver();

test("of 50 receivers one is dead: the callbacks of the other 49 are there within 2 s of the end", async () => {
  // Dead for 30 s: a queue that waited for it would hold up the others for as long.
  const org = await Org.create(server);
  const dead = receiver.url({ status: 0, hang: true });
  const urls = Array.from({ length: 50 }, (_, at) => (at === 7 ? dead : receiver.url()));
  const calls = await Promise.all(urls.map((callback_url) => org.call({ callback_url })));

  const lags = [];
  for (const [at, id] of calls.entries()) {
    if (at === 7) continue;
    const call = await until(`the callback of ${id}`, async () => {
      const detail = await org.detail(id);
      return detail.callback?.status === "delivered" && detail;
    });
    lags.push(Date.parse(call.callback?.attempts[0]?.at ?? "") - Date.parse(call.end_timestamp ?? ""));
  }
  console.log(`prove: slowest callback beside a dead receiver: ${Math.max(...lags)} ms after the end of its call`);
  expect(Math.max(...lags)).toBeLessThan(2_000);
  expect((await org.detail(calls[7] ?? "")).callback?.status).not.toBe("delivered");
});
