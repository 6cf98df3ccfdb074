// A call to a number of the user's choice: what is known about the number and what the call would do are shown before it is
// placed.

import type { Page } from "playwright-core";
import { beforeEach, describe, expect, test } from "vitest";
import { bodyOf, emptyCall } from "../../studio/src/lib/call-form.ts";
import { fieldsOf } from "../../studio/src/lib/refused.ts";
import { found, METADATA, Org, useServer } from "../edge/harness.ts";
import type { Agent, CallObject } from "../edge/shapes.ts";
import { isTold, sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: WATCHABLE });
const studio = useStudio(server);
let org: Org;

beforeEach(async () => {
  org = await Org.create(server);
});

const PATH = "/studio/calls/new";
const HOUR = 3_600_000;
const EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const calls = async () => found(await org.owner.get<{ calls: CallObject[] }>("/calls")).calls;
const place = (page: Page) => page.getByRole("button", { name: "Place call" }).click();
const forecast = (page: Page) => page.getByRole("status", { name: "What would happen" });

/** The page, with all that the agent asks for. */
async function filled(number: string, role: "member" | "admin" = "member"): Promise<Page> {
  const page = await studio.signedIn(org, role, PATH);
  await page.getByLabel("Number", { exact: true }).fill(number);
  for (const [field, value] of Object.entries(METADATA)) await page.getByLabel(field).fill(value);
  return page;
}

/** A moment as `datetime-local` has it, by the browser's clock. */
const local = (page: Page, at: number): Promise<string> =>
  page.evaluate((at) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16), at);

/** The control is marked, and its text says why. */
async function isRefused(page: Page, label: string, text: string | RegExp): Promise<void> {
  const control = page.getByLabel(label, { exact: true });
  await control.and(page.locator('[aria-invalid="true"]')).waitFor();
  const ids = ((await control.getAttribute("aria-describedby")) ?? "").split(" ");
  const texts = await page.evaluate((all) => all.map((id) => document.getElementById(id)?.textContent).join(" "), ids);
  expect(texts).toMatch(text);
}

test("from the list of calls to a call that is placed: what the number tells, what would happen, and the call itself", async () => {
  const page = await studio.signedIn(org, "member", "/studio/calls");
  await page.getByRole("link", { name: "Call a number" }).click();
  await page.getByRole("heading", { level: 1, name: "Call a number" }).waitFor();
  await sees(page, "Enter a number to see here what the call would do");

  await page.getByLabel("Number", { exact: true }).fill("+91 98765 43210");
  await sees(page, "India (+91)");
  await sees(page, /^Asia\/Kolkata, now /);
  await sees(page, "nothing against it");
  await page.getByLabel("Number", { exact: true }).press("Enter"); // calls nobody
  await forecast(page).getByText("It would be refused: metadata missing required keys: customer_name, amount_due, due_date").waitFor();
  for (const [field, value] of Object.entries(METADATA)) await page.getByLabel(field).fill(value);
  await page.getByLabel("More metadata").fill('{"reference": "A-17"}');
  await forecast(page).getByText("It would be dialed at once.").waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
  expect(await calls()).toEqual([]);

  await place(page);
  const link = page.getByRole("link", { name: "Open the call" });
  await link.waitFor();
  await sees(page, "The call is being placed.");
  expect(await link.evaluate((element) => element === document.activeElement)).toBe(true);
  const [call] = await calls();
  await page.keyboard.press("Enter"); // and nothing asks whether to leave
  await page.waitForURL(`**/studio/calls/${call?.id}`);
  expect(await org.detail(call?.id ?? "")).toMatchObject({
    phone_number: "+919876543210",
    metadata: { ...METADATA, reference: "A-17" },
  });
});

