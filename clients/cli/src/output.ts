// What is printed: tables and lines for people, JSON for programs.

import { ApiError } from "@audatec/client";

export class Output {
  readonly isJson: boolean;

  constructor(isJson: boolean) {
    this.isJson = isJson;
  }

  /** One result: as JSON, or as lines for people. */
  result(value: unknown, lines: () => string | string[]): void {
    if (this.isJson) return void process.stdout.write(`${JSON.stringify(value)}\n`);
    const text = [lines()].flat().join("\n");
    if (text) process.stdout.write(`${text}\n`);
  }

  /** What accompanies a result. */
  note(text: string): void {
    process.stderr.write(`${this.isJson ? JSON.stringify({ note: text }) : text}\n`);
  }
}

/** Columns as wide as they need to be. */
export function table(head: string[], rows: unknown[][]): string[] {
  const cells = [head, ...rows.map((row) => row.map(cell))];
  const widths = head.map((_, at) => Math.max(...cells.map((row) => [...(row[at] ?? "")].length)));
  return cells.map((row) =>
    row
      .map((text, at) => text + " ".repeat((widths[at] ?? 0) - [...text].length))
      .join("  ")
      .trimEnd(),
  );
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "-";
  if (Array.isArray(value)) return value.join(",");
  return printable(String(value));
}

/** Names come from others: none of their characters may control a terminal. */
export const printable = (text: string): string => text.replace(/\p{Cc}/gu, "?");

/** `name: value`, one per line. */
export function fields(values: Record<string, unknown>): string[] {
  const width = Math.max(...Object.keys(values).map((name) => name.length));
  return Object.entries(values).map(([name, value]) => `${name.padEnd(width)}  ${text(value)}`);
}

function text(value: unknown): string {
  return typeof value === "object" && value !== null ? printable(JSON.stringify(value)) : cell(value);
}

/** A failure, on stderr. */
export function tellError(error: unknown, isJson: boolean): void {
  const message = error instanceof Error ? error.message : String(error);
  const api = error instanceof ApiError ? error : undefined;
  if (isJson) {
    const more = api && { status: api.status, code: api.code, request_id: api.requestId, retry_after: api.retryAfter };
    return void process.stderr.write(`${JSON.stringify({ error: message, ...more })}\n`);
  }
  const behind = api ? ` (${[api.status, api.code, api.requestId && `request ${api.requestId}`].filter(Boolean).join(", ")})` : "";
  process.stderr.write(`audatec: ${printable(message)}${behind}\n`);
}
