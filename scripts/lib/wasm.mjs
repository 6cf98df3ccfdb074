// From Rust sources to a Worker: cargo, bindgen, one bundle. Called by `scripts/build.mjs`, the local run and the tests.

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { say, seconds, UserError } from "./log.mjs";
import { inRoot, readIfThere, sha256, writeWhole } from "./paths.mjs";
import { mustRun } from "./run.mjs";
import { bindgen, cargo } from "./setup.mjs";
import { optimise, shortenNames, UNUSED_CLASSES } from "./smaller.mjs";

/** @typedef {"local" | "release" | "bench"} Profile "bench" is the release's, plus what the benchmarks ask objects */

/**
 * Where a profile's Worker is put. `wrangler.toml` names the release's folder; the local profile has its own, so that building a
 * deployment never changes the Worker that a local run or a test is about to start.
 * @type {Record<Profile, string>}
 */
export const outDirs = { local: inRoot("build/local"), release: inRoot("build/worker"), bench: inRoot("build/bench") };

const ENTRY = inRoot("src/edge/entry.js");
const LINKER = inRoot("scripts/lib/linker.mjs");
const cargoHome = process.env["CARGO_HOME"] ?? join(homedir(), ".cargo");
const RELEASE_FLAGS = [
  // The path of a machine's crates must not be in what is deployed: the module would be different on each machine.
  `--remap-path-prefix=${cargoHome}/registry/src=`,
  // SHA-256 as a loop, not unrolled: 2 KB less, and admissions take no longer.
  '--cfg=sha2_backend_soft="compact"',
  // Functions that are called in several places are inlined less often: 1 KB less.
  "-Cllvm-args=-inline-instr-cost=20",
  // Nothing is computed early on several paths just to avoid it where they meet (4.5 KB); loops get no second counter beside
  // their own (3 KB); and what several paths all do is done once, where they meet (1 KB).
  "-Cllvm-args=-enable-pre=false -enable-load-pre=false -disable-lsr -enable-gvn-sink=true",
];
/** What is in the bundle besides the compiled module, or creates it. */
const SOURCES = [ENTRY, inRoot("scripts/lib/wasm.mjs"), ...["smaller", "alike", "wasm-binary"].map((name) => inRoot(`scripts/lib/${name}.mjs`))];

/**
 * Builds a profile's Worker: `index.js` and `index_bg.wasm` in its folder. Does nothing if nothing changed.
 * @param {Profile} profile
 */
export async function buildWorker(profile) {
  const startedAt = performance.now();
  const outDir = outDirs[profile];
  const compiled = await compile(profile);
  const key = sha256([compiled, bindgen, ...SOURCES].map((path) => sha256(readFileSync(path))).join());
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
  const [wasm, javascript] = await assemble(glueDir, profile);
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
  const cargoProfile = profile === "local" ? "local" : "release";
  // Only as a `cdylib`: together with the `rlib` that the tests link, the module would keep 100 KB that only Rust can call.
  const args = ["rustc", "--lib", "--crate-type", "cdylib", "--locked", "--target", "wasm32-unknown-unknown", "--profile", cargoProfile];
  if (profile !== "release") args.push("--features", "faults");
  if (profile !== "local") args.push("--config", `target.wasm32-unknown-unknown.rustflags=${JSON.stringify(RELEASE_FLAGS)}`, "--", `-Clinker=${LINKER}`);
  await cargo("build", `cargo, profile ${profile}`, args);
  const [crate] = /^name = "(.+)"$/m.exec(readFileSync(inRoot("Cargo.toml"), "utf8"))?.slice(1) ?? [];
  const compiled = join(target, "wasm32-unknown-unknown", cargoProfile, `${crate?.replaceAll("-", "_")}.wasm`);
  if (!existsSync(compiled)) throw new UserError(`cargo wrote no ${compiled}; is CARGO_BUILD_TARGET_DIR set?`);
  return compiled;
}

/**
 * @param {string} glueDir
 * @param {Profile} profile
 * @returns {Promise<[wasm: Buffer, javascript: Uint8Array]>}
 */
async function assemble(glueDir, profile) {
  const module = join(glueDir, "index_bg.wasm");
  const optimised = profile !== "local" ? await optimise(module) : readFileSync(module);
  const glue = adaptGlue(readFileSync(join(glueDir, "index.js"), "utf8"));
  const short = shortenNames(optimised, glue);
  return [short.wasm, await bundle(glueDir, short.glue, profile)];
}

/**
 * Bundles the entry module with the glue. The wasm module stays a separate file, which the runtime compiles.
 * @param {string} glueDir
 * @param {string} glue
 * @param {Profile} profile
 */
async function bundle(glueDir, glue, profile) {
  const { build } = await import("esbuild");
  const result = await build({
    entryPoints: [ENTRY],
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["./index_bg.wasm", "cloudflare:*"],
    minify: profile !== "local",
    legalComments: "none",
    write: false,
    logLevel: "warning",
    logOverride: { "duplicate-object-key": "silent" }, // bindgen names a module once for each function that it hands on as it is
    plugins: [
      {
        name: "wasm-glue",
        setup(plugin) {
          plugin.onResolve({ filter: /^wasm-glue$/ }, () => ({ path: join(glueDir, "index.js") }));
          // The entry module and the glue share the modules that both import: the glue's copy would be another module.
          plugin.onResolve({ filter: /\/snippets\/.*\/src\/edge\// }, ({ path }) => ({ path: inRoot(`src/edge/${basename(path)}`) }));
          plugin.onLoad({ filter: /[/\\]glue[/\\]index\.js$/ }, () => ({ contents: glue }));
        },
      },
    ],
  });
  const [file] = result.outputFiles;
  if (!file) throw new Error("esbuild wrote nothing");
  return file.contents;
}

/**
 * Makes three changes to bindgen's output. Unused classes are removed. The source phase import becomes a plain one: for this
 * runtime a `.wasm` import is the compiled module already. And a trap is reported to the entry module, which fails the calls that
 * would otherwise wait for ever; the dead instance itself is not used for that, since after a stack overflow it can't answer.
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
