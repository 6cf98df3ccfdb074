// What Studio computes by itself: a trunk's use from its calls, code samples, and signatures.

import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { check, readHeaders } from "../../studio/src/lib/signature.ts";
import { HOUR_MS } from "../../studio/src/lib/days.ts";
import { agreeing, type Held, held, rates, series, withCalls } from "../../studio/src/lib/usage.ts";

const NOW = 1_750_000_000_000;

const history = (...held: Held[]) => ({ calls: new Map(held.map((call, at) => [String(at), call])), since: NOW - HOUR_MS });
const minutes = (ago: number) => NOW - ago * 60_000;

describe("a trunk's use", () => {
  test("is the most calls at once within each step, and at the end what is live", () => {
    const { at, inUse } = series(
      history({ from: minutes(30), until: minutes(20) }, { from: minutes(25), until: minutes(10) }, { from: minutes(5), until: null }),
      NOW,
    );

    const then = (ago: number) => inUse[at.findIndex((second) => second * 1_000 >= minutes(ago))];
    expect([then(40), then(29), then(23), then(15), then(8), then(3)]).toEqual([0, 1, 2, 1, 0, 1]);
    expect(inUse.at(-1)).toBe(1);
    expect(Math.max(...inUse)).toBe(2);
    expect(at.at(-1)).toBe(NOW / 1_000);
  });

  test("counts calls that began before the hour, not those that were refused", () => {
    const { inUse } = series(history({ from: minutes(65), until: minutes(50) }, { from: minutes(40), until: minutes(40) }), NOW);

    expect(Math.max(...inUse)).toBe(1);
    expect(inUse.filter((value) => value > 0).length).toBeGreaterThan(30);
  });

  test("a call shorter than a step is not lost", () => {
    const { inUse } = series(history({ from: minutes(30) + 1_000, until: minutes(30) + 2_000 }), NOW);

    expect(inUse.filter((value) => value === 1)).toHaveLength(1);
  });

  test("its rate is of any one second", () => {
    const burst = [0, 100, 999, 1_000, 1_500].map((ms) => ({ from: minutes(10) + ms, until: NOW }));

    expect(rates(history(...burst, { from: NOW - 500, until: null }), NOW)).toEqual({ current: 1, peak: 3 });
  });
});

describe("who holds a channel", () => {
  type Listed = Parameters<typeof held>[0];
  const iso = (ago: number) => new Date(minutes(ago)).toISOString();
  const listed = (id: string, dialed: number | null, ended: number | null) =>
    ({ id, created_at: iso(30), dialed_at: dialed && iso(dialed), end_timestamp: ended && iso(ended) }) as unknown as Listed;
  const live = (...calls: [id: string, since: number][]) =>
    ({ calls: calls.map(([call_id, since]) => ({ call_id, since: iso(since) })) }) as Parameters<typeof agreeing>[1];
  const inUse = (known: Parameters<typeof series>[0]) => series(known, NOW).inUse;

  test("a call does from its dial on: none while it waits, and none if it never was dialed", () => {
    expect(held(listed("waits", null, null))).toBeNull();
    expect(held(listed("refused", null, 30))).toBeNull();
    expect(held(listed("dialed", 20, null))).toEqual({ from: minutes(20), until: null });
    expect(held(listed("over", 20, 10))).toEqual({ from: minutes(20), until: minutes(10) });
  });

  test("thirty calls that wait for five channels are never more than five", () => {
    // They came together, and five at a time were dialed, for a minute each.
    const calls = Array.from({ length: 30 }, (_, at) => {
      const dialed = 28 - Math.floor(at / 5);
      return listed(String(at), dialed, dialed - 1);
    });

    expect(Math.max(...inUse(withCalls(history(), calls)))).toBe(5);
    const waiting = calls.map(({ id }, at) => (at < 5 ? listed(id, 28, null) : listed(id, null, null)));
    expect(inUse(withCalls(history(), waiting)).at(-1)).toBe(5);
    expect(rates(withCalls(history(), waiting), NOW).peak).toBe(5);
  });

  test("who was heard to be over does not begin again", () => {
    const over = withCalls(history(), [listed("a", 20, 10)]);

    expect(withCalls(over, [listed("a", 20, null)]).calls.get("a")).toEqual({ from: minutes(20), until: minutes(10) });
  });

  test("who is not live any more is over, though its end was not heard of; who has been for longer than an hour is there", () => {
    const known = withCalls(history(), [listed("gone", 20, null), listed("stays", 15, null), listed("newer", 1, null)]);

    const agreed = agreeing(known, live(["stays", 15], ["old", 90]));

    expect(agreed.calls.get("gone")).toEqual({ from: minutes(20), until: minutes(15) });
    expect(agreed.calls.get("stays")?.until).toBeNull();
    expect(agreed.calls.get("newer")?.until).toBeNull(); // dialed after that was asked, for all one knows
    expect(agreed.calls.get("old")).toEqual({ from: minutes(90), until: null });
    expect(inUse(agreeing(known, live(["stays", 15], ["newer", 1]))).at(-1)).toBe(2);
  });
});

describe("the signature checker", () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const body = '{"event":"call.completed"}';
  const at = new Date(1_750_000_000_000);
  const headers = [
    `X-Audatec-Signature: ${createHmac("sha256", secret).update(body).digest("hex")}`,
    "webhook-id: 5c0e9f34-2f6b-4d0a-8d57-0f6a7f1b2c3d",
    "webhook-timestamp: 1750000000",
    `webhook-signature: v1,bm90IGl0 ${new Webhook(secret).sign("5c0e9f34-2f6b-4d0a-8d57-0f6a7f1b2c3d", at, body)}`,
  ];
  const verdicts = async (given: { body?: string; headers?: string; secret?: string }) =>
    (await check({ body, headers: headers.join("\n"), secret, ...given })).map(({ isValid }) => isValid);

  test("agrees with Node's crypto and with Standard Webhooks", async () => {
    expect(await verdicts({})).toEqual([true, true]);
    expect(await verdicts({ body: `${body}\n` })).toEqual([false, false]);
    expect(await verdicts({ secret: `whsec_${Buffer.alloc(32, 8).toString("base64")}` })).toEqual([false, false]);
    expect(await verdicts({ headers: headers.slice(1, 3).join("\n") })).toEqual([]);
    expect(await verdicts({ headers: headers.filter((_, line) => line !== 1).join("\n") })).toEqual([true, false]);
    expect(await verdicts({ secret: "not base64 at all!" })).toEqual([false, false]);
  });

  test("reads header lines, JSON, and a bare signature", () => {
    expect(Object.fromEntries(readHeaders("Webhook-Id: a\r\nX-Audatec-Signature:  00ff \n"))).toEqual({
      "webhook-id": "a",
      "x-audatec-signature": "00ff",
    });
    expect(Object.fromEntries(readHeaders('{"webhook-id": "a", "webhook-signature": "v1,AA== v1,BB=="}'))).toEqual({
      "webhook-id": "a",
      "webhook-signature": "v1,AA== v1,BB==",
    });
    expect(readHeaders("ab".repeat(32)).get("x-audatec-signature")).toBe("ab".repeat(32));
    expect(readHeaders("v1,AA==").get("webhook-signature")).toBe("v1,AA==");
  });
});
