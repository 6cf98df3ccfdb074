// The API reference at /docs: everything that the served document says, in pages that need no scripts.

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { type Document, renderAudiences } from "../../scripts/lib/reference.mjs";
import { expectError, useServer } from "./harness.ts";

/** What the build makes of a document. */
const renderReference = (document: Document) => renderAudiences(document).map(({ content }) => content.text).join("");

const server = useServer();
const PATHS = ["/docs/reference", "/docs/reference-operators", "/docs/reference-machines"];
/** All three, one after the other. */
let page: string;
let pages: string[];
let document: Document;
let operations: [where: string, operation: Document["paths"][string][string]][];

beforeAll(async () => {
  pages = await Promise.all(PATHS.map(async (path) => (await fetch(server.url + path)).text()));
  page = pages.join("");
  document = (await (await fetch(`${server.url}/openapi.json`)).json()) as Document;
  operations = operationsOf(document.paths);
});

/** All operations, each followed by what it calls back. */
function operationsOf(paths: Document["paths"]): typeof operations {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]): typeof operations => [
      [`${method.toUpperCase()} ${path}`, operation],
      ...Object.values(operation.callbacks ?? {}).flatMap(operationsOf),
    ]),
  );
}

const SIGNS: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };

/** What a reader sees. */
const textOf = (html: string) => html.replace(/<[^>]+>/g, "").replace(/&[^;]+;/g, (sign) => SIGNS[sign] ?? sign);

/** A text of the document without its Markdown. */
const plain = (text: string) => text.replace(/`|\*\*/g, "").trim();

/** The part of the page that tells of an operation, as its reader sees it. */
function told(id: string): string {
  const [, part = ""] = page.split(`<h3 id="${id}">`);
  return textOf(part.split("</article>")[0] ?? "");
}

function idsAndLinks(html: string): { ids: string[]; links: string[] } {
  const all = (pattern: RegExp) => [...html.matchAll(pattern)].map(([, name = ""]) => name);
  return { ids: all(/ id="([^"]*)"/g), links: all(/ href="#([^"]*)"/g) };
}

test("GET and HEAD of the docs answer pages that need no script, load nothing of others, and that nobody frames", async () => {
  for (const path of ["/docs", "/docs/quick-start", "/docs/errors/not_found", "/docs/reference"]) {
    const whole = await (await fetch(server.url + path)).text();
    for (const method of ["GET", "HEAD"]) {
      const answer = await fetch(server.url + path, { method });
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toMatch(/^text\/html\b/);
      expect(answer.headers.get("content-security-policy")).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(answer.headers.get("referrer-policy")).toBe("same-origin");
      expect(answer.headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect((await answer.text()).length).toBe(method === "GET" ? whole.length : 0);
    }
    expect(whole.match(/<script[^>]*>/g)).toEqual(['<script type="module" src="/docs-search.js">']);
    expect(whole).not.toMatch(/<style| style=| on\w+="/i);
    const sheets = [...whole.matchAll(/<link rel="stylesheet" href="([^"]+)">/g)].map(([, sheet = ""]) => sheet);
    expect(sheets).toEqual(["/docs.css"]);
  }
  expect((await fetch(`${server.url}/docs.css`)).headers.get("content-type")).toMatch(/^text\/css\b/);
  expect((await fetch(`${server.url}/docs-search.js`)).headers.get("content-type")).toMatch(/^text\/javascript\b/);
  expectError(await server.platform.fromRoot("GET", "/docs/x"), 404, "Not found");
});

test("integrators', operators' and machines' routes stand on pages of their own", () => {
  const [integrators = "", operators = "", machines = ""] = pages;
  for (const [where, { operationId, tags }] of operations) {
    const own = tags[0] === "Platform" ? operators : ["Machines", "Studio"].includes(tags[0] ?? "") ? machines : integrators;
    for (const one of pages) expect(one.includes(`<h3 id="${operationId}">`), where).toBe(one === own);
  }
});

test("the document's first server is the origin that it is asked of, and no server is told twice", async () => {
  const at = async (origin: string, init?: { method?: string; headers?: Record<string, string> }) => {
    const answer = await server.local.mf.dispatchFetch(`${origin}/openapi.json`, init);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const urls = (text: string) => (JSON.parse(text) as Document).servers.map(({ url }) => url);
  const { servers, ...kept } = JSON.parse(readFileSync(inRoot("public/openapi.json"), "utf8")) as Document;
  const production = servers.map(({ url }) => url);

  expect(production).toEqual(["https://api.audatec.in"]);
  for (const origin of ["https://calls.example.com", "http://127.0.0.1:8787", "https://xn--bcher-kva.example:8443"]) {
    const { status, headers, text } = await at(origin);
    expect([status, urls(text)]).toEqual([200, [origin, ...production]]);
    expect({ ...JSON.parse(text), servers }).toEqual({ ...kept, servers });
    expect(headers.get("content-type")).toMatch(/^application\/json\b/);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    const length = headers.get("content-length");
    if (length !== null) expect(Number(length)).toBe(Buffer.byteLength(text));
    const head = await at(origin, { method: "HEAD" });
    expect([head.status, head.text]).toEqual([200, ""]);
    const etag = headers.get("etag");
    if (etag) expect((await at(origin, { headers: { "if-none-match": etag } })).status).toBe(304);
  }
  expect(urls((await at("https://api.audatec.in")).text)).toEqual(production);
});

test("each operation of the document is there: method and path, who may, what it takes, and how it answers", () => {
  expect(operations.length).toBeGreaterThan(40);
  for (const [where, { operationId, summary, security, parameters = [], requestBody, responses, ...operation }] of operations) {
    const text = told(operationId);
    expect(text, where).toContain(summary);
    for (const paragraph of operation.description.split(/\n{2,}|\n- |^```\w*$/m)) expect(text, where).toContain(plain(paragraph));
    expect(text, where).toContain(where);
    for (const scheme of security.flatMap((either) => Object.keys(either))) expect(text, where).toContain(scheme);
    const role = operation["x-required-role"];
    if (role) expect(text, where).toContain(`Lowest role: ${role}.`);
    for (const { name } of parameters) expect(text, where).toContain(name);
    for (const { schema } of Object.values(requestBody?.content ?? {})) {
      const { properties = {} } = document.components.schemas[schema.$ref?.split("/").at(-1) ?? ""] ?? {};
      for (const [name, { description = "" }] of Object.entries(properties)) {
        expect(text, where).toContain(`${name} `);
        expect(text, where).toContain(plain(description));
      }
    }
    for (const [status, { description, content = {} }] of Object.entries(responses)) {
      expect(text, where).toContain(`${status} ${plain(description.split("\n")[0] ?? "")}`);
      for (const { example } of Object.values(content)) {
        if (example !== undefined) expect(text, where).toContain(JSON.stringify(example, null, 2));
      }
    }
    for (const { examples = {} } of Object.values(requestBody?.content ?? {})) {
      for (const { value } of Object.values(examples)) expect(text, where).toContain(JSON.stringify(value, null, 2));
    }
    for (const callback of Object.values(operation.callbacks ?? {}).flatMap(operationsOf)) {
      expect(told(callback[1].operationId), where).toContain("sent to you");
      expect(text, where).toContain(callback[1].summary);
    }
    if (where.includes(" /")) expect(text, where).toContain("curl ");
  }
});

