// The guide at /docs: no link in it is dead, and everything that it quotes from the API has that name there.

import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { readAdvice } from "../../scripts/docs/errors.mjs";
import { pathOf, withLinks } from "../../scripts/docs/markdown.mjs";
import { type Source, readSources } from "../../scripts/docs/sources.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { Contract } from "./contract.ts";
import { useServer } from "./harness.ts";

interface Response {
  description: string;
}

const server = useServer();
const sources = readSources();
const guide = sources.filter(({ file }) => file.startsWith("docs/guide/"));
const document = JSON.parse(readFileSync(inRoot("public/openapi.json"), "utf8")) as {
  paths: Record<string, Record<string, { responses: Record<string, Response> }>>;
  components: { headers: { ErrorCode: { schema: { enum: string[] } } } };
};
const text = JSON.stringify(document);
const codes = document.components.headers.ErrorCode.schema.enum;
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ where: `${method.toUpperCase()} ${path}`, operation })),
);

/** Each page as it is served, by its path. */
const pages = new Map<string, string>();

beforeAll(async () => {
  const waiting = ["/docs"];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (pages.has(path)) continue;
    const answer = await fetch(server.url + path);
    expect(answer.status, path).toBe(200);
    const html = await answer.text();
    pages.set(path, html);
    waiting.push(...linksOf(html).filter((link) => link.startsWith("/docs")).map((link) => link.split("#")[0] ?? "").filter((link) => !link.includes(".")));
  }
});

const linksOf = (html: string) => [...html.matchAll(/<a [^>]*?href="([^"]*)"/g)].map(([, link = ""]) => link);

test("every page is reached from /docs, and so is a page of each error", () => {
  const errors = codes.map((code) => `/docs/errors/${code}`);
  const built = readdirSync(inRoot("public/docs"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));
  expect(built.map((name) => `/docs/${name.replace(/\.html$/, "")}`).sort()).toEqual([...pages.keys()].filter((path) => path !== "/docs").sort());
  expect([...pages.keys()]).toEqual(expect.arrayContaining([...sources.map(({ path }) => path), ...errors]));
  expect([...pages.keys()].filter((path) => path.startsWith("/docs/errors/")).sort()).toEqual(errors.sort());
});

test("each link within the docs leads to a page that is there, and to a place on it", async () => {
  const wrong: string[] = [];
  const others = new Set<string>();
  for (const [path, html] of pages) {
    for (const link of linksOf(html)) {
      const [target = "", anchor] = link.startsWith("#") ? [path, link.slice(1)] : link.split("#");
      if (/^https?:/.test(link)) continue;
      const page = pages.get(target);
      if (page === undefined) others.add(target);
      else if (anchor !== undefined && anchor !== "content" && !page.includes(` id="${anchor}"`)) wrong.push(`${path}: ${link}`);
    }
  }
  expect(wrong).toEqual([]);
  for (const path of others) expect([path, (await fetch(server.url + path)).status]).toEqual([path, 200]);
});

test("each link between sources of the guide leads to a page", () => {
  const paths = new Map(sources.map(({ file, path }) => [file, path]));
  const dropped: string[] = [];
  for (const { file, text } of guide) {
    withLinks(text.replace(/^\[[^\]]*\]\([^)]*samples\/.*$/gm, ""), (link) => {
      if (pathOf(link, file, paths) === undefined) dropped.push(`${file}: ${link}`);
      return link;
    });
  }
  expect(dropped).toEqual([]);
  const told = "See [a `b`](x.md), `[c](y.md)` and [d](z.md#e).\n\n```sh\n[f](g.md)\n```";
  expect(withLinks(told, (link) => (link === "x.md" ? undefined : `/${link}`))).toBe(
    "See a `b`, `[c](y.md)` and [d](/z.md#e).\n\n```sh\n[f](g.md)\n```",
  );
});

