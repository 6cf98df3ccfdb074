// The first sixty seconds: from an empty organisation to a signed callback, without leaving Studio.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { run } from "../../scripts/lib/run.mjs";
import { type Client, found, useServer } from "../edge/harness.ts";
import type { CreatedOrg } from "../edge/shapes.ts";
import { until } from "../edge/until.ts";
import { isTold, saysWhy, sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: WATCHABLE });
const studio = useStudio(server);

async function newOrg(): Promise<{ owner: Client; key: string }> {
  const { body } = await server.platform.fromRoot<CreatedOrg>("POST", "/platform/v1/orgs", { body: { name: "New" } });
  return { owner: server.client(body.owner_key), key: body.owner_key };
}

/** An organisation that has done the first two steps. */
async function readyOrg(): ReturnType<typeof newOrg> {
  const made = await newOrg();
  const fields = ["customer_name"];
  await made.owner.post("/agents", { name: "A", agent_code: "a", input_schema: { fields, sample_context: { customer_name: "R" } } });
  const carrier = { type: "simulator" };
  await made.owner.post("/sip-trunks", { name: "T", trunk_phone: "+918069000000", max_cps: 5, max_channels: 10, carrier });
  return made;
}

let ready: { owner: Client; key: string };

beforeAll(async () => {
  ready = await readyOrg();
});

async function createBoth(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Create agent" }).click();
  await page.getByRole("button", { name: "Create trunk" }).click();
  await page.getByRole("button", { name: "Answers" }).waitFor();
}

test("an empty organisation is led to a call that rings, is answered and completes before one's eyes", async () => {
  const { key } = await newOrg();
  const page = await studio.signInWith(key, "/studio");
  const began = Date.now();

  expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("EMI Reminder Agent");
  await createBoth(page);
  await page.getByRole("button", { name: "Answers" }).click();

  const test = page.getByRole("group", { name: "The test call" });
  for (const status of ["Ringing", "Answered", "Completed"]) await test.getByText(status, { exact: true }).first().waitFor();
  await sees(page, "Its callback arrived.");
  await sees(page, "✓ signature valid");
  expect(Date.now() - began).toBeLessThan(60_000);
});

test("the same request stands beside each form, in three dialects, as it would be sent", async () => {
  const { key } = await newOrg();
  const page = await studio.signedInWith(key, "/studio/start");
  const panel = page.getByRole("tabpanel").first();

  expect(await panel.innerText()).toContain(`curl -X POST ${server.url}/integration/v1/agents`);
  await page.getByLabel("Name", { exact: true }).fill("Collections");
  expect(await panel.innerText()).toContain('"name": "Collections"');
  await page.getByRole("tab", { name: "curl" }).first().focus();
  await page.keyboard.press("ArrowRight");
  expect(await panel.innerText()).toContain("await fetch(");
  await page.keyboard.press("ArrowRight");
  expect(await panel.innerText()).toContain("requests.post(");
  await page.getByRole("button", { name: "Copy" }).first().click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await panel.innerText());
});

test("each of the three does what the form does when it is run as it stands", async ({ skip }) => {
  const { owner, key } = await newOrg();
  const page = await studio.signedInWith(key, "/studio/start");
  const name = `O'Neill's "first" agent, ₹ \\n $HOME`;
  await page.getByLabel("Name", { exact: true }).fill(name);
  const programs: [tab: string, ...command: [string, ...string[]]][] = [
    ["curl", "bash", "-c"],
    ["Node", process.execPath, "--input-type=module", "-e"],
  ];
  const hasRequests = (await run("python3", ["-c", "import requests"]).catch(() => ({ code: 1 }))).code === 0;
  if (hasRequests) programs.push(["Python", "python3", "-c"]);

  for (const [tab, program, ...args] of programs) {
    await page.getByRole("tab", { name: tab }).first().click();
    const code = await page.getByRole("tabpanel").first().innerText();
    const { code: exit, output } = await run(program, [...args, code], { env: { API_KEY: key } });
    expect(exit, output).toBe(0);
    expect(output).toContain("emi-reminder-v2");
  }

  const { agents } = found(await owner.get<{ agents: { name: string }[] }>("/agents"));
  expect(agents.map((agent) => agent.name)).toEqual(programs.map(() => name));
  skip(!hasRequests, "Python's was not run: it needs python3 with requests");
});

test.for([
  ["Busy", "Decline", "call.declined"],
  ["No answer", "SIP Call Failed", "call.failed"],
  ["Voicemail", "Completed", "call.completed"],
  ["Full capacity", "Rejected — Capacity", "call.rejected"],
])("one click shows %s: %s, and its signed %s", async ([button, status, event]) => {
  const page = await studio.signedInWith(ready.key, "/studio/start");

  await page.getByRole("button", { name: button as string }).click();

  const test = page.getByRole("group", { name: "The test call" });
  await test
    .getByText(status as string, { exact: true })
    .first()
    .waitFor();
  await test.getByText(event as string, { exact: true }).waitFor();
  await test.getByText("✓ signature valid").first().waitFor();
  const end = test.getByRole("listitem").filter({ hasText: /^Ended$/ });
  expect(await end.evaluate((element) => element.classList.contains("bad"))).toBe(status !== "Completed");
});

test("whoever may not look at callbacks can place the call all the same, and is told why", async () => {
  const { body } = await ready.owner.post<{ key: string }>("/api-keys", { name: "M", role: "member" });
  const page = await studio.signedInWith(body.key, "/studio/start");

  await sees(page, "This API key's role (member) can't do this; it needs admin");
  await page.getByRole("button", { name: "Answers" }).click();

  await page.getByRole("group", { name: "The test call" }).getByText("Completed").waitFor();
});

