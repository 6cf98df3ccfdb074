// Who may be called, when and how often: anything malformed in these settings is refused with its text, and nothing is created or
// changed.

import { beforeAll, expect, test } from "vitest";
import { type Answer, type Client, found, Org, useServer } from "./harness.ts";

const server = useServer();
let org: Org;
let admin: Client;

/** What is no string. */
const NO_TEXT = [1, -1, 1.5, true, false, [], {}, ["x"], [null], { a: null }];
const NO_OBJECT = [1, -1, 1.5, true, false, "", "x", [], [{}]];
const NO_FLAG = [0, 1, -1, "", "true", [], {}];
const LONG = "x".repeat(20_000);
const NO_TIME = [
  ...NO_TEXT,
  ...["", " ", "soon", LONG, "2027-13-01T00:00:00Z", "2027-02-30T10:00:00Z", "2027-01-01T25:00:00Z", "2027-01-01T10:61:00Z"],
  ...["2027-01-01T10:00:00+99:00", "0000-00-00T00:00:00Z", "2027-01-01T10:00:00", "2027-01-01T10:00", "1798797600", "\u0000"],
];
const NO_ZONE = [...NO_TEXT, "", "Mars/Olympus", "IST", "+05:30", "asia/kolkata", " Asia/Kolkata", "Asia/Kolkata\u0000", LONG];
const NO_NUMBER = [
  ...NO_TEXT,
  ...["+", "abc", "919876543210", "+0123456789", "+91 98765 43210", "+1", "+12345", "+1234567890123456", "＋919876543210", "+9198765４3210", LONG],
];
/** What is no whole number from one up to another. */
const not = (from: number, to: number) => [from - 1, to + 1, -from, from + 0.5, 1e30, -1e30, String(from), "", true, [], [from], {}];

const FROM_TO = (from: number, to: number) => `a whole number from ${from} to ${to}`;
const PHONE = "phone_number must be in E.164 format";
const WINDOW = { days: ["mon"], from: "09:00", to: "19:00" };
const HOURS = { time_zone: "callee", windows: [WINDOW] };
const CAUSES = "a list of one or more of busy, declined, no_answer, unreachable, carrier_error, dialer_unavailable, agent_unavailable and voicemail, each once";
const WAITS = "a list of 1 to 10 whole numbers from 1 to 604800";
const LIMITS =
  'contact_limits must be an array of at most 5 limits such as {"max_dials": 3, "per": "day"} (1 to 100, per hour, day or week) or {"min_gap_seconds": 3600} (1 to 604800)';
const REDIAL = { max_attempts: 2, on: ["busy"], wait_seconds: [1] };
const MINUTES = 60_000;
const from_now = (ms: number) => new Date(Date.now() + ms).toISOString();

/** A body, and how it is refused: by this text, or by one that begins so. */
type Wrong = [body: unknown, text: string | RegExp];

const each = (values: readonly unknown[], body: (value: unknown) => unknown, text: string | RegExp): Wrong[] =>
  values.map((value) => [body(value), text]);
const field = (name: string, values: readonly unknown[], text: string | RegExp) => each(values, (value) => ({ [name]: value }), text);