test("each error that the document gives is there with its text, at its operation", () => {
  const missing: string[] = [];
  let seen = 0;
  for (const [where, { operationId, responses }] of operations) {
    const text = told(operationId);
    const media = Object.values(responses).flatMap(({ content = {} }) => Object.values(content));
    for (const { value } of media.flatMap(({ examples = {} }) => Object.values(examples))) {
      const { error } = value as { error: string };
      seen += 1;
      if (!text.includes(error)) missing.push(`${where}: ${error}`);
    }
  }
  expect(missing).toEqual([]);
  expect(seen).toBeGreaterThan(500);
});

test("each link within the page leads somewhere, and no two places have one name", () => {
  expect(idsAndLinks(page).links.length).toBeGreaterThan(200);
  for (const one of pages) {
    const { ids, links } = idsAndLinks(one);
    expect([...new Set(links)].filter((name) => !ids.includes(name))).toEqual([]);
    expect(ids.filter((name, at) => ids.indexOf(name) !== at)).toEqual([]);
  }
});

test("the twins of the reference say in Markdown what its pages say, word by word", async () => {
  const words = (text: string) => text.match(/[\p{L}\d]+/gu) ?? [];
  for (const [at, path] of PATHS.entries()) {
    const twin = await (await fetch(`${server.url}${path}.md`)).text();
    const [, content = ""] = /<p class="about">[^]*?<\/p>\n(?=<)([^]*)<footer>/.exec((pages[at] ?? "").split('<main id="content">')[1] ?? "") ?? [];
    const said = twin.split("\n").slice(3).join("\n").replace(/\]\([^)]*\)/g, "]");
    expect(words(said), path).toEqual(words(textOf(content.replace(/<(?!\/?(?:code|span|a|b|strong)\b)/g, " <"))));
  }
});

test("no Markdown, and nothing that is not there, is left for the reader", () => {
  expect(textOf(page).match(/.*(?:`|\*\*|undefined|\[object|\bNaN\b).*/g)).toBeNull();
});

test("whatever a document says is text: it opens no tag and ends no attribute", () => {
  const saying = (text: string) => {
    const kept = ["$ref", "in", "type"];
    const said = (key: string, value: unknown) => (typeof value === "string" && !kept.includes(key) ? text : value);
    return renderReference(JSON.parse(JSON.stringify(document), said) as Document);
  };
  const tagsOf = (html: string) => html.replace(/"[^"]*"/g, '""').match(/<[^>]*>/g) ?? [];
  const hostile = saying(`<script>alert(1)</script> "><img src=x onerror='alert(2)'> & &lt;`);

  expect(textOf(hostile).split("<script>alert(1)</script>").length).toBeGreaterThan(1_000);
  expect(tagsOf(hostile)).toEqual(tagsOf(saying("word")));
  expect(hostile).not.toContain("<script");
});

test("a schema that contains itself is told once, lists and their bounds are told, and a quote does not end a curl", () => {
  const leaf = { type: "array", items: { type: "object", properties: { size: { type: "integer", minimum: 1 } } } };
  const Tree = { type: "object", properties: { left: { $ref: "#/components/schemas/Tree" }, leaf } };
  const requestBody = { content: { "application/json": { schema: { $ref: "#/components/schemas/Tree" }, example: { it: "isn't" } } } };
  const plant = { operationId: "plant", tags: ["Trees"], summary: "Plant", description: "", security: [], requestBody, responses: {} };
  const html = renderReference({
    ...document,
    tags: [{ name: "Trees", description: "" }],
    paths: { "/trees": { post: plant } },
    components: { ...document.components, schemas: { Tree } },
  });
  const { ids, links } = idsAndLinks(html);

  expect(links.filter((name) => !ids.includes(name))).toEqual([]);
  expect(links).toContain("object-Tree");
  expect(textOf(html)).toContain("leaf[].size integerat least 1");
  expect(textOf(html)).toContain(`-d '{\n  "it": "isn'\\''t"\n}'`);
});