test("each page has a twin in Markdown, which links to twins, and llms.txt lists them all", async () => {
  const llms = await (await fetch(`${server.url}/llms.txt`)).text();
  const full = await (await fetch(`${server.url}/llms-full.txt`)).text();
  const listed = [...llms.matchAll(/^- \[[^\]]+\]\((\S+?)\): \S/gm)].map(([, path = ""]) => path);
  expect(listed.sort()).toEqual([...pages.keys()].map((path) => `${path}.md`).sort());
  for (const [path, html] of pages) {
    const answer = await fetch(`${server.url}${path}.md`);
    expect([path, answer.status, answer.headers.get("content-type")]).toEqual([path, 200, "text/markdown; charset=utf-8"]);
    const twin = await answer.text();
    const [, title = ""] = /<h1>(.*?)<\/h1>/.exec(html) ?? [];
    expect(twin.split("\n")[0]).toBe(`# ${title.replace(/&#39;/g, "'")}`);
    expect(html).toContain(`href="${path}.md"`);
    const words = twin.replace(/^```.*?^```$/gms, "");
    const to = [...words.matchAll(/\]\((\/docs[^)#\s]*)/g)].map(([, link = ""]) => link);
    expect(to.filter((link) => !pages.has(link.replace(/\.md$/, "")) || !link.endsWith(".md")), path).toEqual([]);
    expect(full).toContain(twin);
  }
});

test("each error's page says its status and texts, its cause, what to do, and whether to retry", () => {
  const advice = readAdvice();
  expect(Object.keys(advice).sort()).toEqual([...codes].sort());
  for (const code of codes) {
    const { cause = "", fix = "", retry = "" } = advice[code] ?? {};
    const page = pages.get(`/docs/errors/${code}`) ?? "";
    for (const heading of ["Text", "Cause", "Fix", "Retry", "Where"]) expect(page, code).toContain(`>${heading}</a></h2>`);
    expect([cause, fix].every((said) => /^[A-Z`].*[.)]$/s.test(said)), code).toBe(true);
    expect(retry, code).toMatch(/^(Yes|No)[.,]/);
    const statuses = statusesOf(code);
    expect(statuses.size, code).toBeGreaterThan(0);
    for (const status of statuses) {
      expect(page, code).toContain(`HTTP/1.1 `);
      expect(page.match(/HTTP\/1\.1 ([^\n]*)/)?.[1], code).toContain(status);
      // What passes by itself is retried; what the request itself has wrong is not.
      if (["429", "500", "502", "503"].includes(status)) expect(retry, code).toMatch(/^Yes/);
      if (["400", "401", "403", "413", "415", "422"].includes(status)) expect(retry, code).toMatch(/^No/);
    }
  }
});

/** With which statuses the document has a code. */
const statusesOf = (code: string) =>
  new Set(operations.flatMap(({ operation }) => Object.entries(operation.responses).flatMap(([status, { description }]) => (description.includes(`- \`${code}\`: `) ? [status] : []))));

/** The words of a source without its blocks of code. */
const prose = ({ text }: Source) => text.replace(/^```.*?^```$/gms, "");
const quoted = (source: Source) => [...prose(source).matchAll(/`([^`\n]+)`/g)].map(([, words = ""]) => words);

test("each error that the guide quotes after its status is one of the API's, with that status", () => {
  let seen = 0;
  for (const source of guide) {
    for (const [, status = "", said = ""] of prose(source).replace(/\s+/g, " ").matchAll(/\b([45]\d\d) \[?`([^`]+)`/g)) {
      seen += 1;
      const known = operations.flatMap(({ operation }) => operation.responses[status]?.description.match(/^- `[a-z0-9_]+`: .*$/gm) ?? []);
      const isThere = known.some((line) => line.includes(`\`${said}\``) || line.endsWith(`: ${said}`) || line.endsWith(`: ${said.replace(/completed$/, "draft")}`));
      expect(isThere, `${source.file}: ${status} ${said}`).toBe(true);
    }
  }
  expect(seen).toBeGreaterThan(20);
});

test("each field, code, route and event that the guide names is in the document", () => {
  const more = ["audtk_", "max_", "stalled", "proxy_buffering", "go-sse", "sseclient-py", "httpx-sse", "callee/no_answer", "outcome_schema", "report_token", "report_url", "route_maps"];
  const unknown: string[] = [];
  for (const source of guide) {
    for (const words of quoted(source)) {
      if (/^[a-z]+(_[a-z]+)+$/.test(words) && !text.includes(words) && !more.includes(words)) unknown.push(`${source.file}: ${words}`);
      if (/^(call|callback|campaign|trunk)\.[a-z]+$/.test(words) && !text.includes(words)) unknown.push(`${source.file}: ${words}`);
      const [, method = "", path = ""] = /^(GET|POST|PATCH|DELETE|PUT) (\/[^\s?`]*)/.exec(words) ?? [];
      if (path && !path.startsWith("/local/") && !operations.some(({ where }) => [`${method} ${path}`, `${method} /integration/v1${path}`].includes(where))) {
        unknown.push(`${source.file}: ${words}`);
      }
    }
  }
  expect(unknown).toEqual([]);
});

test("each example of JSON in the guide is JSON, and of the schema that it names", async () => {
  const contract = await Contract.load(server.url);
  let held = 0;
  for (const { file, text } of guide) {
    for (const [, schema, body = ""] of text.matchAll(/^ *```json(?: (\w+))?\n(.*?)^ *```$/gms)) {
      expect(() => JSON.parse(body), `${file}: ${body}`).not.toThrow();
      if (schema) contract?.checkSchema(schema, JSON.parse(body));
      held += 1;
    }
  }
  expect(held).toBeGreaterThan(6);
});

test("the search finds each route, each error and each section", async () => {
  const found = (await (await fetch(`${server.url}/docs/search.json`)).json()) as { title: string; url: string; text: string }[];
  const urls = found.map(({ url }) => url);
  for (const { path } of sources) expect(urls.some((url) => url.startsWith(path))).toBe(true);
  for (const code of codes) expect(urls).toContain(`/docs/errors/${code}`);
  for (const { where } of operations) expect(found.some(({ title }) => title.endsWith(`: ${where}`)), where).toBe(true);
  for (const url of urls) {
    const [path = "", anchor] = url.split("#");
    const page = pages.get(path);
    expect(page, url).toBeDefined();
    if (anchor) expect(page?.includes(` id="${anchor}"`), url).toBe(true);
  }
});
