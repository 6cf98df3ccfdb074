// What goes wrong during work: a key revoked in mid-session, a connection lost and restored, a session without the role for a
// page.

import type { Request } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { created, found, Org, useServer } from "../edge/harness.ts";
import { type Agent, ROLES } from "../edge/shapes.ts";
import { follow, isSaved, isTold, saysWhy, sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: WATCHABLE });
const studio = useStudio(server);
let org: Org;

beforeAll(async () => {
  org = await Org.create(server);
});

test("a key revoked in mid-session ends it, and another one goes on with what was entered", async () => {
  const { key, id } = await org.newKey("owner");
  const page = await studio.signedInWith(key, `/studio/agents/${org.agent.id}`);
  await page.getByLabel("Script").fill("Half a thought, not yet saved");

  await org.owner.delete(`/api-keys/${id}`);

  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await dialog.getByText("Invalid or inactive API key").waitFor();
  await sees(page, "Session ended");
  for (let i = 0; i < 3; i++) await page.keyboard.press("Escape");
  await dialog.waitFor();
  await dialog.getByLabel("API key").fill(org.owner.key ?? "");
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await dialog.waitFor({ state: "detached" });
  expect(await page.getByLabel("Script").inputValue()).toBe("Half a thought, not yet saved");
  await page.getByRole("button", { name: "Save" }).click();
  await isSaved(page);
  expect(found(await org.owner.get<Agent & { script: string }>(`/agents/${org.agent.id}`)).script).toBe("Half a thought, not yet saved");
});

test("who signs in again with the same key sees what was refused meanwhile", async () => {
  const page = await studio.signedIn(org, "owner", "/studio/calls");
  await page.context().clearCookies();
  await follow(page, "/studio/audit-log");
  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await dialog.getByLabel("API key").fill((await org.client("owner")).key ?? "");
  await dialog.getByRole("button", { name: "Sign in" }).click();

  await page.getByRole("row").filter({ hasText: "api_key.create" }).first().waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
});

test("a second tab in which somebody else signs in takes the first one along", async () => {
  const first = await studio.signedIn(org, "owner", "/studio/agents");
  await sees(first, "Acme");
  const { body } = await server.platform.fromRoot<{ owner_key: string }>("POST", "/platform/v1/orgs", {
    body: { name: "Another organisation" },
  });
  const second = await first.context().newPage();
  await second.goto("/studio/calls");
  await second.getByRole("button", { name: "Sign out" }).click();
  await first.getByRole("heading", { name: "Sign in to Studio" }).waitFor();
  await second.getByLabel("API key").fill(body.owner_key);
  await second.getByRole("button", { name: "Sign in" }).click();
  await sees(second, "Another organisation");
});

test("a page that could not be loaded for want of a connection is there when it is back", { timeout: 60_000 }, async () => {
  const page = await studio.signedIn(org, "owner", "/studio/calls");
  await page.context().setOffline(true);
  await page.getByRole("link", { name: "Audit log" }).click();
  await sees(page, "No connection.");
  await page.context().setOffline(false);

  await page.getByRole("heading", { level: 1, name: "Audit log" }).waitFor();
  await page.getByRole("row").filter({ hasText: "agent.create" }).first().waitFor();
});

test("a key revoked while one only watches is noticed at once", async () => {
  const { key, id } = await org.newKey("viewer");
  const page = await studio.signedInWith(key, "/studio/calls");

  await org.owner.delete(`/api-keys/${id}`);

  await page.getByRole("dialog", { name: "Your session has ended" }).waitFor();
});

test("a lost connection shows, loses nothing, and heals by itself", { timeout: 60_000 }, async () => {
  const page = await studio.signedIn(org, "owner", `/studio/agents/${org.agent.id}`);
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByLabel("Voice", { exact: true }).fill("calm");

  await page.context().setOffline(true);
  await sees(page, "No connection.");
  await sees(page, "Offline");
  await page.getByRole("button", { name: "Save" }).click();
  await isTold(page, "Studio can't reach the API.");
  await isTold(page, "What you entered is still here");
  expect(await page.getByLabel("Voice", { exact: true }).inputValue()).toBe("calm");

  await page.context().setOffline(false);
  await page.getByText("No connection.").waitFor({ state: "detached" });
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await isSaved(page);
});

test("what happened while the connection was lost is there when it is back", { timeout: 60_000 }, async () => {
  const fresh = await Org.create(server);
  const page = await studio.signedIn(fresh, "viewer", "/studio/calls");
  await sees(page, "No calls yet");
  await page.context().setOffline(true);
  await sees(page, "No connection.");

  await fresh.ended(await fresh.call({ phone_number: "+14155550777" }));
  await page.context().setOffline(false);

  await page.getByRole("row").filter({ hasText: "+14 ••••• ••777" }).getByText("Completed").waitFor();
});

