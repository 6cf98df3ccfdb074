// Errors that a Worker would let go unnoticed must be noticed here: the tests of the built Worker fail on them, and the local run
// shows them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Local, startLocal, tellsOfBreakage } from "../../scripts/lib/local.mjs";
import { until } from "./until.ts";

/** A Worker with the bindings of this one, which breaks where it is told to. */
const BREAKS = `
  const broken = (what) => { throw new Error("broken: " + what); };
  export default {
    async fetch(request, env, context) {
      const what = new URL(request.url).pathname.slice(1);
      if (what === "waitUntil") context.waitUntil(Promise.reject(new Error("broken: waitUntil")));
      if (what === "timer") context.waitUntil(new Promise((done) => setTimeout(() => { setTimeout(done, 100); broken("timer"); }, 1)));
      if (what === "queue") await env.CALLBACKS.send("broken");
      if (what === "alarm") await env.TRUNKS.get(env.TRUNKS.idFromName("one")).fetch("https://object/");
      if (what === "fetch") broken("fetch");
      return new Response(null, { status: 204 });
    },
    async queue() { broken("queue"); },
    async scheduled() {},
  };
  export class TrunkObject {
    constructor(context) { this.storage = context.storage; }
    async fetch() { await this.storage.setAlarm(Date.now()); return new Response(null, { status: 204 }); }
    async alarm() { broken("alarm"); }
  }
  export class DirectoryObject {}
  export class ErrandObject {}
`;

const workerDir = mkdtempSync(join(tmpdir(), "breakage-"));
const logged: string[] = [];
let local: Local;

beforeAll(async () => {
  writeFileSync(join(workerDir, "index.js"), BREAKS);
  local = await startLocal({ workerDir, cron: false, onLog: (_level, message) => void logged.push(message) });
});

afterAll(async () => {
  await local.stop();
  rmSync(workerDir, { recursive: true });
});

test.for(["waitUntil", "timer", "queue", "alarm", "fetch"])("what is thrown in vain (%s) is told, and fails the test that it happens in", async (where) => {
  expect(logged.filter((line) => line.includes(`broken: ${where}`))).toEqual([]);
  await local.mf.dispatchFetch(`${local.url}/${where}`).catch(() => {});

  const said = await until("to be told", () => logged.find((line) => line.includes(`broken: ${where}`) && tellsOfBreakage(line)), 20_000);
  expect(said).toMatch(/^uncaught exception/);
});

test("what comes of others who leave tells of no breakage", () => {
  for (const line of [
    "uncaught exception; source = Uncaught (in promise); stack = Error: Network connection lost.",
    "uncaught exception; exception = kj/compat/http.c++:1993: disconnected: other end dropped connection",
  ]) {
    expect(tellsOfBreakage(line)).toBe(false);
  }
});
