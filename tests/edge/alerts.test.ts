// Alerts: each is sent once when it opens and once when it is resolved, signed as callbacks are, and tried again as they are.

import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fill, rowOf, sql } from "../../bench/rows.mjs";
import { FAST, Org, Server } from "./harness.ts";
import { Receiver, type Received } from "./receiver.ts";
import { until } from "./until.ts";

const ALERT_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
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
  const vars = { ...FAST, ALERT_URL: url, ALERT_SECRET, CRON_LATE_SECONDS: "3", STORAGE_LIMIT_BYTES: "4000000" };
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
  const before = sent("cron_late").length;
  // Nothing asks: the operator's own directory wakes by itself.
  await until("the alert", () => sent("cron_late").length > before, 30_000);
  await delay(4_000);
  expect(events(sent("cron_late").slice(before))).toEqual(["alert.opened"]);
  expect(sent("cron_late").at(-1)).toMatchObject({ org_id: null, sip_trunk_id: null });
  await server.local.runCron();
  await until("it to be resolved", () => sent("cron_late").at(-1)?.event === "alert.resolved");
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
