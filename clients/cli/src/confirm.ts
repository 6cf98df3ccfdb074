// Asks for confirmation before a phone rings that is not the simulator's.

import { createInterface } from "node:readline/promises";
import { EXIT, Exit, usage } from "./exit.ts";

/** Returns if `isSure`, or if the user says yes. Without a terminal it throws, since there is nobody to ask. */
export async function confirm(question: string, isSure: boolean | undefined): Promise<void> {
  if (isSure) return;
  if (!process.stdin.isTTY) throw usage(`${question} There is nobody to ask: give --yes to confirm.`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Ending the input is not a yes.
    const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    if (!/^y(es)?$/i.test(answer.trim())) throw new Exit(EXIT.usage, "not done");
  } finally {
    lines.close();
  }
}
