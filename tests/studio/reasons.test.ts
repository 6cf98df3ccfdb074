// Why a call is waiting, and why one failed: in the list, and on its own page.

import type { Page } from "playwright-core";
import { beforeEach, expect, test } from "vitest";
import { adviceFor } from "../../studio/src/lib/reasons.ts";
import { inTurns, Org, useServer } from "../edge/harness.ts";
import { sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: WATCHABLE });
const studio = useStudio(server);
let org: Org;

beforeEach(async () => {
  org = await Org.create(server);
});

const HOUR = 3_600_000;
const EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const inHours = (hours: number) => new Date(Math.ceil(Date.now() / HOUR) * HOUR + hours * HOUR).toISOString();

/** Hours of UTC that open within two hours, for one. */
function closedNow() {
  const opens = new Date((Math.floor(Date.now() / HOUR) + 2) * HOUR).getUTCHours();
  const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
  return { time_zone: "Etc/UTC", windows: [{ days: EVERY_DAY, from: clock(opens), to: opens === 23 ? "24:00" : clock(opens + 1) }] };
}

const row = (page: Page, end: string) => page.getByRole("row").filter({ hasText: `••${end}` });
const cancel = async (call: string) => (await org.client("member")).post(`/calls/${call}/cancel`);

test("the list says why each call waits and why each one failed, on a wide page and on a narrow one", async () => {
  org = await Org.create(server, { max_channels: 1 });
  const holds = await org.call({ phone_number: "+15005550006" });
  const queued = await org.call({ phone_number: "+14155550101", on_capacity: "queue" });
  await org.call({ phone_number: "+14155550102", not_before: inHours(2) });
  expect((await org.trigger({ phone_number: "+14155550103" })).status).toBe(429);
  const suppressed = await org.call({ phone_number: "+14155550104", not_before: inHours(2) });
  await org.owner.post("/suppressions", { phone_number: "+14155550104" });
  await org.ended(suppressed);

  for (const width of [1440, 390]) {
    const page = await studio.signedIn(org, "viewer", "/studio/calls", { width });
    const says = (end: string, text: RegExp) => row(page, end).getByText(text).filter({ visible: true }).waitFor();
    await says("101", /^waits for capacity$/);
    await says("102", /^\w+,? \d+ \w+,? \d\d:\d\d: as asked for$/);
    await says("103", /^All channels of the trunk were in use$/);
    await says("104", /^The number is suppressed$/);
    const heights = await page.locator("tbody tr").evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
    // No reason moves another row: what is left of a line's height is shared out by fractions of a pixel.
    expect(Math.max(...heights) - Math.min(...heights), `${heights} at ${width}`).toBeLessThan(2);
  }
  await cancel(queued);
  await cancel(holds);
});

test("calls that are dialed later are found by the filter, and lose their reason when they are no longer", async () => {
  await org.owner.patch("/settings", { calling_hours: { ...closedNow(), on_closed: "wait" } });
  const call = await org.call({ phone_number: "+14155550111" });
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  await row(page, "111")
    .getByText(/: calling hours$/)
    .filter({ visible: true })
    .waitFor();
  await page.getByLabel("Status").selectOption("Scheduled");
  await page.waitForURL(/call_status=Scheduled/);
  await row(page, "111").waitFor();
  expect(await page.getByRole("row").count()).toBe(2);

  await cancel(call);

  await sees(page, "No call matches");
  await page.getByRole("button", { name: "Clear" }).click();
  await row(page, "111").getByText("The call was cancelled").filter({ visible: true }).waitFor();
});

test("a long queue is looked at a part at a time, each call once", async () => {
  org = await Org.create(server, { max_channels: 1 });
  const holds = await org.call({ phone_number: "+15005550006" });
  const queued = await inTurns(30, (n) => org.call({ phone_number: `+1415557${1000 + n}`, on_capacity: "queue" }));
  const page = await studio.signedIn(org, "viewer", "/studio/agents");
  const looks: string[] = [];
  page.on("request", (request) => {
    const [, call] = /\/calls\/([0-9a-f-]{36})$/.exec(new URL(request.url()).pathname) ?? [];
    if (call) looks.push(call);
  });
  await page.getByRole("link", { name: "Calls" }).click();
  const waits = page.getByText("waits for capacity").filter({ visible: true });
  await waits.first().waitFor();
  expect(looks.length).toBeLessThanOrEqual(24);

  await expect.poll(() => waits.count(), { timeout: 20_000 }).toBe(30);
  expect(looks).toHaveLength(30);
  expect(new Set(looks)).toEqual(new Set(queued));
  for (const call of [...queued, holds]) await cancel(call);
});

