// Calling hours: a call that arrives while they are closed waits for the next opening, or is refused; and who may ignore them.

import { beforeEach, expect, test } from "vitest";
import { created, expectError, found, Org, useServer } from "./harness.ts";
import type { Accepted, CallObject } from "./shapes.ts";

const server = useServer();
let org: Org;

const HOUR = 3_600_000;
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** Hours of UTC that open one to two hours from now, for an hour. */
function later() {
  const opens = (Math.floor(Date.now() / HOUR) + 2) * HOUR;
  const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
  const hour = new Date(opens).getUTCHours();
  const window = { days: DAYS, from: clock(hour), to: clock(hour + 1) };
  return { opensAt: new Date(opens).toISOString(), hours: { time_zone: "Etc/UTC", windows: [window] } };
}

const set = async (hours: unknown) => found(await org.owner.patch<{ calling_hours: unknown }>("/settings", { calling_hours: hours }));

const numberOfCalls = async () => found(await org.owner.get<{ calls: unknown[] }>("/calls")).calls.length;

beforeEach(async () => {
  org = await Org.create(server);
});

test("a call that comes while they are closed is scheduled for the next opening, and says why", async () => {
  const { opensAt, hours } = later();
  await set(hours);

  const accepted = created(await org.trigger<Accepted & { scheduled_for: string }>());

  expect(accepted).toMatchObject({ status: "scheduled", scheduled_for: opensAt });
  const call = found(await org.owner.get<CallObject & { schedule: object }>(`/calls/${accepted.call_id}`));
  expect(call).toMatchObject({
    call_status: "Initiating",
    schedule: { not_before: null, scheduled_for: opensAt, time_zone: "Etc/UTC", reason: "calling_hours" },
  });
  const foretold = await org.trigger<unknown>({ dry_run: true });
  expect(foretold.status).toBe(200);
  expect(foretold.body).toMatchObject({ dry_run: true, would: "schedule", reason: "calling_hours", scheduled_for: opensAt });
});

test("hours that refuse answer 409 with when they open, and nothing is created", async () => {
  const { opensAt, hours } = later();
  await set({ ...hours, on_closed: "reject" });

  for (const answer of [await org.trigger<unknown>(), await org.trigger<unknown>({ dry_run: true })]) {
    expect(answer.status).toBe(409);
    expect(answer.headers.get("x-error-code")).toBe("outside_calling_hours");
    expect(answer.body).toEqual({ error: "Outside calling hours", opens_at: opensAt });
    const seconds = (Date.parse(opensAt) - Date.now()) / 1000;
    expect(Math.abs(Number(answer.headers.get("retry-after")) - seconds)).toBeLessThan(30);
  }
  expect(await numberOfCalls()).toBe(0);
});

test("a call that may wait no longer than they are closed is refused at once, and one that may for a second is not", async () => {
  const { opensAt, hours } = later();
  await set({ ...hours, on_closed: "wait" });
  const opens = Date.parse(opensAt);
  const until = (ms: number) => ({ not_after: new Date(opens + ms).toISOString() });

  for (const not_after of [until(0), until(-HOUR / 4)]) {
    const answer = await org.trigger<unknown>(not_after);
    expect([answer.status, answer.headers.get("x-error-code"), answer.body]).toEqual([409, "outside_calling_hours", { error: "Outside calling hours", opens_at: opensAt }]);
  }
  expect(await numberOfCalls()).toBe(0);
  expect(created(await org.trigger(until(1_000)))).toMatchObject({ status: "scheduled", scheduled_for: opensAt });
});

test("hours that never open say so, and to come back in a day", async () => {
  const [past] = [new Date(Date.now() - 40 * 24 * HOUR).toISOString().slice(0, 10)];
  const never = { time_zone: "Etc/UTC", windows: [{ days: DAYS, from: "10:00", to: "11:00" }], closed_dates: [past] };
  await set({ ...later().hours, on_closed: "reject" });
  const [from, to] = later().hours.windows[0]?.from === "12:00" ? ["13:00", "14:00"] : ["12:00", "13:00"];
  const path = `/agents/${org.agent.id}`;
  found(await org.owner.patch(path, { calling_hours: { ...never, windows: [{ days: DAYS, from, to }] } }));

  const answer = await org.trigger<unknown>();

  expect([answer.status, answer.body]).toEqual([409, { error: "Outside calling hours", opens_at: null }]);
  expect(answer.headers.get("retry-after")).toBe("86400");
});

test("a request says where the phone is; what does not tell it, and has no fallback, is 409", async () => {
  await set({ ...later().hours, time_zone: "callee", windows: [{ days: DAYS, from: "00:00", to: "24:00" }] });

  expect(created(await org.trigger()).status).toBe("triggered");
  const anywhere = { phone_number: "+79161234567" };
  expectError(await org.trigger<unknown>(anywhere), 409, "Time zone of the number is unknown", "time_zone_unknown");
  for (const zone of ["Mars/Olympus", "callee", "", 1]) {
    expectError(await org.trigger<unknown>({ time_zone: zone }), 400, "time_zone must be an IANA time zone", "field_invalid");
  }
});

test("an agent's hours are its own", async () => {
  const { opensAt, hours } = later();
  const agent = await org.newAgent({ calling_hours: hours });

  expect(created(await org.trigger<Accepted>({ agent_id: agent.id }))).toMatchObject({ status: "scheduled", scheduled_for: opensAt });
  expect(created(await org.trigger()).status).toBe("triggered");
});

test("an admin may ignore them, which the audit log tells; nobody below may", async () => {
  await set({ ...later().hours, on_closed: "reject" });
  const urgent = org.request({ ignore_calling_hours: true });
  const admin = await org.client("admin");

  const refused = await org.trigger<unknown>({ ignore_calling_hours: true });
  expectError(refused, 403, "This API key's role (member) can't do this; it needs admin", "role_too_low");
  expect(created(await admin.post<Accepted>("/calls", urgent)).status).toBe("triggered");

  const log = found(await org.owner.get<{ entries: { action: string; target: string }[] }>("/audit-log"));
  expect(log.entries[0]).toMatchObject({ action: "calling_hours.ignore", target: "+919876543210" });
  expectError(await org.trigger<unknown>({ ignore_calling_hours: "yes" }), 400, "ignore_calling_hours must be true or false", "field_invalid");
});
