// Recipient lists on the built Worker: malformed files, uploads that break off, and previews of who would be called.

import { connect } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { BASE_PATH, created, FAST, found, METADATA, Org, useServer } from "./harness.ts";
import { until } from "./until.ts";

interface Added {
  added: number;
  duplicates: number;
  rejected: { row: number; reference: string | null; error: string }[];
}

interface Recipient {
  reference: string;
  phone_number: string;
  metadata: Record<string, unknown> | null;
}

const CSV = "text/csv";
const ROWS = "application/x-ndjson";
const MOST_ROWS = 20_000;

const server = useServer({ vars: FAST });
let org: Org;

beforeAll(async () => {
  org = await Org.create(server, { max_channels: 10, max_cps: 2 });
});

async function draft(on = org, more: Record<string, unknown> = {}): Promise<string> {
  const body = { name: "List", agent_id: on.agent.id, sip_trunk_id: on.trunk.id, ...more };
  return created(await on.owner.post<{ id: string }>("/campaigns", body)).id;
}

const send = (id: string, type: string, body: string | Uint8Array) =>
  org.owner.send<Added & { error: string }>("POST", `/campaigns/${id}/recipients`, { body, headers: { "content-type": type } });
const total = async (id: string) => found(await org.owner.get<{ counts: { total: number } }>(`/campaigns/${id}`)).counts.total;
const keys = Object.keys(METADATA).join(",");
const values = Object.values(METADATA).join(",");

test("a file with a BOM, CRLF and quotes is read as RFC 4180 says, and a list shows what came of it", async () => {
  const id = await draft();
  const body = `\u{feff}phone_number,reference,${keys}\r\n+919876543210,"loan ""7"", a","Rao,\r\nJr",7500,2026-06-20\r\n\r\n+919876543211,,${values}\r\n`;
  expect(found(await send(id, CSV, body))).toEqual({ added: 2, duplicates: 0, rejected: [] });
  const { recipients } = found(await org.owner.get<{ recipients: Recipient[] }>(`/campaigns/${id}/recipients`));
  expect(recipients.map(({ reference, phone_number, metadata }) => [reference, phone_number, metadata])).toEqual([
    ['loan "7", a', "+919876543210", { ...METADATA, customer_name: "Rao,\r\nJr" }],
    ["+919876543211", "+919876543211", METADATA],
  ]);
  expect(found(await send(id, CSV, body))).toEqual({ added: 0, duplicates: 2, rejected: [] });
});

test("a file that is none is told why, and nothing of it is taken", { timeout: 120_000 }, async () => {
  const id = await draft();
  const row = `+919876543210,${values}\n`;
  const files: [type: string, body: string | Uint8Array, status: number, error: string][] = [
    [CSV, `phone_number;${keys}\n+919876543210;a\n`, 400, "columns must be separated by commas"],
    [CSV, `phone_number\t${keys}\n`, 400, "columns must be separated by commas"],
    [CSV, `number,${keys}\n${row}`, 400, "the header line must name phone_number"],
    [CSV, row, 400, "the header line must name phone_number"],
    [CSV, "", 400, "the header line must name phone_number"],
    [CSV, `phone_number,${keys}\r+919876543210,Ana,2,3\r`, 400, "lines must end with CRLF or LF"],
    [CSV, `phone_number,${keys},due_date\n`, 400, "column given twice: due_date"],
    [CSV, Buffer.from(`phone_number,${keys}\n+919876543210,Ren\u00e9,1,1\n`, "latin1"), 400, "Request body must be UTF-8"],
    [ROWS, Buffer.from('{"phone_number":"+919876543210","reference":"\u00e9"}', "latin1"), 400, "Request body must be UTF-8"],
    [CSV, `phone_number,${keys}\n${row.repeat(MOST_ROWS + 1)}`, 413, "Request body must be at most 20000 rows"],
    [ROWS, '{"phone_number":"+919876543210"}\n'.repeat(MOST_ROWS + 1), 413, "Request body must be at most 20000 rows"],
    [CSV, `phone_number\n${"x".repeat(8 << 20)}`, 413, "Request body must be at most 8388608 bytes"],
    ["text/plain", "x", 415, "Content-Type must be application/json, application/x-ndjson or text/csv"],
  ];
  for (const [type, body, status, error] of files) {
    const answer = await send(id, type, body);
    expect([answer.status, answer.body.error], `${type} ${String(body).slice(0, 60)}`).toEqual([status, error]);
  }
  expect(await total(id)).toBe(0);
});

