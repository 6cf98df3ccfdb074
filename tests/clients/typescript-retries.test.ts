// What the TypeScript client does on its own: retries by the API's table, resumes a stream that broke, splits an iterable into
// requests, and tells which notifications are authentic.

import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Audatec, AudatecOptions, RecipientToAdd, SignatureOptions } from "../../clients/typescript/src/index.ts";
import { type Told, useAnswers } from "./answers.ts";
import { type ClientModule, installClient } from "./installed.ts";

const answers = useAnswers();
let client: ClientModule;

beforeAll(async () => {
  client = (await installClient("retries")).client;
}, 120_000);

/** The seconds that were waited for, without what is added so that not all come at once. */
let waited: number[];
beforeEach(() => {
  waited = [];
});

function audatec(more: Partial<AudatecOptions> = {}): Audatec {
  const sleep = async (ms: number) => {
    waited.push(Math.floor(ms / 1000));
  };
  return new client.Audatec({ apiKey: "audtk_x", baseUrl: answers.url, sleep, ...more });
}

const ACCEPTED: Told = { status: 201, body: { call_id: "c", status: "triggered", poll_url: "/" } };
const CALL = { phone_number: "+15005550000", agent_id: randomUUID(), sip_trunk_id: randomUUID() };
const refused = (status: number, headers: Record<string, string> = {}): Told => ({
  status,
  headers: { "x-error-code": "some_code", "x-request-id": "r-1", ...headers },
  body: { error: `refused with ${status}` },
});
const keys = () => new Set(answers.asked.map(({ headers }) => headers["idempotency-key"]));

