// Why the dialer failed, and what a test of the connection says before anybody calls: which of key, secret, trunk, server
// and node it was. What LiveKit answers to a wrong secret holds our token, and goes nowhere.

import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
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
  ["another server", () => ({ url: shopUrl() }), {}, /: not a LiveKit \(/],
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

test("no token of ours, and no secret, stands in any log, timeline or answer", async () => {
  const TOKEN = /eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/;
  const owner = world.org.owner;
  const { body } = await owner.get<{ calls: { id: string }[] }>("/calls");
  const answers = await Promise.all(body.calls.map(({ id }) => owner.get(`/calls/${id}`)));
  const { text } = await owner.get("/audit-log");
  for (const shown of [...logged, ...answers.map((answer) => answer.text), text]) {
    expect(shown).not.toMatch(TOKEN);
    expect(shown).not.toContain("another secret");
    expect(shown).not.toContain(world.livekit.apiSecret);
  }
});
