// Pieces of HTML. Text becomes HTML only by being escaped.

/** Text that is HTML already. */
export class Html {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

/** @typedef {Html | string | number | false | null | undefined | readonly Content[]} Content */

/** @type {Record<string, string>} */
const ESCAPED = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** @param {Content} content @returns {string} */
function textOf(content) {
  if (content instanceof Html) return content.text;
  if (Array.isArray(content)) return content.map(textOf).join("");
  if (content === undefined || content === null || content === false) return "";
  return String(content).replace(/[&<>"']/g, (sign) => ESCAPED[sign] ?? "");
}

/** An HTML template: everything inserted into it is escaped. @param {TemplateStringsArray} strings @param {Content[]} contents */
export const html = (strings, ...contents) => new Html(String.raw({ raw: strings }, ...contents.map(textOf)));

/** @param {Content[]} parts @param {string} between @returns {Content[]} */
export const join = (parts, between) => parts.flatMap((part, at) => (at === 0 ? [part] : [between, part]));

/** The Markdown that the document uses: paragraphs, lists, code, code blocks, bold. @param {string} text @returns {Content[]} */
export function markdown(text) {
  return text.split(/^```\w*\n(.*?)^```$/ms).map((part, at) => (at % 2 === 0 ? paragraphs(part) : code(part.trimEnd())));
}

/** Wide code scrolls by itself, by keyboard too. @param {string} text */
export const code = (text) => html`<pre tabindex="0"><code>${text}</code></pre>`;

/** @param {string} text @returns {Content[]} */
function paragraphs(text) {
  return text.split(/\n{2,}/).map((block) => {
    const [words = "", ...items] = block.split(/^- /m);
    return [
      words.trim() !== "" && html`<p>${inline(words.trim())}</p>`,
      items.length > 0 && html`<ul>${items.map((item) => html`<li>${inline(item.trim())}</li>`)}</ul>`,
    ];
  });
}

/** @param {string} text @returns {Content[]} */
export function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part, at) => {
    if (at % 2 === 0) return part;
    return part.startsWith("`") ? html`<code>${part.slice(1, -1)}</code>` : html`<strong>${part.slice(2, -2)}</strong>`;
  });
}
