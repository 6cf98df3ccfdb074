// Many callbacks due at the same time, as after an hour in which the Worker was away, with queues as Cloudflare runs them: one
// consumer per queue, with the batches of wrangler.toml. However long that takes, no receiver that answers gets one twice. `npm
// run prove -- backlog` does it with 5,000.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Yesterday } from "../../bench/yesterday.mjs";
import { found, Org, Server } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { DeliveryObject, Page } from "./shapes.ts";
import { until } from "./until.ts";

const BACKLOG = Number(process.env["BACKLOG"] ?? 500);
const HOUR_MS = 3_600_000;
/** A lease is over by then: a copy that a slow queue still held, or a row that lost its result, would have been sent again. */
const LONGER_THAN_A_LEASE_MS = 25_000;
const PATIENCE_MS = 60_000 + BACKLOG * 60;

const folder = mkdtempSync(join(tmpdir(), "backlog-"));
const receiver = useReceiver();
const server = new Server({ dataDir: folder, asDeployed: true, vars: { WEBHOOK_TIMEOUT_SECONDS: "30", WEBHOOK_RETRY_SECONDS: "5,300,1800,36000" } });
let org: Org;
let url: string;
let due: string[];

beforeAll(async () => {
  await server.start();
  org = await Org.create(server, { max_channels: 10_000 });
  url = receiver.url({ status: 200, afterMs: 30 });
  const rows = new Yesterday(server.local, org.trunk.id, { org: org.id, agent: org.agent.id });
  await rows.begin({ max_cps: 1000, max_channels: 10_000 });
  const now = Date.now();
  due = await rows.write("pending_late", { count: BACKLOG, from: now - 3 * HOUR_MS, stepMs: HOUR_MS / BACKLOG, url, dueAt: now - HOUR_MS });
  await server.stop();
  await server.start();
}, 60_000 + BACKLOG * 10);

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("of many callbacks that are due at once after a restart each is sent once", { timeout: PATIENCE_MS + LONGER_THAN_A_LEASE_MS + 30_000 }, async () => {
  const startedAt = performance.now();
  await org.status(due[0] ?? ""); // as the alarm or the cron would wake it
  const sent = () => receiver.notifications(url).map(({ call_id }) => call_id);
  await until("all of them to be sent", async () => (await delay(200), new Set(sent()).size === BACKLOG), PATIENCE_MS);
  const took = (performance.now() - startedAt) / 1_000;
  await until(
    "all of them to count as delivered",
    async () => {
      await delay(500);
      return found(await org.owner.get<Page<"deliveries", DeliveryObject>>("/webhooks/deliveries?status=pending&limit=1")).deliveries.length === 0;
    },
    PATIENCE_MS,
  );
  await delay(LONGER_THAN_A_LEASE_MS);

  const again = sent().length - BACKLOG;
  console.log(`prove: as deployed, ${BACKLOG.toLocaleString("en")} callbacks due at once: sent in ${took.toFixed(1)} s, ${again} of them twice`);
  expect(again).toBe(0);
  expect(new Set(sent())).toEqual(new Set(due));
});
