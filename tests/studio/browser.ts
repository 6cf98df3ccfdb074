// A browser before the served Worker: what an operator does and sees.

import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { chromiumPath } from "../../scripts/lib/chromium.mjs";
import type { Org, Server } from "../edge/harness.ts";
import type { Role } from "../edge/shapes.ts";
import { until } from "../edge/until.ts";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A call that can be watched, and is over soon; one of which nobody says that it is over outlasts its test, however slow that is. */
export const WATCHABLE = { SIM_RING_MS: "400", SIM_TALK_MS: "800", RING_TIMEOUT_SECONDS: "1", MAX_CALL_SECONDS: "600" };

export interface Look {
  width?: number;
  theme?: "light" | "dark";
  reducedMotion?: boolean;
}

export class Studio {
  readonly #server: Server;
  #browser: Browser | undefined;
  #contexts: BrowserContext[] = [];
  #problems: string[] = [];

  constructor(server: Server) {
    this.#server = server;
  }

  async start(): Promise<void> {
    this.#browser = await chromium.launch({ executablePath: chromiumPath(), args: FLAGS });
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
  }

  /** Closes what a test opened. Nothing on the way may have thrown, or broken the page's policy. */
  async close(): Promise<void> {
    for (const context of this.#contexts) await context.close();
    this.#contexts = [];
    expect(this.takeProblems()).toEqual([]);
  }

  /** What went wrong so far, for a test that wants it to. */
  takeProblems(): string[] {
    const problems = this.#problems;
    this.#problems = [];
    return problems;
  }

  /** A new visitor, who has no cookie. */
  async visit(path = "/studio", look: Look = {}): Promise<Page> {
    const page = await this.#newPage(look);
    await page.goto(path);
    return page;
  }

  async #newPage({ width = 1280, theme = "light", reducedMotion = false }: Look): Promise<Page> {
    if (!this.#browser) throw new Error("the browser has not started");
    const context = await this.#browser.newContext({
      baseURL: this.#server.url,
      viewport: { width, height: width < 500 ? 780 : 900 },
      colorScheme: theme,
      reducedMotion: reducedMotion ? "reduce" : "no-preference",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    this.#contexts.push(context);
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.#problems.push(error.message));
    page.on("console", (message) => {
      // An answer that is no success is a line there, too; what it means is the page's to show.
      if (message.type() === "error" && !/Failed to load resource/.test(message.text())) this.#problems.push(message.text());
    });
    return page;
  }

  /** Somebody who has signed in before, with a key of this role. */
  async signedIn(org: Org, role: Role, path: string, look: Look = {}): Promise<Page> {
    const { key } = await org.client(role);
    return this.signedInWith(key ?? "", path, look);
  }

  async signedInWith(key: string, path: string, look: Look = {}): Promise<Page> {
    const { headers } = await this.#server.send("POST", "/studio/session", { body: { key } });
    const [name = "", value = ""] = (headers.get("set-cookie") ?? "").split(";")[0]?.split("=") ?? [];
    const page = await this.#newPage(look);
    await page.context().addCookies([{ name, value, url: this.#server.url, httpOnly: true, secure: true, sameSite: "Strict" }]);
    await page.goto(path);
    await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
    return page;
  }

  async signInWith(key: string, path = "/studio/calls", look: Look = {}): Promise<Page> {
    const page = await this.visit(path, look);
    await page.getByLabel("API key").fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
    await page.getByRole("heading", { name: "Sign in to Studio" }).waitFor({ state: "detached" });
    return page;
  }
}

/** A browser for all tests of a file. */
export function useStudio(server: Server): Studio {
  const studio = new Studio(server);
  beforeAll(() => studio.start());
  afterEach(() => studio.close());
  afterAll(() => studio.stop());
  return studio;
}

/** Goes to another page as a link does: without loading Studio anew. */
export async function follow(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
  await page.locator("main :is(h1, .empty-title)").first().waitFor();
  await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });
}

/** Waits until a text is on the page. */
export async function sees(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor();
}

/** A button that can't be used says why when it is reached; a page that is still being filled may put another in its place. */
export async function saysWhy(button: Locator, reason: string): Promise<void> {
  await until("the reason", async () => {
    await button.focus();
    return button.page().getByRole("tooltip", { name: reason }).isVisible();
  });
}

/** An alert with this in it; what a form asks and what its page asks meanwhile may both fail for the same reason. */
export async function isTold(page: Page, text: string | RegExp): Promise<void> {
  await page.getByRole("alert").filter({ hasText: text }).first().waitFor();
}

/** The page says that what was changed is saved. */
export async function isSaved(page: Page): Promise<void> {
  await page
    .getByRole("status")
    .filter({ hasText: /^Saved$/ })
    .waitFor();
}
