// GET /calls, GET /calls/{call_id} and the other lists: filters, pages, order.

import { beforeAll, describe, expect, test } from "vitest";
import { type Client, expectError, found, LASTING, METADATA, Org, useServer } from "./harness.ts";
import {
  type Agent,
  CALL_FIELDS,
  type CallObject,
  type DeliveryObject,
  LISTED_FIELDS,
  type ListedCall,
  type Page,
  STATUS_FIELDS,
  TIMESTAMP,
  type Trunk,
  UUID,
} from "./shapes.ts";

const server = useServer();
let org: Org;
let viewer: Client;
let agent: Agent;
let trunk: Trunk;
/** Newest first. */
let calls: ListedCall[];

type Calls = Page<"calls", ListedCall>;

const FAILURE_CODE = `failure_code must be one of ${[
  "busy, declined, no_answer, unreachable, carrier_error, dialer_unavailable, agent_unavailable, agent_failed, canceled, timed_out",
  "channels_exhausted, rate_exceeded, number_suppressed, schedule_full, daily_limit_reached, window_closed, destination_not_allowed",
  "result_unknown",
].join(", ")}`;

beforeAll(async () => {
  org = await Org.create(server);
  viewer = await org.client("viewer");
  agent = await org.newAgent();
  trunk = await org.newTrunk();
  const numbers = ["+15005550000", "+15005550001", "+15005550004", "+15005550005", "+15005550000", "+15005550001", "+15005550002"];
  const made: string[] = [];
  for (const [index, phone_number] of numbers.entries()) {
    const where = { agent_id: [org.agent.id, agent.id][index % 2], sip_trunk_id: [org.trunk.id, trunk.id][index % 3 === 0 ? 0 : 1] };
    made.push(await org.call({ phone_number, ...where, callback_url: "http://127.0.0.1:1/" }));
  }
  for (const id of made) await org.ended(id);
  calls = found(await viewer.get<Calls>("/calls?limit=100")).calls;
});

