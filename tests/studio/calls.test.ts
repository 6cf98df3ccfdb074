// The calls: the table as it changes, its filters, and one call's page.

import { beforeAll, expect, test } from "vitest";
import { METADATA, Org, useServer } from "../edge/harness.ts";
import { until } from "../edge/until.ts";
import { sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: { ...WATCHABLE, SIM_TALK_MS: "1500" } });
const studio = useStudio(server);
let org: Org;

beforeAll(async () => {
  org = await Org.create(server);
});

test("a call that is placed elsewhere appears and changes by itself, with its number masked until asked for", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  await sees(page, "No calls yet");

  await org.call({ phone_number: "+14155550123" });

  const row = page.getByRole("row").filter({ hasText: "+14 ••••• ••123" });
  await row.waitFor();
  await row.getByText("Completed").waitFor();
  expect(await page.content()).not.toContain("+14155550123");
  await page.getByRole("button", { name: "Show numbers" }).click();
  await page.getByRole("row").filter({ hasText: "+14155550123" }).waitFor();
});

test("filters are in the URL: they can be sent to somebody, and Back undoes them", async () => {
  const declined = await org.call({ phone_number: "+15005550001" });
  await org.ended(declined);
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  await page.getByRole("row").filter({ hasText: "Completed" }).first().waitFor();

  await page.getByLabel("Status").selectOption("Decline");
  await page.waitForURL(/call_status=Decline/);
  await page.getByRole("row").filter({ hasText: "Completed" }).first().waitFor({ state: "detached" });
  await page.getByLabel("Number").fill("+15005550001");
  await page.waitForURL(/phone_number=%2B15005550001/);
  const other = await studio.signedIn(org, "viewer", new URL(page.url()).pathname + new URL(page.url()).search);
  await other.getByRole("row").filter({ hasText: "Decline" }).waitFor();
  expect(await other.getByRole("row").count()).toBe(2);

  await page.goBack();
  await page.goBack();
  await page.getByRole("row").filter({ hasText: "Completed" }).first().waitFor();
  expect(page.url()).not.toContain("?");
});

test("a filter that is chosen while another one is being typed loses neither", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  await page.getByLabel("Number").fill("+15005550001");
  await page.getByLabel("Status").selectOption("Decline"); // before the typing has settled

  await page.waitForURL(/phone_number=%2B15005550001/);
  expect(page.url()).toContain("call_status=Decline");
  expect(await page.getByLabel("Number").inputValue()).toBe("+15005550001");
});

test("leaving the page while a filter is being typed does not lead back to it", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/agents");
  await page.getByRole("link", { name: "Calls" }).click();
  await page.getByLabel("Number").fill("+15005550001");
  await page.getByRole("link", { name: "Agents" }).click(); // before the typing has settled
  await page.getByRole("heading", { name: "Agents", level: 1 }).waitFor();

  await page.waitForTimeout(800);

  expect(new URL(page.url()).pathname).toBe("/studio/agents");
});

test("the filters stand in even rows, however wide the page is", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  const rows = () =>
    page.locator("#filters .field").evaluateAll((fields) => {
      const tops = fields.map((field) => field.getBoundingClientRect().top);
      return [...new Set(tops)].map((top) => tops.filter((other) => other === top).length);
    });
  for (const [width, expected] of [
    [768, [3, 3]],
    [1280, [3, 3]],
    [2560, [6]],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    expect(await rows(), `at ${width}`).toEqual(expected);
  }
});

test("a filter that makes no sense is answered in the API's own words", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls?phone_number=12");

  await page.getByRole("alert").filter({ hasText: "phone_number must be in E.164 format" }).waitFor();
});

