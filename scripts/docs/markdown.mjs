// From a Markdown source to the page and to its twin, the Markdown that is served.

import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { Marked } from "marked";
import { code, Html, html } from "../lib/html.mjs";
import { inRoot } from "../lib/paths.mjs";

/** @typedef {{ id: string, title: string, depth: number }} Heading */

/** A paragraph that consists of a link to a sample stands for the sample itself: readers see what the tests run. */
const SAMPLE = /^\[[^\]]*\]\(([^)\s]*samples\/[^)\s]+)\)$/gm;

/** @type {Record<string, string>} */
const LANGUAGES = { mjs: "js", py: "python", go: "go", rs: "rust", java: "java", php: "php", sh: "sh", toml: "toml", csv: "csv" };

/** @param {string} name */
export const slug = (name) =>
  name
    .toLowerCase()
    .replace(/<[^>]*>|&#?\w+;/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/** Puts samples in their places. @param {string} text @param {string} file of the text */
export function withSamples(text, file) {
  return text.replace(SAMPLE, (_, link) => {
    const sample = posix.join(posix.dirname(file), link);
    if (!existsSync(inRoot(sample))) throw new Error(`${file} shows ${link}, which is not there`);
    const name = sample.replace(/^docs\/samples\//, "");
    const language = LANGUAGES[name.split(".").at(-1) ?? ""] ?? "";
    return `\`\`\`${language} file=${name}\n${readFileSync(inRoot(sample), "utf8").trimEnd()}\n\`\`\``;
  });
}

/**
 * Links between sources become links between pages; a link to a file that is not a page loses its link.
 * @param {string} link @param {string} file that contains it @param {Map<string, string>} paths by source
 */
export function pathOf(link, file, paths) {
  if (/^(https?:|mailto:|#|\/)/.test(link)) return link;
  const [target = "", anchor] = link.split("#");
  const path = paths.get(posix.join(posix.dirname(file), target));
  return path && anchor ? `${path}#${anchor}` : path;
}

/** A page's twin. @param {string} link of pages */
export const twinOf = (link) => link.replace(/^(\/docs(?:\/[^#.]*)?)(?=#|$)/, "$1.md");

/** The links of a text, except those in code. @param {string} text @param {(link: string) => string | undefined} change what one becomes */
export const withLinks = (text, change) =>
  text
    .split(/(^ *```.*?^ *```$)/ms)
    .map((part, at) =>
      at % 2 === 1 ? part : part.replace(LINK, (whole, code, words, link) => (code ? whole : linked(words, change(link)))),
    )
    .join("");

/** A link, whose text may contain code; or code, which contains no link. */
const LINK = /(`[^`\n]+`(?!\]))|\[((?:`[^`\n]+`|[^\]`])*)\]\(([^)\s]+)\)/g;

/** @param {string} words @param {string | undefined} link */
const linked = (words, link) => (link === undefined ? words : `[${words}](${link})`);

/**
 * @param {string} text Markdown whose links are those of pages
 * @returns {{ content: Html, headings: Heading[] }}
 */
export function render(text) {
  /** @type {Heading[]} */
  const headings = [];
  const marked = new Marked({ gfm: true });
  marked.use({
    renderer: {
      heading({ tokens, depth, text: source }) {
        const title = source.replace(/[`*]/g, "");
        const first = slug(title);
        const same = headings.filter(({ id }) => id === first || id.startsWith(`${first}-again`)).length;
        const id = same > 0 ? `${first}-again${same > 1 ? same : ""}` : first;
        headings.push({ id, title, depth });
        return `<h${depth} id="${id}"><a href="#${id}">${this.parser.parseInline(tokens)}</a></h${depth}>\n`;
      },
      code({ text: source, lang = "" }) {
        // The language is followed by the sample's file, or the schema against which the tests check an example.
        const [, language = "", name] = /^(\S*)(?: file=(\S+))?/.exec(lang) ?? [];
        return `${figure(name ?? CAPTIONS[language] ?? language, source)}\n`;
      },
      table(token) {
        const { header, rows } = token;
        const cell = (/** @type {typeof header[number]} */ { tokens }) => this.parser.parseInline(tokens);
        const head = header.map((one) => `<th scope="col">${cell(one)}</th>`).join("");
        const body = rows.map((row) => `<tr>${row.map((one) => `<td>${cell(one)}</td>`).join("")}</tr>\n`).join("");
        return `<div class="table" role="region" aria-label="${tableLabel(headings)}" tabindex="0"><table><thead><tr>${head}</tr></thead>\n<tbody>${body}</tbody></table></div>\n`;
      },
      html: ({ text: source }) => html`${source}`.text,
    },
  });
  return { content: new Html(/** @type {string} */ (marked.parse(text))), headings };
}

/** @param {Heading[]} headings */
const tableLabel = (headings) => html`Table: ${headings.at(-1)?.title ?? "summary"}`.text;

/** @type {Record<string, string>} */
const CAPTIONS = {
  sh: "Shell",
  json: "JSON",
  text: "Text",
  ini: "Configuration",
  http: "HTTP",
  js: "JavaScript",
  python: "Python",
  toml: "TOML",
  csv: "CSV",
};

/** @param {string} label @param {string} text */
const figure = (label, text) => html`<figure>${label && html`<figcaption>${label}</figcaption>`}${code(text)}</figure>`.text;
