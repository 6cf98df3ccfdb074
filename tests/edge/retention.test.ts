// Old calls leave their trunk's object: for the archive, if there is one.

import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { again, fill, sql } from "../../bench/rows.mjs";
import { expectError, found, Org, useServer } from "./harness.ts";
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

/** Asks for a call, and for nothing beside: its answer is held against no document. */
async function placer(org: Org): Promise<() => Promise<number | undefined>> {
  const { key } = await org.client("member");
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const body = JSON.stringify(org.request());
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return () =>
    new Promise((done, reject) => {
      const sent = request(`${org.server.url}/integration/v1/calls`, { method: "POST", headers, agent }, (answer) => {
        answer.resume().on("end", () => done(answer.statusCode));
      });
      sent.on("error", reject).end(body);
    });
}

/** Does something so many times a second, for so long. @returns how often that went well; it never goes otherwise */
async function paced(act: () => Promise<number | undefined>, aSecond: number, ms: number): Promise<number> {
  const [startedAt, under, most] = [performance.now(), new Set<Promise<unknown>>(), 32];
  let done = 0;
  for (let n = 0; ; n++) {
    const due = startedAt + (n * 1_000) / aSecond;
    if (due > startedAt + ms || performance.now() > startedAt + ms) break;
    if (due > performance.now()) await delay(due - performance.now());
    if (under.size >= most) await Promise.race(under);
    const one = act().then((status) => {
      expect(status).toBe(201);
      done += 1;
      under.delete(one);
    });
    under.add(one);
  }
  await Promise.all(under);
  return done;
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
  const OLD = 6_000;
  const MONTH_MS = 30 * 86_400_000;
  /** Calls leave in batches: what a batch takes evens out over so many. */
  const WINDOW_MS = 3_000;
  /** So many are asked for a second; on a busy machine fewer are placed. `npm run prove -- retention` wants 200 of them. */
  const PACE = 220;
  const LEAST = Number(process.env["RETENTION_PACE"] ?? 0);
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

    const place = await placer(org);
    const windows: { left: number; placed: number }[] = [];
    for (let before = await old(), at = performance.now(); before > 0; ) {
      const placed = await paced(place, PACE, WINDOW_MS);
      const [left, now] = [await old(), performance.now()];
      const aSecond = (count: number) => (count / (now - at)) * 1_000;
      // The last is over before its time.
      if (left > 0) windows.push({ left: aSecond(before - left), placed: aSecond(placed) });
      [before, at] = [left, now];
    }
    const [best] = windows.sort((one, other) => other.placed - one.placed);
    const { left = 0, placed = 0 } = best ?? {};
    console.log(`prove: old calls that leave a trunk while ${placed.toFixed(0)} a second are placed: ${left.toFixed(0)} a second`);
    expect(placed).toBeGreaterThan(LEAST);
    expect(left).toBeGreaterThanOrEqual(Math.max(placed, LEAST));
  });
});

describe("where little room is left", () => {
  const LIMIT_BYTES = 8_000_000;
  const SHORT = 0.7 * LIMIT_BYTES;
  const HOUR_MS = 3_600_000;
  const dataDir = mkdtempSync(join(tmpdir(), "room-"));
  const server = useServer({ dataDir, vars: { STORAGE_LIMIT_BYTES: String(LIMIT_BYTES) } });
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
  type Storage = { storage: { used_bytes: number; limit_bytes: number; oldest_call_at: string | null } };
  type Row = [status: string, count: number, oldest: number];
  let org: Org;

  const storage = async () => found(await org.owner.get<Storage>(`/sip-trunks/${org.trunk.id}`)).storage;
  const rows = async () => (await sql(server.local, org.trunk.id, "SELECT status, count(*), min(id) FROM rows GROUP BY status")) as Row[];

  /** An object that has just looked for what may leave looks again in ten minutes, or when it is loaded. */
  async function look(): Promise<void> {
    await server.stop();
    await server.start();
    await again(() => server.local.runCron());
  }

  test("refused calls leave first, then the oldest, and none before", { timeout: 120_000 }, async () => {
    org = await Org.create(server, { max_channels: 1 });
    const done = await org.call();
    const refused = (await org.trigger<{ call_id: string }>()).body.call_id;
    await org.ended(done);
    const from = Date.now() - 10 * HOUR_MS;
    const [finished, others] = ["Completed", "Rejected — Capacity"];
    const count = async (status: string) => (await rows()).find(([of]) => of === status)?.[1] ?? 0;
    const fillTo = async (bytes: number, template: string, start: number) => {
      for (let filled = 0; (await storage()).used_bytes < bytes; filled += 400) await fill(server.local, org.trunk.id, template, { rows: 400, from: start + filled * 1_000 });
    };

    // The refused ones are the youngest.
    await fillTo(0.4 * LIMIT_BYTES, done, from);
    await fillTo(0.65 * LIMIT_BYTES, refused, from + 5 * HOUR_MS);
    const [all, young] = [await count(finished), await count(others)];
    await look();
    await delay(1_500);
    expect([await count(finished), await count(others)]).toEqual([all, young]);

    await fillTo(SHORT, refused, from + 8 * HOUR_MS);
    await look();
    await until("there to be room", async () => (await storage()).used_bytes < SHORT, 20_000);
    expect(await count(finished)).toBe(all);
    expect(await count(others)).toBeLessThan((await storage()).used_bytes / 500);

    // More than there is of refused ones.
    await fillTo(SHORT + 1_300 * (await count(others)) + 400_000, done, from + 2 * HOUR_MS);
    const [before, most] = [await storage(), await count(finished)];
    await look();
    // Not one that was accepted leaves while one is there that was refused.
    const seen = await until("there to be room again", async () => {
      const [left, still] = [await count(others), await count(finished)];
      expect(still === most || left === 0, `${left} refused, ${still} of ${most} others`).toBe(true);
      return (await storage()).used_bytes < SHORT && { left, still };
    }, 20_000);
    expect(seen.left).toBe(0);
    const after = await storage();
    expect(Date.parse(after.oldest_call_at ?? "")).toBeGreaterThan(Date.parse(before.oldest_call_at ?? ""));
    expect(after.limit_bytes).toBe(LIMIT_BYTES);
  });
});
