// The guide's samples, each in its own language, against the served API: what a reader copies is what runs here.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSources } from "../../scripts/docs/sources.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { Org, useServer } from "./harness.ts";
import { type Received, useReceiver } from "./receiver.ts";
import { until } from "./until.ts";

const server = useServer({ vars: { SIM_RING_MS: "50", SIM_TALK_MS: "50" } });
const receiver = useReceiver();
const SAMPLES = inRoot("docs/samples");
const sample = (name: string) => join(SAMPLES, name);

const GO = ["go", "/usr/local/go/bin/go"].find((go) => has(go, ["version"]));
const THERE: Record<string, boolean> = {
  Node: true,
  Python: has("python3", ["--version"]),
  Go: GO !== undefined,
  Java: has("java", ["--version"]),
  PHP: has("php", ["--version"]),
  "PHP with curl": has("php", ["-r", "exit(extension_loaded('curl') ? 0 : 1);"]),
};
for (const [language, there] of Object.entries(THERE)) if (!there) console.warn(`SKIPPED: the guide's samples in ${language}, which is not installed`);

function has(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

let folder: string;
let org: Org;
let genuine: Received;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "samples-"));
  org = await Org.create(server);
  const url = receiver.url();
  await org.call({ callback_url: url });
  [genuine] = await receiver.expect(url);
});

afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** What every sample reads. */
const environment = (more: Record<string, string> = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  BASE_URL: server.url,
  API_KEY: org.owner.key ?? "",
  AGENT_ID: org.agent.id,
  TRUNK_ID: org.trunk.id,
  WEBHOOK_SECRET: org.webhookSecret,
  ...more,
});

/** Programs that are compiled, once each. */
const built = new Map<string, string>();
function goProgram(source: string): string {
  const path = built.get(source) ?? join(folder, source.replace(/\W/g, "_"));
  if (!built.has(source)) execFileSync(GO ?? "go", ["build", "-o", path, source], { cwd: SAMPLES });
  built.set(source, path);
  return path;
}

type Program = () => [command: string, ...args: string[]];

/** Begins a program, and gives what it prints. */
function begin(program: Program, more: Record<string, string> = {}) {
  const [command, ...args] = program();
  const child = spawn(command, args, { cwd: folder, env: environment(more), stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => (output += data));
  const ended = new Promise<number>((done) => child.on("close", (code) => done(code ?? 1)));
  const prints = (words: RegExp) => until(`${command} to print ${words}, after ${output}`, () => words.exec(output) ?? undefined, 60_000);
  return { child, ended, prints, output: () => output };
}

const CALLS: [language: string, program: Program][] = [
  ["Node", () => [process.execPath, sample("node/call.mjs")]],
  ["Python", () => ["python3", sample("python/call.py")]],
  ["Go", () => [goProgram("go/call/call.go")]],
  ["Java", () => ["java", sample("java/Call.java")]],
  ["PHP with curl", () => ["php", sample("php/call.php")]],
];

test.concurrent.for(CALLS)("%s places a call and waits for its result", { timeout: 120_000 }, async ([language, program], { skip }) => {
  if (!THERE[language]) skip();
  const { ended, output } = begin(program);

  expect(await ended, output()).toBe(0);
  const [, callId = ""] = /^accepted (\S+)$/m.exec(output()) ?? [];
  expect((await org.status(callId)).call_status).toBe("Completed");
  expect(output()).toMatch(/^Completed interested$/m);
});

test.concurrent.for(CALLS)("%s tries again what may be tried again, and nothing else", { timeout: 120_000 }, async ([language, program], { skip }) => {
  if (!THERE[language]) skip();
  const full = await Org.create(server, { max_cps: 1 });
  await full.call();
  const patient = begin(program, { API_KEY: full.owner.key ?? "", AGENT_ID: full.agent.id, TRUNK_ID: full.trunk.id });
  const refused = begin(program, { API_KEY: "audtk_wrong" });

  expect(await refused.ended).not.toBe(0);
  expect(refused.output()).toContain("Invalid or inactive API key");
  expect(await patient.ended, patient.output()).toBe(0);
});

const RECEIVERS: [language: string, program: (port: string) => Program][] = [
  ["Node", () => () => [process.execPath, sample("node/receiver.mjs")]],
  ["Python", () => () => ["python3", sample("python/receiver.py")]],
  ["Go", () => () => [goProgram("go/receiver/receiver.go")]],
  ["Java", () => () => ["java", sample("java/Receiver.java")]],
  ["PHP", (port) => () => ["php", "-S", `127.0.0.1:${port}`, sample("php/receiver.php")]],
];

const names = ["x-audatec-signature", "webhook-id", "webhook-timestamp", "webhook-signature", "x-audatec-failure"];
const signed = ({ headers }: Received) => Object.fromEntries(names.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : []))) as Record<string, string>;
type Send = (headers: Record<string, string>, body: string, path?: string) => Promise<boolean>;

