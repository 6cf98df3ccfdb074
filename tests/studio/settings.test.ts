// Settings: what the organisation stores about its calls, set in Studio and seen through the API.

import type { Page } from "playwright-core";
import { beforeEach, expect, test } from "vitest";
import { run } from "../../scripts/lib/run.mjs";
import { found, Org, useServer } from "../edge/harness.ts";
import { isSaved, isTold, sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: WATCHABLE });
const studio = useStudio(server);
let org: Org;

beforeEach(async () => {
  org = await Org.create(server);
});

const PATH = "/studio/settings";
const TARGET = { endpoint: "https://s3.example.com", region: "ap-south-1", bucket: "calls", prefix: "acme/", access_key: "AK" };

const settings = async () => found(await org.owner.get<{ transcripts: boolean; recordings: object | null }>("/settings"));
const save = (page: Page) => page.getByRole("button", { name: "Save" }).click();

test("the menu leads there, and names no other page as this one", async () => {
  const page = await studio.signedIn(org, "owner", "/studio/calls");

  await page.getByRole("link", { name: "Settings" }).click();

  await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
  const current = page.getByRole("navigation", { name: "Studio" }).locator("[aria-current]");
  expect(await current.allTextContents()).toEqual(["Settings"]);
  await page.getByRole("link", { name: "Integration" }).click();
  await page.getByRole("heading", { level: 1, name: "Integration" }).waitFor();
  expect(await current.allTextContents()).toEqual(["Integration"]);
});

test("transcripts are kept from when somebody says so, and calls then have a link to them", async () => {
  const page = await studio.signedIn(org, "owner", PATH);
  await page.getByLabel("Keep transcripts").selectOption("on");
  await save(page);
  await isSaved(page);

  expect(await settings()).toEqual({
    transcripts: true,
    recordings: null,
    reject_impossible_numbers: false,
    callback_detail: "reference",
    calling_hours: null,
    contact_limits: [],
  });
  const call = await org.call();
  expect((await org.ended(call)).transcript_url).toMatch(/^http/);
  await page.reload();
  expect(await page.getByLabel("Keep transcripts").inputValue()).toBe("on");
});

test("impossible numbers are refused from when somebody says so", async () => {
  const page = await studio.signedIn(org, "owner", PATH);
  await page.getByLabel("Impossible numbers").selectOption("refused");
  await save(page);
  await isSaved(page);
  expect(await settings()).toMatchObject({ reject_impossible_numbers: true });

  await page.getByLabel("Impossible numbers").selectOption("dialed");
  await save(page);
  await isSaved(page);
  expect(await settings()).toMatchObject({ reject_impossible_numbers: false });
});

test("callbacks tell more from when somebody says so", async () => {
  const page = await studio.signedIn(org, "owner", PATH);
  await page.getByLabel("Callback detail").selectOption("full");
  await save(page);
  await isSaved(page);
  expect(await settings()).toMatchObject({ callback_detail: "full" });

  await page.getByLabel("Callback detail").selectOption("reference");
  await save(page);
  await isSaved(page);
  expect(await settings()).toMatchObject({ callback_detail: "reference" });
});

test("recordings have all that the API takes; their secret is kept and shown nowhere", async () => {
  const page = await studio.signedIn(org, "owner", PATH);
  await page.getByLabel("Record calls").selectOption("on");
  await save(page);
  await isTold(page, "recordings.bucket must be");

  await page.getByLabel("Bucket").fill(TARGET.bucket);
  await page.getByLabel("Region").fill(TARGET.region);
  await page.getByLabel("Endpoint").fill(TARGET.endpoint);
  await page.getByLabel("Prefix").fill(TARGET.prefix);
  await page.getByLabel("Access key").fill(TARGET.access_key);
  await page.getByLabel("Secret").fill("very-secret");
  expect(await page.getByRole("tabpanel").innerText()).not.toContain("very-secret");
  await save(page);
  await isSaved(page);

  expect(await settings()).toEqual({
    transcripts: false,
    recordings: TARGET,
    reject_impossible_numbers: false,
    callback_detail: "reference",
    calling_hours: null,
    contact_limits: [],
  });
  await page.reload();
  expect(await page.getByLabel("Bucket").inputValue()).toBe("calls");
  expect(await page.getByLabel("Secret").inputValue()).toBe("");
  await page.getByLabel("Prefix").fill("");
  await page.getByLabel("Region").fill("eu-west-1");
  await save(page);
  await isSaved(page);
  expect(await settings()).toEqual({
    transcripts: false,
    recordings: { ...TARGET, prefix: "", region: "eu-west-1" },
    reject_impossible_numbers: false,
    callback_detail: "reference",
    calling_hours: null,
    contact_limits: [],
  });
});

