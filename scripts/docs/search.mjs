// What the search covers: an entry for each section of a page, and for each route of the reference.

import { slug } from "./markdown.mjs";

/** @typedef {import("./layout.mjs").Page} Page */

/** @param {Page[]} pages @returns {string} JSON */
export const searchIndex = (pages) => JSON.stringify(pages.flatMap((page) => page.pieces ?? sections(page)));

/** @param {Page} page @returns {import("./layout.mjs").Piece[]} */
function sections({ path, title, markdown, headings }) {
  const parts = markdown.split(/^#{2,3} /m);
  const below = parts.slice(1).map((part, at) => {
    const heading = headings[at];
    const [first = "", ...rest] = part.split("\n");
    return { title: `${title}: ${heading?.title ?? first}`, url: `${path}#${heading?.id ?? slug(first)}`, text: plain(rest.join("\n")) };
  });
  return [{ title, url: path, text: plain(parts[0] ?? "") }, ...below];
}

/** @param {string} markdown */
const plain = (markdown) =>
  markdown
    .replace(/^ *```.*?^ *```$/gms, "") // each program says much of everything
    .replace(/\]\([^)]*\)|[`*|#[\]]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
