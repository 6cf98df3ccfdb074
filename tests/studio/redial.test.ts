// A series of attempts: requested in the form, and shown on each of its calls.

import type { Page } from "playwright-core";
import { beforeEach, describe, expect, test } from "vitest";
import { noRedial, redialOf } from "../../studio/src/lib/redial.ts";
import { found, METADATA, Org, useServer } from "../edge/harness.ts";
import { until } from "../edge/until.ts";
import { isTold, sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: WATCHABLE });
const studio = useStudio(server);
let org: Org;

beforeEach(async () => {
  org = await Org.create(server);
});

interface InSeries {
  id: string;
  redial: { attempt: number; max_attempts: number; next_call_id: string | null } | null;
}

const detail = async (id: string) => found(await org.owner.get<InSeries>(`/calls/${id}`));
const place = (page: Page) => page.getByRole("button", { name: "Place call" }).click();

async function filled(number: string): Promise<Page> {
  const page = await studio.signedIn(org, "member", "/studio/calls/new");
  await page.getByLabel("Number", { exact: true }).fill(number);
  for (const [field, value] of Object.entries(METADATA)) await page.getByLabel(field).fill(value);
  return page;
}

test("a number that is busy is called again: each attempt names the others, and a cancelled one ends the series", async () => {
  const page = await filled("+15005550001");
  await page.getByLabel("Attempts").selectOption("3");
  await page.getByLabel("Minutes between attempts").fill("1, 5");
  const sent = page.waitForRequest((request) => request.method() === "POST" && !(request.postDataJSON() as { dry_run?: boolean }).dry_run);
  await place(page);
  expect((await sent).postDataJSON()).toMatchObject({
    redial: { max_attempts: 3, on: ["busy", "no_answer", "unreachable"], wait_seconds: [60, 300] },
  });
  await page.getByRole("link", { name: "Open the call" }).click();
  await page.getByRole("heading", { name: "Attempt 1 of 3" }).waitFor();

  const first = page.url().split("/").at(-1) ?? "";
  const second = await until("the next attempt", async () => (await detail(first)).redial?.next_call_id ?? false);
  await page.getByRole("link", { name: "Next attempt" }).click();
  await page.getByRole("heading", { name: "Attempt 2 of 3" }).waitFor();
  await page.waitForURL(`**/${second}`);
  await sees(page, "It is scheduled, because the previous attempt did not reach anybody.");
  expect(await page.getByRole("link", { name: "First attempt" }).getAttribute("href")).toBe(`/studio/calls/${first}`);
  expect(await page.getByRole("link", { name: "Previous attempt" }).getAttribute("href")).toBe(`/studio/calls/${first}`);
  await page.getByRole("button", { name: "Cancel call" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel the call" }).click();
  await sees(page, "No other attempt follows it.");
  expect((await detail(second)).redial?.next_call_id).toBeNull();

  await page.goto("/studio/calls");
  const row = (attempt: string) => page.getByRole("row").filter({ hasText: attempt });
  await row("attempt 1 of 3").getByText("The line was busy").filter({ visible: true }).waitFor();
  await row("attempt 2 of 3").getByText("The call was cancelled").filter({ visible: true }).waitFor();
});

test("what is wrong with it stands at its field", async () => {
  const page = await filled("+15005550000");
  await page.getByLabel("Attempts").selectOption("2");
  await page.getByLabel("Minutes between attempts").fill("soon");
  await place(page);
  await isTold(page, "redial.wait_seconds must be a list of 1 to 10 whole numbers from 1 to 604800");
  expect(await page.getByLabel("Minutes between attempts").getAttribute("aria-invalid")).toBe("true");

  await page.getByLabel("Minutes between attempts").fill("30");
  for (const cause of ["Line busy", "No answer", "Not reachable"]) await page.getByLabel(cause).uncheck();
  await place(page);
  await isTold(page, /^redial\.on must be/);
  expect(await page.locator('[aria-invalid="true"]').count()).toBe(8);
  expect(found(await org.owner.get<{ calls: unknown[] }>("/calls")).calls).toEqual([]);
});

describe("what a form sends", () => {
  test("is nothing for one call", () => {
    expect(redialOf(noRedial())).toBeNull();
  });

  test("has seconds for minutes, and what is no number as it is", () => {
    expect(redialOf({ attempts: "4", on: ["voicemail"], minutes: "0.5, 30; 120" })).toEqual({
      max_attempts: 4,
      on: ["voicemail"],
      wait_seconds: [30, 1_800, 7_200],
    });
    expect(redialOf({ attempts: "2", on: [], minutes: "soon" })).toMatchObject({ on: [], wait_seconds: ["soon"] });
  });
});
