// Calling hours and contact limits of an organisation and an agent: set in Studio, applied by the API, refused at their field.

import type { Locator, Page } from "playwright-core";
import { beforeEach, describe, expect, test } from "vitest";
import { lookAt } from "../../studio/src/lib/hours.ts";
import { found, Org, useServer } from "../edge/harness.ts";
import { isSaved, isTold, sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: WATCHABLE });
const studio = useStudio(server);
let org: Org;

beforeEach(async () => {
  org = await Org.create(server);
});

const save = (page: Page) => page.getByRole("button", { name: "Save" }).click();
const EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** Whose hours and limits they are, the page on which they are set, and what the API says of them. */
const PLACES = [
  ["the organisation", () => "/studio/settings", () => "/settings"],
  ["an agent", () => `/studio/agents/${org.agent.id}`, () => `/agents/${org.agent.id}`],
] as const;

interface Kept {
  calling_hours?: unknown;
  contact_limits?: unknown;
}

/** What the page sends from now on to change something. */
function changesFrom(page: Page): Kept[] {
  const sent: Kept[] = [];
  page.on("request", (request) => {
    if (request.method() === "PATCH") sent.push(request.postDataJSON() as Kept);
  });
  return sent;
}

/** The control is marked, its text says why, and the keyboard is there. */
async function isRefused(control: Locator, text: string): Promise<void> {
  await control.and(control.page().locator('[aria-invalid="true"]')).waitFor();
  const described = (await control.getAttribute("aria-describedby")) ?? "";
  const texts = await control.page().evaluate((ids) => ids.map((id) => document.getElementById(id)?.textContent), described.split(" "));
  expect(texts).toContain(`${text}.`);
  expect(await control.evaluate((element) => element === document.activeElement)).toBe(true);
}

