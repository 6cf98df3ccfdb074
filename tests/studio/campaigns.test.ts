// Campaigns: from a form and a file to every result, and what may be done on the way.

import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { beforeEach, expect, test } from "vitest";
import { created, found, noNetwork, Org, useServer } from "../edge/harness.ts";
import { until } from "../edge/until.ts";
import { isSaved, isTold, saysWhy, sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: { ...WATCHABLE, STALLED_AFTER_SECONDS: "600" }, outboundService: noNetwork });
const studio = useStudio(server);
let org: Org;

beforeEach(async () => {
  org = await Org.create(server);
});

const ANSWERS = "+15005550000";
const BUSY = "+15005550001";
/** Two whose calls last. */
const LASTS = ["+15005550006", "+15005550007"];

interface Campaign {
  id: string;
  name: string;
  status: string;
  max_channels: number | null;
  not_after: string | null;
  calling_hours: { time_zone: string; windows: unknown[] } | null;
  redial: { max_attempts: number; wait_seconds: number[] } | null;
  counts: Record<string, number>;
}

const kept = async (id: string) => found(await org.owner.get<Campaign>(`/campaigns/${id}`));
const all = async () => found(await org.owner.get<{ campaigns: Campaign[] }>("/campaigns")).campaigns;

/** One with these people, by the API. */
async function make(numbers: string[], more: object = {}): Promise<string> {
  const body = { name: "Reminders", agent_id: org.agent.id, sip_trunk_id: org.trunk.id, ...more };
  const { id } = created(await org.owner.post<Campaign>("/campaigns", body));
  const metadata = { customer_name: "A", amount_due: "1", due_date: "2027-01-01" };
  const recipients = numbers.map((phone_number, n) => ({ phone_number, reference: `loan-${n + 1}`, metadata }));
  if (numbers.length > 0) expect(await org.owner.post(`/campaigns/${id}/recipients`, { recipients })).toMatchObject({ status: 200 });
  return id;
}

const open = (id: string, role: "viewer" | "member" | "owner" = "member"): Promise<Page> =>
  studio.signedIn(org, role, `/studio/campaigns/${id}`);
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const people = (page: Page) =>
  page
    .getByRole("region", { name: "Recipients", exact: true })
    .getByRole("row")
    .filter({ has: page.getByRole("cell") });
const decided = async (page: Page) => (await page.getByRole("meter", { name: "Recipients decided" }).getAttribute("aria-valuetext")) ?? "";

test("the whole path: created, filled by a file whose faults are named, looked at, started, watched, and its results taken away", {
  timeout: 90_000,
}, async () => {
  const page = await studio.signedIn(org, "member", "/studio/campaigns");
  await sees(page, "No campaigns yet");
  await page.getByRole("link", { name: "New campaign" }).click();
  await page.getByLabel("Name", { exact: true }).fill("June reminders");
  await page.getByLabel("Channels", { exact: true }).fill("2");
  await page.getByLabel("Completion URL").fill("https://example.com/done");
  expect(await page.getByRole("tabpanel").innerText()).toContain('"max_channels": 2');
  await button(page, "Create campaign").click();
  await page.waitForURL(/\/studio\/campaigns\/[0-9a-f-]{36}$/);
  await page.getByRole("heading", { name: "June reminders", level: 1 }).waitFor();
  await saysWhy(button(page, "Start"), "It has no recipients yet");

  const csv = [
    "phone_number,reference,customer_name,amount_due,due_date",
    `${ANSWERS},loan-1,Ana,10,2027-01-01`,
    "12,loan-2,Ben,10,2027-01-01",
    `${BUSY},loan-3,"Cleo, Jr.",10,2027-01-01`,
    `${ANSWERS},loan-1,Ana,10,2027-01-01`,
    "",
  ].join("\r\n");
  const file = { name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(csv) };
  await page.getByLabel("File").setInputFiles(file);
  await sees(page, "2 added, 1 already there, 1 rejected.");
  const rejected = page.getByRole("region", { name: "Rejected rows" }).getByRole("row").nth(1);
  expect(await rejected.innerText()).toMatch(/^2\s+loan-2\s+phone_number must be/);
  await page.getByLabel("File").setInputFiles(file);
  await sees(page, "0 added, 3 already there, 1 rejected.");
  await until("the preview", async () => /Ready now\s*2/.test(await page.getByRole("main").innerText()));
  expect(await page.getByRole("main").innerText()).toMatch(/Countries\s*US 2/);
  await until("the people", async () => (await people(page).count()) === 2);

  await button(page, "Start").click();
  await until("the end", async () => (await decided(page)) === "2 of 2 decided", 30_000);
  await page.getByRole("main").getByText("Completed", { exact: true }).first().waitFor();
  await until("the statuses", async () => /Completed/.test(await people(page).nth(0).innerText()));
  expect(await people(page).nth(1).innerText()).toMatch(/loan-3[\s\S]*Unreached/);
  const call = people(page).nth(1).getByRole("link").filter({ visible: true });
  expect(await call.getAttribute("href")).toMatch(/^\/studio\/calls\/[0-9a-f-]{36}$/);

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Results as CSV" }).click()]);
  expect(download.suggestedFilename()).toBe("June reminders.csv");
  const lines = readFileSync(await download.path(), "utf8")
    .trimEnd()
    .split("\r\n");
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/^loan-1,\+15005550000,completed,1,/);
  expect(lines[2]).toMatch(/^loan-3,\+15005550001,unreached,1,/);
  await call.click();
  await page.waitForURL("**/studio/calls/*");
  await page.getByRole("main").getByRole("link", { name: "June reminders" }).click();
  await page.waitForURL("**/studio/campaigns/*");
});

