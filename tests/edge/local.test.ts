import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type Local, type LocalOptions, startLocal, tellsOfBreakage } from "../../scripts/lib/local.mjs";

const started: Local[] = [];
const folders: string[] = [];

const logged: string[] = [];

afterEach(async () => {
  for (const local of started.splice(0)) await local.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  expect(logged.splice(0).filter(tellsOfBreakage)).toEqual([]);
});

async function start(options: LocalOptions = {}): Promise<Local> {
  const local = await startLocal({ onLog: (_level, message) => void logged.push(message), ...options });
  started.push(local);
  return local;
}

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "local-"));
  folders.push(folder);
  return folder;
}

test("two Workers without a data folder run side by side and share nothing", async () => {
  const [one, other] = [await start(), await start()];

  expect((await fetch(`${one.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${other.url}/healthz`)).status).toBe(200);
  expect(one.secrets).not.toEqual(other.secrets);
});

test("a data folder keeps records and secrets from one run to the next", async () => {
  const dataDir = dataFolder();
  const first = await startLocal({ dataDir });
  await (await first.mf.getKVNamespace("RECORDS")).put("kept", "yes");
  await first.stop();

  const second = await start({ dataDir });

  expect(await (await second.mf.getKVNamespace("RECORDS")).get("kept")).toBe("yes");
  expect(second.secrets).toEqual(first.secrets);
  expect(statSync(join(dataDir, "secrets.json")).mode & 0o777).toBe(0o600);
});

test("the Worker has the vars of wrangler.toml, those of the local run, and what a test puts in their place", async () => {
  const local = await start({ vars: { SIM_RING_MS: "7", SIM_TALK_MS: null } });

  const env = (await local.mf.getBindings()) as Record<string, unknown>;

  expect(env).toMatchObject({ RING_TIMEOUT_SECONDS: "45", CALLBACK_ALLOW_LOOPBACK: "true", SIM_RING_MS: "7" });
  expect(env).not.toHaveProperty("SIM_TALK_MS");
  expect(Buffer.from(String(env["MASTER_KEY"]), "base64")).toHaveLength(32);
});

test("the cron trigger can be fired by hand", async () => {
  const local = await start({ cron: false });

  await local.runCron();
});

test("a data folder in use is refused, and free again after the stop", async () => {
  const dataDir = dataFolder();
  const first = await startLocal({ dataDir });
  await expect(startLocal({ dataDir })).rejects.toThrow("is in use by another local run");
  await first.stop();

  await start({ dataDir });
});
