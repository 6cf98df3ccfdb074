import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { npmCi } from "../../scripts/lib/setup.mjs";
import { freePort, LocalProcess, readDemo } from "./local-process.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 120_000;

let dataDir: string;
let port: number;
let runs: LocalProcess[];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "local-run-"));
  port = await freePort();
  runs = [];
});

afterEach(async () => {
  for (const run of runs) await run.kill("SIGTERM");
  rmSync(dataDir, { recursive: true, force: true });
});

test("`npm start` serves, seeds a demo organisation and tells its keys to the owner alone", { timeout: TIMEOUT_MS }, async () => {
  const run = npmStart();
  await run.ready();

  expect(statSync(join(dataDir, "demo.env")).mode & 0o777).toBe(0o600);
  expect(statSync(join(dataDir, "secrets.json")).mode & 0o777).toBe(0o600);
  const demo = readDemo(dataDir);
  expect(Object.keys(demo)).toEqual([
    "BASE_URL",
    "OWNER_KEY",
    "ADMIN_KEY",
    "MEMBER_KEY",
    "VIEWER_KEY",
    "AGENT_ID",
    "TRUNK_ID",
    "WEBHOOK_SECRET",
    "PLATFORM_TOKEN",
  ]);
  expect(Object.values(demo).every((value) => value.length > 0)).toBe(true);
  expect(demo["BASE_URL"]).toBe(`http://127.0.0.1:${port}`);
  expect(run.output).toContain(demo["OWNER_KEY"]);
  expect(run.output).toContain(`http://127.0.0.1:${port}/studio`);
  expect(await (await fetch(`http://127.0.0.1:${port}/studio`)).text()).toContain("/studio/assets/");

  const curl = /^curl (?:.*\\\n)*.*/m.exec(run.output)?.[0] ?? "no curl printed";
  const call = await output("bash", ["-c", curl]);
  expect(JSON.parse(call)).toMatchObject({ call_id: expect.any(String) });

  expect(await run.kill("SIGTERM")).toBe(0);
  expect(existsSync(join(dataDir, "owner.json"))).toBe(false);
});

test("what only builds need is installed wherever NODE_ENV says production", { timeout: TIMEOUT_MS }, async () => {
  const there = { version: "1.0.0", dev: true };
  const lock = { name: "here", version: "1.0.0", lockfileVersion: 3, requires: true };
  const packages = { "": { name: "here", version: "1.0.0", devDependencies: { there: "file:there" } } };
  const linked = { "node_modules/there": { resolved: "there", link: true }, there };
  mkdirSync(join(dataDir, "there"));
  writeFileSync(join(dataDir, "package.json"), JSON.stringify(packages[""]));
  writeFileSync(join(dataDir, "there/package.json"), JSON.stringify({ name: "there", version: "1.0.0" }));
  writeFileSync(join(dataDir, "package-lock.json"), JSON.stringify({ ...lock, packages: { ...packages, ...linked } }));
  vi.stubEnv("NODE_ENV", "production");
  try {
    await npmCi(dataDir);
  } finally {
    vi.unstubAllEnvs();
  }
  expect(existsSync(join(dataDir, "node_modules/there/package.json"))).toBe(true);
});

test("after kill -9 the next start ends the workerd left over and goes on with the same data", { timeout: TIMEOUT_MS }, async () => {
  const first = npmStart();
  await first.ready();
  const before = readDemo(dataDir);
  const { node, workerd } = JSON.parse(readFileSync(join(dataDir, "owner.json"), "utf8"));
  process.kill(node.pid, "SIGKILL");
  await first.ended;
  expect(isAlive(workerd.pid), "workerd outlives its parent").toBe(true);

  const second = npmStart();
  await second.ready();

  expect(second.output).toContain(`stopping workerd ${workerd.pid}`);
  expect(isAlive(workerd.pid)).toBe(false);
  expect(readDemo(dataDir)).toEqual(before);
  expect(second.output).toContain(before["OWNER_KEY"]);
});

