// The live feed: each transition once and in order, to a listener that is disconnected again and again, and across crashes.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, BASE_PATH, type Client, expectError, found, Org, Server, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { CallObject, CallStatus, Trunk } from "./shapes.ts";
import { until } from "./until.ts";

interface FeedEvent {
  id: string;
  type: string;
  at: string;
  data: Record<string, unknown>;
}

interface Part {
  events: FeedEvent[];
  next_cursor: string;
}

const ENDINGS: Partial<Record<CallStatus, string>> = {
  Completed: "call.completed",
  Decline: "call.declined",
  "Rejected — Capacity": "call.rejected",
  "Trigger Failed": "call.failed",
  "SIP Call Failed": "call.failed",
};

const server = useServer();
const receiver = useReceiver();
let org: Org;
let viewer: Client;

beforeAll(async () => {
  org = await Org.create(server);
  viewer = await org.client("viewer");
});

const events = (client: Client, query: string) => client.get<Part>(`/events?${query}`);

async function latest(client: Client): Promise<string> {
  return found(await events(client, "after=latest")).next_cursor;
}

/** What a call's timeline says that the feed must have told. */
function expected(call: CallObject): string[] {
  const steps = call.timeline.map(({ event }) => event);
  const ended = ENDINGS[call.call_status] ?? "";
  const told: Record<string, string> = { accepted: "call.initiating", ringing: "call.ringing", answered: "call.answered", ended, rejected: ended };
  const results = call.callback?.attempts.map(({ status_code }) => (status_code === 200 ? "callback.delivered" : "callback.failed"));
  return [...steps.flatMap((step) => told[step] ?? []), ...(results ?? [])];
}

/** The events of each call, in the order in which they came. */
function byCall(feed: FeedEvent[]): Map<string, string[]> {
  const calls = new Map<string, string[]>();
  for (const { type, data } of feed) {
    const id = String(data["call_id"] ?? data["id"]);
    if (type !== "trunk.updated") calls.set(id, [...(calls.get(id) ?? []), type]);
  }
  return calls;
}

/** Listens to the stream until it is cut off; each event goes to `hear` with the id that the stream gave it. */
async function listen(client: Client, lastId: string | undefined, signal: AbortSignal, hear: (event: FeedEvent) => void): Promise<void> {
  const headers = {
    accept: "text/event-stream",
    authorization: `Bearer ${client.key}`,
    ...(lastId !== undefined && { "last-event-id": lastId }),
  };
  const response = await fetch(`${client.server.url}${BASE_PATH}/events?after=latest`, { headers, signal });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    text += decoder.decode(part.value, { stream: true });
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) {
      const fields = Object.fromEntries(frame.split("\n").map((line) => line.split(/: (.*)/s)));
      const event = JSON.parse(fields["data"] ?? "no data") as FeedEvent;
      expect([fields["id"], fields["event"]]).toEqual([event.id, event.type]);
      if (event.type !== "heartbeat") hear(event);
    }
  }
}

test("what happened is answered at once, behind the cursor, as it was then", async () => {
  const after = await latest(viewer);
  const url = receiver.url();
  const id = await org.call({ callback_url: url });
  await until("the callback", async () => (await org.detail(id)).callback?.status === "delivered");
  await delay(5);
  const { events: told, next_cursor } = found(await events(viewer, `after=${after}`));

  expect(told.map(({ type }) => type)).toEqual(["call.initiating", "call.ringing", "call.answered", "call.completed", "callback.delivered"]);
  expect(told.map(({ data }) => data["call_status"])).toEqual(["Initiating", "Ringing", "Answered", "Completed", undefined]);
  expect(told[3]?.data).toMatchObject(await org.status(id));
  expect(next_cursor).toBe(told.at(-1)?.id);
  expect(found(await events(viewer, `after=${told[2]?.id}`)).events).toEqual(told.slice(3));
  expect(found(await events(viewer, `after=${after}&limit=2`)).events).toEqual(told.slice(0, 2));
  expect(found(await events(viewer, `after=${after}&type=call.ringing`)).events).toEqual(told.slice(1, 2));
});

test("without a cursor the oldest that is kept comes first: the trunk itself", async () => {
  const { events: told } = found(await events(viewer, "limit=1"));

  expect(told[0]).toMatchObject({ type: "trunk.updated", data: { sip_trunk_id: org.trunk.id, status: "active", breaker: "closed" } });
});

