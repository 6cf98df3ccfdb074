// The local build's fault switch: with a dialer that is down, the answer is 502; with keys that can't be read, 503; and neither
// creates a call.

import { afterEach, beforeEach, expect, test } from "vitest";
import { type Answer, type Client, expectError, found, Org, useServer } from "./harness.ts";
import type { Accepted, ListedCall, Page } from "./shapes.ts";

const server = useServer();
let org: Org;
let member: Client;

beforeEach(async () => {
  org = await Org.create(server);
  member = await org.client("member");
});

afterEach(() => server.faults({ dialer: false, keys: false }));

async function numberOfCalls(): Promise<number> {
  return found(await member.get<Page<"calls", ListedCall>>("/calls?limit=100")).calls.length;
}

async function failThreeTimes(): Promise<void> {
  await server.faults({ dialer: true, keys: false });
  for (let failures = 0; failures < 3; failures += 1) {
    const ended = await org.ended(await org.call());
    expect(ended.call_status).toBe("Trigger Failed");
  }
}

function retryAfter(answer: Answer<unknown>): number {
  expectError(answer, 502, "Dialer temporarily unavailable", "dialer_unavailable");
  const seconds = Number(answer.headers.get("retry-after"));
  expect(Number.isInteger(seconds) && seconds >= 1).toBe(true);
  return seconds;
}

test("after three failures of the dialer in a row a trunk's calls are refused, and none is created", async () => {
  await failThreeTimes();

  expect(retryAfter(await org.trigger<unknown>())).toBeLessThanOrEqual(5);
  retryAfter(await org.trigger<unknown>({ on_capacity: "queue" }));
  retryAfter(await org.trigger<unknown>({ dry_run: true }));
  expect(await numberOfCalls()).toBe(3);
  // A trunk's dialer is its own.
  const other = await org.newTrunk();
  expect((await org.trigger({ sip_trunk_id: other.id })).status).toBe(201);
});

test("one call probes whether the dialer is back; then all go again", { timeout: 180_000 }, async () => {
  await failThreeTimes();
  const wait = retryAfter(await org.trigger<unknown>());
  await server.faults({ dialer: false, keys: false });
  await new Promise((resolve) => setTimeout(resolve, wait * 1_000));

  const answers = await Promise.all(Array.from({ length: 4 }, () => org.trigger<Accepted>()));
  const probes = answers.filter(({ status }) => status === 201);
  expect(probes.length).toBeGreaterThanOrEqual(1);
  for (const answer of answers.filter(({ status }) => status !== 201)) retryAfter(answer);
  for (const { body } of probes) expect((await org.ended(body.call_id)).call_status).toBe("Completed");
  expect((await org.trigger()).status).toBe(201);
});

test.for(["+15005550001", "+15005550002", "+15005550003", "+15005550004", "+15005550005"])(
  "calls to %s fail by themselves and say nothing of the dialer",
  async (phone_number) => {
    const calls = await Promise.all(Array.from({ length: 5 }, () => org.call({ phone_number })));
    await Promise.all(calls.map((call) => org.ended(call)));

    expect((await org.trigger()).status).toBe(201);
  },
);

test("when keys can't be read, all that needs one is 503, and no call is created", async () => {
  await server.faults({ dialer: false, keys: true });
  for (const answer of [await org.trigger<unknown>(), await member.get("/agents"), await org.owner.get("/api-keys")]) {
    expectError(answer, 503, "Authentication service temporarily unavailable", "authentication_unavailable");
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  }

  await server.faults({ dialer: false, keys: false });
  expect(await numberOfCalls()).toBe(0);
});
