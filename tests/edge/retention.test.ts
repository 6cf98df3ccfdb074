// Old calls leave their trunk's object: for the archive where there is one.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { again, fill, sql } from "../../bench/rows.mjs";
import { expectError, Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import { until } from "./until.ts";

// Whatever is over is old.
const vars = { RETENTION_DAYS: "0" };
const receiver = useReceiver();

async function finished(org: Org, calls: number): Promise<string[]> {
  const url = receiver.url();
  const ids = await Promise.all(Array.from({ length: calls }, () => org.call({ callback_url: url })));
  await receiver.expect(url, calls);
  return ids;
}

describe("with an archive", () => {
  const server = useServer({ vars, archive: true });
  let org: Org;

  beforeAll(async () => {
    org = await Org.create(server, { max_channels: 200 });
  });

  test("each call leaves with its row, once it is over and told, and is not found any more", { timeout: 180_000 }, async () => {
    const ids = await finished(org, 120);
    const bucket = await server.local.mf.getR2Bucket("ARCHIVE");
    const archived = await until(
      "all calls to be archived",
      async () => {
        await server.local.runCron();
        const { objects } = await bucket.list();
        const texts = await Promise.all(objects.map(async ({ key }) => (await bucket.get(key))?.text() ?? ""));
        const calls = texts.flatMap((text) => text.trim().split("\n")).map((line) => JSON.parse(line).call);
        return calls.length >= 120 && { calls, keys: objects.map(({ key }) => key) };
      },
      40_000,
    );
    expect(new Set(archived.calls.map(({ id }) => id))).toEqual(new Set(ids));
    for (const { status, callback } of archived.calls) expect([status, callback.status]).toEqual(["Completed", "delivered"]);
    for (const key of archived.keys) expect(key.startsWith(`calls/${org.id}/${org.trunk.id}/`)).toBe(true);
    for (const id of ids.slice(0, 5)) {
      await until(`${id} to be gone`, async () => (await org.owner.get(`/calls/${id}/status`)).status === 404);
    }
  });
});

describe("without an archive", () => {
  const server = useServer({ vars });

  test("old calls go, open ones stay", { timeout: 180_000 }, async () => {
    const org = await Org.create(server);
    const [id] = await finished(org, 1);
    await until("the call to be gone", async () => {
      await server.local.runCron();
      return (await org.owner.get(`/calls/${id}/status`)).status === 404;
    });
    expectError(await org.owner.get(`/calls/${id}`), 404, "Call not found");
  });
});

describe("of calls that come in as fast as a trunk takes them", () => {
  const OLD = 8_000;
  const MONTH_MS = 30 * 86_400_000;
  /** Calls leave in batches: what a batch takes evens out over so many. */
  const WINDOW_MS = 3_000;
  const dataDir = mkdtempSync(join(tmpdir(), "retention-"));
  const server = useServer({ archive: true, dataDir });
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  test("as many leave, and more, while others are placed", { timeout: 180_000 }, async () => {
    const org = await Org.create(server, { max_channels: 1_000 });
    const template = await org.call();
    await org.ended(template);
    await fill(server.local, org.trunk.id, template, { rows: OLD, from: Date.now() - MONTH_MS - OLD * 1_000 });
    const old = async () => Number((await sql(server.local, org.trunk.id, `SELECT count(*) FROM rows WHERE told_at < ${Date.now() - MONTH_MS}`))[0]?.[0]);
    await server.stop(); // an object that has just looked looks again in ten minutes
    await server.start();
    await again(() => server.local.runCron());

    let fastest = 0;
    for (let before = await old(), at = performance.now(); before > 0; ) {
      const until = performance.now() + WINDOW_MS;
      while (performance.now() < until) {
        expect((await org.trigger()).status).toBe(201);
        await delay(20);
      }
      const [left, now] = [await old(), performance.now()];
      fastest = Math.max(fastest, ((before - left) / (now - at)) * 1_000);
      [before, at] = [left, now];
    }
    console.log(`prove: old calls that leave a trunk while others are placed: ${fastest.toFixed(0)} a second`);
    expect(fastest).toBeGreaterThanOrEqual(200);
  });
});
