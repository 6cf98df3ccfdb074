// `audatec`, each verb with --json and its exit code, against the built Worker.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { exists, run } from "../../scripts/lib/run.mjs";
import { created, found, METADATA, Org, Server, useServer } from "../edge/harness.ts";
import { useReceiver } from "../edge/receiver.ts";
import { useAnswers } from "./answers.ts";
import { Audatec, lines } from "./audatec.ts";

const server = useServer();
const receiver = useReceiver();
const answers = useAnswers();
let org: Org;
let cli: Audatec;
let file: (name: string, content: string) => string;
const REAL = "+919876543210";

beforeAll(async () => {
  org = await Org.create(server);
  cli = await Audatec.install("audatec", settings(org));
  file = (name, content) => {
    writeFileSync(join(cli.folder, name), content);
    return name;
  };
}, 120_000);

const settings = (of: Org, key = String(of.owner.key)) => ({
  AUDATEC_BASE_URL: of.server.url,
  AUDATEC_API_KEY: key,
  AUDATEC_AGENT_ID: of.agent.id,
  AUDATEC_TRUNK_ID: of.trunk.id,
});

interface Call {
  id: string;
  call_id: string;
  call_status: string;
  metadata: unknown;
}

describe("calls", () => {
  test("trigger, get, list, cancel", async () => {
    const metadata = Object.entries(METADATA).flatMap(([name, value]) => ["-m", `${name}=${value}`]);
    const accepted = await cli.json<Call>(["calls", "trigger", "+15005550000", ...metadata, "--idempotency-key", "one"]);
    const again = await cli.json<Call>(["calls", "trigger", "+15005550000", ...metadata, "--idempotency-key", "one"]);
    expect(again.call_id).toBe(accepted.call_id);
    await org.ended(accepted.call_id);
    expect(await cli.json<Call>(["calls", "get", accepted.call_id])).toMatchObject({ call_status: "Completed", metadata: METADATA });
    const listed = await cli.json<Call[]>(["calls", "list", "--status", "Completed", "--limit", "1"]);
    expect(listed.map(({ id }) => id)).toEqual([accepted.call_id]);

    const later = await cli.json<Call>([
      "calls",
      "trigger",
      "+15005550000",
      "--sample",
      "--not-before",
      new Date(Date.now() + 3_600_000).toISOString(),
    ]);
    expect(await cli.json<Call>(["calls", "cancel", later.call_id])).toMatchObject({ call_status: "Trigger Failed" });
    const { code, stderr } = await cli.run(["calls", "cancel", later.call_id, "--json"]);
    expect([code, JSON.parse(stderr)]).toMatchObject([1, { status: 409, code: "call_already_terminal" }]);
    expect((await cli.run(["calls", "list", "--limit", "2"])).stdout).toMatch(/^CALL +NUMBER .*\n\S{36} {2}\+15005550000 {2}/);
  });

  test("--wait and watch follow a call to its end, and tell by the exit code what that was", async () => {
    const [good, bad] = await Promise.all(
      ["+15005550000", "+15005550001"].map((number) => cli.run(["calls", "trigger", number, "--sample", "--wait", "--json"])),
    );
    expect([good?.code, lines<Call>(good?.stdout ?? "").at(-1)?.call_status]).toEqual([0, "Completed"]);
    expect([bad?.code, lines<Call>(bad?.stdout ?? "").at(-1)?.call_status]).toEqual([3, "Decline"]);
    const id = lines<Call>(bad?.stdout ?? "")[0]?.id ?? "";
    expect(await cli.run(["calls", "watch", id])).toMatchObject({
      code: 3,
      stdout: expect.stringContaining("Decline (callee/busy)") as string,
    });

    const all = cli.start(["calls", "watch", "--timeout", "3", "--json"]);
    const called = await cli.json<Call>([
      "calls",
      "trigger",
      "+15005550000",
      "--sample",
      "--not-before",
      new Date(Date.now() + 1500).toISOString(),
    ]);
    await all.said(new RegExp(`"call.completed".*${called.call_id}`));
    expect((await all.ended).code).toBe(0);
  });

  test("a number that is not the simulator's is asked about, and not called without an answer", async () => {
    const count = async () => (await cli.json<Call[]>(["calls", "list", "--phone-number", REAL])).length;
    const refused = await cli.run(["calls", "trigger", REAL, "--sample"]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("--yes")]);
    expect(await cli.json(["calls", "trigger", REAL, "--sample", "--dry-run"])).toMatchObject({ would: "trigger" });
    expect(await count()).toBe(0);

    await cli.json(["calls", "trigger", REAL, "--sample", "--yes"]);
    expect(await count()).toBe(1);
    if (!(await exists("script"))) return console.warn("LEFT OUT: util-linux's script, which makes a terminal, is missing");
    for (const [answer, code, calls] of [
      ["n", 2, 1],
      ["\u0004", 2, 1], // Ctrl-D
      ["\u0003", 2, 1], // Ctrl-C
      ["y", 0, 2],
    ] as const) {
      const command = `${process.execPath} ${cli.script} calls trigger ${REAL} --sample`;
      const child = spawn("script", ["-qec", command, "/dev/null"], { env: { ...process.env, ...cli.env } });
      child.stdout.on("data", (chunk: Buffer) => chunk.includes("[y/N]") && child.stdin.write(answer < " " ? answer : `${answer}\n`));
      const ended = new Promise((resolve) => child.on("close", resolve));
      const [said] = await Promise.all([text(child.stdout), ended]);
      expect(said).toContain(`Call ${REAL}? [y/N]`);
      expect([child.exitCode, await count()]).toEqual([code, calls]);
    }
  });
});

