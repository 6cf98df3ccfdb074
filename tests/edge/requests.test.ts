// How a request is read: each error with its exact text, and which of several faults is reported.

import { beforeAll, expect, test } from "vitest";
import { type Answer, BASE_PATH, type Client, expectError, METADATA, noNetwork, Org, useServer } from "./harness.ts";
import { UUID } from "./shapes.ts";
import { until } from "./until.ts";

const server = useServer({ outboundService: noNetwork });
let org: Org;
let stranger: Org;
let member: Client;

const NOWHERE = "00000000-0000-4000-8000-000000000000";

beforeAll(async () => {
  org = await Org.create(server);
  stranger = await Org.create(server);
  member = await org.client("member");
});

const FIELD_ERRORS: [sentence: string, change: Record<string, unknown>, error: string, code: string][] = [
  ["phone_number left out", { phone_number: undefined }, "phone_number is required", "field_required"],
  ["phone_number null", { phone_number: null }, "phone_number is required", "field_required"],
  ["phone_number empty", { phone_number: "" }, "phone_number is required", "field_required"],
  ["phone_number without a plus", { phone_number: "919876543210" }, "phone_number must be in E.164 format", "phone_number_not_e164"],
  ["phone_number with spaces", { phone_number: "+91 9876543210" }, "phone_number must be in E.164 format", "phone_number_not_e164"],
  ["phone_number to be trimmed", { phone_number: " +919876543210" }, "phone_number must be in E.164 format", "phone_number_not_e164"],
  ["phone_number beginning with 0", { phone_number: "+0919876543" }, "phone_number must be in E.164 format", "phone_number_not_e164"],
  ["phone_number of 6 digits", { phone_number: "+123456" }, "phone_number must be in E.164 format", "phone_number_not_e164"],
  ["phone_number of 16 digits", { phone_number: "+1234567890123456" }, "phone_number must be in E.164 format", "phone_number_not_e164"],
  ["phone_number as a number", { phone_number: 919876543210 }, "phone_number must be in E.164 format", "phone_number_not_e164"],
  ["agent_id left out", { agent_id: undefined }, "agent_id is required", "field_required"],
  ["agent_id null", { agent_id: null }, "agent_id is required", "field_required"],
  ["agent_id no UUID", { agent_id: "emi-reminder-v2" }, "agent_id must be a UUID", "field_not_uuid"],
  ["agent_id in braces", { agent_id: `{${NOWHERE}}` }, "agent_id must be a UUID", "field_not_uuid"],
  ["agent_id as a number", { agent_id: 7 }, "agent_id must be a UUID", "field_not_uuid"],
  ["sip_trunk_id left out", { sip_trunk_id: undefined }, "sip_trunk_id is required", "field_required"],
  ["sip_trunk_id null", { sip_trunk_id: null }, "sip_trunk_id is required", "field_required"],
  ["sip_trunk_id no UUID", { sip_trunk_id: "trunk-1" }, "sip_trunk_id must be a UUID", "field_not_uuid"],
  ["metadata a string", { metadata: "customer_name" }, "metadata must be an object", "metadata_not_object"],
  ["metadata an array", { metadata: [METADATA] }, "metadata must be an object", "metadata_not_object"],
  ["metadata too large", { metadata: { x: "x".repeat(16_384) } }, "metadata must be at most 16384 bytes", "metadata_too_large"],
  [
    "metadata left out",
    { metadata: undefined },
    "metadata missing required keys: customer_name, amount_due, due_date",
    "metadata_missing_keys",
  ],
  [
    "metadata null",
    { metadata: null },
    "metadata missing required keys: customer_name, amount_due, due_date",
    "metadata_missing_keys",
  ],
  [
    "metadata with keys missing",
    { metadata: { customer_name: "Rahul Sharma" } },
    "metadata missing required keys: amount_due, due_date",
    "metadata_missing_keys",
  ],
  [
    "a required key null",
    { metadata: { ...METADATA, amount_due: null } },
    "metadata missing required keys: amount_due",
    "metadata_missing_keys",
  ],
  ["callback_url no URL", { callback_url: "your-server.com/hook" }, "callback_url must be a valid http or https URL", "url_invalid"],
  ["callback_url empty", { callback_url: "" }, "callback_url must be a valid http or https URL", "url_invalid"],
  ["callback_url of ftp", { callback_url: "ftp://your-server.com/" }, "callback_url must be a valid http or https URL", "url_invalid"],
  ["callback_url as a number", { callback_url: 80 }, "callback_url must be a valid http or https URL", "url_invalid"],
  ["callback_url private", { callback_url: "https://10.0.0.1/" }, "callback_url must not point to a private address", "url_private"],
  ["agent_id unknown", { agent_id: NOWHERE }, "Agent not found", "agent_not_found"],
  ["sip_trunk_id unknown", { sip_trunk_id: NOWHERE }, "SIP trunk not found", "trunk_not_found"],
];

