// What else POST /calls offers: Idempotency-Key, a queue for calls without a channel, a dry run; and how a call is cancelled.

import { beforeEach, describe, expect, test } from "vitest";
import { type Client, created, expectError, found, LASTING, METADATA, Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { Accepted, CallObject, ListedCall, Live, Page, Refused, StatusObject } from "./shapes.ts";

/** What the number tells: tests/edge/numbers.test.ts. */
const NUMBER = expect.objectContaining({ phone_number: "+919876543210", country: "IN" });

// Calls ring until a test stops them.
const server = useServer({ vars: LASTING });
const receiver = useReceiver();
let org: Org;
let member: Client;

beforeEach(async () => {
  org = await Org.create(server);
  member = await org.client("member");
});

async function numberOfCalls(): Promise<number> {
  return found(await member.get<Page<"calls", ListedCall>>("/calls?limit=100")).calls.length;
}

async function live(trunkId: string): Promise<Live> {
  return found(await org.owner.get<Live>(`/sip-trunks/${trunkId}/live`));
}

const FIELD_ERRORS: [sentence: string, change: Record<string, unknown>, error: string][] = [
  ["on_capacity another word", { on_capacity: "wait" }, "on_capacity must be reject or queue"],
  [
    "max_wait_seconds 0",
    { on_capacity: "queue", max_wait_seconds: 0 },
    "max_wait_seconds must be a whole number from 1 to 86400",
  ],
  [
    "max_wait_seconds above a day",
    { on_capacity: "queue", max_wait_seconds: 86_401 },
    "max_wait_seconds must be a whole number from 1 to 86400",
  ],
  [
    "max_wait_seconds a fraction",
    { on_capacity: "queue", max_wait_seconds: 1.5 },
    "max_wait_seconds must be a whole number from 1 to 86400",
  ],
  ["dry_run a string", { dry_run: "yes" }, "dry_run must be true or false"],
];

test.for(FIELD_ERRORS)("POST /calls with %s: %o is refused", async ([, change, error]) => {
  expectError(await org.trigger<unknown>(change), 400, error, "field_invalid");
});

test("the fields of this page are read after those of the reference, and before the agent is looked up", async () => {
  const wrong = { on_capacity: 1, agent_id: "00000000-0000-4000-8000-000000000000" };

  expectError(await org.trigger<unknown>({ ...wrong, callback_url: 1 }), 400, "callback_url must be a valid http or https URL");
  expectError(await org.trigger<unknown>(wrong), 400, "on_capacity must be reject or queue");
});

describe("Idempotency-Key", () => {
  const key = { "idempotency-key": "order-4711/attempt~1" };

  test("the same key with the same body answers the first answer again, byte for byte, and starts nothing", async () => {
    const first = await org.trigger({}, key);
    const again = await org.trigger({}, key);

    created(first);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    expect(await numberOfCalls()).toBe(1);
  });

  test("the same key with another body is 422", async () => {
    created(await org.trigger({}, key));

    const answer = await org.trigger<unknown>({ phone_number: "+14155552671" }, key);

    expectError(answer, 422, "Idempotency-Key was used with a different request");
    expect(await numberOfCalls()).toBe(1);
  });

  test("the same body means the same bytes", async () => {
    const headers = { "content-type": "application/json", ...key };
    const body = JSON.stringify(org.request());
    created(await member.send("POST", "/calls", { body, headers }));

    expect((await member.send("POST", "/calls", { body: `${body} `, headers })).status).toBe(422);
  });

  test("many at the same instant start one call", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => org.trigger(undefined, key)));

    const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.call_id));
    expect(ids.size).toBe(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expectError(answer, 409, "A request with this Idempotency-Key is in progress");
    }
    expect(await numberOfCalls()).toBe(1);
  });

  test("a replay outlives the agent and the trunk it was for", async () => {
    const trunk = await org.newTrunk();
    const first = await org.trigger({ sip_trunk_id: trunk.id }, key);
    created(first);
    await member.post(`/calls/${first.body.call_id}/cancel`);
    await org.owner.patch(`/agents/${org.agent.id}`, { status: "inactive" });
    const replayed = await org.trigger({ sip_trunk_id: trunk.id }, key);
    expect([replayed.status, replayed.text]).toEqual([201, first.text]);
    expect(replayed.headers.get("idempotent-replayed")).toBe("true");

    expect((await org.owner.delete(`/sip-trunks/${trunk.id}`)).status).toBe(204);
    expect((await org.trigger({ sip_trunk_id: trunk.id }, key)).text).toBe(first.text);
    expectError(await org.trigger({ sip_trunk_id: trunk.id, metadata: {} }, key), 422, "Idempotency-Key was used with a different request");
    expectError(await org.trigger({ sip_trunk_id: trunk.id }, { "idempotency-key": "new" }), 400, "Agent is not active");
  });

  test("an answer of validation is not kept", async () => {
    expect((await org.trigger({ phone_number: "1" }, key)).status).toBe(400);

    expect((await org.trigger({}, key)).status).toBe(201);
  });

  test("a 429 is not kept, so that a retry can succeed", async () => {
    const trunk = await org.newTrunk({ max_channels: 1 });
    const call = await org.call({ sip_trunk_id: trunk.id });
    const retry = () => org.trigger({ sip_trunk_id: trunk.id }, key);
    expect((await retry()).status).toBe(429);
    found(await member.post(`/calls/${call}/cancel`));

    const answer = await retry();

    expect(answer.status).toBe(201);
    expect(answer.headers.get("idempotent-replayed")).toBeNull();
  });

  test("a key's scope is the organisation and the trunk", async () => {
    const trunk = await org.newTrunk();
    const stranger = await Org.create(server);

    const ids = [
      created(await org.trigger({}, key)).call_id,
      created(await org.trigger({ sip_trunk_id: trunk.id }, key)).call_id,
      created(await stranger.trigger({}, key)).call_id,
    ];

    expect(new Set(ids).size).toBe(3);
  });

  test("a dry run neither uses nor burns a key", async () => {
    expect((await org.trigger({ dry_run: true }, key)).status).toBe(200);
    const first = await org.trigger({}, key);
    expect(first.headers.get("idempotent-replayed")).toBeNull();

    expect(await org.trigger({ dry_run: true }, key)).toMatchObject({ status: 200, body: { would: "trigger" } });
    created(first);
  });

  test("a replay is answered though the trunk is full", async () => {
    const trunk = await org.newTrunk({ max_channels: 1 });
    const first = await org.trigger({ sip_trunk_id: trunk.id }, key);

    const again = await org.trigger({ sip_trunk_id: trunk.id }, key);

    expect([again.status, again.text]).toEqual([201, first.text]);
  });

  test.for(["with space", "x".repeat(256), "tab\tinside", "schlüssel"])("a key %j is refused", async (bad) => {
    const answer = await org.trigger({}, { "idempotency-key": bad });

    expectError(answer, 400, "Idempotency-Key must be 1 to 255 visible ASCII characters");
  });

  test("a key of 255 visible characters is taken", async () => {
    expect((await org.trigger({}, { "idempotency-key": `~!${"x".repeat(253)}` })).status).toBe(201);
  });
});

