// What an owner and an admin manage: agents, trunks, keys, secrets.

import { beforeEach, describe, expect, test } from "vitest";
import { type Client, created, expectError, found, METADATA, Org, useServer } from "./harness.ts";
import {
  type Agent,
  API_KEY,
  type ApiKey,
  type DeliveryObject,
  type Page,
  SECRET,
  type Secret,
  type StatusObject,
  TIMESTAMP,
  type Trunk,
  UUID,
} from "./shapes.ts";
import { until } from "./until.ts";

const server = useServer();
let org: Org;
let owner: Client;

beforeEach(async () => {
  org = await Org.create(server);
  owner = org.owner;
});

describe("agents", () => {
  const NEW = {
    name: "Survey Agent",
    agent_code: "survey-v1",
    input_schema: { fields: ["name"], sample_context: { name: "Asha" } },
    script: "Say hello.",
    voice: "asha-1",
    status: "active",
  };

  test("POST /agents answers 201 with the agent, script and voice included", async () => {
    const agent = created(await owner.post<Agent>("/agents", NEW));

    expect(agent).toEqual({ id: expect.stringMatching(UUID), ...NEW });
    expect(found(await owner.get(`/agents/${agent.id}`))).toEqual(agent);
  });

  test("script, voice and status are optional: an agent is active unless it says otherwise", async () => {
    const { script, voice, status, ...short } = NEW;

    const agent = created(await owner.post<Agent>("/agents", short));

    expect(agent).toMatchObject({ ...short, status: "active" });
    expect([agent.script ?? null, agent.voice ?? null]).toEqual([null, null]);
  });

  test.for([
    ["name", "name is required"],
    ["agent_code", "agent_code is required"],
  ] as const)("POST /agents without %s is 400: %s", async ([field, error]) => {
    expectError(await owner.post("/agents", { ...NEW, [field]: undefined }), 400, error);
    expectError(await owner.post("/agents", { ...NEW, [field]: null }), 400, error);
  });

  test.for([
    { name: 7 },
    { agent_code: ["a"] },
    { status: "paused" },
    { input_schema: "none" },
    { input_schema: { fields: "name" } },
    { input_schema: { fields: [1] } },
    { input_schema: { fields: [], sample_context: [] } },
    { script: 1 },
    { voice: {} },
  ])("POST /agents with %j is 400, and no agent is made", async (change) => {
    const answer = await owner.post("/agents", { ...NEW, ...change });

    expect(answer.status, answer.text).toBe(400);
    expect(found(await owner.get<{ agents: Agent[] }>("/agents?include=inactive")).agents).toHaveLength(1);
  });

  test("an unknown field is refused: unknown field: colour", async () => {
    expectError(await owner.post("/agents", { ...NEW, colour: "blue" }), 400, "unknown field: colour", "field_unknown");
    expectError(await owner.patch(`/agents/${org.agent.id}`, { colour: "blue" }), 400, "unknown field: colour");
  });

  test("PATCH changes what it names and nothing else; null clears an optional field", async () => {
    const agent = created(await owner.post<Agent>("/agents", NEW));

    const renamed = found(await owner.patch<Agent>(`/agents/${agent.id}`, { name: "Another" }));
    const cleared = found(await owner.patch<Agent>(`/agents/${agent.id}`, { script: null }));

    expect(renamed).toEqual({ ...agent, name: "Another" });
    expect(cleared.script ?? null).toBeNull();
    expect({ ...cleared, script: agent.script }).toEqual(renamed);
    expect(found(await owner.get(`/agents/${agent.id}`))).toEqual(cleared);
  });

  test("a deactivated agent takes no call from that moment on, and is listed on request alone", async () => {
    found(await owner.patch(`/agents/${org.agent.id}`, { status: "inactive" }));

    expectError(await org.trigger<unknown>(), 400, "Agent is not active", "agent_not_active");
    expect(found(await owner.get<{ agents: Agent[] }>("/agents")).agents).toEqual([]);
    const all = found(await owner.get<{ agents: Agent[] }>("/agents?include=inactive")).agents;
    expect(all.map(({ id, status }) => [id, status])).toEqual([[org.agent.id, "inactive"]]);

    found(await owner.patch(`/agents/${org.agent.id}`, { status: "active" }));
    created(await org.trigger());
  });

  test("a deactivation ends no call under way", async () => {
    const call = await org.call();
    found(await owner.patch(`/agents/${org.agent.id}`, { status: "inactive" }));

    expect((await org.ended(call)).call_status).toBe("Completed");
  });

  test("DELETE /agents/{id} is 204, and the agent is gone", async () => {
    expect((await owner.delete(`/agents/${org.agent.id}`)).status).toBe(204);

    expectError(await owner.get(`/agents/${org.agent.id}`), 404, "Agent not found");
    expectError(await owner.delete(`/agents/${org.agent.id}`), 404, "Agent not found");
    expectError(await org.trigger<unknown>(), 404, "Agent not found", "agent_not_found");
    expect(found(await owner.get<{ agents: Agent[] }>("/agents?include=inactive")).agents).toEqual([]);
  });

  test("fields that an agent comes to require are required of the next call", async () => {
    const input_schema = { fields: ["branch"], sample_context: { branch: "Pune" } };
    found(await owner.patch(`/agents/${org.agent.id}`, { input_schema }));

    expectError(await org.trigger<unknown>({ metadata: METADATA }), 400, "metadata missing required keys: branch");
    created(await org.trigger({ metadata: { branch: "Pune" } }));
  });

  test("another organisation's agent can't be read, changed or deleted", async () => {
    const stranger = (await Org.create(server)).owner;

    expectError(await stranger.get(`/agents/${org.agent.id}`), 404, "Agent not found");
    expectError(await stranger.patch(`/agents/${org.agent.id}`, { name: "Mine" }), 404, "Agent not found");
    expectError(await stranger.delete(`/agents/${org.agent.id}`), 404, "Agent not found");
  });
});

