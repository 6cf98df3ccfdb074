// max_calls_per_day: how many calls a trunk accepts per day, in UTC.

import { expect, test } from "vitest";
import { created, FAST, found, Org, useServer } from "./harness.ts";
import type { Refused } from "./shapes.ts";

const server = useServer({ vars: FAST });

const toMidnight = () => (86_400_000 - (Date.now() % 86_400_000)) / 1_000;

test("beyond max_calls_per_day each call of the day is refused, and readable", async () => {
  const org = await Org.create(server, { max_calls_per_day: 2 });
  const first = await org.call();
  await org.call({ on_capacity: "queue" });
  const left = toMidnight();
  const refused = await org.trigger<Refused>();

  expect(refused.status).toBe(429);
  expect(refused.headers.get("x-error-code")).toBe("daily_limit_reached");
  const wait = Number(refused.headers.get("retry-after"));
  expect(wait).toBeGreaterThanOrEqual(1);
  expect(wait).toBeLessThanOrEqual(Math.ceil(left));
  expect(wait).toBeGreaterThan(left - 60);
  expect(refused.body).toEqual({
    error: "Trunk daily limit (max_calls_per_day) reached",
    call_id: expect.any(String),
    status: "rejected",
  });
  expect(await org.detail(refused.body.call_id)).toMatchObject({
    call_status: "Rejected — Capacity",
    is_terminal: true,
    failure: { source: "platform", code: "daily_limit_reached", sip_status_code: null },
  });

  await org.ended(first);
  expect((await org.trigger<Refused>({ on_capacity: "queue" })).status, "a channel is free, the day is full").toBe(429);
  const dry = found(await org.trigger<{ would: string; reason: string }>({ dry_run: true }));
  expect(dry).toMatchObject({ would: "reject", reason: "Trunk daily limit (max_calls_per_day) reached" });
});

test("a limit holds from the answer that set it, and counts the calls of before", async () => {
  const org = await Org.create(server);
  const path = `/sip-trunks/${org.trunk.id}`;
  await org.call();
  await org.call();
  expect(found(await org.owner.patch<{ max_calls_per_day: number }>(path, { max_calls_per_day: 3 })).max_calls_per_day).toBe(3);
  const answers = await Promise.all([1, 2, 3, 4].map(() => org.trigger<unknown>()));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 429, 429, 429]);

  found(await org.owner.patch(path, { max_calls_per_day: null }));
  created(await org.trigger());
});
