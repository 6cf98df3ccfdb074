// Makes the deployed module small: its size is measured gzipped, as it is uploaded and limited.

import { readFileSync } from "node:fs";
import { alikeTogether } from "./alike.mjs";
import { step } from "./log.mjs";
import { functionsOf, nameFunctions, renameBorders } from "./wasm-binary.mjs";

/** What the `worker` crate exports for streams, R2 and containers, which this Worker does not use. */
const UNUSED = "IntoUnderlying\\w+|ContainerStartupOptions|MinifyConfig|R2Range";

/** Their classes in the glue. */
export const UNUSED_CLASSES = new RegExp(
  [
    `^(export )?class (${UNUSED}) \\{\\n[\\s\\S]*?^\\}\\n`,
    `^if \\(Symbol\\.dispose\\) (${UNUSED})\\..*\\n`,
    `^const (${UNUSED})Finalization = [\\s\\S]*?^\\}\\);\\n`,
  ].join("|"),
  "gm",
);

/** Their functions in the module, and those that describe them to bindgen: see `linker.mjs`. */
export const UNUSED_EXPORTS = new RegExp(`^(__wbindgen_describe_)?(__wbg_(get_|set_)?)?(${UNUSED.replace("w+", "w+?")})_`, "i");

/**
 * What would be called if a finished future were polled again, which never happens: with a text for each that says where it is.
 * Without the text it still traps.
 */
const ASKED_AGAIN = "panic_const_async_fn_resumed";

/**
 * The passes that make the gzipped module smaller. `-Oz` as a whole makes it smaller unpacked, but 8 % larger gzipped: it breaks
 * up code that the compiler had made similar.
 */
const ROUND = [
  "duplicate-function-elimination",
  "remove-unused-module-elements",
  "optimize-instructions",
  "vacuum",
  "merge-blocks",
  "dce",
  "remove-unused-brs",
  "remove-unused-names",
];
const SMALLER = [
  "strip-debug",
  "strip-producers",
  "dae-optimizing",
  ...ROUND,
  "code-folding",
  ...ROUND,
  "simplify-locals-nostructure",
  ...ROUND,
  "coalesce-locals",
  ...ROUND,
  "rse",
  "vacuum",
  "reorder-locals",
  "dealign", // an alignment is a hint that V8 does not use
  "strip-target-features",
];

/**
 * @param {string} path
 * @returns {Promise<Buffer>} the module made smaller: optimised, without names
 */
export async function optimise(path) {
  const { default: binaryen } = await import("binaryen");
  return step("build", "wasm-opt", async () => {
    // Only the features that the compiler used are enabled: with more, binaryen writes what no runtime can read yet.
    const module = binaryen.readBinary(readFileSync(path));
    const functions = Array.from({ length: module.getNumFunctions() }, (_, at) => module.getFunctionByIndex(at));
    const never = functions.map((ref) => binaryen.getFunctionInfo(ref)).filter(({ name }) => name.includes(ASKED_AGAIN));
    for (const { name, params, results } of never) {
      module.removeFunction(name);
      module.addFunction(name, params, results, [], module.unreachable());
    }
    module.runPasses(SMALLER);
    const bytes = module.emitBinary();
    module.dispose();
    // Binaryen sorts by name: each function is named after its place, and names are not written.
    const sorted = binaryen.readBinary(nameByPlace(Buffer.from(bytes)));
    sorted.runPasses(["reorder-functions-by-name"]);
    const ordered = sorted.emitBinary();
    sorted.dispose();
    return Buffer.from(ordered);
  });
}

/**
 * A module whose functions are named so that sorting them by name puts similar ones close to each other.
 * @param {Buffer} wasm
 */
function nameByPlace(wasm) {
  /** @type {string[]} */
  const names = [];
  for (const [place, body] of alikeTogether(functionsOf(wasm)).entries()) names[body] = String(place).padStart(6, "0");
  return nameFunctions(wasm, names);
}

/** Names that bindgen generated, each with a hash: the module imports and exports by them, and only the glue uses them. */
const GENERATED = /^(__wb|wasm_bindgen__)/;

/**
 * Gives the generated names of a module's imports and exports, which do not compress, short replacements: `$0`, `$1`, …
 * @param {Uint8Array} wasm
 * @param {string} glue
 * @returns {{ wasm: Buffer, glue: string }}
 */
export function shortenNames(wasm, glue) {
  if (/\$\d/.test(glue)) throw new Error("bindgen's output has changed: the short names are taken");
  /** @type {Map<string, string>} */
  const short = new Map();
  const shorten = (/** @type {string} */ name) => {
    if (!GENERATED.test(name)) return name;
    if (!short.has(name)) short.set(name, `$${short.size}`);
    return short.get(name) ?? name;
  };
  const renamed = renameBorders(Buffer.from(wasm), shorten);
  return { wasm: renamed, glue: glue.replace(/\b\w+\b/g, (word) => short.get(word) ?? word) };
}
