// What an integrator's server sees: one event under one id until it is accepted, signed so that it can be trusted.

import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { beforeAll, describe, expect, test } from "vitest";
import { type Client, expectError, found, Org, useServer } from "./harness.ts";
import { type Received, useReceiver } from "./receiver.ts";
import { type CallObject, DELIVERY_FIELDS, type DeliveryObject, type FullNotification, HEX_SHA256, type Secret, TIMESTAMP, UUID } from "./shapes.ts";
import { until } from "./until.ts";

const server = useServer();
const receiver = useReceiver();
let org: Org;
let admin: Client;

beforeAll(async () => {
  org = await Org.create(server);
  admin = await org.client("admin");
});

/** A call whose result goes to `url`; resolves when its delivery has this status. */
async function delivery(url: string, status: DeliveryObject["status"]): Promise<DeliveryObject> {
  const id = await org.call({ callback_url: url });
  return until(`the callback to be ${status}`, async () => {
    const { callback } = await org.detail(id);
    return callback?.status === status && callback;
  });
}

function signatures({ headers }: Received): string[] {
  return String(headers["webhook-signature"]).split(" ");
}

function verifies({ body, headers }: Received, secret: string): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

function plainSignature(body: string, secret: string): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

describe("delivering", () => {
  test("a receiver that answers 500 twice, then 200, gets the same body three times under one webhook-id", async () => {
    const url = receiver.url(500, 500, 200);

    const done = await delivery(url, "delivered");

    const received = receiver.received(url);
    expect(received).toHaveLength(3);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([done.id]));
    expect(done.attempts.map(({ status_code }) => status_code)).toEqual([500, 500, 200]);
    for (const request of received) expect(verifies(request, org.webhookSecret)).toBe(true);
  });

  test("each attempt waits for its step of the schedule", async () => {
    const url = receiver.url(500);

    const { attempts } = await delivery(url, "exhausted");

    const [first, second, third] = attempts.map(({ at }) => Date.parse(at));
    expect(Number(second) - Number(first)).toBeGreaterThanOrEqual(50);
    expect(Number(third) - Number(second)).toBeGreaterThanOrEqual(100);
  });

  test("after the last attempt of the schedule the delivery is exhausted and visible, and nothing more is sent", async () => {
    const url = receiver.url(500);

    const done = await delivery(url, "exhausted");

    expect(done.attempts).toHaveLength(3);
    expect(done.next_attempt_at).toBeNull();
    expect(receiver.received(url)).toHaveLength(3);
    const listed = found(await admin.get<{ deliveries: DeliveryObject[] }>("/webhooks/deliveries?status=exhausted"));
    expect(listed.deliveries.map(({ id }) => id)).toContain(done.id);
  });

  test.for([200, 201, 202, 204, 299])("%i is success", async (status) => {
    const url = receiver.url(status);

    expect((await delivery(url, "delivered")).attempts.map(({ status_code }) => status_code)).toEqual([status]);
  });

  test.for([301, 302, 303, 307, 308])("a redirect (%i) is a failure and never followed", async (status) => {
    const elsewhere = receiver.url();
    const url = receiver.url({ status, headers: { location: elsewhere } }, 200);

    const done = await delivery(url, "delivered");

    expect(done.attempts.map(({ status_code }) => status_code)).toEqual([status, 200]);
    expect(receiver.received(elsewhere)).toEqual([]);
  });

  test("410 stops a delivery", async () => {
    const url = receiver.url(410);

    const done = await delivery(url, "exhausted");

    expect(done.attempts).toHaveLength(1);
    expect(done.next_attempt_at).toBeNull();
  });

  test("a receiver that does not answer in time is asked again", async () => {
    const url = receiver.url({ status: 0, hang: true }, 200);

    const { attempts } = await delivery(url, "delivered");

    expect(attempts).toHaveLength(2);
    expect(attempts[0]).toMatchObject({ status_code: null, error: expect.stringMatching(/\S/) });
    expect(attempts[0]?.duration_ms).toBeGreaterThanOrEqual(900);
  });

  test("a receiver that closes the connection is asked again", async () => {
    const url = receiver.url({ status: 0, drop: true }, 200);

    const { attempts } = await delivery(url, "delivered");

    expect(attempts[0]).toMatchObject({ status_code: null, error: expect.stringMatching(/\S/) });
  });

  test("a receiver that is not there exhausts the schedule", async () => {
    const { attempts } = await delivery("http://127.0.0.1:1/", "exhausted");

    expect(attempts).toHaveLength(3);
  });

  test("the 2xx status line is success, however slowly a body follows", async () => {
    // One that waited for the body would take the whole second each time; the machine may be busy for once.
    const took: number[] = [];
    while (took.length < 5 && !took.some((ms) => ms < 900)) {
      const { attempts } = await delivery(receiver.url({ status: 200, endless: true }), "delivered");
      expect(attempts.map(({ status_code }) => status_code)).toEqual([200]);
      took.push(attempts[0]?.duration_ms ?? Number.NaN);
    }
    expect(Math.min(...took)).toBeLessThan(900);
  });

  test("a hanging receiver holds up no other", async () => {
    const hanging = receiver.url({ status: 0, hang: true });
    const calls = await Promise.all(Array.from({ length: 10 }, () => org.call({ callback_url: hanging })));
    const startedAt = performance.now();

    await delivery(receiver.url(), "delivered");

    // One after the other they would take 10 s, and each is tried three times.
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    for (const id of calls) await org.ended(id);
  });

  test("40 calls make exactly 40 callbacks, one for each", async () => {
    const url = receiver.url();
    const calls = await Promise.all(Array.from({ length: 40 }, () => org.call({ callback_url: url })));

    for (const id of calls) {
      await until(`the callback of ${id}`, async () => (await org.detail(id)).callback?.status === "delivered");
    }

    expect(receiver.notifications(url).map(({ call_id }) => call_id).sort()).toEqual([...calls].sort());
  });

  test("a call without a callback_url has no callback", async () => {
    const id = await org.call();
    await org.ended(id);

    expect((await org.detail(id)).callback).toBeNull();
  });
});