test.for(FIELD_ERRORS)("POST /calls with %s: %o is refused", async ([, change, error, code]) => {
  const answer = await org.trigger<unknown>(change);

  expectError(answer, error.endsWith("not found") ? 404 : 400, error, code);
});

const ACCEPTED: [sentence: string, change: Record<string, unknown>][] = [
  ["a phone number of 7 digits", { phone_number: "+1234567" }],
  ["a phone number of 15 digits", { phone_number: "+123456789012345" }],
  ["ids in upper case", {}],
  ["callback_url null, as if left out", { callback_url: null }],
  ["optional fields null, as if left out", { on_capacity: null, max_wait_seconds: null, dry_run: null }],
  ["a Unicode host for callbacks", { callback_url: "https://bücher.example/hook" }],
  ["unknown fields, which are ignored", { colour: "blue", priority: 1 }],
  ["extra metadata keys", { metadata: { ...METADATA, colour: "blue" } }],
  ["required metadata that is empty, zero or false", { metadata: { customer_name: "", amount_due: 0, due_date: false } }],
  ["metadata of almost 16 KiB", { metadata: { ...METADATA, x: "x".repeat(16_000) } }],
];

test.for(ACCEPTED)("POST /calls takes %s", async ([sentence, change]) => {
  const upper = { agent_id: org.agent.id.toUpperCase(), sip_trunk_id: org.trunk.id.toUpperCase() };

  const answer = await org.trigger(sentence.startsWith("ids") ? upper : change);

  expect(answer.status, answer.text).toBe(201);
});

test("an agent without fields needs no metadata", async () => {
  const agent = await org.newAgent({ input_schema: { fields: [], sample_context: {} } });

  expect((await org.trigger({ agent_id: agent.id, metadata: undefined })).status).toBe(201);
});

test("an agent that has been deactivated is refused: Agent is not active", async () => {
  const agent = await org.newAgent({ status: "inactive" });

  expectError(await org.trigger<unknown>({ agent_id: agent.id }), 400, "Agent is not active", "agent_not_active");
});

test("a trunk that is inactive is refused: SIP trunk is not active", async () => {
  const trunk = await org.newTrunk({ status: "inactive" });

  expectError(await org.trigger<unknown>({ sip_trunk_id: trunk.id }), 400, "SIP trunk is not active", "trunk_not_active");
});

test("another organisation's agent, trunk and call are not there", async () => {
  const call = await stranger.call();

  expectError(await org.trigger<unknown>({ agent_id: stranger.agent.id }), 404, "Agent not found");
  expectError(await org.trigger<unknown>({ sip_trunk_id: stranger.trunk.id }), 404, "SIP trunk not found");
  for (const path of [`/calls/${call}/status`, `/calls/${call}`]) {
    expectError(await member.get(path), 404, "Call not found", "call_not_found");
  }
  expectError(await member.post(`/calls/${call}/cancel`), 404, "Call not found");
});

test.for([NOWHERE, "31106b7c-9d02-4723-8b07-5bb8d90240cb", "not-a-uuid", "%20", "1"])(
  "a call id that nobody issued (%s) is 404 Call not found",
  async (id) => {
    expectError(await member.get(`/calls/${id}/status`), 404, "Call not found");
    expectError(await member.get(`/calls/${id}`), 404, "Call not found");
    expectError(await member.post(`/calls/${id}/cancel`), 404, "Call not found");
  },
);

