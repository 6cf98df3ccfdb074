// What HTTP itself has rules for: HEAD, Accept, Content-Encoding, and how a query is written.

import { request as rawRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { prefersStream } from "../../src/edge/stream.js";
import { type Answer, BASE_PATH, type Client, expectError, found, Org, useServer } from "./harness.ts";
import type { DeliveryObject, ListedCall, Page } from "./shapes.ts";
import { until } from "./until.ts";

// What a list of deliveries shows stays as it is from the first attempt on.
const server = useServer({ vars: { WEBHOOK_RETRY_SECONDS: "3600" } });
let org: Org;
let viewer: Client;
let callId: string;

beforeAll(async () => {
  org = await Org.create(server);
  viewer = await org.client("viewer");
  callId = await org.call({ callback_url: "http://127.0.0.1:1/" });
  await org.ended(callId);
  await until("the callback's one attempt", async () => (await org.detail(callId)).callback?.attempts.length === 1);
});

/** Status, headers and the number of body bytes as they came over the wire: `fetch` would not show a HEAD's. */
function raw(method: string, path: string, headers: Record<string, string> = {}): Promise<{ status: number; headers: Record<string, unknown>; bytes: number }> {
  return new Promise((resolve, reject) => {
    const sent = rawRequest(server.url + path, { method, headers, agent: false }, (answer) => {
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => (bytes += chunk.length));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes }));
    });
    sent.on("error", reject).end();
  });
}