test("what the API says against a field stands at that field, and nothing is lost or created", async () => {
  const page = await studio.signedIn(org, "member", "/studio/campaigns/new");
  await page.getByLabel("Channels", { exact: true }).fill("0");
  await button(page, "Create campaign").click();
  await isTold(page, /^name/);
  expect(await page.getByLabel("Name", { exact: true }).getAttribute("aria-invalid")).toBe("true");
  await page.getByLabel("Name", { exact: true }).fill("N");
  await button(page, "Create campaign").click();
  await isTold(page, /^max_channels must be/);
  expect(await page.getByLabel("Channels", { exact: true }).getAttribute("aria-invalid")).toBe("true");
  expect(await page.getByLabel("Channels", { exact: true }).inputValue()).toBe("0");
  expect(await all()).toEqual([]);
});

test("times, calling hours and attempts are set when it is created, and changed in a draft; the rest stays", async () => {
  const page = await studio.signedIn(org, "member", "/studio/campaigns/new");
  await page.getByLabel("Name", { exact: true }).fill("By day");
  await page.getByLabel("Not after", { exact: true }).fill("2036-01-02T03:04");
  await page.getByLabel("Phones may ring").selectOption("zone");
  await page.getByLabel("Time zone", { exact: true }).fill("Asia/Kolkata");
  await page.getByLabel("Attempts").selectOption("3");
  await page.getByLabel("Minutes between attempts").fill("30, 120");
  await button(page, "Create campaign").click();
  await page.waitForURL(/\/studio\/campaigns\/[0-9a-f-]{36}$/);
  const [{ id } = { id: "" }] = await all();
  const notAfter = await page.evaluate(() => new Date("2036-01-02T03:04").toISOString());
  const terms = {
    not_after: notAfter,
    calling_hours: { time_zone: "Asia/Kolkata" },
    redial: { max_attempts: 3, wait_seconds: [1_800, 7_200] },
  };
  expect(await kept(id)).toMatchObject(terms);
  expect(await page.getByLabel("Minutes between attempts").inputValue()).toBe("30, 120");
  expect(await page.getByLabel("Not after", { exact: true }).inputValue()).toBe("2036-01-02T03:04");

  const sent = page.waitForRequest((request) => request.method() === "PATCH");
  await page.getByLabel("Channels", { exact: true }).fill("7");
  await button(page, "Save").click();
  await isSaved(page);
  expect((await sent).postDataJSON()).toEqual({ max_channels: 7 });
  expect(await kept(id)).toMatchObject({ ...terms, max_channels: 7 });
});

test("it is paused and goes on; while it runs nothing can be changed, while it is paused all can", async () => {
  const id = await make(LASTS, { max_channels: 1 });
  const page = await open(id);
  await button(page, "Start").click();
  await until("a call", async () => /In progress\s*1\b/.test(await page.getByRole("main").innerText()), 15_000);
  await saysWhy(button(page, "Save"), "Pause it to change it");
  expect(await page.getByLabel("Channels", { exact: true }).isDisabled()).toBe(true);
  await saysWhy(button(page, "Delete"), "Cancel it first");

  await button(page, "Pause").click();
  await button(page, "Resume").waitFor();
  expect((await kept(id)).status).toBe("paused");
  await page.getByLabel("Channels", { exact: true }).fill("2");
  await button(page, "Save").click();
  await isSaved(page);
  await button(page, "Resume").click();
  await until("both calls", async () => /In progress\s*2\b/.test(await page.getByRole("main").innerText()), 15_000);
  await org.owner.post(`/campaigns/${id}/cancel`, { hang_up: true });
});