describe("retries by the reference's table", () => {
  test("429 is repeated after Retry-After, under the same Idempotency-Key", async () => {
    answers.script(refused(429, { "retry-after": "7" }), refused(429, { "retry-after": "2" }), ACCEPTED);

    expect(await audatec().trigger(CALL)).toMatchObject({ call_id: "c" });
    expect(waited).toEqual([7, 2]);
    expect(answers.asked).toHaveLength(3);
    expect(keys().size).toBe(1);
    expect([...keys()][0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(answers.asked.map(({ body }) => body)).size).toBe(1);
  });

  test("502 and 503 are repeated with waits of 1, 2, 4 and 8 s, or later if Retry-After says so, and then thrown", async () => {
    answers.script(refused(503), refused(502), refused(503, { "retry-after": "30" }), refused(503));

    await expect(audatec().trigger(CALL)).rejects.toMatchObject({ name: "ApiError", status: 503, code: "some_code", requestId: "r-1" });
    expect(waited).toEqual([1, 2, 30, 8]);
    expect(answers.asked).toHaveLength(5);
    expect(keys().size).toBe(1);
  });

  test("it really waits", async () => {
    answers.script(refused(429, { "retry-after": "1" }), ACCEPTED);

    await new client.Audatec({ apiKey: "audtk_x", baseUrl: answers.url }).trigger(CALL);

    expect(Number(answers.asked[1]?.at) - Number(answers.asked[0]?.at)).toBeGreaterThanOrEqual(990);
  });

  test("a connection that is cut is tried again where nothing can happen twice", async () => {
    answers.script("cut", "cut", ACCEPTED);

    expect(await audatec().trigger(CALL, { idempotencyKey: "order-4711" })).toMatchObject({ call_id: "c" });
    expect([...keys()]).toEqual(["order-4711"]);
    expect(waited).toEqual([1, 2]);

    answers.script("cut");
    const params = { path: { call_id: randomUUID() } };
    await expect(audatec().api.POST("/integration/v1/calls/{call_id}/cancel", { params })).rejects.toMatchObject({
      name: "ConnectionError",
    });
    expect(answers.asked).toHaveLength(1);
  });

  test.for([500, 504])("%d is repeated where nothing can happen twice", async (status) => {
    answers.script(refused(status), refused(status), ACCEPTED);

    expect(await audatec().trigger(CALL)).toMatchObject({ call_id: "c" });
    expect([waited, keys().size]).toEqual([[1, 2], 1]);

    answers.script(refused(status));
    const { response } = await audatec().api.POST("/integration/v1/calls/{call_id}/cancel", {
      params: { path: { call_id: randomUUID() } },
    });
    expect([response.status, answers.asked.length]).toEqual([status, 1]);
  });

  test.for([400, 401, 402, 403, 404, 409, 410, 413, 422])("%d is not repeated", async (status) => {
    answers.script(refused(status, { "retry-after": "1" }), ACCEPTED);

    await expect(audatec().trigger(CALL)).rejects.toMatchObject({ message: `refused with ${status}`, status, retryAfter: 1 });
    expect(answers.asked).toHaveLength(1);
  });

  test("what asks for a longer wait than is allowed is thrown at once, such as a day's limit", async () => {
    answers.script(refused(429, { "retry-after": "40000" }), ACCEPTED);

    await expect(audatec().trigger(CALL)).rejects.toMatchObject({ status: 429, retryAfter: 40_000 });
    expect(answers.asked).toHaveLength(1);
  });

  test("an answer that does not come counts as a connection that was cut", async () => {
    answers.script(() => {}, ACCEPTED);

    expect(await audatec({ timeoutSeconds: 0.1 }).trigger(CALL)).toMatchObject({ call_id: "c" });
    expect(keys().size).toBe(1);
  });

  test("whoever aborts is not made to wait, and nothing more is sent", async () => {
    answers.script(refused(503));
    const stop = new AbortController();

    const asked = new client.Audatec({ apiKey: "audtk_x", baseUrl: answers.url }).trigger(CALL, { signal: stop.signal });
    await delay(100);
    stop.abort();

    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
    expect(answers.asked).toHaveLength(1);
  });

  test("every route that takes an Idempotency-Key is sent one, and no other", async () => {
    answers.script({ status: 201 });
    const { api } = audatec();

    await api.POST("/integration/v1/api-keys", { body: { name: "CI", role: "viewer" } });
    await api.POST("/integration/v1/campaigns/{id}/start", { params: { path: { id: randomUUID() } } });

    expect(answers.asked.map(({ headers }) => "idempotency-key" in headers)).toEqual([true, false]);
  });
});

test("a key is not sent in plain text, and a base URL may have the API's path", () => {
  expect(() => audatec({ baseUrl: "http://api.example" })).toThrow("https");
  expect(audatec({ baseUrl: "https://api.example/integration/v1/" }).baseUrl).toBe("https://api.example");
  expect(() => audatec({ apiKey: "" })).toThrow("audtk_");
});

describe("waiting for a call", () => {
  // A request that was given up may still arrive.
  afterEach(() => delay(100));

  test("it looks until the call is terminal, through an outage", async () => {
    const state = (is_terminal: boolean): Told => ({
      status: 200,
      body: { is_terminal, call_status: is_terminal ? "Completed" : "Ringing" },
    });
    answers.script(state(false), refused(503), "cut", state(false), state(true));

    expect(await audatec().waitForCall("c", { intervalMs: 10 })).toMatchObject({ call_status: "Completed" });
    expect(answers.asked).toHaveLength(5);
  });

  test("an outage that its own retries don't outlast ends no wait, whatever fails", async () => {
    const failing = Array.from({ length: 17 }, (_, nth): Told => (nth % 3 === 0 ? "cut" : refused(nth % 3 === 1 ? 503 : 500)));
    answers.script("cut", ...failing, refused(429, { "retry-after": "1" }), {
      status: 200,
      body: { is_terminal: true, call_status: "Completed" },
    });

    expect(await audatec().waitForCall("c", { intervalMs: 10 })).toMatchObject({ call_status: "Completed" });
    expect(answers.asked).toHaveLength(20);
  });

  test("one that lasts too long is told when the time is up, also while an answer is waited for", async () => {
    answers.script(refused(503));
    await expect(audatec({ retries: 0 }).waitForCall("c", { intervalMs: 20, timeoutMs: 200 })).rejects.toMatchObject({
      name: "WaitError",
      message: "call c is unknown after 200 ms: refused with 503",
      cause: { status: 503 },
    });
    const before = Date.now();
    answers.script(() => undefined);
    await expect(audatec().waitForCall("c", { intervalMs: 20, timeoutMs: 200 })).rejects.toThrow(
      "call c is unknown after 200 ms: no answer in time",
    );
    expect(Date.now() - before).toBeLessThan(2_000);
  });

  test("a refusal that will not go away ends it at once, and so does its signal", async () => {
    answers.script(refused(404));
    await expect(audatec().waitForCall("c", { timeoutMs: 5_000 })).rejects.toMatchObject({ name: "ApiError", status: 404 });
    answers.script(refused(503));
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("stopped")), 50);
    await expect(audatec({ retries: 0 }).waitForCall("c", { intervalMs: 10, signal: stop.signal })).rejects.toThrow("stopped");
  });

  test("it gives up in time, and says how far the call was", async () => {
    answers.script({ status: 200, body: { is_terminal: false, call_status: "Ringing" } });

    await expect(audatec().waitForCall("c", { intervalMs: 20, timeoutMs: 100 })).rejects.toThrow("call c is Ringing after 100 ms");
  });
});

