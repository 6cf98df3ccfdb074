// `audatec mcp`, asked by the Model Context Protocol's own client over stdin and stdout.

import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { METADATA, Org, useServer } from "../edge/harness.ts";
import { Audatec } from "./audatec.ts";

const SDK = "clients/node_modules/@modelcontextprotocol/sdk/dist/esm/client";
type Client = import("../../clients/node_modules/@modelcontextprotocol/sdk/dist/esm/client/index.js").Client;

const server = useServer();
let org: Org;
let cli: Audatec;
const open: Client[] = [];
const REAL = "+919876500001";

beforeAll(async () => {
  org = await Org.create(server);
  cli = await Audatec.install("mcp", { AUDATEC_BASE_URL: server.url, AUDATEC_API_KEY: String(org.owner.key) });
}, 120_000);

afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});

async function connect(...flags: string[]): Promise<Client> {
  const { Client } = (await import(
    inRoot(SDK, "index.js")
  )) as typeof import("../../clients/node_modules/@modelcontextprotocol/sdk/dist/esm/client/index.js");
  const { StdioClientTransport } = (await import(
    inRoot(SDK, "stdio.js")
  )) as typeof import("../../clients/node_modules/@modelcontextprotocol/sdk/dist/esm/client/stdio.js");
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [cli.script, "mcp", ...flags], env: cli.env }));
  open.push(client);
  return client;
}

const names = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);

/** What a tool says. */
async function use<T>(client: Client, name: string, given: Record<string, unknown> = {}): Promise<{ isError: boolean; said: T }> {
  const { content, isError } = await client.callTool({ name, arguments: given });
  const [first] = content as { text: string }[];
  const text = first?.text ?? "";
  return { isError: isError === true, said: (text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text) as T };
}

const READS = [
  ...["calls_get", "calls_list", "calls_watch", "calls_dry_run"],
  ...["campaigns_list", "campaigns_get", "campaigns_watch", "campaigns_results"],
  ...["agents_list", "trunks_list", "trunks_live", "suppressions_list", "keys_list", "webhooks_verify", "doctor"],
];
const WRITES = [
  ...["calls_trigger", "calls_cancel", "campaigns_create", "campaigns_upload", "campaigns_start", "campaigns_pause", "campaigns_cancel"],
  ...["suppressions_add", "suppressions_remove", "keys_create", "keys_revoke"],
];

describe("what only reads", () => {
  test("is all that there is unless more is allowed, and says so of itself", async () => {
    for (const flags of [[], ["--allow-dialing"]]) {
      const client = await connect(...flags);
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name).toSorted()).toEqual(READS.toSorted());
      for (const { name, annotations, description } of tools)
        expect([name, annotations?.readOnlyHint, description]).toEqual([name, true, expect.stringMatching(/\.$/)]);
      expect(await use(client, "calls_trigger", { phone_number: "+15005550000", metadata: METADATA })).toMatchObject({ isError: true });
    }
    expect((await org.owner.get<{ calls: unknown[] }>("/calls")).body.calls).toEqual([]);
  });

  test("answers with what the API says", async () => {
    const client = await connect();
    const id = await org.call();
    expect(await use(client, "calls_watch", { call_id: id })).toMatchObject({ isError: false, said: { call_status: "Completed" } });
    expect(await use(client, "calls_get", { call_id: id })).toMatchObject({ said: { id, metadata: METADATA } });
    expect(await use(client, "calls_list", { call_status: ["Completed"], limit: 1 })).toMatchObject({ said: [{ id }] });
    expect(await use(client, "calls_dry_run", { phone_number: REAL, metadata: METADATA })).toMatchObject({ said: { would: "trigger" } });
    expect(await use(client, "agents_list")).toMatchObject({ said: [{ id: org.agent.id }] });
    expect(await use(client, "trunks_live", { sip_trunk_id: org.trunk.id })).toMatchObject({ said: { max_channels: 100 } });
    for (const name of ["trunks_list", "keys_list", "doctor"]) expect((await use<unknown[]>(client, name)).said.length).toBeGreaterThan(0);
    for (const name of ["campaigns_list", "suppressions_list"]) expect(await use(client, name)).toEqual({ isError: false, said: [] });
    expect(await use(client, "webhooks_verify", { body: "{}", headers: {} })).toMatchObject({ said: { valid: false } });
    // A refusal is what the tool says, with its code; what can't be meant is refused here.
    expect(await use(client, "calls_get", { call_id: crypto.randomUUID() })).toMatchObject({
      isError: true,
      said: { error: "Call not found", status: 404, code: "call_not_found" },
    });
    expect(await use(client, "calls_get", { call_id: "no" })).toMatchObject({ isError: true });
  });
});

