// A trunk's LiveKit secret: stored only encrypted, and never in a response or a log.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { found, Org } from "../edge/harness.ts";
import type { EgressRequest } from "./fake/room.ts";
import { World } from "./world.ts";

const SECRET = "s3cret-that-nobody-may-see";
const folder = mkdtempSync(join(tmpdir(), "secrets-"));
const logged: string[] = [];
const world = new World({ dataDir: folder, onLog: (_level, message) => void logged.push(message) });
beforeAll(() => world.start());
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const TIMEOUT = { timeout: 60_000 };

test("it is nowhere on disk, in no answer and in no log", TIMEOUT, async () => {
  const trunk = await world.org.newTrunk({ carrier: { ...world.livekit.carrier, api_secret: SECRET } });
  const { id } = await world.call({}, { sip_trunk_id: trunk.id });
  await world.org.ended(id);
  const { owner } = world.org;
  for (const path of [`/sip-trunks/${trunk.id}`, "/sip-trunks", "/audit-log", `/calls/${id}`, `/sip-trunks/${trunk.id}/live`]) {
    expect((await owner.get(path)).text).not.toContain(SECRET);
  }
  expect(JSON.stringify(trunk)).not.toContain(SECRET);
  const wrong = await owner.patch(`/sip-trunks/${trunk.id}`, { carrier: { api_secret: SECRET, url: "ftp://x" } });
  expect(wrong.status).toBe(400);
  expect(wrong.text).not.toContain(SECRET);
  expect(logged.filter((line) => line.includes(SECRET))).toEqual([]);
  const leaked = execFileSync("sh", ["-c", `grep -rlF '${SECRET}' '${folder}' || true`]).toString();
  expect(leaked).toBe("");
});

/** Starts again with other keys than before. */
async function withKeys(change: (keys: string) => string): Promise<void> {
  const path = join(folder, "secrets.json");
  await world.restart(() => {
    const secrets = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
    writeFileSync(path, JSON.stringify({ ...secrets, CARRIER_KEYS: change(secrets["CARRIER_KEYS"] ?? "") }));
  });
}

/** The recording of a call that was asked for. */
function egress(call: string): EgressRequest | undefined {
  const asked = world.livekit.asked.find(({ method, body }) => method === "Egress/StartRoomCompositeEgress" && body["room_name"] === call);
  return asked?.body as EgressRequest | undefined;
}

test("a rotated key: the old one still opens, a change seals anew, then the old one may go", TIMEOUT, async () => {
  const newKey = `k2:${Buffer.alloc(32, 7).toString("base64")}`;
  const storage = { bucket: "calls", access_key: "AKIA", secret: "the storage's secret" };
  found(await world.org.owner.patch("/settings", { recordings: storage }));
  await withKeys((keys) => `${newKey},${keys}`);
  expect((await world.ended(await world.call())).call_status).toBe("Completed");

  const { owner } = world.org;
  found(await owner.patch(`/sip-trunks/${world.org.trunk.id}`, { carrier: { type: "livekit" } }));
  found(await owner.patch("/settings", { recordings: { bucket: "calls" } }));
  await withKeys(() => newKey);
  const placed = await world.call();
  expect((await world.ended(placed)).call_status).toBe("Completed");
  const [file] = egress(placed.id)?.file_outputs ?? [];
  expect(file?.s3["secret"]).toBe("the storage's secret");
});

test("a key that is lost: calls end Trigger Failed, and nothing is dialed", TIMEOUT, async () => {
  await withKeys(() => `k3:${Buffer.alloc(32, 9).toString("base64")}`);
  const placed = await world.call();
  expect((await world.org.ended(placed.id)).call_status).toBe("Trigger Failed");
  expect(world.livekit.dials.get(placed.number)).toBeUndefined();
  expect((await world.org.detail(placed.id)).timeline.at(-1)?.detail).toMatch(/: credentials missing \(/);

  await withKeys(() => "");
  const refused = await world.org.owner.post("/sip-trunks", {
    name: "No key",
    trunk_phone: "+15550000000",
    max_cps: 1,
    max_channels: 1,
    carrier: world.livekit.carrier,
  });
  expect(refused.status).toBe(503);
  expect((await Org.create(world.server)).trunk.carrier).toEqual({ type: "simulator" });
});
