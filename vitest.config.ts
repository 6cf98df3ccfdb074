import { defineConfig } from "vitest/config";

const TESTS = ["tests/**/*.test.ts"];

/** What measures, floods or kills has the machine to itself. */
const ALONE = [
  "tests/kill/*.test.ts",
  "tests/livekit/{chaos,faults,table}.test.ts",
  "tests/studio/budget.test.ts",
  ...["admission", "budgets", "dead-receiver", "floods", "restart"].map((name) => `tests/edge/${name}.test.ts`),
];

/** It takes one core for two minutes: it begins first, and others go on beside it. */
const BUILDS = ["tests/edge/deploy.test.ts"];

export default defineConfig({
  test: {
    environment: "node",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    disableConsoleIntercept: true,
    // Each file starts a Worker of its own and waits for it for much of its time.
    projects: [
      { extends: true, test: { name: "the release build", include: BUILDS, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: "side by side", include: TESTS, exclude: [...BUILDS, ...ALONE], maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: "alone", include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
