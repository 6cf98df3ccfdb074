// Signing in and out, and what the browser is left with.

import { beforeAll, expect, test } from "vitest";
import { Org, useServer } from "../edge/harness.ts";
import { isTold, sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: WATCHABLE });
const studio = useStudio(server);
let org: Org;

beforeAll(async () => {
  org = await Org.create(server);
});

test("a key becomes a cookie that no script can read, and is kept nowhere", async () => {
  const { key } = await org.newKey("admin");
  const page = await studio.signInWith(key);

  const [cookie, ...others] = await page.context().cookies();
  expect(others).toEqual([]);
  expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: "Strict", path: "/" });
  const hours = ((cookie?.expires ?? 0) * 1_000 - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(11.9);
  expect(hours).toBeLessThanOrEqual(12);
  const kept = await page.evaluate(async () => {
    const databases = (await indexedDB.databases()).length;
    return [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.body.innerHTML, databases].join();
  });
  for (const part of [key, key.slice(6, 30)]) {
    expect(kept).not.toContain(part);
    expect(JSON.stringify(cookie)).not.toContain(part);
  }
});

test("a bad key is refused in the API's own words, with what to do next, and what was typed stays", async () => {
  const page = await studio.visit();
  await page.getByLabel("API key").fill("audtk_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();

  await isTold(page, "Invalid or inactive API key");
  await isTold(page, "Sign in with a key that is active.");
  expect(await page.getByLabel("API key").inputValue()).toBe("audtk_wrong");
});

test("one arrives where one wanted to go, also after a reload", async () => {
  const page = await studio.signInWith(org.owner.key ?? "", "/studio/settings/integration");
  await page.getByRole("heading", { name: "Integration" }).waitFor();

  await page.reload();

  await page.getByRole("heading", { name: "Integration" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/studio/settings/integration");
  await sees(page, "Acme");
});

test("signing out ends it", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls");

  await page.getByRole("button", { name: "Sign out" }).click();

  await page.getByRole("heading", { name: "Sign in to Studio" }).waitFor();
  expect(await page.context().cookies()).toEqual([]);
});

test("an organisation begins at Home, an empty one at its first call", async () => {
  const page = await studio.signedIn(org, "owner", "/studio");
  await page.getByRole("heading", { name: "Home", level: 1 }).waitFor();

  const { body } = await server.platform.fromRoot<{ owner_key: string }>("POST", "/platform/v1/orgs", { body: { name: "New" } });
  const other = await studio.signedInWith(body.owner_key, "/studio");
  await other.waitForURL("**/studio/start");
});

test("a page's policy lets in no inline script, and nobody frames it", async () => {
  for (const path of ["/studio", "/studio/calls", "/studio/calls/01a21053-11a4-8000-b610-bcade3614598"]) {
    const { headers } = await fetch(server.url + path);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("style-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
  }
  const page = await studio.visit();
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.ranInline = true";
    document.body.append(script);
    return "ranInline" in window;
  });
  expect(ran).toBe(false);
  expect(studio.takeProblems().join()).toContain("Content Security Policy");
});
