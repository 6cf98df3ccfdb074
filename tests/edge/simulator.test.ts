// The ten numbers of the simulated carrier, all called together: how each call ends, and what is reported about it.

import { beforeAll, expect, test } from "vitest";
import { found, Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import { type CallObject, type CallStatus, type EventType, type Failure, type ListedCall, type Live, NOTIFICATION_FIELDS, type StatusObject } from "./shapes.ts";
import { until } from "./until.ts";

const server = useServer();
const receiver = useReceiver();

/** An answered call without a report waits this long for one. */
const REPORT_GRACE_MS = 10_000;
const LONGEST_MS = REPORT_GRACE_MS + 20_000;

interface Row {
  number: string;
  name: string;
  ends: CallStatus;
  event: EventType;
  failure: Partial<Failure> | null;
  timeline: string[];
}

const ANSWERED = ["accepted", "dialing", "ringing", "answered", "ended", "callback_attempt"];
const RANG = ["accepted", "dialing", "ringing", "ended", "callback_attempt"];
const NEVER_RANG = ["accepted", "dialing", "ended", "callback_attempt"];

const TABLE: Row[] = [
  { number: "+15005550000", name: "rings, answers, completes", ends: "Completed", event: "call.completed", failure: null, timeline: ANSWERED },
  {
    number: "+15005550001",
    name: "is busy: Decline",
    ends: "Decline",
    event: "call.declined",
    failure: { source: "callee", code: "busy", sip_status_code: 486 },
    timeline: RANG,
  },
  {
    number: "+15005550002",
    name: "is declined by the person: Decline",
    ends: "Decline",
    event: "call.declined",
    failure: { source: "callee", code: "declined", sip_status_code: 603 },
    timeline: RANG,
  },
  {
    number: "+15005550003",
    name: "is answered by nobody: SIP Call Failed after the ring timeout",
    ends: "SIP Call Failed",
    event: "call.failed",
    failure: { source: "callee", code: "no_answer" },
    timeline: RANG,
  },
  {
    number: "+15005550004",
    name: "meets a carrier error 503: SIP Call Failed",
    ends: "SIP Call Failed",
    event: "call.failed",
    failure: { source: "carrier", code: "carrier_error", sip_status_code: 503 },
    timeline: NEVER_RANG,
  },
  {
    number: "+15005550005",
    name: "can't be started by the dialer: Trigger Failed",
    ends: "Trigger Failed",
    event: "call.failed",
    failure: { source: "dialer", code: "dialer_unavailable", sip_status_code: null },
    timeline: NEVER_RANG,
  },
  {
    number: "+15005550006",
    name: "is answered, then silent, and ended by the watchdog: Completed",
    ends: "Completed",
    event: "call.completed",
    failure: { source: "platform", code: "timed_out" },
    timeline: ANSWERED,
  },
  {
    number: "+15005550007",
    name: "loses its hang-up event, which the watchdog finds: Completed",
    ends: "Completed",
    event: "call.completed",
    failure: null,
    timeline: ANSWERED,
  },
  {
    number: "+15005550008",
    name: "has its events repeated and out of order: Completed, once",
    ends: "Completed",
    event: "call.completed",
    failure: null,
    timeline: ANSWERED.filter((event) => event !== "ringing"), // the news of the ringing came after the answer
  },
  { number: "+15005550009", name: "is answered by voicemail: Completed", ends: "Completed", event: "call.completed", failure: null, timeline: ANSWERED },
  {
    number: "+14155552671",
    name: "is on no list: as the first",
    ends: "Completed",
    event: "call.completed",
    failure: null,
    timeline: ANSWERED,
  },
];

let org: Org;
const urls = new Map<string, string>();
const calls = new Map<string, CallObject>();
const wasStalled = new Set<string>();

/** Places one call to each number, and waits until each one's callback was delivered. */
beforeAll(async () => {
  org = await Org.create(server);
  await Promise.all(
    TABLE.map(async ({ number }) => {
      const url = receiver.url();
      urls.set(number, url);
      const id = await org.call({ phone_number: number, callback_url: url });
      await follow(number, id);
      const delivered = async () => {
        const call = await org.detail(id);
        return call.callback?.status === "delivered" && call;
      };
      calls.set(number, await until(`the callback of ${number}`, delivered));
    }),
  );
}, LONGEST_MS);

/** Polls a call to its end; what it shows on the way only ever moves forwards. */
async function follow(number: string, id: string): Promise<void> {
  const order: CallStatus[] = ["Initiating", "Ringing", "Answered"];
  let last: StatusObject | undefined;
  const isOver = async () => {
    const status = await org.status(id);
    if (status.stalled) wasStalled.add(number);
    if (last && !status.is_terminal) {
      expect(order.indexOf(status.call_status), `${number} moved back`).toBeGreaterThanOrEqual(order.indexOf(last.call_status));
    }
    last = status;
    return status.is_terminal;
  };
  await until(`${number} to end`, isOver, LONGEST_MS);
}

function callTo(number: string): CallObject {
  const call = calls.get(number);
  if (!call) throw new Error(`no call to ${number}`);
  return call;
}

test.for(TABLE)("the callback of $number names the failure in a header, where there is one, and nothing else changed", ({ number }) => {
  const { failure } = callTo(number);
  const [callback] = receiver.received(urls.get(number) ?? "");

  expect(callback?.headers["x-audatec-failure"]).toBe(failure ? `${failure.source}/${failure.code}` : undefined);
  expect(Object.keys(JSON.parse(callback?.body ?? "null"))).toEqual([...NOTIFICATION_FIELDS]);
});

test("the list and the feed tell of each call's failure, when it was dialed and who picked up", async () => {
  const viewer = await org.client("viewer");
  const { calls: listed } = found(await viewer.get<{ calls: ListedCall[] }>("/calls?limit=100"));
  const { events } = found(await viewer.get<{ events: { type: string; data: ListedCall }[] }>("/events?limit=100&type=call.completed,call.declined,call.failed"));
  for (const { number } of TABLE) {
    const { id, failure, dialed_at, answered_by } = callTo(number);
    const told = { id, failure, dialed_at, answered_by };

    expect(listed.find((call) => call.id === id)).toMatchObject(told);
    expect(events.find(({ data }) => data.id === id)?.data).toMatchObject(told);
  }
  expect(callTo("+15005550009").answered_by).toBe("machine");
  expect(callTo("+15005550001").answered_by).toBeNull();
  const begun = found(await viewer.get<{ events: { data: ListedCall }[] }>("/events?limit=100&type=call.initiating,call.answered"));
  for (const { data } of begun.events) {
    expect(data).toMatchObject({ failure: null, answered_by: null });
    expect(data.dialed_at === null, data.call_status).toBe(data.call_status === "Initiating");
  }
});

test.for(TABLE)("a call to $number $name", ({ number, ends, failure }) => {
  const call = callTo(number);

  expect(call).toMatchObject({ call_status: ends, is_terminal: true, stalled: false });
  if (failure === null) expect(call.failure).toBeNull();
  else expect(call.failure).toMatchObject({ message: expect.stringMatching(/\S/), ...failure });
  expect(call.end_timestamp).not.toBeNull();
  if (ends === "Completed") {
    expect(call.call_outcome).not.toBeNull();
    expect(call.start_timestamp).not.toBeNull();
    expect(call.duration).not.toBeNull();
  } else {
    expect(call).toMatchObject({ call_outcome: null, start_timestamp: null, duration: null });
  }
});

test.for(TABLE)("a call to $number has one callback, $event, that says what the status says", ({ number, ends, event }) => {
  const call = callTo(number);
  const received = receiver.received(urls.get(number) ?? "");

  expect(received).toHaveLength(1);
  expect(received[0]?.headers["webhook-id"]).toBe(call.callback?.id);
  server.checkSchema("Notification", JSON.parse(received[0]?.body ?? ""));
  expect(JSON.parse(received[0]?.body ?? "")).toEqual({
    event,
    call_id: call.id,
    call_status: ends,
    call_outcome: call.call_outcome,
    duration: call.duration,
    transcript_url: call.transcript_url,
    recording_url: call.recording_url,
    metadata: call.metadata,
    occurred_at: call.last_updated,
  });
});

test.for(TABLE)("the timeline of a call to $number tells each step once, oldest first", ({ number, timeline }) => {
  const entries = callTo(number).timeline;

  expect(entries.map(({ event }) => event)).toEqual(timeline);
  const times = entries.map(({ at }) => at);
  expect(times).toEqual([...times].sort());
});

test("a completed call has an outcome made from the agent's fields", () => {
  const { call_outcome } = callTo("+15005550000");

  expect(call_outcome).toMatchObject({ disposition: expect.any(String), sentiment: expect.any(String) });
  expect(call_outcome?.["summary"]).toContain("Rahul Sharma");
});

test("a voicemail has the disposition `voicemail`", () => {
  expect(callTo("+15005550009").call_outcome).toMatchObject({ disposition: "voicemail" });
});

test("a call that was answered and then silent was stalled, and no other was", () => {
  expect([...wasStalled]).toContain("+15005550006");
  expect([...wasStalled].filter((number) => number !== "+15005550006" && number !== "+15005550007")).toEqual([]);
});

test("a silent call has an outcome though nobody reported", () => {
  expect(callTo("+15005550006").call_outcome).toEqual({ disposition: "unknown", summary: null, sentiment: null });
});

test("a call to +15005550005 moves no breaker: the next one is accepted", async () => {
  for (let i = 0; i < 10; i++) await org.ended(await org.call({ phone_number: "+15005550005" }));

  expect((await org.trigger()).status).toBe(201);
});

test("an idle trunk holds no channel", async () => {
  const idle = await until("the trunk to be idle", async () => {
    const { body } = await org.owner.get<Live>(`/sip-trunks/${org.trunk.id}/live`);
    return body.in_use === 0 && body;
  });

  expect(idle).toEqual({ sip_trunk_id: org.trunk.id, in_use: 0, max_channels: 100, waiting: 0, calls: [], agent_breakers: [] });
});

test("nothing more was sent to any receiver", async () => {
  for (const [number, url] of urls) expect(receiver.received(url), number).toHaveLength(1);
});