/** What every receiver must tell apart, of what the served Worker signed. */
async function tellsApart(accepts: Send, acceptsByAnother: Send): Promise<void> {
  const headers = signed(genuine);
  const tampered = genuine.body.replace('"Completed"', '"Decline"');
  const old = String(Number(headers["webhook-timestamp"]) - 301);
  const recently = String(Math.floor(Date.now() / 1000) - 240);
  const ahead = String(Number(headers["webhook-timestamp"]) + 400);
  const without = (name: string) => Object.fromEntries(Object.entries(headers).filter(([known]) => known !== name));

  expect(tampered).not.toBe(genuine.body);
  expect(await accepts(headers, genuine.body), "what is genuine").toBe(true);
  expect(await accepts({ ...headers, "webhook-signature": `v1,AAAA ${headers["webhook-signature"]}` }, genuine.body), "the second of two signatures").toBe(true);
  expect(await accepts(headers, tampered), "another body").toBe(false);
  // Signed for that moment, so that the window alone refuses it.
  for (const at of [old, ahead]) expect(await accepts({ ...headers, ...signedAt(at) }, genuine.body), `signed for ${at}`).toBe(false);
  expect(await accepts({ ...headers, ...signedAt(recently) }, genuine.body), "signed a while ago").toBe(true);
  for (const timestamp of [old, "", "soon"]) expect(await accepts({ ...headers, "webhook-timestamp": timestamp }, genuine.body), `sent at ${timestamp}`).toBe(false);
  for (const name of ["webhook-signature", "webhook-timestamp", "webhook-id"]) expect(await accepts(without(name), genuine.body), `no ${name}`).toBe(false);
  expect(await accepts({ ...headers, "webhook-id": "another" }, genuine.body), "another id").toBe(false);
  expect(await acceptsByAnother(headers, genuine.body), "another secret").toBe(false);

  expect(await accepts(headers, genuine.body, "/plain"), "the plain signature").toBe(true);
  expect(await accepts(headers, tampered, "/plain"), "the plain signature of another body").toBe(false);
  expect(await accepts(without("x-audatec-signature"), genuine.body, "/plain"), "no plain signature").toBe(false);
  expect(await acceptsByAnother(headers, genuine.body, "/plain"), "a plain signature by another secret").toBe(false);
}

/** What the platform would have signed at that second. */
function signedAt(timestamp: string): Record<string, string> {
  const at = new Date(1000 * Number(timestamp));
  return { "webhook-timestamp": timestamp, "webhook-signature": new Webhook(org.webhookSecret).sign(signed(genuine)["webhook-id"] ?? "", at, genuine.body) };
}

const ANOTHER = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

const post = (port: string): Send => async (headers, body, path = "/") => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers: { "content-type": "application/json", connection: "close", ...headers }, body });
  await answer.arrayBuffer();
  expect([204, 401]).toContain(answer.status);
  return answer.status === 204;
};

