// Installs once whatever a fresh machine lacks: the wasm target, the node modules, the bindgen tool. Node built-ins only.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { say, step, UserError } from "./log.mjs";
import { inRoot, readIfThere, sha256, writeWhole } from "./paths.mjs";
import { exists, mustRun, run } from "./run.mjs";

const WASM_TARGET = "wasm32-unknown-unknown";

/** The tool that writes the JavaScript side of the wasm module (`tools/bindgen`). */
export const bindgen = inRoot("tools/bindgen/target/debug/bindgen");

/** Everything `npm start` and `npm test` need. Quick if nothing is missing. */
export async function setUp() {
  await ensureNodeModules();
  await ensureRust();
  await ensureBindgen();
}

/** `npm ci`, if the installed modules differ from the lock file. */
export async function ensureNodeModules() {
  const lockHash = sha256(readFileSync(inRoot("package-lock.json")));
  const stamp = inRoot("node_modules/.installed-lock");
  if (readIfThere(stamp) === lockHash) return;
  await step("setup", "node modules (npm ci)", () => npmCi(inRoot(".")));
  writeWhole(stamp, lockHash);
}

/**
 * Installs what a folder's lock file names, including what only builds need: npm leaves that out if `NODE_ENV` is "production",
 * as it is after a build by Vite.
 * @param {string} folder @param {string[]} options for npm
 */
export async function npmCi(folder, options = []) {
  await mustRun("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", ...options], {
    cwd: folder,
    // npm run exports its own settings to scripts; a `--dry-run` or `--ignore-scripts` meant for the outer npm must not get here.
    env: { npm_config_dry_run: "", npm_config_update_notifier: "false" },
  });
}

/** The compiler and its wasm target. */
export async function ensureRust() {
  if (!(await exists("cargo"))) {
    throw new UserError(
      "cargo was not found on PATH. Install Rust with rustup (https://rustup.rs), open a new shell, and run this again.",
    );
  }
  if (await hasWasmTarget()) return;
  if (!(await exists("rustup"))) {
    throw new UserError(
      `This Rust has no ${WASM_TARGET} target, and there is no rustup to add it. ` +
        "Install Rust with rustup (https://rustup.rs), or the target's package of your distribution.",
    );
  }
  await step("setup", `Rust target ${WASM_TARGET} (rustup)`, () => mustRun("rustup", ["target", "add", WASM_TARGET]));
  if (!(await hasWasmTarget())) {
    throw new UserError(`rustup added ${WASM_TARGET}, but the cargo on PATH does not use that toolchain.`);
  }
}

async function hasWasmTarget() {
  const { code, stdout, output } = await run("rustc", ["--print", "target-libdir", "--target", WASM_TARGET]);
  if (code !== 0) throw new UserError(`rustc does not run:\n${output.trim()}`);
  return existsSync(stdout.trim());
}

/** Builds `tools/bindgen`, unless the existing one is up to date. */
export async function ensureBindgen() {
  const sources = ["Cargo.toml", "Cargo.lock", "src/main.rs"].map((name) => readFileSync(inRoot("tools/bindgen", name)));
  const hash = sha256(Buffer.concat(sources));
  const stamp = inRoot("build/bindgen.stamp");
  if (existsSync(bindgen) && readIfThere(stamp) === hash) return;
  await cargo("setup", "bindgen tool (cargo)", ["build", "--locked", "--manifest-path", "tools/bindgen/Cargo.toml"], {
    // Wherever cargo puts build output on this machine, the tool stays where it is expected.
    CARGO_TARGET_DIR: inRoot("tools/bindgen/target"),
  });
  mkdirSync(inRoot("build"), { recursive: true });
  writeWhole(stamp, hash);
}

/**
 * Runs cargo with a heartbeat that names the crate being compiled; shows warnings, and all output if it fails.
 * @param {string} tag
 * @param {string} text
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function cargo(tag, text, args, env = {}) {
  const quiet = /^\s*(Compiling|Checking|Downloading|Downloaded|Locking|Adding|Updating|Fresh|Finished|Blocking) ?/;
  /** @type {string[]} */
  const shown = [];
  let crates = 0;
  await step(tag, text, async (note) => {
    const { code } = await run("cargo", args, {
      env,
      onLine: (line) => {
        if (!quiet.test(line)) return void shown.push(line);
        if (/^\s*(Compiling|Checking) /.test(line)) note(`${++crates} crates, ${line.trim()}`);
        else note(line.trim());
      },
    });
    const text = shown.join("\n").trim();
    if (text) process.stderr.write(`${text}\n`);
    if (code !== 0) throw new UserError(`\`cargo ${args.join(" ")}\` failed with exit code ${code}`);
  });
  if (crates > 0) say(tag, `${crates} crates compiled`);
}
