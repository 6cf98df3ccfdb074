// The end of a form that an owner saves: the button, and that it was saved.

import type { ComponentChildren } from "preact";
import { Button } from "./button.tsx";

interface Props {
  isChanged: boolean;
  isBusy: boolean;
  /** Whether the last save went well. */
  isDone: boolean;
  /** What the button says. */
  text?: string;
  children?: ComponentChildren;
}

export function SaveRow({ isChanged, isBusy, isDone, text = "Save", children }: Props) {
  return (
    <div class="row">
      <Button type="submit" kind="primary" needs="owner" isBusy={isBusy} disabled={!isChanged && "Nothing has changed"}>
        {text}
      </Button>
      <span role="status" class="good-text">
        {isDone && !isChanged ? "Saved" : ""}
      </span>
      {children}
    </div>
  );
}