test("what the API refuses stands at its field, and nothing that was entered is lost", async () => {
  const page = await studio.signedIn(org, "member", PATH);
  await page.getByLabel("customer_name").fill("Rahul");
  await page.getByLabel("Callback URL").fill("http://10.0.0.1/");
  await place(page);
  await isTold(page, "phone_number is required");
  await isRefused(page, "Number", /phone_number is required\./);

  await page.getByLabel("Number", { exact: true }).fill("98765");
  await place(page);
  await isRefused(page, "Number", /phone_number must be in E\.164 format\./);
  await page.getByLabel("Number", { exact: true }).fill("+919876543210");
  await place(page);
  await isRefused(page, "Callback URL", /callback_url must not point to a private address\./);
  await page.getByLabel("Callback URL").fill("");
  await page.getByLabel("More metadata").fill("reference: 17");
  await place(page);
  await isRefused(page, "More metadata", /metadata must be an object\./);
  await page.getByLabel("More metadata").fill("");
  await place(page);
  for (const field of ["amount_due", "due_date"]) await isRefused(page, field, /Each call with this agent must have it\./);
  expect(await page.getByLabel("customer_name").getAttribute("aria-invalid")).toBeNull();
  expect(await page.getByLabel("amount_due").evaluate((element) => element === document.activeElement)).toBe(true);

  for (const [field, value] of Object.entries(METADATA)) await page.getByLabel(field).fill(value);
  await page.getByLabel("Not after").fill(await local(page, Date.now() - HOUR));
  await page.getByLabel("The phone's time zone").fill("Mars/Olympus");
  await place(page);
  await isRefused(page, "The phone's time zone", /time_zone must be an IANA time zone\./);
  await page.getByLabel("The phone's time zone").fill("");
  await place(page);
  await isRefused(page, "Not after", /not_after must be after not_before and in the future\./);
  await page.getByLabel("Not before").fill(await local(page, Date.now() + 40 * 24 * HOUR));
  await place(page);
  await isRefused(page, "Not before", /not_before must be at most 30 days ahead\./);
  expect(await page.getByLabel("Number", { exact: true }).inputValue()).toBe("+919876543210");
  expect(await page.getByLabel("customer_name").inputValue()).toBe(METADATA.customer_name);
  expect(await calls()).toEqual([]);
});

test("a call for later is scheduled for the viewer's time, and says so in the callee's as well", async () => {
  const page = await filled("+919876543210");
  const at = Math.ceil(Date.now() / HOUR) * HOUR + 2 * HOUR;
  await page.getByLabel("Not before").fill(await local(page, at));
  await forecast(page)
    .getByText(/^It would be scheduled for .* in Asia\/Kolkata\), because its request asked for that time\.$/)
    .waitFor();

  await place(page);

  await sees(page, /^The call is scheduled for .* in Asia\/Kolkata\)\./);
  const [call] = await calls();
  const { schedule } = found(await org.owner.get<{ schedule: { scheduled_for: string; reason: string } }>(`/calls/${call?.id}`));
  expect(schedule).toMatchObject({ scheduled_for: new Date(at).toISOString(), reason: "not_before" });
});

test("a suppressed number says so before anybody calls it, and is refused at its field", async () => {
  await org.owner.post("/suppressions", { phone_number: "+919876543210" });
  const page = await filled("+919876543210");
  await page.getByText("suppressed", { exact: true }).waitFor();
  await forecast(page).getByText("It would be refused: Number is suppressed.").waitFor();

  await place(page);

  await isRefused(page, "Number", /Number is suppressed\./);
  await page.getByLabel("Number", { exact: true }).fill("+88216000000001");
  await sees(page, "high risk");
  await forecast(page).getByText("It would be refused: Destination not allowed.").waitFor();
  expect(await calls()).toEqual([]);
});

test("whatever a number tells is said in words", async () => {
  const page = await studio.signedIn(org, "member", PATH);
  const tells = async (number: string, ...words: (string | RegExp)[]) => {
    await page.getByLabel("Number", { exact: true }).fill(number);
    for (const said of words) await sees(page, said);
  };
  await tells("+9198765", "not a possible number", "India (+91)");
  await tells("+18005551234", "Toll-free", "nothing against it");
  await tells("+19005551234", "Premium rate", "high risk");
  await tells("+88216000000001", "Satellite", "high risk");
  await tells("+88351001234567", "No single country (+883)", "Not known");
  await tells("+21012345678", "An unassigned country code", "high risk");
  await tells("+79161234567", /^Asia\/Anadyr, Asia\/Irkutsk, Asia\/Kamchatka and \d+ more$/);
});

