// While a release rolls out, edges of one ask objects of the other, and objects ask each other. Here both are real: an earlier
// release, built from this repository's history, and today's, in one runtime. Each says everything it can to the other
// (tests/golden/wire, of each), and every public route is requested with every mixture of the two.
// `npm run prove -- rollout`.

import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildOlder } from "../../scripts/lib/older.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { FakeLiveKit } from "../livekit/fake/livekit.ts";
import { type Answer, created, expectError, found, METADATA, noNetwork, Org, Server } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import { until } from "./until.ts";

/**
 * The release before today's: to be moved on with each one. Of one far earlier, such as 0865db0, whose objects lack commands of today's,
 * the commands alone hold: its answers are not those that today's document describes.
 */
const EARLIER = process.env["EARLIER"] ?? "dd863b62";
const BUILD_MS = 1_200_000;
const CLASSES: Record<string, string> = { TRUNKS: "TrunkObject", DIRECTORIES: "DirectoryObject", ERRANDS: "ErrandObject", CONTACTS: "ContactsObject", CAMPAIGNS: "CampaignObject" };
const HOUR_MS = 3_600_000;

interface Release {
  name: string;
  /** Its Worker, whose objects tell what they are asked. */
  workerDir: string;
  pagesDir: string;
  wireDir: string;
  objects: string[];
}

interface Told {
  to: string;
  release: string;
  commands: string[];
  /** What it answered is that it does not know the command. */
  unknown: boolean;
}

