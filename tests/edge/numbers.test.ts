// What is known about a number, which numbers a trunk may call, and which ones an organisation wants refused.

import { expect, test } from "vitest";
import { type Client, expectError, FAST, found, Org, useServer } from "./harness.ts";
import { until } from "./until.ts";

const server = useServer({ vars: FAST });

interface Told {
  phone_number: string;
  country: string | null;
  type: string;
  time_zones: string[];
}

const tell = async (client: Client, number: string) => found(await client.get<Told>(`/numbers/${number}`));

test("a number tells the same alone and in a dry run", async () => {
  const org = await Org.create(server);
  const viewer = await org.client("viewer");
  const told = await tell(viewer, encodeURIComponent("+4407400123456"));
  expect(told).toEqual({
    phone_number: "+4407400123456",
    country: "GB",
    country_code: "44",
    type: "mobile",
    is_possible: true,
    time_zones: ["Europe/London"],
    high_risk: false,
    suppressed: false,
    next_allowed_at: null,
    metadata_version: "9.0.43",
    tzdata_version: "2026f",
  });

  const dry = await org.trigger<{ would: string; number: Told }>({ phone_number: "+4407400123456", dry_run: true });
  expect(dry.status).toBe(200);
  expect(dry.body).toMatchObject({ would: "trigger", number: told });

  expectError(await viewer.get("/numbers/4407911123456"), 400, "phone_number must be in E.164 format", "phone_number_not_e164");
  expect(await tell(viewer, "+18002345678")).toMatchObject({ country: "US", type: "toll_free" });
});

test("a destination that is not allowed is refused before anything is created, in a dry run too", async () => {
  const org = await Org.create(server, { destinations: { allow: ["+91", "+1"], deny: ["+1900"] } });
  const path = `/sip-trunks/${org.trunk.id}`;
  for (const [number, more] of [
    ["+447911123456", {}],
    ["+19002345678", { dry_run: true }],
    ["+881612345678", { on_capacity: "queue" }],
  ] as const) {
    const refused = await org.trigger<unknown>({ phone_number: number, ...more });
    expectError(refused, 400, "Destination not allowed", "destination_not_allowed");
  }
  expect((await org.ended(await org.call({ phone_number: "+15005550000" }))).call_status).toBe("Completed");

  found(await org.owner.patch(path, { destinations: { deny: ["+91"] } }));
  await until("the copies to be replaced", async () => (await org.trigger<unknown>({ dry_run: true })).status === 400);
  expect(found(await org.owner.get(path))).toMatchObject({
    destinations: { allow: ["+91", "+1"], deny: ["+91"], high_risk: "deny" },
    max_calls_per_day: null,
  });
});

test("a call that was accepted is answered again under its key, though its destination is closed since", async () => {
  const org = await Org.create(server);
  const headers = { "idempotency-key": "closed-since" };
  const { body: first } = await org.trigger({}, headers);
  found(await org.owner.patch(`/sip-trunks/${org.trunk.id}`, { destinations: { deny: ["+91"] } }));
  await until("the copies to be replaced", async () => (await org.trigger<unknown>({ dry_run: true })).status === 400);

  expect(await org.trigger({}, headers)).toMatchObject({ status: 201, body: first });
});

test("impossible numbers are refused where the organisation asks for it", async () => {
  const org = await Org.create(server);
  const short = { phone_number: "+919876543" };
  await org.call(short);
  found(await org.owner.patch("/settings", { reject_impossible_numbers: true }));
  const refused = await until("the setting to be read", async () => {
    const answer = await org.trigger<unknown>(short);
    return answer.status === 400 && answer;
  });
  expectError(refused, 400, "phone_number is not a possible number", "impossible_number");
  await org.call({ phone_number: "+15005550000" });
});