describe("signing", () => {
  test("an independent Standard Webhooks library accepts a callback, and no changed one", async () => {
    const url = receiver.url();
    await delivery(url, "delivered");
    const [received] = await receiver.expect(url);

    expect(verifies(received, org.webhookSecret)).toBe(true);
    expect(verifies({ ...received, body: received.body.replace("Completed", "Decline") }, org.webhookSecret)).toBe(false);
    const replayed = { ...received.headers, "webhook-id": "00000000-0000-4000-8000-000000000000" };
    expect(verifies({ ...received, headers: replayed }, org.webhookSecret)).toBe(false);
  });

  test("X-Audatec-Signature is the hex HMAC-SHA256 of the exact body", async () => {
    const url = receiver.url();
    await delivery(url, "delivered");
    const [{ body, headers }] = await receiver.expect(url);

    expect(headers["x-audatec-signature"]).toMatch(HEX_SHA256);
    expect(headers["x-audatec-signature"]).toBe(plainSignature(body, org.webhookSecret));
  });

  test("webhook-timestamp is the present in seconds, fresh for each attempt", async () => {
    const began = Date.now();
    const url = receiver.url({ status: 0, hang: true }, 200);
    await delivery(url, "delivered");

    const [first, second] = receiver.received(url);
    for (const received of [first, second]) {
      const stamp = Number(received?.headers["webhook-timestamp"]);
      expect(Number.isInteger(stamp)).toBe(true);
      expect(stamp).toBeGreaterThanOrEqual(Math.floor(began / 1_000));
      expect(stamp).toBeLessThanOrEqual((received?.at ?? 0) / 1_000);
    }
    expect(Number(second?.headers["webhook-timestamp"])).toBeGreaterThan(Number(first?.headers["webhook-timestamp"]));
  });

  test("during the overlap of a rotation both secrets verify, and the plain signature is the newest's", async () => {
    const acme = await Org.create(server);
    const acmeAdmin = await acme.client("admin");
    const rotated = found(await acmeAdmin.post<Secret>("/webhooks/secret/rotate", { overlap_seconds: 600 }));
    const url = receiver.url();
    await acme.call({ callback_url: url });
    const [received] = await receiver.expect(url);

    expect(rotated.secret).not.toBe(acme.webhookSecret);
    expect(signatures(received)).toHaveLength(2);
    expect(verifies(received, acme.webhookSecret)).toBe(true);
    expect(verifies(received, rotated.secret)).toBe(true);
    expect(received.headers["x-audatec-signature"]).toBe(plainSignature(received.body, rotated.secret));
  });

  test("without an overlap the old secret verifies nothing from then on", async () => {
    const acme = await Org.create(server);
    const acmeAdmin = await acme.client("admin");
    const rotated = found(await acmeAdmin.post<Secret>("/webhooks/secret/rotate", { overlap_seconds: 0 }));
    const url = receiver.url();
    await acme.call({ callback_url: url });
    const [received] = await receiver.expect(url);

    expect(signatures(received)).toHaveLength(1);
    expect([verifies(received, rotated.secret), verifies(received, acme.webhookSecret)]).toEqual([true, false]);
  });
});

