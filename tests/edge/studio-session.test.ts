// Studio's sessions and its built-in receiver, as HTTP: what the browser's side relies on.

import { beforeAll, describe, expect, test } from "vitest";
import { expectError, found, noNetwork, Org, Server, useServer } from "./harness.ts";
import type { Role } from "./shapes.ts";
import { until } from "./until.ts";

interface Session {
  org_id: string;
  org_name: string;
  key_id: string;
  key_name: string;
  role: Role;
  expires_at: string | null;
}

interface Receiver {
  callback_url: string;
  received: { at: string; verified: boolean; headers: Record<string, string>; body: string }[];
}

const HOURS_12 = 12 * 3_600_000;
const INVALID_KEY = "Invalid or inactive API key";

const server = useServer();
let org: Org;

beforeAll(async () => {
  org = await Org.create(server);
});

const own = () => ({ origin: server.url });

async function signIn(key: string, on: Server = server): Promise<string> {
  const answer = await on.send<Session>("POST", "/studio/session", { body: { key } });
  expect(answer.status, answer.text).toBe(200);
  return (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

describe("a session", () => {
  test("is opened with a key, and its cookie is for this host's pages alone, for 12 hours", async () => {
    const { key, id, name } = await org.newKey("admin");
    const before = Date.now();

    const answer = await server.send<Session>("POST", "/studio/session", { body: { key } });

    expect(found(answer)).toEqual({
      org_id: org.id,
      org_name: org.name,
      key_id: id,
      key_name: name,
      role: "admin",
      expires_at: expect.any(String),
    });
    const lasts = Date.parse(answer.body.expires_at ?? "") - before;
    expect(lasts).toBeGreaterThanOrEqual(HOURS_12);
    expect(lasts).toBeLessThan(HOURS_12 + 60_000);
    const [pair, ...attributes] = (answer.headers.get("set-cookie") ?? "").split("; ");
    expect(attributes.toSorted()).toEqual(["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Strict", "Secure"]);
    expect(pair).toMatch(/^studio=[0-9a-f]{64}\.\d+\.[0-9a-f]{64}$/);
    expect(pair).not.toContain(key.slice(6));
  });

  test("has the __Host- prefix over HTTPS, and only so is it taken there", async () => {
    const { key } = await org.newKey("viewer");
    const https = (path: string, init: { method?: string; headers?: Record<string, string>; body?: string }) =>
      server.local.mf.dispatchFetch(`https://studio.example.com${path}`, init);

    const answer = await https("/studio/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key }),
    });

    const [pair = ""] = (answer.headers.get("set-cookie") ?? "").split("; ");
    expect(pair).toMatch(/^__Host-studio=/);
    expect((await https("/studio/session", { headers: { cookie: pair } })).status).toBe(200);
    expect((await https("/studio/session", { headers: { cookie: pair.replace("__Host-", "") } })).status).toBe(401);
  });

  test("does what its key's role may, and no more", async () => {
    const cookie = await signIn((await org.newKey("viewer")).key);
    const headers = { cookie: `theme=dark; ${cookie}; other=1` };

    expect((await server.send("GET", "/integration/v1/calls", { headers })).status).toBe(200);
    const answer = await server.send("GET", "/integration/v1/webhooks/secret", { headers });
    expectError(answer, 403, "This API key's role (viewer) can't do this; it needs admin", "role_too_low");
  });

  test("tells who it is", async () => {
    const cookie = await signIn((await org.newKey("member")).key);

    const { role, org_name } = found(await server.send<Session>("GET", "/studio/session", { headers: { cookie } }));

    expect({ role, org_name }).toEqual({ role: "member", org_name: "Acme" });
  });

  test.for([
    ["no word of where it comes from", {}, 403],
    ["another origin", { origin: "https://evil.example" }, 403],
    ["an opaque origin", { origin: "null" }, 403],
    ["a page of the same site, but another origin", { "sec-fetch-site": "same-site" }, 403],
    ["another site, whatever Origin says", { "sec-fetch-site": "cross-site", origin: "OWN" }, 403],
    ["its own origin", { origin: "OWN" }, 404],
    ["a page of its own", { "sec-fetch-site": "same-origin" }, 404],
  ] as const)("changes nothing for %s", async ([, sent, status]) => {
    const cookie = await signIn((await org.newKey("member")).key);
    const headers = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, value === "OWN" ? server.url : value]));

    const path = "/integration/v1/calls/00000000-0000-4000-8000-000000000000/cancel";
    const answer = await server.send("POST", path, { headers: { ...headers, cookie } });

    expect(answer.status, answer.text).toBe(status);
    if (status === 403) {
      const text = "A Studio session can only be used from Studio's own pages (same origin)";
      expectError(answer, 403, text, "cross_origin");
    }
  });

  test("ends with its key at once", async () => {
    const { key, id } = await org.newKey("owner");
    const headers = { cookie: await signIn(key) };
    expect((await server.send("GET", "/studio/session", { headers })).status).toBe(200);

    await org.owner.delete(`/api-keys/${id}`);

    expectError(await server.send("GET", "/studio/session", { headers }), 401, INVALID_KEY);
    expectError(await server.send("GET", "/integration/v1/calls", { headers }), 401, INVALID_KEY);
  });

  test("gives way to an Authorization header, good or bad", async () => {
    const cookie = await signIn((await org.newKey("owner")).key);
    const { key } = await org.newKey("viewer");
    const as = (token: string) =>
      server.send<Session>("GET", "/studio/session", { headers: { cookie, authorization: `Bearer ${token}` } });

    expect(found(await as(key)).role).toBe("viewer");
    expectError(await as("audtk_wrong"), 401, INVALID_KEY);
  });

  test("that was tampered with, or sealed by another deployment, is none", async () => {
    const cookie = await signIn((await org.newKey("owner")).key);
    const other = new Server();
    await other.start();
    try {
      const foreign = await signIn((await (await Org.create(other)).newKey("owner")).key, other);
      const later = cookie.replace(/\.(\d)(\d+)\./, (_, first: string, rest: string) => `.${Number(first) + 1}${rest}.`);
      for (const bad of [foreign, later, `${cookie}0`, "studio=", "studio"]) {
        const answer = await server.send("GET", "/studio/session", { headers: { cookie: bad } });
        expectError(answer, 401, INVALID_KEY, "invalid_api_key");
      }
    } finally {
      await other.stop();
    }
  });

  test("is not opened with a bad key, a body of another shape, or from another site", async () => {
    const open = (body: unknown, headers = {}) => server.send("POST", "/studio/session", { body, headers });
    const { key } = await org.newKey("viewer");

    for (const bad of ["audtk_wrong", "", 7, null]) expectError(await open({ key: bad }), 401, INVALID_KEY);
    expectError(await open({}), 400, "key is required", "field_required");
    expectError(await open({ key, remember: true }), 400, "unknown field: remember", "field_unknown");
    expect((await open({ key }, { origin: "https://evil.example" })).status).toBe(403);
    expect((await open({ key }, own())).status).toBe(200);
  });

  test("is closed by forgetting the cookie", async () => {
    const close = (headers: Record<string, string>) => server.send("DELETE", "/studio/session", { headers });
    const cookie = await signIn((await org.newKey("viewer")).key);

    for (const headers of [own(), { ...own(), cookie }, { ...own(), cookie: "studio=bad" }, {}]) {
      const answer = await close(headers);
      expect(answer.status).toBe(204);
      expect(answer.headers.get("set-cookie")).toMatch(/^studio=; Path=\/; Max-Age=0; /);
    }
    const text = "A Studio session can only be used from Studio's own pages (same origin)";
    const evil = "https://evil.example";
    for (const headers of [{ cookie }, { origin: evil }, { origin: evil, cookie }] as Record<string, string>[]) {
      expectError(await close(headers), 403, text, "cross_origin");
    }
  });
});