describe("trunks", () => {
  const NEW = {
    name: "India Prod Trunk 2",
    trunk_phone: "+918069000001",
    max_cps: 5,
    max_channels: 100,
    status: "active",
    carrier: { type: "simulator" },
  };

  test("POST /sip-trunks answers 201 with the trunk and its carrier", async () => {
    const trunk = created(await owner.post<Trunk>("/sip-trunks", NEW));

    const destinations = { allow: null, deny: [], high_risk: "deny" };
    expect(trunk).toEqual({ id: expect.stringMatching(UUID), ...NEW, destinations, max_calls_per_day: null });
    const { storage, ...shown } = found(await owner.get<Trunk & { storage: unknown }>(`/sip-trunks/${trunk.id}`));
    expect(shown).toEqual(trunk);
    expect(storage).toEqual({ used_bytes: expect.any(Number), limit_bytes: 10_000_000_000, oldest_call_at: null });
  });

  test("a trunk's storage tells its bytes and its oldest call", async () => {
    const trunk = created(await owner.post<Trunk>("/sip-trunks", NEW));
    const read = async () => found(await owner.get<{ storage: { used_bytes: number; oldest_call_at: string | null } }>(`/sip-trunks/${trunk.id}`)).storage;
    const before = await read();
    const first = await org.call({ sip_trunk_id: trunk.id });
    await org.call({ sip_trunk_id: trunk.id });

    const after = await read();
    expect(after.oldest_call_at).toBe((await org.detail(first)).created_at);
    expect(after.used_bytes).toBeGreaterThanOrEqual(before.used_bytes);
  });

  test("a carrier's secret is never shown again", async () => {
    const carrier = { type: "livekit", url: "https://livekit.example.com", api_key: "APIkey", api_secret: "s3cret-of-livekit", sip_trunk_id: "ST_1" };
    const answer = await owner.post<Trunk>("/sip-trunks", { ...NEW, carrier });
    const { id } = created(answer);
    const shown = [
      answer,
      await owner.get(`/sip-trunks/${id}`),
      await owner.get("/sip-trunks?include=inactive"),
      await owner.patch(`/sip-trunks/${id}`, { name: "Another" }),
      await owner.get("/audit-log"),
    ];

    for (const { status, text } of shown) {
      expect(status).toBeLessThan(300);
      expect(text).not.toContain("s3cret-of-livekit");
    }
    expect(answer.body.carrier).toMatchObject({ type: "livekit", url: "https://livekit.example.com", sip_trunk_id: "ST_1" });
  });

  test.for([
    { max_cps: 0 },
    { max_cps: 1001 },
    { max_cps: 1.5 },
    { max_cps: "5" },
    { max_channels: 0 },
    { max_channels: 10_001 },
    { max_channels: -1 },
    { status: "on" },
    { carrier: { type: "pigeon" } },
    { carrier: "simulator" },
    { carrier: { type: "livekit" } },
    { name: 5 },
    { trunk_phone: {} },
  ])("POST /sip-trunks with %j is 400, and no trunk is made", async (change) => {
    const answer = await owner.post("/sip-trunks", { ...NEW, ...change });

    expect(answer.status, answer.text).toBe(400);
    expect(found(await owner.get<{ sip_trunks: Trunk[] }>("/sip-trunks?include=inactive")).sip_trunks).toHaveLength(1);
  });

  test.for([
    { max_cps: 1, max_channels: 1 },
    { max_cps: 1000, max_channels: 10_000 },
  ])("POST /sip-trunks takes the limits %j", async (limits) => {
    expect(created(await owner.post("/sip-trunks", { ...NEW, ...limits }))).toMatchObject(limits);
  });

  test("an unknown field is refused: unknown field: colour", async () => {
    expectError(await owner.post("/sip-trunks", { ...NEW, colour: "blue" }), 400, "unknown field: colour");
    expectError(await owner.patch(`/sip-trunks/${org.trunk.id}`, { colour: "blue" }), 400, "unknown field: colour");
  });

  test("PATCH changes what it names and nothing else", async () => {
    const trunk = created(await owner.post<Trunk>("/sip-trunks", NEW));

    const changed = found(await owner.patch<Trunk>(`/sip-trunks/${trunk.id}`, { max_cps: 7 }));

    expect(changed).toEqual({ ...trunk, max_cps: 7 });
    expect(found(await owner.get(`/sip-trunks/${trunk.id}`))).toMatchObject(changed);
  });

  test("a deactivated trunk takes no call from that moment on, and is listed on request alone", async () => {
    found(await owner.patch(`/sip-trunks/${org.trunk.id}`, { status: "inactive" }));

    expectError(await org.trigger<unknown>(), 400, "SIP trunk is not active", "trunk_not_active");
    expect(found(await owner.get<{ sip_trunks: Trunk[] }>("/sip-trunks")).sip_trunks).toEqual([]);
    const all = found(await owner.get<{ sip_trunks: Trunk[] }>("/sip-trunks?include=inactive")).sip_trunks;
    expect(all.map(({ id, status }) => [id, status])).toEqual([[org.trunk.id, "inactive"]]);

    found(await owner.patch(`/sip-trunks/${org.trunk.id}`, { status: "active" }));
    created(await org.trigger());
  });

  test("DELETE /sip-trunks/{id} is 204: the trunk is gone, its calls stay readable", async () => {
    const call = await org.call();
    const status = await org.ended(call);
    expect((await owner.delete(`/sip-trunks/${org.trunk.id}`)).status).toBe(204);

    expectError(await owner.get(`/sip-trunks/${org.trunk.id}`), 404, "SIP trunk not found");
    expectError(await owner.get(`/sip-trunks/${org.trunk.id}/live`), 404, "SIP trunk not found");
    expectError(await owner.delete(`/sip-trunks/${org.trunk.id}`), 404, "SIP trunk not found");
    expectError(await org.trigger<unknown>(), 404, "SIP trunk not found", "trunk_not_found");
    expect(await org.status(call)).toEqual(status);
    expect(found(await owner.get<{ calls: StatusObject[] }>("/calls")).calls.map(({ id }) => id)).toEqual([call]);
  });

  test("another organisation's trunk can't be read, changed or deleted", async () => {
    const stranger = (await Org.create(server)).owner;
    const call = await org.call();
    const path = `/sip-trunks/${org.trunk.id}`;

    expectError(await stranger.get(path), 404, "SIP trunk not found");
    expectError(await stranger.patch(path, { name: "Mine" }), 404, "SIP trunk not found");
    expectError(await stranger.delete(path), 404, "SIP trunk not found");
    expectError(await stranger.get(`${path}/live`), 404, "SIP trunk not found");
    expect((await stranger.post(`${path}/live/${call}/release`)).status).toBe(404);
  });
});

