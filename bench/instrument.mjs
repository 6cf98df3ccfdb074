// A copy of a built Worker whose WebAssembly memory can be read and limited: Miniflare enforces no limit on an isolate, while
// Cloudflare ends one that takes 128 MB. It can also count the calls between WebAssembly and JavaScript.

import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PAGE = 65_536;
const MEMORY_SECTION = 5;
const HEADER = 8;

/** Paths that only such a copy serves. */
const MEMORY_PATH = "/local/memory";
const CROSSINGS_PATH = "/local/crossings";

/**
 * @param {string} workerDir the folder with `index.js` and its `.wasm`
 * @param {{ maxBytes?: number, counts?: boolean }} [options] how large its memory may grow, and whether it counts crossings,
 * which slows it down
 * @returns {string} the folder of the copy
 */
export function instrument(workerDir, { maxBytes, counts = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "instrumented-"));
  writeFileSync(join(folder, "index.js"), observed(readFileSync(join(workerDir, "index.js"), "utf8"), counts));
  for (const name of readdirSync(workerDir).filter((name) => name.endsWith(".wasm"))) {
    const wasm = readFileSync(join(workerDir, name));
    writeFileSync(join(folder, name), maxBytes ? capped(wasm, Math.floor(maxBytes / PAGE)) : wasm);
  }
  return folder;
}

/**
 * A Worker with the same bindings that does nothing: what starting any Worker costs. @returns {string} its folder
 */
export function emptyWorker() {
  const folder = mkdtempSync(join(tmpdir(), "empty-"));
  const classes = ["TrunkObject", "DirectoryObject", "ContactsObject", "CampaignObject", "ErrandObject"];
  const objects = classes.map((name) => `export class ${name} extends DurableObject {}`).join("\n");
  const handlers = `export default { fetch: () => Response.json({ error: "Nothing" }, { status: 401 }), queue() {}, scheduled() {} };`;
  writeFileSync(join(folder, "index.js"), `import { DurableObject } from "cloudflare:workers";\n${objects}\n${handlers}\n`);
  return folder;
}

/** @param {{ url: string }} server that runs such a copy @returns {Promise<number>} the bytes of its WebAssembly memory */
export async function wasmMemory({ url }) {
  const answer = await fetch(url + MEMORY_PATH);
  return Number(await answer.text());
}

/** @param {{ url: string }} server that runs a copy that counts @returns {Promise<number>} the calls between WebAssembly and JavaScript so far, both ways */
export async function crossings({ url }) {
  const answer = await fetch(url + CROSSINGS_PATH);
  return Number(await answer.text());
}

/** The module, changed so that it records each instance it creates. @param {string} module @param {boolean} counts */
function observed(module, counts) {
  const handlers = /([\w$]+) as default\b/.exec(module)?.[1];
  if (!handlers) throw new Error("the Worker's module exports no handlers");
  const before = `let present, crossings = 0; {
    const { Instance } = WebAssembly;
    const counted = (all) => Object.fromEntries(Object.entries(all).map(([name, one]) =>
      [name, typeof one === "function" ? (...given) => (crossings++, one(...given)) : one]));
    const imports = (all) => Object.fromEntries(Object.entries(all).map(([name, part]) => [name, counted(part)]));
    class Counting {
      constructor(module, given) {
        this.exports = counted(new Instance(module, imports(given)).exports);
        present = this;
      }
    }
    class Noting extends Instance { constructor(...given) { super(...given); present = this; } }
    WebAssembly.Instance = ${counts ? "Counting" : "Noting"};
  }`;
  const after = `const observed = { ...${handlers}, fetch: (request, env, ctx) => {
    const answers = { "${MEMORY_PATH}": () => present.exports.memory.buffer.byteLength, "${CROSSINGS_PATH}": () => crossings };
    const answer = answers[new URL(request.url).pathname];
    return answer ? new Response(String(answer())) : ${handlers}.fetch(request, env, ctx);
  } };`;
  return `${before}\n${module.replace(`${handlers} as default`, "observed as default")}\n${after}\n`;
}

/** The WebAssembly with a maximum for its memory. @param {Buffer} wasm @param {number} pages */
function capped(wasm, pages) {
  for (let at = HEADER; at < wasm.length; ) {
    const id = wasm[at];
    const [size, body] = leb(wasm, at + 1);
    if (id === MEMORY_SECTION) {
      const [count, limits] = leb(wasm, body);
      const [least] = leb(wasm, limits + 1);
      if (count !== 1 || least > pages) throw new Error(`the memory can't be capped at ${pages} pages: it begins with ${least}`);
      const section = Buffer.from([1, 1, ...toLeb(least), ...toLeb(pages)]);
      return Buffer.concat([wasm.subarray(0, at), Buffer.from([MEMORY_SECTION, ...toLeb(section.length)]), section, wasm.subarray(body + size)]);
    }
    at = body + size;
  }
  throw new Error("the WebAssembly has no memory of its own");
}

/** @param {Buffer} bytes @param {number} at @returns {[value: number, next: number]} */
function leb(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

/** @param {number} value */
function toLeb(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}
