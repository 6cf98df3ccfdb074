// A link that looks like a button, and one that can't be followed and says why.

import type { ComponentChildren } from "preact";
import type { Role } from "../lib/api.ts";
import { barred } from "../lib/session.ts";
import { Button } from "./button.tsx";

interface Props {
  href: string;
  needs?: Role;
  kind?: "primary" | "plain";
  children: ComponentChildren;
}

export function LinkButton({ href, needs, kind = "plain", children }: Props) {
  if (needs && barred(needs)) {
    return (
      <Button needs={needs} kind={kind}>
        {children}
      </Button>
    );
  }
  return (
    <a href={href} class={`button ${kind}`}>
      {children}
    </a>
  );
}