function wrongCalls(): Wrong[] {
  const redial = (name: string, values: readonly unknown[], what: string) => [
    ...each([...values], (value) => ({ redial: { ...REDIAL, [name]: value } }), `redial.${name} must be ${what}`),
    ...each([null, undefined], (value) => ({ redial: { ...REDIAL, [name]: value } }), `redial.${name} is required`),
  ];
  return [
    ...field("phone_number", NO_NUMBER, PHONE),
    ...field("phone_number", ["", null], "phone_number is required"),
    ...field("not_before", NO_TIME, /^not_before must be an ISO 8601 time/),
    ...field("not_before", ["2027-01-01"], /^not_before must be an ISO 8601 time with its offset from UTC/),
    ...field("not_before", [from_now(31 * 24 * 60 * MINUTES), "9999-12-31T23:59:59Z"], "not_before must be at most 30 days ahead"),
    ...field("not_after", NO_TIME, /^not_after must be an ISO 8601 time/),
    ...field("not_after", ["1970-01-01T00:00:00Z", from_now(-MINUTES)], "not_after must be after not_before and in the future"),
    [{ not_before: from_now(10 * MINUTES), not_after: from_now(9 * MINUTES) }, "not_after must be after not_before and in the future"],
    [{ not_before: "2026-12-24T10:00:00Z", not_after: "2026-12-24T15:30:00+05:30" }, /^not_(before|after) must be/],
    ...field("time_zone", [...NO_ZONE, "callee"], "time_zone must be an IANA time zone"),
    ...field("ignore_calling_hours", NO_FLAG, "ignore_calling_hours must be true or false"),
    ...field("dry_run", NO_FLAG, "dry_run must be true or false"),
    ...field("on_capacity", [...NO_TEXT, "", "Queue", "wait"], "on_capacity must be reject or queue"),
    ...field("max_wait_seconds", not(1, 86_400), `max_wait_seconds must be ${FROM_TO(1, 86_400)}`),
    ...field("redial", NO_OBJECT, "redial must be an object"),
    ...redial("max_attempts", not(2, 10), FROM_TO(2, 10)),
    ...redial("on", [1, true, "busy", {}, [], [1], [null], ["busy", "busy"], ["Busy"], ["canceled"], [""], ["busy", null], [["busy"]]], CAUSES),
    ...redial("wait_seconds", [1, true, "1", {}, [], [0], [-1], [604_801], [1.5], ["1"], [null], [1, null], [1e30], Array(11).fill(1)], WAITS),
    [{ redial: { ...REDIAL, x: null } }, "unknown field: redial.x"],
  ];
}

function wrongHours(): Wrong[] {
  const hours = (name: string, values: readonly unknown[], what: string) =>
    each(values, (value) => ({ calling_hours: { ...HOURS, [name]: value } }), `calling_hours.${name} must be ${what}`);
  const window = (name: string, values: readonly unknown[], what: string) =>
    each(values, (value) => ({ calling_hours: { ...HOURS, windows: [WINDOW, { ...WINDOW, [name]: value }] } }), `calling_hours.windows.${name} must be ${what}`);
  const without = (name: string) => ({ calling_hours: { ...HOURS, [name]: null } });
  const NO_CLOCK = [...NO_TEXT, "", "9:00", "09:00:00", "09.00", "24:01", "25:00", "09:60", "-9:00", "٠٩:٠٠", LONG];
  return [
    ...field("calling_hours", NO_OBJECT, "calling_hours must be an object"),
    [{ calling_hours: {} }, "calling_hours.time_zone is required"],
    [without("time_zone"), "calling_hours.time_zone is required"],
    [without("windows"), "calling_hours.windows is required"],
    [{ calling_hours: { ...HOURS, x: 1 } }, "unknown field: calling_hours.x"],
    ...hours("time_zone", NO_ZONE, "callee or an IANA time zone"),
    ...hours("fallback_time_zone", [...NO_ZONE, "callee"], "an IANA time zone"),
    ...hours("windows", [1, true, "", {}, [], [1], [null], [[]], [WINDOW, null], Array(21).fill(WINDOW)], "an array of 1 to 20 objects"),
    ...hours(
      "closed_dates",
      [1, true, "", "2027-01-26", {}, [1], [null], [""], ["2027-02-29"], ["2027-1-1"], ["2027-01-26T00:00:00Z"], ["26.01.2027"], Array(367).fill("2027-01-26")],
      "an array of at most 366 dates such as 2027-01-26",
    ),
    ...hours("on_closed", [...NO_TEXT, "", "Wait", "queue"], "wait or reject"),
    ...window(
      "days",
      [1, true, "", "mon", {}, [], [1], [null], ["Mon"], ["monday"], ["mon", null], Array(8).fill("mon")],
      "an array of 1 to 7 of mon, tue, wed, thu, fri, sat and sun",
    ),
    ...window("from", [...NO_CLOCK, "24:00"], "a time from 00:00 to 23:59"),
    ...window("to", [...NO_CLOCK, "09:00", "08:59", "00:00"], "a time after from, up to 24:00"),
    ...(["days", "from", "to"] as const).map((name): Wrong => [{ calling_hours: { ...HOURS, windows: [{ ...WINDOW, [name]: null }] } }, `calling_hours.windows.${name} is required`]),
    [{ calling_hours: { ...HOURS, windows: [{ ...WINDOW, x: 1 }] } }, "unknown field: calling_hours.windows.x"],
  ];
}