test("news from the feed shows at once, and the page says that it is live", async () => {
  const call = await org.call({ phone_number: "+15005550006" });
  await org.reached(call, "Answered");
  const page = await studio.visit("/studio/calls");
  const asked: URLSearchParams[] = [];
  await page.route("**/integration/v1/events?*", (route) => {
    asked.push(new URL(route.request().url()).searchParams);
    return route.continue();
  });
  await page.getByLabel("API key").fill((await org.client("viewer")).key ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Live", { exact: true }).waitFor();
  const row = page.getByRole("row").filter({ hasText: "••006" });
  await row.getByText("Answered").waitFor();
  await page.route("**/integration/v1/calls?*", () => {}); // the list answers no more: what shows now is the news itself

  await (await org.client("member")).post(`/calls/${call}/cancel`);

  await row.getByText("Completed").waitFor();
  expect(asked[0]?.get("after")).toBe("latest");
  expect(asked.length).toBeLessThan(10); // it waits for news, and does not ask for them
});

test("a tab that nobody sees holds no connection, and goes on where it was when it is seen again", async () => {
  const call = await org.call({ phone_number: "+15005550006" });
  await org.reached(call, "Answered");
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  await page.getByText("Live", { exact: true }).waitFor();
  const row = page.getByRole("row").filter({ hasText: "••006" }).first();
  await row.getByText("Answered").waitFor();
  const isFeed = (request: Request) => request.url().includes("/integration/v1/events?");
  const asked: string[] = [];
  page.on("request", (request) => isFeed(request) && asked.push(request.url()));
  await page.route("**/integration/v1/calls?*", () => {}); // the list answers no more: what shows now is the news itself
  const see = (isSeen: boolean) =>
    page.evaluate((isHidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, !isSeen);

  const [ended] = await Promise.all([page.waitForEvent("requestfailed", isFeed), see(false)]);
  const before = asked.length;
  await (await org.client("member")).post(`/calls/${call}/cancel`);
  await org.ended(call);
  await page.waitForTimeout(1_000);
  expect(asked).toHaveLength(before);
  expect(await row.getByText("Answered").count()).toBe(1);

  await see(true);

  await row.getByText("Completed").waitFor();
  expect(asked[before]).toBe(ended.url());
  await page.getByText("Live", { exact: true }).waitFor();
});

test("an answer that is not the feed's own shows, and the feed heals", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  await page.getByText("Live", { exact: true }).waitFor();
  let odd = 0;
  await page.route("**/integration/v1/events?*", (route) =>
    odd++ < 2 ? route.fulfill({ contentType: "text/html", body: "<p>Log in to this network</p>" }) : route.continue(),
  );
  const number = "+14155550888";
  await org.call({ phone_number: number }); // ends the question that waits
  await sees(page, "Offline");

  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByRole("row").filter({ hasText: "••888" }).waitFor();
});

/** What each page lets each role do: the lowest role of each of its actions. */
const ACTIONS: [path: string, button: string, needs: (typeof ROLES)[number]][] = [
  ["/studio/start", "Answers", "member"],
  ["/studio/calls/CALL", "Cancel call", "member"],
  ["/studio/webhooks", "Reveal", "admin"],
  ["/studio/webhooks", "Rotate", "admin"],
  ["/studio/webhooks", "Send test event", "admin"],
  ["/studio/campaigns", "New campaign", "member"],
  ["/studio/campaigns/new", "Create campaign", "member"],
  ["/studio/campaigns/CAMPAIGN", "Start", "member"],
  ["/studio/campaigns/CAMPAIGN", "Cancel", "member"],
  ["/studio/trunks", "New trunk", "owner"],
  ["/studio/trunks/TRUNK", "Save", "owner"],
  ["/studio/agents", "New agent", "owner"],
  ["/studio/agents/AGENT", "Save", "owner"],
  ["/studio/settings/integration", "New API key", "owner"],
];

test.for(ROLES)("a %s sees what it can't do disabled, with the reason", { timeout: 60_000 }, async (role) => {
  const call = await org.call({ phone_number: "+15005550006" });
  const body = { name: "Reminders", agent_id: org.agent.id, sip_trunk_id: org.trunk.id };
  const campaign = created(await org.owner.post<{ id: string }>("/campaigns", body)).id;
  const page = await studio.signedIn(org, role, "/studio/calls");
  const refused: string[] = [];
  page.on("response", (response) => response.status() === 403 && refused.push(response.url()));
  let shown = "";
  for (const [template, name, needs] of ACTIONS) {
    const path = template.replace("CALL", call).replace("CAMPAIGN", campaign).replace("TRUNK", org.trunk.id).replace("AGENT", org.agent.id);
    if (path !== shown) await follow(page, path);
    shown = path;
    const action = page.getByRole("button", { name, exact: true }).or(page.getByRole("link", { name, exact: true }));
    await action.waitFor();
    if (ROLES.indexOf(role) >= ROLES.indexOf(needs)) continue;
    expect(await action.getAttribute("aria-disabled"), `${name} for a ${role}`).toBe("true");
    const reason = `This API key's role (${role}) can't do this; it needs ${needs}`;
    await saysWhy(action, reason);
    await page.keyboard.press("Enter");
    expect(await page.getByRole("dialog").count()).toBe(0);
  }
  await follow(page, `/studio/agents/${org.agent.id}`);
  const voice = page.getByLabel("Voice", { exact: true });
  expect(await voice.isDisabled()).toBe(role !== "owner");
  expect(await voice.getAttribute("title")).toBe(role === "owner" ? null : `This API key's role (${role}) can't do this; it needs owner`);
  expect(refused).toEqual([]); // nothing was even asked for that would be refused
  await (await org.client("member")).post(`/calls/${call}/cancel`);
});

test("what is tried all the same is refused", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  const tried = await page.evaluate(async (agent) => {
    const send = (path: string, method: string) => fetch(`/integration/v1${path}`, { method }).then(({ status }) => status);
    return [await send("/api-keys", "POST"), await send(`/agents/${agent}`, "DELETE"), await send("/webhooks/secret", "GET")];
  }, org.agent.id);
  expect(tried).toEqual([403, 403, 403]);
});