/** The file as it comes. */
async function csv(client: Client, query: string): Promise<{ status: number; headers: Headers; text: string }> {
  const headers = { authorization: `Bearer ${client.key}` };
  const response = await fetch(`${server.url}/integration/v1/calls.csv${query}`, { headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function list(query: string): Promise<ListedCall[]> {
  return found(await viewer.get<Calls>(`/calls${query}`)).calls;
}

const ids = (items: { id: string }[]) => items.map(({ id }) => id);

describe("GET /calls", () => {
  test("lists the calls of all trunks, newest first", () => {
    expect(calls).toHaveLength(7);
    const moments = calls.map(({ created_at }) => created_at);
    expect(moments).toEqual([...moments].sort().reverse());
    expect(new Set(calls.map(({ sip_trunk_id }) => sip_trunk_id))).toEqual(new Set([org.trunk.id, trunk.id]));
  });

  test("each item is the status object and agent_id, sip_trunk_id, created_at, dialed_at, answered_by, failure", async () => {
    for (const call of calls) {
      expect(Object.keys(call).sort()).toEqual([...LISTED_FIELDS].sort());
      expect(call).toMatchObject(await org.status(call.id));
      expect(call.created_at).toMatch(TIMESTAMP);
      const { failure, dialed_at, answered_by, timeline } = await org.detail(call.id);
      expect(call).toMatchObject({ failure, dialed_at, answered_by });
      expect(dialed_at).toBe(timeline.find(({ event }) => event === "dialing")?.at);
      expect(failure === null, call.call_status).toBe(call.call_status === "Completed");
      expect(answered_by === null, call.call_status).toBe(call.start_timestamp === null);
    }
  });

  test.for([1, 2, 3, 7, 100])("pages of %i hold each call once, in the same order", async (limit) => {
    const paged: ListedCall[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: Calls = found(await viewer.get<Calls>(`/calls?limit=${limit}${cursor && `&cursor=${cursor}`}`));
      expect(page.calls.length).toBeLessThanOrEqual(limit);
      paged.push(...page.calls);
      cursor = page.next_cursor;
    }

    expect(ids(paged)).toEqual(ids(calls));
  });

  test("a call that comes in between two pages moves none of them", async () => {
    const lasting = await Org.create(server);
    for (let i = 0; i < 4; i++) await lasting.call();
    const client = await lasting.client("viewer");
    const first = found(await client.get<Calls>("/calls?limit=2"));
    await lasting.call();

    const second = found(await client.get<Calls>(`/calls?limit=2&cursor=${first.next_cursor}`));

    expect(new Set([...ids(first.calls), ...ids(second.calls)]).size).toBe(4);
  });

  test("filters by call_status", async () => {
    for (const status of ["Completed", "Decline", "SIP Call Failed", "Trigger Failed", "Rejected — Capacity", "Ringing"]) {
      const expected = calls.filter(({ call_status }) => call_status === status);
      expect(ids(await list(`?call_status=${encodeURIComponent(status)}`)), status).toEqual(ids(expected));
    }
  });

  test("filters by agent_id, by sip_trunk_id and by phone_number", async () => {
    const of = (keep: (call: ListedCall) => boolean) => ids(calls.filter(keep));

    expect(ids(await list(`?agent_id=${agent.id}`))).toEqual(of(({ agent_id }) => agent_id === agent.id));
    expect(ids(await list(`?sip_trunk_id=${trunk.id}`))).toEqual(of(({ sip_trunk_id }) => sip_trunk_id === trunk.id));
    expect(ids(await list("?phone_number=%2B15005550001"))).toEqual(of(({ phone_number }) => phone_number === "+15005550001"));
  });

  test("filters by a number's last digits, of calls that are over and of those in progress", async () => {
    for (const last of ["0001", "5005550001", "15005550001"]) {
      const expected = calls.filter(({ phone_number }) => phone_number.endsWith(last));
      expect(expected.length).toBeGreaterThan(0);
      expect(ids(await list(`?phone_suffix=${last}`)), last).toEqual(ids(expected));
    }
    expect(await list("?phone_suffix=0003")).toEqual([]);
    expect(await list("?phone_suffix=0001&phone_number=%2B15005550004")).toEqual([]);
    const other = await Org.create(server);
    const lasting = await other.call({ phone_number: "+15005550006" });
    const { calls: open } = found(await other.owner.get<Calls>("/calls?phone_suffix=0006"));
    expect(open).toMatchObject([{ id: lasting, is_terminal: false }]);
    expect(found(await other.owner.get<Calls>("/calls?phone_suffix=0007")).calls).toEqual([]);
    for (const bad of ["001", "1234567890123456", "%2B0001", "00%2001", "", "00_1", "%250001"]) {
      expectError(await viewer.get(`/calls?phone_suffix=${bad}`), 400, "phone_suffix must be 4 to 15 digits");
    }
  });

  test("filters by failure_code: why a call failed or was ended early, of those alone that are over", async () => {
    for (const code of ["busy", "declined", "carrier_error", "dialer_unavailable", "no_answer"]) {
      const expected = calls.filter(({ failure }) => failure?.code === code);
      expect(ids(await list(`?failure_code=${code}`)), code).toEqual(ids(expected));
    }
    expect((await list("?failure_code=busy")).length).toBe(2);
    expect(await list("?failure_code=busy&call_status=Completed")).toEqual([]);
    expect(await list("?failure_code=busy&phone_suffix=0004")).toEqual([]);
    const other = await Org.create(server);
    const lasting = await other.call({ phone_number: "+15005550006" });
    expect(found(await other.owner.get<Calls>("/calls?failure_code=canceled")).calls).toEqual([]);
    await other.owner.post(`/calls/${lasting}/cancel`);
    expect(found(await other.owner.get<Calls>("/calls?failure_code=canceled")).calls).toMatchObject([{ id: lasting }]);
    for (const bad of ["", "Busy", "busy,declined", "cat"]) {
      expectError(await viewer.get(`/calls?failure_code=${bad}`), 400, FAILURE_CODE);
    }
    expectError(await viewer.get("/calls?failure_code=busy&failure_code=busy"), 400, "query parameter given twice: failure_code");
  });

  test("filters by the disposition of a call's outcome, page by page", async () => {
    const expected = calls.filter(({ call_outcome }) => call_outcome?.["disposition"] === "interested");
    expect(expected).toHaveLength(2);
    expect(ids(await list("?disposition=interested"))).toEqual(ids(expected));
    expect(await list("?disposition=Interested")).toEqual([]);
    expect(await list("?disposition=interested&failure_code=busy")).toEqual([]);
    const first: Calls = found(await viewer.get<Calls>("/calls?disposition=interested&limit=1"));
    const second: Calls = found(await viewer.get<Calls>(`/calls?disposition=interested&limit=1&cursor=${first.next_cursor}`));
    expect(ids([...first.calls, ...second.calls])).toEqual(ids(expected));
    for (const bad of ["", "x".repeat(201)]) {
      expectError(await viewer.get(`/calls?disposition=${bad}`), 400, "disposition must be 1 to 200 characters");
    }
  });

  test("calls.csv has the list's items line by line, and its filters", async () => {
    const columns = [...STATUS_FIELDS.filter((name) => name !== "call_outcome"), "agent_id", "sip_trunk_id", "created_at"];
    columns.push("dialed_at", "answered_by", "campaign_id", "reference", "failure_code", "disposition");
    const cellsOf = (call: ListedCall) => {
      const { failure, call_outcome } = call;
      const item: Record<string, unknown> = { ...call, failure_code: failure?.code, disposition: call_outcome?.["disposition"] };
      return columns.map((name) => String(item[name] ?? ""));
    };
    for (const query of ["", "?failure_code=busy", "?call_status=Completed,Decline&sip_trunk_id=" + trunk.id, "?disposition=none"]) {
      const { text, headers, status } = await csv(viewer, query);
      expect(status, query).toBe(200);
      expect(headers.get("content-type")).toBe("text/csv; charset=utf-8");
      expect(text.endsWith("\r\n")).toBe(true);
      const lines = text.slice(0, -2).split("\r\n").map((line) => line.split(","));
      expect(lines, query).toEqual([columns, ...(await list(query)).map(cellsOf)]);
    }
    for (const name of ["limit", "cursor", "cat"]) {
      expectError(await viewer.get(`/calls.csv?${name}=1`), 400, `unknown query parameter: ${name}`);
    }
    expectError(await viewer.get("/calls.csv?failure_code=cat"), 400, FAILURE_CODE);
  });

  test("calls.csv tells more calls than a piece has, each once, and none that came in after it was asked for", { timeout: 120_000 }, async () => {
    const many = await Org.create(server, { max_cps: 1000, max_channels: 10 });
    for (let i = 0; i < 26; i++) await Promise.all(Array.from({ length: 20 }, () => many.trigger({ phone_number: "+15005550006" })));
    const before = found(await many.owner.get<Calls>("/calls?limit=100")).calls[0]?.id;
    const [{ text }] = await Promise.all([csv(many.owner, ""), many.trigger({})]);
    const told = text.slice(0, -2).split("\r\n").slice(1).map((line) => line.split(",")[0] ?? "");
    expect(told.length).toBeGreaterThanOrEqual(520);
    expect(new Set(told).size).toBe(told.length);
    expect(told.slice(0, 2)).toContain(before);
    expect(told).toEqual([...told].sort().reverse());
  });

  test("filters by campaign_id: calls that nobody's campaign made are no campaign's", async () => {
    expect(calls.map(({ campaign_id, reference }) => [campaign_id, reference])).toEqual(calls.map(() => [null, null]));
    expect(await list("?campaign_id=7d2f5f4e-0b0a-4c8e-9a53-0c9d2f6f1c55")).toEqual([]);
    expectError(await viewer.get("/calls?campaign_id=loans"), 400, "campaign_id must be a UUID");
  });

  test("filters by created_after, which is inclusive, and created_before, which is exclusive", async () => {
    const middle = calls[3]?.created_at ?? "";
    const at = encodeURIComponent(middle);

    expect(ids(await list(`?created_after=${at}`))).toEqual(ids(calls.filter(({ created_at }) => created_at >= middle)));
    expect(ids(await list(`?created_before=${at}`))).toEqual(ids(calls.filter(({ created_at }) => created_at < middle)));
    expect(await list(`?created_after=${at}&created_before=${at}`)).toEqual([]);
  });

  test("all filters at once, and pages of what they leave", async () => {
    const query = `?agent_id=${org.agent.id}&phone_number=%2B15005550000&call_status=Completed`;
    const expected = calls.filter((call) => call.agent_id === org.agent.id && call.phone_number === "+15005550000");
    expect(expected.length).toBeGreaterThan(1);

    expect(ids(await list(query))).toEqual(ids(expected));
    const page = found(await viewer.get<Calls>(`/calls${query}&limit=1`));
    const rest = found(await viewer.get<Calls>(`/calls${query}&limit=1&cursor=${page.next_cursor}`));
    expect(ids([...page.calls, ...rest.calls])).toEqual(ids(expected));
  });

  test("another organisation's calls are not there", async () => {
    const stranger = await (await Org.create(server)).client("viewer");

    expect(found(await stranger.get<Calls>("/calls"))).toEqual({ calls: [], next_cursor: null });
    expect(found(await stranger.get<Calls>(`/calls?phone_number=%2B15005550001`)).calls).toEqual([]);
  });

  test("an unused filter value finds nothing", async () => {
    expect(await list("?phone_number=%2B14155550000")).toEqual([]);
    expect(await list("?created_after=2099-01-01T00%3A00%3A00Z")).toEqual([]);
  });
});

describe("a list", () => {
  const LISTS = ["/calls", "/webhooks/deliveries", "/api-keys", "/audit-log"];

  test.for(LISTS)("%s refuses a limit that is no number from 1 to 100", async (path) => {
    for (const limit of ["0", "101", "-1", "1.5", "ten", "", "1e2", "99999999999999999999"]) {
      expectError(await org.owner.get(`${path}?limit=${limit}`), 400, "limit must be a number from 1 to 100");
    }
  });

  test.for(LISTS)("%s refuses a cursor that it did not give", async (path) => {
    for (const cursor of ["x", "bm90aGluZw", "00000000-0000-4000-8000-000000000000x", "%00", "'; DROP TABLE calls; --"]) {
      expectError(await org.owner.get(`${path}?cursor=${encodeURIComponent(cursor)}`), 400, "cursor is invalid");
    }
  });

  test.for(LISTS)("%s refuses a query parameter that it does not know", async (path) => {
    const answer = await org.owner.get<{ error: string }>(`${path}?colour=blue`);

    expect(answer.status).toBe(400);
    expect(answer.body.error).toContain("colour");
    expect(answer.headers.get("x-error-code")).toBe("parameter_unknown");
  });

  test.for(LISTS)("%s holds 50 unless it is asked for more, and next_cursor is null at the end", async (path) => {
    const answer = await org.owner.get<{ next_cursor: string | null }>(path);

    expect(found(answer).next_cursor).toBeNull();
  });

  test("of calls holds 50 unless it is asked for more", async () => {
    const busy = await Org.create(server);
    const client = await busy.client("member");
    await Promise.all(Array.from({ length: 55 }, () => busy.trigger()));

    const page = found(await client.get<Calls>("/calls"));

    expect(page.calls).toHaveLength(50);
    expect(found(await client.get<Calls>(`/calls?cursor=${page.next_cursor}`)).calls).toHaveLength(5);
  });
});

describe("GET /webhooks/deliveries", () => {
  type Deliveries = Page<"deliveries", DeliveryObject>;

  test("lists one for each callback, newest first, page by page", async () => {
    const all = found(await org.owner.get<Deliveries>("/webhooks/deliveries?limit=100")).deliveries;
    expect(all.map(({ call_id }) => call_id)).toEqual(ids(calls));
    const paged: DeliveryObject[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: Deliveries = found(await org.owner.get<Deliveries>(`/webhooks/deliveries?limit=2${cursor && `&cursor=${cursor}`}`));
      paged.push(...page.deliveries);
      cursor = page.next_cursor;
    }

    expect(ids(paged)).toEqual(ids(all));
  });

  test("filters by status and by call_id", async () => {
    const of = async (query: string) => found(await org.owner.get<Deliveries>(`/webhooks/deliveries${query}`)).deliveries;

    expect(await of("?status=delivered")).toEqual([]);
    expect((await of(`?call_id=${calls[2]?.id}`)).map(({ call_id }) => call_id)).toEqual([calls[2]?.id]);
    expect(await of("?call_id=00000000-0000-4000-8000-000000000000")).toEqual([]);
  });

  test("a status that is none is 400", async () => {
    expect((await org.owner.get("/webhooks/deliveries?status=lost")).status).toBe(400);
  });
});

describe("GET /calls/{call_id}", () => {
  test("is the status object and agent_id, sip_trunk_id, created_at, metadata, failure, timeline, callback", async () => {
    const [call] = calls;
    const detail = await org.detail(call?.id ?? "");

    expect(Object.keys(detail).sort()).toEqual([...CALL_FIELDS].sort());
    expect(Object.fromEntries(STATUS_FIELDS.map((field) => [field, detail[field]]))).toEqual(await org.status(detail.id));
    expect(detail).toMatchObject({ agent_id: call?.agent_id, sip_trunk_id: call?.sip_trunk_id, metadata: METADATA });
    for (const entry of detail.timeline) expect(Object.keys(entry).sort()).toEqual(["at", "detail", "event"]);
    expect(detail.callback).toMatchObject({ id: expect.stringMatching(UUID), call_id: detail.id });
  });

  test("a failure says who, why for machines, why for people, and the SIP status", async () => {
    const failed = calls.find(({ phone_number }) => phone_number === "+15005550004");

    const { failure }: CallObject = await org.detail(failed?.id ?? "");

    expect(failure).toEqual({
      source: "carrier",
      code: "carrier_error",
      message: expect.stringMatching(/\S/),
      sip_status_code: 503,
    });
  });
});

describe("GET /calls/{call_id}/transcript", () => {
  test("answers the call's id and what was said", async () => {
    const call = calls.find(({ call_status }) => call_status === "Completed");

    const answer = await viewer.get<{ call_id: string; transcript: unknown }>(`/calls/${call?.id}/transcript`);

    expect(found(answer)).toEqual({ call_id: call?.id, transcript: expect.any(Array) });
  });

  test("of another organisation's call is 404", async () => {
    const stranger = await (await Org.create(server)).client("viewer");

    expectError(await stranger.get(`/calls/${calls[0]?.id}/transcript`), 404, "Call not found");
  });
});

describe("calls in progress", () => {
  const lasting = useServer({ vars: LASTING });

  test("are listed like others", async () => {
    const acme = await Org.create(lasting);
    const id = await acme.call();
    await acme.reached(id, "Ringing");

    const page = found(await (await acme.client("viewer")).get<Calls>("/calls?call_status=Ringing"));

    expect(page.calls).toMatchObject([{ id, call_status: "Ringing", is_terminal: false, end_timestamp: null }]);
  });
});
