// The reference's examples, sent verbatim, and each sentence around them.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { beforeAll, expect, test } from "vitest";
import { created, found, METADATA, Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import {
  type Accepted,
  type Agent,
  API_KEY,
  NOTIFICATION_FIELDS,
  type Notification,
  type Refused,
  SECRET,
  STATUS_FIELDS,
  type StatusObject,
  TIMESTAMP,
  type Trunk,
  UUID,
} from "./shapes.ts";

const server = useServer();
const receiver = useReceiver();
let org: Org;

beforeAll(async () => {
  org = await Org.create(server);
});

/** One of the reference's snippets as its reader would use it. */
function snippet<Fn>(file: string, name: string): Fn {
  const source = readFileSync(new URL(`snippets/${file}`, import.meta.url), "utf8");
  const toLocal = (url: string, init: RequestInit) => fetch(url.replace("https://api.audatec.in", server.url), init);
  return new Function("require", "fetch", `${source}\nreturn ${name};`)(createRequire(import.meta.url), toLocal);
}

test("POST /platform/v1/orgs makes an organisation with its first owner key and its webhook secret", async () => {
  const answer = await server.platform.fromRoot("POST", "/platform/v1/orgs", { body: { name: "Globex" } });

  expect(created(answer)).toEqual({
    org: { id: expect.stringMatching(UUID), name: "Globex", created_at: expect.stringMatching(TIMESTAMP) },
    owner_key: expect.stringMatching(API_KEY),
    webhook_secret: expect.stringMatching(SECRET),
  });
});

test("a new key is audtk_ and 38 characters, as long as the reference's example", () => {
  expect(org.owner.key).toHaveLength("audtk_Wg8xJCrw-I6n3h48v6ZfTFgUzpADscHid36SCM".length);
});

test("GET /agents answers the documented fields of all active agents, and nothing else", async () => {
  const acme = await Org.create(server);
  await acme.newAgent({ name: "Retired", status: "inactive" });

  const answer = await (await acme.client("viewer")).get("/agents");

  const expected = {
    agents: [
      {
        id: acme.agent.id,
        name: "EMI Reminder Agent",
        agent_code: "emi-reminder-v2",
        status: "active",
        input_schema: { fields: ["customer_name", "amount_due", "due_date"], sample_context: METADATA },
      },
    ],
  };
  expect(JSON.stringify(found(answer))).toBe(JSON.stringify(expected));
});

test("GET /sip-trunks answers the documented fields of all active trunks, and nothing else", async () => {
  const acme = await Org.create(server, { max_cps: 5, max_channels: 100 });
  await acme.newTrunk({ name: "Retired", status: "inactive" });

  const answer = await (await acme.client("viewer")).get("/sip-trunks");

  const expected = {
    sip_trunks: [
      {
        id: acme.trunk.id,
        name: "India Prod Trunk 1",
        trunk_phone: "+918069000000",
        max_cps: 5,
        max_channels: 100,
        status: "active",
      },
    ],
  };
  expect(JSON.stringify(found(answer))).toBe(JSON.stringify(expected));
});

test("the quick start places a call in three steps", async () => {
  const member = await org.client("member");
  const [agent] = found(await member.get<{ agents: Agent[] }>("/agents")).agents;
  const [trunk] = found(await member.get<{ sip_trunks: Trunk[] }>("/sip-trunks")).sip_trunks;

  const answer = await member.post<Accepted>("/calls", {
    phone_number: "+919876543210",
    agent_id: agent?.id,
    sip_trunk_id: trunk?.id,
    metadata: { customer_name: "Rahul Sharma", amount_due: "7500", due_date: "2026-06-20" },
  });

  expect((await org.ended(created(answer).call_id)).call_status).toBe("Completed");
});

test("an accepted call is answered 201 with its call_id, `triggered` and where to poll", async () => {
  const answer = await org.trigger({ callback_url: receiver.url() });

  const { call_id } = created(answer);
  expect(call_id).toMatch(UUID);
  expect(JSON.stringify(answer.body)).toBe(
    JSON.stringify({ call_id, status: "triggered", poll_url: `/integration/v1/calls/${call_id}/status` }),
  );
});

test("the poll_url answers the call's status", async () => {
  const { call_id, poll_url } = created(await org.trigger());

  const answer = await (await org.client("viewer")).fromRoot<StatusObject>("GET", poll_url);

  expect(found(answer).id).toBe(call_id);
});

test("a trunk at capacity answers 429 with the text, the call_id, `rejected` and Retry-After", async () => {
  const full = await Org.create(server, { max_channels: 1 });
  await full.call({ phone_number: "+15005550006" });

  const answer = await full.trigger<Refused>();

  expect(answer.status).toBe(429);
  expect(JSON.stringify(answer.body)).toBe(
    JSON.stringify({
      error: "Trunk concurrency (max_channels) exhausted",
      call_id: expectUuid(answer.body.call_id),
      status: "rejected",
    }),
  );
  expect(answer.headers.get("x-error-code")).toBe("trunk_channels_exhausted");
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(Number(answer.headers.get("retry-after"))).toBeLessThanOrEqual(60);
  expect((await full.status(answer.body.call_id)).call_status).toBe("Rejected — Capacity");
});

test("a trunk at its rate answers 429 with the text, the call_id, `rejected` and Retry-After: 1", async () => {
  const slow = await Org.create(server, { max_cps: 1 });
  const answers = await Promise.all([1, 2, 3].map(() => slow.trigger<Refused>()));

  const refused = answers.filter(({ status }) => status === 429);

  expect(refused.length).toBeGreaterThan(0);
  for (const { body, headers } of refused) {
    expect(body).toEqual({ error: "Trunk rate (max_cps) exceeded", call_id: expect.stringMatching(UUID), status: "rejected" });
    expect(headers.get("x-error-code")).toBe("trunk_rate_exceeded");
    expect(headers.get("retry-after")).toBe("1");
  }
});

test("the status object of a completed call has exactly the fields of the reference", async () => {
  const status = await org.ended(await org.call());

  expect(Object.keys(status)).toEqual(STATUS_FIELDS);
  expect(status).toMatchObject({
    phone_number: "+919876543210",
    call_status: "Completed",
    is_terminal: true,
    stalled: false,
    call_outcome: { disposition: expect.any(String), summary: expect.any(String), sentiment: expect.any(String) },
    duration: expect.any(Number),
    start_timestamp: expect.stringMatching(TIMESTAMP),
    end_timestamp: expect.stringMatching(TIMESTAMP),
    last_updated: expect.stringMatching(TIMESTAMP),
  });
  const talkMs = Date.parse(status.end_timestamp ?? "") - Date.parse(status.start_timestamp ?? "");
  expect(status.duration).toBe(Math.floor(talkMs / 1000));
});

test("the status object of a call in progress has the same fields, with null for what is not known yet", async () => {
  const answered = await org.reached(await org.call({ phone_number: "+15005550006" }), "Answered");

  expect(Object.keys(answered)).toEqual(STATUS_FIELDS);
  expect(answered).toMatchObject({
    is_terminal: false,
    call_outcome: null,
    duration: null,
    start_timestamp: expect.stringMatching(TIMESTAMP),
    end_timestamp: null,
  });
});

test("a call that was not answered has null for outcome, duration and start, and an end", async () => {
  const status = await org.ended(await org.call({ phone_number: "+15005550001" }));

  expect(status).toMatchObject({ call_status: "Decline", call_outcome: null, duration: null, start_timestamp: null });
  expect(status.end_timestamp).toMatch(TIMESTAMP);
});

test("after is_terminal the status object never changes again", async () => {
  const url = receiver.url(500, 500, 200);
  const callId = await org.call({ callback_url: url });
  const before = await org.ended(callId);

  await receiver.expect(url, 3);

  expect(await org.status(callId)).toEqual(before);
});

test("the notification of a completed call has exactly the fields of the reference", async () => {
  const url = receiver.url();
  const callId = await org.call({ callback_url: url });
  const [received] = await receiver.expect(url);
  const status = await org.ended(callId);

  expect(received.method).toBe("POST");
  expect(received.headers["content-type"]).toMatch(/^application\/json\b/);
  const notification = JSON.parse(received.body) as Notification;
  expect(Object.keys(notification)).toEqual(NOTIFICATION_FIELDS);
  expect(notification).toEqual({
    event: "call.completed",
    call_id: callId,
    call_status: "Completed",
    call_outcome: status.call_outcome,
    duration: status.duration,
    transcript_url: status.transcript_url,
    recording_url: status.recording_url,
    metadata: METADATA,
    occurred_at: status.last_updated,
  });
});

test("the notification of a failed call has null for what did not happen, and for metadata that was not given", async () => {
  const url = receiver.url();
  const agent = await org.newAgent({ input_schema: { fields: [], sample_context: {} } });
  const callId = await org.call({ phone_number: "+15005550004", agent_id: agent.id, metadata: undefined, callback_url: url });

  const [{ body }] = await receiver.expect(url);

  expect(Object.keys(JSON.parse(body))).toEqual(NOTIFICATION_FIELDS);
  expect(JSON.parse(body)).toEqual({
    event: "call.failed",
    call_id: callId,
    call_status: "SIP Call Failed",
    call_outcome: null,
    duration: null,
    transcript_url: null,
    recording_url: null,
    metadata: null,
    occurred_at: expect.stringMatching(TIMESTAMP),
  });
});

test("metadata reaches the receiver as it was given, extra keys included", async () => {
  const url = receiver.url();
  const metadata = { ...METADATA, "ключ": "значение", nested: { list: [1, 2.5, null, true] }, emoji: "📞" };
  await org.call({ metadata, callback_url: url });

  const [{ body }] = await receiver.expect(url);

  expect(JSON.parse(body).metadata).toEqual(metadata);
});

test("the reference's verifySignature accepts a callback, and no changed one", async () => {
  const verifySignature = snippet<(rawBody: string, signature: string, secret: string) => boolean>(
    "verify-signature.js",
    "verifySignature",
  );
  const url = receiver.url();
  await org.call({ callback_url: url });
  const [{ body, headers }] = await receiver.expect(url);
  const signature = String(headers["x-audatec-signature"]);

  expect(verifySignature(body, signature, org.webhookSecret)).toBe(true);
  expect(verifySignature(`${body} `, signature, org.webhookSecret)).toBe(false);
  expect(verifySignature(body, signature, `${org.webhookSecret}=`)).toBe(false);
});

test("the reference's waitForCall polls a call to its end", async () => {
  const waitForCall = snippet<(callId: string, apiKey: string | null) => Promise<StatusObject>>(
    "wait-for-call.js",
    "waitForCall",
  );
  const callId = await org.call();

  const status = await waitForCall(callId, (await org.client("viewer")).key);

  expect(status).toEqual(await org.status(callId));
  expect(status.call_status).toBe("Completed");
});

test("GET /healthz answers 200 {\"status\": \"ok\"} to anybody", async () => {
  const answer = await server.client(null).fromRoot("GET", "/healthz");

  expect(answer).toMatchObject({ status: 200, body: { status: "ok" } });
});

function expectUuid(text: string): string {
  expect(text).toMatch(UUID);
  return text;
}