test("cancelling asks first, and hangs up if that is wanted; what is over can be deleted, after a question", async () => {
  const id = await make(LASTS);
  const page = await open(id);
  await button(page, "Start").click();
  const open_calls = async () => found(await org.owner.get<{ in_use: number }>(`/sip-trunks/${org.trunk.id}/live`)).in_use;
  await until("the calls", async () => (await open_calls()) === 2, 15_000);

  await button(page, "Cancel").click();
  const dialog = page.getByRole("dialog", { name: "Cancel Reminders?" });
  await dialog.getByText(/^2 calls are in progress\.$/).waitFor();
  await dialog.getByRole("button", { name: "Keep it" }).click();
  expect((await kept(id)).status).toBe("running");
  await button(page, "Cancel").click();
  await dialog.getByLabel("Hang up conversations too").check();
  await dialog.getByRole("button", { name: "Cancel the campaign" }).click();
  await saysWhy(button(page, "Cancel"), "Campaign is canceled");
  await until("silence", async () => (await open_calls()) === 0, 15_000);

  await button(page, "Delete").click();
  await page.getByRole("dialog", { name: "Delete Reminders?" }).getByRole("button", { name: "Delete campaign" }).click();
  await page.waitForURL("**/studio/campaigns");
  await sees(page, "No campaigns yet");
  expect(await all()).toEqual([]);
});

test("why a running campaign calls nobody is said in words", async () => {
  const id = await make([ANSWERS], { not_before: new Date(Date.now() + 86_400_000).toISOString() });
  const page = await open(id);
  await button(page, "Start").click();
  await sees(page, "Nobody is called just now. It has not begun: its “Not before” is in the future.");
  await page.getByRole("link", { name: "← Campaigns" }).click();
  await sees(page, "not begun");
});

test("recipients are found by status, from the bar's legend and by the filter, and paged through", async () => {
  const id = await make([ANSWERS, BUSY]);
  const rows = Array.from({ length: 60 }, (_, n) => ({
    phone_number: `+1415556${1_000 + n}`,
    metadata: { customer_name: "A", amount_due: "1", due_date: "2027-01-01" },
  }));
  await org.owner.post(`/campaigns/${id}/recipients`, { recipients: rows });
  const page = await open(id, "viewer");
  await until("a page", async () => (await people(page).count()) === 50);
  // Who has no reference is known by the number, which is masked like any other.
  expect(await people(page).nth(2).innerText()).toMatch(/^\+14 ••••• ••000/);
  await page.getByRole("link", { name: "Next →" }).click();
  await until("the rest", async () => (await people(page).count()) === 12);
  await sees(page, "That is all.");

  await page.getByRole("link", { name: "Unreached" }).click();
  await page.waitForURL(/status=unreached/);
  await sees(page, "No recipient matches");
  await page.getByLabel("Status", { exact: true }).selectOption("pending");
  await page.waitForURL(/status=pending/);
  await until("them again", async () => (await people(page).count()) === 50);
});

test("a file that is no UTF-8 is refused as the API says it, and nobody is added", async () => {
  const id = await make([]);
  const page = await open(id);
  await page.getByLabel("File").setInputFiles({
    name: "list.csv",
    mimeType: "text/csv",
    buffer: Buffer.concat([Buffer.from("phone_number,customer_name\r\n+14155550101,J"), Buffer.from([0xf6]), Buffer.from("rg\r\n")]),
  });
  await isTold(page, /UTF-8/);
  expect((await kept(id)).counts["total"]).toBe(0);
});

test("a viewer sees all of it, may take the results, and is told what it takes to do more", async () => {
  const id = await make([ANSWERS]);
  const page = await open(id, "viewer");
  const reason = "This API key's role (viewer) can't do this; it needs member";
  for (const name of ["Start", "Cancel", "Save", "Delete"]) await saysWhy(button(page, name), reason);
  expect(await page.getByLabel("File").isDisabled()).toBe(true);
  expect(await page.getByLabel("Name", { exact: true }).isDisabled()).toBe(true);
  await until("the preview", async () => /Ready now\s*1/.test(await page.getByRole("main").innerText()));
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Results as CSV" }).click()]);
  expect(readFileSync(await download.path(), "utf8")).toContain("loan-1,+15005550000,pending,0");
  await page.getByRole("link", { name: "← Campaigns" }).click();
  await saysWhy(button(page, "New campaign"), reason);
});

test("the calls of a campaign are listed by themselves, and say whose they are", async () => {
  const id = await make([ANSWERS]);
  const direct = await org.call({ phone_number: BUSY });
  await org.owner.post(`/campaigns/${id}/start`);
  await until("its end", async () => (await kept(id)).status === "completed", 30_000);
  await org.ended(direct);
  const page = await open(id);
  await page.getByRole("link", { name: "All calls of this campaign" }).click();
  await page.waitForURL(`**/studio/calls?campaign_id=${id}`);
  const rows = page.getByRole("row").filter({ has: page.getByRole("cell") });
  await until("its call", async () => (await rows.count()) === 1);
  expect(await page.getByLabel("Campaign", { exact: true }).inputValue()).toBe(id);

  await page.getByLabel("Campaign", { exact: true }).selectOption("");
  await until("all calls", async () => (await rows.count()) === 2);
  await rows.getByRole("link", { name: "Reminders" }).filter({ visible: true }).first().click();
  await page.waitForURL(`**/studio/campaigns/${id}`);
});
