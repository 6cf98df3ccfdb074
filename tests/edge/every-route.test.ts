// Rules that apply to every route in the document, including any that is added.

import { request as rawRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import document from "../../public/openapi.json" with { type: "json" };
import { type Client, created, expectError, found, METADATA, Org, useServer } from "./harness.ts";
import { until } from "./until.ts";

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: { type?: string; items?: { $ref: string } };
}

interface Operation {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, unknown> };
  responses: Record<string, unknown>;
}

interface Route {
  method: string;
  path: string;
  operation: Operation;
  parameters: Parameter[];
}

const resolve = <T>(reference: string): T =>
  reference.slice(2).split("/").reduce<unknown>((inner, part) => (inner as Record<string, unknown>)[part], document) as T;

const ROUTES: Route[] = Object.entries(document.paths as unknown as Record<string, Record<string, Operation>>).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation, parameters: operation.parameters ?? [] })),
);
const READ = ROUTES.filter(({ method }) => method === "GET");

// Nothing is called: what is read twice stays as it is.
const server = useServer({ vars: { WEBHOOK_RETRY_SECONDS: "3600" } });
let org: Org;
/** Things of the organisation's, by the path that names them. */
let things: [part: string, variable: string, value: string][];

beforeAll(async () => {
  org = await Org.create(server);
  const call = await org.call({ callback_url: "http://127.0.0.1:1/" });
  await org.ended(call);
  const attempted = async () => {
    const { callback } = await org.detail(call);
    return callback?.attempts.length === 1 && callback.id;
  };
  const delivery = await until("the callback's one attempt", attempted);
  const campaign = created(await org.owner.post<{ id: string }>("/campaigns", { name: "Reminders", agent_id: org.agent.id, sip_trunk_id: org.trunk.id }));
  const recipients = [{ phone_number: "+919876543210", reference: "one", metadata: METADATA }];
  found(await org.owner.post(`/campaigns/${campaign.id}/recipients`, { recipients }));
  const erasure = await org.owner.post<{ id: string }>("/erasures", { phone_number: "+447700900123" });
  await until("the erasure", async () => found(await org.owner.get<{ status: string }>(`/erasures/${erasure.body.id}`)).status === "completed");
  things = [
    ["/agents/", "{id}", org.agent.id],
    ["/sip-trunks/", "{id}", org.trunk.id],
    ["/campaigns/", "{id}", campaign.id],
    ["/erasures/", "{id}", erasure.body.id],
    ["/deliveries/", "{id}", delivery],
    ["/orgs/", "{id}", org.id],
    ["/", "{call_id}", call],
    ["/", "{phone_number}", "+919876543210"],
    ["/", "{reference}", "one"],
    ["/", "{kind}", "transcript"],
    ["/", "{token}", "nobody's"],
    ["/", "{id}", "00000000-0000-4000-8000-000000000000"],
  ];
});

/** Its path, with what it needs in its query. */
function addressOf({ path, parameters }: Route, but = ""): URL {
  const named = things.reduce((path, [part, variable, value]) => (path.includes(part) ? path.replace(variable, value) : path), path);
  const address = new URL(named, server.url);
  const needed: Record<string, string> = { from: "2026-11-01", to: "2026-11-30", group_by: "day", expires: "1", signature: "x" };
  for (const { name, required, ...one } of parameters) if (one.in === "query" && required && name !== but) address.searchParams.set(name, needed[name] ?? "");
  return address;
}

const clientOf = ({ path }: Route): Client => (path.startsWith("/platform/") ? server.platform : org.owner);

/** Status, headers and body bytes as they came over the wire: `fetch` would not show a HEAD's. */
function raw(method: string, address: URL, headers: Record<string, string>): Promise<{ status: number; headers: Record<string, unknown>; bytes: number }> {
  return new Promise((resolve, reject) => {
    const sent = rawRequest(address, { method, headers, agent: false }, (answer) => {
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => (bytes += chunk.length));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes }));
    });
    sent.on("error", reject).end();
  });
}

describe("each route that is read", () => {
  /** What is told of the moment, or of the framing of a body that is made piece by piece. */
  const OWN = ["x-request-id", "date", "transfer-encoding"];
  const shared = (headers: Record<string, unknown>) => Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.includes(name)));

  test.for(READ)("GET $path is answered to HEAD without its body, and in its own type whatever else is asked for", async (route) => {
    const key = { authorization: `Bearer ${clientOf(route).key}` };
    const address = addressOf(route);
    const [get, head] = [await raw("GET", address, key), await raw("HEAD", address, key)];
    expect(get.status).toBe(route.path.startsWith("/media/") ? 404 : 200);
    expect([head.status, head.bytes]).toEqual([get.status, 0]);
    expect(shared(head.headers)).toEqual(shared(get.headers));
    const streams = route.operation.operationId === "listEvents";
    for (const accept of ["image/png", "application/json;q=0", ...(streams ? [] : ["text/event-stream"])]) {
      const other = await raw("GET", address, { ...key, accept });
      expect([other.status, other.headers["content-type"]], accept).toEqual([get.status, get.headers["content-type"]]);
    }
  });
});

