// The API reference of `/docs`: from the document to a static page in `public/`. Called beside Studio's build.

import { readFileSync } from "node:fs";
import { say, seconds } from "./log.mjs";
import { inRoot, readIfThere, writeWhole } from "./paths.mjs";
import { renderReference } from "./reference.mjs";

/** Not committed; its stylesheet is, as `public/docs.css`. */
const PAGE = inRoot("public/docs.html");

/** Renders the page, which takes a moment, and writes it when it is another one. */
export function buildDocs() {
  const startedAt = performance.now();
  const page = renderReference(JSON.parse(readFileSync(inRoot("public/openapi.json"), "utf8")));
  const isNew = readIfThere(PAGE) !== page;
  if (isNew) writeWhole(PAGE, page);
  say("build", `the API reference${isNew ? "" : " is up to date"}, ${seconds(startedAt)}`);
}