describe("with writes allowed", () => {
  test("the simulator is called, and real phones are not", { timeout: 60_000 }, async () => {
    const client = await connect("--allow-writes");
    expect((await names(client)).toSorted()).toEqual([...READS, ...WRITES].toSorted());

    const { said: accepted } = await use<{ call_id: string }>(client, "calls_trigger", {
      phone_number: "+15005550000",
      metadata: METADATA,
      idempotency_key: "one",
    });
    expect(
      (
        await use<{ call_id: string }>(client, "calls_trigger", {
          phone_number: "+15005550000",
          metadata: METADATA,
          idempotency_key: "one",
        })
      ).said.call_id,
    ).toBe(accepted.call_id);
    expect(await use(client, "calls_trigger", { phone_number: REAL, metadata: METADATA })).toMatchObject({
      isError: true,
      said: { error: expect.stringContaining("--allow-dialing") as string },
    });
    expect((await org.owner.get<{ calls: unknown[] }>(`/calls?phone_number=${encodeURIComponent(REAL)}`)).body.calls).toEqual([]);
    expect(await use(client, "calls_cancel", { call_id: accepted.call_id })).toMatchObject({ said: expect.anything() as object });

    const { said: campaign } = await use<{ id: string }>(client, "campaigns_create", { name: "By a model" });
    const campaign_id = campaign.id;
    await use(client, "campaigns_upload", {
      campaign_id,
      recipients: [
        { phone_number: "+15005550000", metadata: METADATA },
        { phone_number: REAL, metadata: METADATA },
      ],
    });
    expect(await use(client, "campaigns_start", { campaign_id })).toMatchObject({
      isError: true,
      said: { error: expect.stringContaining("real phones") as string },
    });
    expect(await use(client, "campaigns_cancel", { campaign_id })).toMatchObject({ said: { status: "canceled" } });

    const { said: simulated } = await use<{ id: string }>(client, "campaigns_create", { name: "Simulated" });
    await use(client, "campaigns_upload", {
      campaign_id: simulated.id,
      recipients: [{ phone_number: "+15005550000", metadata: METADATA }],
    });
    expect(await use(client, "campaigns_start", { campaign_id: simulated.id })).toMatchObject({ said: { status: "running" } });
    // Whom a running campaign is given, it calls.
    expect(
      await use(client, "campaigns_upload", { campaign_id: simulated.id, recipients: [{ phone_number: REAL, metadata: METADATA }] }),
    ).toMatchObject({ isError: true });
    expect(await use(client, "campaigns_watch", { campaign_id: simulated.id })).toMatchObject({
      said: { status: "completed", counts: { total: 1 } },
    });
    expect(await use(client, "campaigns_results", { campaign_id: simulated.id })).toMatchObject({ said: [{ status: "completed" }] });

    expect(await use(client, "suppressions_add", { phone_number: "+15005550077", reason: "asked" })).toMatchObject({
      said: { reason: "asked" },
    });
    expect(await use(client, "suppressions_remove", { phone_number: "+15005550077" })).toMatchObject({ said: { removed: true } });
    const { said: key } = await use<{ id: string }>(client, "keys_create", { name: "By a model", role: "viewer" });
    expect(await use(client, "keys_revoke", { key_id: key.id })).toMatchObject({ said: { revoked: true } });
  });

  test("real phones ring where that is allowed as well", async () => {
    const client = await connect("--allow-writes", "--allow-dialing");
    expect(await use(client, "calls_trigger", { phone_number: REAL, metadata: METADATA })).toMatchObject({
      isError: false,
      said: { status: "triggered" },
    });
  });
});
