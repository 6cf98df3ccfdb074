// Before a phone rings that is not the simulator's, somebody says so.

import { createInterface } from "node:readline/promises";
import { EXIT, Exit, usage } from "./exit.ts";

/** Returns if `isSure` or whoever sits there says yes. Where nobody sits there, it is a mistake to ask. */
export async function confirm(question: string, isSure: boolean | undefined): Promise<void> {
  if (isSure) return;
  if (!process.stdin.isTTY) throw usage(`${question} There is nobody to ask: give --yes to confirm.`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Whoever ends the input has not said yes.
    const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    if (!/^y(es)?$/i.test(answer.trim())) throw new Exit(EXIT.usage, "not done");
  } finally {
    lines.close();
  }
}
