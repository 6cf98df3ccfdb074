// Tables, and what becomes of their columns where a page is narrow.

import type { ComponentChildren } from "preact";
import "./table.css";

/** A table that scrolls by itself where the page is too narrow, also by keyboard. */
export function Table({
  label,
  head,
  children,
}: {
  label: string;
  head: (string | { text: string; class: string })[];
  children: ComponentChildren;
}) {
  return (
    <div class="table" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((cell) =>
              typeof cell === "string" ? (
                <th key={cell} scope="col">
                  {cell || <span class="hidden">Actions</span>}
                </th>
              ) : (
                <th key={cell.text} scope="col" class={cell.class}>
                  {cell.text}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** A fact of a row, and on how wide a page it has a column. */
export type RowFact = [column: "medium" | "wide", name: string, value: ComponentChildren];

/** Their columns. */
export function FactCells({ items }: { items: RowFact[] }) {
  return items.map(([column, name, value]) => (
    <td key={name} class={column}>
      {value}
    </td>
  ));
}

/** In a cell of the row: what the columns would say that a narrow page has no room for. */
export function Folded({ items }: { items: RowFact[] }) {
  return (
    <dl class="folded small">
      {items.map(([column, name, value]) => (
        <div key={name} class={column}>
          <dt class="faint">{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
