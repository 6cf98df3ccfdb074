// Trunks, agents, webhooks, keys and the audit log: what an owner sets up and looks after.

import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { run } from "../../scripts/lib/run.mjs";
import { found, Org, useServer } from "../edge/harness.ts";
import type { Agent, Trunk } from "../edge/shapes.ts";
import { until } from "../edge/until.ts";
import { follow, isSaved, isTold, saysWhy, sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: { ...WATCHABLE, SIM_RING_MS: "300", STALLED_AFTER_SECONDS: "600" } });
const studio = useStudio(server);
let org: Org;

beforeAll(async () => {
  org = await Org.create(server, { max_channels: 4 });
});

/** Pastes the page's curl into a shell; it is answered with this in it. */
async function pasted(page: Page, key: string | null, answer: string): Promise<Record<string, string>> {
  const curl = await page.getByRole("tabpanel").innerText();
  const { code, output, stdout } = await run("bash", ["-c", curl], { env: { API_KEY: key ?? "" } });
  expect(code, output).toBe(0);
  expect(stdout).toContain(answer);
  return JSON.parse(stdout) as Record<string, string>;
}

const meter = async (page: Page, name: string): Promise<string> =>
  (await page.getByRole("meter", { name }).getAttribute("aria-valuetext")) ?? "";