/** A copy of a built Worker whose objects tell on the console what they are asked, and by which release they are. */
function telling(workerDir: string, release: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${release}-`));
  for (const name of readdirSync(workerDir).filter((name) => name.endsWith(".wasm"))) cpSync(join(workerDir, name), join(folder, name));
  let bundle = readFileSync(join(workerDir, "index.js"), "utf8");
  for (const [binding, name] of Object.entries(CLASSES)) {
    const [, own] = new RegExp(`(\\w+) as ${name}\\b`).exec(bundle) ?? [];
    if (!own) continue;
    bundle = `${bundle.replace(`${own} as ${name}`, `Telling${name} as ${name}`)}
      class Telling${name} extends ${own} {
        async fetch(request) {
          const text = await request.text();
          const answer = await super.fetch(new Request(request.url, { method: "POST", body: text }));
          const reply = await answer.text();
          const named = (said) => typeof said === "string" ? said : said.what ? named(said.what) : said.v ?? Object.keys(said)[0];
          const read = (line) => { try { return [named(JSON.parse(line))]; } catch { return []; } };
          const commands = text.split("\\n").flatMap(read);
          console.log("told: " + JSON.stringify({ to: "${binding}", release: "${release}", commands, unknown: reply === '"Unknown"' }));
          return new Response(reply, { status: answer.status });
        }
      }`;
  }
  writeFileSync(join(folder, "index.js"), bundle);
  return folder;
}

function release(name: string, root: string): Release {
  const workerDir = join(root, "build/local");
  const bundle = readFileSync(join(workerDir, "index.js"), "utf8");
  const objects = Object.keys(CLASSES).filter((binding) => bundle.includes(` as ${CLASSES[binding]}`));
  return { name, workerDir: telling(workerDir, name), pagesDir: join(root, "public"), wireDir: join(root, "tests/golden/wire"), objects };
}

let earlier: Release;
let today: Release;
beforeAll(async () => {
  earlier = release("earlier", await buildOlder(EARLIER));
  today = release("today", inRoot());
}, BUILD_MS);
afterAll(() => [earlier, today].forEach((release) => release && rmSync(release.workerDir, { recursive: true, force: true })));

const KINDS: Record<string, string> = { trunk_command: "TRUNKS", directory_command: "DIRECTORIES", contacts_command: "CONTACTS", campaign_command: "CAMPAIGNS" };
const variants = ({ wireDir }: Release, kind: string) => {
  const folder = join(wireDir, kind);
  return existsSync(folder) ? readdirSync(folder).map((file) => ({ name: file.split(".")[0] ?? "", text: readFileSync(join(folder, file), "utf8") })) : [];
};

for (const [of, by] of [["earlier", "today"], ["today", "earlier"]] as const) {
  test(`an object of the ${by === "today" ? "present" : "earlier"} release knows each command of the other that it has itself, and says so of all others`, { timeout: 120_000 }, async () => {
    const [speaker, listener] = of === "today" ? [today, earlier] : [earlier, today];
    const server = new Server({ workerDir: listener.workerDir, outboundService: noNetwork, queues: false, ...(listener === earlier && without("CONTACTS")) });
    await server.start();
    const counts = { known: 0, unknown: 0 };
    for (const [kind, binding] of Object.entries(KINDS).filter(([, binding]) => listener.objects.includes(binding))) {
      const knows = new Set(variants(listener, kind).map(({ name }) => name));
      const objects = await server.local.mf.getDurableObjectNamespace(binding);
      const object = objects.get(objects.idFromName("somebody"));
      for (const { name, text } of variants(speaker, kind)) {
        // As one line, and the numbers as they are: some are longer than JavaScript's.
        const command = text.replaceAll(/\n */g, "");
        const answer = await object.fetch("http://object/", { method: "POST", body: command });
        const reply = await answer.text();
        expect(answer.status, `${kind} ${name}: ${reply}`).toBe(200);
        expect(reply === '"Unknown"', `${kind} ${name}: ${reply}`).toBe(!knows.has(name));
        counts[knows.has(name) ? "known" : "unknown"] += 1;
      }
    }
    await server.stop();
    console.log(`prove: commands of ${of === "today" ? "today's" : "the earlier"} release, said to objects of the other: ${counts.known} known, ${counts.unknown} told apart as unknown`);
    expect(counts.known).toBeGreaterThan(60);
  });
}

/** Objects that a release lacks are the other's. */
function without(binding: string) {
  return { objectDirs: { [binding]: today.workerDir } };
}

/** Whose edge is asked; and which objects are the other's. */
const MIXTURES: [what: string, edge: "today" | "earlier", others: string[]][] = [
  ["today's edge with the earlier release's objects", "today", ["TRUNKS", "DIRECTORIES", "ERRANDS"]],
  ["the earlier release's edge with today's objects", "earlier", ["TRUNKS", "DIRECTORIES", "ERRANDS", "CONTACTS"]],
  ["today's, but for the trunks' objects", "today", ["TRUNKS"]],
  ["today's, but for the directories", "today", ["DIRECTORIES"]],
  ["today's, but for what does errands", "today", ["ERRANDS"]],
];

const receiver = useReceiver();

/** Asks for all there is, as an integrator and an operator would; whatever one release can't do with the other is to be tried again. */
class Tour {
  readonly server: Server;
  readonly livekit = new FakeLiveKit();
  /** What was not understood: an error to be tried again. */
  readonly later: string[] = [];
  asked = 0;
  org!: Org;

  constructor(server: Server) {
    this.server = server;
  }

  async start(): Promise<void> {
    await this.livekit.start();
    await this.server.start();
    this.livekit.webhooks.url = `${this.server.url}/carrier/livekit`;
    this.org = await Org.create(this.server);
    await Promise.all([this.org.client("member"), this.org.client("viewer")]);
  }

  async stop(): Promise<void> {
    await this.livekit.stop();
    await this.server.stop();
  }

  /** One of these answers; or, where the other release lacks something, that it is to be tried again. */
  async may<T>(what: string, answer: Promise<Answer<T>>, ...statuses: number[]): Promise<Answer<T> | null> {
    const { status, text, headers } = await answer;
    this.asked += 1;
    if (status === 503 || status === 502) {
      expect(headers.get("retry-after"), what).toMatch(/^\d+$/);
      this.later.push(what);
      return null;
    }
    expect(statuses, `${what}: ${status} ${text}`).toContain(status);
    return answer;
  }

  /** A call that fares as it does within one release: placed, dialed, over, told of. */
  async wholeCall(more: Record<string, unknown> = {}): Promise<string> {
    const url = receiver.url();
    const id = await this.org.call({ callback_url: url, ...more });
    expect((await this.org.ended(id, 20_000)).call_status).toBe("Completed");
    expect(await receiver.expect(url, 1, 20_000)).toHaveLength(1);
    await until(`the callback of ${id}`, async () => (await this.org.detail(id)).callback?.status === "delivered", 20_000);
    this.asked += 3;
    return id;
  }

  async places(): Promise<void> {
    const { org } = this;
    const key = { "idempotency-key": "order-1" };
    created(await org.trigger({}, key));
    expect((await org.trigger({}, key)).headers.get("idempotent-replayed")).toBe("true");
    found(await org.owner.patch(`/agents/${org.agent.id}`, { status: "inactive" }));
    expectError(await org.trigger<unknown>(), 400, "Agent is not active");
    expect((await org.trigger({}, key)).status).toBe(201);
    found(await org.owner.patch(`/agents/${org.agent.id}`, { status: "active" }));
    expect((await org.trigger({ dry_run: true })).status).toBe(200);
    await this.wholeCall();
    const at = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();
    // An edge that knows of no times refuses the field.
    const times = { not_before: at(1), not_after: at(2) };
    await this.may("a dry run of a scheduled call", org.trigger<unknown>({ dry_run: true, ...times }), 200, 400);
    const scheduled = await this.may("a scheduled call", org.trigger(times), 201, 400);
    if (scheduled?.status === 201) {
      await this.may("its status", org.owner.get(`/calls/${scheduled.body.call_id}/status`), 200);
      await this.may("its cancellation", org.owner.post(`/calls/${scheduled.body.call_id}/cancel`), 200);
    }
    await this.may("the list of scheduled calls", org.owner.get("/calls?scheduled=true"), 200, 400);
  }

  async dialsReally(): Promise<void> {
    const { org, livekit } = this;
    const keeps = found(await org.owner.patch<{ transcripts: boolean }>("/settings", { transcripts: true }));
    expect(keeps.transcripts).toBe(true);
    const line = await org.newTrunk({ carrier: livekit.carrier, max_channels: 1 });
    const to = (behaviour = {}) => ({ sip_trunk_id: line.id, phone_number: livekit.number(behaviour), metadata: METADATA });
    await this.may("a test of the connection", org.owner.post(`/sip-trunks/${line.id}/test`), 200);
    const whole = await this.wholeCall(to());
    await this.may("the transcript", org.owner.get(`/calls/${whole}/transcript`), 200);
    const holds = await org.call(to({ callee: "holds" }));
    await org.reached(holds, "Answered");
    const waits = await org.call({ ...to(), on_capacity: "queue", max_wait_seconds: 600 });
    expect((await org.trigger<unknown>(to())).status).toBe(429);
    await this.may("live calls", org.owner.get(`/sip-trunks/${line.id}/live`), 200);
    found(await org.owner.post(`/calls/${waits}/cancel`));
    await this.may("the release of a channel", org.owner.post(`/sip-trunks/${line.id}/live/${holds}/release`), 200, 204);
    await until(`the room of ${holds} to be gone`, () => !livekit.rooms.has(holds), 25_000);
    await org.ended(holds, 25_000);
    await this.may("the deletion of a trunk", org.owner.delete(`/sip-trunks/${line.id}`), 204);
  }

  async tells(): Promise<void> {
    const { org } = this;
    const fails = receiver.url({ status: 500 });
    const failed = await org.call({ callback_url: fails });
    await org.ended(failed);
    const slow = receiver.url({ status: 200, afterMs: 11_000 });
    const told = await org.call({ callback_url: slow });
    await until("an attempt to fail three times", () => receiver.received(fails).length >= 3, 30_000);
    const { deliveries } = found(await org.owner.get<{ deliveries: { id: string }[] }>("/webhooks/deliveries"));
    for (const { id } of deliveries.slice(0, 2)) found(await org.owner.get(`/webhooks/deliveries/${id}`));
    const exhausted = found(await org.owner.get<{ deliveries: { id: string }[] }>("/webhooks/deliveries?status=exhausted")).deliveries[0];
    if (exhausted) await this.may("a callback that is sent again", org.owner.post(`/webhooks/deliveries/${exhausted.id}/redeliver`), 200, 202);
    const test = receiver.url();
    const sent = await this.may("a test event", org.owner.post<{ id: string }>("/webhooks/test", { url: test }), 200, 201, 202);
    expect(await receiver.expect(test, 1, 20_000)).toHaveLength(1);
    if (sent) await this.may("a test event that is sent again", org.owner.post(`/webhooks/deliveries/${sent.body.id}/redeliver`), 200, 202);
    await until("a slow receiver's answer", async () => (await org.detail(told)).callback?.status === "delivered", 40_000);
    expect(receiver.received(slow)).toHaveLength(1);
    found(await org.owner.get("/webhooks/secret"));
    found(await org.owner.post("/webhooks/secret/rotate"));
    await this.wholeCall();
  }

  async reads(): Promise<void> {
    const { owner } = this.org;
    for (const path of ["/calls", "/calls?limit=2", "/calls?call_status=Completed", "/events", "/events?after=latest", "/events?after=latest&wait_seconds=1"]) {
      await this.may(path, owner.get(path), 200);
    }
    for (const path of ["/agents", `/agents/${this.org.agent.id}`, "/sip-trunks", "/api-keys", "/audit-log", "/settings"]) found(await owner.get(path));
    await this.may("a trunk with its storage", owner.get(`/sip-trunks/${this.org.trunk.id}`), 200);
    await this.server.local.runCron();
  }

  /** What the earlier release had not: its edge says that there is no such path, or field. */
  async hasMore(): Promise<void> {
    const { owner } = this.org;
    const phone_number = "+919812345678";
    await this.may("a number", owner.get(`/numbers/${encodeURIComponent(phone_number)}`), 200, 404);
    await this.may("a suppression", owner.post("/suppressions", { phone_number }), 200, 201, 404);
    await this.may("a call to it", this.org.trigger<unknown>({ phone_number }), 201, 403, 409, 422, 429);
    await this.may("suppressions", owner.get("/suppressions"), 200, 404);
    await this.may("the end of a suppression", owner.delete(`/suppressions/${encodeURIComponent(phone_number)}`), 204, 404);
    for (const change of [{ contact_limits: [{ max_dials: 50, per: "hour" }] }, { contact_limits: [] }]) {
      await this.may("contact limits", owner.patch("/settings", change), 200, 400);
      await this.may("a call within them", this.org.trigger<unknown>(), 201, 429);
    }
    await this.may("a day's limit", owner.patch(`/sip-trunks/${this.org.trunk.id}`, { max_calls_per_day: 100_000 }), 200, 400);
    await this.may("a call within it", this.org.trigger<unknown>(), 201, 429);
  }

  async revokes(): Promise<void> {
    const { org } = this;
    const { id, key } = await org.newKey("member");
    created(await this.server.client(key).post("/calls", org.request()));
    expect((await org.owner.delete(`/api-keys/${id}`)).status).toBe(204);
    expectError(await this.server.client(key).post("/calls", org.request()), 401, "Invalid or inactive API key");
    const agent = await org.newAgent();
    created(await org.trigger({ agent_id: agent.id }));
    expect((await org.owner.delete(`/agents/${agent.id}`)).status).toBe(204);
    expect((await org.trigger<unknown>({ agent_id: agent.id })).status).toBe(404);
  }
}

for (const [what, whose, others] of MIXTURES) {
  describe(what, () => {
    const log: string[] = [];
    let tour: Tour;
    beforeAll(async () => {
      const [edge, other] = whose === "today" ? [today, earlier] : [earlier, today];
      const objectDirs = Object.fromEntries(others.map((binding) => [binding, other.workerDir]));
      const vars = { WEBHOOK_TIMEOUT_SECONDS: "20", WEBHOOK_RETRY_SECONDS: "0.2,0.5", MAX_CALL_SECONDS: "60", RING_TIMEOUT_SECONDS: "5" };
      const { workerDir, pagesDir } = edge;
      tour = new Tour(new Server({ workerDir, pagesDir, objectDirs, vars, onLog: (_, line) => void log.push(line) }));
      await tour.start();
    });
    afterAll(() => tour.stop());

    test("all that both know is as within one release, all else is to be tried again, and no breaker opens over it", { timeout: 240_000 }, async () => {
      await tour.places();
      await tour.dialsReally();
      await tour.tells();
      await tour.reads();
      await tour.hasMore();
      await tour.revokes();
      // What was not understood has changed nothing for whoever places a call.
      for (let n = 0; n < 3; n++) await tour.wholeCall();

      const told = log.filter((line) => line.startsWith("told: ")).map((line) => JSON.parse(line.slice(6)) as Told);
      const asked = told.filter(({ to }) => others.includes(to));
      const names = new Set(asked.flatMap(({ to, commands }) => commands.map((name) => `${to} ${name}`)));
      const unknown = new Set(asked.filter(({ unknown }) => unknown).flatMap(({ commands }) => commands));
      console.log(`prove: ${what}: ${tour.asked} requests, ${names.size} commands sent to the other release, unknown to it: ${[...unknown].join(", ") || "none"}; to be tried again: ${tour.later.join(", ") || "nothing"}`);
      console.log(`${what}: ${[...names].sort().join(", ")}`);
      expect(names.size).toBeGreaterThanOrEqual(others.length * 3);
      // Whoever was not understood says so, and nobody else does.
      expect(log.some((line) => line.includes('"event":"another_release"'))).toBe(unknown.size > 0 && whose === "today");
    });
  });
}
