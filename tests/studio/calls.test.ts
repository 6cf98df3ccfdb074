// The calls: the table as it changes, its filters, and one call's page.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { byNumber } from "../../studio/src/lib/typed.ts";
import { created, METADATA, Org, useServer } from "../edge/harness.ts";
import { until } from "../edge/until.ts";
import { follow, isTold, sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: { ...WATCHABLE, SIM_TALK_MS: "1500", STALLED_AFTER_SECONDS: "600" } });
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

test("calls are filtered by the reason of their failure, tell what came of them, and are exported as they are shown", async () => {
  const mine = await Org.create(server);
  for (const phone_number of ["+15005550000", "+15005550001", "+15005550009"]) await mine.ended(await mine.call({ phone_number }));
  const page = await studio.signedIn(mine, "viewer", "/studio/calls");
  const rows = page.getByRole("row").filter({ has: page.getByRole("cell") });
  await until("all of them", async () => (await rows.count()) === 3);
  for (const outcome of ["interested", "voicemail", "The line was busy"]) await rows.filter({ hasText: outcome }).waitFor();

  await page.getByLabel("Reason").selectOption("busy");
  await until("one of them", async () => (await rows.count()) === 1);
  await page.waitForURL(/failure_code=busy/);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export CSV" }).click()]);
  expect(new URL(file.url()).search).toBe("?failure_code=busy");
  expect(file.suggestedFilename()).toBe("calls.csv");
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

test("the number is found as it is written, and by its last digits", async () => {
  const mine = await Org.create(server);
  for (const number of ["+14155552671", "+14155552672", "+919876002671"]) await mine.call({ phone_number: number });
  const page = await studio.signedIn(mine, "viewer", "/studio/calls");
  const rows = page.getByRole("row").filter({ has: page.getByRole("cell") });
  await until("all of them", async () => (await rows.count()) === 3);

  for (const [typed, found] of [
    ["+1 415 555 2671", 1],
    ["+1 (415) 555-2671", 1],
    ["001 415 555 2671", 1],
    [" 2671 ", 2],
    ["02671", 1],
    ["00 2671", 1],
    ["555 2672", 1],
    ["415-555", 0],
    ["4155552671", 1],
  ] as const) {
    await page.getByLabel("Number").fill(typed);
    await until(`${found} for ${typed}`, async () =>
      found === 0 ? page.getByText("No call matches").isVisible() : (await rows.count()) === found,
    );
    await page.waitForURL((url) => url.searchParams.get("phone_number") === typed.trim());
    expect(await page.getByRole("alert").count()).toBe(0);
    await page.getByRole("button", { name: "Clear" }).click();
    await until("all of them again", async () => (await rows.count()) === 3);
  }
});

test("on a phone a call is two lines, with nothing cut off but names", async () => {
  const mine = await Org.create(server, { max_channels: 1, name: "A trunk with quite a long name" });
  const holds = await mine.call({ phone_number: "+15005550006" });
  await mine.call({ phone_number: "+123456789012345", on_capacity: "queue" });
  const rejected = await mine.trigger({ phone_number: "+123456789012346" });
  expect(rejected.status).toBe(429);
  const page = await studio.signedIn(mine, "viewer", "/studio/calls", { width: 390 });
  await page.getByRole("button", { name: "Show numbers" }).click();
  await page.getByRole("row").filter({ hasText: "Rejected — Capacity" }).getByText("+123456789012346").waitFor();

  const lines = await page.locator("tbody tr").evaluateAll((rows) =>
    rows.map((row) => {
      const range = document.createRange();
      const texts = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
      const middles: number[] = [];
      while (texts.nextNode()) {
        range.selectNodeContents(texts.currentNode);
        for (const { top, height } of range.getClientRects()) if (height > 0) middles.push(top + height / 2);
      }
      middles.sort((one, other) => one - other);
      return middles.filter((middle, at) => at === 0 || middle - (middles[at - 1] ?? 0) > 6).length;
    }),
  );
  expect(lines).toEqual([2, 2, 2]);
  const isCut = (selector: string) =>
    page.locator(selector).evaluateAll((all) => all.some((element) => element.scrollWidth > element.clientWidth + 1));
  expect(await isCut("tbody td")).toBe(false);
  const table = page.getByRole("region", { name: "Calls" });
  expect(await table.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
  await (await mine.client("member")).post(`/calls/${holds}/cancel`);
});

test("however long the names of agents, trunks and campaigns are, a call is one line, and the table as wide as its page", async () => {
  const mine = await Org.create(server, { name: "A trunk with quite a long name of many words" });
  const whose = { agent_id: (await mine.newAgent({ name: "An agent that reminds people twice a month" })).id, sip_trunk_id: mine.trunk.id };
  const campaign = created(
    await mine.owner.post<{ id: string }>("/campaigns", { name: "Reminders, first wave, northern region", ...whose }),
  );
  const recipients = [{ phone_number: "+15005550001", metadata: METADATA }];
  expect(await mine.owner.post(`/campaigns/${campaign.id}/recipients`, { recipients })).toMatchObject({ status: 200 });
  expect(await mine.owner.post(`/campaigns/${campaign.id}/start`)).toMatchObject({ status: 200 });
  const page = await studio.signedIn(mine, "viewer", "/studio/calls");
  const row = page.getByRole("row").filter({ hasText: "The line was busy" });
  await row.getByRole("link", { name: "Reminders, first wave" }).filter({ visible: true }).waitFor();
  const table = page.getByRole("region", { name: "Calls" });
  for (const width of [1100, 1280, 1500, 1920, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    expect((await row.boundingBox())?.height, `at ${width}`).toBeLessThan(60);
    expect(await table.evaluate((element) => element.scrollWidth - element.clientWidth), `at ${width}`).toBe(0);
  }
});

test("the filters stand in even rows, however wide the page is", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  const rows = () =>
    page.locator("#filters .field").evaluateAll((fields) => {
      const tops = fields.map((field) => field.getBoundingClientRect().top);
      return [...new Set(tops)].map((top) => tops.filter((other) => other === top).length);
    });
  for (const [width, expected] of [
    [768, [2, 2, 2, 2]],
    [1280, [4, 4]],
    [2560, [8]],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    expect(await rows(), `at ${width}`).toEqual(expected);
  }
});

test("a filter that makes no sense is answered in the API's own words", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls?created_after=yesterday");

  await isTold(page, "created_after must be");
});

/** What the page asks the API for calls from now on, as its queries. */
function askedFor(page: Page): URLSearchParams[] {
  const asked: URLSearchParams[] = [];
  page.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname === "/integration/v1/calls") asked.push(searchParams);
  });
  return asked;
}