describe("events", () => {
  const latest: Told = { status: 200, body: { events: [], next_cursor: "c0" } };
  const block = (id: string, type = "call.completed") =>
    `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ id, type, data: { id: `call-${id}` } })}\n\n`;
  /** A stream of these, that ends, breaks off or stays. */
  const stream =
    (text: string, end: "end" | "cut" | "stay"): Told =>
    (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`retry: 10\n${text}`, () => {
        if (end === "end") response.end();
        if (end === "cut") setTimeout(() => response.destroy(), 20);
      });
    };

  /** The ids of so many events; ends with a break. */
  async function hear(count: number, options: Parameters<Audatec["events"]>[0] = {}): Promise<string[]> {
    const heard: string[] = [];
    for await (const event of audatec().events(options)) if (heard.push(event.id) === count) break;
    return heard;
  }

  test("the feed goes on from its last cursor when it ends, breaks off or is refused for a while", async () => {
    const cursors: string[] = [];
    const half = block("c3").slice(0, 20);
    answers.script(
      latest,
      "cut",
      stream(block("c1") + block("c2", "heartbeat"), "end"),
      stream(half, "cut"),
      { status: 503, headers: { "retry-after": "1" } },
      stream(block("c3") + block("c4"), "stay"),
    );

    expect(await hear(3, { types: ["call.completed"], onCursor: (cursor) => cursors.push(cursor) })).toEqual(["c1", "c3", "c4"]);
    expect(cursors).toEqual(["c0", "c1", "c2", "c3", "c4"]);
    expect(answers.asked.slice(1).map(({ headers }) => headers["last-event-id"])).toEqual(["c0", "c0", "c2", "c2", "c2"]);
    expect(answers.asked.slice(1).every(({ path }) => path === "/integration/v1/events?type=call.completed")).toBe(true);
  });

  test("a connection without a sign of life is given up", async () => {
    answers.script(latest, stream("", "stay"), stream(block("c1"), "stay"));

    expect(await hear(1, { idleSeconds: 0.2 })).toEqual(["c1"]);
  });

  test("from a cursor of its own, from the oldest, and to the end of a signal", async () => {
    answers.script(stream(block("c8"), "stay"));
    expect(await hear(1, { after: "c7" })).toEqual(["c8"]);
    expect(answers.asked.map(({ headers }) => headers["last-event-id"])).toEqual(["c7"]);

    answers.script(stream(block("c1"), "stay"));
    expect(await hear(1, { after: "oldest" })).toEqual(["c1"]);
    expect(answers.asked[0]?.headers).not.toHaveProperty("last-event-id");

    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    expect(await hear(9, { after: "c7", signal: stop.signal })).toEqual(["c1"]);
  });

  test("a cursor that is too old is thrown, or goes on from the oldest where that is wanted; a refused key is thrown", async () => {
    const gone: Told = { status: 410, headers: { "x-error-code": "cursor_expired" }, body: { error: "gone", oldest_cursor: "c5" } };
    answers.script(gone);
    await expect(hear(1, { after: "c1" })).rejects.toMatchObject({ status: 410, body: { oldest_cursor: "c5" } });

    answers.script(gone, stream(block("c6"), "stay"));
    const gaps: string[] = [];
    expect(await hear(1, { after: "c1", onGap: (oldest) => gaps.push(oldest) })).toEqual(["c6"]);
    expect([gaps, answers.asked[1]?.headers["last-event-id"]]).toEqual([["c5"], "c5"]);

    answers.script(refused(401));
    await expect(hear(1, { after: "c1" })).rejects.toMatchObject({ status: 401 });
    expect(answers.asked).toHaveLength(1);
  });
});

