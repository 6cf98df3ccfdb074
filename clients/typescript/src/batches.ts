// Recipients from any iterable, cut into requests that the API takes.

import type { AddedRecipients, RecipientToAdd } from "./types.ts";

/** The most rows, and the most bytes, that one request may have. */
export const MOST_ROWS = 20_000;
export const MOST_BYTES = 8 * 1024 * 1024;

export interface Batch {
  /** NDJSON. */
  text: string;
  rows: number;
}

const encoder = new TextEncoder();

/** Lines of JSON, as many in a batch as fit: no more than one batch is held at a time. */
export async function* batches(
  recipients: Iterable<RecipientToAdd> | AsyncIterable<RecipientToAdd>,
): AsyncGenerator<Batch, void, undefined> {
  let lines: string[] = [];
  let bytes = 0;
  const cut = (): Batch => {
    const batch = { text: lines.join(""), rows: lines.length };
    lines = [];
    bytes = 0;
    return batch;
  };
  for await (const recipient of recipients) {
    const line = `${JSON.stringify(recipient)}\n`;
    const size = encoder.encode(line).length;
    if (lines.length > 0 && (lines.length === MOST_ROWS || bytes + size > MOST_BYTES)) yield cut();
    lines.push(line);
    bytes += size;
  }
  if (lines.length > 0) yield cut();
}

/** Adds up the batches' results; rows are numbered from 1 across all of them. */
export async function addAll(all: AsyncIterable<Batch>, add: (batch: Batch) => Promise<AddedRecipients>): Promise<AddedRecipients> {
  const total: AddedRecipients = { added: 0, duplicates: 0, rejected: [] };
  let before = 0;
  for await (const batch of all) {
    const { added, duplicates, rejected } = await add(batch);
    total.added += added;
    total.duplicates += duplicates;
    total.rejected.push(...rejected.map((row) => ({ ...row, row: row.row + before })));
    before += batch.rows;
  }
  return total;
}
