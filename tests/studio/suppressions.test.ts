// Numbers that must not be called: found, added, imported with a report of a file's faults, exported, and allowed again.

import { readFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { found, Org, useServer } from "../edge/harness.ts";
import { isTold, saysWhy, sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: WATCHABLE });
const studio = useStudio(server);
let org: Org;

beforeEach(async () => {
  org = await Org.create(server);
});

const PATH = "/studio/suppressions";

interface Suppression {
  phone_number: string;
  reason: string | null;
  expires_at: string | null;
}

const kept = async () => found(await org.owner.get<{ suppressions: Suppression[] }>("/suppressions")).suppressions;
const suppress = (phone_number: string, more: object = {}) => org.owner.post("/suppressions", { phone_number, ...more });

test("a number is suppressed as people write it, with a reason and until when, and is refused from then on", async () => {
  const page = await studio.signedIn(org, "member", PATH);
  await sees(page, "No number is suppressed");
  await page.getByLabel("Number", { exact: true }).fill("+91 98765-43210");
  await page.getByLabel("Reason").fill("asked not to be called");
  await page.getByLabel("Until", { exact: true }).fill("2036-01-02T03:04");
  await page.getByRole("button", { name: "Suppress", exact: true }).click();

  const row = page.getByRole("row").filter({ hasText: "+919876543210" });
  await row.getByText("asked not to be called").filter({ visible: true }).waitFor();
  const until = await page.evaluate(() => new Date("2036-01-02T03:04").toISOString());
  expect(await kept()).toMatchObject([{ phone_number: "+919876543210", reason: "asked not to be called", expires_at: until }]);
  expect(await page.getByLabel("Number", { exact: true }).inputValue()).toBe("");
  expect((await org.trigger({ phone_number: "+919876543210" })).status).toBe(409);
});

test("what is no suppression is said at its field, and what was entered stays", async () => {
  const page = await studio.signedIn(org, "member", PATH);
  await page.getByLabel("Reason").fill("x".repeat(201));
  await page.getByRole("button", { name: "Suppress", exact: true }).click();
  await isTold(page, "phone_number is required");
  const number = page.getByLabel("Number", { exact: true });
  expect(await number.getAttribute("aria-invalid")).toBe("true");
  expect(await number.evaluate((element) => element === document.activeElement)).toBe(true);

  await number.fill("+919876543210");
  await page.getByRole("button", { name: "Suppress", exact: true }).click();
  await isTold(page, /^reason must be/);
  expect(await page.getByLabel("Reason").getAttribute("aria-invalid")).toBe("true");
  expect(await number.inputValue()).toBe("+919876543210");
  await page.getByLabel("Reason").fill("");
  await page.getByLabel("Until", { exact: true }).fill("2020-01-01T00:00");
  await page.getByRole("button", { name: "Suppress", exact: true }).click();
  await isTold(page, /^expires_at must be/);
  expect(await page.getByLabel("Until", { exact: true }).getAttribute("aria-invalid")).toBe("true");
  expect(await kept()).toEqual([]);
});

test("one number is found among many, and one that is not there is said not to be", async () => {
  for (const end of ["01", "02", "03"]) await suppress(`+1415555010${end.at(1)}`);
  const page = await studio.signedIn(org, "viewer", PATH);
  const rows = page.getByRole("row").filter({ has: page.getByRole("cell") });
  await rows.nth(2).waitFor();

  await page.getByLabel("Find a number").fill("+1 415 555 0102");
  await page.getByRole("button", { name: "Find", exact: true }).click();
  await page.waitForURL(/phone_number=%2B14155550102/);
  await rows.nth(1).waitFor({ state: "detached" });
  expect(await rows.innerText()).toContain("+14155550102");
  await page.getByLabel("Find a number").fill("+14155550109");
  await page.keyboard.press("Enter");
  await sees(page, "This number is not suppressed");
});

