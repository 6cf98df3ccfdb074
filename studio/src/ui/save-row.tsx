// The end of a form: the button, and the confirmation that it was saved.

import type { ComponentChildren } from "preact";
import type { Role } from "../lib/api.ts";
import { Button } from "./button.tsx";

interface Props {
  isChanged: boolean;
  isBusy: boolean;
  /** Whether the last save succeeded. */
  isDone: boolean;
  /** The button's text. */
  text?: string;
  /** The lowest role that may save; owner by default. */
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
