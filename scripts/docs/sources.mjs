// The guide's sources: Markdown files with front matter, and documents that the repository has anyway.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { inRoot } from "../lib/paths.mjs";

/**
 * @typedef {object} Source
 * @property {string} file relative to the project's folder
 * @property {string} path where it is served
 * @property {string} title
 * @property {string} description a sentence
 * @property {string} group in the table of contents
 * @property {number} order within the group
 * @property {string} text Markdown, without its title
 */

/** The groups of the table of contents, in order. */
export const GROUPS = ["Start", "Calls", "Outreach", "Clients", "Reference", "Operate"];

/** Pages of `docs/` that don't name a group themselves are in this one, and in this order. */
const BESIDE = "Operate";
/** @type {Record<string, { path?: string, title?: string, order: number, group?: string, description?: string }>} */
const KNOWN = {
  "clients/typescript/README.md": { path: "/docs/client-typescript", title: "TypeScript", order: 2, group: "Clients" },
  "clients/python/README.md": { path: "/docs/client-python", title: "Python", order: 3, group: "Clients" },
  "clients/cli/README.md": { path: "/docs/client-cli", title: "Command line", order: 4, group: "Clients" },
  "docs/operating.md": {
    title: "Operating",
    order: 3,
    description: "Whether a deployment works, what to be woken for, what it costs, and its limits.",
  },
  "docs/guarantees.md": {
    title: "Guarantees",
    order: 5,
    description: "What is promised, within which bound, and the test that proves it.",
  },
  "docs/scale.md": { title: "Scale and cost", order: 6, description: "How far it scales, what that costs, and what raises each limit." },
  "docs/logs.md": { order: 7 },
  "CHANGELOG.md": { order: 9 },
};

/** @returns {Source[]} all of them, in the order of the table of contents */
export function readSources() {
  const files = [...inFolder("docs/guide"), ...inFolder("docs"), "CHANGELOG.md", ...Object.keys(KNOWN).filter(isClient)];
  return files
    .map((file) => parse(file, readFileSync(inRoot(file), "utf8")))
    .sort(
      (one, other) =>
        GROUPS.indexOf(one.group) - GROUPS.indexOf(other.group) || one.order - other.order || (one.path < other.path ? -1 : 1),
    );
}

/** @param {string} file whose package may be missing */
const isClient = (file) => file.startsWith("clients/") && existsSync(inRoot(file));

/** @param {string} folder */
const inFolder = (folder) =>
  readdirSync(inRoot(folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);

/** @param {string} file @param {string} text @returns {Source} */
function parse(file, text) {
  const [, front = "", body = text] = /^---\n(.*?)^---\n(.*)$/ms.exec(text) ?? [];
  const fields = Object.fromEntries([...front.matchAll(/^(\w+): *(.*)$/gm)].map(([, name, value]) => [name, value]));
  const known = KNOWN[file];
  const [, heading = ""] = /^# (.+)$/m.exec(body) ?? [];
  const content = body.replace(/^# .+$\n*/m, "").trim();
  const title = fields["title"] ?? known?.title ?? heading;
  const group = fields["group"] ?? known?.group ?? BESIDE;
  if (!title) throw new Error(`${file} has no title`);
  if (!GROUPS.includes(group)) throw new Error(`${file}: no part of the contents is called ${group}`);
  const name = basename(file, ".md").toLowerCase();
  return {
    file,
    path: known?.path ?? (name === "index" ? "/docs" : `/docs/${name}`),
    title,
    description: fields["description"] ?? known?.description ?? firstSentence(content),
    group,
    order: Number(fields["order"] ?? known?.order ?? 8),
    text: content,
  };
}

/** @param {string} text */
function firstSentence(text) {
  const words = (text.split(/\n{2,}/)[0] ?? "")
    .replace(/\s+/g, " ")
    .replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")
    .replace(/`|\*\*/g, "");
  return /^.*?[.:](?= |$)/.exec(words)?.[0].replace(/:$/, ".") ?? words;
}
