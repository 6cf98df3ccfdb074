// The live feed's stream, read by other people's clients: httpx-sse, sseclient-py, npm's eventsource and go-sse. Each parses the
// data of every event as JSON, as its users do, so a block without data would be an error.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { inRoot, readIfThere, sha256, writeWhole } from "../../scripts/lib/paths.mjs";
import { BASE_PATH, type Client, found, Org, Server } from "./harness.ts";
import { until } from "./until.ts";

/** A line that a client prints. */
interface Line {
  id?: string;
  event?: string;
  data?: { id: string; type: string; data?: { id: string } };
  end?: number;
  status?: number;
  broken?: string;
}

const TYPES = ["call.initiating", "call.ringing", "call.answered", "call.completed", "trunk.updated"];
const VENV = inRoot("build/sse/python");
const GO = inRoot("build/sse/go-client");

const has = (command: string, args: string[]) => {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};
const hasPython = has("python3", ["-c", "import venv, ensurepip"]);
const hasGo = has("go", ["version"]);

/** Installed once, into `build/`. */
function install(): void {
  mkdirSync(inRoot("build/sse"), { recursive: true });
  const requirements = inRoot("tests/sse/requirements.txt");
  const hash = sha256(readFileSync(requirements));
  if (hasPython && readIfThere(`${VENV}/installed`) !== hash) {
    execFileSync("python3", ["-m", "venv", VENV]);
    execFileSync(`${VENV}/bin/pip`, ["install", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes", "-r", requirements]);
    writeWhole(`${VENV}/installed`, hash);
  }
  const source = sha256(["main.go", "go.mod", "go.sum"].map((name) => readFileSync(inRoot("tests/sse/go", name), "utf8")).join(""));
  if (hasGo && (!existsSync(GO) || readIfThere(`${GO}.built`) !== source)) {
    execFileSync("go", ["build", "-o", GO, "."], { cwd: inRoot("tests/sse/go") });
    writeWhole(`${GO}.built`, source);
  }
}

type Start = (url: string, key: string, lastId: string) => ChildProcess;
const python = (library: string): Start => (...args) => spawn(`${VENV}/bin/python`, [inRoot("tests/sse/client.py"), library, ...args]);
const CLIENTS: [name: string, there: boolean, start: Start][] = [
  ["httpx-sse", hasPython, python("httpx-sse")],
  ["sseclient-py", hasPython, python("sseclient-py")],
  ["eventsource", true, (...args) => spawn(process.execPath, [inRoot("tests/sse/client.mjs"), ...args], { env: { ...process.env, TYPES: TYPES.join(",") } })],
  ["go-sse", hasGo, (...args) => spawn(GO, args)],
];
for (const [name, there] of CLIENTS) if (!there) console.warn(`SKIPPED: the live feed is not tried with ${name}: Python 3 with venv, or Go, is missing`);

const dataDir = mkdtempSync(join(tmpdir(), "sse-"));
/** One port for both lives of the server: its clients come back there. */
const port = await new Promise<number>((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address() as AddressInfo;
    probe.close(() => resolve(port));
  });
});
const server = new Server({ dataDir, port, vars: { FEED_STREAM_SECONDS: "2" } });
let org: Org;
let viewer: Client;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  install();
  await server.start();
  org = await Org.create(server);
  viewer = await org.client("viewer");
}, 300_000);

afterEach(() => {
  for (const child of running) child.kill();
  running.clear();
});

afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Starts a client; what it prints, as it comes. */
function listen(start: Start, query: string, lastId = "", key = viewer.key ?? ""): Line[] {
  const child = start(`${server.url}${BASE_PATH}/events?${query}`, key, lastId);
  running.add(child);
  const lines: Line[] = [];
  if (child.stdout) createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line) as Line));
  child.stderr?.on("data", (text: Buffer) => lines.push({ broken: text.toString() }));
  return lines;
}

const latest = async () => found(await viewer.get<{ next_cursor: string }>("/events?after=latest")).next_cursor;
const heartbeats = (lines: Line[]) => lines.filter(({ event }) => event === "heartbeat");
const events = (lines: Line[]) => lines.filter(({ event }) => event !== undefined && event !== "heartbeat");

