// What listening costs: counted in requests to objects, all of them, and in how late events are.

import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { BASE_PATH, created, LASTING, noNetwork, Org, type Server, useServer } from "./harness.ts";
import type { Trunk } from "./shapes.ts";
import { until } from "./until.ts";
import { vitals } from "./vitals.ts";

// Nothing is dialed: an accepted call is one event and no more.
const OPTIONS = { vars: LASTING, outboundService: noNetwork, queues: false };
const server = useServer(OPTIONS);
/** Here nothing happens but what a test does: requests are counted. */
const still = useServer(OPTIONS);

interface Listener {
  /** When each event came, by its call. */
  heard: Map<string, number>;
  beats: number;
  stop(): Promise<void>;
}

/** Follows the stream, and comes back when it ends, as an `EventSource` does. */
async function listen(org: Org): Promise<Listener> {
  const { id, key } = await org.newKey("viewer");
  const stop = new AbortController();
  let lastId = "";
  const leave = async () => {
    stop.abort();
    await ended;
    await org.owner.delete(`/api-keys/${id}`); // what still waits for it ends
  };
  const listener = { heard: new Map<string, number>(), beats: 0, stop: leave };
  const follow = async () => {
    const headers = { accept: "text/event-stream", authorization: `Bearer ${key}`, ...(lastId && { "last-event-id": lastId }) };
    const response = await fetch(`${org.server.url}${BASE_PATH}/events?after=latest`, { headers, signal: stop.signal });
    expect(response.status).toBe(200);
    const decoder = new TextDecoder();
    let text = "";
    for await (const part of response.body ?? []) {
      text += decoder.decode(part, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "null") as { id: string; type: string; data?: { id?: string } };
        lastId = event.id;
        if (event.type === "heartbeat") listener.beats += 1;
        else listener.heard.set(String(event.data?.id), performance.now());
      }
    }
  };
  const ended = (async () => {
    while (!stop.signal.aborted) await follow().catch((error: unknown) => stop.signal.aborted || Promise.reject(error));
  })();
  return listener;
}

async function orgWith(count: number, on: Server = server): Promise<[Org, Trunk[]]> {
  const org = await Org.create(on, { max_channels: 1_000 });
  const trunks = [org.trunk];
  while (trunks.length < count) {
    const more = Math.min(20, count - trunks.length);
    trunks.push(...(await Promise.all(Array.from({ length: more }, () => org.newTrunk({ max_channels: 1_000 })))));
  }
  return [org, trunks];
}

test.for([1, 4, 16])("over %i trunks a call is heard of at once", { timeout: 60_000 }, async (count) => {
  const [org, trunks] = await orgWith(count);
  const listener = await listen(org);
  await until("the stream to begin", () => listener.beats > 0);
  const lags: number[] = [];
  for (let nth = 0; nth < 40; nth += 1) {
    await delay(150 + 100 * Math.random());
    const trunk = trunks[(nth * 7) % trunks.length];
    const { call_id } = created(await org.trigger({ sip_trunk_id: trunk?.id }));
    const acceptedAt = performance.now();
    const heardAt = await until("its event", () => listener.heard.get(call_id));
    lags.push(heardAt - acceptedAt);
  }
  await listener.stop();
  const [p50, p95] = [0.5, 0.95].map((part) => lags.sort((a, b) => a - b)[Math.floor(part * lags.length)] ?? NaN);
  console.log(`prove: live feed: over ${count} trunks a call is heard of within ${p50?.toFixed(0)} ms (median), ${p95?.toFixed(0)} ms (p95)`);
  expect(p50).toBeLessThan(1_000);
});

const objectRequests = async () => (await vitals(still)).object_requests;

/** How long a round takes: an answer waits for so long, and then all is as it was. */
const ROUND_SECONDS = 5;
const ROUNDS = 3;

test("where nobody listens nobody is told, and who left is told of once a trunk", { timeout: 60_000 }, async () => {
  const [org, trunks] = await orgWith(4, still);
  const viewer = await org.client("viewer");
  const place = async () => {
    const before = await objectRequests();
    for (let nth = 0; nth < 3; nth += 1) for (const trunk of trunks) created(await org.trigger({ sip_trunk_id: trunk.id }));
    await delay(300);
    return (await objectRequests()) - before;
  };
  await place(); // keys and copies are used for the first time
  expect(await place(), "a request a call").toBe(3 * trunks.length);
  await viewer.get("/events?after=latest");
  await delay(100);
  expect(await place(), "and one a trunk").toBe(3 * trunks.length + trunks.length);
  expect(await place()).toBe(3 * trunks.length);
});

test("an idle listener that asks again and again without a stream costs no more", { timeout: 60_000 }, async () => {
  const [org] = await orgWith(16, still);
  const viewer = await org.client("viewer");
  const ask = async (after: string, wait: number) => (await viewer.get<{ next_cursor: string }>(`/events?after=${after}&wait_seconds=${wait}`)).body.next_cursor;
  let cursor = await ask(await ask("latest", 0), 0);
  const before = await objectRequests();
  for (let times = 0; times < 10; times += 1) cursor = await ask(cursor, times % 2);
  expect((await objectRequests()) - before).toBe(10);
});

test.for([1, 16, 300])("over %i trunks an idle listener costs two requests a round at most", { timeout: 180_000 }, async (count) => {
  const [org, trunks] = await orgWith(count, still);
  const listener = await listen(org);
  await until("the stream to begin", () => listener.beats > 0);
  await delay(1_000); // all trunks are asked once
  const before = await objectRequests();
  await delay(ROUNDS * ROUND_SECONDS * 1_000);
  const requests = (await objectRequests()) - before;
  console.log(`prove: live feed: an idle listener of ${count} trunks costs ${(requests / ROUNDS).toFixed(1)} requests to objects in ${ROUND_SECONDS} s`);
  const { call_id } = created(await org.trigger({ sip_trunk_id: trunks.at(-1)?.id }));
  await until("news of the last trunk", () => listener.heard.has(call_id));
  await listener.stop();

  expect(requests).toBeGreaterThan(0);
  expect(requests).toBeLessThanOrEqual(2 * (ROUNDS + 1)); // as many rounds begin or end in that time
});