describe("HEAD", () => {
  const PATHS = [
    "/healthz",
    "/integration/v1/agents",
    "/integration/v1/sip-trunks",
    "/integration/v1/sip-trunks/TRUNK",
    "/integration/v1/sip-trunks/TRUNK/live",
    "/integration/v1/calls",
    "/integration/v1/calls?limit=0",
    "/integration/v1/calls/CALL",
    "/integration/v1/calls/CALL/status",
    "/integration/v1/calls/CALL/transcript",
    "/integration/v1/calls/00000000-0000-4000-8000-000000000000",
    "/integration/v1/events",
    "/integration/v1/events?after=nonsense",
    "/integration/v1/webhooks/secret",
    "/integration/v1/webhooks/deliveries",
    "/integration/v1/api-keys",
    "/integration/v1/audit-log",
    "/integration/v1/erasures",
    "/integration/v1/settings",
    "/studio/session",
    "/studio/receiver",
    "/nowhere",
    "/openapi.json",
    "/",
    "/docs",
    "/docs.css",
    "/studio",
    "/studio/calls",
  ];
  const OWN = ["x-request-id", "date"];
  const shared = (headers: Record<string, unknown>) => Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.includes(name)));

  test.for(PATHS)("%s is answered as GET is, without the body", async (template) => {
    const path = template.replace("CALL", callId).replace("TRUNK", org.trunk.id);
    for (const headers of [{ authorization: `Bearer ${org.owner.key}` }, {}] as Record<string, string>[]) {
      const [get, head] = [await raw("GET", path, headers), await raw("HEAD", path, headers)];

      expect(head.status).toBe(get.status);
      expect(head.bytes).toBe(0);
      expect(shared(head.headers)).toEqual(shared(get.headers));
      expect(head.headers["content-length"]).toBe(String(get.bytes));
      expect(head.headers["x-request-id"]).not.toBe(get.headers["x-request-id"]);
    }
  });

  test("of a file that is still the same is answered as GET is", async () => {
    const etag = (await fetch(`${server.url}/docs`)).headers.get("etag") ?? "";
    const headers = { "if-none-match": etag };
    const [get, head] = [await raw("GET", "/docs", headers), await raw("HEAD", "/docs", headers)];

    expect([get.status, head.status]).toEqual([304, 304]);
    expect(shared(head.headers)).toEqual(shared(get.headers));
  });

  test("of a stream ends with its headers", async () => {
    const headers = { authorization: `Bearer ${viewer.key}`, accept: "text/event-stream" };
    const answer = await fetch(`${server.url}${BASE_PATH}/events`, { method: "HEAD", headers });

    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    expect(await answer.text()).toBe("");
  });

  test("is in Allow wherever GET is, and refused where it is not", async () => {
    for (const [path, method, allow] of [
      ["/integration/v1/agents", "PUT", "GET, HEAD, POST"],
      ["/integration/v1/events", "POST", "GET, HEAD"],
      ["/integration/v1/webhooks/test", "HEAD", "POST"],
      ["/healthz", "POST", "GET, HEAD"],
    ] as const) {
      const answer = await raw(method, path);
      expect([answer.status, answer.headers["allow"]]).toEqual([405, allow]);
    }
  });

  test("with a session's cookie needs no page of our own", async () => {
    const signedIn = await fetch(`${server.url}/studio/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url },
      body: JSON.stringify({ key: viewer.key }),
    });
    const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";

    expect((await raw("HEAD", `${BASE_PATH}/calls`, { cookie })).status).toBe(200);
  });
});

describe("Accept", () => {
  const STREAM = [
    "text/event-stream",
    "Text/Event-Stream",
    "text/event-stream; charset=utf-8",
    "text/event-stream, */*",
    "*/*, text/event-stream",
    "text/event-stream, application/json",
    "text/event-stream,application/json;q=0.9",
    "application/json;q=0.5, text/event-stream;q=0.8",
    "application/json; Q=0.5 , text/event-stream",
    "application/json;q=0, text/event-stream;q=0.001",
    "text/*",
    "text/*;q=0.5, application/json;q=0.4",
    'text/html;level="1,2", text/event-stream',
    "text/event-stream, application/*",
    "application/json;q=0, */*",
  ];
  const JSON_ = [
    null,
    "",
    "*/*",
    "application/json",
    "application/json, text/event-stream",
    "application/json, text/event-stream;q=0.9",
    "text/event-stream;q=0",
    "text/event-stream;q=0.0, */*",
    "text/event-stream;q=0.5, application/json",
    "text/event-stream;q=0.1, */*",
    "text/*;q=0.5, application/*",
    "text/*, text/event-stream;q=0",
    "text/html",
    "x-text/event-stream",
    "text/event-streams",
    'text/html;what="text/event-stream, text/event-stream"',
    "application/json;q=0",
    `${'"'.repeat(20_000)}`,
    `${",".repeat(20_000)}`,
  ];

  test.for(STREAM)("%s asks for the stream", (accept) => expect(prefersStream(accept)).toBe(true));

  test("anything else is answered in JSON", () => {
    for (const accept of JSON_) expect(prefersStream(accept), accept?.slice(0, 80)).toBe(false);
  });

  test("decides what GET /events answers, and nothing else", async () => {
    const ask = async (path: string, accept: string) => {
      const stop = new AbortController();
      const headers = { authorization: `Bearer ${viewer.key}`, accept };
      const answer = await fetch(server.url + BASE_PATH + path, { headers, signal: stop.signal });
      const type = answer.headers.get("content-type");
      stop.abort();
      return [answer.status, type];
    };
    expect(await ask("/events", "TEXT/event-stream;q=0.4, application/json;q=0.3")).toEqual([200, "text/event-stream"]);
    for (const accept of ["application/json, text/event-stream;q=0.9", "text/event-stream;q=0", "image/png"]) {
      expect(await ask("/events", accept), accept).toEqual([200, "application/json"]);
    }
    expect(await ask("/calls", "text/event-stream")).toEqual([200, "application/json"]);
  });
});

describe("Content-Encoding", () => {
  const post = (client: Client, path: string, coding: string, body: Uint8Array | string) =>
    client.send("POST", path, { body, headers: { "content-type": "application/json", "content-encoding": coding } });

  test.for([
    ["gzip", "gzip"],
    ["br", "br"],
    ["zstd", "zstd"],
    ["X-Gzip", "X-Gzip"],
    ["identity, gzip", "gzip"],
    ["gzip, identity", "gzip"],
  ])("%s is refused with its name", async ([coding = "", named]) => {
    const body = gzipSync(JSON.stringify(org.request()));
    const member = await org.client("member");

    expectError(await post(member, "/calls", coding, body), 415, `Content-Encoding is not supported: ${named}`, "content_encoding_unsupported");
    expectError(await post(org.owner, "/agents", coding, body), 415, `Content-Encoding is not supported: ${named}`);
  });

  test("is refused by each route that reads a body, after the content type and before the size", async () => {
    const body = gzipSync(Buffer.alloc(100_000, 1), { level: 0 });
    const sent = { body, headers: { "content-type": "application/json", "content-encoding": "gzip" } };
    const text = "Content-Encoding is not supported: gzip";

    expectError(await server.platform.fromRoot("POST", "/platform/v1/orgs", sent), 415, text);
    expectError(await org.owner.fromRoot("PATCH", `${BASE_PATH}/agents/${org.agent.id}`, sent), 415, text);
    expectError(await server.send("POST", "/studio/session", sent), 415, text);
    const plain = { ...sent, headers: { ...sent.headers, "content-type": "text/plain" } };
    expectError(await server.platform.fromRoot("POST", "/platform/v1/orgs", plain), 415, "Content-Type must be application/json");
    const { callback_url } = found(await org.owner.fromRoot<{ callback_url: string }>("GET", "/studio/receiver"));
    expectError(await server.send("POST", new URL(callback_url).pathname, sent), 415, text);
  });

  test("identity changes nothing, and without a body it says nothing", async () => {
    const member = await org.client("member");
    for (const coding of ["identity", "Identity", "", "identity, identity"]) {
      expect((await post(member, "/calls", coding, JSON.stringify(org.request({ dry_run: true })))).status, coding).toBe(200);
    }
    const empty = await org.owner.send("POST", "/webhooks/secret/rotate", { headers: { "content-encoding": "gzip" } });
    expect(empty.status).toBe(200);
  });
});

describe("a query parameter given twice", () => {
  const NO = "00000000-0000-4000-8000-000000000000";
  const QUERIES: [path: string, query: string, name: string][] = [
    ["/agents", "include=inactive&include=inactive", "include"],
    ["/sip-trunks", "include=x&include=inactive", "include"],
    ["/calls", "limit=1&limit=1", "limit"],
    ["/calls", "limit=x&limit=1", "limit"],
    ["/calls", "limit=1&limit=x", "limit"],
    ["/calls", "cursor=&cursor=", "cursor"],
    ["/calls", `agent_id=${NO}&limit=500&agent_id=${NO}`, "agent_id"],
    ["/calls", `sip_trunk_id=${NO}&sip_trunk_id=`, "sip_trunk_id"],
    ["/calls", "phone_number=%2B15005550000&phone_number=%2B15005550000", "phone_number"],
    ["/calls", "created_after=2026-01-01&created_before=2026-01-01&created_after=2026-01-02", "created_after"],
    ["/calls", "created_before=soon&created_before=2026-01-01", "created_before"],
    ["/calls", "call_status=nonsense&%6Cimit=1&limit=2", "limit"],
    ["/webhooks/deliveries", `call_id=${NO}&call_id=${NO}`, "call_id"],
    ["/webhooks/deliveries", "limit=1&status=pending&limit=2", "limit"],
    ["/api-keys", "limit=1&limit=2", "limit"],
    ["/audit-log", "cursor=x&cursor=y", "cursor"],
    ["/export", "cursor=x&cursor=y", "cursor"],
    ["/erasures", "limit=1&limit=2", "limit"],
    ["/events", "after=latest&after=latest", "after"],
    ["/events", "after=nonsense&after=latest", "after"],
    ["/events", "wait_seconds=0&wait_seconds=0", "wait_seconds"],
    ["/events", "limit=1&type=call.failed&limit=1", "limit"],
  ];

  test.for(QUERIES)("%s?%s is refused", async ([path, query, name]) => {
    const refused = [400, `query parameter given twice: ${name}`, "parameter_repeated"] as const;
    expectError(await org.owner.get(`${path}?${query}`), ...refused);
    if (path !== "/events") return;
    for (const more of [{}, { "last-event-id": "A".repeat(30) }] as Record<string, string>[]) {
      const headers = { accept: "text/event-stream", ...more };
      expectError(await org.owner.send("GET", `${path}?${query}`, { headers }), ...refused);
    }
  });

  test("call_status, status and type may have several values: any of them", async () => {
    const declined = await org.call({ phone_number: "+15005550001" });
    const failed = await org.call({ phone_number: "+15005550004" });
    for (const id of [declined, failed]) await org.ended(id);
    const ids = async (query: string) => found(await viewer.get<Page<"calls", ListedCall>>(`/calls?${query}`)).calls.map(({ id }) => id);

    for (const query of [
      "call_status=Decline&call_status=SIP+Call+Failed",
      "call_status=SIP%20Call%20Failed,Decline",
      "call_status=Decline,+Rejected+%E2%80%94+Capacity&call_status=SIP+Call+Failed&call_status=Decline",
    ]) {
      expect(await ids(query), query).toEqual([failed, declined]);
    }
    expect(await ids("call_status=Decline")).toEqual([declined]);
    expect(await ids("call_status=Initiating,Ringing")).toEqual([]);
    for (const query of ["call_status=", "call_status=Decline,", "call_status=Decline&call_status=Done"]) {
      const answer: Answer<{ error: string }> = await viewer.get(`/calls?${query}`);
      expect([answer.status, answer.body.error], query).toEqual([400, expect.stringMatching(/^call_status must be one of /)]);
    }

    const admin = await org.client("admin");
    const deliveries = async (query: string) =>
      found(await admin.get<Page<"deliveries", DeliveryObject>>(`/webhooks/deliveries?${query}`)).deliveries.map(({ call_id }) => call_id);
    expect(await deliveries("status=pending,exhausted,delivered")).toEqual([callId]);
    expect(await deliveries("status=pending&status=exhausted&status=delivered")).toEqual([callId]);
    expect(await deliveries(`status=exhausted,pending&call_id=${callId}`)).toEqual([callId]);
    expect(await deliveries("status=delivered")).toEqual([]);

    const types = async (query: string) => {
      const { events } = found(await viewer.get<{ events: { type: string }[] }>(`/events?${query}&limit=100`));
      return [...new Set(events.map(({ type }) => type))].sort();
    };
    expect(await types("type=call.declined&type=trunk.updated")).toEqual(["call.declined", "trunk.updated"]);
    expect(await types("type=call.failed,call.declined")).toEqual(["call.declined", "call.failed"]);
  });
});

describe("a time", () => {
  const count = async (query: string) => found(await viewer.get<Page<"calls", ListedCall>>(`/calls?${query}`)).calls.length;

  test.for(["2026-01-01T00:00Z", "2026-01-01T05:30+0530", "2026-01-01T05:30:00+05:30", "2026-01-01 00:00:00+00", "2026-01-01T00:00:00.000+0000"])(
    "%s is understood, with its plus encoded or not",
    async (time) => {
      for (const written of [encodeURIComponent(time), time.replace(" ", "%20"), time.replace(" ", "+")]) {
        expect(await count(`created_after=${written}`), written).toBeGreaterThan(0);
        expect(await count(`created_before=${written}`), written).toBe(0);
      }
    },
  );

  test("without an offset is refused with a hint", async () => {
    const hint = (text: string) => `must be an ISO 8601 time with its offset from UTC, such as ${text}Z or ${text}+05:30`;
    for (const text of ["2026-01-01T00:00:00", "2026-01-01T00:00", "2026-01-01 00:00:00.123"]) {
      for (const name of ["created_after", "created_before"]) {
        expectError(await viewer.get(`/calls?${name}=${encodeURIComponent(text)}`), 400, `${name} ${hint(text)}`);
      }
    }
    const naive = { name: "A key", role: "viewer", expires_at: "2099-01-01T00:00:00" };
    expectError(await org.owner.post("/api-keys", naive), 400, `expires_at ${hint("2099-01-01T00:00:00")}`);
    expectError(await viewer.get("/calls?created_after=soon"), 400, "created_after must be an ISO 8601 time");
    expectError(await org.owner.post("/api-keys", { ...naive, expires_at: "soon" }), 400, "expires_at must be an ISO 8601 time in the future");
  });

  test("a key may expire at a time with +0000 and no seconds", async () => {
    const key = await org.newKey("viewer", { expires_at: "2099-01-01T05:30+0530" });
    expect(key.expires_at).toBe("2099-01-01T00:00:00.000Z");
  });

  test("a phone number's plus may come as it is", async () => {
    const number = org.request()["phone_number"] as string;
    const all = await count(`phone_number=${encodeURIComponent(number)}`);
    expect(all).toBeGreaterThan(0);
    expect(await count(`phone_number=${number}`)).toBe(all);
    expectError(await viewer.get(`/calls?phone_number=${number.slice(1)}`), 400, "phone_number must be in E.164 format");
  });
});
