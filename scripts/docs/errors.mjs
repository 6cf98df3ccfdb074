// A page for each `X-Error-Code`: what the document says about it, and what `docs/errors.toml` adds: cause, fix, retry.

import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { inRoot } from "../lib/paths.mjs";

/**
 * @typedef {{ cause: string, fix: string, retry: string }} Advice
 * @typedef {{ code: string, statuses: string[], texts: string[], routes: { where: string, id: string, page: string }[] }} Told
 */

/** @returns {Record<string, Advice>} */
export const readAdvice = () => /** @type {any} */ (parse(readFileSync(inRoot("docs/errors.toml"), "utf8")));

/**
 * What the document says about each code, in its order.
 * @param {import("../lib/reference.mjs").Document} document
 * @param {(tag: string) => string} pageOf the path of the reference page with a tag's routes
 * @returns {Told[]}
 */
export function codesOf(document, pageOf) {
  const schema = /** @type {{ enum?: string[] }} */ (document.components.headers?.["ErrorCode"]?.schema ?? {});
  const all = new Map((schema.enum ?? []).map((code) => [code, { code, statuses: new Set(), texts: new Set(), routes: new Map() }]));
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, { operationId, tags, responses }] of Object.entries(item)) {
      for (const [status, { description }] of Object.entries(responses)) {
        for (const [, code = "", text] of description.matchAll(/^- `([a-z0-9_]+)`: (.*)$/gm)) {
          const told = all.get(code);
          if (!told || status < "400") continue;
          told.statuses.add(status);
          told.texts.add(text);
          told.routes.set(operationId, { where: `${method.toUpperCase()} ${path}`, id: operationId, page: pageOf(tags[0] ?? "") });
        }
      }
    }
  }
  return [...all.values()].map((told) => ({
    code: told.code,
    statuses: [...told.statuses],
    texts: [...told.texts],
    routes: [...told.routes.values()],
  }));
}

/** Of more routes than this only the number is given: a code of nearly every route says nothing about any of them. */
const MOST_ROUTES = 24;

/** @param {Told} told @param {Advice} advice @returns {string} Markdown */
export function errorPage({ statuses, texts, routes, code }, advice) {
  const few = routes.length <= MOST_ROUTES;
  const listed = routes.map(({ where, id, page }) => `- [\`${where}\`](${page}#${id})`).join("\n");
  return `\`\`\`http
HTTP/1.1 ${statuses.join(" or ")}
X-Error-Code: ${code}
\`\`\`

## Text

${texts.map((text) => `- \`${text}\``).join("\n")}

${texts.some((text) => /\bX\b/.test(text)) ? "X stands for a value or a list.\n\n" : ""}## Cause

${advice.cause}

## Fix

${advice.fix}

## Retry

${advice.retry}

## Where

${few ? listed : `${routes.length} routes can return it: see the [API reference](/docs/reference).`}
`;
}

/** @param {Told[]} all @param {Record<string, Advice>} advice @returns {string} Markdown */
export function errorIndex(all, advice) {
  const rows = all.map(({ code, statuses }) => {
    const [retry = ""] = (advice[code]?.retry ?? "").split(/[.,:;](?= |$)/);
    return `| [\`${code}\`](/docs/errors/${code}) | ${statuses.join(", ")} | ${retry} |`;
  });
  return `An error's body is \`{"error"}\` and the header \`X-Error-Code\` names it for programs: branch on the code, show the text. The texts
of a code do not change; some contain a value. Checks are made in [a fixed order](/docs/trigger#order-of-checks):
the first that fails decides the response, and nothing is created.

| \`X-Error-Code\` | Status | Retry |
|---|---|---|
${rows.join("\n")}

Why an accepted call failed is shown by its \`failure\`, not by an error: see [Status and results](/docs/status#why-a-call-failed).
`;
}
