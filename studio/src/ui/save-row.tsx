// The end of a form: the button, and that it was saved.

import type { ComponentChildren } from "preact";
import type { Role } from "../lib/api.ts";
import { Button } from "./button.tsx";

interface Props {
  isChanged: boolean;
  isBusy: boolean;
  /** Whether the last save went well. */
  isDone: boolean;
  /** What the button says. */
  text?: string;
  /** The lowest role that may; an owner, unless given. */
  needs?: Role;
  /** Why it can't be saved now. */
  disabled?: string | null;
  children?: ComponentChildren;
}

export function SaveRow({ isChanged, isBusy, isDone, text = "Save", needs = "owner", disabled = null, children }: Props) {
  return (
    <div class="row">
      <Button type="submit" kind="primary" needs={needs} isBusy={isBusy} disabled={disabled ?? (!isChanged && "Nothing has changed")}>
        {text}
      </Button>
      <span role="status" class="good-text">
        {isDone && !isChanged ? "Saved" : ""}
      </span>
      {children}
    </div>
  );
}