test("a file is imported, row by row: what is wrong in it is named, and the rest is taken", async () => {
  await suppress("+14155550101");
  const page = await studio.signedIn(org, "admin", PATH);
  const csv = 'phone_number,reason,expires_at\r\n+14155550101,again,\r\n12,,\r\n+14155550102,"no, thanks",\r\n+14155550103,,soon\r\n';
  await page.getByLabel("File").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });

  await sees(page, "1 added, 1 updated, 2 rejected.");
  await sees(page, /^Row 2: phone_number must be in E\.164 format$/);
  await sees(page, /^Row 4: expires_at must be/);
  await page.getByRole("row").filter({ hasText: "+14155550102" }).getByText("no, thanks").filter({ visible: true }).waitFor();
  expect((await kept()).map(({ phone_number }) => phone_number).sort()).toEqual(["+14155550101", "+14155550102"]);

  const lines = ['{"phone_number": "+14155550104"}', '{"phone_number": "+14155550105", "reason": "law"}'].join("\n");
  await page.getByLabel("File").setInputFiles({ name: "list.ndjson", mimeType: "application/x-ndjson", buffer: Buffer.from(lines) });
  await sees(page, "2 added, 0 updated, 0 rejected.");
  await page.getByLabel("File").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from("number\n+14155550106\n") });
  await page.getByRole("alert").waitFor();
  expect(await kept()).toHaveLength(4);
});

test("of many rows that are wrong the first hundred are named, and that there may be more is said", async () => {
  const page = await studio.signedIn(org, "admin", PATH);
  const rows = ["phone_number", "+14155550101", ...Array.from({ length: 150 }, (_, n) => `0${n}`)];
  await page.getByLabel("File").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(rows.join("\n")) });

  await sees(page, "1 added, 0 updated, 100 or more rejected.");
  await sees(page, /^Row 101: /);
  expect(
    await page
      .getByRole("listitem")
      .filter({ hasText: /^Row \d+: / })
      .count(),
  ).toBe(100);
  expect(await kept()).toHaveLength(1);
});

test("the export has all pages of it, and can be imported again as it is", async () => {
  const rows = Array.from({ length: 120 }, (_, n) => ({
    phone_number: `+1415556${String(1000 + n)}`,
    reason: n === 7 ? 'a "quoted", one' : null,
  }));
  const ndjson = rows.map((row) => JSON.stringify(row)).join("\n");
  const imported = await org.owner.send("POST", "/suppressions/import", {
    body: ndjson,
    headers: { "content-type": "application/x-ndjson" },
  });
  expect(imported.body).toMatchObject({ added: 120 });
  const page = await studio.signedIn(org, "viewer", PATH);

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export" }).click()]);

  expect(download.suggestedFilename()).toBe("suppressions.csv");
  const text = readFileSync(await download.path(), "utf8");
  expect(text.split("\r\n")).toHaveLength(122);
  expect(text).toContain('+14155561007,"a ""quoted"", one",');
  const other = await Org.create(server);
  const again = await other.owner.send("POST", "/suppressions/import", { body: text, headers: { "content-type": "text/csv" } });
  expect(again.body).toEqual({ added: 120, updated: 0, rejected: [] });
});

test("an admin allows a number again, after a question; a member may not, and a viewer adds none", async () => {
  await suppress("+14155550101");
  const member = await studio.signedIn(org, "member", PATH);
  await saysWhy(
    member.getByRole("button", { name: "Allow +14155550101 again" }),
    "This API key's role (member) can't do this; it needs admin",
  );
  const viewer = await studio.signedIn(org, "viewer", PATH);
  expect(await viewer.getByLabel("Number", { exact: true }).isDisabled()).toBe(true);
  expect(await viewer.getByLabel("File").isDisabled()).toBe(true);

  const page = await studio.signedIn(org, "admin", PATH);
  await page.getByRole("button", { name: "Allow +14155550101 again" }).click();
  await page.getByRole("button", { name: "Allow it" }).click();
  await sees(page, "No number is suppressed");
  expect(await kept()).toEqual([]);
  expect((await org.trigger({ phone_number: "+14155550101" })).status).toBe(201);
});