test("a question may wait for the first event", async () => {
  const quiet = await Org.create(server);
  const client = await quiet.client("viewer");
  const after = await latest(client);
  const began = performance.now();
  const empty = found(await events(client, `after=${after}&wait_seconds=1`));
  expect(performance.now() - began).toBeGreaterThan(950);
  expect(empty.events).toEqual([]);

  const waiting = events(client, `after=${after}&wait_seconds=20`);
  await delay(200);
  const id = await quiet.call();
  const asked = performance.now();
  const { events: told } = found(await waiting);
  expect(performance.now() - asked).toBeLessThan(10_000); // it may wait for 20 s
  expect(told[0]).toMatchObject({ type: "call.initiating", data: { id } });
});

test("with an idle trunk beside it, a trunk's backlog is read with a wait as fast as without", async () => {
  const busy = await Org.create(server, { max_channels: 1_000 });
  for (let idle = 0; idle < 3; idle += 1) await busy.newTrunk();
  const after = await latest(busy.owner);
  const numbers = await Promise.all(Array.from({ length: 40 }, () => busy.call({ phone_number: "+15005550001" })));
  for (const id of numbers) await busy.ended(id);
  await delay(5);
  const all = async (wait: string) => {
    const told: string[] = [];
    const began = performance.now();
    for (let cursor = after; told.length < 3 * numbers.length; ) {
      const part = found(await events(busy.owner, `after=${cursor}&limit=4&type=call.initiating,call.ringing,call.declined${wait}`));
      told.push(...part.events.map(({ id }) => id));
      cursor = part.next_cursor;
    }
    return { told, took: performance.now() - began };
  };
  const [plain, waiting] = [await all(""), await all("&wait_seconds=20")];

  expect(waiting.told).toEqual(plain.told);
  // 30 pages: with 400 ms for each idle trunk's wait they would take 12 s and more.
  expect(waiting.took).toBeLessThan(3 * plain.took + 2_000);
});

test("a rare type is found behind more calls than one look takes in", { timeout: 180_000 }, async () => {
  const busy = await Org.create(server, { max_channels: 1 });
  for (let sent = 0; sent < 1_050; sent += 50) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => busy.trigger()));
    for (const { status } of answers) expect([201, 429]).toContain(status);
  }
  const declined = await until("a channel", async () => {
    const answer = await busy.trigger({ phone_number: "+15005550001" });
    return answer.status === 201 && answer.body.call_id;
  });
  await busy.ended(declined);
  await delay(5);

  const { events: told } = found(await events(busy.owner, "type=call.declined"));

  expect(told.map(({ type, data }) => [type, data["id"]])).toEqual([["call.declined", declined]]);
});

test("a trunk's new limits and its end are told", async () => {
  const trunk = await org.newTrunk();
  const after = await latest(viewer);
  await org.owner.patch(`/sip-trunks/${trunk.id}`, { max_channels: 7 });
  await org.owner.patch(`/sip-trunks/${trunk.id}`, { status: "inactive" });
  await delay(5);
  const { events: told } = found(await events(viewer, `after=${after}`));

  expect(told.map(({ data }) => [data["max_channels"], data["status"]])).toEqual([
    [7, "active"],
    [7, "inactive"],
  ]);
});

/** A cursor of that moment. */
function cursorAt(ms: number): string {
  const bytes = Buffer.alloc(22);
  bytes.writeUIntBE(ms, 0, 6);
  return bytes.toString("base64url");
}

test("a cursor from before what is kept is answered 410 with the oldest one", async () => {
  const answer: Answer<unknown> = await viewer.get(`/events?after=${cursorAt(Date.now() - 24.1 * 3_600_000)}`);

  expect(answer.status).toBe(410);
  expect(answer.headers.get("x-error-code")).toBe("cursor_expired");
  const { error, oldest_cursor } = answer.body as { error: string; oldest_cursor: string };
  expect(error).toBe("cursor is older than 24 hours; continue from oldest_cursor");
  expect(found(await events(viewer, `after=${oldest_cursor}&limit=1`)).events[0]?.type).toBe("trunk.updated");
});

test.for<[string, string]>([
  ["after=nonsense", "cursor is invalid"],
  ["limit=101", "limit must be a number from 1 to 100"],
  ["wait_seconds=31", "wait_seconds must be a number from 0 to 30"],
  ["wait_seconds=%2B1", "wait_seconds must be a number from 0 to 30"],
  [`after=${cursorAt(Date.now() + 3_600_000)}`, "cursor is invalid"],
  ["wait_seconds=soon", "wait_seconds must be a number from 0 to 30"],
  ["cursor=abc", "unknown query parameter: cursor"],
  ["since=abc", "unknown query parameter: since"],
])("%s is refused", async ([query, text]) => {
  const answer = await viewer.get(`/events?${query}`);
  if (query.startsWith("cursor")) expect(answer.status).toBe(400);
  else expectError(answer, 400, text);
});

