#!/usr/bin/env node
// Part of `npm run lint`: no commit since this check was added has a subject of more than 72 characters. Without git, or in a
// clone too shallow to reach that commit, there is nothing to check.

import { runMain } from "./lib/log.mjs";
import { run } from "./lib/run.mjs";

const LONGEST = 72;
/** The last commit before this check; some older ones are longer. */
const SINCE = "003cd8a631c4dfdf4cf1d813540727530092dffb";

await runMain(async () => {
  const { code, stdout } = await run("git", ["log", "--format=%h %s", `${SINCE}..HEAD`]).catch(() => ({ code: 1, stdout: "" }));
  if (code !== 0) return 0;
  const subject = (/** @type {string} */ line) => line.slice(line.indexOf(" ") + 1);
  const long = stdout.split("\n").filter((line) => [...subject(line)].length > LONGEST);
  for (const line of long) console.log(`a subject of more than ${LONGEST} characters: ${line}`);
  return long.length > 0 ? 1 : 0;
});
