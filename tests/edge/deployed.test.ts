// Queues as Cloudflare runs them: the batches of wrangler.toml, each waiting until everything that the one before began has
// ended, and the single consumer per queue that Cloudflare starts with. Slow outsiders must hold up nobody: waiting for others
// happens in objects, not in a batch.

import { expect, test } from "vitest";
import { Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import { until } from "./until.ts";

/** For so long an attempt waits; `npm run prove` has receivers hang for as long as they may where no operator says otherwise. */
const PATIENCE_SECONDS = Number(process.env["RECEIVER_SECONDS"] ?? 12);
const server = useServer({ asDeployed: true, vars: { WEBHOOK_TIMEOUT_SECONDS: String(PATIENCE_SECONDS), WEBHOOK_RETRY_SECONDS: "600" } });
const receiver = useReceiver();
/** Hosts of which five attempts each may hang at once. */
const hosts = [useReceiver(), useReceiver(), useReceiver(), useReceiver()];
/** Attempts of one trunk that are out at once. */
const AT_ONCE = 20;

/** How long after the end of its call a callback was sent. */
async function lag(org: Org, call: string): Promise<number> {
  const told = await until(`the callback of ${call}`, async () => {
    const detail = await org.detail(call);
    return detail.callback?.status === "delivered" && detail;
  }, 100_000);
  return Date.parse(told.callback?.attempts[0]?.at ?? "") - Date.parse(told.end_timestamp ?? "");
}

test("40 receivers that hang hold up nobody else's callback, and their own organisation's for two rounds at most", { timeout: 240_000 }, async () => {
  const [hanging, other] = [await Org.create(server), await Org.create(server)];
  const dead = hosts.flatMap((host) => Array.from({ length: 10 }, () => host.url({ status: 0, hang: true })));
  await Promise.all(dead.map((callback_url) => hanging.call({ callback_url })));
  await until("as many as may be to hang", () => hosts.flatMap((host) => dead.flatMap((url) => host.received(url))).length >= AT_ONCE, 60_000);

  const calls = await Promise.all([other.call({ callback_url: receiver.url() }), hanging.call({ callback_url: receiver.url() })]);
  const lags = [await lag(other, calls[0]), await lag(hanging, calls[1])];

  console.log(`prove: as deployed, callbacks beside 40 that hang: ${lags.join(" and ")} ms after the end of their calls`);
  expect(lags[0]).toBeLessThan(5_000);
  expect(lags[1]).toBeLessThan(2 * PATIENCE_SECONDS * 1_000 + 15_000);
});

test("an attempt waits its whole time for its receiver, and what came of it is told", { timeout: 180_000 }, async () => {
  const org = await Org.create(server);
  const url = receiver.url({ status: 200, afterMs: PATIENCE_SECONDS * 800 });
  const call = await org.call({ callback_url: url });

  await until("the slow receiver's answer", async () => (await org.detail(call)).callback?.status === "delivered", 50_000);
  expect(receiver.received(url)).toHaveLength(1);
  expect((await org.detail(call)).callback?.attempts).toMatchObject([{ status_code: 200, error: null }]);
});

test("many calls at once, each told of, one message at a time or not", { timeout: 180_000 }, async () => {
  const org = await Org.create(server);
  const urls = Array.from({ length: 60 }, () => receiver.url());
  await Promise.all(urls.map((callback_url) => org.call({ callback_url })));

  for (const url of urls) expect(await receiver.expect(url, 1, 20_000)).toHaveLength(1);
});