test("a number that was called as often as it may be says so, and when it may be again", async () => {
  await org.owner.patch("/settings", { contact_limits: [{ max_dials: 1, per: "day" }] });
  const id = await org.call({ phone_number: "+919876543210" });
  await org.reached(id, "Answered");
  const page = await filled("+919876543210");

  await sees(page, "contact limit reached");
  await page.getByRole("definition").filter({ hasText: "00:00 in Asia/Kolkata" }).waitFor();
  await forecast(page)
    .getByText(/^It would be refused: Contact limit reached, until .*00:00 in Asia\/Kolkata\)\.$/)
    .waitFor();
  expect(await page.getByText("nothing against it").count()).toBe(0);
  await place(page);
  await isRefused(page, "Number", /Contact limit reached\./);
});

test("closed calling hours are told with when they open; an admin may ignore them, and a member may not", async () => {
  const opens = new Date((Math.floor(Date.now() / HOUR) + 2) * HOUR).getUTCHours();
  const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
  const hours = { time_zone: "Etc/UTC", windows: [{ days: EVERY_DAY, from: clock(opens), to: opens === 23 ? "24:00" : clock(opens + 1) }] };
  await org.owner.patch("/settings", { calling_hours: { ...hours, on_closed: "reject" } });
  const page = await filled("+919876543210");
  await forecast(page)
    .getByText(/^It would be refused: Outside calling hours, until .*\.$/)
    .waitFor();
  await place(page);
  await isRefused(page, "Not before", /Outside calling hours\./);
  await sees(page, /^It may be placed again /);
  expect(await page.getByLabel("Ignore calling hours").isDisabled()).toBe(true);
  await sees(page, "This API key's role (member) can't do this; it needs admin");

  const admin = await filled("+919876543210", "admin");
  await admin.getByLabel("Ignore calling hours").check();
  await forecast(admin).getByText("It would be dialed at once.").waitFor();
  await place(admin);
  await sees(admin, "The call is being placed.");
  const { entries } = found(await org.owner.get<{ entries: { action: string }[] }>("/audit-log"));
  expect(entries.filter(({ action }) => action === "calling_hours.ignore")).toHaveLength(1);
});

test("a trunk without capacity is told; the refused call can be looked at, and one that waits is queued", async () => {
  org = await Org.create(server, { max_channels: 1 });
  const holds = await org.call({ phone_number: "+15005550006" });
  const page = await filled("+919876543210");
  await forecast(page).getByText("It would be refused: Trunk concurrency (max_channels) exhausted.").waitFor();
  await place(page);
  await isRefused(page, "Trunk", /Trunk concurrency \(max_channels\) exhausted\./);
  const refused = await page.getByRole("link", { name: "Open the refused call" }).getAttribute("href");
  expect(await org.detail(refused?.split("/").at(-1) ?? "")).toMatchObject({ call_status: "Rejected — Capacity" });

  await page.getByLabel("If the trunk has no capacity").selectOption("queue");
  await page.getByLabel("Waits at most (seconds)").fill("600");
  await forecast(page)
    .getByText(/^It would wait in the trunk's queue/)
    .waitFor();
  await place(page);
  await sees(page, "The call waits in its trunk's queue.");
  await (await org.client("member")).post(`/calls/${holds}/cancel`);
});

test("who may not place calls sees no form, and no way to it", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/calls");
  await page.getByRole("button", { name: "Show numbers" }).waitFor();
  expect(await page.getByRole("link", { name: "Call a number" }).count()).toBe(0);

  const form = await studio.signedIn(org, "viewer", PATH);
  await sees(form, "This API key's role (viewer) can't do this; it needs member");
  expect(await form.getByRole("textbox").count()).toBe(0);
});

