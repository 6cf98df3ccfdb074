import { defineConfig } from "vitest/config";

const TESTS = ["tests/**/*.test.ts"];

/** What measures, floods or builds has the machine to itself. */
const ALONE = [
  "tests/livekit/scale.test.ts",
  "tests/studio/budget.test.ts",
  ...["admission", "bounds", "campaign-pace", "dead-receiver", "deploy", "floods", "migration"].map((name) => `tests/edge/${name}.test.ts`),
];

/** What waits for clocks, phones and restarts: half a core each at most, most of them a sixth. No browser and no compiler runs beside these. */
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
    // For what never ends: a slow machine that runs two files side by side is given its time.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    disableConsoleIntercept: true,
    // Each file starts a Worker of its own and waits for it for much of its time.
    projects: [
      { extends: true, test: { name: "side by side", include: TESTS, exclude: [...WAITING, ...ALONE], maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: "waiting", include: WAITING, maxWorkers: 5, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: "alone", include: ALONE, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
});