test("a CSV file becomes a finished campaign", { timeout: 60_000 }, async () => {
  const csv = file(
    "people.csv",
    `phone_number,reference,customer_name,amount_due,due_date\n${[0, 1, 2].map((n) => `+1500555000${n},loan-${n},"Rahul, ${n}",7500,2026-06-20`).join("\n")}\n`,
  );
  const { id } = await cli.json<Call>(["campaigns", "create", "--name", "June", "--max-cps", "50"]);
  expect(await cli.json(["campaigns", "upload", id, csv])).toEqual({ added: 3, duplicates: 0, rejected: [] });
  expect(await cli.run(["campaigns", "upload", id, "-"], "phone_number\n12\n")).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("row 1 (12): ") as string,
  });
  expect(await cli.json(["campaigns", "start", id])).toMatchObject({ status: "running" }); // nobody but the simulator's

  const watched = await cli.run(["campaigns", "watch", id, "--interval", "0.1", "--timeout", "30", "--json"]);
  expect([watched.code, lines(watched.stdout).at(-1)]).toMatchObject([
    0,
    { status: "completed", counts: { total: 3, completed: 1, unreached: 2 } },
  ]);
  expect((await cli.run(["campaigns", "results", id, "-o", "results.csv"])).code).toBe(0);
  const results = readFileSync(join(cli.folder, "results.csv"), "utf8").split("\r\n");
  expect(results[0]).toBe(
    "reference,phone_number,status,attempts,last_call_id,call_status,failure_code,disposition,answered_by,duration,last_attempt_at",
  );
  expect(
    results
      .slice(1, 4)
      .map((row) => row.split(",").slice(0, 3).join(","))
      .toSorted(),
  ).toEqual(["loan-0,+15005550000,completed", "loan-1,+15005550001,unreached", "loan-2,+15005550002,unreached"]);
  expect(
    lines<{ reference: string }>((await cli.run(["campaigns", "results", id, "--json"])).stdout)
      .map(({ reference }) => reference)
      .toSorted(),
  ).toEqual(["loan-0", "loan-1", "loan-2"]);
  expect(await cli.json<{ id: string }[]>(["campaigns", "list"])).toMatchObject([{ id }]);
});

