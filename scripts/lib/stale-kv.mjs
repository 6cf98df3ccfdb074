// A KV that ages, for the local run: Miniflare's is always fresh, but Cloudflare's answers with what it read up to "60 seconds or
// more" ago, and remembers a miss like a value. An entry module in front of the Worker's own ages the namespaces bound to it and
// its objects.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "./config.mjs";
import { inRoot } from "./paths.mjs";

/**
 * @param {string} workerDir where the Worker's `index.js` is
 * @param {number} seconds how old an answer may be
 * @returns {{ type: "ESModule", path: string, contents: string }[]} modules for Miniflare, the entry first
 */
export function staleKv(workerDir, seconds) {
  const { kv_namespaces, durable_objects } = readConfig();
  const names = JSON.stringify(kv_namespaces.map(({ binding }) => binding));
  const objects = durable_objects.bindings.map(
    ({ class_name }) => `export class ${class_name} extends worker.${class_name} { constructor(ctx, env) { super(ctx, aged(env)); } }`,
  );
  const entry = `
    import * as worker from "./index.js";
    import { aging } from "./aging.js";
    const aged = aging(${seconds * 1000}, ${names});
    const { fetch, queue, scheduled } = worker.default;
    export default {
      fetch: (request, env, ctx) => fetch(request, aged(env), ctx),
      queue: (batch, env, ctx) => queue(batch, aged(env), ctx),
      scheduled: (event, env, ctx) => scheduled(event, aged(env), ctx),
    };
    ${objects.join("\n")}`;
  const esModule = (/** @type {string} */ name, /** @type {string} */ contents) => ({
    type: /** @type {const} */ ("ESModule"),
    path: join(workerDir, name),
    contents,
  });
  return [esModule("stale-kv.js", entry), esModule("aging.js", readFileSync(inRoot("scripts/lib/aging.js"), "utf8"))];
}
