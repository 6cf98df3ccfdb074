// What is promised about a number holds under kill -9 as well: it is called as often as contact limits allow, and not at all once
// its suppression was confirmed. The carrier's journal of dials is outside of everything that the Worker stores.

import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { Accepted, CallObject, Live } from "../edge/shapes.ts";
import { until } from "../edge/until.ts";
import { type Answer, Run } from "./run.ts";

/** A place that was reserved for a call that there never was is free again after a minute. */
const LAPSED_MS = 75_000;

let run: Run | undefined;
afterEach(async () => {
  await run?.end();
  run = undefined;
});

test("of 50 calls at once to one number over 3 trunks exactly 3 ring, though all is killed in between", { timeout: 240_000 }, async () => {
  run = await Run.begin({ SIM_RING_MS: "50", SIM_TALK_MS: "200" });
  const server = run;
  const limits = { max_cps: 1_000, max_channels: 1_000 };
  const trunks = [server.trunk];
  await server.insist("PATCH", `/sip-trunks/${server.trunk}`, limits);
  for (const name of ["Second", "Third"]) {
    const trunk = await server.insist<{ id: string }>("POST", "/sip-trunks", { name, trunk_phone: "+918069000000", carrier: { type: "simulator" }, ...limits });
    expect(trunk.status).toBe(201);
    trunks.push(trunk.body.id);
  }
  expect((await server.insist("PATCH", "/settings", { contact_limits: [{ max_dials: 3, per: "day" }] })).status).toBe(200);
  const phone = "+919876543214";
  const wanted = (n: number) => ["POST", "/calls", server.call(phone, { sip_trunk_id: trunks[n % 3] }), `call-${n}`] as const;
  const calls = new Set<string>();
  const take = (answer: Answer<Accepted> | undefined) => {
    if (answer?.status === 201) calls.add(answer.body.call_id);
    return answer?.status;
  };
  const first = Array.from({ length: 50 }, async (_, n) => take(await server.ask<Accepted>(...wanted(n))));
  // As soon as one is answered the others are under way.
  await Promise.race(first);
  await server.dies();
  await Promise.all(first);
  const again = await Promise.all(Array.from({ length: 50 }, async (_, n) => take(await server.insist<Accepted>(...wanted(n)))));
  expect(again.filter((status) => status !== 201 && status !== 409)).toEqual([]);
  // A place that was reserved when the process died is free again after a minute: then others get it, until three rang.
  let more = 50;
  await until(
    "three phones to ring",
    async () => {
      take(await server.insist<Accepted>(...wanted(more++)));
      await delay(500);
      return server.rung().length >= 3;
    },
    LAPSED_MS,
  );
  await server.dies();
  for (let n = 0; n < 6; n++) expect((await server.insist(...wanted(more++))).status).toBe(409);
  await until("all to be over", async () => {
    const all = await Promise.all([...calls].map((id) => server.insist<CallObject>("GET", `/calls/${id}`)));
    return all.every(({ body }) => body.is_terminal);
  });
  expect(new Set(server.rung())).toEqual(calls);
  expect(server.rung()).toHaveLength(3);
});

test("of 200 calls that wait in line and on the schedule for a number when it is suppressed none rings, though all is killed in between", { timeout: 240_000 }, async () => {
  run = await Run.begin({ SIM_RING_MS: "600000", RING_TIMEOUT_SECONDS: "3600", MAX_CALL_SECONDS: "3600" });
  const server = run;
  await server.insist("PATCH", `/sip-trunks/${server.trunk}`, { max_cps: 1_000, max_channels: 1 });
  const holder = await server.insist<Accepted>("POST", "/calls", server.call("+919876543215"), "holder");
  expect(holder.status).toBe(201);
  await until("the only channel to be taken", () => server.rung().length === 1);
  const phone = "+919876543216";
  const not_before = new Date(Date.now() + 25_000).toISOString();
  const later = { not_before, not_after: new Date(Date.now() + 3_600_000).toISOString() };
  const waiting = { on_capacity: "queue", max_wait_seconds: 3_600 };
  const calls: string[] = [];
  for (let n = 0; n < 200; n += 20) {
    const some = Array.from({ length: 20 }, (_, at) => at + n);
    const answers = await Promise.all(some.map((at) => server.insist<Accepted>("POST", "/calls", server.call(phone, at % 2 ? later : waiting), `call-${at}`)));
    for (const { status, body } of answers) {
      expect(status).toBe(201);
      calls.push(body.call_id);
    }
  }
  expect(new Set(calls).size).toBe(200);
  await server.dies();
  const suppressed = await server.insist("POST", "/suppressions", { phone_number: phone });
  expect([200, 201]).toContain(suppressed.status);
  await server.dies();
  // Now there is room for all of them, and the time of those on the schedule comes.
  await server.insist("PATCH", `/sip-trunks/${server.trunk}`, { max_channels: 1_000 });
  await until("the scheduled ones to be due", () => Date.now() > Date.parse(not_before) + 3_000, 60_000);
  for (const id of calls) {
    const { body } = await server.insist<CallObject>("GET", `/calls/${id}`);
    expect(body.call_status, JSON.stringify(body)).toBe("Trigger Failed");
    expect(body.failure).toMatchObject({ source: "platform", code: "number_suppressed" });
  }
  expect(server.rung()).toEqual([holder.body.call_id]);
  const live = await server.insist<Live>("GET", `/sip-trunks/${server.trunk}/live`);
  expect(live.body).toMatchObject({ in_use: 1, waiting: 0 });
});
