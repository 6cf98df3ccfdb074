#!/usr/bin/env node
// What rustc runs to link the deployed module: its own linker, without the exports that nobody uses. As exports they would be
// kept, with everything that they reach.

import { spawnSync } from "node:child_process";
import { UNUSED_EXPORTS } from "./smaller.mjs";

const args = process.argv.slice(2);
const isUnused = (/** @type {number} */ at) => args[at] === "--export" && UNUSED_EXPORTS.test(args[at + 1] ?? "");
const kept = args.filter((_, at) => !isUnused(at) && !isUnused(at - 1));
const { status } = spawnSync("rust-lld", kept, { stdio: "inherit" });
process.exit(status ?? 1);
