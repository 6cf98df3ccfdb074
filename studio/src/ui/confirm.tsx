// A confirmation before something that can't be undone.

import type { ComponentChildren } from "preact";
import type { Role } from "../lib/api.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";

interface Props {
  title: string;
  /** The consequences. */
  children: ComponentChildren;
  /** The button that does it, and the one that does not. */
  does: string;
  keeps?: string;
  /** The lowest role that may do it. */
  needs?: Role;
  /** Said instead once there is nothing left to do: the dialog can then only be closed. */
  over?: string | false | null;
  onConfirm: () => void | Promise<void>;
  onClose: () => void;
}

export function Confirm({ title, children, does, keeps = "Keep it", needs, over, onConfirm, onClose }: Props) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="stack" role="status">
        {over ? <p>{over}</p> : children}
      </div>
      <div class="row end">
        <Button onClick={onClose}>{over ? "Close" : keeps}</Button>
        {!over && (
          <Button kind="danger" {...(needs && { needs })} onClick={onConfirm}>
            {does}
          </Button>
        )}
      </div>
    </Dialog>
  );
}
