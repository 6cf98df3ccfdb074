// The search of the docs. Without it every page can be read, and the contents and the reference list all there is.

const MOST = 12;
const header = document.querySelector("header");
let pieces;

const box = Object.assign(document.createElement("div"), { className: "search" });
box.setAttribute("role", "search");
box.innerHTML = `<label for="q">Search</label> <input id="q" type="search" placeholder="Search" autocomplete="off" spellcheck="false" aria-controls="found">
<p id="found-count" role="status"></p><ul id="found"></ul>`;
header.append(box);
const input = box.querySelector("input");
const list = box.querySelector("ul");
const count = box.querySelector("p");

const load = async () => (pieces ??= fetch("/docs/search.json").then((answer) => answer.json()));
input.addEventListener("focus", load, { once: true });
input.addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
    event.preventDefault();
    input.focus();
  }
  if (event.key === "Escape" && box.contains(document.activeElement)) {
    input.value = "";
    show();
    input.focus();
  }
});

/** The best of those that have all words, those first that have them in the title. */
async function show() {
  const words = plain(input.value).split(" ").filter(Boolean);
  if (words.length === 0) return fill([], "");
  let all;
  try {
    all = await load();
  } catch {
    pieces = undefined;
    return fill([], "The search can't be loaded.");
  }
  const scored = all
    .map((piece) => ({ piece, score: score(piece, words) }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score)
    .slice(0, MOST)
    .map(({ piece }) => piece);
  fill(scored, scored.length === 0 ? "Nothing found." : scored.length === 1 ? "1 place" : `${scored.length} places`);
}

const plain = (text) => text.toLowerCase().replace(/[\s_-]+/g, " ");

function score({ title, url, text }, words) {
  const [named, said] = [plain(title), plain(text)];
  let sum = 0;
  for (const word of words) {
    const points = named.split(/[^\w+]+/).includes(word) ? 8 : named.includes(word) ? 4 : said.includes(word) ? 1 : 0;
    if (points === 0) return 0;
    sum += points;
  }
  const phrase = words.join(" ");
  if (named.includes(phrase)) sum += 8;
  else if (said.includes(phrase)) sum += 2;
  // What has everything in it says least of one thing.
  return (sum + 1 / (1 + named.length)) / (/changelog|guarantees/.test(url) ? 4 : 1);
}

function fill(found, told) {
  count.textContent = told;
  list.replaceChildren(
    ...found.map(({ title, url }) => {
      const link = Object.assign(document.createElement("a"), { href: url, textContent: title });
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
}