describe("on_capacity: queue", () => {
  test("a call that can go at once is triggered as ever", async () => {
    expect(created(await org.trigger({ on_capacity: "queue" })).status).toBe("triggered");
  });

  test("a call without a channel waits its turn and goes when one frees, first come first served", async () => {
    const trunk = await org.newTrunk({ max_channels: 1 });
    const queue = { sip_trunk_id: trunk.id, on_capacity: "queue" };
    let current = await org.call({ sip_trunk_id: trunk.id });
    const waiting: string[] = [];
    for (let i = 0; i < 3; i++) {
      const answer = await org.trigger(queue);
      const { call_id } = created(answer);
      expect(JSON.stringify(answer.body)).toBe(
        JSON.stringify({ call_id, status: "queued", poll_url: `/integration/v1/calls/${call_id}/status` }),
      );
      waiting.push(call_id);
    }
    expect(await live(trunk.id)).toMatchObject({ in_use: 1, waiting: 3 });
    expect((await org.status(String(waiting[0]))).call_status).toBe("Initiating");

    for (const next of waiting) {
      found(await member.post(`/calls/${current}/cancel`));
      await org.reached(next, "Ringing");
      const { in_use, calls } = await live(trunk.id);
      expect([in_use, calls.filter(({ call_status }) => call_status === "Ringing").map(({ call_id }) => call_id)]).toEqual([1, [next]]);
      current = next;
    }
    const { timeline } = await org.detail(current);
    expect(timeline.map(({ event }) => event)).toEqual(["accepted", "queued", "dialing", "ringing"]);
  });

  test("a newcomer never overtakes a waiting line", async () => {
    const trunk = await org.newTrunk({ max_channels: 1 });
    const first = await org.call({ sip_trunk_id: trunk.id });
    const second = created(await org.trigger({ sip_trunk_id: trunk.id, on_capacity: "queue" })).call_id;
    const third = created(await org.trigger({ sip_trunk_id: trunk.id, on_capacity: "queue" })).call_id;

    const [, newcomer] = await Promise.all([
      member.post(`/calls/${first}/cancel`),
      org.trigger<Refused>({ sip_trunk_id: trunk.id }),
    ]);

    expect(newcomer).toMatchObject({ status: 429, body: { error: "Trunk concurrency (max_channels) exhausted" } });
    await org.reached(second, "Ringing");
    expect((await org.status(third)).call_status).toBe("Initiating");
  });

  test("who waits for longer than max_wait_seconds ends Rejected — Capacity, and is told", async () => {
    const trunk = await org.newTrunk({ max_channels: 1 });
    await org.call({ sip_trunk_id: trunk.id });
    const url = receiver.url();
    const waiting = { sip_trunk_id: trunk.id, on_capacity: "queue", max_wait_seconds: 1, callback_url: url };
    const id = created(await org.trigger(waiting)).call_id;

    const status = await org.ended(id);
    await receiver.expect(url);

    expect(status).toMatchObject({ call_status: "Rejected — Capacity", call_outcome: null, start_timestamp: null });
    const call = await org.detail(id);
    expect(call.failure).toMatchObject({ source: "platform", code: "channels_exhausted" });
    expect(Date.parse(call.end_timestamp ?? "") - Date.parse(call.created_at)).toBeGreaterThanOrEqual(1000);
    expect(receiver.notifications(url)).toMatchObject([{ event: "call.rejected", call_id: id }]);
    expect(await live(trunk.id)).toMatchObject({ waiting: 0 });
  });

  test("dials stay within max_cps, though the line is longer", async () => {
    const trunk = await org.newTrunk({ max_cps: 4 });
    const ids = await Promise.all(
      Array.from({ length: 12 }, async () => created(await org.trigger({ sip_trunk_id: trunk.id, on_capacity: "queue" })).call_id),
    );
    const calls: CallObject[] = [];
    for (const id of ids) {
      await org.reached(id, "Ringing");
      calls.push(await org.detail(id));
    }

    const dials = calls
      .map(({ timeline }) => Date.parse(timeline.find(({ event }) => event === "dialing")?.at ?? ""))
      .sort((a, b) => a - b);
    const busiest = Math.max(...dials.map((from) => dials.filter((at) => at >= from && at < from + 1000).length));
    expect(busiest).toBe(4);
  });

  test("a waiting call that is cancelled ends Trigger Failed and leaves the line", async () => {
    const trunk = await org.newTrunk({ max_channels: 1 });
    await org.call({ sip_trunk_id: trunk.id });
    const id = created(await org.trigger({ sip_trunk_id: trunk.id, on_capacity: "queue" })).call_id;

    const answer = await member.post<StatusObject>(`/calls/${id}/cancel`);

    expect(found(answer)).toMatchObject({ call_status: "Trigger Failed", is_terminal: true });
    expect((await org.detail(id)).failure).toMatchObject({ source: "caller", code: "canceled" });
    expect(await live(trunk.id)).toMatchObject({ waiting: 0, in_use: 1 });
  });
});