test("the first of several faults is told, in the order of the reading", async () => {
  const inactive = { agent: await org.newAgent({ status: "inactive" }), trunk: await org.newTrunk({ status: "inactive" }) };
  const full = await org.newTrunk({ max_channels: 1 });
  await org.call({ sip_trunk_id: full.id, phone_number: "+15005550006" });
  const viewer = await org.client("viewer");
  const nobody = server.client(null);
  const huge = `{"pad": "${"x".repeat(65_536)}"`;
  const text = { "content-type": "text/plain" };
  const json = { "content-type": "application/json" };
  const send = (client: Client, body: unknown, headers = json, path = "/calls", method = "POST") =>
    client.send<unknown>(method, path, { body, headers });
  const faults: [fix: string, Promise<Answer<unknown>>, status: number, error: string][] = [
    ["all wrong", send(nobody, huge, text, "/call"), 404, "Not found"],
    ["an empty segment", send(nobody, huge, text, "/agents/", "PATCH"), 404, "Not found"],
    ["path", send(nobody, huge, text, "/calls", "PUT"), 405, "Method not allowed"],
    ["method", send(nobody, huge, text), 401, "Invalid or inactive API key"],
    ["key", send(viewer, huge, text), 403, "This API key's role (viewer) can't do this; it needs member"],
    ["role", send(member, huge, text), 415, "Content-Type must be application/json"],
    ["content type", send(member, huge), 413, "Request body must be at most 65536 bytes"],
    ["size", send(member, "{"), 400, "Request body must be valid JSON"],
    ["JSON", send(member, "[]"), 400, "Request body must be a JSON object"],
  ];
  for (const [fix, answer, status, error] of faults) {
    expect({ fix, status: (await answer).status, body: (await answer).body }).toEqual({ fix, status, body: { error } });
  }

  const body: Record<string, unknown> = { metadata: 1, callback_url: 1 };
  const steps: [fix: Record<string, unknown>, status: number, error: string][] = [
    [{}, 400, "phone_number is required"],
    [{ phone_number: "1" }, 400, "phone_number must be in E.164 format"],
    [{ phone_number: "+15005550000" }, 400, "agent_id is required"],
    [{ agent_id: "1" }, 400, "agent_id must be a UUID"],
    [{ agent_id: NOWHERE }, 400, "sip_trunk_id is required"],
    [{ sip_trunk_id: "1" }, 400, "sip_trunk_id must be a UUID"],
    [{ sip_trunk_id: NOWHERE }, 400, "metadata must be an object"],
    [{ metadata: {} }, 400, "callback_url must be a valid http or https URL"],
    [{ callback_url: "http://10.0.0.1/" }, 400, "callback_url must not point to a private address"],
    [{ callback_url: "http://127.0.0.1/" }, 404, "Agent not found"],
    [{ agent_id: inactive.agent.id }, 400, "Agent is not active"],
    [{ agent_id: org.agent.id }, 400, "metadata missing required keys: customer_name, amount_due, due_date"],
    [{ metadata: METADATA }, 404, "SIP trunk not found"],
    [{ sip_trunk_id: inactive.trunk.id }, 400, "SIP trunk is not active"],
    [{ sip_trunk_id: full.id }, 429, "Trunk concurrency (max_channels) exhausted"],
  ];
  for (const [fix, status, error] of steps) {
    Object.assign(body, fix);
    expect(await member.post("/calls", body), JSON.stringify(fix)).toMatchObject({ status, body: { error } });
  }
});

const KEYS: [sentence: string, authorization: string | undefined][] = [
  ["no key", undefined],
  ["an empty header", ""],
  ["another scheme", "Basic dXNlcjpwYXNz"],
  ["a scheme alone", "Bearer"],
  ["a key without its scheme", "audtk_Wg8xJCrw-I6n3h48v6ZfTFgUzpADscHid36SCM"],
  ["the reference's example key", "Bearer audtk_Wg8xJCrw-I6n3h48v6ZfTFgUzpADscHid36SCM"],
  ["a key of the right form with a wrong checksum", `Bearer audtk_${"0".repeat(38)}`],
  ["a very long key", `Bearer audtk_${"a".repeat(8_000)}`],
];