test("paging goes by cursor, onward and back to the newest", { timeout: 60_000 }, async () => {
  const many = await Org.create(server);
  for (let number = 10; number < 70; number += 1) await many.call({ phone_number: `+1500555${number}00` });
  const page = await studio.signedIn(many, "viewer", "/studio/calls");

  await page.getByRole("link", { name: "Older →" }).click();

  await page.waitForURL(/cursor=/);
  await sees(page, "That is all.");
  expect(await page.getByRole("row").count()).toBe(11);
  await page.getByRole("link", { name: "← Newest" }).click();
  await page.getByRole("link", { name: "Older →" }).waitFor();
  expect(await page.getByRole("row").count()).toBe(51);
});

test("a call's page shows its timeline, outcome, metadata and callback as they come", async () => {
  const { body } = await (await org.client("admin")).fromRoot<{ callback_url: string }>("GET", "/studio/receiver");
  const call = await org.call({ callback_url: body.callback_url });
  const page = await studio.signedIn(org, "admin", `/studio/calls/${call}`);

  for (const event of ["Accepted", "Ringing", "Answered", "Ended", "Callback sent"]) {
    await page.getByRole("listitem").filter({ hasText: event }).waitFor();
  }
  await sees(page, "interested");
  await sees(page, METADATA.customer_name);
  await page.getByText("delivered").waitFor();
  await page.getByRole("button", { name: "Redeliver" }).click();
  await until("a second attempt", async () => (await org.detail(call)).callback?.attempts.length === 2);
  await sees(page, "The agent reported none.");
});

test("a transcript is shown once the agent has reported it", async () => {
  const call = await org.call();
  await org.ended(call);
  const page = await studio.signedIn(org, "viewer", `/studio/calls/${call}`);
  // The simulated agent reports none; a real one's is served by the same route.
  await page.route("**/transcript", (route) =>
    route.fulfill({ json: { call_id: call, transcript: [{ role: "agent", text: "Hello, Rahul.", at: "2026-06-14T10:32:06.000Z" }] } }),
  );

  await page.reload();

  await page.getByRole("listitem").filter({ hasText: "Hello, Rahul." }).waitFor();
});

test("a call in progress can be cancelled, one that is over can't, and says so", async () => {
  const call = await org.call({ phone_number: "+15005550006" });
  const page = await studio.signedIn(org, "member", `/studio/calls/${call}`);
  await page.getByRole("listitem").filter({ hasText: "Answered" }).waitFor();

  await page.getByRole("button", { name: "Cancel call" }).click();

  expect((await org.ended(call)).call_status).toBe("Completed");
  const button = page.getByRole("button", { name: "Cancel call" });
  await until("the button to be disabled", async () => (await button.getAttribute("aria-disabled")) === "true");
  await button.hover();
  await page.getByRole("tooltip", { name: "Call is already in a terminal state" }).waitFor();
});

test("cancelling waits until the call is known, and is over with the API's own answer", async () => {
  const call = await org.call({ phone_number: "+15005550006" });
  await org.reached(call, "Answered");
  const page = await studio.signedIn(org, "member", "/studio/calls");
  let letRead = () => {};
  const mayRead = new Promise<void>((resolve) => {
    letRead = resolve;
  });
  await page.route(`**/integration/v1/calls/${call}`, async (route) => {
    await mayRead;
    await route.continue();
  });

  await page.locator(`a[href="/studio/calls/${call}"]`).first().click();
  const button = page.getByRole("button", { name: "Cancel call" });
  await button.hover();
  await page.getByRole("tooltip", { name: "The call is still being read" }).waitFor();
  letRead();
  await page.getByRole("listitem").filter({ hasText: "Answered" }).waitFor();
  expect(await button.getAttribute("aria-disabled")).toBeNull();

  await page.unroute(`**/integration/v1/calls/${call}`);
  await page.route(`**/integration/v1/calls/${call}`, () => {}); // the call can't be read again
  await button.click();
  await page.getByRole("tooltip", { name: "Call is already in a terminal state" }).waitFor();
});

test("a call that does not exist is said not to", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls/31106b7c-9d02-4723-8b07-5bb8d90240cb");

  await page.getByRole("alert").filter({ hasText: "Call not found" }).waitFor();
});