test("another organisation hears nothing of it", async () => {
  const stranger = await (await Org.create(server)).client("viewer");
  const after = await latest(stranger);
  await org.ended(await org.call());

  expect(found(await events(stranger, `after=${after}`)).events).toEqual([]);
});

test("a stream ends with its key, and a refusal is an answer as any other", async () => {
  const { key, id } = await org.newKey("viewer");
  const client = server.client(key);
  const heard: FeedEvent[] = [];
  const stream = listen(client, undefined, AbortSignal.timeout(25_000), (event) => heard.push(event));
  await until("the stream to begin", async () => {
    await org.call();
    return heard.length > 0;
  });
  await org.owner.delete(`/api-keys/${id}`);
  await org.call();
  await stream;

  expectError(await client.send("GET", "/events", { headers: { accept: "text/event-stream" } }), 401, "Invalid or inactive API key");
});

const CALLS = 500;
const CUTS = 20;
const CRASHES = [7, 14];
const NUMBERS = ["0000", "0001", "0002", "0003", "0005", "0008", "0009"].map((end) => `+1500555${end}`);

test("the document's example of a stream looks as a stream does", async () => {
  const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    paths: Record<string, { get: { description: string } }>;
  };
  const { description } = document.paths[`${BASE_PATH}/events`]?.get ?? { description: "" };
  const [, example = ""] = /```text\n(.*?)```/s.exec(description) ?? [];
  const fields = (text: string) => text.split("\n\n").map((part) => part.trim().split("\n").map((line) => line.split(":")[0]));
  const [, data = ""] = /^data: (.*)$/m.exec(example) ?? [];
  await org.ended(await org.call());
  const response = await fetch(`${server.url}${BASE_PATH}/events`, {
    headers: { authorization: `Bearer ${viewer.key}`, accept: "text/event-stream" },
  });
  const reader = response.body?.getReader();
  const beginning = new TextDecoder().decode((await reader?.read())?.value);
  await reader?.cancel();

  server.checkSchema("FeedEvent", JSON.parse(data));
  expect(fields(example)).toEqual(fields(beginning).slice(0, 2));
  expect(example.split("\n")[0]).toBe(beginning.split("\n")[0]);
});

test("500 calls on three trunks, a listener cut off 20 times, 2 crashes", { timeout: 400_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "feed-"));
  const restarted = new Server({ dataDir });
  await restarted.start();
  try {
    const busy = await Org.create(restarted, { max_channels: 1_000 });
    const client = await busy.client("viewer");
    const trunks: Trunk[] = [busy.trunk, await busy.newTrunk({ max_channels: 1_000 }), await busy.newTrunk({ max_channels: 1_000 })];
    await busy.client("member");
    const heard: FeedEvent[] = [];
    const ids: string[] = [];
    let cursor = await latest(client);
    const place = async (count: number) => {
      for (let placed = 0; placed < count; placed += 1) {
        const at = ids.length;
        const more = { phone_number: NUMBERS[at % NUMBERS.length], sip_trunk_id: trunks[at % 3]?.id, callback_url: receiver.url() };
        ids.push(await busy.call(more));
      }
    };
    for (let cut = 1; cut <= CUTS; cut += 1) {
      const stop = new AbortController();
      const before = heard.length;
      const hear = (event: FeedEvent) => {
        heard.push(event);
        cursor = event.id;
      };
      const stream = listen(client, cursor, stop.signal, hear).catch((error: unknown) => {
        if (!stop.signal.aborted) throw error;
      });
      await place(CALLS / CUTS);
      await until("an event", () => heard.length > before);
      await delay(Math.random() * 200);
      stop.abort();
      await stream;
      if (CRASHES.includes(cut)) {
        await restarted.stop();
        await restarted.start();
      }
    }
    const calls = new Map<string, CallObject>();
    for (const id of ids) {
      calls.set(id, await until(`the callback of ${id}`, async () => {
        const call = await busy.detail(id);
        return call.callback?.status === "delivered" && call;
      }, 90_000));
    }
    await delay(5);
    for (let part: Part; ; heard.push(...part.events)) {
      part = found(await events(client, `after=${cursor}&limit=100`));
      if (part.events.length === 0) break;
      cursor = part.next_cursor;
    }

    expect(new Set(heard.map(({ id }) => id)).size, "nothing twice").toBe(heard.length);
    expect(heard.map(({ at }) => at)).toEqual(heard.map(({ at }) => at).sort());
    const told = byCall(heard);
    for (const [id, call] of calls) expect(told.get(id), id).toEqual(expected(call));
    console.log(`prove: live feed: ${ids.length} calls, ${heard.length} events, each once and in order, over ${CUTS} cuts and ${CRASHES.length} crashes`);
  } finally {
    await restarted.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

afterAll(() => expect(server.log.filter((line) => line.includes("sql_failed"))).toEqual([]));