describe("dry_run", () => {
  test("says what would happen, and creates nothing", async () => {
    const trunk = await org.newTrunk({ max_channels: 1 });
    const dry = (more = {}) => org.trigger<unknown>({ sip_trunk_id: trunk.id, dry_run: true, ...more });
    expect(found(await dry())).toEqual({ dry_run: true, number: NUMBER, would: "trigger", reason: null });
    await org.call({ sip_trunk_id: trunk.id });

    expect(found(await dry())).toEqual({ dry_run: true, number: NUMBER, would: "reject", reason: expect.stringMatching(/\S/) });
    expect(found(await dry({ on_capacity: "queue" }))).toEqual({ dry_run: true, number: NUMBER, would: "queue", reason: expect.stringMatching(/\S/) });
    expect(await numberOfCalls()).toBe(1);
  });

  test("names the keys that the agent's script or message wants and metadata lacks", async () => {
    const voicemail = { action: "leave_message", message: "{{customer_name}}, call {{company}} at {{number}}." };
    const agent = await org.newAgent({ script: "Greet {{ customer_name }} for {{company}}.", voicemail });
    const dry = (metadata: object) => org.trigger<unknown>({ agent_id: agent.id, dry_run: true, metadata: { ...METADATA, ...metadata } });

    expect(found(await dry({}))).toEqual({ dry_run: true, number: NUMBER, would: "trigger", reason: null, unknown_keys: ["company", "number"] });
    expect(found(await dry({ company: null, number: 7 }))).toEqual({ dry_run: true, number: NUMBER, would: "trigger", reason: null, unknown_keys: ["company"] });
    expect(found(await dry({ company: "A", number: 7 }))).toEqual({ dry_run: true, number: NUMBER, would: "trigger", reason: null });
  });

  test("metadata that makes the agent's script too long is refused", async () => {
    const agent = await org.newAgent({ script: "{{a}}".repeat(5) });
    const trigger = (a: string, more = {}) => org.trigger<unknown>({ agent_id: agent.id, metadata: { ...METADATA, a }, ...more });

    for (const more of [{}, { dry_run: true }]) {
      expectError(await trigger("x".repeat(14_000), more), 400, "metadata makes the agent's script or message longer than 65536 bytes");
    }
    expect((await trigger("x".repeat(12_000))).status).toBe(201);
  });

  test("makes all checks of a real request", async () => {
    expectError(await org.trigger<unknown>({ dry_run: true, metadata: {} }), 400, "metadata missing required keys: customer_name, amount_due, due_date");
    expectError(await org.trigger<unknown>({ dry_run: true, callback_url: "http://10.0.0.1/" }), 400, "callback_url must not point to a private address");
  });
});

