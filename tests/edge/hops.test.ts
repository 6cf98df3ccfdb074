// Questions that gather while one is under way and go to their object in one message: each gets its own answer, and what happens
// to one request, its client or its organisation does not affect the others. The trunks' objects here record how many calls each
// message asks for, and take their time with it; what happens to a message depends on its calls' numbers.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeEach, expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { type Answer, found, LASTING, Org, useServer } from "./harness.ts";
import type { CallObject } from "./shapes.ts";

/** What a request for a call is answered, accepted or refused. */
interface Either {
  call_id: string;
  status: string;
}

/** How long an object takes for each message. */
const SLOW_MS = 200;
const FAILS = "+14155550111";
const OLDER = "+14155550122";
/** A message for this number is answered when the test says so. */
const HELD = "+14155550133";

const folder = mkdtempSync(join(tmpdir(), "hops-"));
cpSync(inRoot("build/local"), folder, { recursive: true });
const bundle = readFileSync(join(folder, "index.js"), "utf8");
const [, own = ""] = /(\w+) as TrunkObject\b/.exec(bundle) ?? [];
const [, directory = ""] = /(\w+) as DirectoryObject\b/.exec(bundle) ?? [];
writeFileSync(
  join(folder, "index.js"),
  `${bundle.replace(/\w+ as TrunkObject\b/, "NotingTrunk as TrunkObject").replace(/\w+ as DirectoryObject\b/, "NotingDirectory as DirectoryObject")}
  class NotingDirectory extends ${directory} {
    waits = 0;
    async fetch(request) {
      if (request.url.endsWith("/waits")) return Response.json(this.waits);
      const text = await request.text();
      if (/"watched":.*"through":[1-9]/.test(text)) this.waits++;
      return super.fetch(new Request(request.url, { method: "POST", body: text }));
    }
  }
  class NotingTrunk extends ${own} {
    messages = [];
    held = new Promise((go) => (this.go = go));
    async fetch(request) {
      if (request.url.endsWith("/messages")) return Response.json(this.messages.splice(0));
      if (request.url.endsWith("/go")) return Response.json(this.go() ?? "gone");
      const text = await request.text();
      const commands = text.split("\\n");
      if (!text.startsWith('{"Admit"')) return super.fetch(new Request(request.url, { method: "POST", body: text }));
      this.messages.push(commands.length);
      await new Promise((done) => setTimeout(done, ${SLOW_MS}));
      if (text.includes("${HELD}")) await this.held;
      if (text.includes("${FAILS}")) return new Response("it is gone", { status: 500 });
      if (commands.length > 1 && text.includes("${OLDER}")) return new Response('"Unknown"');
      return super.fetch(new Request(request.url, { method: "POST", body: text }));
    }
  }`,
);
afterAll(() => rmSync(folder, { recursive: true }));

const server = useServer({ workerDir: folder, vars: LASTING });
let org: Org;

beforeEach(async () => {
  org = await Org.create(server);
  await messages();
});

/** How many calls each message asked for since this was asked last. */
const messages = async () => (await (await tell("messages")).json()) as number[];

async function tell(word: "go" | "messages") {
  const objects = await server.local.mf.getDurableObjectNamespace("TRUNKS");
  return objects.get(objects.idFromName(org.trunk.id.slice(0, 8))).fetch(`http://object/${word}`);
}

const post = (more: Record<string, unknown> = {}) => org.owner.post<Either>("/calls", org.request(more));

/** As many questions as are under way side by side, then others behind them. */
async function behind(count: number, more: (at: number) => Record<string, unknown>, first: Record<string, unknown> = {}): Promise<Answer<Either>[]> {
  const ahead = Array.from({ length: 4 }, () => post(first));
  await delay(SLOW_MS / 4);
  const others = Array.from({ length: count }, (_, at) => post(more(at)));
  expect((await Promise.all(ahead)).map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  return Promise.all(others);
}

test("what comes while a question is under way goes in one message, each answered for itself", async () => {
  const answers = await behind(20, (at) => ({ metadata: { customer_name: `Number ${at}`, amount_due: "1", due_date: "2026-06-20" } }));

  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  expect(await messages()).toEqual([1, 1, 1, 1, 20]);
  const ids = answers.map(({ body }) => body.call_id);
  expect(new Set(ids).size).toBe(20);
  const calls = await Promise.all(ids.map(async (id) => found(await org.owner.get<CallObject>(`/calls/${id}`))));
  expect(calls.map(({ metadata }) => metadata?.["customer_name"])).toEqual(calls.map((_, at) => `Number ${at}`));
});

test("each of one message is decided by itself, in its order", async () => {
  const trunk = { sip_trunk_id: (await org.newTrunk({ max_channels: 6 })).id };
  const answers = await behind(4, () => trunk, trunk);

  expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 429, 429]);
  expect(answers.filter(({ status }) => status === 429).map(({ body }) => body.status)).toEqual(["rejected", "rejected"]);
});

