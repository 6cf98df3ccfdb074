import { defineConfig } from "vitest/config";

/** The tests that need a real LiveKit: `npm run test:livekit` sets it up. A proof measures, so its calls have the machine to themselves. */
export default defineConfig({
  test: {
    environment: "node",
    include: ["tests/livekit/real/*.real.ts"],
    maxWorkers: process.env["REAL_CALLS_PROVE"] === "1" ? 1 : 2,
    hookTimeout: 180_000,
    disableConsoleIntercept: true,
  },
});
