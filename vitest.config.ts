import { defineConfig } from "vitest/config";

const TESTS = ["tests/**/*.test.ts"];

/** Tests that measure, flood or build have the machine to themselves. */
const ALONE = [
  "tests/livekit/scale.test.ts",
  "tests/studio/budget.test.ts",
  ...["admission", "bounds", "campaign-pace", "dead-receiver", "deploy", "floods", "migration"].map((name) => `tests/edge/${name}.test.ts`),
];

/** Tests that wait for clocks, phones and restarts: half a core each at most, most of them a sixth. No browser and no compiler runs beside these. */
const WAITING = [
  "tests/kill/*.test.ts",
  "tests/livekit/{chaos,conversation,faults,table}.test.ts",
  "tests/clients/audatec.test.ts",
  ...["backlog", "budgets", "callbacks", "deployed", "feed", "feed-watch", "full-store", "local-run", "restart", "sse-clients", "stale-kv"].map(
    (name) => `tests/edge/${name}.test.ts`,
  ),
];

export default defineConfig({
  test: {
    environment: "node",
    // Only for what never ends: a slow machine that runs two files in parallel gets enough time.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    disableConsoleIntercept: true,
    // Each file starts a Worker of its own and spends much of its time waiting for it.
    projects: [
      { extends: true, test: { name: "side by side", include: TESTS, exclude: [...WAITING, ...ALONE], maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: "waiting", include: WAITING, maxWorkers: 5, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: "alone", include: ALONE, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
});