function wrongLimits(): Wrong[] {
  const day = { max_dials: 1, per: "day" };
  const values = [
    ...NO_OBJECT.filter((value) => !Array.isArray(value) || value.length > 0),
    ...[{}, day, [1], [null], [[]], [day, null], Array(6).fill(day), [{ max_dials: 1 }], [{ per: "day" }], [{ ...day, min_gap_seconds: 1 }]],
    ...not(1, 100).map((max_dials) => [{ max_dials, per: "day" }]),
    ...not(1, 604_800).map((min_gap_seconds) => [{ min_gap_seconds }]),
    ...[...NO_TEXT, "", "Day", "month", null].map((per) => [{ max_dials: 1, per }]),
    [{ ...day, x: 1 }],
  ];
  return field("contact_limits", values, LIMITS);
}

function wrongTrunks(): Wrong[] {
  const PREFIXES = "an array of at most 500 prefixes such as +91";
  const lists = [1, true, "", "+91", {}, [1], [null], [""], ["+"], ["91"], ["+0"], ["+91x"], ["+1234567890123456"], [" +91"], ["+91", null], Array(501).fill("+91")];
  const to = (name: string, values: readonly unknown[], what: string) =>
    each(values, (value) => ({ destinations: { [name]: value } }), `destinations.${name} must be ${what}`);
  return [
    ...field("destinations", NO_OBJECT, "destinations must be an object"),
    ...to("allow", lists, PREFIXES),
    ...to("deny", lists, PREFIXES),
    ...to("high_risk", [...NO_TEXT, "", "Deny", "no"], "deny or allow"),
    [{ destinations: { x: 1 } }, "unknown field: destinations.x"],
    ...field("max_calls_per_day", not(1, 1_000_000), `max_calls_per_day must be ${FROM_TO(1, 1_000_000)}`),
  ];
}

function wrongSuppressions(): Wrong[] {
  const phone_number = "+919876543210";
  const end = (value: unknown) => ({ phone_number, expires_at: value });
  return [
    ...field("phone_number", NO_TEXT, "phone_number must be a string"),
    ...field("phone_number", NO_NUMBER.slice(NO_TEXT.length), PHONE),
    ...field("phone_number", ["", null], "phone_number is required"),
    [{}, "phone_number is required"],
    ...each([...NO_TEXT, LONG, "ü".repeat(201)], (reason) => ({ phone_number, reason }), "reason must be a string of at most 200 characters"),
    ...each(NO_TIME, end, /^expires_at must be an ISO 8601 time/),
    ...each(["1970-01-01T00:00:00Z", from_now(-MINUTES)], end, "expires_at must be an ISO 8601 time in the future"),
    [{ phone_number, x: null }, "unknown field: x"],
    [{ phone_number, source: "agent" }, "unknown field: source"],
  ];
}

