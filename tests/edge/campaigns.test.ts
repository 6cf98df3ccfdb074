// Campaigns on the built Worker: lists that are called to the end, and what a crash in the middle leaves.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BASE_PATH, type Client, created, FAST, found, METADATA, Org, Server } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { ListedCall } from "./shapes.ts";
import { until } from "./until.ts";

const receiver = useReceiver();

interface Campaign {
  id: string;
  status: string;
  held_by: string | null;
  counts: Record<string, number>;
}

interface Page {
  next_cursor: string | null;
}

interface Recipients extends Page {
  recipients: { reference: string; status: string; attempts: { call_id: string | null }[] }[];
}

interface Calls extends Page {
  calls: ListedCall[];
}

/** A kill in the middle is made good by then. */
const GOES_ON_MS = 30_000;

let folder: string;
let server: Server;
let org: Org;
let member: Client;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "campaigns-"));
  server = new Server({ dataDir: folder, vars: { ...FAST, SIM_RING_MS: "100", SIM_TALK_MS: "400" } });
  await server.start();
  org = await Org.create(server, { max_channels: 10, max_cps: 20 });
  member = await org.client("member");
});

afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const person = (n: number) => ({ phone_number: `+9198765${String(43_000 + n)}`, reference: `customer-${n}`, metadata: METADATA });

/** A campaign of so many people, running. */
async function running(people: number, more: Record<string, unknown> = {}): Promise<Campaign> {
  const body = { name: "Reminders", agent_id: org.agent.id, sip_trunk_id: org.trunk.id, ...more };
  const campaign = created(await member.post<Campaign>("/campaigns", body));
  const recipients = Array.from({ length: people }, (_, n) => person(n));
  expect(found(await member.post(`/campaigns/${campaign.id}/recipients`, { recipients }))).toMatchObject({ added: people });
  return found(await member.post<Campaign>(`/campaigns/${campaign.id}/start`));
}

const look = async (id: string) => found(await member.get<Campaign>(`/campaigns/${id}`));

function completed(id: string, timeoutMs = 60_000): Promise<Campaign> {
  return until(
    `campaign ${id} to be completed`,
    async () => {
      const now = await look(id);
      return now.status === "completed" && now;
    },
    timeoutMs,
  );
}

/** All pages of a list. */
async function all<Body extends Page>(path: string): Promise<Body[]> {
  const pages: Body[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: Body = found(await member.get<Body>(`${path}limit=100${cursor && `&cursor=${cursor}`}`));
    pages.push(page);
    cursor = page.next_cursor;
  }
  return pages;
}

/** Each of so many people was called once, and there is no call beside these. */
async function expectEachCalledOnce(id: string, people: number): Promise<void> {
  const recipients = (await all<Recipients>(`/campaigns/${id}/recipients?`)).flatMap((page) => page.recipients);
  expect(recipients.map(({ status, attempts }) => [status, attempts.length])).toEqual(recipients.map(() => ["completed", 1]));
  expect(recipients).toHaveLength(people);
  const calls = (await all<Calls>(`/calls?campaign_id=${id}&`)).flatMap((page) => page.calls);
  const of = (ids: (string | null | undefined)[]) => ids.toSorted();
  expect(of(calls.map((call) => call.id))).toEqual(of(recipients.map(({ attempts }) => attempts[0]?.call_id)));
}

test("a campaign calls everybody on its list once, is completed, and tells that", async () => {
  const url = receiver.url();
  const { id } = await running(40, { completion_url: url });
  const over = await completed(id);
  expect(over.counts).toMatchObject({ total: 40, completed: 40, pending: 0, in_progress: 0 });
  await expectEachCalledOnce(id, 40);
  const [told] = await receiver.expect(url);
  new Webhook(org.webhookSecret).verify(told.body, told.headers as Record<string, string>);
  server.checkSchema("CampaignNotification", JSON.parse(told.body));
  expect(JSON.parse(told.body)).toMatchObject({ event: "campaign.completed", campaign_id: id, status: "completed", counts: over.counts });
});

test("killed in the middle, a campaign goes on within 30 s, and calls nobody twice", { timeout: 120_000 }, async () => {
  const { id } = await running(150);
  await until("some to be called", async () => ((await look(id)).counts["completed"] ?? 0) >= 20);
  await server.stop();
  await server.start();
  const began = performance.now();
  const then = (await look(id)).counts["completed"] ?? 0;
  await until("it to go on", async () => ((await look(id)).counts["completed"] ?? 0) >= Math.min(then + 12, 150), GOES_ON_MS);
  expect(performance.now() - began).toBeLessThan(GOES_ON_MS);
  await completed(id);
  await expectEachCalledOnce(id, 150);
});

interface Told {
  id: string;
  type: string;
  at: string;
  data: Campaign;
}

/** Follows campaigns by server-sent events until it is cut off. */
async function follow(lastId: string, signal: AbortSignal, hear: (event: Told) => void): Promise<void> {
  const headers = { accept: "text/event-stream", authorization: `Bearer ${member.key}`, "last-event-id": lastId };
  const response = await fetch(`${server.url}${BASE_PATH}/events?type=campaign.updated`, { headers, signal });
  expect(response.status).toBe(200);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const blocks = (text + part.value).split("\n\n");
    text = blocks.pop() ?? "";
    for (const data of blocks.flatMap((block) => /^data: (.*)$/m.exec(block)?.[1] ?? [])) {
      const event = JSON.parse(data) as Told;
      if (event.type !== "heartbeat") hear(event);
    }
  }
}

test("who follows the feed hears of a campaign once a second at most, and of its end; who was cut off goes on", { timeout: 60_000 }, async () => {
  const { next_cursor } = found(await member.get<{ next_cursor: string }>("/events?after=latest"));
  const { id } = await running(60);
  const told: Told[] = [];
  let [cut, isOver] = [new AbortController(), false];
  const listener = (async () => {
    while (!isOver) {
      cut = new AbortController();
      await follow(told.at(-1)?.id ?? next_cursor, cut.signal, (event) => told.push(event)).catch(() => {});
    }
  })();
  await until("three events", async () => told.length >= 3);
  cut.abort();
  const over = await completed(id);
  await until("its end", async () => told.at(-1)?.data.status === "completed");
  isOver = true;
  cut.abort();
  await listener;

  expect(told.at(-1)).toMatchObject({ type: "campaign.updated", data: over });
  expect(found(await member.get(`/campaigns/${id}`))).toEqual(told.at(-1)?.data);
  const times = told.map(({ at }) => Date.parse(at));
  for (const [n, at] of times.slice(1).entries()) expect(at - (times[n] ?? at)).toBeGreaterThanOrEqual(1_000);
  expect(new Set(told.map((event) => event.id)).size).toBe(told.length);
  expect(new Set(told.map(({ data }) => data.status))).toContain("running");
  for (const { data } of told) {
    const { total, ...parts } = data.counts;
    expect(Object.values(parts).reduce((sum, count) => sum + count, 0)).toBe(total);
  }
});