test.for(KEYS)("%s is 401: Invalid or inactive API key", async ([, authorization]) => {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };

  const answer = await server.send("GET", `${BASE_PATH}/agents`, { headers });

  expectError(answer, 401, "Invalid or inactive API key", "invalid_api_key");
});

test("the word Bearer is read in any case", async () => {
  const answer = await server.send("GET", `${BASE_PATH}/agents`, { headers: { authorization: `bearer ${member.key}` } });

  expect(answer.status).toBe(200);
});

test("a key that has expired is refused like an unknown one", async () => {
  // It must be used before it expires: on a slow machine one second may be over by then.
  const fresh = async (seconds: number) => {
    const { key } = await org.newKey("member", { expires_at: new Date(Date.now() + 1_000 * seconds).toISOString() });
    const used = server.client(key);
    return (await used.get("/agents")).status === 200 && used;
  };
  const client = (await fresh(1)) || (await fresh(5)) || (await fresh(20));
  if (!client) throw new Error("a key that is good for 20 s was never good");

  const refused = await until("the key to expire", async () => {
    const answer = await client.get("/agents");
    return answer.status !== 200 && answer;
  });

  expectError(refused, 401, "Invalid or inactive API key");
  expectError(await client.post("/calls", org.request()), 401, "Invalid or inactive API key");
});

test("the operator's routes take the operator's token alone", async () => {
  const body = { name: "Acme" };
  for (const client of [server.client(null), server.client("wrong"), org.owner]) {
    expect((await client.fromRoot("POST", "/platform/v1/orgs", { body })).status).toBe(401);
  }
  expectError(await server.platform.get("/agents"), 401, "Invalid or inactive API key");
});

test("an agent's report with a wrong token and one for an unknown call are 401 alike: Invalid report token", async () => {
  const call = await org.call();
  for (const id of [call, NOWHERE, "not-a-uuid"]) {
    for (const client of [server.client(null), server.client("wrong"), org.owner]) {
      const answer = await client.fromRoot("POST", `/agent-reports/${id}`, { body: { outcome: {} } });
      expectError(answer, 401, "Invalid report token", "invalid_report_token");
    }
  }
});

const WRONG_METHODS: [method: string, path: string, allow: string[]][] = [
  ["DELETE", "/integration/v1/calls", ["GET", "POST"]],
  ["POST", "/integration/v1/calls/x/status", ["GET"]],
  ["GET", "/integration/v1/calls/x/cancel", ["POST"]],
  ["PUT", "/integration/v1/agents", ["GET", "POST"]],
  ["PUT", "/integration/v1/agents/x", ["GET", "PATCH", "DELETE"]],
  ["PUT", "/integration/v1/sip-trunks/x", ["GET", "PATCH", "DELETE"]],
  ["PATCH", "/integration/v1/api-keys", ["GET", "POST"]],
  ["GET", "/integration/v1/api-keys/x", ["DELETE"]],
  ["DELETE", "/integration/v1/erasures", ["GET", "POST"]],
  ["DELETE", "/integration/v1/erasures/x", ["GET"]],
  ["POST", "/integration/v1/webhooks/secret", ["GET"]],
  ["POST", "/integration/v1/export", ["GET"]],
  ["PUT", "/platform/v1/orgs", ["GET", "POST"]],
  ["PUT", "/platform/v1/orgs/x", ["GET", "PATCH", "DELETE"]],
  ["GET", "/agent-reports/x", ["POST"]],
];

test.for(WRONG_METHODS)("%s %s is 405 with Allow: %j", async ([method, path, allow]) => {
  const answer = await member.fromRoot(method, path);

  expectError(answer, 405, "Method not allowed", "method_not_allowed");
  const withHead = allow.flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name]));
  expect(answer.headers.get("allow")?.split(", ").sort()).toEqual(withHead.sort());
});

test.for(["/", "/call", "/calls/x/y", "/calls/x/status/", "/Calls", "//calls", "/agents/x/y", "/webhooks"])(
  "no route %s is 404: Not found",
  async (path) => {
    expectError(await member.get(path), 404, "Not found", "not_found");
  },
);

