// The usage page: a plot and a table by hours, days, agents, trunks and campaigns.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { hoursOf } from "../../studio/src/lib/days.ts";
import { created, found, METADATA, noNetwork, Org, useServer } from "../edge/harness.ts";
import type { Agent, ListedCall, Page as Listed, Trunk } from "../edge/shapes.ts";
import { until } from "../edge/until.ts";
import { sees, useStudio, WATCHABLE } from "./browser.ts";

const server = useServer({ vars: WATCHABLE, outboundService: noNetwork });
const studio = useStudio(server);
const [ANSWERS, BUSY] = ["+15005550000", "+15005550001"];

let org: Org;
let agent: Agent;
let trunk: Trunk;
let campaign: string;
let calls: ListedCall[];

beforeAll(async () => {
  org = await Org.create(server);
  [agent, trunk] = [await org.newAgent({ name: "Second agent" }), await org.newTrunk({ name: "Second trunk" })];
  await org.call({ phone_number: ANSWERS });
  await org.call({ phone_number: BUSY, agent_id: agent.id });
  await org.call({ phone_number: BUSY, sip_trunk_id: trunk.id });
  const whose = { agent_id: org.agent.id, sip_trunk_id: org.trunk.id };
  campaign = created(await org.owner.post<{ id: string }>("/campaigns", { name: "June reminders", ...whose })).id;
  const recipients = [ANSWERS, BUSY].map((phone_number) => ({ phone_number, metadata: METADATA }));
  found(await org.owner.post(`/campaigns/${campaign}/recipients`, { recipients }));
  found(await org.owner.post(`/campaigns/${campaign}/start`));
  calls = await until("all calls to be over", async () => {
    const all = found(await org.owner.get<Listed<"calls", ListedCall>>("/calls")).calls;
    return all.length === 5 && all.every(({ is_terminal }) => is_terminal) && all;
  });
});

const rows = (page: Page) =>
  page
    .getByRole("region", { name: "Usage", exact: true })
    .getByRole("row")
    .filter({ has: page.getByRole("cell") });

/** The table by what its rows are for: how many calls, and how many answered. */
async function table(page: Page): Promise<Record<string, [number, number]>> {
  const texts = await rows(page).evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll("td")].map((cell) => (cell as HTMLElement).innerText.trim())),
  );
  return Object.fromEntries(texts.map(([name = "", all, answered]) => [name, [Number(all), Number(answered)]]));
}

/** What the bars are for that have calls, as the plot says it. */
const bars = (page: Page) =>
  page
    .locator("figure.bars title")
    .evaluateAll((all) => all.map((title) => title.textContent ?? "").filter((text) => !text.includes(": 0 calls")));

/** How long the bars of all calls are, in calls. */
const lengths = (page: Page) =>
  page.locator("figure.bars rect.all").evaluateAll((all) => all.map((bar) => Number(bar.getAttribute("width"))));

test("usage by agent, trunk and campaign: a bar and a row for each, by name, that leads to it", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/usage?group_by=agent");
  const groups: [string, string, Record<string, [number, number]>, string][] = [
    ["agent", "Agent", { [org.agent.name]: [4, 2], "Second agent": [1, 0] }, `/studio/agents/${agent.id}`],
    ["trunk", "Trunk", { [org.trunk.name]: [4, 2], "Second trunk": [1, 0] }, `/studio/trunks/${trunk.id}`],
    ["campaign", "Campaign", { "June reminders": [2, 1], "No campaign": [3, 1] }, `/studio/campaigns/${campaign}`],
  ];
  for (const [by, head, wanted, link] of groups) {
    await page.getByLabel("By", { exact: true }).selectOption(by);
    await page.getByRole("columnheader", { name: head, exact: true }).waitFor();
    await until("the names", () => sameAs(page, wanted));
    expect((await bars(page)).toSorted()).toEqual(
      Object.entries(wanted)
        .map(([name, [all, answered]]) => `${name}: ${all} calls, ${answered} answered`)
        .toSorted(),
    );
    expect((await lengths(page)).toSorted()).toEqual(
      Object.values(wanted)
        .map(([all]) => all)
        .toSorted(),
    );
    const name = await rows(page).locator(`a[href="${link}"]`).innerText();
    expect(wanted).toHaveProperty([name]);
  }
  await page.getByRole("link", { name: "June reminders" }).click();
  await page.waitForURL(`**/studio/campaigns/${campaign}`);
});

async function sameAs(page: Page, wanted: object): Promise<boolean> {
  const told = await table(page);
  const sorted = (it: object) => JSON.stringify(Object.entries(it).toSorted());
  return sorted(told) === sorted(wanted);
}

test.for(["00:00:00.000", "12:30:00.000", "22:59:59.999", "23:00:00.000", "23:59:59.999"])(
  "at %s the last days are as many as are asked for",
  (time) => {
    const iso = (days: number) => hoursOf(days, Date.parse(`2026-11-30T${time}Z`)).map((at) => new Date(at).toISOString().slice(0, 13));
    const [, to = ""] = iso(1);
    expect(Date.parse(`${to}:00:00Z`) - Date.parse(`2026-11-30T${time}Z`)).toBeGreaterThan(0);
    expect(iso(1)[0]).toBe(to.startsWith("2026-12-01") ? "2026-11-30T00" : `2026-11-29T${to.slice(11)}`);
    expect(iso(7)).toEqual(["2026-11-24T00", to]);
    expect(iso(31)).toEqual(["2026-10-31T00", to]);
  },
);

test("usage by hour and day: a place for each, a row for those with calls, as many as the list of calls has", async () => {
  const page = await studio.signedIn(org, "viewer", "/studio/usage");
  for (const [by, days, places, length] of [
    ["day", "7", 7, 10],
    ["hour", "1", 24, 13],
  ] as const) {
    await page.getByLabel("By", { exact: true }).selectOption(by);
    await page.getByLabel("Of the last").selectOption(days);
    const wanted: Record<string, [number, number]> = {};
    for (const { created_at, start_timestamp } of calls) {
      const key = by === "day" ? created_at.slice(0, length) : `${created_at.slice(0, 10)} ${created_at.slice(11, 13)}:00`;
      const [all, answered] = wanted[key] ?? [0, 0];
      wanted[key] = [all + 1, answered + (start_timestamp ? 1 : 0)];
    }
    // The table says nothing of places without calls: it is the same before and after the second choice.
    await until(`the ${by}s`, async () => (await lengths(page)).length === places && (await sameAs(page, wanted)));
    expect(await bars(page)).toEqual(
      Object.entries(wanted)
        .toSorted()
        .map(([name, [all, answered]]) => `${name}: ${all} calls, ${answered} answered`),
    );
  }
});

test("why calls failed is said in words, and that there are none as well", async () => {
  const other = await Org.create(server);
  const page = await studio.signedIn(other, "viewer", "/studio/usage?group_by=trunk");
  await sees(page, "No calls in this period");
  for (const phone_number of ["+15005550003", "+15005550003", "+15005550004"]) await other.ended(await other.call({ phone_number }));
  await page.reload();
  await sees(page, /^No answer 2, Carrier error 1$/);
});