/** A request whose client goes away while it is under way. */
async function cut(afterMs: number): Promise<void> {
  const headers = { authorization: `Bearer ${org.owner.key}`, "content-type": "application/json" };
  const signal = AbortSignal.timeout(afterMs);
  const body = JSON.stringify(org.request());
  await expect(fetch(`${server.local.url}/integration/v1/calls`, { method: "POST", headers, body, signal })).rejects.toThrow();
}

test("a client that goes away costs no other its answer: neither the one that leads, nor one that waits", async () => {
  const ahead = [cut(SLOW_MS / 2), post(), post(), post()];
  await delay(SLOW_MS / 4);
  const leader = cut(SLOW_MS / 4); // before its message is sent
  await delay(SLOW_MS / 10);
  const before = [post(), post()];
  const gone = cut(SLOW_MS / 4);
  const after = [post(), post()];
  const startedAt = performance.now();
  const answers = await Promise.all([...before, ...after]);
  const tookMs = performance.now() - startedAt;
  await Promise.all([...ahead, leader, gone]);

  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  expect(tookMs).toBeLessThan(3_000); // an answer that never comes would be missed after 10 s
  expect(await messages()).toEqual([1, 1, 1, 1, 6]);
  expect((await post()).status).toBe(201);
});

test("a message that fails fails each of its questions once, and admits none", async () => {
  const answers = await behind(3, (at) => (at === 1 ? { phone_number: FAILS } : {}));

  expect(answers.map(({ status }) => status)).toEqual([502, 502, 502]);
  expect(await messages()).toEqual([1, 1, 1, 1, 3]);
  expect(found(await org.owner.get<{ calls: unknown[] }>("/calls")).calls).toHaveLength(4);
  expect((await post()).status).toBe(201);
});

test("an object of an earlier release, which takes one command a message, is asked one by one", async () => {
  const answers = await behind(3, (at) => (at === 1 ? { phone_number: OLDER } : {}));

  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
  expect(await messages()).toEqual([1, 1, 1, 1, 3, 1, 1, 1]);
});

test("a busy trunk holds up no other: not its organisation's, and no other organisation's", async () => {
  const neighbour = await org.newTrunk();
  const other = await Org.create(server);
  let isBusy = true;
  const busy = Array.from({ length: 30 }, () => post({ phone_number: HELD }));
  const all = Promise.all(busy).finally(() => {
    isBusy = false;
  });
  await delay(SLOW_MS / 4);
  const answers = await Promise.all([other.trigger(), post({ sip_trunk_id: neighbour.id })]);
  expect([...answers.map(({ status }) => status), isBusy]).toEqual([201, 201, true]);
  await tell("go");
  expect((await all).map(({ status }) => status)).toEqual(busy.map(() => 201));
});

test("of those who wait for the same news one asks the directory, and all hear of it", async () => {
  const path = "/events?after=latest&wait_seconds=20";
  const listeners = Array.from({ length: 12 }, () => org.owner.get<{ events: unknown[] }>(path));
  await delay(6_500);
  expect((await post()).status).toBe(201);
  const heard = await Promise.all(listeners);

  expect(heard.map((answer) => found(answer).events.length > 0)).toEqual(heard.map(() => true));
  const objects = await server.local.mf.getDurableObjectNamespace("DIRECTORIES");
  const answer = await objects.get(objects.idFromName(org.id)).fetch("http://object/waits");
  // Each for itself would have asked two times.
  expect(await answer.json()).toBeLessThanOrEqual(16);
});