describe("a trunk's page", () => {
  test("shows who holds which channel, and frees one", async () => {
    const [first, second] = [await org.call({ phone_number: "+15005550006" }), await org.call({ phone_number: "+15005550006" })];
    const page = await studio.signedIn(org, "owner", `/studio/trunks/${org.trunk.id}`);
    await until("the gauge", async () => (await meter(page, "Channels in use")) === "2 of 4");
    await until("the line", async () => /Queue\s*0/.test((await page.getByRole("main").textContent()) ?? ""));

    await page.getByRole("button", { name: `Release the channel of call ${first}` }).click();
    await page.getByRole("button", { name: "Hang up and release" }).click();

    await until("the gauge to fall", async () => (await meter(page, "Channels in use")) === "1 of 4");
    expect((await org.ended(first)).is_terminal).toBe(true);
    expect((await org.status(second)).is_terminal).toBe(false);
    await (await org.client("member")).post(`/calls/${second}/cancel`);
  });

  test("a channel that is freed while one is asked about it is said to be, and nothing is offered but to close", async () => {
    const shared = await Org.create(server, { max_channels: 4 });
    const [call, other] = [await shared.call({ phone_number: "+15005550006" }), await shared.call({ phone_number: "+15005550006" })];
    const page = await studio.signedIn(shared, "admin", `/studio/trunks/${shared.trunk.id}`);
    await page.getByRole("button", { name: `Release the channel of call ${call}` }).click();
    const dialog = page.getByRole("dialog", { name: "Release this channel?" });
    await dialog.getByRole("button", { name: "Hang up and release" }).waitFor();

    await (await shared.client("member")).post(`/calls/${call}/cancel`);

    await dialog.getByText("The call has ended in the meantime, and its channel is free.").waitFor();
    expect(await dialog.getByRole("button").allTextContents()).toEqual(["Close"]);
    await dialog.getByRole("button", { name: "Close" }).click();
    await dialog.waitFor({ state: "detached" });
    expect((await shared.status(other)).is_terminal).toBe(false);
    await (await shared.client("member")).post(`/calls/${other}/cancel`);
  });

  test("says where the trunk may call and how often a day, and home is the caller ID's country", async () => {
    const own = await Org.create(server, { trunk_phone: "+918069XXXXXX" });
    const page = await studio.signedIn(own, "owner", `/studio/trunks/${own.trunk.id}`);
    await page.getByRole("button", { name: "Home country only" }).click();
    await until("the country code", async () => (await page.getByLabel("May call").inputValue()) === "+91");
    await page.getByLabel("May not call").fill("+91900, +1900");
    await page.getByLabel("High-risk numbers").selectOption("allow");
    await page.getByLabel("Calls per day").fill("500");
    await page.getByRole("button", { name: "Save" }).click();
    await isSaved(page);

    const path = `/sip-trunks/${own.trunk.id}`;
    expect(found(await own.owner.get(path))).toMatchObject({
      destinations: { allow: ["+91"], deny: ["+91900", "+1900"], high_risk: "allow" },
      max_calls_per_day: 500,
    });
    await sees(page, "+91900 (in India), +1900 (in United States, Canada and the Caribbean)");
    await page.getByLabel("Allow a country").selectOption({ label: "Dominican Republic (+1809, +1829, +1849)" });
    expect(await page.getByLabel("May call").inputValue()).toBe("+91, +1809, +1829, +1849");
    await page.getByLabel("Deny a country").selectOption({ label: "France (+33)" });
    await page.getByRole("button", { name: "Save" }).click();
    await isSaved(page);
    expect(found(await own.owner.get(path))).toMatchObject({
      destinations: { allow: ["+91", "+1809", "+1829", "+1849"], deny: ["+91900", "+1900", "+33"] },
    });
    await page.getByLabel("May call").fill("India");
    await page.getByRole("button", { name: "Save" }).click();
    await isTold(page, "destinations.allow must be an array of at most 500 prefixes such as +91");
    expect(await page.getByLabel("May call").getAttribute("aria-invalid")).toBe("true");
    await page.getByLabel("May call").fill("none");
    await sees(page, "Nowhere");
    await page.getByLabel("Calls per day").fill("");
    await page.getByRole("button", { name: "Save" }).click();
    await isSaved(page);
    expect(found(await own.owner.get(path))).toMatchObject({ destinations: { allow: [] }, max_calls_per_day: null });

    const refused = await studio.signedIn(own, "owner", `/studio/trunks/${own.trunk.id}`);
    expect(await refused.getByLabel("May call").inputValue()).toBe("none");
  });

  test("plots the last hour, and says in words what it shows", async () => {
    const page = await studio.signedIn(org, "viewer", `/studio/trunks/${org.trunk.id}`);

    await sees(page, /Channels in use: at most [1-9]\d* of 4 at once\./);
    await page.locator("canvas").waitFor();
    await sees(page, /at most \d+ in any second of this hour/);
  });

  test("never shows more channels in use than it has: who waits holds none", async () => {
    const full = await Org.create(server, { max_channels: 5 });
    const calls: string[] = [];
    for (let more = 0; more < 30; more += 1) calls.push(await full.call({ phone_number: "+15005550006", on_capacity: "queue" }));
    const page = await studio.signedIn(full, "viewer", `/studio/trunks/${full.trunk.id}`);
    await page.evaluate(() => {
      const seen = new Set<string>();
      Object.assign(window, { seen });
      const note = () => {
        for (const meter of document.querySelectorAll("[role=meter]")) seen.add(meter.getAttribute("aria-valuetext") ?? "");
        seen.add(document.querySelector("figcaption")?.textContent ?? "");
      };
      note();
      new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    });
    const line = async () => (await page.getByRole("main").textContent()) ?? "";
    await until("five in use", async () => (await meter(page, "Channels in use")) === "5 of 5");
    await until("the line", async () => /Queue\s*25/.test(await line()));
    const live = found(await (await full.client("viewer")).get<{ in_use: number; waiting: number }>(`/sip-trunks/${full.trunk.id}/live`));
    expect(live).toMatchObject({ in_use: 5, waiting: 25 });

    const member = await full.client("member");
    for (const call of calls.slice(0, 5)) await member.post(`/calls/${call}/cancel`);
    await until("the next five", async () => /Queue\s*20/.test(await line()));
    await sees(page, "Channels in use: at most 5 of 5 at once.");
    await page.reload(); // and out of what is read anew
    await sees(page, "Channels in use: at most 5 of 5 at once.");

    const seen = await page.evaluate(() => [...((window as unknown as { seen?: Set<string> }).seen ?? [])]);
    const shown = seen.flatMap((text) => [...text.matchAll(/(\d+) of (\d+)/g)]).filter(([, , of]) => of === "5");
    expect(shown.filter(([, used, of]) => Number(used) > Number(of))).toEqual([]);
    for (const call of calls) await member.post(`/calls/${call}/cancel`);
  });

  test("draws its limit as a line through the plot", async () => {
    const page = await studio.signedIn(org, "viewer", `/studio/trunks/${org.trunk.id}`);
    await page.locator("canvas").waitFor();

    const share = await until("the line", () =>
      page.evaluate(() => {
        const canvas = document.querySelector("canvas");
        const context = canvas?.getContext("2d");
        if (!canvas || !context) return false;
        context.save();
        context.fillStyle = getComputedStyle(canvas).getPropertyValue("--plot-limit");
        const color = String(context.fillStyle); // as #rrggbb
        context.restore();
        const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        const rows = Array.from({ length: canvas.height }, (_, y) => {
          let count = 0;
          for (let x = 0; x < canvas.width; x += 1) {
            const at = (y * canvas.width + x) * 4;
            if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count += 1;
          }
          return count / canvas.width;
        });
        return Math.max(...rows) || false;
      }),
    );
    expect(share).toBeGreaterThan(0.4); // dashed: more than half of the plot's width, less its axis
    await sees(page, "The dashed line is the limit.");
  });

  test("labels its plot in full, and the limit clear of its line", async () => {
    const wide = await Org.create(server, { max_channels: 10_000 });
    const page = await studio.signedIn(wide, "viewer", "/studio/calls");
    await page.addInitScript(() => {
      const painted: { text: string; left: number; bottom: number }[] = [];
      const dashed: { y: number; width: number }[] = [];
      Object.assign(window, { painted, dashed });
      const { fillText, lineTo } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
        const { actualBoundingBoxLeft, actualBoundingBoxDescent } = this.measureText(text);
        const { e, f } = this.getTransform();
        painted.push({ text, left: x + e - actualBoundingBoxLeft, bottom: y + f + actualBoundingBoxDescent });
        return fillText.call(this, text, x, y, ...rest);
      };
      CanvasRenderingContext2D.prototype.lineTo = function (x, y) {
        if (this.getLineDash().length > 0) dashed.push({ y: y + this.getTransform().f, width: this.lineWidth });
        return lineTo.call(this, x, y);
      };
    });
    await page.goto(`/studio/trunks/${wide.trunk.id}`);
    await page.locator("canvas").waitFor();

    type Painted = { painted: { text: string; left: number; bottom: number }[]; dashed: { y: number; width: number }[] };
    const { painted, dashed } = await until("the labels", () =>
      page.evaluate(() => {
        const { painted, dashed } = window as unknown as Painted;
        return painted.some(({ text }) => text === "limit 10,000") && { painted, dashed };
      }),
    );
    const axis = painted.filter(({ text }) => text === "10,000");
    expect(axis.length).toBeGreaterThan(0);
    for (const { left } of axis) expect(left).toBeGreaterThanOrEqual(0);
    const line = dashed.at(-1);
    const label = painted.findLast(({ text }) => text === "limit 10,000");
    expect(label?.bottom).toBeLessThan((line?.y ?? 0) - (line?.width ?? 0) / 2 - 1);
  });

  test("a limit that was lowered is not exceeded on the page either: what is above it is told apart", async () => {
    const lowered = await Org.create(server, { max_channels: 4 });
    const calls = [];
    for (let more = 0; more < 4; more += 1) calls.push(await lowered.call({ phone_number: "+15005550006" }));
    await lowered.owner.patch(`/sip-trunks/${lowered.trunk.id}`, { max_channels: 1 });
    const page = await studio.signedIn(lowered, "viewer", `/studio/trunks/${lowered.trunk.id}`);

    await until("the gauge", async () => (await meter(page, "Channels in use")) === "1 of 1");
    await sees(page, "and 3 more from before the limit was lowered");
    await follow(page, "/studio/trunks");
    await until("the list's", async () => (await meter(page, "Channels of India Prod Trunk 1 in use")) === "1 of 1");
    for (const call of calls) await (await lowered.client("member")).post(`/calls/${call}/cancel`);
  });

  test("tells every role who holds which channel; only an admin frees one, and others are told why not", async () => {
    const shared = await Org.create(server, { max_channels: 4 });
    const call = await shared.call({ phone_number: "+15005550006" });
    const release = { name: `Release the channel of call ${call}` };
    for (const role of ["viewer", "member"] as const) {
      const page = await studio.signedIn(shared, role, `/studio/trunks/${shared.trunk.id}`);
      await until("the gauge", async () => (await meter(page, "Channels in use")) === "1 of 4");
      const button = page.getByRole("button", release);
      expect(await button.getAttribute("aria-disabled")).toBe("true");
      await saysWhy(button, `This API key's role (${role}) can't do this; it needs admin`);
      await follow(page, "/studio/trunks");
      await until("the list's", async () => (await meter(page, "Channels of India Prod Trunk 1 in use")) === "1 of 4");
    }

    const page = await studio.signedIn(shared, "admin", `/studio/trunks/${shared.trunk.id}`);
    await page.getByRole("button", release).click();
    await page.getByRole("button", { name: "Hang up and release" }).click();

    await until("the gauge to fall", async () => (await meter(page, "Channels in use")) === "0 of 4");
    expect((await shared.ended(call)).is_terminal).toBe(true);
  });

  test("shows the waiting line", async () => {
    const full = await Org.create(server, { max_channels: 1 });
    const calls = [await full.call({ phone_number: "+15005550006" })];
    for (let more = 0; more < 2; more += 1) calls.push(await full.call({ on_capacity: "queue" }));
    const page = await studio.signedIn(full, "owner", `/studio/trunks/${full.trunk.id}`);

    await until("the line", async () => /Queue\s*2/.test((await page.getByRole("main").textContent()) ?? ""));
  });

  test("shows its breaker, as it opens and to who comes later", async () => {
    const down = await Org.create(server);
    const page = await studio.signedIn(down, "viewer", `/studio/trunks/${down.trunk.id}`);
    await sees(page, "The dialer takes calls.");
    await page.getByText("Live", { exact: true }).waitFor();
    await server.faults({ dialer: true, keys: false });
    try {
      for (let failures = 0; failures < 3; failures += 1) await down.ended(await down.call());
    } finally {
      await server.faults({ dialer: false, keys: false });
    }

    await sees(page, "breaker open");
    await page.reload();
    await sees(page, "breaker open");
  });

  test("saves its settings; a save that is refused loses nothing and says why", async () => {
    const page = await studio.signedIn(org, "owner", `/studio/trunks/${org.trunk.id}`);

    await page.getByLabel("Channels", { exact: true }).fill("20000");
    await page.getByLabel("Name").fill("Renamed");
    await page.getByRole("button", { name: "Save" }).click();

    await isTold(page, "max_channels must be");
    expect(await page.getByLabel("Name").inputValue()).toBe("Renamed");
    await page.getByLabel("Channels", { exact: true }).fill("5");
    await page.getByRole("button", { name: "Save" }).click();
    await isSaved(page);
    const trunk = found(await org.owner.get<Trunk>(`/sip-trunks/${org.trunk.id}`));
    expect(trunk).toMatchObject({ name: "Renamed", max_channels: 5 });
  });

  test("follows what others change, but for a form that is being edited", async () => {
    const shared = await Org.create(server, { max_channels: 4 });
    const path = `/sip-trunks/${shared.trunk.id}`;
    const page = await studio.signedIn(shared, "owner", `/studio${path.replace("sip-", "")}`);
    const channels = page.getByLabel("Channels", { exact: true });
    await page.getByText("Live", { exact: true }).waitFor();

    await shared.owner.patch(path, { max_channels: 7, status: "inactive" });
    await until("the gauge", async () => (await meter(page, "Channels in use")) === "0 of 7");
    await page.getByRole("main").getByText("inactive", { exact: true }).waitFor();
    expect(await channels.inputValue()).toBe("7");

    await channels.fill("9");
    await shared.owner.patch(path, { max_channels: 8 });
    await until("the gauge", async () => (await meter(page, "Channels in use")) === "0 of 8");
    expect(await channels.inputValue()).toBe("9");
  });

  test("saves what was changed here, and leaves what others changed meanwhile", async () => {
    const shared = await Org.create(server, { max_channels: 4 });
    const path = `/sip-trunks/${shared.trunk.id}`;
    const page = await studio.signedIn(shared, "owner", `/studio${path.replace("sip-", "")}`);
    await page.getByLabel("Name").fill("Named here");
    await shared.owner.patch(path, { max_channels: 7 });

    await page.getByRole("button", { name: "Save" }).click();

    await isSaved(page);
    expect(found(await shared.owner.get<Trunk>(path))).toMatchObject({ name: "Named here", max_channels: 7 });
    expect(await page.getByLabel("Channels", { exact: true }).inputValue()).toBe("7");
  });

  test("is not deleted while it carries calls", async () => {
    const call = await org.call({ phone_number: "+15005550006" });
    const page = await studio.signedIn(org, "owner", `/studio/trunks/${org.trunk.id}`);

    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Delete trunk" }).click();

    await isTold(page, "SIP trunk has live calls");
    await isTold(page, "Wait for the calls to end, or release them");
    await (await org.client("member")).post(`/calls/${call}/cancel`);
  });

  test("the request for a new one can be pasted, from the first moment on", async () => {
    const fresh = await Org.create(server);
    const page = await studio.signedIn(fresh, "owner", "/studio/trunks/new");

    await pasted(page, fresh.owner.key, "Simulator Trunk");
    await page.getByLabel("Name").fill("It's new");
    await pasted(page, fresh.owner.key, "It's new");
  });

  test("is made for a carrier, whose secret is not in the code to copy", async () => {
    const page = await studio.signedIn(org, "owner", "/studio/trunks/new");
    await page.getByLabel("Name").fill("Real line");
    await page.getByLabel("Caller ID").fill("+918069000001");
    await page.getByLabel("Carrier").selectOption("livekit");
    await page.getByLabel("Server URL").fill("wss://example.livekit.cloud");
    await page.getByLabel("LiveKit API key").fill("APIkey");
    await page.getByLabel("LiveKit API secret").fill("very-secret");
    await page.getByLabel("LiveKit SIP trunk ID").fill("ST_1");
    for (const [tab, says] of [
      ["Node", 'api_secret": process.env.LIVEKIT_API_SECRET'],
      ["Python", 'api_secret": os.environ["LIVEKIT_API_SECRET"]'],
      ["curl", `"api_secret": "'"$LIVEKIT_API_SECRET"'"`],
    ] as const) {
      await page.getByRole("tab", { name: tab }).click();
      const code = await page.getByRole("tabpanel").innerText();
      expect(code).toContain(says);
      expect(code).not.toContain("very-secret");
    }

    await page.getByRole("button", { name: "Create trunk" }).click();

    await page.getByRole("heading", { name: "Real line" }).waitFor();
    await page.goto("/studio/trunks");
    await page.getByRole("row").filter({ hasText: "Real line" }).waitFor();
  });

  test("offers a test of its connection once it is made, and shows what was found", async () => {
    const page = await studio.signedIn(org, "owner", "/studio/trunks/new");
    await page.getByLabel("Name").fill("Line to nowhere");
    await page.getByLabel("Caller ID").fill("+918069000002");
    await page.getByLabel("Carrier").selectOption("livekit");
    await page.getByLabel("Server URL").fill("ws://127.0.0.1:9");
    await page.getByLabel("LiveKit API key").fill("APIkey");
    await page.getByLabel("LiveKit API secret").fill("very-secret");
    await page.getByLabel("LiveKit SIP trunk ID").fill("ST_1");
    await page.getByRole("button", { name: "Create trunk" }).click();
    await sees(page, "The trunk has been created. Test whether it can carry calls");

    await page.getByRole("button", { name: "Test connection" }).click();

    const found = page.getByRole("list", { name: "What was found" });
    await found.waitFor();
    const lines = await found.getByRole("listitem").allInnerTexts();
    expect(lines.map((line) => line.split("\n").slice(0, 2).join(" ").replaceAll(/\s+/g, " ").toLowerCase())).toEqual([
      "failed server",
      "not checked api key",
      "not checked api secret",
      "not checked sip trunk",
    ]);
    expect(lines[0]).toContain("Server not reachable");
  });

  test("tests a simulated trunk, and says to others whose business a test is", async () => {
    const owners = await studio.signedIn(org, "owner", `/studio/trunks/${org.trunk.id}`);
    await owners.getByRole("button", { name: "Test connection" }).click();
    await sees(owners, "Calls are simulated");

    const page = await studio.signedIn(org, "admin", `/studio/trunks/${org.trunk.id}`);
    const button = page.getByRole("button", { name: "Test connection" });
    await button.waitFor();
    expect(await button.getAttribute("aria-disabled")).toBe("true");
    const reason = await button.getAttribute("aria-describedby");
    expect(await page.locator(`[id="${reason}"]`).textContent()).toContain("owner");
  });
});

