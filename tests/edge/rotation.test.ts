// MASTER_KEY and PLATFORM_TOKEN are rotated, and whatever they had created continues to work.

import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { created, FAST, found, Org, Server } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import { until } from "./until.ts";

const receiver = useReceiver();

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rotation-"));
  server = new Server({ dataDir: folder, vars: FAST });
  await server.start();
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts it again with other secrets. */
async function exchange(change: (secrets: Record<string, string>) => void): Promise<void> {
  await server.stop();
  const path = join(folder, "secrets.json");
  const secrets = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
  change(secrets);
  writeFileSync(path, JSON.stringify(secrets));
  await server.start();
}

const list = (token: string | undefined) => server.client(token ?? "").fromRoot("GET", "/platform/v1/orgs");

/** How many copies of keys there are. */
async function copies(): Promise<number> {
  const records = await server.local.mf.getKVNamespace("RECORDS");
  return (await records.list({ prefix: "key/" })).keys.length;
}

test("after the master key and the operator's token were exchanged all of before goes on", { timeout: 90_000 }, async () => {
  const org = await Org.create(server);
  const [unused, viewer] = [await org.client("admin"), await org.client("viewer")];
  const once = { "Idempotency-Key": "order-1" };
  const first = created(await org.owner.post<{ key: string }>("/api-keys", { name: "Once", role: "viewer" }, once));
  const url = receiver.url();
  const call = await org.call({ callback_url: url });
  await org.ended(call);
  const [told] = await receiver.expect(url);
  const delivery = String(told.headers["webhook-id"]);
  const before = { ...server.local.secrets } as Record<string, string>;

  await exchange((secrets) => {
    secrets["MASTER_KEY_PREVIOUS"] = before["MASTER_KEY"] ?? "";
    secrets["PLATFORM_TOKEN_PREVIOUS"] = before["PLATFORM_TOKEN"] ?? "";
    secrets["MASTER_KEY"] = randomBytes(32).toString("base64");
    secrets["PLATFORM_TOKEN"] = `platform_${randomBytes(24).toString("hex")}`;
  });
  const known = await copies();
  found(await list(before["PLATFORM_TOKEN"]));
  found(await list(server.local.secrets.PLATFORM_TOKEN));
  found(await viewer.get(`/calls/${call}`));
  found(await org.owner.get(`/webhooks/deliveries/${delivery}`));
  expect(created(await org.owner.post<{ key: string }>("/api-keys", { name: "Once", role: "viewer" }, once))).toEqual(first);
  found(await server.client(first.key).get("/calls"));
  const again = await org.call({ callback_url: url });
  await org.ended(again);
  found(await viewer.get(`/calls/${again}`));
  found(await viewer.get("/calls?limit=1"));
  const used = [org.owner, viewer, server.client(first.key), await org.client("member")];
  await until("the copies of the keys that were used", async () => (await copies()) >= known + used.length);

  await exchange((secrets) => {
    delete secrets["MASTER_KEY_PREVIOUS"];
    delete secrets["PLATFORM_TOKEN_PREVIOUS"];
  });
  expect((await list(before["PLATFORM_TOKEN"])).status).toBe(401);
  for (const client of [org.owner, viewer, server.client(first.key)]) found(await client.get(`/calls/${again}`));
  expect((await unused.get("/calls")).status, "this one was not used meanwhile").toBe(401);
});