test("a call whose answer was lost is asked for again under its key: it is placed once", async () => {
  const page = await filled("+15005550000");
  await forecast(page).getByText("It would be dialed at once.").waitFor();
  const keys: (string | undefined)[] = [];
  await page.route("**/integration/v1/calls", async (route) => {
    const request = route.request();
    if (request.method() !== "POST" || (request.postDataJSON() as { dry_run?: boolean }).dry_run) return route.continue();
    keys.push(request.headers()["idempotency-key"]);
    if (keys.length > 1) return route.continue();
    await route.fetch(); // it is placed
    return route.abort();
  });

  await place(page);
  await isTold(page, "Studio can't reach the API.");
  expect(await page.getByLabel("customer_name").inputValue()).toBe(METADATA.customer_name);
  await place(page);
  await sees(page, "The call is being placed.");
  expect(await calls()).toHaveLength(1);
  await place(page); // another one
  await page.getByRole("link", { name: "Open the call" }).waitFor();
  await expect.poll(async () => (await calls()).length).toBe(2);
  expect(keys[0]).toBe(keys[1]);
  expect(keys[2]).not.toBe(keys[1]);
});

test("a number that is typed and not placed is not lost to a link by mistake", async () => {
  const page = await filled("+15005550000");
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.message());
    void dialog.dismiss();
  });
  await page.getByRole("link", { name: "Agents" }).click();
  await expect.poll(() => asked).toEqual(["Leave without saving?"]);
  expect(await page.getByLabel("Number", { exact: true }).inputValue()).toBe("+15005550000");
});

test("the agent and the trunk that a link names are chosen", async () => {
  const agent = await org.newAgent({ name: "Second", input_schema: { fields: ["age"], sample_context: { age: 30 } } });
  const trunk = await org.newTrunk({ name: "Second trunk" });
  const page = await studio.signedIn(org, "member", `/studio/trunks/${trunk.id}`);
  await page.getByRole("link", { name: "Call a number" }).click();
  await page.getByLabel("Trunk", { exact: true }).waitFor();
  expect(await page.getByLabel("Trunk", { exact: true }).inputValue()).toBe(trunk.id);
  await page.getByLabel("Agent", { exact: true }).selectOption(agent.id);
  await page.getByLabel("age", { exact: true }).fill("41");
  await page.getByLabel("Number", { exact: true }).fill("+15005550000");
  await place(page);
  await sees(page, "The call is being placed.");
  const [call] = await calls();
  expect(await org.detail(call?.id ?? "")).toMatchObject({ agent_id: agent.id, sip_trunk_id: trunk.id, metadata: { age: 41 } });
});

describe("what a form sends", () => {
  const agent = { input_schema: { fields: ["name", "age"], sample_context: { name: "Rahul", age: 30 } } } as unknown as Agent;
  const form = { ...emptyCall("a", "t"), number: "00 1 415 555 2671" };

  test("leaves out what is empty", () => {
    expect(bodyOf(form, agent)).toEqual({ phone_number: "+14155552671", agent_id: "a", sip_trunk_id: "t" });
  });

  test("has a value of the kind of its example, and a text where it is none", () => {
    expect(bodyOf({ ...form, metadata: { name: "41", age: "41" } }, agent).metadata).toEqual({ name: "41", age: 41 });
    expect(bodyOf({ ...form, metadata: { age: "old" }, more: '{"age": 1, "x": 2}' }, agent).metadata).toEqual({ age: "old", x: 2 });
  });

  test("passes on what makes no sense, for the API to say so", () => {
    const odd = bodyOf({ ...form, number: " 12 ", more: "[1]", maxWait: "soon", notBefore: "never" }, agent);
    expect(odd).toMatchObject({ phone_number: "12", metadata: "[1]", max_wait_seconds: "soon", not_before: "never" });
  });
});

test("each refusal of a call belongs to a field, or to none", async () => {
  const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    paths: Record<
      string,
      { post: { responses: Record<string, { content: Record<string, { examples: Record<string, { value: { error: string } }> }> }> } }
    >;
  };
  const { responses } = document.paths["/integration/v1/calls"]?.post ?? { responses: {} };
  const without: string[] = [];
  for (const status of ["400", "409"]) {
    const examples = responses[status]?.content["application/json"]?.examples ?? {};
    for (const [name, { value }] of Object.entries(examples)) {
      if (fieldsOf({ code: name.replace(/-\d+$/, ""), message: value.error }).length === 0) without.push(name);
    }
  }
  expect(without).toEqual(["body_not_json", "body_too_deep", "body_not_object", "idempotency_key_invalid", "field_unknown"]);
});