test("what is typed and is no number yet is answered with a hint and no error, and asked of nobody", async () => {
  const mine = await Org.create(server);
  for (const number of ["+14155552671", "+919876002671"]) await mine.call({ phone_number: number });
  const page = await studio.signedIn(mine, "viewer", "/studio/calls");
  const rows = page.getByRole("row").filter({ has: page.getByRole("cell") });
  const number = page.getByLabel("Number");
  const hint = page.getByText("The full number with +, or at least its last 4 digits.");
  await until("both", async () => (await rows.count()) === 2);
  const asked = askedFor(page);
  const numbers = () => asked.flatMap((query) => [query.get("phone_number"), query.get("phone_suffix")]).filter(Boolean);

  for (const typed of ["+", "+1415", "98", "+1 415 55", "Raj", "+1234567890123456"]) {
    await number.fill(typed);
    await hint.waitFor();
    await page.waitForTimeout(800); // longer than it takes for a text to count
    expect(await page.getByRole("alert").count(), typed).toBe(0);
    expect(await rows.count(), typed).toBe(2);
    expect(await number.inputValue()).toBe(typed);
  }
  expect(numbers()).toEqual([]);
  expect(page.url()).not.toContain("phone_number");
  expect(await number.getAttribute("aria-describedby")).toBe(await hint.getAttribute("id"));

  await number.fill("+1 415 555 2671");
  await until("one", async () => (await rows.count()) === 1);
  expect(await hint.count()).toBe(0);
  await number.fill("+1 415 5"); // on the way to another one
  await until("both again", async () => (await rows.count()) === 2);
  expect(new Set(numbers())).toEqual(new Set(["+14155552671"]));
  expect(await number.inputValue()).toBe("+1 415 5");
  await page.getByRole("button", { name: "Clear" }).click();
  expect(await number.inputValue()).toBe("");
  expect(await hint.count()).toBe(0);
});