test.concurrent.for(RECEIVERS)("%s receives a call's result, once, and nothing that is not genuine", { timeout: 120_000 }, async ([language, program], { skip }) => {
  if (!THERE[language]) skip();
  const start = async (secret: string) => {
    const port = language === "PHP" ? String(20_000 + Math.floor(Math.random() * 10_000)) : "0";
    const started = begin(program(port), { WEBHOOK_SECRET: secret, PORT: port });
    const [, heard = port] = await started.prints(/listening on (\d+)|Development Server/);
    return { ...started, port: heard };
  };
  const [own, other] = await Promise.all([start(org.webhookSecret), start(ANOTHER)]);

  const callId = await org.call({ callback_url: `http://127.0.0.1:${own.port}/` });
  await own.prints(new RegExp(callId));
  await tellsApart(post(own.port), post(other.port));

  const detail = await org.detail(callId);
  expect(detail.callback).toMatchObject({ status: "delivered", attempts: [{ status_code: 204 }] });
  // At its second attempt it is answered, and not told again.
  const again = { ...signed(genuine) };
  expect(await post(own.port)(again, genuine.body)).toBe(true);
  const { call_id } = JSON.parse(genuine.body) as { call_id: string };
  if (language !== "PHP") expect(own.output().split(call_id).length - 1).toBe(1);
  own.child.kill();
  other.child.kill();
});

