// Shown where there is nothing to show.

import type { ComponentChildren } from "preact";
import "./empty.css";

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}
