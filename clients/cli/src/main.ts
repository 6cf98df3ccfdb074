#!/usr/bin/env node
import { CommanderError } from "commander";
import { EXIT } from "./exit.ts";
import { makeProgram } from "./program.ts";

// Whoever reads may stop reading, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : EXIT.failed));

try {
  await makeProgram().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // It has said what is wrong; asked for help or its version, nothing is.
  process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
}