/** What was answered otherwise than by a 400 with its text. */
async function accepted(wrong: Wrong[], send: (body: unknown) => Promise<Answer<unknown>>): Promise<string[]> {
  const mistakes = [];
  for (const [body, text] of wrong) {
    const answer = await send(body);
    const said = (answer.body as { error?: string } | undefined)?.error ?? "";
    const isSaid = typeof text === "string" ? said === text : text.test(said);
    if (answer.status !== 400 || !isSaid) mistakes.push(`${JSON.stringify(body).slice(0, 200)}: ${answer.status} ${answer.text.slice(0, 300)}, not ${text}`);
  }
  return mistakes;
}

/** All that could have been created or changed. */
async function all(): Promise<unknown[]> {
  const paths = ["/calls", "/suppressions", "/settings", "/agents", `/agents/${org.agent.id}`, "/sip-trunks", `/sip-trunks/${org.trunk.id}`];
  return Promise.all(paths.map(async (path) => found(await org.owner.get<unknown>(path))));
}

beforeAll(async () => {
  org = await Org.create(server);
  admin = await org.client("admin");
});

const TABLE: [where: string, wrong: () => Wrong[], send: (body: unknown) => Promise<Answer<unknown>>][] = [
  ["POST /calls", wrongCalls, (body) => admin.post("/calls", org.request(body as Record<string, unknown>))],
  ["PATCH /settings", () => [...wrongHours(), ...wrongLimits(), ...field("reject_impossible_numbers", NO_FLAG, "reject_impossible_numbers must be true or false")], (body) => org.owner.patch("/settings", body)],
  ["PATCH /agents/{id}", () => [...wrongHours(), ...wrongLimits()], (body) => org.owner.patch(`/agents/${org.agent.id}`, body)],
  ["POST /agents", () => [...wrongHours(), ...wrongLimits()], (body) => org.owner.post("/agents", { name: "A", agent_code: "a", input_schema: { fields: [] }, ...(body as object) })],
  ["PATCH /sip-trunks/{id}", wrongTrunks, (body) => org.owner.patch(`/sip-trunks/${org.trunk.id}`, body)],
  [
    "POST /sip-trunks",
    wrongTrunks,
    (body) => org.owner.post("/sip-trunks", { name: "T", trunk_phone: "+918069000000", max_cps: 1, max_channels: 1, carrier: { type: "simulator" }, ...(body as object) }),
  ],
  ["POST /suppressions", wrongSuppressions, (body) => admin.post("/suppressions", body)],
];

for (const [where, wrong, send] of TABLE) {
  test(`${where}: what is malformed is 400 with its text, and nothing is created or changed`, { timeout: 180_000 }, async () => {
    const before = await all();
    expect(wrong().length).toBeGreaterThan(20);
    expect(await accepted(wrong(), send)).toEqual([]);
    expect(await all()).toEqual(before);
  });
}

