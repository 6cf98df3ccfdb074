// Vitest as `npm test` and `npm run test:livekit` run it: one line per test, and counts from its JSON report.

import { mkdirSync, rmSync } from "node:fs";
import { relative } from "node:path";
import { inRoot, readIfThere } from "./paths.mjs";
import { run } from "./run.mjs";

/** @typedef {{ passed: number, failed: number, names?: string[] }} Counts `names` says which failed */
/** @typedef {{ status: string, fullName: string, failureMessages: string[] }} Assertion */
/** @typedef {{ name: string, status: string, message?: string, assertionResults: Assertion[] }} File */

/** @param {string} report the name of its JSON file in build/ @param {string[]} args @returns {Promise<Counts>} */
export async function vitest(report, args) {
  const path = inRoot(`build/${report}`);
  mkdirSync(inRoot("build"), { recursive: true });
  rmSync(path, { force: true });
  const all = ["run", "--reporter=verbose", "--reporter=json", `--outputFile.json=${path}`, ...args];
  const { code } = await run(process.execPath, [inRoot("node_modules/vitest/vitest.mjs"), ...all], { passThrough: true });
  /** @type {{ numPassedTests?: number, numFailedTests?: number, testResults?: File[] }} */
  const { numPassedTests = 0, numFailedTests = 0, testResults = [] } = JSON.parse(readIfThere(path) ?? "{}");
  return withExitCode({ passed: numPassedTests, failed: numFailedTests, names: testResults.flatMap(failures) }, code);
}

/** @param {Counts} counts @param {number} code @returns {Counts} */
export function withExitCode(counts, code) {
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** @param {File} file @returns {string[]} */
function failures({ name, status, message, assertionResults }) {
  const file = relative(inRoot("."), name);
  const failed = assertionResults.filter((assertion) => assertion.status === "failed");
  const told = failed.map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${firstLine(failureMessages[0])}`);
  return status === "failed" && told.length === 0 ? [`${file}: ${firstLine(message)}`] : told;
}

/** @param {string | undefined} text */
const firstLine = (text) => (text ?? "").split("\n", 1)[0]?.slice(0, 300);
