// Too much of everything: keys, headers, queries, depth. Refused at the door, quickly, and without logging any of it.

import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { beforeAll, expect, test } from "vitest";
import { BASE_PATH, METADATA, Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import { until } from "./until.ts";

const server = useServer();
const receiver = useReceiver();
let org: Org;
const JSON_TYPE = { "content-type": "application/json" };
const AT_ONCE = 16;

beforeAll(async () => {
  org = await Org.create(server);
});

/** Works off a list, some at once. */
async function each<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** How many requests the trunk's object was asked, this question not counted. */
async function asked(): Promise<number> {
  const trunks = await server.local.mf.getDurableObjectNamespace("TRUNKS");
  const object = trunks.get(trunks.idFromName(org.trunk.id.slice(0, 8)));
  const answer = await object.fetch("http://object/", { method: "POST", body: '"Work"' });
  return ((await answer.json()) as { Work: { requests: number } }).Work.requests;
}

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const random62 = (length: number) => [...randomBytes(length)].map((byte) => BASE62[byte % 62]).join("");

/** A key that nobody has, its checksum right: it takes a look-up to refuse it. */
function unknownKey(): string {
  const key = `audtk_${random62(32)}`;
  let number = createHash("sha256").update(key).digest().readBigUInt64BE();
  let checksum = "";
  for (let i = 0; i < 6; i++, number /= 62n) checksum += BASE62[Number(number % 62n)];
  return key + checksum;
}

test("10,000 distinct bad keys, half of them well formed, are 401 and wake no object", { timeout: 240_000 }, async () => {
  const keys = Array.from({ length: 10_000 }, (_, i) => (i % 2 === 0 ? unknownKey() : `audtk_${random62(38)}`));
  const body = JSON.stringify(org.request());
  const before = await asked();
  const awake = setInterval(() => void asked(), 2_000); // an object that is let go forgets its count
  const times: number[] = [];
  const statuses = new Map<number, number>();
  await each(keys, async (key) => {
    const startedAt = performance.now();
    const headers = { authorization: `Bearer ${key}`, ...JSON_TYPE };
    const answer = await fetch(`${server.url}${BASE_PATH}/calls`, { method: "POST", headers, body });
    await answer.arrayBuffer();
    times.push(performance.now() - startedAt);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  });
  clearInterval(awake);
  times.sort((one, other) => one - other);
  console.log(`prove: distinct bad keys refused: ${keys.length}, p99 ${times[Math.floor(times.length * 0.99)]?.toFixed(1)} ms with ${AT_ONCE} at once`);

  expect([...statuses]).toEqual([[401, keys.length]]);
  expect(await asked()).toBe(before);
  expect((await org.trigger()).status, "a good key after them").toBe(201);
});

test.for([
  ["arrays", "[".repeat(60_000)],
  ["closed arrays", "[".repeat(30_000) + "]".repeat(30_000)],
  ["objects", '{"":'.repeat(16_000)],
] as const)("a body of 64 KiB of nested %s is 400 on every route that takes one", async ([, nested]) => {
  const body = nested.padEnd(65_536, " ");
  const owner = org.owner;
  for (const path of ["/calls", "/agents", "/sip-trunks", "/api-keys", "/webhooks/test", "/webhooks/secret/rotate"]) {
    expect((await owner.send("POST", path, { body, headers: JSON_TYPE })).status, path).toBe(400);
  }
});

/** The status of a request that `fetch` would not send. */
function statusOf(path: string, headers: Record<string, string | string[]>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(server.url, { path, headers: { authorization: `Bearer ${org.owner.key}`, ...headers }, agent: false }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode ?? 0));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end();
  });
}

const HEADERS: [sentence: string, headers: Record<string, string | string[]>][] = [
  ["500 headers of their own names", Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-flood-${i}`, "x".repeat(20)]))],
  ["one header given 500 times", { "x-flood": Array.from({ length: 500 }, (_, i) => `${i}`) }],
  ["a header of 30 KB", { "x-flood": "x".repeat(30_000) }],
  ["an Idempotency-Key of 30 KB", { "idempotency-key": "k".repeat(30_000) }],
  ["cookies of 30 KB", { cookie: "a=b; ".repeat(6_000) }],
];

test.for(HEADERS)("a flood of requests with %s is served", async ([, headers]) => {
  const floods = Array.from({ length: 100 }, () => `${BASE_PATH}/agents`);
  const statuses = new Set<number>();
  await each(floods, async (path) => void statuses.add(await statusOf(path, headers)));

  expect([...statuses]).toEqual([200]);
});

test("a key of 30 KB is 401", async () => {
  expect(await statusOf(`${BASE_PATH}/agents`, { authorization: `Bearer audtk_${"k".repeat(30_000)}` })).toBe(401);
});

const QUERIES: [sentence: string, query: string, status: number][] = [
  ["3,000 unknown parameters", Array.from({ length: 3_000 }, (_, i) => `p${i}=${i}`).join("&"), 400],
  ["3,000 times the same parameter", "limit=1&".repeat(3_000), 400],
  ["a parameter of 30 KB", `cursor=${"A".repeat(30_000)}`, 400],
  ["30,000 ampersands", "&".repeat(30_000), 200],
  ["10,000 escapes", `cursor=${"%25".repeat(10_000)}`, 400],
];

test.for(QUERIES)("a flood of queries with %s is answered", async ([, query, status]) => {
  const floods = Array.from({ length: 100 }, () => `${BASE_PATH}/calls?${query}`);
  const statuses = new Set<number>();
  await each(floods, async (path) => void statuses.add(await statusOf(path, {})));

  expect([...statuses]).toEqual([status]);
});

test("no line of the log holds a key, a phone number, metadata, a secret or a URL's path whole", async () => {
  const phone = "+14155552671";
  const secretText = "Whispered Name 8472";
  const url = receiver.url({ status: 0, drop: true });
  const id = await org.call({ phone_number: phone, metadata: { ...METADATA, customer_name: secretText }, callback_url: url });
  await org.ended(id);
  // Messages that nobody can read are logged: of what is in them, nothing is.
  const garbage = JSON.stringify({ phone, secretText, key: org.owner.key, secret: org.webhookSecret });
  const { mf } = server.local;
  for (const queue of ["DISPATCH", "CALLBACKS"]) await (await mf.getQueueProducer(queue)).send(garbage, { contentType: "text" });
  await until("the unreadable messages to be logged", () => server.log.filter((line) => line.includes("unreadable")).length >= 2);
  const member = await org.client("member");
  await until("the callback to be given up", async () => (await org.detail(id)).callback?.status === "exhausted");

  const { secrets } = server.local;
  const hidden = [phone, secretText, org.owner.key, member.key, org.webhookSecret, new URL(url).pathname, ...Object.values(secrets)];
  const told = server.log.filter((line) => hidden.some((text) => text !== null && line.includes(text)));
  expect(told).toEqual([]);
});