describe("an agent's page", () => {
  test("edits it, with the JSON that an integrator must send beside it", async () => {
    const page = await studio.signedIn(org, "owner", `/studio/agents/${org.agent.id}`);
    const json = page.getByRole("region", { name: "What an integrator must send" });

    await page.getByRole("button", { name: "Add field" }).click();
    await page.getByLabel("Field 4", { exact: true }).fill("branch");
    await page.getByLabel("Example for field 4").fill("Pune");
    expect(JSON.parse(await json.innerText())).toMatchObject({ agent_id: org.agent.id, metadata: { branch: "Pune", amount_due: "7500" } });
    await page.getByLabel("Script").fill("Be kind.");
    await page.getByLabel("Outcome schema").fill("no JSON");
    await page.getByRole("button", { name: "Save" }).click();
    await isTold(page, "outcome_schema must be");
    await page.getByLabel("Outcome schema").fill('{"type": "object"}');
    await page.getByLabel("Voicemail").selectOption("leave_message");
    await page.getByLabel("Message").fill("Please call us back.");
    await page.getByRole("button", { name: "Save" }).click();

    await isSaved(page);
    const agent = found(await org.owner.get<Agent>(`/agents/${org.agent.id}`));
    expect(agent).toMatchObject({
      script: "Be kind.",
      outcome_schema: { type: "object" },
      voicemail: { action: "leave_message", message: "Please call us back." },
      input_schema: { fields: ["customer_name", "amount_due", "due_date", "branch"], sample_context: { branch: "Pune" } },
    });
  });

  test("saves what was changed here, and leaves what others changed meanwhile", async () => {
    const shared = await Org.create(server);
    const page = await studio.signedIn(shared, "owner", `/studio/agents/${shared.agent.id}`);
    await page.getByLabel("Voice", { exact: true }).fill("calm");
    await shared.owner.patch(`/agents/${shared.agent.id}`, { script: "Written elsewhere" });

    await page.getByRole("button", { name: "Save" }).click();

    await isSaved(page);
    expect(found(await shared.owner.get<Agent>(`/agents/${shared.agent.id}`))).toMatchObject({
      voice: "calm",
      script: "Written elsewhere",
    });
  });

  test("a save that comes to nothing is no failure", async () => {
    const page = await studio.signedIn(org, "owner", `/studio/agents/${org.agent.id}`);
    await page.getByRole("button", { name: "Add field" }).click(); // and gives it no name

    await page.getByRole("button", { name: "Save" }).click();

    await isSaved(page);
  });

  test("asks before a link, Back or Forward drops what is not saved, and stays as it was when that is declined", async () => {
    const here = `/studio/agents/${org.agent.id}`;
    const page = await studio.signedIn(org, "owner", "/studio/agents");
    const at = (path: string) => page.waitForURL((url) => url.pathname === path);
    const asked: string[] = [];
    let isLeaving = false;
    page.on("dialog", (dialog) => {
      asked.push(dialog.message());
      return isLeaving ? dialog.accept() : dialog.dismiss();
    });
    await page.locator(`main a[href="${here}"]`).first().click();
    await at(here);
    await page.getByRole("link", { name: "Trunks", exact: true }).click();
    await at("/studio/trunks");
    await page.goBack();
    await at(here);
    expect(asked).toEqual([]); // nothing was entered yet
    const voice = page.getByLabel("Voice", { exact: true });
    await voice.fill("not saved");

    const ways = [() => page.getByRole("link", { name: "Audit log" }).click(), () => page.goBack(), () => page.goForward()];
    for (const [index, go] of ways.entries()) {
      await go();
      await until("the question", async () => asked.length === index + 1);
      await at(here);
      expect(await voice.inputValue()).toBe("not saved");
    }
    expect(new Set(asked)).toEqual(new Set(["Leave without saving?"]));

    isLeaving = true;
    await page.goForward();
    await at("/studio/trunks");
    await page.getByRole("heading", { level: 1, name: "Trunks" }).waitFor();
    await page.goBack();
    await at(here);
    expect(await voice.inputValue()).not.toBe("not saved");
    expect(asked).toHaveLength(4); // what was left is no longer asked about
  });

  test("asks before signing out drops what is not saved, once", async () => {
    const page = await studio.signedIn(org, "owner", `/studio/agents/${org.agent.id}`);
    const asked: string[] = [];
    page.on("dialog", (dialog) => {
      asked.push(dialog.type());
      return asked.length > 1 ? dialog.accept() : dialog.dismiss();
    });
    await page.getByLabel("Voice", { exact: true }).fill("not saved");

    await page.getByRole("button", { name: "Sign out" }).click();
    expect(await page.getByLabel("Voice", { exact: true }).inputValue()).toBe("not saved");
    await page.getByRole("button", { name: "Sign out" }).click();

    await page.getByRole("heading", { name: "Sign in to Studio" }).waitFor();
    expect(asked).toEqual(["confirm", "confirm"]);
  });

  test("keeps an example a number, and one that calls need not bring along optional", async () => {
    const input_schema = { fields: ["amount_due"], sample_context: { amount_due: 7500, nickname: "Raj" } };
    const fresh = await Org.create(server);
    const { id } = await fresh.newAgent({ name: "Numbers", input_schema });
    const page = await studio.signedIn(fresh, "owner", `/studio/agents/${id}`);

    await page.getByLabel("Example for field 1").fill("7600");
    await page.getByRole("button", { name: "Save" }).click();
    await isSaved(page);

    const saved = found(await fresh.owner.get<{ input_schema: object }>(`/agents/${id}`));
    expect(saved.input_schema).toEqual({ fields: ["amount_due"], sample_context: { amount_due: 7600, nickname: "Raj" } });
  });

  test("a new one's requests can be pasted as they stand: before it is made, and then its call", async () => {
    const fresh = await Org.create(server, { max_channels: 1, status: "inactive" });
    const usable = await fresh.newTrunk({ name: "Usable" });
    const page = await studio.signedIn(fresh, "owner", "/studio/agents/new");
    const made = await pasted(page, fresh.owner.key, "EMI Reminder Agent"); // nothing was entered yet
    expect(made).toMatchObject({ agent_code: "emi-reminder-v2" });

    await page.getByLabel("Name").fill(`O'Neill's "agent"`);
    await page.getByLabel("Code", { exact: true }).fill("oneill");
    await page.getByLabel("Field 1", { exact: true }).fill("customer_name");
    await page.getByLabel("Example for field 1").fill("Rahul O'Sharma");
    await page.getByRole("button", { name: "Add field" }).click();
    await page.getByLabel("Field 2", { exact: true }).fill("no_example");
    await pasted(page, fresh.owner.key, `O'Neill's \\"agent\\"`);
    await page.getByRole("button", { name: "Create agent" }).click();

    await page.getByRole("region", { name: "What an integrator must send" }).waitFor();
    const { call_id } = await pasted(page, (await fresh.client("member")).key, "triggered");
    expect(await fresh.detail(call_id ?? "")).toMatchObject({
      agent_id: page.url().split("/").at(-1),
      sip_trunk_id: usable.id,
      metadata: { customer_name: "Rahul O'Sharma", no_example: "example" },
    });
  });

  test("without an active trunk shows no call, and says what is missing", async () => {
    const idle = await Org.create(server, { status: "inactive" });
    const page = await studio.signedIn(idle, "owner", `/studio/agents/${idle.agent.id}`);

    await sees(page, "A call goes out through a trunk, and none is active");
    expect(await page.getByRole("tabpanel").count()).toBe(0);
  });

  test("makes a new one, and deletes it after asking", async () => {
    const page = await studio.signedIn(org, "owner", "/studio/agents/new");
    await page.getByLabel("Name").fill("Short-lived");
    await page.getByLabel("Code", { exact: true }).fill("short");
    await page.getByRole("button", { name: "Create agent" }).click();
    await page.getByRole("heading", { name: "Short-lived" }).waitFor();
    expect(page.url()).not.toContain("new");

    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Delete agent" }).click();

    await page.waitForURL("**/studio/agents");
    await page.getByRole("row").filter({ hasText: "EMI Reminder Agent" }).waitFor();
    expect(await page.getByRole("row").filter({ hasText: "Short-lived" }).count()).toBe(0);
  });
});

