// `npm run doctor`: each planted fault is found and named, with how to fix it; if nothing is wrong it says so, and exits with 0.

import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { startLocal } from "../../scripts/lib/local.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { Org, useServer } from "../edge/harness.ts";
import { until } from "../edge/until.ts";
import { useWorld } from "./world.ts";

interface Line {
  level: "ok" | "warn" | "fail";
  name: string;
  what: string;
  mend?: string;
}

/** What the doctor says of a deployment, and its exit code. */
async function doctor(url: string, token: string, apiKey?: string | null) {
  const env = { ...process.env, PLATFORM_TOKEN: token, ...(apiKey && { AUDATEC_API_KEY: apiKey }) };
  const child = spawn(process.execPath, [inRoot("scripts/doctor.mjs"), url, "--json"], { env, stdio: ["ignore", "pipe", "inherit"] });
  const [output, code] = await Promise.all([text(child.stdout), new Promise<number | null>((done) => child.on("exit", done))]);
  const { ok, lines } = JSON.parse(output) as { ok: boolean; lines: Line[] };
  for (const { level, mend } of lines) if (level !== "ok") expect(mend).toMatch(/\S/);
  expect(code).toBe(ok ? 0 : 1);
  return { ok, lines, failed: lines.filter(({ level }) => level === "fail").map(({ name }) => name) };
}

const ALERTS = { vars: { ALERT_URL: "http://127.0.0.1:9/" }, secrets: { ALERT_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } };
const world = useWorld({ cron: false, ...ALERTS });
const { server } = world;
const examine = () => doctor(server.url, server.platform.key ?? "", world.org.owner.key);
const line = (lines: Line[], name: string) => lines.find((line) => line.name === name);

test("before the cron ran and before any call, the doctor says so", async () => {
  const { ok, lines, failed } = await examine();
  expect(ok).toBe(true);
  expect(failed).toEqual([]);
  // In the first minute of a deployment nobody can know yet.
  expect(line(lines, "cron")).toMatchObject({ level: "warn", what: "it has not run yet: the first run is due within a minute" });
  const trunk = `trunk ${world.org.trunk.id}`;
  expect(line(lines, trunk)).toMatchObject({ level: "ok" });
  expect(line(lines, `${trunk} webhook`)).toMatchObject({ level: "warn", what: "never seen", mend: expect.stringContaining(`${server.url}/carrier/livekit`) });
  expect(line(lines, `${trunk} agent`)).toMatchObject({ level: "warn" });
});

test("where all is well nothing fails, and a dry run is tried", async () => {
  await server.local.runCron();
  await world.ended(await world.call());
  const { ok, lines, failed } = await examine();
  expect(failed).toEqual([]);
  expect(ok).toBe(true);
  const trunk = `trunk ${world.org.trunk.id}`;
  for (const name of [`${trunk} webhook`, `${trunk} agent`, "PUBLIC_URL", "queue DISPATCH", "queue HANGUPS", "queue CALLBACKS", "cron", "trunks", "dry run", "ALERT_URL"]) {
    expect(line(lines, name), name).toMatchObject({ level: "ok" });
  }
  expect(lines.filter(({ level }) => level === "warn")).toEqual([]);
});

test("a trunk's wrong key, secret, SIP trunk and server are each named, and how to mend it", async () => {
  const { carrier } = world.livekit;
  const faults: [check: string, carrier: Record<string, unknown>][] = [
    ["api_key", { api_key: "APIother" }],
    ["api_secret", { api_secret: "another secret" }],
    ["sip_trunk", { sip_trunk_id: "ST_other" }],
    ["server", { url: "ws://127.0.0.1:9" }],
  ];
  const trunks: [string, string][] = [];
  for (const [check, change] of faults) trunks.push([check, (await world.org.newTrunk({ carrier: { ...carrier, ...change } })).id]);
  await until("the trunks to be known", async () => {
    const { body } = await server.platform.fromRoot<{ trunks: { asked: number } }>("GET", "/platform/v1/health");
    return body.trunks.asked === 5;
  });
  const { failed } = await examine();
  expect(failed.sort()).toEqual(trunks.map(([check, id]) => `trunk ${id} ${check}`).sort());
  for (const [, id] of trunks) expect((await world.org.owner.delete(`/sip-trunks/${id}`)).status).toBe(204);
});