test("Content-Type is read in any case and with parameters", async () => {
  for (const type of ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=UTF-8"]) {
    const answer = await org.trigger({}, { "content-type": type });
    expect(answer.status, type).toBe(201);
  }
});

test.for(["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", ""])(
  "Content-Type %o is 415",
  async (type) => {
    const body = new TextEncoder().encode(JSON.stringify(org.request()));
    const answer = await member.send("POST", "/calls", { body, ...(type && { headers: { "content-type": type } }) });

    expectError(answer, 415, "Content-Type must be application/json", "content_type_not_json");
  },
);

test("a POST without a body needs no Content-Type and counts as {}", async () => {
  expectError(await member.post("/calls"), 400, "phone_number is required");
});

test("a body of exactly 64 KiB is read, one byte more is 413", async () => {
  const json = JSON.stringify(org.request());
  const headers = { "content-type": "application/json" };

  expect((await member.send("POST", "/calls", { body: json.padEnd(65_536), headers })).status).toBe(201);
  const answer = await member.send("POST", "/calls", { body: json.padEnd(65_537), headers });
  expectError(answer, 413, "Request body must be at most 65536 bytes", "body_too_large");
});

test("plain HTTP from anywhere but loopback is refused: HTTPS is required", async () => {
  const get = async (origin: string) => {
    const response = await server.local.mf.dispatchFetch(`${origin}${BASE_PATH}/agents`, {
      headers: { authorization: `Bearer ${member.key}` },
    });
    return server.read("GET", `${BASE_PATH}/agents`, response as unknown as Response);
  };

  expectError(await get("http://api.audatec.in"), 403, "HTTPS is required", "https_required");
  expectError(await get("http://localhost.example.com"), 403, "HTTPS is required");
  for (const origin of ["https://api.audatec.in", "http://127.0.0.1:8787", "http://localhost:8787", "http://[::1]:8787"]) {
    expect((await get(origin)).status, origin).toBe(200);
  }
});

test("each answer has an X-Request-Id of its own", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => member.get("/agents")));

  expect(new Set(answers.map(({ headers }) => headers.get("x-request-id"))).size).toBe(20);
});

test("pages too have an X-Request-Id, are never stored, and come over HTTPS alone", async () => {
  for (const path of ["/", "/openapi.json", "/docs", "/studio", "/studio/calls/x"]) {
    const response = await fetch(`${server.url}${path}`);
    await response.body?.cancel();
    expect([path, response.status]).toEqual([path, 200]);
    expect(response.headers.get("x-request-id")).toMatch(UUID);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const posted = await fetch(`${server.url}${path}`, { method: "POST" });
    expect([posted.status, await posted.json()]).toEqual([405, { error: "Method not allowed" }]);
    expect(posted.headers.get("allow")).toBe("GET, HEAD");
    const plain = await server.local.mf.dispatchFetch(`http://api.audatec.in${path}`);
    expect([plain.status, await plain.json()]).toEqual([403, { error: "HTTPS is required" }]);
  }
  expectError(await member.fromRoot("GET", "/no-such-page"), 404, "Not found");
});

const NOTHING_TO_SAY = ["/calls/x/cancel", "/sip-trunks/x/live/x/release", "/webhooks/deliveries/x/redeliver"];

test.for(NOTHING_TO_SAY)("POST %s takes no field", async (path) => {
  const headers = { "content-type": "application/json" };
  expectError(await org.owner.post(path, { reason: "x" }), 400, "unknown field: reason");
  expectError(await org.owner.send("POST", path, { body: "{", headers }), 400, "Request body must be valid JSON");
  expectError(await org.owner.send("POST", path, { body: "{}", headers: { "content-type": "text/plain" } }), 415, "Content-Type must be application/json");
  expect((await org.owner.send("POST", path, { body: "{}", headers })).status).toBe(404);
});

test("unknown query parameters are ignored outside of lists", async () => {
  const call = await org.call();

  expect((await member.get(`/calls/${call}/status?colour=blue`)).status).toBe(200);
  expect((await member.get(`/calls/${call}?limit=none`)).status).toBe(200);
});
