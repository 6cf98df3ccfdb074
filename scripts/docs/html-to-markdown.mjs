// The reference as Markdown, made from its own HTML, whose few tags are all known, so that both say the same.

/** @type {Record<string, string>} */
const SIGNS = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };

/** @param {string} text */
const unescaped = (text) => text.replace(/&[^;]+;/g, (sign) => SIGNS[sign] ?? sign);

/** What a tag becomes that always has the same meaning. @type {Record<string, string>} */
const TAGS = {
  code: "`",
  "/code": "`",
  b: "**",
  "/b": "**",
  strong: "**",
  "/strong": "**",
  h2: "\n\n## ",
  h3: "\n\n### ",
  h4: "\n\n#### ",
  li: "\n- ",
  "/dt": ": ",
  "/figcaption": ":",
};
const BLOCKS = ["p", "ul", "dl", "section", "article", "figure", "details", "summary", "figcaption", "h2", "h3", "h4", "div"];

/** @param {string} html of the reference */
export function htmlToMarkdown(html) {
  const blocks = html.split(/<pre[^>]*><code>(.*?)<\/code><\/pre>/s);
  const write = writer();
  return blocks
    .map((part, at) => (at % 2 === 1 ? `\n\n\`\`\`\n${unescaped(part)}\n\`\`\`\n\n` : write(part)))
    .join("")
    .replace(/[ \t]+\n/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** For the text between code blocks: fields of nested lists are indented. */
function writer() {
  let depth = 0;
  /** @type {string[]} where open links lead */
  const links = [];
  /** @param {string} tag @param {string} attributes */
  const written = (tag, attributes) => {
    if (tag === "dl") depth += 1;
    if (tag === "/dl") depth -= 1;
    if (tag === "dt") return `\n${"  ".repeat(depth - 1)}- `;
    if (tag === "a") {
      links.push(/href="([^"]*)"/.exec(attributes)?.[1] ?? "#");
      return links.at(-1)?.startsWith("#") ? "" : "[";
    }
    if (tag === "/a") {
      const link = links.pop() ?? "#";
      return link.startsWith("#") ? "" : `](${unescaped(link)})`;
    }
    if (tag === "span" && attributes.includes("bounds")) return " ";
    const same = TAGS[tag];
    if (same !== undefined) return same;
    const isBlock = BLOCKS.includes(tag.replace("/", ""));
    return isBlock && depth === 0 ? "\n\n" : "";
  };
  return (/** @type {string} */ html) =>
    html
      .split(/<(\/?\w+)([^>]*)>/)
      .map((part, at, all) => {
        if (at % 3 === 0) return unescaped(part.replace(/\s+/g, " "));
        return at % 3 === 1 ? written(part, all[at + 1] ?? "") : "";
      })
      .join("");
}