test("a file beyond one request is cut between its rows; real people are asked about; a cancelled campaign is exit code 3", {
  timeout: 60_000,
}, async () => {
  const row = (n: number) => `${REAL},loan-${n},"Rahul\n""the ${n}th""",7500,2026-06-20`;
  const csv = file(
    "many.csv",
    `phone_number,reference,customer_name,amount_due,due_date\n${Array.from({ length: 20_003 }, (_, n) => row(n)).join("\n")}\n12,last,x,1,2`,
  );
  const { id } = await cli.json<Call>(["campaigns", "create", "--name", "Many"]);
  expect(await cli.json(["campaigns", "upload", id, csv], 1)).toEqual({
    added: 20_003,
    duplicates: 0,
    rejected: [{ row: 20_004, reference: "last", error: "phone_number must be in E.164 format" }],
  });
  expect(await cli.run(["campaigns", "start", id])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Call the 20003 people") as string,
  });
  expect(await cli.json(["campaigns", "cancel", id])).toMatchObject({ status: "canceled" });
  expect((await cli.run(["campaigns", "watch", id])).code).toBe(3);
});

test("people who are added to a campaign that is running are asked about", async () => {
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const { id } = await cli.json<Call>(["campaigns", "create", "--name", "Later", "--not-before", later]);
  const people = (name: string, number: string) => file(name, `phone_number,customer_name,amount_due,due_date\n${number},x,1,2\n`);
  expect(await cli.json(["campaigns", "upload", id, people("draft.csv", REAL)])).toMatchObject({ added: 1 });
  await cli.json(["campaigns", "start", id, "--yes"]);
  const real = people("real.csv", "+919876500002");
  expect(await cli.run(["campaigns", "upload", id, real])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("is running") as string,
  });
  expect(await cli.json(["campaigns", "upload", id, people("simulated.csv", "+15005550001")])).toMatchObject({ added: 1 });
  expect(await cli.json(["campaigns", "upload", id, real, "--yes"])).toMatchObject({ added: 1 });
  await cli.json(["campaigns", "cancel", id]);
});

test("agents, trunks, suppressions and keys", async () => {
  for (const agents of [["agents"], ["agents", "list"]]) expect(await cli.json(agents)).toMatchObject([{ id: org.agent.id }]);
  expect(await cli.json(["trunks"])).toMatchObject([{ id: org.trunk.id }]);
  expect(await cli.json(["trunks", "live"])).toMatchObject({ sip_trunk_id: org.trunk.id, max_channels: 100 });
  expect((await cli.run(["trunks", "live", org.trunk.id])).stdout).toMatch(/of 100 channels in use/);

  const number = "+15005550077";
  expect(await cli.json(["suppressions", "add", number, "--reason", "asked"])).toMatchObject({ phone_number: number, reason: "asked" });
  expect(await cli.json(["suppressions"])).toMatchObject([{ phone_number: number }]);
  expect(await cli.json(["suppressions", "list", "--phone-number", "+15005550078"])).toEqual([]);
  expect(await cli.json(["suppressions", "remove", number])).toEqual({ phone_number: number, removed: true });
  expect(await cli.json(["suppressions", "import", file("numbers.csv", "phone_number\n+15005550079\nno\n")], 1)).toMatchObject({
    added: 1,
    rejected: [{ row: 2 }],
  });

  const made = await cli.json<{ id: string; key: string }>(["keys", "create", "--name", "CI", "--role", "viewer"]);
  expect(made.key).toMatch(/^audtk_/);
  expect((await cli.json<{ name: string }[]>(["keys"])).map(({ name }) => name)).toContain("CI");
  expect(await cli.json(["keys", "revoke", made.id])).toEqual({ id: made.id, revoked: true });
});

