// With queues as Cloudflare runs them (see tests/edge/deployed.test.ts), and phones that ring: a dial holds its batch for as long
// as its phone rings, so hang-ups and inquiries must never wait behind one.

import { expect, test } from "vitest";
import { found } from "../edge/harness.ts";
import { useReceiver } from "../edge/receiver.ts";
import { until } from "../edge/until.ts";
import { useWorld } from "./world.ts";

const world = useWorld({ asDeployed: true, vars: { RING_TIMEOUT_SECONDS: "40", MAX_CALL_SECONDS: "600" } });
const receiver = useReceiver();

/** Cloudflare's batch of dials, at most: a consumer that was faster than the caller took one alone. */
const BATCH = 4;

test("while phones ring, and others wait for them to, a hang-up and a callback wait for nobody", { timeout: 90_000 }, async () => {
  const member = await world.org.client("member");
  const callback_url = receiver.url();
  const talking = await world.call({ callee: "holds" }, { callback_url });
  await world.org.reached(talking.id, "Answered");
  // As many as a batch holds, and some behind them.
  const ringing = await Promise.all(Array.from({ length: BATCH + 2 }, () => world.call({ callee: "rings", ringMs: 100 })));
  const rings = async (id: string) => (await world.org.status(id)).call_status === "Ringing";
  const phonesThatRing = async () => (await Promise.all(ringing.map(({ id }) => rings(id)))).filter(Boolean).length;
  const before = await until("phones to ring", async () => (await phonesThatRing()) || undefined, 30_000);

  const askedAt = performance.now();
  found(await member.post(`/calls/${talking.id}/cancel`));
  await until("the room to be gone", () => !world.livekit.rooms.has(talking.id), 5_000);
  const goneAfter = performance.now() - askedAt;
  await receiver.expect(callback_url, 1, 15_000);

  console.log(`prove: as deployed, a hang-up beside ${before} phones that ring: ${Math.round(goneAfter)} ms`);
  expect(goneAfter).toBeLessThan(1_000);
  expect(await phonesThatRing()).toBeGreaterThanOrEqual(before);
  for (const { id } of ringing) found(await member.post(`/calls/${id}/cancel`));
  for (const placed of [talking, ...ringing]) await world.ended(placed, 60_000);
});