describe("recipients from an iterable", () => {
  const add: Told = (response, { body }) => {
    const rows = body.trim().split("\n").length;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ added: rows - 1, duplicates: 0, rejected: [{ row: rows, reference: null, error: "wrong" }] }));
  };
  const sizes = () => answers.asked.map(({ body }) => [body.trim().split("\n").length, Buffer.byteLength(body)] as const);

  test("at most 20,000 rows a request; rows count through all of them", async () => {
    async function* people(): AsyncGenerator<RecipientToAdd> {
      for (let n = 0; n < 45_000; n++) yield { phone_number: "+15005550000", reference: `loan-${n}` };
    }
    answers.script("cut", add);

    const { added, rejected } = await audatec().addRecipients("k", people());

    expect(sizes().map(([rows]) => rows)).toEqual([20_000, 20_000, 20_000, 5_000]); // the first one was cut off, and sent again
    expect(answers.asked[0]?.body).toBe(answers.asked[1]?.body);
    expect(answers.asked[0]?.headers["content-type"]).toBe("application/x-ndjson");
    expect([added, rejected.map(({ row }) => row)]).toEqual([44_997, [20_000, 40_000, 45_000]]);
  });

  test("at most 8 MiB a request, counted in bytes; the next row is asked for when there is room", async () => {
    let asked = 0;
    function* people(): Generator<RecipientToAdd> {
      for (; asked < 30; asked++) yield { phone_number: "+15005550000", reference: `${asked}`, metadata: { text: "ü".repeat(350_000) } };
    }
    answers.script(add);

    await audatec().addRecipients("k", people());

    expect(sizes().map(([rows]) => rows)).toEqual([11, 11, 8]);
    for (const [, bytes] of sizes()) expect(bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
  });

  test("an empty iterable sends nothing", async () => {
    answers.script(add);
    expect(await audatec().addRecipients("k", [])).toEqual({ added: 0, duplicates: 0, rejected: [] });
    expect(answers.asked).toEqual([]);
  });
});

