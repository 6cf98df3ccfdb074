// Everybody can use it: no axe violation on any page in either theme, all of it by keyboard, and at every width.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { Org, useServer } from "../edge/harness.ts";
import { sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: WATCHABLE });
const studio = useStudio(server);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let org: Org;
let pages: [name: string, path: string][];

/** An organisation that has something on every page. */
beforeAll(async () => {
  org = await Org.create(server);
  const admin = await org.client("admin");
  const { body } = await admin.fromRoot<{ callback_url: string }>("GET", "/studio/receiver");
  const call = await org.call({ callback_url: body.callback_url });
  for (const number of ["1", "5", "6"]) await org.call({ phone_number: `+1500555000${number}` });
  await org.ended(call);
  const delivery = (await admin.post<{ id: string }>("/webhooks/test", { url: body.callback_url })).body.id;
  pages = [
    ["first call", "/studio/start"],
    ["calls", "/studio/calls"],
    ["no call", "/studio/calls?call_status=Ringing"],
    ["a call", `/studio/calls/${call}`],
    ["trunks", "/studio/trunks"],
    ["a new trunk", "/studio/trunks/new"],
    ["a trunk", `/studio/trunks/${org.trunk.id}`],
    ["agents", "/studio/agents"],
    ["an agent", `/studio/agents/${org.agent.id}`],
    ["webhooks", "/studio/webhooks"],
    ["a delivery", `/studio/webhooks/deliveries/${delivery}`],
    ["integration", "/studio/settings/integration"],
    ["audit log", "/studio/audit-log"],
    ["no page", "/studio/nowhere"],
    ["no such call", "/studio/calls/31106b7c-9d02-4723-8b07-5bb8d90240cb"],
  ];
});

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
}

/** The page has all that it shows. */
async function settle(page: Page): Promise<void> {
  await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });
  await page.waitForLoadState("networkidle").catch(() => {}); // polling may never leave it idle
}

async function go(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await page.locator("main :is(h1, .empty-title)").first().waitFor();
  await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });
}

test.for(["light", "dark"] as const)("no violation on any page, %s", { timeout: 120_000 }, async (theme) => {
  const found: Record<string, string[]> = {};
  const page = await studio.visit("/studio", { theme });
  await page.getByLabel("API key").waitFor();
  found["sign in"] = await violations(page);
  const signed = await studio.signedIn(org, "owner", "/studio/calls", { theme });
  for (const [name, path] of pages) {
    await go(signed, path);
    found[name] = await violations(signed);
  }
  await go(signed, "/studio/settings/integration");
  await signed.getByRole("button", { name: "New API Key" }).click();
  await signed.getByRole("dialog").waitFor();
  found["a dialog"] = await violations(signed);
  const viewer = await studio.signedIn(org, "viewer", "/studio/webhooks", { theme });
  found["a page out of reach"] = await violations(viewer);
  await go(viewer, `/studio/trunks/${org.trunk.id}`);
  found["a trunk out of reach"] = await violations(viewer);
  expect(Object.entries(found).filter(([, wrong]) => wrong.length > 0)).toEqual([]);
});

test("nothing is cut off or scrolls sideways, from 360 px to 4K", { timeout: 120_000 }, async () => {
  const page = await studio.signedIn(org, "owner", "/studio/calls");
  const wrong: string[] = [];
  for (const [name, path] of pages) {
    await go(page, path);
    for (const width of [360, 768, 1280, 2560, 3840]) {
      await page.setViewportSize({ width, height: 900 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) wrong.push(`${name} at ${width}: ${over} px too wide`);
    }
  }
  expect(wrong).toEqual([]);
});

test("on a phone the menu opens, leads on, and closes", async () => {
  const page = await studio.signedIn(org, "owner", "/studio/calls", { width: 360 });

  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("link", { name: "Agents" }).click();

  await page.getByRole("heading", { name: "Agents" }).waitFor();
  await page.getByRole("link", { name: "Webhooks" }).waitFor({ state: "hidden" });
});

test("all of it by keyboard: past the menu, through a form, into a dialog and back to where one was", async () => {
  const page = await studio.signedIn(org, "owner", "/studio/settings/integration");
  await page.getByRole("row").nth(1).waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");

  await page.keyboard.press("Tab");
  expect(await focused()).toBe("Skip to the page");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("New API Key");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await focused()).toBe("New API Key");
});

test("a page that opens has the focus on its title, and the title in the window", async () => {
  const page = await studio.signedIn(org, "owner", "/studio/calls");

  await page.getByRole("link", { name: "Audit log" }).click();

  await page.getByRole("heading", { name: "Audit log" }).waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === "H1");
  expect(await page.title()).toBe("Audit log · Studio");
});

test("the theme is the system's unless another was chosen, which is kept", async () => {
  const page = await studio.signedIn(org, "owner", "/studio/calls", { theme: "dark" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();

  await page.getByRole("button", { name: "Light", exact: true }).click();
  const light = await ground();
  expect(light).not.toBe(dark);
  await page.reload();
  await sees(page, "Sign out");
  expect(await ground()).toBe(light);
  await page.getByRole("button", { name: "Auto", exact: true }).click();
  expect(await ground()).toBe(dark);
});

test("who wants less motion has none", async () => {
  const page = await studio.signedIn(org, "owner", `/studio/trunks/${org.trunk.id}`, { reducedMotion: true });
  await settle(page);

  const moving = await page.evaluate(
    () =>
      [...document.querySelectorAll("*")].filter((element) => {
        const style = getComputedStyle(element);
        return style.transitionDuration !== "0s" || style.animationName !== "none";
      }).length,
  );
  expect(moving).toBe(0);
});