test("a row that is wrong is named by its number, and takes no other along", async () => {
  const id = await draft();
  const lines = [`+919876543210,a,${values}`, `x,b,${values}`, "+919876543212,c", `+91987"6543213,d,${values}`, `+919876543214,e,,,`, `+919876543215,f,${values}`];
  const answer = found(await send(id, CSV, `phone_number,reference,${keys}\n${lines.join("\n")}\n`));
  expect([answer.added, answer.duplicates]).toEqual([2, 0]);
  expect(answer.rejected.map(({ row, reference }) => [row, reference])).toEqual([[2, "b"], [3, null], [4, null], [5, "e"]]);
  expect(answer.rejected.map(({ error }) => error)).toEqual([
    "phone_number must be in E.164 format",
    "the row has 2 cells, the header line has 5",
    "the row's quotes are wrong",
    expect.stringContaining("customer_name"),
  ]);
  expect(await total(id)).toBe(2);
});

/** Sends so much of a file, with its length told or in chunks, and breaks off. */
function breakOff(id: string, [type, body]: [string, string], share: number, isChunked: boolean): Promise<void> {
  const { hostname, port } = new URL(server.url);
  const length = Buffer.byteLength(body);
  const head = [
    `POST ${BASE_PATH}/campaigns/${id}/recipients HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${org.owner.key}`,
    `Content-Type: ${type}`,
    isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`,
  ];
  const part = body.slice(0, length * share);
  const sent = isChunked ? `${part.length.toString(16)}\r\n${part}\r\n${share < 1 ? "" : "0\r\n\r\n"}` : part;
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${head.join("\r\n")}\r\n\r\n${sent}`, () => setTimeout(() => socket.destroy(), 100));
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.resume();
  });
}

test("of an upload that breaks off nothing is taken, and nothing twice when it is sent again", { timeout: 60_000 }, async () => {
  const id = await draft();
  const rows = Array.from({ length: 3_000 }, (_, n) => ({ phone_number: `+9198${String(n).padStart(8, "0")}`, metadata: METADATA }));
  const body = rows.map((row) => JSON.stringify(row)).join("\n");
  const csv = `phone_number,${keys}\n${rows.map((row) => `${row.phone_number},${values}`).join("\n")}\n`;
  for (const isChunked of [false, true]) {
    for (const share of [0.001, 0.5, 0.999]) await breakOff(id, [ROWS, body], share, isChunked);
    await breakOff(id, [CSV, csv], 0.5, isChunked);
  }
  expect(await total(id), "no part of a body").toBe(0);
  // All of it is there, and nobody waits for the answer.
  for (const isChunked of [false, true]) await breakOff(id, [ROWS, body], 1, isChunked);
  const answer = found(await send(id, ROWS, body));
  expect(answer.added + answer.duplicates).toBe(3_000);
  expect(await total(id)).toBe(3_000);
  expect(found(await send(id, ROWS, body))).toEqual({ added: 0, duplicates: 3_000, rejected: [] });
});

interface Preview {
  ready: number;
  suppressed: number;
  impossible: number;
  destination_not_allowed: number;
  contact_limited: number;
  closed_now: number;
  by_country: Record<string, number>;
  first_dial_at: string | null;
  projected_seconds: number;
}

const HOUR_MS = 3_600_000;
const OPEN = "Africa/Abidjan"; // UTC all year
const CLOSED = "Pacific/Port_Moresby"; // ten hours ahead, all year

/** Open from an hour before now until an hour after, by UTC, wherever the callee is. */
function hours(now: Date): object {
  const text = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
  const open = [-1, 0, 1].map((by) => (now.getUTCHours() + by + 24) % 24);
  const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
  return { time_zone: "callee", fallback_time_zone: null, on_closed: "wait", windows: open.map((hour) => ({ days, from: text(hour), to: text(hour + 1) })) };
}

