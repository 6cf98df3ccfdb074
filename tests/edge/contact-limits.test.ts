// Contact limits: how often a number may be called, by all of an organisation's trunks and agents together.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { created, found, LASTING, Org, Server, useServer } from "./harness.ts";
import type { Accepted, CallObject } from "./shapes.ts";
import { until } from "./until.ts";

const server = useServer();
let org: Org;

beforeEach(async () => {
  org = await Org.create(server);
});

interface Limited {
  error: string;
  next_allowed_at: string | null;
}

const set = async (contact_limits: unknown, of = org) =>
  found(await of.owner.patch<{ contact_limits: unknown }>("/settings", { contact_limits })).contact_limits;

test("limits are shown as they were set, on the organisation and on an agent; null is none", async () => {
  const limits = [{ max_dials: 3, per: "day" }, { max_dials: 100, per: "hour" }, { max_dials: 1, per: "week" }, { min_gap_seconds: 604_800 }];
  expect(await set(limits)).toEqual(limits);
  expect(found(await org.owner.get("/settings"))).toMatchObject({ contact_limits: limits });
  expect(await set(null)).toEqual([]);
  const agent = await org.newAgent({ contact_limits: limits });
  expect(agent).toMatchObject({ contact_limits: limits });
  const path = `/agents/${agent.id}`;
  expect(found(await org.owner.patch(path, { name: "Other" }))).toMatchObject({ contact_limits: limits });
  expect(found(await org.owner.patch(path, { contact_limits: null }))).not.toHaveProperty("contact_limits");
});

const WRONG: unknown[] = [
  "3 a day",
  {},
  [{}],
  [{ max_dials: 3 }],
  [{ per: "day" }],
  [{ max_dials: 0, per: "day" }],
  [{ max_dials: 101, per: "day" }],
  [{ max_dials: 1.5, per: "day" }],
  [{ max_dials: 3, per: "month" }],
  [{ max_dials: 3, per: "day", min_gap_seconds: 60 }],
  [{ max_dials: 3, per: "day", more: 1 }],
  [{ min_gap_seconds: 0 }],
  [{ min_gap_seconds: 604_801 }],
  Array.from({ length: 6 }, () => ({ min_gap_seconds: 60 })),
];

test("what is no limit is refused", async () => {
  for (const contact_limits of WRONG) {
    for (const answer of [await org.owner.patch("/settings", { contact_limits }), await org.owner.patch(`/agents/${org.agent.id}`, { contact_limits })]) {
      expect(answer.status, JSON.stringify(contact_limits)).toBe(400);
      expect(answer.text).toContain("contact_limits must be an array of at most 5 limits");
    }
  }
});

test("beyond a limit a call is refused, says when the number may be called, and nothing is created", async () => {
  await set([{ min_gap_seconds: 3_600 }]);
  const phone_number = "+919876543210";
  const id = await org.call({ phone_number });
  await org.ended(id);
  const first = await org.detail(id);
  const dialed = Date.parse(first.timeline.find(({ event }) => event === "dialing")?.at ?? "");
  const before = found(await org.owner.get<{ calls: unknown[] }>("/calls")).calls.length;
  for (const more of [{}, { dry_run: true }]) {
    const refused = await org.trigger<Limited>({ phone_number, ...more });
    expect(refused.status, refused.text).toBe(409);
    expect(refused.headers.get("x-error-code")).toBe("contact_limit_reached");
    expect(refused.body.error).toBe("Contact limit reached");
    const next = Date.parse(refused.body.next_allowed_at ?? "");
    expect(next - dialed).toBeGreaterThanOrEqual(3_600_000);
    expect(next - dialed).toBeLessThanOrEqual(3_601_100);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(3_601);
  }
  const { next_allowed_at } = found(await org.owner.get<{ next_allowed_at: string }>("/numbers/+919876543210"));
  expect(Date.parse(next_allowed_at) - dialed).toBeLessThanOrEqual(3_601_100);
  const later = { not_before: new Date(Date.now() + 600_000).toISOString(), dry_run: true };
  const foretold = found(await org.trigger<{ would: string; number: { next_allowed_at: string } }>({ phone_number, ...later }));
  expect([foretold.would, foretold.number.next_allowed_at]).toEqual(["schedule", next_allowed_at]);
  expect(found(await org.owner.get<{ calls: unknown[] }>("/calls")).calls).toHaveLength(before);
  await org.call({ phone_number: "+919876543211" });
  // A shorter gap: it is over by itself.
  await set([{ min_gap_seconds: 2 }]);
  await until("the gap to be over", async () => Date.now() > dialed + 3_100);
  await org.call({ phone_number });
});

test("what did not reach a phone is given back, and an agent's limits count its own dials", async () => {
  await set([{ max_dials: 1, per: "day" }]);
  const failing = "+15005550005";
  const id = await org.call({ phone_number: failing });
  await org.ended(id);
  if ((await org.detail(id)).failure?.source === "dialer") {
    await until("the place to be given back", async () => (await org.trigger({ phone_number: failing, dry_run: true })).status === 200);
  }
  await set(null);
  const own = await org.newAgent({ contact_limits: [{ max_dials: 1, per: "week" }] });
  const phone_number = "+919876543212";
  const metadata = org.request()["metadata"];
  const by = (agent_id: string) => org.trigger<Accepted>({ phone_number, agent_id, metadata });
  created(await by(org.agent.id));
  created(await by(own.id));
  expect(await by(own.id)).toMatchObject({ status: 409, body: { error: "Contact limit reached" } });
  created(await by(org.agent.id));
});

test("a scheduled call waits for its number, and says so", async () => {
  await set([{ max_dials: 1, per: "hour" }]);
  const phone_number = "+919876543213";
  await org.ended(await org.call({ phone_number }));
  const not_before = new Date(Date.now() + 1_500).toISOString();
  const not_after = new Date(Date.now() + 7_200_000).toISOString();
  const scheduled = created(await org.trigger<Accepted>({ phone_number, not_before, not_after }));
  await until("it to wait for its number", async () => {
    const call = found(await org.owner.get<CallObject & { schedule: { reason: string } }>(`/calls/${scheduled.call_id}`));
    return call.schedule.reason === "contact_limit" && call.call_status === "Initiating";
  });
});

/** Phones that ring are not answered here. */
const folder = mkdtempSync(join(tmpdir(), "limits-"));
const lasting = new Server({ dataDir: folder, vars: LASTING });
afterAll(async () => {
  await lasting.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("of 50 calls at once to one number over 3 trunks exactly 3 ring, though the Worker is stopped in between", { timeout: 120_000 }, async () => {
  await lasting.start();
  const busy = await Org.create(lasting);
  const trunks = [busy.trunk, await busy.newTrunk(), await busy.newTrunk()];
  await set([{ max_dials: 3, per: "day" }], busy);
  const phone_number = "+919876543214";
  const send = (n: number) => busy.trigger<Accepted>({ phone_number, sip_trunk_id: trunks[n % 3]?.id ?? "" });
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => send(n)));
  const accepted = answers.filter(({ status }) => status === 201).map(({ body }) => body.call_id);
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(3).fill(201), ...Array(47).fill(409)]);
  await lasting.stop();
  await lasting.start();
  await until("three phones to ring", async () => {
    const calls = await Promise.all(accepted.map((id) => busy.detail(id)));
    return calls.every(({ timeline }) => timeline.some(({ event }) => event === "ringing"));
  });
  const more = await Promise.all(Array.from({ length: 6 }, (_, n) => send(n)));
  expect(more.map(({ status }) => status)).toEqual(Array(6).fill(409));
});
