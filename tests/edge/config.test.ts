import { expect, test } from "vitest";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { bindingOptions, readConfig } from "../../scripts/lib/config.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";

test("the local run is bound exactly as wrangler reads wrangler.toml", () => {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(inRoot("wrangler.toml"));
  const { modulesRules: _, ...ofWrangler } = workerOptions as Record<string, unknown>;
  const ours: Record<string, unknown> = bindingOptions(readConfig());

  expect(withoutEmpty(ours)).toEqual(withoutEmpty(ofWrangler));
});

/** Wrangler lists every kind of binding there is; the kinds without any bind nothing. */
function withoutEmpty(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value === undefined;
  return Object.values(value).every(isEmpty);
}
