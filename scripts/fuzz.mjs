#!/usr/bin/env node
// `npm run fuzz [target ...]`: libFuzzer looks for input that breaks a parser, for FUZZ_SECONDS (60) per target of fuzz/.
// Interesting inputs stay in build/fuzz/corpus, so that the next run continues from there. An input that breaks a target is kept
// in fuzz/artifacts; the last lines say how to reproduce it.

import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { runMain, say, seconds, UserError } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { endChildrenOnSignals, exists, run } from "./lib/run.mjs";
import { cargo, ensureRust } from "./lib/setup.mjs";

const CARGO_FUZZ_VERSION = "0.13.1";
const installed = inRoot("build/fuzz/bin/cargo-fuzz");
const ENV = {
  // cargo-fuzz instruments with compiler flags that a stable compiler accepts only with this set.
  RUSTC_BOOTSTRAP: "1",
  CARGO_TARGET_DIR: inRoot("fuzz/target"),
};

/** @returns {Promise<string>} the cargo-fuzz to use: the one on PATH, or one built here */
async function ensureCargoFuzz() {
  if (await exists("cargo-fuzz")) return "cargo-fuzz";
  if (!existsSync(installed)) {
    const root = ["--root", inRoot("build/fuzz")];
    await cargo("setup", `cargo-fuzz ${CARGO_FUZZ_VERSION} (cargo)`, ["install", "--debug", "--locked", "--version", CARGO_FUZZ_VERSION, ...root, "cargo-fuzz"]);
  }
  return installed;
}

/** @returns {string[]} */
function targets() {
  const bins = readFileSync(inRoot("fuzz/Cargo.toml"), "utf8").matchAll(/^\[\[bin\]\]\nname = "(.+)"$/gm);
  return [...bins].map(([, name = ""]) => name);
}

/**
 * Fuzzes one target. No sanitizer: there is no unsafe code here, and the aim is to find panics and wrong answers.
 * @param {string} cargoFuzz @param {string} target @param {number} time in seconds
 * @returns {Promise<number>} executions; 0 if it failed
 */
async function fuzz(cargoFuzz, target, time) {
  const startedAt = performance.now();
  const [found, seeds, artifacts] = [inRoot("build/fuzz/corpus", target), inRoot("fuzz/corpus", target), inRoot("fuzz/artifacts", target)];
  mkdirSync(found, { recursive: true });
  const options = [`-max_total_time=${time}`, "-timeout=10", "-max_len=70000", "-print_final_stats=1", "-verbosity=0"];
  const args = ["run", "--sanitizer", "none", target, found, seeds, "--", ...options];
  const before = new Set(existsSync(artifacts) ? readdirSync(artifacts) : []);
  const { code, output } = await run(cargoFuzz, args, { env: ENV });
  const [, executions = "0"] = /number_of_executed_units: (\d+)/.exec(output) ?? [];
  if (code === 0) {
    say("fuzz", `${target}: nothing found, ${seconds(startedAt)}`);
    return Number(executions);
  }
  process.stdout.write(output.split("\n").slice(-40).join("\n"));
  const broke = existsSync(artifacts) ? readdirSync(artifacts).filter((name) => !before.has(name)) : [];
  for (const name of broke) {
    console.log(`${target} broke. To reproduce it:`);
    console.log(`  cp fuzz/artifacts/${target}/${name} fuzz/corpus/${target}/ && cargo test --test fuzz`);
  }
  return 0;
}

await runMain(async () => {
  endChildrenOnSignals();
  const all = targets();
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new UserError(`no target ${unknown.join(", ")}; there are: ${all.join(", ")}`);
  const time = Number(process.env["FUZZ_SECONDS"] ?? 60);
  if (!(time > 0)) throw new UserError("FUZZ_SECONDS must be a number of seconds");
  await ensureRust();
  const cargoFuzz = await ensureCargoFuzz();
  // Everything that a run compiles, before its time is counted.
  await cargo("build", "fuzz targets (cargo-fuzz)", ["fuzz", "build", "--sanitizer", "none"], { ...ENV, PATH: `${inRoot("build/fuzz/bin")}:${process.env["PATH"]}` });
  let total = 0;
  let failed = 0;
  /** @type {string[]} */
  const each = [];
  for (const target of wanted.length > 0 ? wanted : all) {
    const executions = await fuzz(cargoFuzz, target, time);
    if (executions === 0) failed += 1;
    total += executions;
    each.push(`${target} ${executions.toLocaleString("en")}`);
  }
  console.log(`prove: fuzz executions: ${total.toLocaleString("en")} (${each.join(", ")}; ${time} s each)`);
  return failed > 0 ? 1 : 0;
});
