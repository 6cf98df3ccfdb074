// Everybody can use it: no axe violation on any page in either theme, everything by keyboard, and at every width.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { created, METADATA, Org, useServer } from "../edge/harness.ts";
import { follow, sees, useStudio, WATCHABLE } from "./browser.ts";

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
  const scheduled = await org.call({ not_before: new Date(Date.now() + 86_400_000).toISOString() });
  const redial = { max_attempts: 3, on: ["busy"], wait_seconds: [3_600] };
  const busy = await org.call({ phone_number: "+15005550001", redial });
  await org.ended(busy);
  await org.ended(call);
  const delivery = (await admin.post<{ id: string }>("/webhooks/test", { url: body.callback_url })).body.id;
  const started = await campaign(true);
  const draft = await campaign(false);
  pages = [
    ["home", "/studio"],
    ["campaigns", "/studio/campaigns"],
    ["a new campaign", "/studio/campaigns/new"],
    ["a draft of a campaign", `/studio/campaigns/${draft}`],
    ["a campaign", `/studio/campaigns/${started}`],
    ["calls of a campaign", `/studio/calls?campaign_id=${started}`],
    ["first call", "/studio/start"],
    ["calls", "/studio/calls"],
    ["a new call", "/studio/calls/new"],
    ["usage by day", "/studio/usage"],
    ["usage by agent", "/studio/usage?group_by=agent&days=31"],
    ["usage by hour", "/studio/usage?group_by=hour&days=1"],
    ["a scheduled call", `/studio/calls/${scheduled}`],
    ["no call", "/studio/calls?call_status=Ringing"],
    ["a call", `/studio/calls/${call}`],
    ["a call that failed", `/studio/calls/${busy}`],
    ["trunks", "/studio/trunks"],
    ["a new trunk", "/studio/trunks/new"],
    ["a trunk", `/studio/trunks/${org.trunk.id}`],
    ["agents", "/studio/agents"],
    ["an agent", `/studio/agents/${org.agent.id}`],
    ["suppressions", "/studio/suppressions"],
    ["webhooks", "/studio/webhooks"],
    ["a delivery", `/studio/webhooks/deliveries/${delivery}`],
    ["settings", "/studio/settings"],
    ["integration", "/studio/settings/integration"],
    ["audit log", "/studio/audit-log"],
    ["no page", "/studio/nowhere"],
    ["no such call", "/studio/calls/31106b7c-9d02-4723-8b07-5bb8d90240cb"],
  ];
});

/** One with somebody who was called and somebody whose number is no reference. */
async function campaign(isStarted: boolean): Promise<string> {
  const { id } = created(
    await org.owner.post<{ id: string }>("/campaigns", { name: "Reminders", agent_id: org.agent.id, sip_trunk_id: org.trunk.id }),
  );
  const recipients = ["+15005550001", "+15005550006"].map((phone_number, n) => ({
    phone_number,
    ...(n === 0 && { reference: "loan-1" }),
    metadata: METADATA,
  }));
  expect(await org.owner.post(`/campaigns/${id}/recipients`, { recipients })).toMatchObject({ status: 200 });
  if (isStarted) expect(await org.owner.post(`/campaigns/${id}/start`)).toMatchObject({ status: 200 });
  return id;
}

async function violations(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() => (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
}

test("no violation on any page, light or dark", { timeout: 120_000 }, async () => {
  const found: Record<string, string[]> = {};
  const look = async (page: Page, name: string) => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      found[`${name}, ${colorScheme}`] = await violations(page);
    }
  };
  const visitor = await studio.visit("/studio");
  await visitor.getByLabel("API key").waitFor();
  await visitor.evaluate(axe);
  await look(visitor, "sign in");
  const owner = await studio.signedIn(org, "owner", "/studio/calls");
  await owner.evaluate(axe);
  for (const [name, path] of pages) {
    await follow(owner, path);
    await look(owner, name);
  }
  owner.on("dialog", (dialog) => void dialog.accept()); // leaves what is not saved
  await follow(owner, "/studio/calls/new");
  await owner.getByLabel("Attempts").selectOption("3");
  await look(owner, "a call with attempts");
  await follow(owner, "/studio/settings");
  await owner.getByLabel("Phones may ring").selectOption("callee");
  await owner.getByLabel("To, window 1").fill("1");
  await owner.getByRole("button", { name: "Save" }).click();
  await owner.locator('[aria-invalid="true"]').first().waitFor();
  await look(owner, "calling hours that are refused");
  await follow(owner, "/studio/settings/integration");
  await owner.getByRole("button", { name: "New API key" }).click();
  await owner.getByRole("dialog").waitFor();
  await look(owner, "a dialog");
  const viewer = await studio.signedIn(org, "viewer", "/studio/webhooks");
  await viewer.evaluate(axe);
  await look(viewer, "a page out of reach");
  await follow(viewer, `/studio/trunks/${org.trunk.id}`);
  await look(viewer, "a trunk out of reach");
  expect(Object.entries(found).filter(([, wrong]) => wrong.length > 0)).toEqual([]);
  expect(Object.keys(found).length).toBeGreaterThan(30);
});

