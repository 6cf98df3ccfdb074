// What Cloudflare publishes about its API, and whether a request and a response conform to it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";

interface Operation {
  method: string;
  path: string;
  type: string;
  query: Record<string, object>;
  body?: object;
  result?: object;
}

interface Published {
  source: string;
  operations: Operation[];
  definitions: Record<string, object>;
}

const published = JSON.parse(readFileSync(join(import.meta.dirname, "schema.json"), "utf8")) as Published;
export const SOURCE = published.source;

/** What Wrangler asks that is not published, or without parameters: routes, and parts of requests. */
const WRANGLERS_OWN = {
  routes: [/^GET \/accounts\/\w+\/workers\/services\/[\w-]+$/, /^GET \/(user|memberships)\b/],
  query: ["excludeScript", "name", "page"],
  parts: { scripts: ["code_update_strategy"], deployments: ["code_update_strategy"], versions: ["code_update_strategy", "assets", "observability"] },
};

const ajv = new Ajv({ strict: false, allErrors: true });

function compiled(schema: object): ValidateFunction {
  return ajv.compile({ ...schema, definitions: published.definitions });
}

const operations = published.operations.map((operation) => ({
  ...operation,
  pattern: new RegExp(`^${operation.path.replace(/\{\w+\}/g, "[\\w.:-]+")}$`),
  bodyHolds: operation.body && compiled(operation.body),
  resultHolds: operation.result && compiled(operation.result),
}));

export interface Asked {
  method: string;
  /** From the API's root. */
  path: string;
  query: URLSearchParams;
  body: unknown;
  byWrangler: boolean;
}

const find = (method: string, path: string) => operations.find((one) => one.method === method && one.pattern.test(path));
const told = (holds: ValidateFunction) =>
  (holds.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`).join("; ").slice(0, 600);

/** What of a request is not as it is published; null, if all is. */
export function wrongIn({ method, path, query, body, byWrangler }: Asked): string | null {
  const asked = `${method} ${path}`;
  const operation = find(method, path);
  if (!operation) return byWrangler && WRANGLERS_OWN.routes.some((route) => route.test(asked)) ? null : `${asked} is not published`;
  for (const [name, value] of query) {
    if (byWrangler && WRANGLERS_OWN.query.includes(name)) continue;
    const schema = operation.query[name];
    const { type } = (schema ?? {}) as { type?: string };
    const typed = type === "number" ? Number(value) : type === "boolean" ? value === "true" : value;
    if (!schema || !compiled(schema)(typed)) return `${asked} has no ${name}=${value}`;
  }
  if (!operation.bodyHolds) return body === undefined ? null : `${asked} has no body`;
  return operation.bodyHolds(byWrangler ? withoutOwn(path, body) : body) ? null : `${asked}: ${told(operation.bodyHolds)}`;
}

function withoutOwn(path: string, body: unknown): unknown {
  const own = Object.entries(WRANGLERS_OWN.parts).findLast(([name]) => path.includes(`/${name}`))?.[1] ?? [];
  const drop = (of: object) => Object.fromEntries(Object.entries(of).filter(([name]) => !own.includes(name)));
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  return "metadata" in body ? { metadata: drop(body.metadata as object) } : drop(body);
}

/** What of an answer of the stand-in's own is not as it is published. */
export function wrongInAnswer(method: string, path: string, result: unknown): string | null {
  const holds = find(method, path)?.resultHolds;
  return !holds || holds(result) ? null : `the answer to ${method} ${path}: ${told(holds)}`;
}
