// Alerts: each is sent once when it opens and once when it is resolved, signed and retried as callbacks are.

import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fill, rowOf, sql } from "../../bench/rows.mjs";
import { FAST, noNetwork, Org, Server } from "./harness.ts";
import { Receiver, type Received } from "./receiver.ts";
import { until } from "./until.ts";

const ALERT_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const [USER, PASSWORD] = ["ops", "w0rd-8472"];
const dataDir = mkdtempSync(join(tmpdir(), "alerts-"));
const receiver = new Receiver();
let url: string;
let server: Server;

beforeAll(async () => {
  await receiver.start();
  // The operator's server is away at first.
  url = receiver.url(500, 200);
  await start();
});
afterAll(async () => {
  await server.stop();
  await receiver.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const vars = { ...FAST, ALERT_URL: url.replace("://", `://${USER}:${PASSWORD}@`), ALERT_SECRET, CRON_LATE_SECONDS: "3", STORAGE_LIMIT_BYTES: "4000000" };
  server = new Server({ vars, cron: false, dataDir });
  await server.start();
}

interface Alert {
  event: "alert.opened" | "alert.resolved";
  id: string;
  alert: string;
  org_id: string | null;
  sip_trunk_id: string | null;
  detail: string;
  occurred_at: string;
}

/** What was sent of one kind, each message once. */
function sent(kind: string, trunk: string | null = null): Alert[] {
  const all = new Map(receiver.received(url).map((message) => [JSON.parse(message.body).id as string, verified(message)]));
  return [...all.values()].filter(({ alert, sip_trunk_id }) => alert === kind && sip_trunk_id === trunk);
}

/** A message whose signatures are those of the operator's secret. */
function verified({ headers, body }: Received): Alert {
  expect(headers["x-audatec-signature"]).toBe(createHmac("sha256", ALERT_SECRET).update(body).digest("hex"));
  new Webhook(ALERT_SECRET).verify(body, headers as Record<string, string>);
  expect(headers.authorization).toBe(`Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`);
  const alert = JSON.parse(body) as Alert;
  expect(headers["webhook-id"]).toBe(alert.id);
  expect(Object.keys(alert).sort()).toEqual(["alert", "detail", "event", "id", "occurred_at", "org_id", "sip_trunk_id"]);
  return alert;
}

const events = (alerts: Alert[]) => alerts.map(({ event }) => event);

test("a callback that is given up opens an alert, which is sent once, tried again, and outlives a restart", async () => {
  const org = await Org.create(server);
  const dead = receiver.url(410);
  const id = await org.call({ callback_url: dead });
  await until("it to be given up", async () => (await org.detail(id)).callback?.status === "exhausted");
  await server.local.runCron();
  const [alert] = await until("the alert", () => sent("callbacks_exhausted", org.trunk.id).length > 0 && sent("callbacks_exhausted", org.trunk.id));
  expect(alert).toMatchObject({ event: "alert.opened", org_id: org.id });
  // The first attempt got 500: so it came twice, under one id.
  await until("it to be sent again", () => receiver.received(url).length >= 2);

  await server.stop();
  await start();
  await server.local.runCron();
  await server.local.runCron();
  const { alerts } = (await server.platform.fromRoot<{ alerts: { alert: string; sent: boolean }[] }>("GET", "/platform/v1/health")).body;
  expect(alerts).toContainEqual(expect.objectContaining({ alert: "callbacks_exhausted", sip_trunk_id: org.trunk.id, sent: true }));
  expect(events(sent("callbacks_exhausted", org.trunk.id))).toEqual(["alert.opened"]);
});

test("a breaker that opens is told, and that it closed", async () => {
  const org = await Org.create(server);
  await server.faults({ dialer: true, keys: false });
  for (let n = 0; n < 3; n++) await org.ended(await org.call());
  await server.local.runCron();
  await until("the alert", () => sent("breaker_open", org.trunk.id).length > 0);
  await server.local.runCron();
  expect(events(sent("breaker_open", org.trunk.id))).toEqual(["alert.opened"]);

  await server.faults({ dialer: false, keys: false });
  await until("a call to be accepted", async () => (await org.trigger()).status === 201, 60_000);
  await until("the alert to be resolved", async () => {
    await server.local.runCron();
    return sent("breaker_open", org.trunk.id).length === 2;
  });
  expect(events(sent("breaker_open", org.trunk.id))).toEqual(["alert.opened", "alert.resolved"]);
});

test("a message that failed again and again is counted, and told at once", async () => {
  const queue = await server.local.mf.getWorker();
  const message = { id: "1", timestamp: new Date(), attempts: 4, body: "nobody's" };
  await queue.queue("audatec-dead-letters", [message]);
  await until("the alert", () => sent("dead_letters").length > 0);
  expect(sent("dead_letters")[0]).toMatchObject({ event: "alert.opened", org_id: null });
  const total = async () => (await server.platform.fromRoot<{ dead_letters: { total: number } }>("GET", "/platform/v1/health")).body.dead_letters.total;
  expect(await total()).toBe(1);
  await queue.queue("audatec-dead-letters", [{ ...message, id: "2" }]);
  await until("it to be counted", async () => (await total()) === 2);
  await server.local.runCron();
  expect(events(sent("dead_letters"))).toEqual(["alert.opened"]);
});

test("a cron that does not run is told without it, and that it runs again", async () => {
  await server.local.runCron();
  // It may have been late before, where a machine is slow: of each such time two messages come, and of this one the first.
  const open = () => events(sent("cron_late")).reduce((sum, event) => sum + (event === "alert.opened" ? 1 : -1), 0);
  // Nothing asks: the operator's own directory wakes by itself.
  await until("the alert", () => open() === 1, 30_000);
  await delay(4_000);
  await until("that one alone", () => open() === 1);
  for (const alert of sent("cron_late")) expect(alert).toMatchObject({ org_id: null, sip_trunk_id: null });
  await server.local.runCron();
  await until("it to be resolved", () => open() === 0);
});

test("a trunk whose calls take up 70 % of the room is told, once, and that there is room again", async () => {
  const org = await Org.create(server);
  const template = await org.call();
  await org.ended(template);
  await fill(server.local, org.trunk.id, template, { rows: 4_000, from: Date.now() - 86_400_000 });
  for (const _ of [1, 2]) await server.local.runCron();
  const [alert] = await until("the alert", () => sent("storage_high", org.trunk.id).length > 0 && sent("storage_high", org.trunk.id));
  expect(alert).toMatchObject({ event: "alert.opened", org_id: org.id, detail: expect.stringMatching(/take up \d{2,3} % of STORAGE_LIMIT_BYTES/) as string });
  await server.local.runCron();
  expect(events(sent("storage_high", org.trunk.id))).toEqual(["alert.opened"]);

  await sql(server.local, org.trunk.id, `DELETE FROM rows WHERE id < ${rowOf(template)}`);
  await server.local.runCron();
  await until("it to be resolved", () => sent("storage_high", org.trunk.id).length === 2);
  expect(events(sent("storage_high", org.trunk.id))).toEqual(["alert.opened", "alert.resolved"]);
});

test("an alert of a trunk that there is no more is resolved", async () => {
  const org = await Org.create(server);
  const id = await org.call({ callback_url: receiver.url(410) });
  await until("it to be given up", async () => (await org.detail(id)).callback?.status === "exhausted");
  await server.local.runCron();
  await until("the alert", () => sent("callbacks_exhausted", org.trunk.id).length > 0);
  expect((await org.owner.delete(`/sip-trunks/${org.trunk.id}`)).status).toBe(204);
  const records = await server.local.mf.getKVNamespace("RECORDS");
  await records.delete(`trunk/${org.id}/${org.trunk.id}`);
  await server.local.runCron();
  await until("it to be resolved", () => sent("callbacks_exhausted", org.trunk.id).length === 2);
});

test("the password of ALERT_URL stands in no answer of the operator's, and in no line of the log", async () => {
  const paths = ["/platform/v1/health?checks=true", "/platform/v1/metrics", "/platform/v1/orgs"];
  const headers = { authorization: `Bearer ${server.platform.key}` };
  const told = await Promise.all(paths.map(async (path) => (await fetch(server.url + path, { headers })).text()));
  expect(receiver.received(url).length).toBeGreaterThan(0);
  for (const text of [...told, ...server.log]) expect(text).not.toContain(PASSWORD);
});

const NOWHERE = ["http://10.0.0.1/", "http://8.8.8.8/alerts", "ops.example.com/alerts", "ftp://ops.example.com/", "https://localhost/"];

test.for([...NOWHERE.map((at) => [at, false] as const), ["https://ops.example.com/alerts", true] as const])(
  "an ALERT_URL of %s can be used: %s, and health says so",
  async ([at, isUsable]) => {
    const vars = { ALERT_URL: at, CALLBACK_ALLOW_LOOPBACK: "false" };
    const other = new Server({ vars, secrets: { ALERT_SECRET }, cron: false, outboundService: noNetwork });
    await other.start();
    try {
      await other.local.runCron();
      await (await other.local.mf.getWorker()).queue("audatec-dead-letters", [{ id: "1", timestamp: new Date(), attempts: 4, body: "nobody's" }]);
      const look = async () => (await other.platform.fromRoot<{ bindings: { name: string; bound: boolean }[]; alerts: { sent: boolean }[] }>("GET", "/platform/v1/health")).body;
      const { bindings, alerts } = await until("the alert", async () => {
        const now = await look();
        return now.alerts.length > 0 && now;
      });
      expect(bindings).toContainEqual({ name: "ALERT_URL", bound: isUsable });
      expect(alerts.map(({ sent }) => sent)).toEqual([isUsable]);
    } finally {
      await other.stop();
    }
  },
);