test("the trunk that shows full capacity says that it stays, and is taken away again", async () => {
  const fresh = await readyOrg();
  const page = await studio.signedInWith(fresh.key, "/studio/start");
  await sees(page, "“Full capacity” creates a trunk with one channel, “Full capacity (simulated)”, which stays until it is deleted.");
  const names = async () =>
    found(await fresh.owner.get<{ sip_trunks: { name: string }[] }>("/sip-trunks"))
      .sip_trunks.map(({ name }) => name)
      .sort();

  await page.getByRole("button", { name: "Full capacity", exact: true }).click();
  await page.getByRole("group", { name: "The test call" }).getByText("call.rejected", { exact: true }).waitFor();

  await sees(page, /It stays\s+until you delete it/);
  expect(await names()).toEqual(["Full capacity (simulated)", "T"]);
  await page.reload();
  await sees(page, /It stays\s+until you delete it/);
  await until("the call that took its channel to be over", async () => {
    const { calls } = found(await fresh.owner.get<{ calls: { is_terminal: boolean }[] }>("/calls"));
    return calls.every(({ is_terminal }) => is_terminal);
  });
  const remove = page.getByRole("button", { name: "Delete Full capacity (simulated)" });
  const dialog = page.getByRole("dialog", { name: "Delete Full capacity (simulated)?" });
  await remove.click();
  await dialog.getByRole("button", { name: "Keep it" }).click();
  await dialog.waitFor({ state: "detached" });
  expect(await names()).toEqual(["Full capacity (simulated)", "T"]);
  await remove.click();
  await dialog.getByRole("button", { name: "Delete trunk" }).click();
  await sees(page, "which stays until it is deleted");
  expect(await names()).toEqual(["T"]);
});

test("a trunk that somebody else named so is neither gone through by who can make one nor ever taken away", {
  timeout: 60_000,
}, async () => {
  const fresh = await readyOrg();
  const name = "Full capacity (simulated)";
  const theirs = { name, trunk_phone: "+918069000000", max_cps: 5, max_channels: 1, carrier: { type: "simulator" } };
  const { body: other } = await fresh.owner.post<{ id: string }>("/sip-trunks", theirs);
  const page = await studio.signedInWith(fresh.key, "/studio/start");
  const remove = page.getByRole("button", { name: `Delete ${name}` });
  await sees(page, "“Full capacity” creates a trunk with one channel");
  expect(await remove.count()).toBe(0);

  await page.getByRole("button", { name: "Full capacity", exact: true }).click();
  await remove.waitFor();
  const { calls } = await until(
    "both calls to be over",
    async () => {
      const listed = found(await fresh.owner.get<{ calls: { is_terminal: boolean; sip_trunk_id: string }[] }>("/calls"));
      return listed.calls.length === 2 && listed.calls.every(({ is_terminal }) => is_terminal) && listed;
    },
    20_000,
  );
  expect(calls.map(({ sip_trunk_id }) => sip_trunk_id)).not.toContain(other.id);
  const { body: member } = await fresh.owner.post<{ key: string }>("/api-keys", { name: "M", role: "member" });
  const theirPage = await studio.signedInWith(member.key, "/studio/start");
  await sees(theirPage, "an existing one-channel trunk");
  expect(await theirPage.getByRole("button", { name: /^Delete/ }).count()).toBe(0);

  await remove.click();
  await page.getByRole("button", { name: "Delete trunk" }).click();
  await sees(page, "“Full capacity” creates a trunk with one channel");
  const { sip_trunks } = found(await fresh.owner.get<{ sip_trunks: { id: string; name: string }[] }>("/sip-trunks"));
  expect(sip_trunks.filter((trunk) => trunk.name === name).map(({ id }) => id)).toEqual([other.id]);
  await page.reload();
  await sees(page, "“Full capacity” creates a trunk with one channel");
  expect(await remove.count()).toBe(0);
});

test("what needs a trunk that only an owner can make says so, until it is made; its request names that trunk", async () => {
  const fresh = await readyOrg();
  const { body } = await fresh.owner.post<{ key: string }>("/api-keys", { name: "M", role: "member" });
  const page = await studio.signedInWith(body.key, "/studio/start");
  const full = page.getByRole("button", { name: "Full capacity" });
  await saysWhy(full, "This API key's role (member) can't do this; it needs owner");
  expect(await full.getAttribute("aria-disabled")).toBe("true");

  const carrier = { type: "simulator" };
  const one = { name: "Full capacity (simulated)", trunk_phone: "+918069000000", max_cps: 5, max_channels: 1, carrier };
  const trunk = await fresh.owner.post<{ id: string }>("/sip-trunks", one);
  await page.reload();
  await page.locator("button:not([aria-disabled])", { hasText: "Full capacity" }).click();

  await page.getByRole("group", { name: "The test call" }).getByText("Rejected — Capacity", { exact: true }).first().waitFor();
  expect(await page.getByRole("tabpanel").first().innerText()).toContain(trunk.body.id);
});

test("a step that fails keeps what was entered and says what is wrong", async () => {
  const { key } = await newOrg();
  const page = await studio.signedInWith(key, "/studio/start");
  const code = page.getByLabel("Code", { exact: true });

  await code.fill("x".repeat(201));
  await page.getByRole("button", { name: "Create agent" }).click();

  await isTold(page, "agent_code must be a string of 1 to 200 characters");
  expect(await code.inputValue()).toHaveLength(201);
  await code.fill("fits");
  await page.getByRole("button", { name: "Create agent" }).click();
  await page.getByRole("button", { name: "Create trunk" }).waitFor();
});