describe("callbacks on this machine", () => {
  /** Headers of the connection, not of the notification. */
  const OF_HTTP =
    /^(host|connection|keep-alive|content-length|accept|accept-encoding|accept-language|sec-fetch-mode|traceparent|cf-.*|mf-.*|transfer-encoding)$/;

  test.for(["reference", "full"] as const)(
    "what is forwarded is the real callback, byte for byte (%s)",
    { timeout: 60_000 },
    async (detail) => {
      const own = await Org.create(server);
      await own.owner.patch("/settings", { callback_detail: detail });
      const full = await own.newTrunk({ max_cps: 1 });
      const forwarded = receiver.url();
      const url = receiver.url();
      const listening = cli.with(settings(own)).start(["webhooks", "listen", "--forward-to", forwarded, "--count", "5", "--json"]);
      await listening.said(/listening/);
      // As text: what JavaScript can't count must come through.
      const metadata = `{"customer_name":"Zo\\u00eb \\"}\\u0001","amount_due":9007199254740993,"due_date":[1.0,{"a":null}],"half":0.50}`;
      const member = await own.client("member");
      const place = (number: string, trunk: string) => {
        const rest = JSON.stringify({
          phone_number: number,
          agent_id: own.agent.id,
          sip_trunk_id: trunk,
          callback_url: url,
          redial: { max_attempts: 2, on: ["no_answer"], wait_seconds: [600] },
        });
        return member.post("/calls", `${rest.slice(0, -1)},"metadata":${metadata}}`, { "content-type": "application/json" });
      };
      for (const number of ["+15005550000", "+15005550001", "+15005550005"]) await place(number, own.trunk.id);
      for (const _ of [1, 2]) await place("+15005550000", full.id);

      expect((await listening.ended).code).toBe(0);
      await receiver.expect(url, 5);
      const byId = (address: string) =>
        new Map(receiver.received(address).map(({ headers, body }) => [String(headers["webhook-id"]), { headers, body }]));
      const [real, ours] = [byId(url), byId(forwarded)];
      expect([...ours.keys()].toSorted()).toEqual([...real.keys()].toSorted());
      for (const [id, { headers, body }] of real) {
        const sent = ours.get(id);
        expect(sent?.body).toBe(body);
        const signed = (of: typeof headers) =>
          Object.fromEntries(Object.entries(of).filter(([name]) => !OF_HTTP.test(name) && !/^webhook-(timestamp|signature)$/.test(name)));
        expect(signed(sent?.headers ?? {})).toEqual(signed(headers));
        const wrong = await verifyBoth(own, String(sent?.body), sent?.headers ?? {});
        expect(wrong).toEqual([]);
      }
      const events = [...real.values()].map(({ body }) => (JSON.parse(body) as { event: string }).event).toSorted();
      expect(events).toEqual(["call.completed", "call.completed", "call.declined", "call.failed", "call.rejected"]);
    },
  );

  /** What `webhooks verify` finds wrong with a notification, and with a forged one. */
  async function verifyBoth(of: Org, body: string, headers: Record<string, unknown>): Promise<string[]> {
    file("body.json", body);
    file(
      "headers.txt",
      Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}`)
        .join("\n"),
    );
    const verify = ["webhooks", "verify", "--headers", "headers.txt", "--secret", "whsec_AAAA", of.webhookSecret];
    const right = await cli.run([...verify, "--body", "body.json"]);
    const forged = await cli.run([...verify, "--body", "-", "--json"], `${body} `);
    return [...(right.code === 0 ? [] : [right.stdout]), ...(forged.code === 1 ? [] : [forged.stdout])];
  }

  test("without a receiver they are printed; one that refuses, or is not there, is exit code 1", async () => {
    const id = await org.call({ callback_url: undefined });
    await org.ended(id);
    const printed = await cli.json<{ headers: Record<string, string>; body: string }>([
      "webhooks",
      "listen",
      "--after",
      "oldest",
      "--count",
      "1",
    ]);
    const again = await cli.json<typeof printed>(["webhooks", "listen", "--after", "oldest", "--count", "1"]);
    expect(printed.body).toMatch(/^\{"event":"call\./);
    expect(again.headers["webhook-id"]).toBe(printed.headers["webhook-id"]);
    const { secret } = { secret: org.webhookSecret };
    const given = await cli.run([
      "webhooks",
      "listen",
      "--secret",
      secret,
      "--after",
      "oldest",
      "--count",
      "1",
      "--forward-to",
      receiver.url(500),
    ]);
    expect(given).toMatchObject({ code: 1, stdout: expect.stringMatching(/ 500 in \d+ ms: production would retry/) as string });
    expect(
      await cli.json(["webhooks", "listen", "--after", "oldest", "--count", "1", "--forward-to", "http://127.0.0.1:1/"], 1),
    ).toMatchObject({ status_code: null });
    const member = cli.with(settings(org, String((await org.client("member")).key)));
    expect(await member.run(["webhooks", "listen"])).toMatchObject({ code: 2, stderr: expect.stringContaining("admin key") as string });
  });
});

describe("listening and watching go on", () => {
  test("through an outage that no retry outlives: each call's callback comes, of those too that ended meanwhile, and none twice", {
    timeout: 120_000,
  }, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "outage-"));
    const probe = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => probe.once("listening", done));
    const { port } = probe.address() as { port: number };
    await new Promise((done) => probe.close(done));
    const api = new Server({ dataDir, port });
    await api.start();
    try {
      const own = await Org.create(api);
      const to = receiver.url();
      const mine = cli.with(settings(own));
      const listening = mine.start(["webhooks", "listen", "--forward-to", to, "--count", "3"]);
      await listening.said(/listening/);
      const calls = [await own.call()];
      await receiver.expect(to, 1);
      const draft = { name: "June", agent_id: own.agent.id, sip_trunk_id: own.trunk.id };
      const { id: campaign } = created(await own.owner.post<{ id: string }>("/campaigns", draft));
      // Nobody is called, so that the listener hears of its own calls alone.
      const later = await own.call({ not_before: new Date(Date.now() + 3_600_000).toISOString() });
      const watching = [mine.start(["campaigns", "watch", campaign]), mine.start(["calls", "watch", later])] as const;
      await Promise.all([watching[0].said(/draft/), watching[1].said(new RegExp(later))]);
      // It rings while nobody can be asked, and is over before the listener is back.
      calls.push(await own.call({ not_before: new Date(Date.now() + 1500).toISOString() }));
      await api.stop();
      await delay(20_000);
      await api.start();
      await own.ended(calls[1] ?? "");
      found(await own.owner.post(`/campaigns/${campaign}/cancel`, {}));
      calls.push(await own.call());
      const { code, stdout } = await listening.ended;
      expect([code, receiver.notifications(to).map(({ call_id }) => call_id)], stdout).toEqual([0, calls]);
      const ended = await watching[0].ended;
      expect([ended.code, ended.stdout, ended.stderr]).toEqual([
        3,
        expect.stringContaining("canceled"),
        expect.stringContaining("; trying again"),
      ]);
      found(await own.owner.post(`/calls/${later}/cancel`, {}));
      expect(await watching[1].ended).toMatchObject({ code: 3, stdout: expect.stringContaining(later) });
    } finally {
      await api.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  test("where a call that was told of is gone, where the API fails for a moment, and where it was away for more than a day", async () => {
    const [gone, kept] = [crypto.randomUUID(), crypto.randomUUID()];
    const event = (id: string, of: string) =>
      `id: ${id}\nevent: call.completed\ndata: ${JSON.stringify({ id, type: "call.completed", at: "", data: { id: of } })}\n\n`;
    let failures = 1;
    answers.script((response, { path, headers }) => {
      const say = (status: number, body: unknown) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      };
      if (path.endsWith("/webhooks/secret")) return say(200, { secret: "whsec_AAAA" });
      if (path.endsWith("/settings")) return say(200, { callback_detail: "reference" });
      if (path.endsWith(gone)) return say(404, { error: "Call not found" });
      if (path.endsWith(kept)) return failures-- > 0 ? say(503, { error: "Not now" }) : say(200, { id: kept, call_status: "Completed" });
      if (headers["last-event-id"] === "old") return say(410, { error: "The cursor is too old", oldest_cursor: "oldest" });
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(event("1", gone) + event("2", kept));
    });
    const api = cli.with({ AUDATEC_BASE_URL: answers.url, AUDATEC_API_KEY: "audtk_x" });
    const { code, stdout, stderr } = await api.run(["webhooks", "listen", "--after", "old", "--count", "1", "--json"]);
    expect([code, JSON.parse(stdout)], stderr).toMatchObject([0, { body: expect.stringContaining(`"call_id":"${kept}"`) as string }]);
    const notes = lines<{ note: string }>(stderr).map(({ note }) => note);
    expect(notes).toEqual([
      expect.stringContaining("listening"),
      expect.stringContaining("older than 24 hours"),
      expect.stringContaining(`${gone} is left out`),
    ]);
  });
});

describe("doctor", () => {
  interface Doctored {
    ok: boolean;
    checks: { name: string; ok: boolean | null; message: string; fix: string | null }[];
  }
  const wrong = ({ checks }: Doctored) => checks.filter(({ ok }) => ok === false);

  test("finds nothing wrong with a set-up that works, and rings nobody", async () => {
    const before = await cli.json<Call[]>(["calls", "list"]);
    const found = await cli.json<Doctored>(["doctor"]);
    expect(found.checks.map(({ name }) => name)).toEqual(["base URL", "clock", "API key", "agents", "trunks", "dry run", "webhook secret"]);
    expect([found.ok, wrong(found)]).toEqual([true, []]);
    expect(found.checks[2]?.message).toContain("owner");
    expect(await cli.json<Call[]>(["calls", "list"])).toHaveLength(before.length);

    const viewer = await cli.with(settings(org, String((await org.client("viewer")).key))).json<Doctored>(["doctor"]);
    expect(viewer.checks.filter(({ ok }) => ok === null).map(({ name }) => name)).toEqual(
      expect.arrayContaining(["dry run", "webhook secret"]),
    );
    expect(viewer.checks[2]?.message).toContain("viewer");
  });

  test("says what is wrong, and how to mend it", async () => {
    const empty = await server.platform.fromRoot<{ owner_key: string }>("POST", "/platform/v1/orgs", { body: { name: "Empty" } });
    const cases: [env: Record<string, string>, names: string[]][] = [
      [{ ...settings(org), AUDATEC_API_KEY: "audtk_no" }, ["API key"]],
      [{ ...settings(org), AUDATEC_TRUNK_ID: crypto.randomUUID() }, ["dry run"]],
      [{ ...settings(org), AUDATEC_WEBHOOK_SECRET: "whsec_AAAA" }, ["webhook secret"]],
      [{ AUDATEC_BASE_URL: server.url, AUDATEC_API_KEY: empty.body.owner_key }, ["agents", "trunks"]],
    ];
    for (const [env, names] of cases) {
      const found = await cli.with(env).json<Doctored>(["doctor"], 1);
      expect(wrong(found).map(({ name }) => name)).toEqual(names);
      for (const { fix } of wrong(found)) expect(fix).toMatch(/\w{3,}/);
    }
  });

  test("an address where nobody answers", { timeout: 60_000 }, async () => {
    const { code, stdout } = await cli
      .with({ ...settings(org), AUDATEC_BASE_URL: receiver.url().replace(/\/hooks.*/, "") })
      .run(["doctor"]);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^WRONG +base URL: .*\n +Check --base-url/)]);
  });
});

describe("usage", () => {
  test("what can't be meant is exit code 2, and sends nothing", async () => {
    for (const args of [
      ["no-such"],
      ["calls", "get"],
      ["calls", "list", "--no-such"],
      ["calls", "list", "--limit", "x"],
      ["completion", "tcsh"],
      ["campaigns", "create"],
    ]) {
      expect(await cli.run(args), args.join(" ")).toMatchObject({ code: 2, stdout: "" });
    }
    // With --json that, too, is JSON.
    for (const args of [
      ["no-such"],
      ["calls"],
      ["calls", "get"],
      ["calls", "list", "--no-such"],
      ["calls", "list", "--limit", "x"],
      ["completion", "tcsh"],
    ]) {
      const { code, stdout, stderr } = await cli.run([...args, "--json"]);
      expect([code, stdout, JSON.parse(stderr)], args.join(" ")).toEqual([
        2,
        "",
        { error: expect.stringMatching(/^(?!error:)\w/) as string },
      ]);
    }
    expect(await cli.with({}).run(["agents"])).toMatchObject({ code: 2, stderr: expect.stringContaining("AUDATEC_API_KEY") as string });
    expect((await cli.with({ ...settings(org), AUDATEC_BASE_URL: "http://api.example" }).run(["agents"])).code).toBe(2);
    expect((await cli.run(["--help"])).code).toBe(0);
    expect((await cli.run(["--version"])).stdout).toBe("0.1.0\n");
  });

  test("a refusal is exit code 1, for people and as JSON", async () => {
    const viewer = cli.with(settings(org, String((await org.client("viewer")).key)));
    const { code, stdout, stderr } = await viewer.run(["calls", "trigger", "+15005550000", "--sample", "--json"]);
    expect([code, stdout, JSON.parse(stderr)]).toMatchObject([
      1,
      "",
      { status: 403, code: "role_too_low", error: expect.stringContaining("viewer") as string },
    ]);
    expect((await viewer.run(["keys"])).stderr).toMatch(/^audatec: This API key's role .*\(403, role_too_low, request /);
  });

  test("settings come from a local run's demo.env", async () => {
    const env = file(
      "demo.env",
      `BASE_URL=${server.url}\nOWNER_KEY="${org.owner.key}"\nVIEWER_KEY=audtk_no\n# TRUNK_ID=no\nexport AGENT_ID=${org.agent.id}\n`,
    );
    expect(await cli.with({}).json(["agents", "--env-file", env])).toHaveLength(1);
    expect((await cli.with({ AUDATEC_API_KEY: "audtk_no" }).run(["agents", "--env-file", env])).code).toBe(1);
  });

  test("completion knows the commands and their options", async () => {
    const complete = async (...words: string[]) => (await cli.run(["__complete", ...words])).stdout.split("\n");
    expect(await complete()).toEqual(expect.arrayContaining(["calls", "campaigns", "webhooks", "doctor", "mcp", "--json"]));
    expect(await complete()).not.toContain("__complete");
    expect(await complete("campaigns")).toEqual(expect.arrayContaining(["create", "upload", "start", "watch", "results"]));
    expect(await complete("calls", "trigger")).toEqual(expect.arrayContaining(["--agent", "--dry-run", "--yes"]));

    const bash = `audatec() { ${process.execPath} ${cli.script} "$@"; }\nsource <(audatec completion bash)\nCOMP_WORDS=(audatec campaigns st); COMP_CWORD=2; _audatec; echo "\${COMPREPLY[@]}"`;
    expect((await run("bash", ["-c", bash])).output.trim()).toBe("start");

    const zsh = `audatec() { ${process.execPath} ${cli.script} "$@"; }; compadd() { print -r -- "\${(P)@[-1]}"; }; compdef() { print -r -- "compdef $*"; }; words=(audatec campaigns st); CURRENT=3`;
    const says = expect.stringMatching(/\bcreate\b.*\bstart\b/) as string;
    if (!(await exists("zsh"))) console.warn("LEFT OUT: completion in zsh, which is missing");
    else {
      const sourced = await run("zsh", ["-fc", `${zsh}; source <(audatec completion zsh); _audatec`]);
      expect(sourced.output.trim().split("\n")).toEqual(["compdef _audatec audatec", says]);
      // Kept as a file on fpath, it completes from the first time on.
      file("_audatec", (await cli.run(["completion", "zsh"])).stdout);
      const loaded = await run("zsh", ["-fc", `${zsh}; fpath=(${cli.folder}); autoload -Uz _audatec; _audatec; _audatec`]);
      expect(loaded.output.trim().split("\n")).toEqual([says, says]);
    }
    if (!(await exists("fish"))) console.warn("LEFT OUT: completion in fish, which is missing");
    else {
      const fish = `function audatec; ${process.execPath} ${cli.script} $argv; end; audatec completion fish | source; complete -C "audatec campaigns st"; complete -C "audatec doc"`;
      expect((await run("fish", ["--no-config", "-c", fish], { cwd: cli.folder })).output.split("\n")).toEqual(
        expect.arrayContaining(["start", "doctor"]),
      );
    }
  });
});
