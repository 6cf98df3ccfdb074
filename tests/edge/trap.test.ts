// The entry module around a glue made for the test, in the real runtime: what a trap on the Rust side does to the calls under
// way. This glue "traps" on request: it reports it, as bindgen's does, and leaves its promises pending for ever.

import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { adaptGlue } from "../../scripts/lib/wasm.mjs";

const glue = `
  let onTrap, instance = 0, arrived;
  export const setOnTrap = (callback) => { onTrap = callback; };
  const trap = () => { instance += 1; onTrap(); return new Promise(() => {}); };
  export function fetch(head, body, request, env) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/object/")) {
      const object = env.TRUNKS.get(env.TRUNKS.idFromName("one"));
      const made = instance; // an answer that reaches a dead instance is lost
      const asked = object.fetch("https://object/", { method: "POST", body: pathname });
      return new Promise((resolve) => asked.then((r) => made === instance && resolve(r), () => {}));
    }
    if (pathname === "/trap") return trap();
    if (pathname === "/wait") return new Promise((resolve) => setTimeout(() => instance === 0 && resolve(), 20000));
    if (pathname === "/throw") throw new Error("at once");
    return Promise.resolve(new Response("fine"));
  }
  export const bodyLimit = () => 65536;
  export const settled = () => {};
  export const streams = () => false;
  export const goOn = async () => [];
  export const queue = async () => {};
  export const scheduled = async () => {};
  export class TrunkObject {
    constructor(ctx) {
      this.rows = ctx.storage.sql;
      this.made = instance;
      this.rows.exec("CREATE TABLE IF NOT EXISTS rows (x)");
    }
    fetch(command) {
      if (this.made !== instance) throw new Error("Invalid stale object");
      const pathname = new TextDecoder().decode(command);
      if (pathname === "/object/insert") this.rows.exec("INSERT INTO rows VALUES (1)");
      if (pathname === "/object/insert-and-trap") {
        this.rows.exec("INSERT INTO rows VALUES (1)");
        return new Promise(() => queueMicrotask(trap));
      }
      return Promise.resolve(new TextEncoder().encode(this.rows.exec("SELECT count(*) AS n FROM rows").one().n));
    }
    async alarm() {}
  }
  export class DirectoryObject extends TrunkObject {}
  export class ErrandObject extends TrunkObject {}
`;

let mf: Miniflare;

beforeAll(async () => {
  const result = await build({
    entryPoints: [inRoot("src/edge/entry.js")],
    bundle: true,
    format: "esm",
    external: ["cloudflare:*"],
    write: false,
    plugins: [
      {
        name: "test-glue",
        setup(plugin) {
          plugin.onResolve({ filter: /^wasm-glue$/ }, () => ({ path: "glue", namespace: "test" }));
          plugin.onLoad({ filter: /.*/, namespace: "test" }, () => ({ contents: glue }));
        },
      },
    ],
  });
  mf = new Miniflare({
    modules: true,
    script: result.outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-04-26",
    durableObjects: {
      TRUNKS: { className: "TrunkObject", useSQLite: true },
      DIRECTORIES: { className: "DirectoryObject", useSQLite: true },
    },
    cf: false,
    handleStructuredLogs: () => {},
  });
  await mf.ready;
});

afterAll(() => mf.dispose());

async function get(path: string): Promise<{ status: number; body: string }> {
  const response = await mf.dispatchFetch(`http://localhost${path}`);
  return { status: response.status, body: await response.text() };
}

const FAILED = { status: 500, body: '{"error":"Internal server error"}' };

test("a trap answers its own request 500 in JSON, and the next request is served", async () => {
  expect(await get("/trap")).toEqual(FAILED);
  expect(await get("/")).toEqual({ status: 200, body: "fine" });
});

test("an error thrown at once is answered 500 in JSON", async () => {
  expect(await get("/throw")).toEqual(FAILED);
});

test("a trap fails another request that waits on the dead instance, at once", async () => {
  const startedAt = performance.now();
  const waiting = get("/wait");
  await get("/"); // the waiting one has begun: requests of one isolate begin in order
  await get("/trap");

  expect(await waiting).toEqual(FAILED);
  // By itself it would be answered after 20 s.
  expect(performance.now() - startedAt).toBeLessThan(15_000);
});

test("an object survives another's trap: it is made anew from its storage", async () => {
  const { body } = await get("/object/insert");
  await get("/trap");

  expect(await get("/object/count")).toEqual({ status: 200, body });
});

test("a trap in an object undoes the rows of its turn and answers its caller 500", async () => {
  const { body } = await get("/object/insert");

  expect(await get("/object/insert-and-trap")).toEqual(FAILED);

  expect(await get("/object/count")).toEqual({ status: 200, body });
});

test("the real glue is adapted as the entry module needs it", () => {
  const adapted = adaptGlue(readFileSync(inRoot("build/local/glue/index.js"), "utf8"));

  expect(adapted).toContain('import wasmModule from "./index_bg.wasm"');
  expect(adapted).toMatch(/__wbg_called_abort = true;\s*__wbg_reinit_scheduled = true;\s*onTrap\?\.\(\);/);
  expect(() => adaptGlue("another bindgen's")).toThrow("bindgen's output has changed");
});