test.concurrent("Rust tells what is genuine", { timeout: 240_000 }, async () => {
  execFileSync("cargo", ["build", "--quiet", "--locked", "--target-dir", inRoot("build/samples"), "--manifest-path", sample("rust/Cargo.toml")], { stdio: "inherit" });
  const by =
    (secret: string): Send =>
    async (headers, body, path) => {
      const message = `${Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`).join("")}\n${body}`;
      const child = spawn(inRoot("build/samples/debug/verify"), path === "/plain" ? ["--plain"] : [], { env: environment({ WEBHOOK_SECRET: secret }), stdio: ["pipe", "ignore", "ignore"] });
      child.stdin.end(message);
      const code = await new Promise((done) => child.on("close", done));
      expect([0, 1]).toContain(code);
      return code === 0;
    };
  await tellsApart(by(org.webhookSecret), by(ANOTHER));
});

test.concurrent("a Worker tells what is genuine by the headers as an object", async () => {
  const { outputFiles } = await build({ entryPoints: [sample("workers/receiver.mjs")], bundle: true, write: false, format: "esm", nodePaths: [inRoot("node_modules")] });
  const worker = new Miniflare({ modules: true, script: outputFiles[0]?.text ?? "", compatibilityDate: "2026-04-26", bindings: { WEBHOOK_SECRET: org.webhookSecret } });
  try {
    const send = async (headers: Record<string, string>, body: string) => (await worker.dispatchFetch("http://worker.test/", { method: "POST", headers, body })).status;
    expect(await send(signed(genuine), genuine.body)).toBe(204);
    expect(await send(signed(genuine), genuine.body.replace('"Completed"', '"Decline"'))).toBe(401);
  } finally {
    await worker.dispose();
  }
});

const FEEDS: [language: string, program: Program][] = [
  ["Node", () => [process.execPath, sample("node/events.mjs")]],
  ["Python", () => ["python3", sample("python/events.py")]],
];

test.concurrent.for(FEEDS)("%s follows the live feed, and continues where it was", { timeout: 120_000 }, async ([language, program], { skip }) => {
  if (!THERE[language]) skip();
  const CURSOR_FILE = join(folder, `cursor-${language}`);
  const first = begin(program, { CURSOR_FILE });
  const told = async (feed: ReturnType<typeof begin>) => {
    const callId = await org.call();
    await feed.prints(new RegExp(`call\\.completed ${callId}`));
    return callId;
  };
  // It follows from its first answer on, of which nothing tells but an event.
  await until("the feed's first event", async () => (await org.call(), existsSync(CURSOR_FILE)), 60_000);
  await told(first);
  first.child.kill("SIGKILL");
  await first.ended;
  const missed = await org.call();
  await org.ended(missed);
  const second = begin(program, { CURSOR_FILE });
  await second.prints(new RegExp(`call\\.completed ${missed}`));
  second.child.kill("SIGKILL");
});

test.concurrent("npm's eventsource follows the live feed, and the process lives on while it waits", { timeout: 120_000 }, async () => {
  const local = join(folder, "stream.mjs");
  copyFileSync(sample("node/event-stream.mjs"), local);
  const { outputFiles } = await build({ entryPoints: [local], bundle: true, write: false, format: "esm", platform: "node", nodePaths: [inRoot("node_modules")] });
  const stream = begin(() => [process.execPath, "--input-type=module", "-e", outputFiles[0]?.text ?? ""]);
  await until("the stream's first event", async () => (await org.call(), /call\.completed/.test(stream.output())), 60_000);
  expect(stream.child.exitCode).toBeNull();
  stream.child.kill();
  const refused = begin(() => [process.execPath, "--input-type=module", "-e", outputFiles[0]?.text ?? ""], { API_KEY: "audtk_wrong" });
  expect(await refused.ended).toBe(1);
  expect(refused.output()).toContain("closed 401");
  // A cursor of another year: it goes on with the oldest event that is kept.
  const late = begin(() => [process.execPath, "--input-type=module", "-e", outputFiles[0]?.text ?? ""], { AFTER: "AZ7F_xkAAZ7F_wEsgACAADEQa3ydAg" });
  await late.prints(/closed 410[^]*call\.completed/);
  late.child.kill();
});

const CAMPAIGNS: [language: string, program: Program][] = [
  ["Node", () => [process.execPath, sample("node/campaign.mjs"), sample("csv/recipients.csv")]],
  ["Python", () => ["python3", sample("python/campaign.py"), sample("csv/recipients.csv")]],
];

test.concurrent.for(CAMPAIGNS)("%s calls a list of people and prints what became of each", { timeout: 120_000 }, async ([language, program], { skip }) => {
  if (!THERE[language]) skip();
  const { ended, output } = begin(program);

  expect(await ended, output()).toBe(0);
  expect(output()).toContain("added 3, already there 0");
  expect(output()).toContain("row 4: phone_number must be in E.164 format");
  expect(output()).toMatch(/^loan-4711,\+15005550000,completed,1,/m);
  expect(output()).toMatch(/^loan-4712,\+15005550001,unreached,1,/m);
});

test.concurrent("the command on the first page places a call, and what it shows as received is a part of what comes", async () => {
  const page = await (await fetch(server.url)).text();
  const signs: Record<string, string> = { "&quot;": '"', "&amp;": "&", "&lt;": "<" };
  const [command = "", shown = ""] = [...page.matchAll(/<pre[^>]*><code>(.*?)<\/code>/gs)].map(([, code = ""]) => code.replace(/&\w+;/g, (sign) => signs[sign] ?? sign));
  const url = receiver.url();
  const { output } = await run("bash", ["-c", command], { env: environment({ CALLBACK_URL: url }) as Record<string, string> });
  expect(output).toContain('"status":"triggered"');
  const [told] = await receiver.expect(url);
  const { duration, ...rest } = JSON.parse(shown.replace(/, …/g, "")) as Record<string, unknown>;
  expect(duration).toBeTypeOf("number");
  expect(JSON.parse(told.body)).toMatchObject(rest);
});

test.concurrent("the commands that are shown and not run with their page's others are right as well", async () => {
  const texts = Object.fromEntries(readSources().map(({ path, text }) => [path, [...text.matchAll(/^ *```text\n(.*?)^ *```$/gms)].map(([, commands = ""]) => commands)]));
  const shell = async (command = "") => (await run("timeout", ["5", "bash", "-c", command], { env: environment({ PLATFORM_TOKEN: server.local.secrets.PLATFORM_TOKEN }) as Record<string, string> })).output;

  const stream = shell(texts["/docs/live-feed"]?.find((block) => block.startsWith("curl -N")));
  await until("the stream to be over", async () => (await org.call(), Promise.race([stream, new Promise((done) => setTimeout(done, 100))])));
  expect(await stream).toMatch(/^event: call\.completed$/m);
  const found = await shell(texts["/docs/deploy"]?.find((block) => block.startsWith("curl"))?.replace("https://YOUR-WORKER", server.url));
  expect(found).toMatch(/"owner_key":"audtk_/);
});

describe("the shell commands of", () => {
  const pages = readSources().filter(({ text }) => /^```sh$/m.test(text));
  const guide = pages.filter(({ file }) => file.startsWith("docs/guide/"));

  test.concurrent.for(guide.map(({ file }) => file))("%s do what they say", { timeout: 120_000 }, async (file) => {
    const { text } = guide.find((page) => page.file === file) as (typeof guide)[number];
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands = ""]) => commands);
    const own = await Org.create(server);
    const home = mkdtempSync(join(folder, "shell-"));
    copyFileSync(sample("csv/recipients.csv"), join(home, "recipients.csv"));
    const env = environment({
      API_KEY: own.owner.key ?? "",
      AGENT_ID: own.agent.id,
      TRUNK_ID: own.trunk.id,
      CALL_ID: await own.call({ not_before: new Date(Date.now() + 3_600_000).toISOString() }),
      CALLBACK_URL: receiver.url(),
    });
    const { code, output } = await run("bash", ["-eo", "pipefail", "-c", blocks.join("\n").replaceAll("sleep 4", "sleep 0.1")], { cwd: home, env: env as Record<string, string> });
    expect([code, output]).toEqual([0, output]);
    expect(output, output).not.toMatch(/\{"error":/);
    for (const words of SAID[file] ?? []) expect(output).toMatch(words);
  });

  /** What an answer must have in it, where a command that was answered is not proof enough. */
  const SAID: Record<string, RegExp[]> = {
    "docs/guide/quick-start.md": [/"call_status":"Completed"/],
    "docs/guide/errors-and-retries.md": [/^idempotent-replayed: true/im, /"call_id":"(\S+)",[^]*"call_id":"\1"/],
    "docs/guide/trigger.md": [/"would":"trigger"/],
    "docs/guide/scheduling.md": [/"status":"scheduled"/],
    "docs/guide/campaigns.md": [/"added":3/, /"status":"canceled"/, /reference,phone_number,status,attempts/],
    "docs/guide/limits.md": [/"added":2/],
    "docs/guide/status.md": [/"code":"canceled"|"call_status":"Trigger Failed"/],
  };
});