test("a preview counts each under the first reason that applies, and tells when the first is called", { timeout: 60_000 }, async () => {
  const on = await Org.create(server, { max_channels: 10, max_cps: 10 });
  const preview = async (id: string) => found(await on.owner.get<Preview>(`/campaigns/${id}/preview`));
  const person = (phone_number: string, time_zone = OPEN) => ({ phone_number, time_zone, reference: phone_number, metadata: METADATA });
  const add = async (id: string, recipients: object[]) => expect(found(await on.owner.post<Added>(`/campaigns/${id}/recipients`, { recipients })).added).toBe(recipients.length);
  const now = new Date();
  const id = await draft(on, { calling_hours: hours(now), max_cps: 1, max_channels: 4 });
  // Only then is any of it forbidden: a list says what was so when it came.
  const [denied, alsoImpossible, impossible, suppressed, limited] = ["+447400123456", "+44791112", "+12025550", "+919876543211", "+919876543212"];
  await add(id, [denied, alsoImpossible, impossible, suppressed, limited, "+919876543210", "+12025550123"].map((phone) => person(phone)));
  await add(id, [person("+919876543213", CLOSED), person("+919876543214", CLOSED)]);

  found(await on.owner.patch(`/sip-trunks/${on.trunk.id}`, { destinations: { allow: null, deny: ["+44"], high_risk: "deny" } }));
  found(await on.owner.patch("/settings", { contact_limits: [{ max_dials: 1, per: "hour" }] }));
  for (const phone of [limited, suppressed, "+919876543214"]) await on.ended(await on.call({ phone_number: phone }));
  for (const phone of [suppressed, denied, impossible]) created(await on.owner.post("/suppressions", { phone_number: phone }));
  found(await on.owner.patch("/settings", { reject_impossible_numbers: true }));
  const seen = await until("the trunk to have heard of it all", async () => {
    const told = await preview(id);
    return told.impossible === 1 && told;
  });

  const { first_dial_at, ...counts } = seen;
  expect(counts).toEqual({
    destination_not_allowed: 2, // the one that is suppressed as well, and the one that can't exist
    impossible: 1, // which is suppressed as well
    suppressed: 1, // which was called as often as it may be as well
    contact_limited: 2, // one of whom is where it is closed
    closed_now: 1,
    ready: 2,
    by_country: { GB: 1, IN: 5, US: 1, unknown: 2 },
    projected_seconds: 120, // five at once on four channels, a minute each
  });
  expect(Math.abs(Date.parse(first_dial_at ?? "") - Date.now())).toBeLessThan(10_000);

  // Nobody but those who are where it is closed: an hour before this hour, tomorrow by their clock.
  const late = await draft(on, { calling_hours: hours(now) });
  await add(late, [person("+919876543220", CLOSED)]);
  const opens = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS + 13 * HOUR_MS;
  expect(await preview(late)).toMatchObject({ ready: 0, closed_now: 1, first_dial_at: new Date(opens).toISOString(), projected_seconds: 60 });
  found(await on.owner.patch(`/campaigns/${late}`, { not_after: new Date(opens).toISOString() }));
  expect(await preview(late)).toMatchObject({ closed_now: 1, first_dial_at: null });
  // And those who were called as often as may be: in an hour.
  const again = await draft(on);
  await add(again, [person(limited)]);
  const in_an_hour = Date.parse((await preview(again)).first_dial_at ?? "") - Date.now();
  expect(in_an_hour).toBeGreaterThan(HOUR_MS - 60_000);
  expect(in_an_hour).toBeLessThanOrEqual(HOUR_MS + 5_000);
  // Before its time nobody is called.
  const not_before = new Date(Date.now() + 5 * HOUR_MS).toISOString();
  const later = await draft(on, { not_before });
  await add(later, [person("+919876543230")]);
  expect(await preview(later)).toMatchObject({ ready: 1, first_dial_at: not_before });
  expect(await preview(await draft(on))).toEqual({
    ...{ ready: 0, suppressed: 0, impossible: 0, destination_not_allowed: 0, contact_limited: 0, closed_now: 0 },
    ...{ by_country: {}, first_dial_at: null, projected_seconds: 0 },
  });
});

test("a preview of more people than are read at once counts each of them", { timeout: 60_000 }, async () => {
  const id = await draft();
  const rows = Array.from({ length: 12_003 }, (_, n) => ({ phone_number: `+9198${String(n).padStart(8, "0")}`, metadata: METADATA }));
  expect(found(await send(id, ROWS, rows.map((row) => JSON.stringify(row)).join("\n"))).added).toBe(rows.length);
  for (const nth of [0, 4_999, 5_000, 12_002]) created(await org.owner.post("/suppressions", { phone_number: rows[nth]?.phone_number }));
  const told = found(await org.owner.get<Preview>(`/campaigns/${id}/preview`));
  expect(told).toMatchObject({ ready: 11_999, suppressed: 4, closed_now: 0, by_country: { IN: 12_003 } });
  expect(told.projected_seconds).toBe(72_000); // on ten channels, a minute each
});