describe("deliveries", () => {
  test("the delivery object has exactly the documented fields, in the list, by its id and in its call", async () => {
    const url = receiver.url(503, 200);
    const done = await delivery(url, "delivered");

    expect(Object.keys(done)).toEqual(DELIVERY_FIELDS);
    expect(done).toEqual({
      id: expect.stringMatching(UUID),
      call_id: expect.stringMatching(UUID),
      event: "call.completed",
      url,
      status: "delivered",
      attempts: [503, 200].map((status_code) => ({
        at: expect.stringMatching(TIMESTAMP),
        status_code,
        error: null,
        duration_ms: expect.any(Number),
      })),
      next_attempt_at: null,
      created_at: expect.stringMatching(TIMESTAMP),
    });
    expect(found(await admin.get(`/webhooks/deliveries/${done.id}`))).toEqual(done);
    const { deliveries } = found(await admin.get<{ deliveries: DeliveryObject[] }>(`/webhooks/deliveries?call_id=${done.call_id}`));
    expect(deliveries).toEqual([done]);
  });

  test("the timeline tells each attempt", async () => {
    const done = await delivery(receiver.url(500, 200), "delivered");

    const { timeline }: CallObject = await org.detail(done.call_id ?? "");

    const attempts = timeline.filter(({ event }) => event === "callback_attempt");
    expect(attempts.map(({ at }) => at)).toEqual(done.attempts.map(({ at }) => at));
  });

  test("a redelivery is one attempt now, with the same id and body", async () => {
    const url = receiver.url(500, 500, 500, 200);
    const exhausted = await delivery(url, "exhausted");

    const answer = await admin.post<DeliveryObject>(`/webhooks/deliveries/${exhausted.id}/redeliver`);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ id: exhausted.id, call_id: exhausted.call_id });
    const received = await receiver.expect(url, 4);
    const now = await until("the delivery to be delivered", async () => {
      const { body } = await admin.get<DeliveryObject>(`/webhooks/deliveries/${exhausted.id}`);
      return body.status === "delivered" && body;
    });

    expect(now.attempts).toHaveLength(4);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([exhausted.id]));
  });

  test("each attempt names the call's failure, a redelivery too", async () => {
    const url = receiver.url(500, 200);
    const call = await org.call({ phone_number: "+15005550001", callback_url: url });
    const done = await until("the delivery", async () => {
      const { callback } = await org.detail(call);
      return callback?.status === "delivered" && callback;
    });
    await admin.post(`/webhooks/deliveries/${done.id}/redeliver`);
    const received = await receiver.expect(url, 3);

    expect(received.map(({ headers }) => headers["x-audatec-failure"])).toEqual(Array(3).fill("callee/busy"));
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  });

  test("callback_detail: full tells more, from the next call on that ends; what was decided for a call stays", async () => {
    const mine = await Org.create(server);
    expectError(await mine.owner.patch("/settings", { callback_detail: "all" }), 400, "callback_detail must be reference or full");
    expect(found(await mine.owner.get<object>("/settings"))).toMatchObject({ callback_detail: "reference" });
    const call = async (phone_number: string, url: string) => {
      const id = await mine.call({ phone_number, callback_url: url });
      await until("the callback", async () => receiver.received(url).length > 0);
      return id;
    };
    const [plain, full] = [receiver.url(500, 200), receiver.url(500, 200)];
    await call("+15005550001", plain);
    found(await mine.owner.patch("/settings", { callback_detail: "full" }));
    const id = await call("+15005550001", full);
    found(await mine.owner.patch("/settings", { callback_detail: "reference" }));
    await until("the retries", async () => receiver.received(plain).length === 2 && receiver.received(full).length === 2);

    const [before, told] = [plain, full].map((url) => receiver.received(url).map(({ body }) => body));
    expect(new Set(before).size).toBe(1);
    expect(new Set(told).size).toBe(1);
    server.checkSchema("Notification", JSON.parse(before?.[0] ?? ""));
    const notification = JSON.parse(told?.[0] ?? "") as FullNotification;
    server.checkSchema("FullNotification", notification);
    const { failure, agent_id } = await mine.detail(id);
    expect(notification).toMatchObject({ call_id: id, phone_number: "+15005550001", agent_id, failure, answered_by: null });
    expect(notification).toMatchObject({ campaign_id: null, reference: null, redial: null });
    const answered = receiver.url();
    found(await mine.owner.patch("/settings", { callback_detail: "full" }));
    await call("+15005550009", answered);
    expect(JSON.parse(receiver.received(answered)[0]?.body ?? "")).toMatchObject({ answered_by: "machine", failure: null });
  });

  test("a redelivery that fails is one attempt and no new schedule", async () => {
    const url = receiver.url(500);
    const { id } = await delivery(url, "exhausted");
    expect((await admin.post(`/webhooks/deliveries/${id}/redeliver`)).status).toBe(202);

    const now = await until("the fourth attempt", async () => {
      const { body } = await admin.get<DeliveryObject>(`/webhooks/deliveries/${id}`);
      return body.attempts.length === 4 && body;
    });

    expect(now).toMatchObject({ status: "exhausted", next_attempt_at: null });
  });

  test("an unknown delivery is 404: Delivery not found", async () => {
    const stranger = await (await Org.create(server)).client("admin");
    const { id } = await delivery(receiver.url(), "delivered");

    for (const [client, path] of [
      [admin, "00000000-0000-4000-8000-000000000000"],
      [admin, "not-a-uuid"],
      [stranger, id],
    ] as const) {
      expectError(await client.get(`/webhooks/deliveries/${path}`), 404, "Delivery not found", "delivery_not_found");
      expectError(await client.post(`/webhooks/deliveries/${path}/redeliver`), 404, "Delivery not found");
    }
  });

  test("a test event is a signed call.completed with example data and a made-up call, visible as a delivery", async () => {
    const url = receiver.url();

    const answer = await admin.post<DeliveryObject>("/webhooks/test", { url });
    expect(answer.status).toBe(202);
    expect(Object.keys(answer.body)).toEqual(DELIVERY_FIELDS);
    expect(answer.body).toMatchObject({ call_id: null, event: "call.completed", url });
    const [received] = await receiver.expect(url);

    expect(received.headers["webhook-id"]).toBe(answer.body.id);
    expect(verifies(received, org.webhookSecret)).toBe(true);
    expect(received.headers["x-audatec-signature"]).toBe(plainSignature(received.body, org.webhookSecret));
    const notification = JSON.parse(received.body);
    expect(notification).toMatchObject({ event: "call.completed", call_status: "Completed", call_id: expect.stringMatching(UUID) });
    expectError(await admin.get(`/calls/${notification.call_id}`), 404, "Call not found");
    const seen = await until("the test event to be delivered", async () => {
      const { body } = await admin.get<DeliveryObject>(`/webhooks/deliveries/${answer.body.id}`);
      return body.status === "delivered" && body;
    });
    const { deliveries } = found(await admin.get<{ deliveries: DeliveryObject[] }>("/webhooks/deliveries?limit=100"));
    expect(deliveries).toContainEqual(seen);
  });

  test("a test event is repeated like any other, and redelivered", async () => {
    const url = receiver.url(500, 200);
    const { body } = await admin.post<DeliveryObject>("/webhooks/test", { url });
    await receiver.expect(url, 2);
    await until("the test event to be delivered", async () => {
      return (await admin.get<DeliveryObject>(`/webhooks/deliveries/${body.id}`)).body.status === "delivered";
    });

    expect((await admin.post(`/webhooks/deliveries/${body.id}/redeliver`)).status).toBe(202);

    const received = await receiver.expect(url, 3);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([body.id]));
    expect(new Set(received.map((request) => request.body)).size).toBe(1);
  });

  test("a test event's url is held to the rules of a callback_url", async () => {
    expectError(await admin.post("/webhooks/test", {}), 400, "url is required");
    expectError(await admin.post("/webhooks/test", { url: "nowhere" }), 400, "url must be a valid http or https URL");
    expectError(await admin.post("/webhooks/test", { url: "http://10.0.0.1/" }), 400, "url must not point to a private address");
    expectError(await admin.post("/webhooks/test", { url: "https://example.com/", to: 1 }), 400, "unknown field: to");
  });
});

