// The frame of every page of the docs: header, table of contents, and the page itself.

import { html } from "../lib/html.mjs";

/**
 * @typedef {object} Page
 * @property {string} path
 * @property {string} title
 * @property {string} description
 * @property {string} group
 * @property {import("../lib/html.mjs").Content} content
 * @property {string} markdown its twin
 * @property {import("../lib/html.mjs").Content} [contents] shown below its entry in the table of contents while it is open
 * @property {{ id: string, title: string, depth: number }[]} headings
 * @property {boolean} [isListed] in the table of contents; true unless given
 * @property {Piece[]} [pieces] what the search finds of it, if that is not the sections below its headings
 *
 * @typedef {{ title: string, url: string, text: string }} Piece
 */

const NAME = "Audatec Voice AI";

/** @param {Page} page @param {Page[]} pages all of them @param {readonly string[]} groups @returns {string} */
export function frame(page, pages, groups) {
  const twin = `${page.path}.md`;
  const listed = pages.filter(({ isListed }) => isListed !== false);
  const at = listed.indexOf(page);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${page.description}">
<title>${page.title} · ${NAME}</title>
<link rel="stylesheet" href="/docs.css">
<link rel="alternate" type="text/markdown" href="${twin}">
<script type="module" src="/docs-search.js"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the page</a>
<header>
<p class="brand"><a href="/">${NAME}</a> <a href="/docs">Docs</a></p>
<p class="about"><a class="narrow" href="#contents">Contents</a> <a href="/docs/reference">API reference</a> <a href="/openapi.json">openapi.json</a> <a href="/studio">Studio</a></p>
</header>
<main id="content">
<h1>${page.title}</h1>
<p class="about">${page.description}</p>
${page.content}
<footer>
<p class="about"><a href="${twin}">This page as Markdown</a></p>
${at >= 0 && neighbours(listed[at - 1], listed[at + 1])}
</footer>
</main>
<nav id="contents" aria-label="Contents"><ul>
${groups.map((group) => {
  const own = listed.filter((one) => one.group === group);
  return own.length > 0 && html`<li><span class="group">${group}</span><ul>\n${own.map((one) => entry(one, page))}</ul></li>\n`;
})}
</ul></nav>
</body>
</html>
`.text;
}

/** @param {Page | undefined} before @param {Page | undefined} after */
function neighbours(before, after) {
  return html`<p class="next">${before && html`<a rel="prev" href="${before.path}">← ${before.title}</a>`} ${after && html`<a rel="next" href="${after.path}">${after.title} →</a>`}</p>`;
}

/** @param {Page} one @param {Page} open */
function entry(one, open) {
  const isOpen = one === open || (open.isListed === false && open.path.startsWith(`${one.path}/`));
  const headings = one.headings.filter(({ depth }) => depth === 2);
  const below =
    one.contents ??
    (headings.length > 1 && html`<ul>${headings.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>\n`)}</ul>`);
  return html`<li><a href="${one.path}"${one === open && html` aria-current="page"`}>${one.title}</a>${isOpen && one === open && below}</li>\n`;
}
