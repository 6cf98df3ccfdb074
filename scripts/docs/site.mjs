// All pages of the docs, their twins, the search index, and the files for language models.

import { renderAudiences } from "../lib/reference.mjs";
import { codesOf, errorIndex, errorPage, readAdvice } from "./errors.mjs";
import { htmlToMarkdown } from "./html-to-markdown.mjs";
import { frame } from "./layout.mjs";
import { pathOf, render, twinOf, withLinks, withSamples } from "./markdown.mjs";
import { searchIndex } from "./search.mjs";
import { GROUPS, readSources } from "./sources.mjs";

/** @typedef {import("./layout.mjs").Page} Page */

const NAME = "Audatec Voice AI";

/** @param {import("../lib/reference.mjs").Document} document @returns {Map<string, string>} files below `public/` */
export function site(document) {
  const pages = pagesOf(document);
  const paths = new Set(pages.map(({ path }) => path));
  /** @type {Map<string, string>} */
  const files = new Map();
  for (const page of pages) {
    if (files.has(`${page.path.slice(1)}.html`)) throw new Error(`two pages are at ${page.path}`);
    files.set(`${page.path.slice(1)}.html`, frame(page, pages, GROUPS));
    files.set(`${page.path.slice(1)}.md`, twin(page, paths));
  }
  files.set("docs/search.json", searchIndex(pages));
  files.set("llms.txt", llms(pages, document));
  files.set("llms-full.txt", pages.map((page) => twin(page, paths)).join("\n\n"));
  return files;
}

/** @param {import("../lib/reference.mjs").Document} document @returns {Page[]} in the order of the table of contents */
export function pagesOf(document) {
  const all = [...guide(), ...reference(document), ...errors(document)];
  return GROUPS.flatMap((group) => all.filter((page) => page.group === group));
}

/** @returns {Page[]} */
function guide() {
  const sources = readSources();
  const paths = new Map(sources.map(({ file, path }) => [file, path]));
  return sources.map(({ file, text, path, title, description, group }) => {
    const markdown = withLinks(withSamples(text, file), (link) => pathOf(link, file, paths));
    return { path, title, description, group, markdown, ...render(markdown) };
  });
}

/** @param {import("../lib/reference.mjs").Document} document @returns {Page[]} */
function reference(document) {
  return renderAudiences(document).map(({ path, title, description, content, contents, pieces }) => {
    return {
      path,
      title,
      description,
      group: "Reference",
      content,
      contents,
      pieces,
      headings: [],
      markdown: htmlToMarkdown(content.text),
    };
  });
}

const UNKNOWN = { cause: "See its text.", fix: "See its text.", retry: "No." };

/** @param {import("../lib/reference.mjs").Document} document @returns {Page[]} */
function errors(document) {
  const places = renderAudiences(document).flatMap(({ path, tags }) => tags.map((tag) => /** @type {const} */ ([tag, path])));
  const byTag = new Map(places);
  const told = codesOf(document, (tag) => byTag.get(tag) ?? "/docs/reference");
  const advice = readAdvice();
  const page = (/** @type {string} */ markdown) => ({ group: "Reference", markdown, ...render(markdown) });
  const index = {
    path: "/docs/errors",
    title: "Errors",
    description: "Each X-Error-Code: its status, its cause, how to fix it, and whether to retry.",
    ...page(errorIndex(told, advice)),
  };
  const each = told.map((one) => {
    const known = advice[one.code] ?? UNKNOWN; // a test asks for it: no build breaks over a code that is new
    const [description = ""] = known.cause.split(/(?<=\.) /);
    const written = page(errorPage(one, known));
    // One search entry for each code: its sections are short.
    const pieces = [
      { title: one.code, url: `/docs/errors/${one.code}`, text: `error ${one.statuses.join(" ")} ${one.texts.join(" ")} ${known.cause}` },
    ];
    return {
      path: `/docs/errors/${one.code}`,
      title: one.code,
      description: description.replace(/`/g, ""),
      isListed: false,
      ...written,
      headings: [],
      pieces,
    };
  });
  return [index, ...each];
}

/** @param {Page} page @param {Set<string>} paths of all pages */
function twin({ title, description, markdown }, paths) {
  const text = withLinks(markdown, (link) => (paths.has(link.split("#")[0] ?? "") ? twinOf(link) : link));
  return `# ${title}\n\n> ${description}\n\n${text.trim()}\n`;
}

/** As specified by https://llmstxt.org. @param {Page[]} pages @param {import("../lib/reference.mjs").Document} document */
function llms(pages, document) {
  const { description } = document.info;
  const groups = GROUPS.map((group) => {
    const own = pages.filter((page) => page.group === group && page.isListed !== false);
    return `## ${group}\n\n${own.map(line).join("\n")}`;
  });
  const rest = pages.filter(({ isListed }) => isListed === false);
  return `# ${NAME}

> ${description.split("\n")[0]}

Every page of the docs, as Markdown. \`/llms-full.txt\` has all of them in one file; \`/openapi.json\` is the API as OpenAPI 3.1.

${groups.join("\n\n")}

## Optional

${rest.map(line).join("\n")}
`;
}

/** @param {Page} page */
const line = ({ title, path, description }) => `- [${title}](${path}.md): ${description}`;
