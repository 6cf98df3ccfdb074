// Idempotency-Key on what creates something, on the built Worker: across a crash too.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Answer, expectError, Org, Server } from "./harness.ts";

test("a repeat gets the first answer again, after a crash too, and creates nothing", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "once-"));
  const server = new Server({ dataDir });
  await server.start();
  try {
    const org = await Org.create(server);
    const trunk = { name: "Trunk", trunk_phone: "+918069000000", max_cps: 1, max_channels: 1, carrier: { type: "simulator" } };
    const agent = { name: "Agent", agent_code: "a", input_schema: { fields: [], sample_context: { key: "", secret: "" } } };
    const requests: [path: string, body: unknown][] = [
      ["/agents", agent],
      ["/sip-trunks", trunk],
      ["/api-keys", { name: 'A "key":"" of mine', role: "viewer" }],
      ["/webhooks/secret/rotate", { overlap_seconds: 60 }],
      ["/webhooks/test", { url: "http://127.0.0.1:1/" }],
    ];
    const send = (path: string, body: unknown) => org.owner.post<Record<string, unknown>>(path, body, { "idempotency-key": `key of ${path}`.replaceAll(" ", "-") });
    const found = () => server.platform.fromRoot("POST", "/platform/v1/orgs", { body: { name: "Once" }, headers: { "idempotency-key": "org" } });
    const answers: Answer<Record<string, unknown>>[] = [];
    for (const [path, body] of requests) answers.push(await send(path, body));
    const founded = await found();
    const count = async () => {
      const lists = ["/agents?include=inactive", "/sip-trunks?include=inactive", "/api-keys", "/webhooks/deliveries"];
      return Promise.all(lists.map(async (list) => (await org.owner.get<Record<string, unknown[]>>(list)).text.match(/"created_at"|"agent_code"|"max_cps"/g)?.length));
    };
    const before = await count();
    await server.stop();
    await server.start();

    for (const [at, [path, body]] of requests.entries()) {
      const first = answers[at];
      const again = await send(path, body);
      expect([again.status, again.text], path).toEqual([first?.status, first?.text]);
      expect([first?.headers.get("idempotent-replayed"), again.headers.get("idempotent-replayed")]).toEqual([null, "true"]);
    }
    expect((await found()).text).toBe(founded.text);
    expect(await count()).toEqual(before);
    const key = String(answers[2]?.body["key"]);
    expect(key).toMatch(/^audtk_.{38}$/);
    expect((await server.client(key).get("/agents")).status).toBe(200);
    expect((await org.owner.get<{ secret: string }>("/webhooks/secret")).body.secret).toBe(answers[3]?.body["secret"]);
    expect(answers[0]?.body["input_schema"]).toEqual(agent.input_schema);
    expectError(await send("/api-keys", { name: "x", role: "viewer" }), 422, "Idempotency-Key was used with a different request", "idempotency_key_reused");
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
