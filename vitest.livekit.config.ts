import { defineConfig } from "vitest/config";

/** The tests that need a real LiveKit: `npm run test:livekit` sets it up. One file after another: twenty agents at once keep a machine busy. */
export default defineConfig({
  test: { environment: "node", include: ["tests/livekit/real/*.real.ts"], fileParallelism: false, hookTimeout: 180_000, disableConsoleIntercept: true },
});
