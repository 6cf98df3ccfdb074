// What the operator is told about the platform: health, metrics (parsed by prometheus_client), data points, and alerts.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { ensurePython } from "../../scripts/lib/python.mjs";
import { created, expectError, FAST, found, LASTING, METADATA, Org, Server, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import { until } from "./until.ts";

const receiver = useReceiver();

interface Point {
  indexes: string[];
  blobs: string[];
  doubles: number[];
}
const points: Point[] = [];
const server = useServer({ vars: { ...FAST, WEBHOOK_TIMEOUT_SECONDS: "30" }, cron: false, onDataPoint: (point) => void points.push(point) });
/** From this one's queues nothing arrives. */
const stuck = useServer({ vars: LASTING, queues: false, cron: false });

interface Oldest {
  org_id: string;
  sip_trunk_id: string;
  since: string;
}
interface Health {
  deployment: string;
  public_url: string | null;
  bindings: { name: string; bound: boolean }[];
  cron: { last_run_at: string | null; late: boolean; trunks_reached: number; lost_alarms: number; undelivered_notifications: { count: number } };
  queues: { name: string; probed_at: string }[];
  dead_letters: { total: number; last_at: string | null };
  alerts: { alert: string; sip_trunk_id: string | null; sent: boolean }[];
  trunks: { asked: number; unreachable: number; without_alarm: number; oldest_undelivered_callback: Oldest | null; oldest_unclaimed_call: Oldest | null };
  details: { sip_trunk_id: string; without_alarm: boolean; findings: { alert: string }[] }[];
  next_cursor: string | null;
}
const health = async (at: Server, query = "") => found(await at.platform.fromRoot<Health>("GET", `/platform/v1/health${query}`));

test("health is the operator's, and /healthz tells which deployment answers", async () => {
  const org = await Org.create(server);
  expectError(await org.owner.fromRoot("GET", "/platform/v1/health"), 401, "Invalid platform token");
  expectError(await server.platform.fromRoot("GET", "/platform/v1/health?limit=0"), 400, "limit must be a number from 1 to 100");
  expectError(await server.platform.fromRoot("GET", "/platform/v1/health?checks=maybe"), 400, "checks must be true or false");
  const told = await health(server);
  const up = await server.client(null).fromRoot("GET", "/healthz");
  expect(up.headers.get("x-deployment")).toBe(told.deployment);
  expect((await stuck.client(null).fromRoot("GET", "/healthz")).headers.get("x-deployment")).not.toBe(told.deployment);
  expect(told.public_url).toBe(server.url);
  const bound = Object.fromEntries(told.bindings.map(({ name, bound }) => [name, bound]));
  expect(bound).toMatchObject({ MASTER_KEY: true, TRUNKS: true, DISPATCH: true, ALERT_URL: false, ALERT_SECRET: false, ARCHIVE: false, METRICS: true });
});

test("health tells the cron's last run, and a message through each queue", async () => {
  // The first run of a fresh deployment is due within a minute.
  expect((await health(stuck)).cron).toMatchObject({ last_run_at: null, late: false });
  await server.local.runCron();
  const { cron } = await health(server, "?probe=true");
  expect(cron).toMatchObject({ late: false });
  expect(Date.parse(cron.last_run_at ?? "")).toBeGreaterThan(Date.now() - 60_000);
  const { queues } = await until("all queues to be seen", async () => {
    const now = await health(server);
    return now.queues.length === 3 && now;
  });
  expect(queues.map(({ name }) => name).sort()).toEqual(["CALLBACKS", "DISPATCH", "HANGUPS"]);
});

test("health tells the oldest call that nobody has claimed, and the oldest callback that is on its way", async () => {
  const org = await Org.create(stuck);
  expect((await health(stuck)).trunks.oldest_unclaimed_call).toBeNull();
  await org.call();
  const { oldest_unclaimed_call } = (await health(stuck)).trunks;
  expect(oldest_unclaimed_call).toMatchObject({ org_id: org.id, sip_trunk_id: org.trunk.id });
  expect(Date.now() - Date.parse(oldest_unclaimed_call?.since ?? "")).toBeLessThan(30_000);

  const other = await Org.create(server);
  let answer = () => {};
  const url = receiver.url({ status: 200, after: new Promise<void>((resolve) => (answer = resolve)) });
  await other.call({ callback_url: url });
  await receiver.expect(url);
  const { oldest_undelivered_callback } = (await health(server)).trunks;
  expect(oldest_undelivered_callback).toMatchObject({ sip_trunk_id: other.trunk.id });
  answer();
  await until("it to be delivered", async () => (await health(server)).trunks.oldest_undelivered_callback === null);
});

/** As a fault of the runtime would: the local build knows how. */
async function loseAlarm({ server }: Org, objects: string, name: string): Promise<void> {
  const namespace = await server.local.mf.getDurableObjectNamespace(objects);
  const object = namespace.get(namespace.idFromName(name));
  await (await object.fetch("http://object/local/sql", { method: "POST", body: "DELETE ALARM" })).text();
}

test("an object without an alarm is told of, and woken", async () => {
  const org = await Org.create(stuck);
  await org.call();
  expect((await health(stuck)).trunks.without_alarm).toBe(0);
  await loseAlarm(org, "TRUNKS", org.trunk.id.slice(0, 8));
  const told = await health(stuck);
  expect(told.trunks.without_alarm).toBe(1);
  expect(told.details).toMatchObject([{ sip_trunk_id: org.trunk.id, without_alarm: true }]);
  expect((await health(stuck)).trunks.without_alarm).toBe(0);

  await loseAlarm(org, "TRUNKS", org.trunk.id.slice(0, 8));
  await stuck.local.runCron();
  expect((await health(stuck)).cron.lost_alarms).toBe(1);

  // Nobody hears of a test event, since no queue is consumed: the directory waits to send it again.
  expect((await org.owner.post("/webhooks/test", { url: receiver.url() })).status).toBe(202);
  await stuck.local.runCron();
  expect((await health(stuck)).cron).toMatchObject({ lost_alarms: 1, undelivered_notifications: { count: 1, oldest: { org_id: org.id } } });
  await loseAlarm(org, "DIRECTORIES", org.id);
  await stuck.local.runCron();
  expect((await health(stuck)).cron.lost_alarms).toBe(2);

  const draft = { name: "June", agent_id: org.agent.id, sip_trunk_id: org.trunk.id };
  const { id } = created(await org.owner.post<{ id: string }>("/campaigns", draft));
  found(await org.owner.post(`/campaigns/${id}/recipients`, { recipients: [{ reference: "1", phone_number: "+919876543210", metadata: METADATA }] }));
  found(await org.owner.post(`/campaigns/${id}/start`, {}));
  await stuck.local.runCron();
  expect((await health(stuck)).cron.lost_alarms).toBe(2);
  await loseAlarm(org, "CAMPAIGNS", `${org.id}/${id}`);
  await stuck.local.runCron();
  expect((await health(stuck)).cron.lost_alarms).toBe(3);
  await stuck.local.runCron();
  expect((await health(stuck)).cron.lost_alarms).toBe(3);
});

test("a trunk that is idle has lost no alarm, however often its object is loaded anew", { timeout: 60_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "operating-"));
  const idle = new Server({ vars: FAST, cron: false, dataDir });
  await idle.start();
  try {
    const org = await Org.create(idle);
    await org.ended(await org.call());
    // Of each state a campaign that waits for nobody.
    const draft = { name: "June", agent_id: org.agent.id, sip_trunk_id: org.trunk.id };
    for (const state of ["draft", "paused", "completed"]) {
      const { id } = created(await org.owner.post<{ id: string }>("/campaigns", draft));
      if (state === "draft") continue;
      found(await org.owner.post(`/campaigns/${id}/recipients`, { recipients: [{ reference: "1", phone_number: "+919876543210", metadata: METADATA }] }));
      found(await org.owner.post(`/campaigns/${id}/start`, {}));
      if (state === "paused") found(await org.owner.post(`/campaigns/${id}/pause`, {}));
      else await until("it to be over", async () => found(await org.owner.get<{ status: string }>(`/campaigns/${id}`)).status === "completed");
    }
    for (const _ of [1, 2]) {
      await idle.stop();
      await idle.start();
      await idle.local.runCron();
      expect((await health(idle)).cron.lost_alarms).toBe(0);
    }
    await idle.stop();
    await idle.start();
    expect((await health(idle)).trunks.without_alarm).toBe(0);
  } finally {
    await idle.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test("health goes over all trunks in pages, and misses none", async () => {
  const org = await Org.create(stuck);
  await org.newTrunk();
  let asked = 0;
  let pages = 0;
  for (let cursor = ""; ; pages++) {
    const told = await health(stuck, `?limit=1${cursor}`);
    asked += told.trunks.asked;
    if (told.next_cursor === null) break;
    cursor = `&cursor=${told.next_cursor}`;
  }
  expect(asked).toBe((await health(stuck, "?limit=100")).trunks.asked);
  expect(pages).toBe(asked - 1);
});

let python: string;
beforeAll(async () => {
  python = await ensurePython("openmetrics", "tests/edge/openmetrics/requirements.txt");
});

interface Family {
  name: string;
  type: string;
  unit: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

async function metrics(query = ""): Promise<Family[]> {
  const { url, platform } = server;
  const answer = await fetch(`${url}/platform/v1/metrics${query}`, { headers: { authorization: `Bearer ${platform.key}` } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  const { stdout, stderr, status } = spawnSync(`${python}/python3`, [inRoot("tests/edge/openmetrics/read.py")], { input: await answer.text(), encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Family[];
}

/** The samples of one trunk by family, and what else tells them apart. */
function ofTrunk(families: Family[], id: string): Record<string, number> {
  const own: Record<string, number> = {};
  for (const { name, samples } of families) {
    for (const { labels, value } of samples) {
      if (labels["sip_trunk_id"] !== id) continue;
      const { org_id, sip_trunk_id, ...more } = labels;
      own[[name, ...Object.values(more)].join(" ")] = value;
    }
  }
  return own;
}

test("metrics are OpenMetrics text of what GET /usage adds up to, and go on rising when the object is loaded anew", async () => {
  const org = await Org.create(server, { max_channels: 7 });
  const counted = async () => ofTrunk(await metrics(), org.trunk.id);
  const place = async (phone_number: string, status: number) => {
    const url = receiver.url(status);
    const id = await org.call({ phone_number, callback_url: url });
    await org.ended(id);
    await until("its callback to be over", async () => (await org.detail(id)).callback?.status !== "pending");
    return id;
  };
  await place("+15005550000", 200);
  expect(await counted()).toMatchObject({ "audatec_calls completed": 1, "audatec_callbacks delivered": 1 });
  await place("+15005550001", 200);
  const exhausted = await place("+15005550003", 410);
  const first = await counted();
  expect(first).toMatchObject({
    "audatec_calls completed": 1,
    "audatec_calls declined": 1,
    "audatec_calls rejected": 0,
    "audatec_calls_answered": 1,
    "audatec_callbacks delivered": 2,
    "audatec_callbacks exhausted": 1,
    "audatec_callbacks_pending": 0,
    "audatec_channels_in_use": 0,
    "audatec_channels_max": 7,
    "audatec_calls_waiting": 0,
    "audatec_breaker_open": 0,
  });
  const failed = Object.entries(first).filter(([name]) => name.startsWith("audatec_calls failed"));
  expect(failed.map(([, count]) => count)).toEqual([1]);
  expect(first["audatec_storage_bytes"]).toBeGreaterThan(0);

  // A callback that was given up, and is then delivered by hand, takes nothing back.
  const [delivery] = found(await org.owner.get<{ deliveries: { id: string }[] }>(`/webhooks/deliveries?call_id=${exhausted}`)).deliveries;
  await until("it to be delivered by hand", async () => {
    await org.owner.post(`/webhooks/deliveries/${delivery?.id}/redeliver`);
    return true;
  });
  const again = await counted();
  for (const [name, count] of Object.entries(first)) if (/calls|callbacks (del|ex)|talk/.test(name)) expect(again[name], name).toBeGreaterThanOrEqual(count);

  const families = await metrics();
  const byName = Object.fromEntries(families.map(({ name, type, unit }) => [name, `${type} ${unit}`.trim()]));
  expect(byName).toMatchObject({ audatec_calls: "counter", audatec_talk_seconds: "counter seconds", audatec_storage_bytes: "gauge bytes", audatec_dead_letters: "counter" });
  expect(families.find(({ name }) => name === "audatec_trunks_unreachable")?.samples).toMatchObject([{ value: 0 }]);

  const parts = await Promise.all([0, 1, 2].map((shard) => metrics(`?shard=${shard}&shards=3`)));
  const has = parts.filter((families) => Object.keys(ofTrunk(families, org.trunk.id)).length > 0);
  expect(has).toHaveLength(1);
  expectError(await server.platform.fromRoot("GET", "/platform/v1/metrics?shard=3&shards=3"), 400, "shard must be a number below shards");
  expectError(await server.platform.fromRoot("GET", "/platform/v1/metrics?shards=0"), 400, "shards must be a number from 1 to 1000");
  expectError(await org.owner.fromRoot("GET", "/platform/v1/metrics"), 401, "Invalid platform token");
});

test("where a dataset is bound, each run of the cron writes a data point of each trunk", async () => {
  const org = await Org.create(server, { max_channels: 9 });
  const id = await org.call({ callback_url: receiver.url() });
  await org.ended(id);
  await until("its callback to be delivered", async () => (await org.detail(id)).callback?.status === "delivered");
  points.length = 0;
  await server.local.runCron();
  const point = await until("the trunk's point", () => points.find(({ blobs }) => blobs[1] === org.trunk.id));
  expect(point.indexes).toEqual([org.id]);
  expect(point.blobs).toEqual([org.id, org.trunk.id]);
  expect(point.doubles.slice(0, 5)).toEqual([1, 0, 0, 0, 1]);
  expect(point.doubles.slice(6)).toEqual([1, 0, 0, 0, 9, 0, expect.any(Number), 0, 1]);
});
