// Splits a file of recipients into requests that the API accepts: between rows, never within one.

/** The most rows, and the most bytes, that one request may have. */
const MOST_ROWS = 20_000;
const MOST_BYTES = 8 * 1024 * 1024;

export type RowFormat = "text/csv" | "application/x-ndjson";

export interface Part {
  text: string;
  rows: number;
}

/** @param text of the whole file */
export function* parts(text: string, format: RowFormat, most = { rows: MOST_ROWS, bytes: MOST_BYTES }): Generator<Part> {
  const all = format === "text/csv" ? records(text.replace(/^\uFEFF/, "")) : lines(text);
  // A CSV file's header line names the columns, and is repeated in each part.
  const head = format === "text/csv" ? ended(all.next().value ?? "") : "";
  const headBytes = Buffer.byteLength(head);
  let part = { text: head, rows: 0 };
  let bytes = headBytes;
  for (const row of all) {
    if (row.trim() === "") continue;
    const size = Buffer.byteLength(row) + 1;
    if (part.rows > 0 && (part.rows === most.rows || bytes + size > most.bytes)) {
      yield part;
      part = { text: head, rows: 0 };
      bytes = headBytes;
    }
    part.text += ended(row);
    part.rows += 1;
    bytes += size;
  }
  if (part.rows > 0 || head) yield part;
}

const ended = (row: string) => (row.endsWith("\n") ? row : `${row}\n`);

function* lines(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf("\n", from);
    const next = end < 0 ? text.length : end + 1;
    yield text.slice(from, next);
    from = next;
  }
}

/** Records as in RFC 4180: a line break within quotation marks belongs to its cell. */
function* records(text: string): Generator<string> {
  let record = "";
  let quotes = 0;
  for (const line of lines(text)) {
    record += line;
    for (let at = line.indexOf('"'); at >= 0; at = line.indexOf('"', at + 1)) quotes++;
    if (quotes % 2 > 0) continue;
    yield record;
    record = "";
    quotes = 0;
  }
  if (record) yield record;
}
