// Idempotency-Key on routes that create something, on the built Worker, and across a crash.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import document from "../../public/openapi.json" with { type: "json" };
import { type Answer, BASE_PATH, created, expectError, METADATA, Org, Server } from "./harness.ts";

/** The routes that take an `Idempotency-Key`. */
function withKey(): string[] {
  const takesKey = ({ parameters = [] }: Operation) => parameters.some(({ name }) => name === "Idempotency-Key");
  return POSTS.flatMap(([path, { post }]) => (post && takesKey(post) ? [path] : []));
}

interface Operation {
  parameters?: { name: string }[];
  responses: Record<string, unknown>;
}
const POSTS = Object.entries(document.paths as unknown as Record<string, { post?: Operation }>);

test("a POST that creates takes an Idempotency-Key", () => {
  const creates = POSTS.filter(([, { post }]) => post?.responses["201"] ?? post?.responses["202"]);
  // A delivery that is sent again is the one that there is.
  const paths = creates.map(([path]) => path).filter((path) => !path.endsWith("/redeliver"));
  expect(paths.length).toBeGreaterThanOrEqual(10);
  expect(withKey()).toEqual(expect.arrayContaining(paths));
});

test("a repeat gets the first answer again, after a crash too, and creates nothing", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "once-"));
  const server = new Server({ dataDir });
  await server.start();
  try {
    const org = await Org.create(server);
    const trunk = { name: "Trunk", trunk_phone: "+918069000000", max_cps: 1, max_channels: 1, carrier: { type: "simulator" } };
    const agent = { name: "Agent", agent_code: "a", input_schema: { fields: [], sample_context: { key: "", secret: "" } } };
    const campaign = { name: "Reminders", agent_id: org.agent.id, sip_trunk_id: org.trunk.id };
    const list = created(await org.owner.post<{ id: string }>("/campaigns", campaign));
    const requests: [path: string, body: unknown][] = [
      ["/agents", agent],
      ["/sip-trunks", trunk],
      ["/api-keys", { name: 'A "key":"" of mine', role: "viewer" }],
      ["/webhooks/secret/rotate", { overlap_seconds: 60 }],
      ["/webhooks/test", { url: "http://127.0.0.1:1/" }],
      ["/campaigns", campaign],
      [`/campaigns/${list.id}/recipients`, { recipients: [{ phone_number: "+447700900126", metadata: METADATA }] }],
      ["/suppressions", { phone_number: "+447700900123" }],
      ["/suppressions/import", { phone_number: "+447700900124" }],
      ["/erasures", { phone_number: "+447700900125" }],
      ["/platform/v1/orgs", { name: "Once" }],
      [`/platform/v1/orgs/${org.id}/owner-keys`, { name: "Another owner" }],
    ];
    // Calls have tests of their own. Whatever else the document has such a key for is here.
    const taken = requests.map(([path]) => (path.startsWith("/platform") ? path : `${BASE_PATH}${path}`).replace(org.id, "{id}").replace(list.id, "{id}"));
    expect([...taken, `${BASE_PATH}/calls`].sort()).toEqual(withKey().sort());
    const send = (path: string, body: unknown) => {
      const isFile = path.endsWith("/import");
      const headers = { "idempotency-key": `key-of-${path}`, ...(isFile && { "content-type": "application/x-ndjson" }) };
      const sent = { body: isFile ? JSON.stringify(body) : body, headers };
      const client = path.startsWith("/platform") ? server.platform : org.owner;
      return client.fromRoot<Record<string, unknown>>("POST", path.startsWith("/platform") ? path : BASE_PATH + path, sent);
    };
    const answers: Answer<Record<string, unknown>>[] = [];
    for (const [path, body] of requests) answers.push(await send(path, body));
    for (const { status, text } of answers) expect([200, 201, 202], text).toContain(status);
    const count = async () => {
      const lists = ["/agents?include=inactive", "/sip-trunks?include=inactive", "/api-keys", "/webhooks/deliveries", "/campaigns", "/suppressions", "/erasures"];
      lists.push(`/campaigns/${list.id}/recipients`);
      const things = lists.map(async (list) => Object.values((await org.owner.get<Record<string, unknown[]>>(list)).body)[0]?.length);
      const { orgs } = (await server.platform.fromRoot<{ orgs: unknown[] }>("GET", "/platform/v1/orgs")).body;
      return [...(await Promise.all(things)), orgs.length];
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
