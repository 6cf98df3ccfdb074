// What happened, one event below the other.

import type { ComponentChildren } from "preact";
import "./timeline.css";

export function TimelineList({ children }: { children: ComponentChildren }) {
  return <ol class="timeline">{children}</ol>;
}
