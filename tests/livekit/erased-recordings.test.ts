// An erasure deletes recordings' files from the organisation's own bucket, despite faults of the storage and a crash of the
// platform.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { found } from "../edge/harness.ts";
import { until } from "../edge/until.ts";
import { FakeStorage } from "./fake/storage.ts";
import { World } from "./world.ts";

interface Erasure {
  id: string;
  status: string;
  calls: number;
  recordings: number;
  recordings_left: number;
}

const folder = mkdtempSync(join(tmpdir(), "erased-recordings-"));
const world = new World({ dataDir: folder });
const storage = new FakeStorage();
beforeAll(async () => {
  await Promise.all([storage.start(), world.start()]);
  const { endpoint, secret } = storage;
  const recordings = { endpoint, secret, region: "ap-south-1", bucket: "calls", prefix: "acme calls/", access_key: "AKIA" };
  found(await world.org.owner.patch("/settings", { recordings }));
});
afterAll(async () => {
  await Promise.all([storage.stop(), world.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

/** Calls of one number, each with a file in the bucket. */
async function recorded(many: number): Promise<{ number: string; files: string[] }> {
  const first = await world.call();
  const others = Array.from({ length: many - 1 }, () => world.call({}, { phone_number: first.number }));
  const files: string[] = [];
  for (const { id } of [first, ...(await Promise.all(others))]) {
    const { recording_url } = await world.org.ended(id, 25_000);
    await until(`the recording of ${id}`, async () => (await fetch(recording_url ?? "", { redirect: "manual" })).status === 302);
    files.push(`/calls/acme calls/${id}.ogg`);
  }
  for (const file of files) storage.files.add(file);
  return { number: first.number, files };
}

async function erase(number: string): Promise<string> {
  const { status, body } = await world.org.owner.post<Erasure>("/erasures", { phone_number: number });
  expect(status).toBe(202);
  return `/erasures/${body.id}`;
}

const completed = (path: string) =>
  until("the erasure to be completed", async () => {
    await world.server.local.runCron();
    const erasure = found(await world.org.owner.get<Erasure>(path));
    return erasure.status === "completed" && erasure;
  }, 60_000);

test("a storage that fails at first, and a crash while it is asked: each file goes, others' stay", { timeout: 120_000 }, async () => {
  const theirs = await recorded(3);
  const others = await recorded(1);
  storage.script.push(503, undefined, undefined);
  const path = await erase(theirs.number);
  await until("the storage to be asked about each", () => storage.asked.length >= 3, 20_000);
  await world.restart();
  const erasure = await completed(path);

  expect(erasure).toMatchObject({ calls: 3, recordings: 3, recordings_left: 0 });
  expect([...storage.files]).toEqual(others.files);
  expect(storage.asked.map(({ status }) => status).sort()).toEqual([204, 204, 204, 503, undefined, undefined]);
  expect(storage.asked.every(({ method, path }) => method === "DELETE" && path.startsWith("/calls/acme%20calls/"))).toBe(true);
});

test("a key that may not delete: the file is left, and counted; and the number is in no answer", { timeout: 60_000 }, async () => {
  const { number, files } = await recorded(2);
  storage.script.push(403);
  const erasure = await completed(await erase(number));

  expect(erasure).toMatchObject({ calls: 2, recordings: 2, recordings_left: 1 });
  expect(files.filter((file) => storage.files.has(file))).toHaveLength(1);
  expect(JSON.stringify(erasure)).not.toContain(number.slice(-8));
});