describe("webhooks", () => {
  test("the secret is shown only when somebody asks to see it, and rotated with a countdown that outlasts the page", async () => {
    const asked: string[] = [];
    const page = await studio.signedIn(org, "admin", "/studio/webhooks");
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    expect(await page.content()).not.toContain(org.webhookSecret);

    await page.getByRole("button", { name: "Reveal" }).click();
    await sees(page, org.webhookSecret);
    expect(asked).toContain("/integration/v1/webhooks/secret");
    await page.getByRole("button", { name: "Hide" }).click();
    expect(await page.content()).not.toContain(org.webhookSecret);

    await page.getByRole("button", { name: "Rotate" }).click();
    await page.getByLabel("Overlap").selectOption("3600");
    await page.getByRole("button", { name: "Rotate secret" }).click();
    const left = async () =>
      await page
        .getByText(/^(1:00:00|0:59:\d\d)$/)
        .first()
        .textContent();
    const first = await left();
    await until("it to count", async () => (await left()) !== first);
    const { secret } = found(await (await org.client("admin")).get<{ secret: string }>("/webhooks/secret"));
    expect(secret).not.toBe(org.webhookSecret);
    await sees(page, secret);

    await page.reload();
    await sees(page, /signs beside this one for (1:00:00|0:59:\d\d)/);
    expect(await page.content()).not.toContain(secret);
  });

  test("a test event goes to the built-in receiver, shows as a delivery, and is sent again", async () => {
    const page = await studio.signedIn(org, "admin", "/studio/webhooks");

    // On a slow machine the receiver's address is not there yet when the button is.
    await page.route("**/studio/receiver", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await route.continue();
    });
    await page.reload();
    await page.getByRole("button", { name: "Use the built-in receiver" }).click();
    await until("its address", async () => (await page.getByLabel("Receiver").inputValue()) !== "");
    await page.unroute("**/studio/receiver");
    await page.getByRole("button", { name: "Send test event" }).click();

    await page.getByText("✓ signature valid").first().waitFor();
    await page.getByRole("link", { name: "Sent: see its delivery" }).click();
    // The page that it leads to: the list that is left names "delivered" too.
    await page.getByRole("heading", { name: "Delivery", exact: true }).waitFor();
    await page.getByText("delivered", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Redeliver" }).click();
    await until("two attempts", async () => (await page.getByRole("listitem").filter({ hasText: "204" }).count()) === 2);
    await page.goto("/studio/webhooks?status=exhausted");
    await sees(page, "No delivery matches");
  });

  test("deliveries stand in the order of their age, also that of a call which outlasted a later one", async () => {
    const shared = await Org.create(server);
    const { body } = await (await shared.client("admin")).fromRoot<{ callback_url: string }>("GET", "/studio/receiver");
    const long = await shared.call({ phone_number: "+15005550006", callback_url: body.callback_url });
    const declined = await shared.call({ phone_number: "+15005550001", callback_url: body.callback_url });
    await shared.ended(declined);
    await shared.reached(long, "Answered");
    await (await shared.client("member")).post(`/calls/${long}/cancel`);
    await shared.ended(long);

    const page = await studio.signedIn(shared, "admin", "/studio/webhooks");

    const rows = page.getByRole("region", { name: "Deliveries" }).getByRole("row");
    await rows.nth(2).waitFor();
    expect(await rows.getByRole("link").allTextContents()).toEqual(["call.completed", "call.declined"]);
  });

  test("a receiver that callbacks may not go to is refused in the API's own words", async () => {
    const page = await studio.signedIn(org, "admin", "/studio/webhooks");

    await page.getByLabel("Receiver").fill("http://10.0.0.1/");
    await page.getByRole("button", { name: "Send test event" }).click();

    await isTold(page, "url must not point to a private address");
    expect(await page.getByLabel("Receiver").inputValue()).toBe("http://10.0.0.1/");
  });

  test("the checker tells a good signature from a bad one, and asks nobody", async () => {
    const other = await Org.create(server);
    const admin = await other.client("admin");
    const receiver = () =>
      admin.fromRoot<{ callback_url: string; received: { headers: Record<string, string>; body: string }[] }>("GET", "/studio/receiver");
    await admin.post("/webhooks/test", { url: (await receiver()).body.callback_url });
    const [sent] = await until("the test event", async () => {
      const { received } = (await receiver()).body;
      return received.length > 0 && received;
    });
    const page = await studio.signedIn(other, "admin", "/studio/webhooks");
    await page.getByRole("heading", { name: "Signature checker" }).waitFor();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.method()));
    const check = async (body: string, headers: string) => {
      await page.getByRole("textbox", { name: "Body" }).fill(body);
      await page.getByRole("textbox", { name: "Headers" }).fill(headers);
      await page.getByLabel("Secret").fill(other.webhookSecret);
      await page.getByRole("button", { name: "Check signature" }).click();
    };
    const lines = Object.entries(sent?.headers ?? {}).map(([name, value]) => `${name}: ${value}`);

    await check(sent?.body ?? "", lines.join("\n"));
    await sees(page, "X-Audatec-Signature: Signature valid");
    await sees(page, "webhook-signature: Signature valid");
    await check(`${sent?.body} `, lines.join("\n"));
    await sees(page, "X-Audatec-Signature: Signature not valid. The body starts or ends with white space");
    await check(sent?.body ?? "", sent?.headers["x-audatec-signature"] ?? "");
    await sees(page, "X-Audatec-Signature: Signature valid");
    expect(asked.filter((method) => method !== "GET")).toEqual([]);
  });
});