function expectWhole(lines: Line[]): void {
  expect(lines.filter(({ broken }) => broken)).toEqual([]);
  for (const { id, event, data } of lines.filter((line) => line.event)) expect([data?.id, data?.type]).toEqual([id, event]);
}

describe.for(CLIENTS.filter(([, there]) => there))("%s", ([, , start]) => {
  test("idle and filtered by a type that never comes: heartbeats, whose ids are cursors, past the stream's end", { timeout: 180_000 }, async () => {
    const idle = listen(start, "after=latest");
    const filtered = listen(start, "after=latest&type=callback.exhausted");
    for (const lines of [idle, filtered]) {
      await until("heartbeats of two streams", () => heartbeats(lines).length >= 3 && lines.some(({ end }) => end !== undefined), 40_000);
      expectWhole(lines);
      expect(events(lines)).toEqual([]);
      for (const { id } of heartbeats(lines)) found(await viewer.get(`/events?after=${id}`));
    }
  });

  test("nothing is missed and nothing comes twice, over the stream's end and a restart", { timeout: 180_000 }, async () => {
    const lines = listen(start, "after=latest&type=call.completed", await latest());
    const calls: string[] = [];
    const heard = () => events(lines).map(({ data }) => data?.data?.id);
    await until("the stream to begin", () => heartbeats(lines).length > 0);
    for (const round of ["before", "after the end", "after a restart"]) {
      if (round === "after the end") await until("the end", () => lines.some(({ end }) => end !== undefined), 30_000);
      if (round === "after a restart") {
        await server.stop();
        await server.start();
      }
      const id = await org.call();
      calls.push(id);
      await until(`the call ${round}`, () => heard().includes(id), 40_000);
    }
    expectWhole(lines);
    expect(heard()).toEqual(calls);
  });

  test("410 and 401 end it, with their status", { timeout: 180_000 }, async () => {
    const old = Buffer.alloc(22);
    old.writeUIntBE(Date.now() - 25 * 3_600_000, 0, 6);
    const gone = listen(start, "limit=1", old.toString("base64url"));
    const unknown = listen(start, "limit=1", "", "audtk_unknown");
    await until("410", () => gone.some(({ status }) => status === 410), 20_000);
    await until("401", () => unknown.some(({ status }) => status === 401), 20_000);
  });

  test("while keys can't be read, a client that comes back goes on with its cursor", { timeout: 180_000 }, async () => {
    const cursor = await latest();
    await server.faults({ dialer: false, keys: true });
    const lines = listen(start, "type=call.completed", cursor);
    try {
      await until("to be told to come back", () => heartbeats(lines).length > 0, 20_000);
    } finally {
      await server.faults({ dialer: false, keys: false });
    }
    expect(lines.find(({ event }) => event)).toMatchObject({ id: cursor, event: "heartbeat", data: { id: cursor, type: "heartbeat" } });
    const id = await org.call();
    await until("the call", () => events(lines).some(({ data }) => data?.data?.id === id), 30_000);
    expectWhole(lines);
  });
});

test("the stream's blocks, byte for byte", async () => {
  const ask = async (headers: Record<string, string>) => {
    const answer = await fetch(`${server.url}${BASE_PATH}/events?after=latest`, {
      headers: { accept: "text/event-stream", authorization: `Bearer ${viewer.key}`, ...headers },
    });
    return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
  };
  const quiet = await ask({});
  expect(quiet.text).toMatch(/^retry: 2000\nid: ([\w-]{30})\nevent: heartbeat\ndata: \{"id":"\1","type":"heartbeat"\}\n\n/);
  for (const block of quiet.text.split("\n\n").filter(Boolean)) expect(block).toMatch(/\ndata: \{.*\}$/);
  await server.faults({ dialer: false, keys: true });
  try {
    const id = "A".repeat(30);
    expect(await ask({ "last-event-id": id })).toEqual({
      status: 200,
      type: "text/event-stream",
      text: `retry: 5000\nid: ${id}\nevent: heartbeat\ndata: {"id":"${id}","type":"heartbeat"}\n\n`,
    });
    for (const headers of [{}, { "last-event-id": "no cursor" }] as Record<string, string>[]) expect((await ask(headers)).status).toBe(503);
  } finally {
    await server.faults({ dialer: false, keys: false });
  }
});
