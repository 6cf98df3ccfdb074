import { expect, test } from "vitest";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { bindingOptions, readConfig } from "../../scripts/lib/config.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";

test("the local run is bound exactly as wrangler reads wrangler.toml", () => {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(inRoot("wrangler.toml"));
  // Not bindings: how modules are told apart, where wrangler.toml lies, and what Miniflare 4 doesn't know (the local run fires the
  // cron's handler itself, and `routerConfig` says that the Worker goes first).
  const { modulesRules: _, rootPath: __, cronTriggers, ...ofWrangler } = workerOptions as Record<string, unknown>;
  const { run_worker_first: workerFirst, ...assets } = ofWrangler["assets"] as Record<string, unknown>;
  const config = readConfig();
  const ours: Record<string, unknown> = bindingOptions(config);

  expect(withoutEmpty(ours)).toEqual(withoutEmpty({ ...ofWrangler, assets }));
  expect(cronTriggers).toEqual(config.triggers.crons);
  expect(workerFirst).toBe(config.assets?.run_worker_first);
});

/** Wrangler lists every kind of binding there is; the kinds without any bind nothing. */
function withoutEmpty(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value === undefined;
  return Object.values(value).every(isEmpty);
}

/** What Cloudflare allows one invocation to wait for at once, and a queue to have of them. */
const CONNECTIONS = 6;
const INVOCATIONS = 250;

test("as it is deployed, 500 phones and more can ring at once, and no dial waits for another's connection", () => {
  const { max_batch_size = 10, max_concurrency = INVOCATIONS } = readConfig().queues?.consumers?.find(({ queue }) => queue === "audatec-dispatch") ?? {};

  expect(max_batch_size + 2).toBeLessThanOrEqual(CONNECTIONS); // one that looks, and one that tells the trunk
  expect(max_batch_size * max_concurrency).toBeGreaterThanOrEqual(500);
});
