// GET /usage: sums of calls, equal to a walk over them, also after they have left.

import { beforeAll, describe, expect, test } from "vitest";
import { type Client, created, expectError, found, METADATA, Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { Agent, ListedCall, Page, Trunk } from "./shapes.ts";
import { until } from "./until.ts";

interface Row {
  key: string | null;
  calls: number;
  answered: number;
  completed: number;
  declined: number;
  failed: Record<string, number>;
  rejected: number;
  talk_seconds: number;
  callbacks: { delivered: number; exhausted: number };
}

const GROUPS = ["hour", "day", "agent", "trunk", "campaign"] as const;
type Group = (typeof GROUPS)[number];

const HOUR_MS = 3_600_000;
const server = useServer();
/** Whatever is over is old here. */
const short = useServer({ vars: { RETENTION_DAYS: "0" } });
const receiver = useReceiver();
let org: Org;
let viewer: Client;
let agent: Agent;
let trunk: Trunk;

/** Of the hours around now, wherever the test runs. */
function query(by: string): string {
  const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const [from, to] = [hour - 2 * HOUR_MS, hour + 2 * HOUR_MS].map((at) => new Date(at).toISOString());
  return `?from=${from}&to=${to}&group_by=${by}`;
}

async function usage(client: Client, by: string): Promise<Row[]> {
  return found(await client.get<{ rows: Row[] }>(`/usage${query(by)}`)).rows;
}

async function place(where: Org, number: string, more: Record<string, unknown> = {}): Promise<string> {
  const url = receiver.url(number.endsWith("1") ? 410 : 200);
  return where.call({ phone_number: number, callback_url: url, ...more });
}

/** Calls so many people for a campaign. */
async function campaign(many: number): Promise<void> {
  const whose = { agent_id: agent.id, sip_trunk_id: trunk.id, callback_url: receiver.url(200) };
  const { id } = created(await org.owner.post<{ id: string }>("/campaigns", { name: "List", ...whose }));
  const recipients = ["+15005550000", "+15005550003"].slice(0, many).map((phone_number) => ({ phone_number, metadata: METADATA }));
  found(await org.owner.post(`/campaigns/${id}/recipients`, { recipients }));
  found(await org.owner.post(`/campaigns/${id}/start`));
}

/** So many calls are over, and their receivers told. */
async function settled(client: Client, count: number): Promise<ListedCall[]> {
  return until("all to be told", async () => {
    const { calls } = found(await client.get<Page<"calls", ListedCall>>("/calls?limit=100"));
    const deliveries = found(await client.get<{ deliveries: object[] }>("/webhooks/deliveries?status=pending")).deliveries;
    return calls.length === count && calls.every(({ is_terminal }) => is_terminal) && deliveries.length === 0 && calls;
  });
}

function keyOf(call: ListedCall, by: Group): string | null {
  const hour = new Date(Math.floor(Date.parse(call.created_at) / HOUR_MS) * HOUR_MS).toISOString();
  return { hour, day: hour.slice(0, 10), agent: call.agent_id, trunk: call.sip_trunk_id, campaign: call.campaign_id }[by];
}

/** What a walk over the calls adds up to. */
function walk(calls: ListedCall[], by: Group): Row[] {
  const keys = [...new Set(calls.map((call) => keyOf(call, by)))].sort((one, other) => ((one ?? "") < (other ?? "") ? -1 : 1));
  return keys.map((key) => {
    const own = calls.filter((call) => keyOf(call, by) === key);
    const ended = (...statuses: string[]) => own.filter(({ call_status }) => statuses.includes(call_status));
    const failed: Record<string, number> = {};
    for (const { failure } of ended("Trigger Failed", "SIP Call Failed")) failed[failure?.code ?? ""] = (failed[failure?.code ?? ""] ?? 0) + 1;
    return {
      key,
      calls: own.length,
      answered: own.filter(({ start_timestamp }) => start_timestamp !== null).length,
      completed: ended("Completed").length,
      declined: ended("Decline").length,
      failed,
      rejected: ended("Rejected — Capacity").length,
      talk_seconds: own.reduce((sum, { duration }) => sum + (duration ?? 0), 0),
      callbacks: {
        delivered: own.filter(({ phone_number }) => !phone_number.endsWith("1")).length,
        exhausted: own.filter(({ phone_number }) => phone_number.endsWith("1")).length,
      },
    };
  });
}

const NUMBERS = ["+15005550000", "+15005550001", "+15005550003", "+15005550004", "+15005550005", "+15005550009", "+15005550001"];

beforeAll(async () => {
  org = await Org.create(server);
  viewer = await org.client("viewer");
  agent = await org.newAgent();
  trunk = await org.newTrunk();
});

describe("GET /usage", () => {
  test("is empty where there are no calls", async () => {
    for (const by of GROUPS) expect(await usage(viewer, by)).toEqual([]);
  });

  test("is by each grouping what a walk over GET /calls adds up to", async () => {
    for (const [at, number] of NUMBERS.entries()) {
      await place(org, number, { agent_id: [org.agent.id, agent.id][at % 2], sip_trunk_id: [org.trunk.id, trunk.id][at % 3 === 0 ? 0 : 1] });
    }
    for (const many of [1, 2]) await campaign(many);
    const calls = await settled(org.owner, NUMBERS.length + 3);
    for (const by of GROUPS) expect(await usage(viewer, by), by).toEqual(walk(calls, by));
    expect((await usage(viewer, "agent")).length).toBe(2);
    expect((await usage(viewer, "campaign")).map((row) => row.calls).toSorted()).toEqual([1, 2, NUMBERS.length]);
  });

  test("counts a call in progress, one that is scheduled and one that is refused", async () => {
    const other = await Org.create(server, { max_channels: 1 });
    await other.call({ phone_number: "+15005550006" });
    await other.trigger({});
    await other.trigger({ not_before: new Date(Date.now() + 2 * HOUR_MS).toISOString() });
    const [row] = await until("the answer", async () => {
      const rows = await usage(other.owner, "trunk");
      return rows[0]?.answered === 1 && rows;
    });
    expect(row).toMatchObject({ key: other.trunk.id, calls: 3, answered: 1, completed: 0, rejected: 1, failed: {}, talk_seconds: 0 });
  });

  test("is the same when the calls have left", { timeout: 120_000 }, async () => {
    const gone = await Org.create(short);
    for (const number of NUMBERS) await place(gone, number);
    await until("the calls to leave", async () => {
      await short.local.runCron();
      return found(await gone.owner.get<Page<"calls", ListedCall>>("/calls")).calls.length === 0;
    });
    const [row, ...others] = await usage(gone.owner, "campaign");
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      key: null,
      calls: NUMBERS.length,
      answered: 2,
      completed: 2,
      declined: 2,
      failed: { no_answer: 1, carrier_error: 1, dialer_unavailable: 1 },
      rejected: 0,
      callbacks: { delivered: 5, exhausted: 2 },
    });
  });

  test("tells of whole hours, 31 days at most, and says what is missing or wrong", async () => {
    const [from, to, by] = ["from=2026-11-01T00:00:00Z", "to=2026-11-02", "group_by=day"];
    const span = "to must be after from, by at most 31 days";
    const groups = "group_by must be one of hour, day, agent, trunk, campaign";
    for (const [query, error] of [
      [[to, by], "from is required"],
      [[from, by], "to is required"],
      [[from, to], "group_by is required"],
      [[from, "to=2026-11-01", by], span],
      [[from, "to=2026-10-31", by], span],
      [[from, "to=2026-12-02T00:00:00.001Z", by], span],
      [[from, to, "group_by=week"], groups],
      [[from, to, "group_by=hour,day"], groups],
      [[from, to, by, by], "query parameter given twice: group_by"],
      [[from, to, by, "agent_id=loans"], "unknown query parameter: agent_id"],
      [["from=yesterday", to, by], "from must be an ISO 8601 time"],
    ] as const) {
      expectError(await viewer.get(`/usage?${query.join("&")}`), 400, error);
    }
    expect((await viewer.get(`/usage?${[from, "to=2026-12-02T00:00:00Z", by].join("&")}`)).status).toBe(200);
    const hours = async (from: string, to: string) => {
      const { rows } = found(await viewer.get<{ rows: { key: string }[] }>(`/usage?from=${from}&to=${to}&group_by=hour`));
      return rows.map(({ key }) => key);
    };
    const soon = new Date(Date.now() + 1_000).toISOString();
    const now = new Date(Date.now() - 1).toISOString();
    // Times within an hour tell of all of it.
    expect(await hours(now, soon)).not.toEqual([]);
    const india = "from=2026-11-01T05:30:00%2B05:30";
    expect((await viewer.get(`/usage?${[india, to, by].join("&")}`)).status).toBe(200);
  });
});