describe.for(PLACES)("of %s", ([, page_, path]) => {
  const kept = async () => found(await org.owner.get<Kept>(path()));

  test("hours are set whole, read again, and one change of them leaves the rest as it is", async () => {
    const page = await studio.signedIn(org, "owner", page_());
    const sent = changesFrom(page);
    await page.getByLabel("Phones may ring").selectOption("callee");
    await page.getByLabel("If the number's time zone is not known").fill("Asia/Kolkata");
    await page.getByLabel("Sat, window 1").uncheck();
    await page.getByLabel("From, window 1").fill("08:00");
    await page.getByRole("button", { name: "Add window" }).click();
    await page.getByLabel("Sun, window 2").check();
    await page.getByLabel("Closed dates").fill("2027-01-26\n2027-08-15");
    await page.getByLabel("A call that arrives while hours are closed").selectOption("reject");
    await save(page);
    await isSaved(page);

    const hours = {
      time_zone: "callee",
      fallback_time_zone: "Asia/Kolkata",
      windows: [
        { days: ["mon", "tue", "wed", "thu", "fri"], from: "08:00", to: "19:00" },
        { days: ["sat", "sun"], from: "10:00", to: "16:00" },
      ],
      closed_dates: ["2027-01-26", "2027-08-15"],
      on_closed: "reject",
    };
    expect(await kept()).toMatchObject({ calling_hours: hours });
    expect(sent).toEqual([{ calling_hours: hours }]);

    await page.reload();
    expect(await page.getByLabel("From, window 1").inputValue()).toBe("08:00");
    expect(await page.getByLabel("Sat, window 1").isChecked()).toBe(false);
    expect(await page.getByLabel("Closed dates").inputValue()).toBe("2027-01-26\n2027-08-15");
    await page.getByRole("button", { name: "Remove window 2" }).click();
    await page.getByLabel("A call that arrives while hours are closed").selectOption("wait");
    await save(page);
    await isSaved(page);
    expect(await kept()).toMatchObject({ calling_hours: { ...hours, windows: hours.windows.slice(0, 1), on_closed: "wait" } });

    await page.getByLabel("Phones may ring").selectOption("always");
    await save(page);
    await isSaved(page);
    expect((await kept()).calling_hours ?? null).toBeNull();
  });

  test("a save of something else leaves hours and limits that others set meanwhile", async () => {
    const hours = {
      time_zone: "Europe/Berlin",
      fallback_time_zone: null,
      windows: [{ days: ["mon"], from: "09:00", to: "24:00" }],
      closed_dates: [],
      on_closed: "wait",
    };
    const page = await studio.signedIn(org, "owner", page_());
    await page.getByRole("button", { name: "Add a contact limit" }).click();
    await org.owner.patch(path(), { calling_hours: hours });
    const sent = changesFrom(page);

    await save(page);

    await isSaved(page);
    expect(sent).toEqual([{ contact_limits: [{ max_dials: 3, per: "day" }] }]);
    expect(await kept()).toMatchObject({ calling_hours: hours, contact_limits: [{ max_dials: 3, per: "day" }] });
    expect(await page.getByLabel("Time zone", { exact: true }).inputValue()).toBe("Europe/Berlin");
    expect(await page.getByLabel("To, window 1").inputValue()).toBe("24:00");
    await page.getByText("Nothing has changed").waitFor({ state: "attached" });
  });

  test("what is wrong with hours stands at its field, in its window, and nothing that was entered is lost", async () => {
    const page = await studio.signedIn(org, "owner", page_());
    await page.getByLabel("Phones may ring").selectOption("zone");
    await page.getByLabel("Time zone", { exact: true }).fill("Mars/Olympus");
    await page.getByRole("button", { name: "Add window" }).click();
    await page.getByLabel("To, window 2").fill("9:00");
    await page.getByLabel("Closed dates").fill("26.1.2027");
    await sees(page, "This browser does not know that time zone.");
    await save(page);

    await isTold(page, "calling_hours.time_zone must be callee or an IANA time zone");
    await isRefused(page.getByLabel("Time zone", { exact: true }), "calling_hours.time_zone must be callee or an IANA time zone");
    await page.getByLabel("Time zone", { exact: true }).fill("Asia/Kolkata");
    await save(page);
    await isRefused(page.getByLabel("To, window 2"), "calling_hours.windows.to must be a time after from, up to 24:00");
    expect(await page.getByLabel("To, window 1").getAttribute("aria-invalid")).toBeNull();

    await page.getByLabel("To, window 2").fill("16:00");
    await page.getByLabel("From, window 2").fill("morning");
    await save(page);
    await isRefused(page.getByLabel("From, window 2"), "calling_hours.windows.from must be a time from 00:00 to 23:59");
    await page.getByLabel("From, window 2").fill("10:00");
    await page.getByLabel("Sat, window 2").uncheck();
    await save(page);
    await page.getByText("calling_hours.windows.days must be an array of 1 to 7").first().waitFor();
    expect(await page.locator('[aria-invalid="true"]').count()).toBe(7);

    await page.getByLabel("Sun, window 2").check();
    await save(page);
    const dates = "calling_hours.closed_dates must be an array of at most 366 dates such as 2027-01-26";
    await isRefused(page.getByLabel("Closed dates"), dates);
    expect(await page.getByLabel("Time zone", { exact: true }).inputValue()).toBe("Asia/Kolkata");
    await page.getByLabel("Closed dates").fill("2027-01-26");
    await save(page);
    await isSaved(page);
    expect(await page.locator('[aria-invalid="true"]').count()).toBe(0);
  });

  test("limits are set row by row; one that is none is marked, and it alone", async () => {
    const page = await studio.signedIn(org, "owner", page_());
    const add = page.getByRole("button", { name: "Add a contact limit" });
    for (let n = 0; n < 3; n += 1) await add.click();
    await page.getByLabel("Contact limit 1").selectOption("hour");
    await page.getByLabel("Dials of limit 1").fill("1");
    await page.getByLabel("Contact limit 2").selectOption("week");
    await page.getByLabel("Dials of limit 2").fill("101");
    await page.getByLabel("Contact limit 3").selectOption("gap");
    await page.getByLabel("Seconds of limit 3").fill("604800");
    await save(page);

    await isTold(page, /^contact_limits must be an array of at most 5 limits/);
    const wrong = page.locator('[aria-invalid="true"]');
    await wrong.waitFor();
    expect(await wrong.inputValue()).toBe("101");
    expect(await wrong.evaluate((element) => element === document.activeElement)).toBe(true);
    await wrong.fill("100");
    await save(page);
    await isSaved(page);
    const limits = [{ max_dials: 1, per: "hour" }, { max_dials: 100, per: "week" }, { min_gap_seconds: 604_800 }];
    expect(await kept()).toMatchObject({ contact_limits: limits });

    await page.reload();
    for (let n = 0; n < 2; n += 1) await add.click();
    await page.getByText("At most 5", { exact: true }).waitFor({ state: "attached" });
    await add.press("Enter");
    expect(await page.getByLabel("Contact limit 6").count()).toBe(0);
    for (let n = 0; n < 5; n += 1) await page.getByRole("button", { name: "Remove limit 1" }).click();
    await save(page);
    await isSaved(page);
    expect((await kept()).contact_limits ?? []).toEqual([]);
  });
});

test("whether it is open now for a number is told while the hours are changed, before they are saved", async () => {
  const page = await studio.signedIn(org, "owner", "/studio/settings");
  const sent = changesFrom(page);
  await page.getByLabel("Phones may ring").selectOption("callee");
  for (const day of ["Sun"]) await page.getByLabel(`${day}, window 1`).check();
  await page.getByLabel("From, window 1").fill("00:00");
  await page.getByLabel("To, window 1").fill("24:00");
  await page.getByLabel("Open now for a number?").fill("+91 98765 43210");
  await sees(page, /^Open now in Asia\/Kolkata \((Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d:\d\d\)\.$/);

  for (const day of ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]) await page.getByLabel(`${day}, window 1`).uncheck();
  await sees(page, /^Closed now in Asia\/Kolkata \(.*\): it does not open within eight days\.$/);
  await page.getByLabel("Open now for a number?").press("Enter"); // saves nothing
  await page.getByLabel("Open now for a number?").fill("+883510012345"); // of no country
  await sees(page, "Its time zone is not known");
  await page.getByLabel("If the number's time zone is not known").fill("Europe/Berlin");
  await sees(page, /^Closed now in Europe\/Berlin/);
  await page.getByLabel("Phones may ring").selectOption("zone");
  await page.getByLabel("Time zone", { exact: true }).fill("America/New_York");
  await sees(page, /^Closed now in America\/New_York/);
  expect(await page.getByLabel("Open now for a number?").count()).toBe(0);
  expect(sent).toEqual([]);
  expect(await page.getByRole("alert").count()).toBe(0);
});