/** What the operator is asked. */
const NO_NAME = [...NO_TEXT, "", "x".repeat(201)];
const NAME = "name must be a string of 1 to 200 characters";
const OPERATOR: [method: string, path: string, wrong: () => Wrong[]][] = [
  [
    "POST",
    "/platform/v1/orgs",
    () => [...field("name", NO_NAME, NAME), ...each([{}, { name: null }], (body) => body, "name is required"), [{ name: "A", x: null }, "unknown field: x"], [{ name: "A", status: "active" }, "unknown field: status"]],
  ],
  [
    "PATCH",
    "/platform/v1/orgs/{id}",
    () => [
      ...field("name", NO_NAME, NAME),
      ...field("status", [...NO_TEXT, "", "Active", "deleted", " suspended"], "status must be active or suspended"),
      [{ name: null }, "name is required"],
      [{ status: null }, "status is required"],
      [{ x: 1 }, "unknown field: x"],
      [{ status: "suspended", id: "x" }, "unknown field: id"],
    ],
  ],
  [
    "POST",
    "/platform/v1/orgs/{id}/owner-keys",
    () => [
      ...field("name", NO_NAME, NAME),
      [{}, "name is required"],
      ...each([...NO_TIME, "1970-01-01T00:00:00Z", from_now(-MINUTES)], (expires_at) => ({ name: "A", expires_at }), /^expires_at must be an ISO 8601 time/),
      [{ name: "A", role: "viewer" }, "unknown field: role"],
    ],
  ],
];
const LIMIT = "limit must be a number from 1 to 100";
const USAGE = "from=2026-11-01&to=2026-11-30&group_by=day";
const OPERATOR_ADDRESSES: [path: string, text: string][] = [
  ...["/platform/v1/orgs", "/platform/v1/health"].flatMap((path): [string, string][] => [
    ...["0", "-1", "101", "1.5", "x", "1e2", ""].map((limit): [string, string] => [`${path}?limit=${limit}`, LIMIT]),
    ...["x", "", "%00", "%F0%9F%93%9E", crypto.randomUUID()].map((cursor): [string, string] => [`${path}?cursor=${cursor}`, "cursor is invalid"]),
    [`${path}?limit=1&limit=1`, "query parameter given twice: limit"],
    [`${path}?x=1`, "unknown query parameter: x"],
  ]),
  ...["checks", "probe"].flatMap((flag) => ["", "1", "TRUE", "maybe"].map((value): [string, string] => [`/platform/v1/health?${flag}=${value}`, `${flag} must be true or false`])),
  ...["0", "1001", "-1", "1.5", "x", ""].map((shards): [string, string] => [`/platform/v1/metrics?shards=${shards}`, "shards must be a number from 1 to 1000"]),
  ...["2", "-1", "1.5", "x", ""].map((shard): [string, string] => [`/platform/v1/metrics?shards=2&shard=${shard}`, "shard must be a number below shards"]),
  ["/platform/v1/metrics?x=1", "unknown query parameter: x"],
  ["/platform/v1/orgs/{id}/usage", "from is required"],
  ["/platform/v1/orgs/{id}/usage?from=soon&to=2026-11-30&group_by=day", "from must be an ISO 8601 time"],
  ["/platform/v1/orgs/{id}/usage?from=2026-11-01&group_by=day", "to is required"],
  ["/platform/v1/orgs/{id}/usage?from=2026-11-01&to=2026-11-30&group_by=week", "group_by must be one of hour, day, agent, trunk, campaign"],
  [`/platform/v1/orgs/{id}/usage?${USAGE}&group_by=hour`, "query parameter given twice: group_by"],
];

/** All organisations, as the operator sees them, and this one's keys. */
async function allOfOperator(): Promise<unknown[]> {
  const { orgs } = found(await server.platform.fromRoot<{ orgs: unknown[] }>("GET", "/platform/v1/orgs?limit=100"));
  return [orgs, found(await server.platform.fromRoot("GET", `/platform/v1/orgs/${org.id}`)), found(await org.owner.get("/audit-log"))];
}

test("the operator's routes: what is malformed is 400 with its text, and nothing is created or changed", { timeout: 180_000 }, async () => {
  const before = await allOfOperator();
  for (const [method, path, wrong] of OPERATOR) {
    const send = (body: unknown) => server.platform.fromRoot<unknown>(method, path.replace("{id}", org.id), { body });
    expect(await accepted(wrong(), send), `${method} ${path}`).toEqual([]);
    for (const [body, text] of BODIES) {
      const answer = await server.platform.fromRoot<{ error: string }>(method, path.replace("{id}", org.id), { body, headers: { "content-type": "application/json" } });
      expect([answer.status, answer.body.error], `${method} ${path} ${body}`).toEqual([400, text]);
    }
  }
  const mistakes = [];
  for (const [path, text] of OPERATOR_ADDRESSES) {
    const answer = await server.platform.fromRoot<{ error: string } | undefined>("GET", path.replace("{id}", org.id));
    if (answer.status !== 400 || answer.body?.error !== text) mistakes.push(`${path}: ${answer.status} ${answer.text.slice(0, 200)}, not ${text}`);
  }
  expect(mistakes).toEqual([]);
  // An organisation that nobody has, in whatever spelling.
  for (const id of ["x", "%00", "%ff", "%20", `${org.id}x`, "00000000-0000-0000-0000-000000000000", crypto.randomUUID()]) {
    const at = `/platform/v1/orgs/${id}`;
    for (const [method, path, body] of [["GET", at], ["GET", `${at}/usage?${USAGE}`], ["PATCH", at, { status: "suspended" }], ["POST", `${at}/owner-keys`, { name: "A" }]] as const) {
      const answer = await server.platform.fromRoot<{ error: string }>(method, path, body === undefined ? {} : { body });
      expect([answer.status, answer.body.error], `${method} ${path}`).toEqual([404, "Organisation not found"]);
    }
  }
  // And whoever is not the operator learns nothing of what would be wrong.
  for (const [method, path] of OPERATOR) expect((await org.owner.fromRoot(method, path.replace("{id}", org.id), { body: [] })).status, path).toBe(401);
  expect(await allOfOperator()).toEqual(before);
});