describe("keys", () => {
  test("POST /api-keys answers 201 with the key, which is shown here and never again", async () => {
    const answer = await owner.post<ApiKey>("/api-keys", { name: "CI", role: "viewer" });

    const key = created(answer);
    expect(key).toEqual({
      id: expect.stringMatching(UUID),
      name: "CI",
      role: "viewer",
      key: expect.stringMatching(API_KEY),
      created_at: expect.stringMatching(TIMESTAMP),
      expires_at: null,
    });
    const list = await owner.get<Page<"api_keys", Record<string, unknown>>>("/api-keys");
    expect(list.text).not.toContain(key.key);
    expect((await owner.get("/audit-log")).text).not.toContain(key.key);
  });

  test("GET /api-keys lists each key with its prefix and when it was last used, to the hour", async () => {
    const { key, ...shown } = await org.newKey("viewer");
    found(await server.client(key).get("/agents"));

    const list = found(await owner.get<Page<"api_keys", Record<string, unknown>>>("/api-keys"));

    const entry = list.api_keys.find(({ id }) => id === shown.id);
    expect(entry).toMatchObject({ ...shown, prefix: key.slice(0, 10) });
    expect(entry).toHaveProperty("last_used_at");
    const lastUsed = entry?.["last_used_at"];
    if (lastUsed !== null) expect(lastUsed).toMatch(/T\d\d:00:00\.000Z$/);
    expect(Object.keys(entry ?? {})).not.toContain("key");
  });

  test("a key's use is seen in the list", async () => {
    const { key, id } = await org.newKey("member");
    created(await server.client(key).post("/calls", org.request()));

    await until("last_used_at to be set", async () => {
      const list = found(await owner.get<Page<"api_keys", Record<string, unknown>>>("/api-keys?limit=100"));
      return list.api_keys.find((entry) => entry["id"] === id)?.["last_used_at"] !== null;
    });
  });

  test.for([
    { role: "king" },
    { role: undefined },
    { name: undefined },
    { name: 5 },
    { expires_at: "tomorrow" },
    { expires_at: 5 },
  ])("POST /api-keys with %j is 400", async (change) => {
    const answer = await owner.post("/api-keys", { name: "CI", role: "viewer", ...change });

    expect(answer.status, answer.text).toBe(400);
  });

  test("an unknown field is refused: unknown field: scope", async () => {
    expectError(await owner.post("/api-keys", { name: "CI", role: "viewer", scope: "all" }), 400, "unknown field: scope");
  });

  test("a revoked key starts no call from the moment its revocation is answered", async () => {
    const { key, id } = await org.newKey("member");
    const client = server.client(key);
    created(await client.post("/calls", org.request())); // the edge knows the key now

    expect((await owner.delete(`/api-keys/${id}`)).status).toBe(204);
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.post("/calls", org.request())));

    for (const answer of answers) expectError(answer, 401, "Invalid or inactive API key", "invalid_api_key");
    expectError(await owner.delete(`/api-keys/${id}`), 404, "API key not found", "api_key_not_found");
  });

  test("a revoked key cancels no call and, within a minute, reads nothing", async () => {
    const { key, id } = await org.newKey("member");
    const client = server.client(key);
    const call = await org.call({ phone_number: "+15005550006" });
    found(await client.get(`/calls/${call}/status`));

    expect((await owner.delete(`/api-keys/${id}`)).status).toBe(204);

    expectError(await client.post(`/calls/${call}/cancel`), 401, "Invalid or inactive API key");
    for (const path of ["/agents", "/calls", `/calls/${call}/status`]) {
      await until(`${path} to be refused`, async () => (await client.get(path)).status === 401, 25_000);
    }
  });

  test("the last owner key can't be deleted, and can when there is another", async () => {
    const list = found(await owner.get<Page<"api_keys", ApiKey>>("/api-keys"));
    const [first] = list.api_keys.filter(({ role }) => role === "owner");
    const path = `/api-keys/${first?.id}`;

    expectError(await owner.delete(path), 409, "The last owner key can't be deleted", "last_owner_key");

    const second = await org.newKey("owner");
    expect((await server.client(second.key).delete(path)).status).toBe(204);
    expectError(await server.client(second.key).delete(`/api-keys/${second.id}`), 409, "The last owner key can't be deleted");
  });

  test("two owners can't delete each other's key at the same instant", async () => {
    const list = found(await owner.get<Page<"api_keys", ApiKey>>("/api-keys"));
    const first = list.api_keys.find(({ role }) => role === "owner");
    const second = await org.newKey("owner");

    const answers = await Promise.all([
      owner.delete(`/api-keys/${second.id}`),
      server.client(second.key).delete(`/api-keys/${first?.id}`),
    ]);

    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  });

  test("another organisation's key can't be deleted", async () => {
    const { id } = await org.newKey("viewer");
    const stranger = (await Org.create(server)).owner;

    expectError(await stranger.delete(`/api-keys/${id}`), 404, "API key not found");
    expectError(await owner.delete("/api-keys/not-a-uuid"), 404, "API key not found");
  });
});

