// Asks for confirmation before unsaved input is lost, by leaving the site or by going elsewhere in Studio.

import { useLocation } from "preact-iso";
import { useEffect, useLayoutEffect } from "preact/hooks";

const QUESTION = "Leave without saving?";

/** The URL of a page with unsaved changes. */
let guarded: string | null = null;

/** The position in the browser's history: its entries are numbered, so that a step can be taken back if the user declines. */
let place = 0;
const placed = (): number | undefined => (history.state as { place?: number } | null)?.place;

/** Numbers the entries of the history as they are created. */
export function usePlaces(): void {
  const { url } = useLocation();
  useLayoutEffect(() => {
    place = placed() ?? place + 1;
    history.replaceState({ place }, "");
  }, [url]);
}

export function useGuard(isChanged: boolean): void {
  useEffect(() => {
    if (!isChanged) return;
    guarded = location.pathname + location.search;
    addEventListener("beforeunload", hold);
    return unguard;
  }, [isChanged]);
}

const hold = (event: BeforeUnloadEvent) => event.preventDefault();

/** From now on nothing is asked. */
export function unguard(): void {
  guarded = null;
  removeEventListener("beforeunload", hold);
}

/** Whether nothing would be lost, or the user agrees. */
export const mayLeave = (): boolean => guarded === null || confirm(QUESTION);

const mayGo = ({ pathname, search }: Location | HTMLAnchorElement): boolean => pathname + search === guarded || mayLeave();

/** The link within Studio that a click follows; any other click unloads the page, or opens another one. */
function linkOf({ target, button, ctrlKey, metaKey, altKey, shiftKey }: MouseEvent): HTMLAnchorElement | null {
  if (button !== 0 || ctrlKey || metaKey || altKey || shiftKey || !(target instanceof Element)) return null;
  const link = target.closest<HTMLAnchorElement>("a[href]");
  const isInside = link?.origin === location.origin && link.pathname.startsWith("/studio") && !link.target && !link.download;
  return isInside ? link : null;
}

// Added here, before there is a router: listeners on the window are called in the order in which they were added.
addEventListener(
  "click",
  (event) => {
    const link = linkOf(event);
    if (!link || mayGo(link)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
addEventListener("popstate", (event) => {
  if (mayGo(location)) return;
  event.stopImmediatePropagation();
  history.go(place - (placed() ?? place - 1)); // the address has changed already
});