describe("the built-in receiver", () => {
  const receiver = async (of: Org) => found(await (await of.client("admin")).fromRoot<Receiver>("GET", "/studio/receiver"));

  test("takes a call's callback and finds both signatures valid", async () => {
    const { callback_url } = await receiver(org);

    const call = await org.call({ callback_url });

    const [received] = await until("the callback", async () => {
      const { received } = await receiver(org);
      return received.some(({ body }) => body.includes(call)) && received;
    });
    expect(received?.verified).toBe(true);
    expect(JSON.parse(received?.body ?? "")).toMatchObject({ event: "call.completed", call_id: call });
    expect(Object.keys(received?.headers ?? {}).toSorted()).toEqual([
      "content-type",
      "user-agent",
      "webhook-id",
      "webhook-signature",
      "webhook-timestamp",
      "x-audatec-signature",
    ]);
    const { callback } = await until("its delivery", async () => {
      const detail = await org.detail(call);
      return detail.callback?.status === "delivered" && detail;
    });
    expect(callback?.attempts[0]?.status_code).toBe(204);
  });

  test("marks what others send as not verified", async () => {
    const other = await Org.create(server);
    const { callback_url } = await receiver(other);
    const { pathname } = new URL(callback_url);

    const headers = { "x-audatec-signature": "00", "webhook-id": "1" };
    const answer = await server.send("POST", pathname, { body: { event: "call.completed" }, headers });

    expect(answer.status).toBe(204);
    const { received } = await receiver(other);
    expect(received).toMatchObject([{ verified: false, body: '{"event":"call.completed"}' }]);
  });

  test("keeps the last 20", async () => {
    const other = await Org.create(server);
    const { pathname } = new URL((await receiver(other)).callback_url);

    for (let number = 1; number <= 22; number += 1) await server.send("POST", pathname, { body: String(number) });

    const { received } = await receiver(other);
    expect(received.map(({ body }) => body)).toEqual(Array.from({ length: 20 }, (_, at) => String(22 - at)));
  });

  test("knows no made-up token, and none of another host", async () => {
    const { callback_url } = await receiver(org);
    const { pathname } = new URL(callback_url);

    expectError(await server.send("POST", `${pathname}0`, { body: {} }), 404, "Not found");
    expectError(await server.send("POST", "/studio/receiver/x", { body: {} }), 404, "Not found");
    const elsewhere = await server.local.mf.dispatchFetch(`https://studio.example.com${pathname}`, { method: "POST" });
    expect(elsewhere.status).toBe(404);
  });
});