describe("API keys", () => {
  test("a new one is shown once, works with its role, and is revoked", async () => {
    const page = await studio.signedIn(org, "owner", "/studio/settings/integration");

    await page.getByRole("button", { name: "New API key" }).click();
    await page.getByLabel("Name").fill("Billing server");
    await page.getByLabel("Role").selectOption("viewer");
    await page.getByLabel("Expires").selectOption("30");
    await page.getByRole("button", { name: "Create key" }).click();

    await sees(page, "This is the only time it is shown.");
    await page.getByRole("button", { name: "Copy key" }).click();
    const key = await page.evaluate(() => navigator.clipboard.readText());
    expect((await server.client(key).get("/calls")).status).toBe(200);
    expect((await server.client(key).get("/api-keys")).status).toBe(403);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "I have stored it" }).click();
    expect(await page.content()).not.toContain(key);

    const row = page.getByRole("row").filter({ hasText: "Billing server" });
    await row.getByText("viewer").waitFor();
    await row.getByRole("button", { name: "Revoke Billing server" }).click();
    await page.getByRole("button", { name: "Revoke key" }).click();
    await row.waitFor({ state: "detached" });
    expect((await server.client(key).get("/calls")).status).toBe(401);
  });

  test("when one was last used is known to the hour, and said so", async () => {
    const used = await Org.create(server);
    await (await used.client("viewer")).get("/calls");
    const { api_keys } = await until("the use to be noted", async () => {
      const keys = found(await used.owner.get<{ api_keys: { role: string; last_used_at: string | null }[] }>("/api-keys"));
      return keys.api_keys.some(({ role, last_used_at }) => role === "viewer" && last_used_at) && keys;
    });
    const at = new Date(api_keys.find(({ role }) => role === "viewer")?.last_used_at ?? "");
    const page = await studio.signedIn(used, "owner", "/studio/settings/integration");

    await page.getByRole("columnheader", { name: "Last used, to the hour" }).waitFor();
    const row = page.getByRole("row").filter({ hasText: "A viewer" });
    const two = (hour: number) => String(hour % 24).padStart(2, "0");
    const minutes = two(at.getMinutes());
    const hour = `${two(at.getHours())}:${minutes}–${two(at.getHours() + 1)}:${minutes}`;
    await row.getByText(hour).filter({ visible: true }).waitFor();
    await page.setViewportSize({ width: 390, height: 780 });
    await row.getByText("Last used, to the hour").waitFor();
  });

  test("on a narrow page what has no column is told all the same", async () => {
    const page = await studio.signedIn(org, "owner", "/studio/settings/integration", { width: 360 });
    const year = String(new Date().getFullYear() + 10);
    const expires_at = `${year}-01-02T03:04:05.000Z`;
    const made = await org.owner.post<{ key: string }>("/api-keys", { name: "Narrow", role: "viewer", expires_at });
    await page.reload();

    const key = page.getByRole("row").filter({ hasText: "Narrow" });
    await key.getByText("viewer", { exact: true }).waitFor();
    for (const fact of [made.body.key.slice(0, 6), "Last used", year, "Created"]) {
      for (const width of [360, 800, 1280]) {
        await page.setViewportSize({ width, height: 780 });
        const shown = `${await page.getByRole("row").first().innerText()} ${await key.innerText()}`;
        expect(shown, `${fact} at ${width}`).toContain(fact);
      }
    }

    await page.setViewportSize({ width: 360, height: 780 });
    await follow(page, "/studio/audit-log");
    const entry = page.getByRole("row").filter({ hasText: "api_key.create" }).first();
    await entry.waitFor();
    for (const fact of ["By", "Target", "Request"]) expect(await entry.innerText()).toContain(fact);
  });

  test("the last owner's can't be revoked, and the API says so", async () => {
    const alone = await Org.create(server);
    const page = await studio.signedIn(alone, "owner", "/studio/settings/integration");

    await page.getByRole("button", { name: /^Revoke / }).click();
    await page.getByRole("button", { name: "Revoke key" }).click();

    await isTold(page, "The last owner key can't be deleted");
  });

  test("what was changed is in the audit log", async () => {
    const page = await studio.signedIn(org, "owner", "/studio/audit-log");

    for (const action of ["api_key.delete", "sip_trunk.update", "agent.update", "webhook_secret.rotate"]) await sees(page, action);
    await page.getByRole("row").filter({ hasText: "agent.update" }).getByRole("link").first().click();
    await page.getByRole("heading", { name: "EMI Reminder Agent" }).waitFor();
  });
});