/** At which widths a page scrolls sideways. */
async function tooWide(page: Page, name: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const width of [360, 390, 768, 1280, 2560, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) wrong.push(`${name} at ${width}: ${over} px too wide`);
  }
  return wrong;
}

test("nothing is cut off or scrolls sideways, from 360 px to 4K", { timeout: 120_000 }, async () => {
  const page = await studio.signedIn(org, "owner", "/studio/calls");
  const wrong: string[] = [];
  for (const [name, path] of pages) {
    await follow(page, path);
    wrong.push(...(await tooWide(page, name)));
  }
  expect(wrong).toEqual([]);
});

/** Opens all that can be opened. */
const unfold = (page: Page, selector: string) =>
  page.locator(selector).evaluateAll((all) => {
    for (const details of all) details.setAttribute("open", "");
    return all.length;
  });

test("the docs, which the menu leads to, and the first page have no violation in either theme and scroll sideways at no width", {
  timeout: 120_000,
}, async () => {
  const page = await studio.signedIn(org, "owner", "/studio/calls");
  await page.getByRole("link", { name: "Docs" }).click();
  await page.getByRole("heading", { name: "How it works" }).waitFor();
  for (const path of [
    "/",
    "/docs",
    "/docs/notifications",
    "/docs/guarantees",
    "/docs/errors",
    "/docs/errors/field_invalid",
    "/docs/reference",
  ]) {
    await page.goto(path);
    if (path === "/docs/reference") expect(await unfold(page, "article:has(#triggerCall) details")).toBeGreaterThan(10);
    await page.evaluate(axe);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page), `${path}, ${colorScheme}`).toEqual([]);
    }
    await unfold(page, "details");
    expect(await tooWide(page, path)).toEqual([]);
  }
});

test("the first page is one screen, from a phone to 4K", async () => {
  const page = await studio.visit("/");
  for (const [width, height] of [
    [390, 844],
    [768, 1024],
    [1280, 720],
    [2560, 1440],
    [3840, 2160],
  ] as const) {
    await page.setViewportSize({ width, height });
    const over = await page.evaluate(() => document.documentElement.scrollHeight - document.documentElement.clientHeight);
    expect(over, `${width} × ${height}`).toBeLessThanOrEqual(0);
  }
});

test("the docs are searched by keyboard: a key leads there, words find a route and an error, and a link follows", async () => {
  const page = await studio.visit("/docs/quick-start");
  await page.keyboard.press("/");
  await page.keyboard.type("trigger a call post");
  await page.getByRole("link", { name: "Trigger a call: POST /integration/v1/calls", exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.type("channels exhausted");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "trunk_channels_exhausted", level: 1 }).waitFor();
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
  expect(await focused()).toBe("New API key");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await focused()).toBe("New API key");
});

test("a page that opens has the focus on its title, and the title in the window", async () => {
  const page = await studio.signedIn(org, "owner", "/studio/calls");

  await page.getByRole("link", { name: "Audit log" }).click();

  await page.getByRole("heading", { name: "Audit log" }).waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === "H1");
  expect(await page.title()).toBe("Audit log · Studio");
});

test("no word of the menu and of who is signed in is ever broken, DejaVu Sans or not", async () => {
  const page = await studio.signedIn(org, "owner", "/studio/calls");
  for (const font of ["DejaVu Sans", "Verdana, DejaVu Sans", "Liberation Sans", "monospace"]) {
    await page.evaluate((family) => void (document.documentElement.style.fontFamily = family), font);
    for (const width of [360, 390, 859, 860, 1280, 2200, 3840]) {
      await page.setViewportSize({ width, height: 900 });
      const menu = page.getByRole("button", { name: "Menu" });
      if ((await menu.isVisible()) && (await menu.getAttribute("aria-expanded")) === "false") await menu.click();
      const broken = await page.evaluate(() => {
        const range = document.createRange();
        const texts = document.createTreeWalker(document.querySelector(".side") as Element, NodeFilter.SHOW_TEXT);
        const found: string[] = [];
        while (texts.nextNode()) {
          const { data } = texts.currentNode as Text;
          for (const { 0: word, index } of data.matchAll(/\S+/g)) {
            range.setStart(texts.currentNode, index);
            range.setEnd(texts.currentNode, index + word.length);
            if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) found.push(word);
          }
        }
        const side = document.querySelector(".side") as Element;
        if (side.scrollWidth > side.clientWidth) found.push("too wide");
        return found;
      });
      expect(broken, `${font} at ${width}`).toEqual([]);
    }
  }
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

  const moving = await page.evaluate(
    () =>
      [...document.querySelectorAll("*")].filter((element) => {
        const style = getComputedStyle(element);
        return style.transitionDuration !== "0s" || style.animationName !== "none";
      }).length,
  );
  expect(moving).toBe(0);
});
