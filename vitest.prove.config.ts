import { defineConfig } from "vitest/config";

/** What takes too long for `npm test`, and is a part of `npm run prove`. */
export default defineConfig({
  test: { environment: "node", include: ["tests/{edge,clients}/*.prove.ts"], fileParallelism: false, testTimeout: 90_000, hookTimeout: 120_000, disableConsoleIntercept: true },
});