test("contact limits are set row by row, and what the API refuses is said", async () => {
  const page = await studio.signedIn(org, "owner", PATH);
  await page.getByRole("button", { name: "Add a contact limit" }).click();
  await page.getByLabel("Dials of limit 1").fill("2");
  await page.getByRole("button", { name: "Add a contact limit" }).click();
  await page.getByLabel("Contact limit 2").selectOption("gap");
  await page.getByLabel("Seconds of limit 2").fill("600");
  await save(page);
  await isSaved(page);
  expect(await settings()).toMatchObject({ contact_limits: [{ max_dials: 2, per: "day" }, { min_gap_seconds: 600 }] });

  await page.getByLabel("Dials of limit 1").fill("101");
  await save(page);
  await isTold(page, /^contact_limits must be an array of at most 5 limits/);
  await page.getByRole("button", { name: "Remove limit 1" }).click();
  await page.getByRole("button", { name: "Remove limit 1" }).click();
  await save(page);
  await isSaved(page);
  expect(await settings()).toMatchObject({ contact_limits: [] });
});

test("a save sends what was changed here, and leaves what others changed meanwhile", async () => {
  await org.owner.patch("/settings", { recordings: { ...TARGET, secret: "s" } });
  const page = await studio.signedIn(org, "owner", PATH);
  await page.getByLabel("Bucket").fill("other");
  await org.owner.patch("/settings", { transcripts: true, recordings: { region: "us-east-1" } });

  await save(page);

  await isSaved(page);
  expect(await settings()).toEqual({
    transcripts: true,
    recordings: { ...TARGET, bucket: "other", region: "us-east-1" },
    reject_impossible_numbers: false,
    callback_detail: "reference",
    calling_hours: null,
    contact_limits: [],
  });
  expect(await page.getByLabel("Keep transcripts").inputValue()).toBe("on");
});

test("to stop recording asks first: the secret is gone with it", async () => {
  await org.owner.patch("/settings", { recordings: { ...TARGET, secret: "s" } });
  const page = await studio.signedIn(org, "owner", PATH);
  await page.getByLabel("Record calls").selectOption("off");
  await save(page);
  await page.getByRole("dialog", { name: "Stop recording?" }).getByRole("button", { name: "Keep recording" }).click();
  expect((await settings()).recordings).not.toBeNull();

  await save(page);
  await page.getByRole("button", { name: "Stop recording" }).click();

  await isSaved(page);
  expect((await settings()).recordings).toBeNull();
});

test("who is no owner is told why there is nothing to set, and nothing is asked of the API", async () => {
  for (const role of ["viewer", "member", "admin"] as const) {
    const page = await studio.signedIn(org, role, "/studio/calls");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.getByRole("link", { name: "Settings" }).click();

    await sees(page, `This API key's role (${role}) can't do this; it needs owner`);
    expect(await page.getByRole("button", { name: "Save" }).count()).toBe(0);
    expect(asked).not.toContain("/integration/v1/settings");
  }
});

test("the same request can be pasted, with the secret from where it runs", async () => {
  const page = await studio.signedIn(org, "owner", PATH);
  await page.getByLabel("Record calls").selectOption("on");
  await page.getByLabel("Keep transcripts").selectOption("on");
  const curl = await page.getByRole("tabpanel").innerText();

  const env = { API_KEY: org.owner.key ?? "", RECORDINGS_ACCESS_KEY: "AK", RECORDINGS_SECRET: "s" };
  const { code, output } = await run("bash", ["-c", curl], { env });

  expect(code, output).toBe(0);
  expect(await settings()).toMatchObject({ transcripts: true, recordings: { bucket: "call-recordings", access_key: "AK" } });
});

test("the page has a place for each setting that the API has", async () => {
  const page = await studio.signedIn(org, "owner", PATH);
  const curl = await page.getByRole("tabpanel").innerText();
  const { components } = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    components: { schemas: { ChangeSettings: { properties: object } } };
  };

  const [, body = ""] = /-d '(\{.*\})'/s.exec(curl) ?? [];
  expect(Object.keys(JSON.parse(body)).sort()).toEqual(Object.keys(components.schemas.ChangeSettings.properties).sort());
});
