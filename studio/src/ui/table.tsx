// Tables, and where their columns go on a narrow page.

import type { ComponentChildren } from "preact";
import "./table.css";

/** A table that scrolls by itself if the page is too narrow, also by keyboard. */
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

/** A fact about a row, and how wide a page must be for it to have a column. */
export type RowFact = [column: "medium" | "wide", name: string, value: ComponentChildren];

/** The cells of those columns. */
export function FactCells({ items }: { items: RowFact[] }) {
  return items.map(([column, name, value]) => (
    <td key={name} class={column}>
      {value}
    </td>
  ));
}

/** Shown within a cell on a narrow page: the facts whose columns have no room. */
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
