// The members of a JSON object, as the texts they are written in. Parsed and serialised again, a 64-bit number would change, and a
// body would not stay the same byte for byte.

/** Each member's value, unparsed. @param json a valid JSON object */
export function members(json: string): Map<string, string> {
  const found = new Map<string, string>();
  let at = skipSpace(json, json.indexOf("{") + 1);
  while (json[at] === '"') {
    const nameEnd = skipText(json, at);
    const name = JSON.parse(json.slice(at, nameEnd)) as string;
    const start = skipSpace(json, json.indexOf(":", nameEnd) + 1);
    const end = skipValue(json, start);
    found.set(name, json.slice(start, end));
    at = skipSpace(json, end);
    if (json[at] === ",") at = skipSpace(json, at + 1);
  }
  return found;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (at < json.length && " \t\r\n".includes(json[at] ?? "")) at++;
  return at;
}

/** @param from the position of the opening quotation mark */
function skipText(json: string, from: number): number {
  let at = from + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at + 1;
}

function skipValue(json: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < json.length) {
    const char = json[at] ?? "";
    if (char === '"') at = skipText(json, at);
    else if (depth === 0 && ",} \t\r\n]".includes(char)) return at;
    else {
      if ("{[".includes(char)) depth++;
      if ("}]".includes(char)) depth--;
      at++;
    }
    if (depth === 0 && '"}]'.includes(char)) return at;
  }
  return at;
}