test("a link with what is no number shows the calls, the hint, and no error", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls?phone_number=98");

  await page.getByRole("row").nth(1).waitFor();
  await sees(page, "The full number with +");
  expect(await page.getByRole("alert").count()).toBe(0);
});

test("Back, while a number is being typed, shows what counts there", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  const number = page.getByLabel("Number");
  await number.fill("2671");
  await page.waitForURL(/phone_number=2671/);
  await number.fill("26");
  await page.waitForURL((url) => !url.searchParams.has("phone_number"));
  expect(await number.inputValue()).toBe("26");

  await page.goBack();

  await until("the number that counts", async () => (await number.inputValue()) === "2671");
});

test("a year that is being typed is asked of nobody until it is one", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  await page.getByRole("row").nth(1).waitFor();
  const asked = askedFor(page);
  const from = page.getByLabel("From");

  for (const year of ["0002", "0020", "0202"]) {
    await from.fill(`${year}-06-14T10:32`);
    await page.waitForTimeout(600);
    expect(await page.getByRole("alert").count(), year).toBe(0);
    expect(await from.inputValue()).toBe(`${year}-06-14T10:32`);
  }
  await from.fill("2025-06-14T10:32");

  await page.waitForURL(/created_after=2025-06-14/);
  await until("the question", () => asked.length > 0);
  expect(asked.map((query) => query.get("created_after")?.slice(0, 4))).not.toContain("0202");
  expect(await page.getByRole("alert").count()).toBe(0);
  expect(await from.inputValue()).toBe("2025-06-14T10:32");
});

