// Why the dialer failed, and what a test of the connection says before anybody calls: which of key, secret, trunk, server and
// node it was. LiveKit's response to a wrong secret contains our token, and is passed on to nobody.

import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectError, found, Org } from "../edge/harness.ts";
import type { Trunk } from "../edge/shapes.ts";
import { type Behaviour, NO_CREDENTIALS, NO_SIP_NODE, NODE_FULL } from "./fake/behaviour.ts";
import { useWorld } from "./world.ts";

const logged: string[] = [];
const world = useWorld({ onLog: (_level, message) => void logged.push(message) });
const TIMEOUT = { timeout: 40_000 };

/** Says 200 to everything, as the page of a shop does. */
const shop: HttpServer = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>Welcome</html>"));
beforeAll(() => new Promise<void>((done) => shop.listen(0, "127.0.0.1", done)));
afterAll(() => new Promise((done) => shop.close(done)));
const shopUrl = () => `http://127.0.0.1:${(shop.address() as AddressInfo).port}/shop/`;

const newTrunk = (more: Record<string, unknown>, status = "active"): Promise<Trunk> =>
  world.org.newTrunk({ status, carrier: { ...world.livekit.carrier, ...more } });

const CALLS: [why: string, carrier: () => Record<string, unknown>, behaviour: Partial<Behaviour>, detail: RegExp][] = [
  ["a wrong key", () => ({ api_key: "APIother" }), {}, /: wrong key \(/],
  ["a wrong secret", () => ({ api_secret: "another secret" }), {}, /: wrong secret \(/],
  ["an unknown trunk", () => ({ sip_trunk_id: "ST_other" }), {}, /: unknown trunk \(/],
  ["a server that is away", () => ({ url: "ws://127.0.0.1:9" }), {}, /: server not reachable \(/],
  ["another server", () => ({ url: shopUrl() }), {}, /: not LiveKit \(/],
  ["no SIP node", () => ({}), { refuses: NO_SIP_NODE }, /: no SIP node \(/],
  ["a full node", () => ({}), { refuses: NODE_FULL }, /: node full \(/],
  ["credentials that the carrier asks for", () => ({}), { refuses: NO_CREDENTIALS }, /: credentials missing \(/],
];

test.for(CALLS)("a call over %s says so, in its timeline and in one line of the log", TIMEOUT, async ([, carrier, behaviour, detail]) => {
  const trunk = await newTrunk(carrier());
  const { id } = await world.call(behaviour, { sip_trunk_id: trunk.id });
  await world.org.ended(id);

  const { timeline } = await world.org.detail(id);
  expect(timeline.at(-1)?.detail).toMatch(detail);
  const lines = logged.filter((line) => line.includes(id));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(detail);
});

/** The names of the checks, up to the one that fails: those after it are not made. */
const NAMES = ["server", "api_key", "api_secret", "sip_trunk"];
interface Tested {
  ok: boolean;
  checks: { name: string; ok: boolean; message: string }[];
}
const tested = async (id: string) => found(await world.org.owner.post<Tested>(`/sip-trunks/${id}/test`));

const TESTS: [why: string, carrier: () => Record<string, unknown>, fails: string, message: RegExp][] = [
  ["a wrong key", () => ({ api_key: "APIother" }), "api_key", /^Wrong key \(/],
  ["a wrong secret", () => ({ api_secret: "another secret" }), "api_secret", /^Wrong secret \(/],
  ["an unknown trunk", () => ({ sip_trunk_id: "ST_other" }), "sip_trunk", /^Unknown trunk \(/],
  ["a server that is away", () => ({ url: "ws://127.0.0.1:9" }), "server", /^Server not reachable \(/],
  ["another server", () => ({ url: shopUrl() }), "server", /^Not LiveKit \(/],
];

test.for(TESTS)("a test of a trunk with %s says so", async ([, carrier, fails, message]) => {
  const { id } = await newTrunk(carrier(), "inactive");
  const { ok, checks } = await tested(id);

  expect(ok).toBe(false);
  expect(checks.map(({ name }) => name)).toEqual(NAMES);
  const bad = NAMES.indexOf(fails);
  expect(checks.map(({ ok }) => ok)).toEqual(NAMES.map((_, at) => at < bad));
  expect(checks[bad]?.message).toMatch(message);
  for (const later of checks.slice(bad + 1)) expect(later.message).toBe("Not checked");
});

test("a test of a trunk that works finds it so, makes nothing and rings nobody", async () => {
  const asked = world.livekit.asked.length;
  for (const status of ["active", "inactive"]) {
    const { ok, checks } = await tested((await newTrunk({}, status)).id);
    expect([ok, ...checks.map(({ ok }) => ok)]).toEqual([true, true, true, true, true]);
  }
  const methods = world.livekit.asked.slice(asked).map(({ method }) => method);
  expect(new Set(methods)).toEqual(new Set(["RoomService/ListRooms", "SIP/ListSIPOutboundTrunk"]));
});

test("a server that never answers holds a test up for seconds only", TIMEOUT, async () => {
  const silent = createServer(() => {});
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  const { id } = await newTrunk({ url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` });
  const began = Date.now();
  const { checks } = await tested(id);
  silent.closeAllConnections();
  silent.close();

  expect(checks[0]?.message).toMatch(/^Server not reachable/);
  expect(Date.now() - began).toBeLessThan(10_000);
});

test("a simulated trunk is well; another organisation's, a deleted and an unknown one are not found; fields are refused", async () => {
  const { owner } = world.org;
  const { id } = await world.org.newTrunk({ carrier: { type: "simulator" } });
  expect(await tested(id)).toMatchObject({ ok: true, checks: [{ name: "simulator", ok: true }] });
  expectError(await owner.post(`/sip-trunks/${id}/test`, { deep: true }), 400, "unknown field: deep");

  const stranger = await Org.create(world.server);
  expectError(await stranger.owner.post(`/sip-trunks/${id}/test`), 404, "SIP trunk not found");
  expectError(await owner.post("/sip-trunks/none/test"), 404, "SIP trunk not found");
  await owner.delete(`/sip-trunks/${id}`);
  expectError(await owner.post(`/sip-trunks/${id}/test`), 404, "SIP trunk not found");
  const admin = await world.org.client("admin");
  expectError(await admin.post(`/sip-trunks/${id}/test`), 403, "This API key's role (admin) can't do this; it needs owner");
});

test("no token of ours, and no secret, stands in any log, timeline or answer", async () => {
  const TOKEN = /eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/;
  const owner = world.org.owner;
  const { body } = await owner.get<{ calls: { id: string }[] }>("/calls");
  const answers = await Promise.all(body.calls.map(({ id }) => owner.get(`/calls/${id}`)));
  const { text } = await owner.get("/audit-log");
  const wrong = await newTrunk({ api_secret: "another secret" });
  const test = await owner.post(`/sip-trunks/${wrong.id}/test`);
  for (const shown of [...logged, ...[...answers, test].map((answer) => answer.text), text]) {
    expect(shown).not.toMatch(TOKEN);
    expect(shown).not.toContain("another secret");
    expect(shown).not.toContain(world.livekit.apiSecret);
  }
});
