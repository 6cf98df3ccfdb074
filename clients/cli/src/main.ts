#!/usr/bin/env node
import { CommanderError } from "commander";
import { EXIT } from "./exit.ts";
import { tellError } from "./output.ts";
import { makeProgram } from "./program.ts";

// Errors in the arguments are reported before they have been parsed.
const isJson = process.argv.includes("--json");

// The reader of the output may stop reading, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : EXIT.failed));

try {
  await makeProgram(isJson).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // A request for help or the version is not an error. For people, an error has been printed already.
  const isWrong = error.exitCode !== 0;
  if (isWrong && isJson) tellError(new Error(usageOf(error)), true);
  process.exitCode = isWrong ? EXIT.usage : 0;
}

function usageOf({ code, message }: CommanderError): string {
  return code === "commander.help" ? "no command given: --help lists them" : message.replace(/^error: /, "");
}
