#!/usr/bin/env node
// `npm run lint`: formatter, clippy for both targets, TypeScript, Biome for Studio and the clients, commit subjects, cargo-deny.
// Each counts as one. CARGO_DENY names the cargo-deny to use; without it, and without one on PATH, that check is left out, unless
// CI is set.

import { runMain, say, seconds } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { endChildrenOnSignals, exists, run } from "./lib/run.mjs";
import { ensureNodeModules, ensureRust } from "./lib/setup.mjs";
import { writeTypes } from "./lib/studio.mjs";

const clippy = ["clippy", "--locked"];
const noWarnings = ["--", "-D", "warnings"];
const denied = ["check", "bans", "licenses", "sources"];
const deny = process.env["CARGO_DENY"] ?? "cargo-deny";

/** @typedef {[name: string, command: string, args: string[]]} Check */
const fmt = ["fmt", "--check"];
const tsc = inRoot("node_modules/typescript-native/bin/tsc");

/**
 * The lanes run in parallel, since each check has long stretches on one core; the checks of a lane run one after another.
 * @type {Check[][]}
 */
const lanes = [
  [
    ["clippy", "cargo", [...clippy, "--all-features", "--all-targets", ...noWarnings]],
    // Not part of all targets, since `cargo test` leaves it out.
    ["clippy, simulation", "cargo", [...clippy, "--all-features", "--test", "sim", ...noWarnings]],
  ],
  // In the profile of the tests' Worker, which then finds its macros and build scripts compiled, and where cargo locks nothing
  // that the other checks need.
  [["clippy, wasm32", "cargo", [...clippy, "--features", "faults", "--lib", "--profile", "local", "--target", "wasm32-unknown-unknown", ...noWarnings]]],
  [
    ["commit subjects", process.execPath, [inRoot("scripts/commits.mjs")]],
    ["rustfmt", "cargo", fmt],
    ["rustfmt, tools/bindgen", "cargo", [...fmt, "--manifest-path", "tools/bindgen/Cargo.toml"]],
    ["rustfmt, fuzz", "cargo", [...fmt, "--manifest-path", "fuzz/Cargo.toml"]],
    // Before tsc: the tests use the client's types.
    ["tsc, clients", process.execPath, [inRoot("scripts/pack.mjs")]],
    ["tsc", process.execPath, [tsc, "--noEmit"]],
    ["tsc, Studio", process.execPath, [tsc, "-p", inRoot("studio")]],
    ["biome", process.execPath, [inRoot("node_modules/@biomejs/biome/bin/biome"), "check", "--error-on-warnings"]],
  ],
];
/** @type {Check[]} */
const denyChecks = [
  ["cargo-deny", deny, ["--offline", ...denied]],
  [
    "cargo-deny, tools/bindgen",
    deny,
    ["--offline", "--config", "deny.toml", "--manifest-path", "tools/bindgen/Cargo.toml", ...denied],
  ],
];

await runMain(async () => {
  endChildrenOnSignals();
  await ensureNodeModules();
  await ensureRust();
  await writeTypes();
  if (process.env["CI"] || (await exists(deny))) {
    lanes.push(denyChecks);
    // Offline, cargo-deny reads the crates of all targets from cargo's cache.
    await run("cargo", ["fetch", "--locked"]);
    await run("cargo", ["fetch", "--locked", "--manifest-path", "tools/bindgen/Cargo.toml"]);
  } else {
    say("lint", "cargo-deny is not installed (cargo install --locked cargo-deny): left out here, .ci/run has it");
  }
  /** @type {string[]} */
  const failed = [];
  await Promise.all(
    lanes.map(async (checks) => {
      for (const [name, command, args] of checks) {
        const startedAt = performance.now();
        const { code, output } = await run(command, args).catch((error) => ({ code: 1, output: String(error) }));
        if (code !== 0) {
          failed.push(name);
          process.stdout.write(output);
        }
        say("lint", `${name}: ${code === 0 ? "passed" : "FAILED"}, ${seconds(startedAt)}`);
      }
    }),
  );
  for (const name of failed) console.log(`failed: ${name}`);
  console.log(`${lanes.flat().length - failed.length} passed, ${failed.length} failed`);
  return failed.length > 0 ? 1 : 0;
});
