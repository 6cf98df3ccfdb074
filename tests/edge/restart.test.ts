// A crash at any moment of a call: the Worker is killed and started again on the same data, and the call ends as it would have.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { created, Org, Server } from "./harness.ts";
import { type Received, useReceiver } from "./receiver.ts";
import { until } from "./until.ts";

const receiver = useReceiver();

/** A lost queue message is replaced after seconds, a sender that died with its attempt after twenty. */
const RECOVERY_MS = 60_000;
const TIMEOUT = { timeout: RECOVERY_MS + 20_000 };

/** Long enough to be seen ringing, and talking, on a busy machine. */
const VARS = { SIM_RING_MS: "1500", SIM_TALK_MS: "1500", RING_TIMEOUT_SECONDS: "5", MAX_CALL_SECONDS: "10", WEBHOOK_RETRY_SECONDS: "1,1" };

let folder: string;
let server: Server;
let org: Org;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "restart-"));
  server = new Server({ dataDir: folder, vars: VARS });
  await server.start();
  org = await Org.create(server);
  await Promise.all([org.client("member"), org.client("viewer")]);
});

afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function crash(): Promise<void> {
  await server.stop();
  await server.start();
}

/** Waits until the call's callback is delivered, and holds what every crash must leave true against it. */
async function expectCompletedOnce(id: string, url: string): Promise<Received[]> {
  const call = await until(
    `the callback of ${id}`,
    async () => {
      const call = await org.detail(id);
      return call.callback?.status === "delivered" && call;
    },
    RECOVERY_MS,
  );
  expect(call).toMatchObject({ call_status: "Completed", is_terminal: true, failure: null });
  const events = call.timeline.map(({ event }) => event);
  for (const once of ["accepted", "dialing", "answered", "ended"]) {
    expect(events.filter((event) => event === once), `${once} in ${events}`).toHaveLength(1);
  }
  const received = receiver.received(url);
  expect(new Set(received.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([call.callback?.id]));
  expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  return received;
}

test("a call that was just accepted is there after a crash, and is dialed once", TIMEOUT, async () => {
  const url = receiver.url();
  const id = await org.call({ callback_url: url });
  await crash();

  expect((await org.status(id)).id).toBe(id);
  await expectCompletedOnce(id, url);
});

test("many calls accepted in the moment of a crash: each 201 is there and ends", TIMEOUT, async () => {
  const url = receiver.url();
  const accepted: string[] = [];
  const triggers = Promise.allSettled(
    Array.from({ length: 40 }, async () => {
      const answer = await org.trigger({ callback_url: url });
      if (answer.status === 201) accepted.push(answer.body.call_id);
    }),
  );
  await until("some calls to be accepted", () => accepted.length >= 5);
  await server.stop();
  await triggers;
  await server.start();

  expect(accepted.length).toBeGreaterThanOrEqual(5);
  for (const id of accepted) expect((await org.ended(id, RECOVERY_MS)).call_status).toBe("Completed");
  await until("each call's callback", () => new Set(receiver.notifications(url).map(({ call_id }) => call_id)).size >= accepted.length, RECOVERY_MS);
});

test("a ringing call survives a crash", TIMEOUT, async () => {
  const url = receiver.url();
  const id = await org.call({ callback_url: url });
  await org.reached(id, "Ringing");
  await crash();

  await expectCompletedOnce(id, url);
});

test("an answered call survives a crash, with its start time", TIMEOUT, async () => {
  const url = receiver.url();
  const id = await org.call({ callback_url: url });
  const { start_timestamp } = await org.reached(id, "Answered");
  await crash();

  await expectCompletedOnce(id, url);
  expect((await org.status(id)).start_timestamp).toBe(start_timestamp);
});

test("a call that ends while nothing runs ends all the same", TIMEOUT, async () => {
  const url = receiver.url();
  const id = await org.call({ callback_url: url });
  await org.reached(id, "Ringing");
  await server.stop();
  const endsBy = Date.now() + 3_500;
  await until("the call's end to pass", () => Date.now() > endsBy);
  await server.start();

  await expectCompletedOnce(id, url);
});

test("a callback that waits for its next attempt survives a crash, under its webhook-id", TIMEOUT, async () => {
  const url = receiver.url(500, 200);
  const id = await org.call({ callback_url: url });
  await until("the first attempt to be counted", async () => (await org.detail(id)).callback?.attempts.length === 1);
  const before = await org.status(id);
  await crash();

  expect(await expectCompletedOnce(id, url)).toHaveLength(2);
  expect(await org.status(id)).toEqual(before);
});

test("a callback whose sender died is sent again, under its webhook-id", TIMEOUT, async () => {
  const url = receiver.url({ status: 0, hang: true }, 200);
  const id = await org.call({ callback_url: url });
  await receiver.expect(url);
  await crash();

  expect(await expectCompletedOnce(id, url)).toHaveLength(2);
});

test("a waiting line survives a crash", TIMEOUT, async () => {
  const trunk = await org.newTrunk({ max_channels: 1 });
  const url = receiver.url();
  const line: string[] = [];
  for (let i = 0; i < 3; i++) {
    line.push(created(await org.trigger({ sip_trunk_id: trunk.id, on_capacity: "queue", callback_url: url })).call_id);
  }
  await crash();

  for (const id of line) await org.ended(id, RECOVERY_MS);
  const answered = await Promise.all(line.map(async (id) => (await org.status(id)).start_timestamp));
  expect(answered).toEqual([...answered].sort());
});

test("keys, agents, trunks, secrets and ended calls are the same after a crash", TIMEOUT, async () => {
  const id = await org.call();
  const ended = await org.ended(id);
  const before = await Promise.all(["/agents", "/sip-trunks", "/webhooks/secret", "/calls"].map((path) => org.owner.get(path)));
  await crash();

  const after = await Promise.all(["/agents", "/sip-trunks", "/webhooks/secret", "/calls"].map((path) => org.owner.get(path)));
  expect(after.map(({ text }) => text)).toEqual(before.map(({ text }) => text));
  expect(await org.status(id)).toEqual(ended);
});

test("an Idempotency-Key is remembered across a crash", TIMEOUT, async () => {
  const key = { "idempotency-key": "once" };
  const first = await org.trigger({}, key);
  await crash();

  expect((await org.trigger({}, key)).text).toBe(first.text);
});
