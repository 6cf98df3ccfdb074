import { defineConfig } from "vitest/config";

const TESTS = ["tests/**/*.test.ts"];

/** What measures, floods, kills or builds has the machine to itself. */
const ALONE = [
  "tests/kill/*.test.ts",
  "tests/livekit/{chaos,faults,scale,table}.test.ts",
  "tests/studio/budget.test.ts",
  ...["admission", "backlog", "bounds", "budgets", "campaign-pace", "dead-receiver", "deploy", "floods", "local-run", "migration", "restart"].map((name) => `tests/edge/${name}.test.ts`),
];

export default defineConfig({
  test: {
    environment: "node",
    // For what never ends: a slow machine that runs two files side by side is given its time.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    disableConsoleIntercept: true,
    // Each file starts a Worker of its own and waits for it for much of its time.
    projects: [
      { extends: true, test: { name: "side by side", include: TESTS, exclude: ALONE, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: "alone", include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