test.concurrent("each of the simulator's numbers ends as the guide says", { timeout: 120_000 }, async () => {
  const own = await Org.create(server);
  const { text } = readSources().find(({ path }) => path === "/docs/testing") ?? { text: "" };
  const rows = [...text.matchAll(/^\| `(\+1500555000\d)`.*\| `([^`]+)`(.*) \|$/gm)];
  expect(rows).toHaveLength(10);
  await Promise.all(
    rows.map(async ([row, phone_number, first = "", more = ""]) => {
      const call = await own.detail((await own.ended(await own.call({ phone_number }), 60_000)).id);
      const told = `${first}${more}`;
      expect(told, row).toContain(call.call_status);
      const [, code] = /, `([a-z_]+)`/.exec(more) ?? [];
      expect(call.failure?.code, row).toBe(code);
      if (told.includes("disposition")) expect(call.call_outcome, row).toMatchObject({ disposition: "voicemail" });
    }),
  );
});

test("each sample is shown in the guide, and each file of samples is run here", () => {
  const shown = readSources().map(({ text }) => text).join("\n");
  const runs = ["tests/edge/samples.test.ts", "tests/clients/openapi-generator.test.ts", "tests/clients/java.prove.ts"];
  const self = runs.map((file) => readFileSync(inRoot(file), "utf8")).join("\n");
  const files = readdirSync(SAMPLES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "Cargo.lock")
    .map((entry) => join(entry.parentPath, entry.name).slice(SAMPLES.length + 1));
  expect(files.length).toBeGreaterThan(15);
  for (const file of files) {
    expect(shown, file).toContain(`samples/${file})`);
    expect(self, file).toContain(file.startsWith("rust/") ? "rust/" : file);
  }
});