test("what Studio takes for a number the API takes, on the way to it too; what it does not take, the API does not", async () => {
  const viewer = await org.client("viewer");
  const status = async (query: Record<string, string>) => (await viewer.get(`/calls?limit=1&${new URLSearchParams(query)}`)).status;
  const texts = ["+1 (415) 555-2671", "0014155552671", "+0123456789", "1234567890123456", "00 2671"];
  const typed = new Set(texts.flatMap((text) => Array.from(text, (_, at) => text.slice(0, at + 1))));
  for (const text of typed) {
    const filter = byNumber(text);
    const digits = text.replace(/[^+\d]/g, "");
    if (filter) expect(await status(filter), text).toBe(200);
    else for (const name of ["phone_number", "phone_suffix"]) expect(await status({ [name]: digits }), `${name}=${digits}`).toBe(400);
  }
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
  await page.getByText("delivered", { exact: true }).waitFor();
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

test("what failed is red and says what happened, in its history and in that of its callback", async () => {
  const { body: receiver } = await (await org.client("admin")).fromRoot<{ callback_url: string }>("GET", "/studio/receiver");
  const failed = await org.call({ phone_number: "+15005550004", callback_url: "http://127.0.0.1:1/" });
  const refused = await org.call({ phone_number: "+15005550001", callback_url: `${receiver.callback_url.split("/studio")[0]}/nowhere` });
  const taken = await org.call({ callback_url: receiver.callback_url });
  for (const call of [failed, refused, taken]) await org.ended(call);
  const page = await studio.signedIn(org, "admin", `/studio/calls/${failed}`);
  const dot = async (says: RegExp) => {
    const item = page.getByRole("listitem").filter({ hasText: says }).first();
    await item.waitFor();
    return item.evaluate((element) => getComputedStyle(element, "::before").backgroundColor);
  };
  const color = (token: string) =>
    page.evaluate((name) => {
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = `var(${name})`;
      const { color } = getComputedStyle(probe);
      probe.remove();
      return color;
    }, token);
  const [bad, good, violet] = [await color("--bar-bad"), await color("--bar-good"), await color("--accent")];

  expect(await dot(/^Ended The carrier/)).toBe(bad);
  expect(await dot(/^Callback not delivered: the connection failed/)).toBe(bad);
  expect(await dot(/^Accepted/)).toBe(violet);
  expect(await page.content()).not.toContain("Callback sent");
  await follow(page, `/studio/calls/${refused}`);
  expect(await dot(/^Callback refused: HTTP 404/)).toBe(bad);
  await follow(page, `/studio/calls/${taken}`);
  expect(await dot(/^Callback sent HTTP 204/)).toBe(good);
});

test("cancelling asks first, and says what it does", async () => {
  const call = await org.call({ phone_number: "+15005550006" });
  const page = await studio.signedIn(org, "member", `/studio/calls/${call}`);
  await page.getByRole("listitem").filter({ hasText: "Answered" }).waitFor();

  await page.getByRole("button", { name: "Cancel call" }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel this call?" });
  await dialog.getByText("The conversation with +15 ••••• ••006 is hung up").waitFor();
  await dialog.getByRole("button", { name: "Keep it" }).click();

  await dialog.waitFor({ state: "detached" });
  expect((await org.status(call)).is_terminal).toBe(false);
  await page.getByRole("button", { name: "Cancel call" }).click();
  await dialog.getByRole("button", { name: "Hang up and cancel" }).click();
  expect((await org.ended(call)).call_status).toBe("Completed");
});

test("a call in progress can be cancelled, one that is over can't, and says so", async () => {
  const call = await org.call({ phone_number: "+15005550006" });
  const page = await studio.signedIn(org, "member", `/studio/calls/${call}`);
  await page.getByRole("listitem").filter({ hasText: "Answered" }).waitFor();

  await page.getByRole("button", { name: "Cancel call" }).click();
  await page.getByRole("button", { name: "Hang up and cancel" }).click();

  expect((await org.ended(call)).call_status).toBe("Completed");
  const button = page.getByRole("button", { name: "Cancel call" });
  await until("the button to be disabled", async () => (await button.getAttribute("aria-disabled")) === "true");
  await button.hover();
  await page.getByRole("tooltip", { name: "Call is already in a terminal state" }).waitFor();
});

test("a question whose call ends meanwhile says so, and offers nothing but to close it", async () => {
  const call = await org.call({ phone_number: "+15005550006" });
  const page = await studio.signedIn(org, "member", `/studio/calls/${call}`);
  await page.getByRole("listitem").filter({ hasText: "Answered" }).waitFor();
  await page.getByRole("button", { name: "Cancel call" }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel this call?" });
  await dialog.getByRole("button", { name: "Hang up and cancel" }).waitFor();

  await (await org.client("member")).post(`/calls/${call}/cancel`);

  await dialog.getByText("The call has ended in the meantime: Completed.").waitFor();
  expect(await dialog.getByRole("button").allTextContents()).toEqual(["Close"]);
  expect(await dialog.textContent()).not.toContain("is hung up");
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "detached" });
  expect(await page.getByRole("alert").count()).toBe(0);
});

test("a callback's attempt that is due is said to be, not to come in 0 s", async () => {
  const { body: receiver } = await (await org.client("admin")).fromRoot<{ callback_url: string }>("GET", "/studio/receiver");
  const call = await org.call({ callback_url: receiver.callback_url });
  await until("its callback", async () => (await org.detail(call)).callback?.status === "delivered");
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  let left = 90_000;
  await page.route(`**/integration/v1/calls/${call}`, async (route) => {
    const known = await org.detail(call);
    const next_attempt_at = new Date(Date.now() + left).toISOString();
    await route.fulfill({ json: { ...known, callback: { ...known.callback, status: "pending", next_attempt_at } } });
  });

  await follow(page, `/studio/calls/${call}`);
  await sees(page, /^Next attempt in 1 min/);
  left = 500;
  await page.reload();
  await sees(page, "Next attempt is due now");
  expect(await page.content()).not.toContain("in 0 s");
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
  await page.getByRole("button", { name: "Hang up and cancel" }).click();
  await page.getByRole("tooltip", { name: "Call is already in a terminal state" }).waitFor();
});

test("a call that does not exist is said not to", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls/31106b7c-9d02-4723-8b07-5bb8d90240cb");

  await isTold(page, "Call not found");
});
