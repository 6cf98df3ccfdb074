// From Rust sources to a Worker: cargo, bindgen, one bundle. Called by `scripts/build.mjs`, the local run and the tests.

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { say, seconds, step, UserError } from "./log.mjs";
import { inRoot, readIfThere, sha256, writeWhole } from "./paths.mjs";
import { mustRun } from "./run.mjs";
import { bindgen, cargo } from "./setup.mjs";

/** @typedef {"local" | "release"} Profile */

/**
 * Where a profile's Worker is put. `wrangler.toml` names the release one; the local one has its own folder, so that a
 * deployment being built never changes the Worker that a local run or a test is about to start.
 * @type {Record<Profile, string>}
 */
export const outDirs = { local: inRoot("build/local"), release: inRoot("build/worker") };

const ENTRY = inRoot("src/edge/entry.js");

/**
 * Builds the Worker of a profile: `index.js` and `index_bg.wasm` in its folder. Does nothing when nothing changed.
 * @param {Profile} profile
 */
export async function buildWorker(profile) {
  const startedAt = performance.now();
  const outDir = outDirs[profile];
  const compiled = await compile(profile);
  const key = sha256(
    [compiled, ENTRY, bindgen, inRoot("scripts/lib/wasm.mjs")].map((path) => sha256(readFileSync(path))).join(),
  );
  const stamp = join(outDir, "stamp");
  const outputs = ["index.js", "index_bg.wasm"].map((name) => join(outDir, name));
  if (readIfThere(stamp) === key && outputs.every((path) => existsSync(path))) {
    say("build", `${profile} Worker is up to date, ${seconds(startedAt)}`);
    return;
  }
  rmSync(stamp, { force: true });
  const glueDir = join(outDir, "glue");
  mkdirSync(glueDir, { recursive: true });
  await mustRun(bindgen, [compiled, glueDir]);
  const javascript = await bundle(glueDir, profile);
  const glueWasm = join(glueDir, "index_bg.wasm");
  const wasm = profile === "release" ? await optimise(glueWasm) : readFileSync(glueWasm);
  writeWhole(join(outDir, "index_bg.wasm"), wasm);
  writeWhole(join(outDir, "index.js"), javascript);
  writeWhole(stamp, key);
  const gzipped = gzipSync(wasm).length + gzipSync(javascript).length;
  say("build", `${profile} Worker ${(gzipped / 1024).toFixed(1)} KiB gzip, ${seconds(startedAt)}`);
}

/**
 * @param {Profile} profile
 * @returns {Promise<string>} the wasm module that cargo wrote
 */
async function compile(profile) {
  const target = process.env["CARGO_TARGET_DIR"] ?? inRoot("target");
  const args = ["build", "--lib", "--locked", "--target", "wasm32-unknown-unknown", "--profile", profile];
  if (profile === "local") args.push("--features", "faults");
  await cargo("build", `cargo, profile ${profile}`, args);
  const [crate] = /^name = "(.+)"$/m.exec(readFileSync(inRoot("Cargo.toml"), "utf8"))?.slice(1) ?? [];
  const compiled = join(target, "wasm32-unknown-unknown", profile, `${crate?.replaceAll("-", "_")}.wasm`);
  if (!existsSync(compiled)) throw new UserError(`cargo wrote no ${compiled}; is CARGO_BUILD_TARGET_DIR set?`);
  return compiled;
}

/**
 * Bundles the entry module with the glue. The wasm module stays a file of its own, which the runtime compiles.
 * @param {string} glueDir
 * @param {Profile} profile
 */
async function bundle(glueDir, profile) {
  const { build } = await import("esbuild");
  const result = await build({
    entryPoints: [ENTRY],
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["./index_bg.wasm", "cloudflare:*"],
    minify: profile === "release",
    legalComments: "none",
    write: false,
    logLevel: "warning",
    plugins: [
      {
        name: "wasm-glue",
        setup(plugin) {
          const glue = join(glueDir, "index.js");
          plugin.onResolve({ filter: /^wasm-glue$/ }, () => ({ path: glue }));
          plugin.onLoad({ filter: /[/\\]glue[/\\]index\.js$/ }, () => ({
            contents: adaptGlue(readFileSync(glue, "utf8")),
          }));
        },
      },
    ],
  });
  const [file] = result.outputFiles;
  if (!file) throw new Error("esbuild wrote nothing");
  return file.contents;
}

/**
 * What the `worker` crate exports for streams, R2 and containers, which this Worker does without: their classes in the glue,
 * and in the module their functions, which as exports would be kept with all that they reach.
 */
const UNUSED = "IntoUnderlying\\w+|ContainerStartupOptions|MinifyConfig|R2Range";
const UNUSED_CLASSES = new RegExp(
  [
    `^(export )?class (${UNUSED}) \\{\\n[\\s\\S]*?^\\}\\n`,
    `^if \\(Symbol\\.dispose\\) (${UNUSED})\\..*\\n`,
    `^const (${UNUSED})Finalization = [\\s\\S]*?^\\}\\);\\n`,
  ].join("|"),
  "gm",
);
const UNUSED_EXPORTS = new RegExp(`^(__wbg_(get_|set_)?)?(${UNUSED.replace("w+", "w+?")})_`, "i");

/**
 * Three changes to what bindgen writes. Unused classes go. The import in source phase becomes a plain one: to this runtime a `.wasm` import is
 * the compiled module already. And a trap is told to the entry module, which fails the calls that would wait for ever;
 * the dead instance itself is asked for nothing, since after a stack overflow it can't answer.
 * @param {string} glue
 */
export function adaptGlue(glue) {
  const imported = replaceOnce(glue, "import source wasmModule from", "import wasmModule from");
  const lean = imported.replace(UNUSED_CLASSES, "");
  const told = replaceOnce(
    lean,
    "    __wbg_called_abort = true;",
    "    __wbg_called_abort = true;\n    __wbg_reinit_scheduled = true;\n    onTrap?.();",
  );
  return `${told}\nvar onTrap;\nexport function setOnTrap(callback) { onTrap = callback; }\n`;
}

/** @param {string} text @param {string} from @param {string} to */
function replaceOnce(text, from, to) {
  if (text.split(from).length !== 2) throw new Error(`bindgen's output has changed: no single \`${from}\``);
  return text.replace(from, () => to);
}

/**
 * The passes that make the module smaller once it is gzipped, which is how it is measured. `-Oz` as a whole makes it smaller
 * unpacked, but costs 8 % gzipped: it breaks up what the compiler made alike.
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
  ...ROUND,
  "code-folding",
  ...ROUND,
  "simplify-locals-nostructure",
  ...ROUND,
  "reorder-locals",
];

/**
 * @param {string} path
 * @returns {Promise<Buffer>} the module made smaller: without unused exports, optimised, without names
 */
async function optimise(path) {
  const { default: binaryen } = await import("binaryen");
  return step("build", "wasm-opt", async () => {
    const module = binaryen.readBinary(readFileSync(path));
    module.setFeatures(binaryen.Features.All);
    const exports = Array.from({ length: module.getNumExports() }, (_, at) => module.getExportByIndex(at));
    const names = exports.map((ref) => binaryen.getExportInfo(ref).name);
    for (const name of names.filter((name) => UNUSED_EXPORTS.test(name))) module.removeExport(name);
    module.runPasses(SMALLER);
    const bytes = module.emitBinary();
    module.dispose();
    return Buffer.from(bytes);
  });
}