test("who is no owner is shown no hours and no limits of an agent, which the API does not tell them", async () => {
  const page = await studio.signedIn(org, "admin", `/studio/agents/${org.agent.id}`);

  await page.getByLabel("Script").waitFor();
  expect(await page.getByLabel("Phones may ring").count()).toBe(0);
  expect(await page.getByRole("button", { name: "Add a contact limit" }).count()).toBe(0);
});

test("the whole of it by keyboard", async () => {
  const page = await studio.signedIn(org, "owner", "/studio/settings");
  await page.getByLabel("Phones may ring").focus();
  await page.keyboard.press("ArrowDown"); // where the phone is
  await page.getByLabel("If the number's time zone is not known").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab"); // Mon
  await page.keyboard.press("Space");
  await page.keyboard.press("Tab");
  expect(await page.getByLabel("Tue, window 1").evaluate((element) => element === document.activeElement)).toBe(true);
  for (let n = 0; n < 6; n += 1) await page.keyboard.press("Tab");
  expect(await page.getByLabel("From, window 1").evaluate((element) => element === document.activeElement)).toBe(true);
  await page.keyboard.press("Enter"); // as in any form
  await isSaved(page);

  const { calling_hours } = found(await org.owner.get<{ calling_hours: { windows: { days: string[] }[] } }>("/settings"));
  expect(calling_hours.windows[0]?.days).toEqual(["tue", "wed", "thu", "fri", "sat"]);
});

describe("what the browser says of hours", () => {
  const hours = (more: object = {}) =>
    ({
      time_zone: "callee",
      fallback_time_zone: null,
      windows: [{ days: EVERY_DAY, from: "09:00", to: "19:00" }],
      closed_dates: [],
      on_closed: "wait" as const,
      ...more,
    }) as Parameters<typeof lookAt>[0];
  const at = Date.parse("2026-12-01T03:29:00Z"); // 08:59 in India, 22:29 the day before in New York

  test("is open from the first minute up to the last, in all the zones where the phone may be", () => {
    expect(lookAt(hours(), ["Asia/Kolkata"], at)).toMatchObject({ open: false, opensAt: at + 60_000 });
    expect(lookAt(hours(), ["Asia/Kolkata"], at + 60_000)).toMatchObject({ open: true });
    expect(lookAt(hours(), ["Asia/Kolkata"], Date.parse("2026-12-01T13:29:00Z"))).toMatchObject({ open: true });
    expect(lookAt(hours(), ["Asia/Kolkata"], Date.parse("2026-12-01T13:30:00Z"))).toMatchObject({ open: false });
    const two = lookAt(hours(), ["America/New_York", "America/Los_Angeles"], Date.parse("2026-12-01T15:00:00Z"));
    expect(two).toMatchObject({ open: false, opensAt: Date.parse("2026-12-01T17:00:00Z") });
  });

  test("knows closed dates, and windows that are half typed as closed", () => {
    const closed = hours({ closed_dates: ["2026-12-01"] });
    expect(lookAt(closed, ["Asia/Kolkata"], at)).toMatchObject({ open: false, opensAt: Date.parse("2026-12-02T03:30:00Z") });
    const half = hours({ windows: [{ days: EVERY_DAY, from: "9:00", to: "19:00" }] });
    expect(lookAt(half, ["Asia/Kolkata"], at + 3_600_000)).toMatchObject({ open: false, opensAt: null });
  });

  test("takes the fallback where zones are more than six hours apart, and nobody's clock without one", () => {
    const apart = ["Europe/Kaliningrad", "Asia/Vladivostok"];
    expect(lookAt(hours(), apart, at)).toEqual({ zones: [], open: false, opensAt: null });
    expect(lookAt(hours({ fallback_time_zone: "Asia/Kolkata" }), apart, at + 60_000)).toMatchObject({
      zones: [{ zone: "Asia/Kolkata", clock: "Tue 09:00", open: true }],
      open: true,
    });
    expect(lookAt(hours({ fallback_time_zone: "Asia/Kolkata" }), [], at).zones).toHaveLength(1);
  });

  test("leaves out an hour that summer time skips", () => {
    const berlin = hours({ time_zone: "Europe/Berlin", windows: [{ days: ["sun"], from: "02:00", to: "02:45" }] });
    const skipped = lookAt(berlin, [], Date.parse("2027-03-28T00:30:00Z")); // 02:00 to 03:00 does not exist on that day
    expect(skipped).toMatchObject({ open: false, opensAt: Date.parse("2027-04-04T00:00:00Z") });
  });
});
