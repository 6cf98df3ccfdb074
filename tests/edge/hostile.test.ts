// Garbage of all kinds: always a JSON error with the right status, never a 5xx, and the next request is served.

import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { beforeAll, describe, expect, test } from "vitest";
import { type Answer, BASE_PATH, type Client, expectError, found, METADATA, Org, useServer } from "./harness.ts";

const server = useServer();
let org: Org;
let owner: Client;
const JSON_TYPE = { "content-type": "application/json" };

beforeAll(async () => {
  org = await Org.create(server);
  owner = org.owner;
});

/** A request whose path and headers go out byte for byte, past what `fetch` would mend; the answer may come before its end. */
function rawRequest(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | Uint8Array,
): Promise<Answer<{ error: string }>> {
  return new Promise((resolve, reject) => {
    const auth = { authorization: `Bearer ${owner.key}`, ...headers };
    const sent = request(server.url, { method, path, headers: auth, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const all = Object.entries(response.headersDistinct).flatMap(([name, values = []]) => values.map((value) => [name, value] as [string, string]));
        const body = Buffer.concat(chunks);
        const init = { status: response.statusCode ?? 0, headers: new Headers(all) };
        const answer = new Response([204, 304].includes(init.status) ? null : body, init);
        server.read<{ error: string }>(method, path, answer).then(resolve, reject);
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const nested = (open: string, close: string, depth: number, inside = "") => open.repeat(depth) + inside + close.repeat(depth);

describe("bodies", () => {
  const NOT_JSON: [sentence: string, body: string | Uint8Array][] = [
    ["random bytes", randomBytes(1_000)],
    ["zero bytes", new Uint8Array(100)],
    ["a lone brace", "{"],
    ["a trailing comma", '{"a": 1,}'],
    ["two objects", "{}{}"],
    ["single quotes", "{'a': 1}"],
    ["NaN", '{"a": NaN}'],
    ["a number without an end", '{"a": 1e}'],
    ["a lone surrogate escape", '{"a": "\\ud800"}'],
    ["a raw newline in a string", '{"a": "\n"}'],
    ["invalid UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ["overlong UTF-8", Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])],
    ["UTF-16", Buffer.from('{"a":1}', "utf16le")],
    ["a byte order mark alone", "\ufeff"],
    ["arrays 60,000 deep, closed by none", "[".repeat(60_000)],
    ["objects 10,000 deep, closed by none", '{"a":'.repeat(10_000)],
    ["gzip", Buffer.from("1f8b08000000000000ff", "hex")],
  ];

  test.for(NOT_JSON)("POST /calls with %s is 400: Request body must be valid JSON", async ([, body]) => {
    expectError(await owner.send("POST", "/calls", { body, headers: JSON_TYPE }), 400, "Request body must be valid JSON", "body_not_json");
  });

  test.for(["null", "true", "0", '"text"', "[]", "[{}]"])("POST /calls with %s is 400: Request body must be a JSON object", async (body) => {
    expectError(await owner.send("POST", "/calls", { body, headers: JSON_TYPE }), 400, "Request body must be a JSON object", "body_not_object");
  });

  const DEEP = [
    nested("[", "]", 30_000),
    nested('{"a":', "}", 10_000, "1"),
    `{"metadata": ${nested('{"a":', "}", 10_000, "1")}}`,
    `{"phone_number": ${nested("[", "]", 30_000)}}`,
  ];

  test.for(DEEP.map((body, index) => ({ index, body })))("a body nested to the limit of its size is refused (case $index)", async ({ body }) => {
    expect(body.length).toBeLessThanOrEqual(65_536);

    const answer = await owner.send("POST", "/calls", { body, headers: JSON_TYPE });

    expect(answer.status, answer.text.slice(0, 200)).toBe(400);
  });

  test("metadata nested deeply within a good request is an answer, not a crash", async () => {
    const request = JSON.stringify(org.request({ metadata: { ...METADATA, deep: "HERE" } }));
    for (const depth of [10, 80, 97, ...Array.from({ length: 34 }, (_, at) => 98 + at), 200, 1_000, 7_000]) {
      const body = request.replace('"HERE"', nested("[", "]", depth));
      const answer = await owner.send<{ call_id: string }>("POST", "/calls", { body, headers: JSON_TYPE });

      expect(answer.status, `${depth} deep: ${answer.text}`).toBe(depth <= 98 ? 201 : 400);
      if (depth > 98 && depth < 120) expectError(answer, 400, "Request body must nest at most 100 levels deep", "body_too_deep");
      if (answer.status !== 201) continue;
      const status = await org.ended(answer.body.call_id);
      expect(status.call_status, `${depth} deep`).toBe("Completed");
      expect((await org.detail(answer.body.call_id)).metadata, `${depth} deep`).toEqual(JSON.parse(body).metadata);
    }
    for (const list of ["/calls", "/webhooks/deliveries", `/sip-trunks/${org.trunk.id}/live`]) found(await owner.get(list));
  });

  test.for([
    ["65,537 bytes", " ".repeat(65_537)],
    ["1 MiB", "x".repeat(1 << 20)],
  ] as [string, string | Uint8Array][])("a body of %s is 413", async ([, body]) => {
    const answer = await rawRequest("POST", `${BASE_PATH}/calls`, JSON_TYPE, body);

    expectError(answer, 413, "Request body must be at most 65536 bytes", "body_too_large");
  });

  const WEIRD: Record<string, unknown>[] = [
    { metadata: { ...METADATA, __proto__: { a: 1 }, constructor: "x", toString: "y" } },
    { metadata: { ...METADATA, "": "", "\u0000": "\u0000", "\ud83d\ude00": "\u202e" } },
    { metadata: { ...METADATA, big: 1e308, small: -1e-308, long: "9".repeat(400) } },
    { metadata: { ...METADATA, sql: "'; DROP TABLE calls; --", html: "<script>alert(1)</script>" } },
    { metadata: Object.fromEntries([...Object.entries(METADATA), ...Array.from({ length: 1_000 }, (_, i) => [`k${i}`, i])]) },
  ];

  test.for(WEIRD.map((change, index) => ({ index, change })))("strange but valid metadata is kept as it is (case $index)", async ({ change }) => {
    const answer = await org.trigger(change);
    expect(answer.status, answer.text).toBe(201);

    await org.ended(answer.body.call_id);
    expect((await org.detail(answer.body.call_id)).metadata).toEqual(JSON.parse(JSON.stringify(change["metadata"])));
  });

  test("a number that no double holds is an answer, not a crash", async () => {
    for (const number of ["1e400", "-1e400", "123456789012345678901234567890", "0.1e-400"]) {
      const body = JSON.stringify(org.request({ metadata: { ...METADATA, n: "HERE" } })).replace('"HERE"', number);
      expect([201, 400], number).toContain((await owner.send("POST", "/calls", { body, headers: JSON_TYPE })).status);
    }
  });

  test("a field given twice is an answer, not a crash", async () => {
    const body = JSON.stringify(org.request()).replace("{", '{"phone_number": "+15005550001", ');

    expect([201, 400]).toContain((await owner.send("POST", "/calls", { body, headers: JSON_TYPE })).status);
  });

  const POSTS = ["/agents", "/sip-trunks", "/api-keys", "/webhooks/test", "/webhooks/secret/rotate"];
  const TYPES = [null, true, 1, -1, 1e308, "", "x".repeat(3_000), [], {}, [[]], { a: null }];

  test.for(POSTS)("POST %s with fields of every wrong type is 400", async (path) => {
    for (const value of TYPES) {
      const body = { name: value, agent_code: value, input_schema: value, trunk_phone: value, max_cps: value, max_channels: value, carrier: value };
      const more = { role: value, expires_at: value, url: value, overlap_seconds: value, status: value, script: value, voice: value };
      const answer = await owner.post(path, { ...body, ...more });

      expect(answer.status, `${JSON.stringify(value).slice(0, 50)}: ${answer.text}`).toBe(400);
    }
  });

  test.for([...POSTS, "/calls"])("POST %s with a body nested 60,000 deep is 400", async (path) => {
    expect((await owner.send("POST", path, { body: "[".repeat(60_000), headers: JSON_TYPE })).status).toBe(400);
  });

  test("PATCH and the machines' routes read garbage as garbage", async () => {
    for (const body of ["[".repeat(60_000), "null", "{", randomBytes(100)]) {
      expect((await owner.send("PATCH", `/agents/${org.agent.id}`, { body, headers: JSON_TYPE })).status).toBe(400);
      expect((await owner.send("PATCH", `/sip-trunks/${org.trunk.id}`, { body, headers: JSON_TYPE })).status).toBe(400);
      expect((await server.platform.fromRoot("POST", "/platform/v1/orgs", { body, headers: JSON_TYPE })).status).toBe(400);
      expect((await owner.fromRoot("POST", `/agent-reports/${org.agent.id}`, { body, headers: JSON_TYPE })).status).toBe(401);
    }
  });
});

describe("paths", () => {
  const NO_CALL = ["%", "%zz", "%ff%fe", "%00", "%2e%2e", "..%2f..%2fagents", "a%2fb", "'", "x".repeat(8_000), "%F0%9F%93%9E", "{}", "*", "-"];

  test.for(NO_CALL)("GET /calls/%s/status is 404", async (id) => {
    const answer = await rawRequest("GET", `${BASE_PATH}/calls/${id}/status`);

    expect(answer.status, answer.text).toBe(404);
  });

  test.for([
    "/integration/v1/calls/../../../etc/passwd",
    "/integration/v1//calls",
    "/integration/v1/calls//status",
    "/integration/v2/calls",
    "/integration/v1",
    "/integration/v1/",
    "/INTEGRATION/V1/AGENTS",
    "/integration/v1/agents%00",
    "/integration/v1/agents%20",
    "/.env",
    "/wp-admin/setup.php",
    "/%ff",
    `/${"a/".repeat(3_000)}`,
  ])("GET %s is 404", async (path) => {
    const answer = await rawRequest("GET", path);

    expect(answer.status, answer.text).toBe(404);
  });

  test.for(["TRACE", "PROPFIND", "PURGE", "OPTIONS", "LOCK"])("%s is refused", async (method) => {
    const answer = await rawRequest(method, `${BASE_PATH}/calls`);

    expect(answer.status, answer.text).toBe(405);
  });
});

describe("queries", () => {
  test.for([
    "limit=%ff",
    "limit=%00",
    "limit[]=1",
    "limit=1&limit=2&limit=x",
    "cursor=%ff%fe",
    `cursor=${"A".repeat(8_000)}`,
    "created_after=yesterday",
    "created_after=0000-00-00T00:00:00Z",
    "created_after=99999999999999999",
    "created_before=-1",
    "created_before=2026-02-30T00:00:00Z",
    "call_status=Done",
    "call_status=%ff",
    "agent_id=x",
    "sip_trunk_id=x",
    "phone_number=x",
    "a".repeat(8_000),
    "%",
    "=",
    "&=&",
    "__proto__=1",
  ])("GET /calls?%s is an answer in JSON, and no 5xx", async (query) => {
    const answer = await rawRequest("GET", `${BASE_PATH}/calls?${query}`);

    expect([200, 400], answer.text).toContain(answer.status);
  });

  test.for(["created_after=yesterday", "created_before=-1", "call_status=Done", "agent_id=x", "sip_trunk_id=x", "phone_number=x"])(
    "GET /calls?%s is 400",
    async (query) => {
      expect((await owner.get(`/calls?${query}`)).status).toBe(400);
    },
  );

  test("a query of 12 KB is an answer", async () => {
    const answer = await rawRequest("GET", `${BASE_PATH}/calls?${"colour=blue&".repeat(1_000)}`);

    expect(answer.status, answer.text.slice(0, 200)).toBe(400);
  });
});

describe("headers", () => {
  test.for(["Bearer \u00ff\u00fe", "Bearer \t", "Bearer  ", "Bearer audtk_", `Bearer ${"é".repeat(38)}`, "Bearer audtk_" + "🙂".repeat(3)])(
    "Authorization %j is 401",
    async (authorization) => {
      const bytes = Buffer.from(authorization).toString("latin1");

      expect((await rawRequest("GET", `${BASE_PATH}/agents`, { authorization: bytes })).status).toBe(401);
    },
  );

  test.for(["", ";", "application/json\u00ff", "application/json, text/plain", "x".repeat(8_000)])("Content-Type %j is 415", async (type) => {
    const bytes = Buffer.from(type).toString("latin1");
    const answer = await rawRequest("POST", `${BASE_PATH}/calls`, { "content-type": bytes }, JSON.stringify(org.request()));

    expectError(answer, 415, "Content-Type must be application/json");
  });

  test.for(["\u00ff", "tab\tinside", "é"])("Idempotency-Key %j is 400", async (key) => {
    const bytes = Buffer.from(key).toString("latin1");

    expectError(
      await org.trigger<unknown>({}, { "idempotency-key": bytes }),
      400,
      "Idempotency-Key must be 1 to 255 visible ASCII characters",
    );
  });
});

test("a thousand requests of garbage leave the Worker as it was", async () => {
  const paths = ["/calls", "/agents", "/sip-trunks", "/api-keys", "/webhooks/test"];
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => owner.send("POST", paths[i % 5] ?? "/calls", { body: randomBytes(1 + i * 20), headers: JSON_TYPE })),
    );
    for (const { status } of answers) expect(status).toBe(400);
  }

  const answer = await org.trigger();
  expect(answer.status).toBe(201);
  expect((await org.ended(answer.body.call_id)).call_status).toBe("Completed");
});
