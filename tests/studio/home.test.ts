// Home: what is going on and how today's calls ended, each a link to its details.

import { Response as MiniflareResponse } from "miniflare";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { created, Org, useServer } from "../edge/harness.ts";
import { until } from "../edge/until.ts";
import { sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({
  vars: { ...WATCHABLE, STALLED_AFTER_SECONDS: "600", WEBHOOK_RETRY_SECONDS: "0.05" },
  outboundService: () => new MiniflareResponse(null, { status: 500 }), // no receiver takes its callback
});
const studio = useStudio(server);

const BUSY = "+15005550001";
const FAILS = "+15005550004";
const LASTS = "+15005550006";

const meter = async (page: Page, name: string): Promise<string> =>
  (await page.getByRole("meter", { name, exact: true }).getAttribute("aria-valuetext")) ?? "";

/** The figure of a card with this title. */
const figure = async (page: Page, title: string): Promise<string> =>
  (
    await page
      .locator(".figures .card")
      .filter({ has: page.getByRole("link", { name: title, exact: true }) })
      .innerText()
  ).replaceAll(/\s+/g, " ");

test("one lands on Home, which the menu leads back to; an empty organisation lands on its first call", async () => {
  const org = await Org.create(server);
  const page = await studio.signedIn(org, "viewer", "/studio");
  await page.getByRole("heading", { name: "Home", level: 1 }).waitFor();
  expect(await page.getByRole("navigation", { name: "Studio" }).getByRole("link", { name: "Home" }).getAttribute("aria-current")).toBe(
    "page",
  );
  await sees(page, "No call yet today.");
  await sees(page, "No campaign is running.");

  await page.getByRole("link", { name: "Agents", exact: true }).click();
  await page.getByRole("heading", { name: "Agents", level: 1 }).waitFor();
  expect(await page.getByRole("link", { name: "Home", exact: true }).getAttribute("aria-current")).toBe(null);
  await page.getByRole("link", { name: "Home", exact: true }).click();
  await page.getByRole("heading", { name: "Home", level: 1 }).waitFor();

  const { body } = await server.platform.fromRoot<{ owner_key: string }>("POST", "/platform/v1/orgs", { body: { name: "New" } });
  const other = await studio.signedInWith(body.owner_key, "/studio");
  await other.waitForURL("**/studio/start");
});

test("live channels and waiting calls, by trunk and in all, follow what happens", async () => {
  const org = await Org.create(server, { name: "Small", max_channels: 1 });
  const wide = await org.newTrunk({ name: "Wide", max_channels: 9 });
  const page = await studio.signedIn(org, "viewer", "/studio");
  await until("the gauges", async () => (await meter(page, "Live channels")) === "0 of 10");
  await page.getByText("Live", { exact: true }).waitFor();

  const call = await org.call({ phone_number: LASTS });
  for (let more = 0; more < 2; more += 1) await org.call({ phone_number: LASTS, on_capacity: "queue" });
  await org.call({ phone_number: LASTS, sip_trunk_id: wide.id });

  await until("all of them", async () => (await meter(page, "Live channels")) === "2 of 10", 15_000);
  await until("the trunk's", async () => (await meter(page, "Channels of Small in use")) === "1 of 1");
  expect(await meter(page, "Channels of Wide in use")).toBe("1 of 9");
  const line = (name: string) => page.getByRole("row").filter({ hasText: name }).getByRole("cell").last().innerText();
  expect([await line("Small"), await line("Wide")]).toEqual(["2", "0"]);
  await until("the line", async () => /Waiting 2\b/.test(await figure(page, "Waiting")));
  await page.getByRole("link", { name: "Wide" }).click();
  await page.waitForURL(`**/studio/trunks/${wide.id}`);
  await (await org.client("member")).post(`/calls/${call}/cancel`);
});

test("each of its cards leads to where it is told in full", async () => {
  const page = await studio.signedIn(await Org.create(server), "viewer", "/studio");
  const titles = page.getByRole("main").getByRole("heading", { level: 2 });
  await until("all cards", async () => (await titles.count()) === 8);
  const leads = await titles.evaluateAll((all) =>
    all.map((title) => [title.textContent, title.querySelector("a")?.getAttribute("href")?.split("?")[0]]),
  );
  expect(Object.fromEntries(leads)).toEqual({
    "Live channels": "/studio/trunks",
    Waiting: "/studio/trunks",
    "Calls today": "/studio/calls",
    Answered: "/studio/calls",
    Trunks: "/studio/trunks",
    "Running campaigns": "/studio/campaigns",
    "How today's calls ended": "/studio/calls",
    "Callbacks given up": "/studio/webhooks",
  });
});

test("today's calls, how many were answered, and how they ended, each a link to those calls", async () => {
  const org = await Org.create(server);
  const page = await studio.signedIn(org, "viewer", "/studio");
  await sees(page, "No call yet today.");
  await page.getByText("Live", { exact: true }).waitFor();

  const calls = [
    await org.call(),
    await org.call(),
    await org.call(),
    await org.call({ phone_number: BUSY }),
    await org.call({ phone_number: FAILS }),
  ];
  for (const call of calls) await org.ended(call);

  await until("the share", async () => /Answered 60 %/.test(await figure(page, "Answered")), 15_000);
  expect(await figure(page, "Calls today")).toMatch(/^Calls today 5 since midnight UTC, \d\d:\d\d by your clock$/);
  const ends = page.locator(".shares li");
  await until(
    "the ends",
    async () => (await ends.allInnerTexts()).join("; ").replaceAll(/\s+/g, " ") === "Completed 3; Declined 1; Carrier error 1",
  );
  const colours = await ends.locator(".gauge-bar div").evaluateAll((all) => all.map((bar) => getComputedStyle(bar).backgroundColor));
  expect(colours, "as the statuses' own: green, amber, red").toEqual(["rgb(34, 165, 101)", "rgb(217, 138, 11)", "rgb(214, 63, 72)"]);
  await ends.getByRole("link", { name: "Declined" }).click();
  await page.waitForURL(/\/studio\/calls\?call_status=Decline&created_after=/);
  const rows = page.getByRole("row").filter({ has: page.getByRole("cell") });
  await until("the calls", async () => (await rows.count()) === 1);
});

test("a trunk whose dialer fails is told at once, and to who comes later", async () => {
  const org = await Org.create(server, { name: "Down" });
  const page = await studio.signedIn(org, "viewer", "/studio");
  await page.getByText("Live", { exact: true }).waitFor();
  await server.faults({ dialer: true, keys: false });
  try {
    for (let failures = 0; failures < 3; failures += 1) await org.ended(await org.call());
  } finally {
    await server.faults({ dialer: false, keys: false });
  }

  const note = page.getByText(/^The dialer of Down is failing: new calls get 502 until a probe succeeds\.$/);
  await note.waitFor();
  await page.reload();
  await note.getByRole("link", { name: "Down" }).click();
  await page.waitForURL(`**/studio/trunks/${org.trunk.id}`);
});

test("callbacks that were given up are listed for an admin; others are told why they see none", async () => {
  const org = await Org.create(server);
  const page = await studio.signedIn(org, "admin", "/studio");
  await sees(page, "None: every callback was accepted, or is still being sent.");
  await page.getByText("Live", { exact: true }).waitFor();

  await org.ended(await org.call({ callback_url: "https://lost.example.com/hook" }));

  await sees(page, "https://lost.example.com/hook");
  await page.getByRole("link", { name: "call.completed" }).click();
  await page.waitForURL("**/studio/webhooks/deliveries/*");
  const viewer = await studio.signedIn(org, "viewer", "/studio");
  await sees(viewer, "This API key's role (viewer) can't do this; it needs admin.");
});

test("a running campaign is there with how far it is, and leads to its page", async () => {
  const org = await Org.create(server);
  const member = await org.client("member");
  const made = created(
    await member.post<{ id: string }>("/campaigns", { name: "Reminders", agent_id: org.agent.id, sip_trunk_id: org.trunk.id }),
  );
  const metadata = { customer_name: "A", amount_due: "1", due_date: "2027-01-01" };
  const recipients = [BUSY, LASTS].map((phone_number) => ({ phone_number, metadata }));
  expect(await member.post(`/campaigns/${made.id}/recipients`, { recipients })).toMatchObject({ status: 200 });
  const page = await studio.signedIn(org, "viewer", "/studio");
  await sees(page, "No campaign is running.");

  expect(await member.post(`/campaigns/${made.id}/start`)).toMatchObject({ status: 200 });

  await until("the bar", async () => (await meter(page, "Recipients of Reminders")) === "1 of 2 decided", 15_000);
  await page.getByRole("link", { name: "Reminders" }).click();
  await page.waitForURL(`**/studio/campaigns/${made.id}`);
  await member.post(`/campaigns/${made.id}/cancel`, { hang_up: true });
});

test("it asks for little: one reading of each list, and of no more than 12 trunks", async () => {
  const org = await Org.create(server);
  for (let more = 0; more < 13; more += 1) await org.newTrunk({ name: `Trunk ${more}` });
  const page = await studio.signedIn(org, "viewer", "/studio/agents");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByText(org.agent.name).filter({ visible: true }).first().waitFor(); // what the page before asks for is there
  const asked: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/integration/v1/") && !pathname.endsWith("/events")) asked.push(pathname);
  });

  await page.getByRole("link", { name: "Home", exact: true }).click();
  await sees(page, "of the first 12 of 14 active trunks");
  await sees(page, "No call yet today.");

  await until("the trunks", async () => asked.filter((path) => path.endsWith("/live")).length >= 12);
  const others = asked.filter((path) => !path.endsWith("/live")).sort();
  expect(others.map((path) => path.replace("/integration/v1/", ""))).toEqual(["agents", "campaigns", "sip-trunks", "usage"]);
  expect(asked.filter((path) => path.endsWith("/live"))).toHaveLength(12);
});