describe("where a deployment's own host is no target", () => {
  // As deployed: no loopback, and a fetch of the own zone would go nowhere.
  const fetched: string[] = [];
  const strict = useServer({
    vars: { CALLBACK_ALLOW_LOOPBACK: null },
    outboundService: (request: { url: string }) => {
      fetched.push(request.url);
      return noNetwork();
    },
  });
  const HOST = "https://api.audatec.in";

  test("its receiver is one still, and is reached with no fetch", async () => {
    const here = await Org.create(strict);
    const ask = async (method: string, path: string, body?: unknown) => {
      const response = await strict.local.mf.dispatchFetch(HOST + path, {
        method,
        headers: { authorization: `Bearer ${here.owner.key}`, "content-type": "application/json" },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const receiver = (await ask("GET", "/studio/receiver")).body as unknown as Receiver;
    expect(receiver.callback_url).toMatch(/^https:\/\/api\.audatec\.in\/studio\/receiver\//);

    const refused = await ask("POST", "/integration/v1/webhooks/test", { url: `${HOST}/studio/receiver/x` });
    expect(refused).toEqual({ status: 400, body: { error: "url must not point to a private address" } });
    const test = await ask("POST", "/integration/v1/webhooks/test", { url: receiver.callback_url });
    expect(test.status).toBe(202);

    const [received] = await until("the test event", async () => {
      const { received } = (await ask("GET", "/studio/receiver")).body as unknown as Receiver;
      return received.length > 0 && received;
    });
    expect(received?.verified).toBe(true);
    expect(received?.headers["webhook-id"]).toBe(test.body["id"]);
    expect(fetched).toEqual([]);
  });
});