describe("signatures", () => {
  const secret = () => `whsec_${randomBytes(32).toString("base64")}`;
  const [old, present] = [secret(), secret()];
  const body = JSON.stringify({ event: "call.completed", metadata: { name: "Zoë" } });
  const now = Date.now();

  function signed(secrets: string[], { at = now, of = body } = {}): Record<string, string> {
    const timestamp = String(Math.floor(at / 1000));
    const standard = (key: string) =>
      `v1,${createHmac("sha256", Buffer.from(key.slice(6), "base64"))
        .update(`id-1.${timestamp}.${of}`)
        .digest("base64")}`;
    return {
      "X-Audatec-Signature": createHmac("sha256", String(secrets[0])).update(of).digest("hex"),
      "webhook-id": "id-1",
      "webhook-timestamp": timestamp,
      "webhook-signature": secrets.map(standard).join(" "),
    };
  }
  const check = (
    headers: Parameters<ClientModule["checkSignature"]>[1],
    secrets: string | string[] = present,
    options: SignatureOptions = {},
    of: string | Uint8Array = body,
  ) => client.checkSignature(of, headers, secrets, { now, ...options });
  const valid = { valid: true, header: "webhook-signature" };
  const invalid = (reason: RegExp) => ({ valid: false, reason: expect.stringMatching(reason) as string });

  test("a Headers object, Node's headers, any case; a text or bytes", async () => {
    const headers = signed([present]);
    expect(await check(headers)).toEqual(valid);
    expect(await check(new Headers(headers))).toEqual(valid);
    expect(await check(Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value])))).toEqual(valid);
    expect(await check({ ...headers, "x-other": undefined, "set-cookie": ["a", "b"] }, present, {}, Buffer.from(body))).toEqual(valid);
    expect(await client.verifySignature(body, headers, present)).toBe(true);
  });

  test("during a rotation each secret that still signs will do", async () => {
    const headers = signed([present, old]);
    for (const secrets of [present, old, [present, old], [secret(), old]]) expect(await check(headers, secrets)).toEqual(valid);
    expect(await check(headers, secret())).toEqual(invalid(/no secret/));
    expect(await client.verifySignature(body, headers, secret())).toBe(false);
  });

  test("what was changed is not valid: body, id, time or signature", async () => {
    const headers = signed([present]);
    expect(await check(headers, present, {}, `${body} `)).toEqual(invalid(/no secret/));
    expect(await check({ ...headers, "webhook-id": "id-2" })).toEqual(invalid(/no secret/));
    expect(await check({ ...headers, "webhook-timestamp": String(Math.floor(now / 1000) - 1) })).toEqual(invalid(/no secret/));
    for (const signature of ["", "v1,", "v1,AAAA", "v2,AAAA", "v1,%%%"])
      expect((await check({ ...headers, "webhook-signature": signature })).valid).toBe(false);
  });

  test("what is older than five minutes, or as far ahead, is not valid", async () => {
    expect(await check(signed([present], { at: now - 299_000 }))).toEqual(valid);
    expect(await check(signed([present], { at: now - 302_000 }))).toEqual(invalid(/30[23] s old/));
    expect(await check(signed([present], { at: now + 302_000 }))).toEqual(invalid(/ahead/));
    expect(await check(signed([present], { at: now - 302_000 }), present, { toleranceSeconds: 600 })).toEqual(valid);
    expect(await check({ ...signed([present]), "webhook-timestamp": "soon" })).toEqual(invalid(/not a number/));
  });

  test("X-Audatec-Signature alone says nothing of its age, so it is valid only where that is accepted", async () => {
    const headers = { "x-audatec-signature": String(signed([present])["X-Audatec-Signature"]) };
    expect(await check(headers)).toEqual(invalid(/when/));
    expect(await check(headers, [old, present], { allowUntimed: true })).toEqual({ valid: true, header: "x-audatec-signature" });
    expect(await check(headers, old, { allowUntimed: true })).toEqual(invalid(/no secret/));
    expect(await check({ "x-audatec-signature": "no hex" }, present, { allowUntimed: true })).toEqual(invalid(/no secret/));
    // A bad or old one of the other kind is not made good by it.
    expect((await check({ ...signed([present], { at: now - 900_000 }) }, present, { allowUntimed: true })).valid).toBe(false);
    expect(await check({}, present)).toEqual(invalid(/neither/));
    await expect(check(headers, [])).rejects.toThrow("secret");
  });
});