/** Bodies as they go out, byte for byte. */
const BODIES: [body: string | Uint8Array, text: string][] = [
  ['{"phone_number": "+919876543210", "max_wait_seconds": 1e400}', "Request body must be valid JSON"],
  ['{"phone_number": "\\ud800"}', "Request body must be valid JSON"],
  [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), "Request body must be valid JSON"],
  ["[]", "Request body must be a JSON object"],
  ["null", "Request body must be a JSON object"],
  ['"x"', "Request body must be a JSON object"],
];

test("a body that is no JSON object is 400 wherever it is sent", async () => {
  const before = await all();
  const headers = { "content-type": "application/json" };
  for (const [method, path] of [["POST", "/calls"], ["PATCH", "/settings"], ["PATCH", `/agents/${org.agent.id}`], ["PATCH", `/sip-trunks/${org.trunk.id}`], ["POST", "/suppressions"]] as const) {
    for (const [body, text] of BODIES) {
      const answer = await org.owner.send<{ error: string }>(method, path, { body, headers });
      expect([answer.status, answer.body.error], `${method} ${path} ${body}`).toEqual([400, text]);
    }
  }
  expect(await all()).toEqual(before);
});

const CSV = "text/csv";
const ROWS = "application/x-ndjson";
const FILES: [type: string, body: string | Uint8Array, status: number, text: string][] = [
  [CSV, "", 400, "the header line must name phone_number"],
  [CSV, "\n\n", 400, "the header line must name phone_number"],
  [CSV, "reason\nx\n", 400, "the header line must name phone_number"],
  [CSV, "phone_number,note\n+919876543210,x\n", 400, "unknown column: note"],
  [CSV, "phone_number,phone_number\n+919876543210,+919876543210\n", 400, "column given twice: phone_number"],
  [CSV, Buffer.from([0x70, 0xff, 0x0a]), 400, "Request body must be UTF-8"],
  [ROWS, Buffer.from([0x7b, 0xff, 0x7d]), 400, "Request body must be UTF-8"],
  [CSV, `phone_number\n${"+919876543210\n".repeat(50_001)}`, 413, "Request body must be at most 50000 rows"],
  [ROWS, '{"phone_number":"+919876543210"}\n'.repeat(50_001), 413, "Request body must be at most 50000 rows"],
  [CSV, `phone_number\n${"x".repeat(4 << 20)}`, 413, "Request body must be at most 4194304 bytes"],
];

test("a file that is none is refused whole", { timeout: 120_000 }, async () => {
  const before = await all();
  for (const [type, body, status, text] of FILES) {
    const answer = await admin.send<{ error: string }>("POST", "/suppressions/import", { body, headers: { "content-type": type } });
    expect([answer.status, answer.body.error], `${type} ${String(body).slice(0, 60)}`).toEqual([status, text]);
  }
  expect(await all()).toEqual(before);
});