test("a wrong operator's token and a wrong API key are told", async () => {
  expect((await doctor(server.url, "another")).failed).toEqual(["PLATFORM_TOKEN"]);
  const { failed } = await doctor(server.url, server.platform.key ?? "", "audtk_wrong");
  expect(failed).toEqual(["dry run"]);
});

test("what is not there is told: nothing at the URL, a server that is another's", async () => {
  expect((await doctor("http://127.0.0.1:9", "x")).failed).toEqual(["worker"]);
  const shop = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>Welcome</html>"));
  await new Promise<void>((done) => shop.listen(0, "127.0.0.1", done));
  const { port } = shop.address() as AddressInfo;
  expect((await doctor(`http://127.0.0.1:${port}`, "x")).failed).toEqual(["worker"]);
  shop.closeAllConnections();
  await new Promise((done) => shop.close(done));
});

test("a missing or short MASTER_KEY is told", async () => {
  // Whose every answer is 503, the document of the API too.
  const broken = await startLocal({ cron: false, secrets: { MASTER_KEY: "c2hvcnQ=" }, onLog: () => {} });
  expect((await doctor(broken.url, "x")).failed).toEqual(["MASTER_KEY"]);
  await broken.stop();
});

const faulty = useServer({
  cron: false,
  queues: false,
  unbound: ["HANGUPS"],
  vars: { PUBLIC_URL: "http://127.0.0.1:9", ALERT_URL: "http://127.0.0.1:9/" },
  secrets: { CARRIER_KEYS: null },
});

test("missing bindings and secrets, queues from which nothing comes and a PUBLIC_URL that leads elsewhere are told", async () => {
  await Org.create(faulty);
  const { failed, lines } = await doctor(faulty.url, faulty.platform.key ?? "");
  expect(failed.sort()).toEqual(["ALERT_SECRET", "HANGUPS", "PUBLIC_URL", "queue CALLBACKS", "queue DISPATCH"].sort());
  expect(line(lines, "CARRIER_KEYS")).toMatchObject({ level: "warn" });
  expect(line(lines, "dry run")).toMatchObject({ level: "warn", what: "not tried" });
});

test("what waits for days, secrets of former keys and a platform that does not reach itself are told", async () => {
  interface Told {
    now: string;
    deployment: string;
    cron: object;
    carrier_keys: object;
  }
  const { body } = await server.platform.fromRoot<Told>("GET", "/platform/v1/health?checks=true");
  const waits = { count: 2, oldest: { org_id: world.org.id, since: new Date(Date.now() - 90_000_000).toISOString() } };
  const told = {
    ...body,
    cron: { ...body.cron, undelivered_notifications: waits, pending_erasures: waits, pending_deletions: waits },
    carrier_keys: { ...body.carrier_keys, former_secrets: 3 },
    public_url_check: { name: "public_url", ok: false, message: "Something else answers there" },
    queues: ["DISPATCH", "HANGUPS", "CALLBACKS"].map((name) => ({ name, probed_at: body.now })),
  };
  const deployment = createServer(({ url }, response) => {
    response.writeHead(200, { "content-type": "application/json", "x-deployment": body.deployment });
    response.end(url?.startsWith("/platform") ? JSON.stringify(told) : "{}");
  });
  await new Promise<void>((done) => deployment.listen(0, "127.0.0.1", done));
  const { lines } = await doctor(`http://127.0.0.1:${(deployment.address() as AddressInfo).port}`, "x");
  deployment.closeAllConnections();
  await new Promise((done) => deployment.close(done));
  for (const name of ["undelivered notifications", "pending erasures", "pending deletions"]) {
    expect(line(lines, name), name).toMatchObject({ level: "warn", what: expect.stringMatching(/^2, the oldest 9\d{4} s old, of organisation /) });
  }
  expect(line(lines, "CARRIER_KEYS")?.what).toContain("keep its former keys, 3 secrets are sealed with them");
  expect(line(lines, "PUBLIC_URL")).toMatchObject({ level: "warn", what: expect.stringContaining("Something else answers there") });
});