describe("POST /calls/{call_id}/cancel", () => {
  test("hangs up a ringing call: SIP Call Failed, and the callback says so", async () => {
    const url = receiver.url();
    const id = await org.call({ callback_url: url });
    await org.reached(id, "Ringing");

    const status = found(await member.post<StatusObject>(`/calls/${id}/cancel`));

    expect(status).toMatchObject({ id, call_status: "SIP Call Failed", is_terminal: true, call_outcome: null, duration: null });
    expect((await org.detail(id)).failure).toMatchObject({ source: "caller", code: "canceled" });
    await receiver.expect(url);
    expect(receiver.notifications(url)).toMatchObject([{ event: "call.failed", call_id: id, call_status: "SIP Call Failed" }]);
  });

  test("of a call that is terminal is 409", async () => {
    const id = await org.call();
    found(await member.post(`/calls/${id}/cancel`));
    const before = await org.status(id);

    const answer = await member.post(`/calls/${id}/cancel`);

    expectError(answer, 409, "Call is already in a terminal state", "call_already_terminal");
    expect(await org.status(id)).toEqual(before);
  });

  test("of a refused call is 409", async () => {
    const trunk = await org.newTrunk({ max_channels: 1 });
    await org.call({ sip_trunk_id: trunk.id });
    const { body } = await org.trigger<Refused>({ sip_trunk_id: trunk.id });

    expectError(await member.post(`/calls/${body.call_id}/cancel`), 409, "Call is already in a terminal state");
  });

  test("by many at the same instant succeeds once", async () => {
    const id = await org.call();
    await org.reached(id, "Ringing");

    const answers = await Promise.all(Array.from({ length: 10 }, () => member.post(`/calls/${id}/cancel`)));

    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
  });

  test("frees the channel at once", async () => {
    const trunk = await org.newTrunk({ max_channels: 1 });
    const id = await org.call({ sip_trunk_id: trunk.id });
    found(await member.post(`/calls/${id}/cancel`));

    created(await org.trigger<Accepted>({ sip_trunk_id: trunk.id }));
  });
});