describe("webhook secrets", () => {
  test("GET /webhooks/secret answers the secret that the organisation began with", async () => {
    const admin = await org.client("admin");

    expect(found(await admin.get<Secret>("/webhooks/secret"))).toEqual({
      secret: org.webhookSecret,
      created_at: expect.stringMatching(TIMESTAMP),
      previous_valid_until: null,
    });
  });

  test("POST /webhooks/secret/rotate answers a new secret, and until when the old one is valid: a day by default", async () => {
    const admin = await org.client("admin");

    const rotated = found(await admin.post<Secret>("/webhooks/secret/rotate"));

    expect(rotated.secret).toMatch(SECRET);
    expect(rotated.secret).not.toBe(org.webhookSecret);
    expect(Date.parse(rotated.previous_valid_until ?? "") - Date.parse(rotated.created_at)).toBe(86_400_000);
    expect(found(await admin.get("/webhooks/secret"))).toEqual(rotated);
  });

  test.for([-1, 604_801, 1.5, "60", true])("overlap_seconds %j is 400, and the secret stays", async (overlap_seconds) => {
    const admin = await org.client("admin");

    expect((await admin.post("/webhooks/secret/rotate", { overlap_seconds })).status).toBe(400);
    expect(found(await admin.get<Secret>("/webhooks/secret")).secret).toBe(org.webhookSecret);
  });

  test("an overlap of 0 leaves no previous secret, one of a week is taken", async () => {
    const admin = await org.client("admin");

    const none = found(await admin.post<Secret>("/webhooks/secret/rotate", { overlap_seconds: 0 }));
    const week = found(await admin.post<Secret>("/webhooks/secret/rotate", { overlap_seconds: 604_800 }));

    expect(none.previous_valid_until).toBeNull();
    expect(week.previous_valid_until).not.toBeNull();
  });
});

test("a delivery is listed for its own organisation alone", async () => {
  const url = "http://127.0.0.1:1/";
  const call = await org.call({ callback_url: url });
  await org.ended(call);
  const stranger = await (await Org.create(server)).client("admin");
  const list = async (client: Client) => found(await client.get<Page<"deliveries", DeliveryObject>>("/webhooks/deliveries")).deliveries;

  expect((await list(owner)).map(({ call_id }) => call_id)).toEqual([call]);
  expect(await list(stranger)).toEqual([]);
});
