// Asks before what was entered and not saved is lost: with the page, or by going elsewhere in Studio.

import { useLocation } from "preact-iso";
import { useEffect, useLayoutEffect } from "preact/hooks";

const QUESTION = "Leave without saving?";

/** The address of a page with changes that are not saved. */
let guarded: string | null = null;

/** Where in the history this is: its entries are numbered, for a step that is declined to be taken back. */
let place = 0;
const placed = (): number | undefined => (history.state as { place?: number } | null)?.place;

/** Numbers the entries of the history, as they are made. */
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

/** Whether nothing would be lost, or may be. */
export const mayLeave = (): boolean => guarded === null || confirm(QUESTION);

const mayGo = ({ pathname, search }: Location | HTMLAnchorElement): boolean => pathname + search === guarded || mayLeave();

/** The link that a click follows within Studio; any other unloads the page, or opens another one. */
function linkOf({ target, button, ctrlKey, metaKey, altKey, shiftKey }: MouseEvent): HTMLAnchorElement | null {
  if (button !== 0 || ctrlKey || metaKey || altKey || shiftKey || !(target instanceof Element)) return null;
  const link = target.closest<HTMLAnchorElement>("a[href]");
  const isInside = link?.origin === location.origin && link.pathname.startsWith("/studio") && !link.target && !link.download;
  return isInside ? link : null;
}

// Added here, before there is a router: whoever is added to the window first hears of it first.
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