/** Those that may have several values, by their names. */
const SEVERAL = ["type", "status", "call_status"];
const FILTERS = READ.filter(({ path }) => !path.startsWith("/media/")).flatMap((route) =>
  route.parameters.filter((one) => one.in === "query").map(({ name, schema }) => ({ route, path: route.path, name, schema })),
);

describe("each parameter of a query", () => {
  const ask = (route: Route, name: string, values: string[]) => {
    const address = addressOf(route, name);
    for (const value of values) address.searchParams.append(name, value);
    return clientOf(route).fromRoot<unknown>("GET", address.pathname + address.search);
  };

  test.for(FILTERS.filter(({ name }) => !SEVERAL.includes(name)))("GET $path is refused where $name is given twice", async ({ route, name }) => {
    for (const values of [["x", "x"], ["1", "x"], ["", ""]]) expectError(await ask(route, name, values), 400, `query parameter given twice: ${name}`, "parameter_repeated");
  });

  test.for(FILTERS.filter(({ name }) => SEVERAL.includes(name)))("GET $path takes several of $name, repeated or with commas", async ({ route, name, schema }) => {
    expect(schema, "the document says so").toMatchObject({ type: "array", items: { $ref: expect.any(String) as string } });
    const { enum: values } = resolve<{ enum: string[] }>(schema.items?.$ref ?? "");
    expect(values.length).toBeGreaterThan(1);
    const each = await Promise.all(values.map((value) => ask(route, name, [value])));
    const all = await ask(route, name, []);
    for (const given of [values, [values.join(",")], [values.slice(1).join(", "), values[0] ?? ""]]) {
      const answer = await ask(route, name, given);
      expect([answer.status, countOf(answer.body)], given.join()).toEqual([200, countOf(all.body)]);
    }
    expect(each.reduce((sum, { body }) => sum + countOf(body), 0)).toBe(countOf(all.body));
    for (const given of [["x"], [`${values[0]},`], [values[0] ?? "", "x"]]) expect((await ask(route, name, given)).status, given.join()).toBe(400);
  });

  /** How many things a list holds, or lines a file. */
  const countOf = (body: unknown): number => Object.values((body ?? {}) as Record<string, unknown>).find(Array.isArray)?.length ?? 0;

  const TIMES = FILTERS.filter(({ name }) => ["created_after", "created_before", "from", "to"].includes(name));
  test.for(TIMES)("GET $path understands $name however a time is written, and refuses one without its offset", async ({ route, name }) => {
    const base = addressOf(route, name);
    const get = (written: string) => clientOf(route).fromRoot<unknown>("GET", `${base.pathname}?${[...base.searchParams, [name, written]].map((pair) => pair.join("=")).join("&")}`);
    for (const time of ["2026-11-15T00:00Z", "2026-11-15T05:30+0530", "2026-11-15T05:30:00+05:30", "2026-11-15 00:00:00+00"]) {
      for (const written of [encodeURIComponent(time), time.replace(" ", "%20")]) expect((await get(written)).status, written).toBe(200);
    }
    const hint = "such as 2026-11-15T00:00:00Z or 2026-11-15T00:00:00+05:30";
    expectError(await get("2026-11-15T00:00:00"), 400, `${name} must be an ISO 8601 time with its offset from UTC, ${hint}`);
  });

  test.for(FILTERS.filter(({ name }) => name === "phone_number"))("GET $path understands a number whose plus came as a space", async ({ route, name }) => {
    for (const written of ["+919876543210", "%2B919876543210", "%20919876543210"]) {
      const answer = await clientOf(route).fromRoot<unknown>("GET", `${addressOf(route, name).pathname}?${name}=${written}`);
      expect(answer.status, written).toBe(200);
    }
  });

  test("the document has those that these tests are about", () => {
    expect(TIMES.length).toBeGreaterThanOrEqual(8);
    expect(FILTERS.filter(({ name }) => SEVERAL.includes(name)).length).toBeGreaterThanOrEqual(6);
    expect(READ.length).toBeGreaterThan(35);
  });
});

/** Of these somebody else is the client: it has other credentials, which are looked at first. */
const OTHERS = ["/agent-reports/{call_id}", "/carrier/livekit", "/studio/receiver/{token}"];
const WRITE = ROUTES.filter(({ method, path }) => (method === "POST" || method === "PATCH") && !OTHERS.includes(path));

test.for(WRITE)("$method $path refuses a body that is compressed", async (route) => {
  const types = Object.keys(route.operation.requestBody?.content ?? { "application/json": null });
  for (const type of types) {
    const headers = { "content-type": type, "content-encoding": "gzip", origin: server.url };
    const answer = await clientOf(route).fromRoot<unknown>(route.method, addressOf(route).pathname, { body: gzipSync("{}"), headers });
    expectError(answer, 415, "Content-Encoding is not supported: gzip", "content_encoding_unsupported");
  }
});