test("a call that waits says on its page why, and until when by both clocks", async () => {
  const hours = { ...closedNow(), on_closed: "wait" };
  await org.owner.patch("/settings", { calling_hours: hours });
  const closed = await org.call({ phone_number: "+919876543210" });
  const page = await studio.signedIn(org, "viewer", `/studio/calls/${closed}`);
  await sees(page, "It is scheduled, because calling hours are closed.");
  await sees(page, /^It is dialed .*, in \d+ (h|min).*\.$/);
  await sees(page, /^Scheduled calling hours are closed$/);

  await org.owner.patch("/settings", { calling_hours: null });
  const later = await org.call({ phone_number: "+919876543210", not_before: inHours(3) });
  await page.goto(`/studio/calls/${later}`);
  await sees(page, "It is scheduled, because its request asked for that time.");
  await sees(page, /^It is dialed .* in Asia\/Kolkata\), in 3 h|^It is dialed .* in Asia\/Kolkata\), in 2 h/);
  await cancel(later);
  await sees(page, /^The call was cancelled\./);
  expect(await page.getByText("Not dialed yet.").count()).toBe(0);
});

test("a scheduled call waits for a contact limit, and its page says that it does", async () => {
  await org.owner.patch("/settings", { contact_limits: [{ min_gap_seconds: 7_200 }] });
  await org.ended(await org.call({ phone_number: "+14155550121" }));
  const not_before = new Date(Date.now() + 5_000).toISOString();
  const later = await org.call({ phone_number: "+14155550121", not_before, not_after: inHours(5) });

  const page = await studio.signedIn(org, "viewer", `/studio/calls/${later}`);

  await sees(page, "It is scheduled, because the number has been called as often as contact limits allow.");
  await page.goto("/studio/calls");
  await row(page, "121")
    .getByText(/: contact limit$/)
    .filter({ visible: true })
    .waitFor();
  await cancel(later);
});

test("a call in the queue says what it waits for", async () => {
  org = await Org.create(server, { max_channels: 1 });
  const holds = await org.call({ phone_number: "+15005550006" });
  const queued = await org.call({ phone_number: "+14155550131", on_capacity: "queue" });
  const page = await studio.signedIn(org, "viewer", `/studio/calls/${queued}`);
  await sees(page, "It is in the trunk's queue: all channels are in use, or the calls per second are used up.");

  await cancel(holds);
  await page.getByText("Not dialed yet.").waitFor({ state: "detached" });
  await org.ended(queued);
});

test("a call whose time comes while hours are closed is put off, and its page says so by itself", async () => {
  const call = await org.call({
    phone_number: "+14155550135",
    not_before: new Date(Date.now() + 10_000).toISOString(),
    not_after: inHours(9),
  });
  const page = await studio.signedIn(org, "viewer", `/studio/calls/${call}`);
  await sees(page, "It is scheduled, because its request asked for that time.");

  await org.owner.patch("/settings", { calling_hours: { ...closedNow(), on_closed: "wait" } });

  await sees(page, "It is scheduled, because calling hours are closed.");
  await cancel(call);
});

test("a call that failed says why, what to do, and where that is decided", async () => {
  const suppressed = await org.call({ phone_number: "+14155550141", not_before: inHours(2) });
  await org.owner.post("/suppressions", { phone_number: "+14155550141", reason: "asked not to be called" });
  await org.ended(suppressed);
  const page = await studio.signedIn(org, "member", `/studio/calls/${suppressed}`);
  await sees(page, /^The number is suppressed\. The number is on the suppression list/);
  await sees(page, "number_suppressed");
  await page.getByRole("link", { name: "See its suppression" }).click();
  await page.getByRole("heading", { level: 1, name: "Suppressions" }).waitFor();
  await page.getByText("asked not to be called").filter({ visible: true }).waitFor();

  const busy = await org.call({ phone_number: "+15005550001" });
  await org.ended(busy);
  await page.goto(`/studio/calls/${busy}`);
  await sees(page, /^The line was busy\. Nothing is wrong: call again later\. ?$/);
  await sees(page, /SIP 486/);

  const missed = await org.call({ phone_number: "+15005550006", not_before: inHours(1), not_after: inHours(2) });
  await cancel(missed);
  await org.ended(missed);
  await page.goto(`/studio/calls/${missed}`);
  await sees(page, /^The call was cancelled\. /);
});

test("each failure that the API has is explained", async () => {
  const { components } = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    components: { schemas: { FailureCode: { enum: string[] } } };
  };
  const codes = components.schemas.FailureCode.enum.filter((code) => code !== "carrier_error"); // its own words are the carrier's
  expect(codes.length).toBeGreaterThan(10);
  for (const code of codes) expect(adviceFor({ code } as Parameters<typeof adviceFor>[0]), code).toMatch(/\.$|\?$/);
});