const QUOTES = "the row's quotes are wrong";
const IN_FUTURE = "expires_at must be an ISO 8601 time in the future";
const CSV_ROWS: [row: string, error: string][] = [
  ["x,,", PHONE],
  [",x,", "phone_number is required"],
  ["+919876543210", "the row has 1 cells, the header line has 3"],
  ["+919876543210,,,", "the row has 4 cells, the header line has 3"],
  ['+919876543210,"x,', QUOTES],
  ['+919876543210,x"y,', QUOTES],
  [`+919876543210,${"x".repeat(201)},`, "reason must be a string of at most 200 characters"],
  ["+919876543210,,soon", IN_FUTURE],
  ["+919876543210,,2020-01-01T00:00:00Z", IN_FUTURE],
];
const LINES: [row: string, error: string][] = [
  ["{", "the row must be valid JSON"],
  ["1", "the row must be a JSON object"],
  ["[]", "the row must be a JSON object"],
  ["null", "the row must be a JSON object"],
  ["{}", "phone_number is required"],
  ['{"phone_number":null}', "phone_number is required"],
  ['{"phone_number":919876543210}', PHONE],
  ['{"phone_number":["+919876543210"]}', PHONE],
  ['{"phone_number":"+919876543210","x":1}', "unknown field: x"],
  ['{"phone_number":"+919876543210","reason":1}', "reason must be a string"],
  ['{"phone_number":"+919876543210","expires_at":{}}', "expires_at must be a string"],
  ['{"phone_number":"+919876543210","expires_at":"2027-13-01T00:00:00Z"}', IN_FUTURE],
];

test("a row that is malformed is named with its text, and nothing of it is taken", async () => {
  const before = await all();
  const files = [
    [CSV, `phone_number,reason,expires_at\n${CSV_ROWS.map(([row]) => row).join("\n")}\n`, CSV_ROWS],
    [ROWS, LINES.map(([row]) => row).join("\n"), LINES],
  ] as const;
  for (const [type, body, rows] of files) {
    const answer = found(await admin.send<{ added: number; updated: number; rejected: unknown[] }>("POST", "/suppressions/import", { body, headers: { "content-type": type } }));
    expect(answer).toEqual({ added: 0, updated: 0, rejected: rows.map(([, error], nth) => ({ row: nth + 1, error })) });
  }
  expect(await all()).toEqual(before);
});

/** What is asked for by an address: how often it is 400. */
const ADDRESSES: [method: string, path: string, text: string][] = [
  ...["x", "919876543210", "+", "%2B", "+0123456789", "%2B91%2098765", "+1234567890123456", "+91987654321x", "%00", "%F0%9F%93%9E", encodeURIComponent("＋919876543210")].flatMap(
    (number): [string, string, string][] => [
      ["GET", `/numbers/${number}`, PHONE],
      ["GET", `/suppressions?phone_number=${number}`, PHONE],
    ],
  ),
  ...["0", "-1", "101", "1.5", "x", "1e2", "%2B5"].map((limit): [string, string, string] => ["GET", `/suppressions?limit=${limit}`, "limit must be a number from 1 to 100"]),
];

test("an address that names no number is 400", async () => {
  const before = await all();
  expect((await admin.delete("/suppressions/x")).status).toBe(404);
  const mistakes = [];
  for (const [method, path, text] of ADDRESSES) {
    const answer = await admin.send<{ error: string } | undefined>(method, path);
    if (answer.status !== 400 || answer.body?.error !== text) mistakes.push(`${method} ${path}: ${answer.status} ${answer.text}`);
  }
  expect(mistakes).toEqual([]);
  expect(await all()).toEqual(before);
});

test("a field that is named twice counts as its last", async () => {
  const body = JSON.stringify(org.request({ phone_number: "x", dry_run: true })).replace(/}$/, ',"phone_number":"+919876543210"}');
  const answer = await admin.send("POST", "/calls", { body, headers: { "content-type": "application/json" } });
  expect(answer.status, answer.text).toBe(200);
});