test("when workerd alone is killed the start ends too, and the next goes on", { timeout: TIMEOUT_MS }, async () => {
  const first = npmStart();
  await first.ready();
  const before = readDemo(dataDir);
  const { workerd } = JSON.parse(readFileSync(join(dataDir, "owner.json"), "utf8"));
  process.kill(workerd.pid, "SIGKILL");

  expect(await first.ended).toBe(1);
  expect(first.output).toContain("workerd, the server process, was killed from outside");

  const second = npmStart();
  await second.ready();
  expect(readDemo(dataDir)).toEqual(before);
});

test("after a machine slept its queues go on: what was asked for meanwhile is dialed, and what comes after", { timeout: TIMEOUT_MS }, async () => {
  const run = npmStart({ SIM_RING_MS: "50", SIM_TALK_MS: "50", SIM_JOURNAL: "true" });
  await run.ready();
  const { BASE_URL, OWNER_KEY, AGENT_ID, TRUNK_ID } = readDemo(dataDir);
  const headers = { authorization: `Bearer ${OWNER_KEY}`, "content-type": "application/json" };
  const metadata = { customer_name: "R", amount_due: "1", due_date: "2026-06-20" };
  const body = JSON.stringify({ phone_number: "+15005550000", agent_id: AGENT_ID, sip_trunk_id: TRUNK_ID, metadata });
  const place = async () => {
    const answer = await fetch(`${BASE_URL}/integration/v1/calls`, { method: "POST", headers, body });
    return ((await answer.json()) as { call_id: string }).call_id;
  };
  const completes = (id: string) =>
    until(`call ${id} to complete`, async () => {
      const answer = await fetch(`${BASE_URL}/integration/v1/calls/${id}/status`, { headers });
      return ((await answer.json()) as { call_status: string }).call_status === "Completed";
    }, 30_000);
  await completes(await place());
  const { node } = JSON.parse(readFileSync(join(dataDir, "owner.json"), "utf8")) as { node: { pid: number } };

  process.kill(node.pid, "SIGSTOP");
  await delay(6_500); // longer than Node keeps an idle connection
  const meanwhile = await place();
  await delay(500);
  process.kill(node.pid, "SIGCONT");

  await completes(meanwhile);
  await completes(await place());
});

test("a start killed while seeding is made good by the next", { timeout: TIMEOUT_MS }, async () => {
  const first = npmStart();
  await first.ready();
  await first.kill("SIGTERM");
  rmSync(join(dataDir, "demo.env")); // as if it had died before the last step
  writeFileSync(join(dataDir, "seeding"), "");

  const second = npmStart();
  await second.ready();

  expect(second.output).toContain("an organisation was created for you");
  expect(existsSync(join(dataDir, "seeding"))).toBe(false);
  expect(Object.keys(readDemo(dataDir))).toContain("OWNER_KEY");
});

test("a second start on the same data folder is refused, with the reason", { timeout: TIMEOUT_MS }, async () => {
  const first = npmStart();
  await first.ready();

  const second = npmStart({ PORT: String(await freePort()) });

  expect(await second.ended).not.toBe(0);
  expect(second.output).toMatch(/is in use by another local run \(process \d+\) at http:\/\/127\.0\.0\.1:\d+/);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
});

test("a start on a port that something else has is refused, with the reason", { timeout: TIMEOUT_MS }, async () => {
  const other = createServer().listen(port, "127.0.0.1");
  try {
    const run = npmStart();

    expect(await run.ended).not.toBe(0);
    expect(run.output).toContain(`Port ${port} is taken by another program`);
    expect(existsSync(join(dataDir, "owner.json"))).toBe(false);
  } finally {
    other.close();
  }
});

function npmStart(env: NodeJS.ProcessEnv = {}): LocalProcess {
  const run = new LocalProcess({ PORT: String(port), DATA_DIR: dataDir, ...env });
  runs.push(run);
  return run;
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function output(command: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk) => (text += chunk));
    child.on("error", reject);
    child.on("close", () => resolve(text));
  });
}