describe("the schedule", () => {
  const patient = useServer({ vars: { WEBHOOK_RETRY_SECONDS: "30,600" } });

  /** How long the platform waits after an attempt that was answered like this, in seconds. */
  async function waitAfter(status: number, retryAfter?: string): Promise<number> {
    const acme = await Org.create(patient);
    const url = receiver.url({ status, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } });
    const id = await acme.call({ callback_url: url });
    const { attempts, next_attempt_at } = await until("the first attempt to be counted", async () => {
      const { callback } = await acme.detail(id);
      return callback?.attempts.length === 1 && callback;
    });
    const [attempt] = attempts;
    return (Date.parse(next_attempt_at ?? "") - Date.parse(attempt?.at ?? "")) / 1000;
  }

  test("each wait is its step, up to 20 % longer", async () => {
    const waited = await waitAfter(500);

    expect(waited).toBeGreaterThanOrEqual(30);
    expect(waited).toBeLessThan(36 + 2);
  });

  test.for([
    [429, "45", 45],
    [503, "45", 45],
    [503, "1", 30],
    [429, "100000", 60],
    [503, "99999999999999999999999", 60],
  ] as const)("Retry-After on a %i is honoured between once and twice the step: %s is %i s", async ([status, asked, seconds]) => {
    const waited = await waitAfter(status, asked);

    expect(waited).toBeGreaterThanOrEqual(seconds);
    expect(waited).toBeLessThan(seconds + 2);
  });

  test("Retry-After may be a date", async () => {
    const waited = await waitAfter(503, new Date(Date.now() + 47_000).toUTCString());

    expect(waited).toBeGreaterThan(40);
    expect(waited).toBeLessThan(50);
    expect(await waitAfter(503, "soon")).toBeLessThan(36 + 2);
  });

  test("Retry-After on another status is not honoured", async () => {
    expect(await waitAfter(500, "60")).toBeLessThan(36 + 2);
  });
});
