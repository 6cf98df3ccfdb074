// GET /export: everything stored about an organisation, as its routes show it, and no secrets.

import { expect, test } from "vitest";
import { type Client, created, found, METADATA, noNetwork, Org, useServer } from "./harness.ts";
import { until } from "./until.ts";

const server = useServer({ outboundService: noNetwork });

type Item = Record<string, unknown>;

interface Line {
  type: string;
  data?: Item;
  complete?: boolean;
  counts?: Record<string, number>;
  next_cursor?: string | null;
}

interface Export {
  text: string;
  lines: Line[];
  /** The last line, if it says that this was all. */
  end: Line | undefined;
}

async function exported(client: Client): Promise<Export> {
  const answer = await fetch(`${server.url}/integration/v1/export`, { headers: { authorization: `Bearer ${client.key}` } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
  return read(await answer.text());
}

function read(text: string): Export {
  const lines = text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
  const last = lines.at(-1);
  const end = text.endsWith("\n") && last?.type === "end" && last.complete ? last : undefined;
  return { text, end, lines: lines.filter(({ type }) => type !== "end") };
}

/** All items of a list, page by page. */
async function listed(client: Client, path: string, name: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const and = path.includes("?") ? "&" : "?";
    const page: Item = found(await client.get<Item>(`${path}${and}limit=100${cursor === "" ? "" : `&cursor=${cursor}`}`));
    items.push(...(page[name] as Item[]));
    cursor = page["next_cursor"] as string | null;
  }
  return items;
}

const byId = (items: Item[]) => Object.fromEntries(items.map((item) => [item["id"], item]));

test("all that the API made is found in it, as the API shows it; no secret and nothing of others is", { timeout: 240_000 }, async () => {
  const [org, other] = await Promise.all([Org.create(server), Org.create(server)]);
  const { owner } = org;
  await other.call();
  found(await owner.patch("/settings", { transcripts: true }));
  const trunks = [org.trunk, await org.newTrunk(), await org.newTrunk()];
  const secret = "very-secret-of-the-carrier";
  const livekit = { type: "livekit", url: "wss://example.livekit.cloud", api_key: "APIkey", api_secret: secret, sip_trunk_id: "ST_abc" };
  created(await owner.post("/sip-trunks", { name: "L", trunk_phone: "+918069000000", max_cps: 1, max_channels: 1, carrier: livekit }));
  await org.newAgent({ script: "Say {{customer_name}}", status: "inactive" });
  const key = await org.newKey("member");

  // More calls than a page has, over several trunks; some have a callback, some a transcript.
  const calls: string[] = [];
  const callback_url = "https://hooks.example.com/x";
  for (let n = 0; n < 230; n++) {
    const trunk = n % 10 === 0 ? trunks[1 + (n % 2)] : trunks[0];
    calls.push(await org.call({ sip_trunk_id: trunk?.id, metadata: { ...METADATA, n }, ...(n % 50 === 0 && { callback_url }) }));
  }
  created(await owner.post("/suppressions", { phone_number: "+919812345678", reason: "asked" }));
  const draft = { name: "June", agent_id: org.agent.id, sip_trunk_id: org.trunk.id };
  const campaigns: string[] = [];
  for (const [n, many] of [700, 3].entries()) {
    const { id } = created(await owner.post<{ id: string }>("/campaigns", { ...draft, name: `C${n}` }));
    const recipients = Array.from({ length: many }, (_, at) => ({ reference: `r${at}`, phone_number: `+91981${n}${String(at).padStart(6, "0")}`, metadata: METADATA }));
    found(await owner.post(`/campaigns/${id}/recipients`, { recipients }));
    campaigns.push(id);
  }
  const { body: gone } = await owner.post<{ id: string }>("/erasures", { phone_number: "+919999999999" });
  await owner.post("/webhooks/test", { url: "https://hooks.example.com/test" });
  for (const id of calls) await org.ended(id, 60_000);
  // What agents report; the simulator has none.
  const namespace = await server.local.mf.getDurableObjectNamespace("TRUNKS");
  const object = namespace.get(namespace.idFromName(org.trunk.id.slice(0, 8)));
  const report = { outcome: null, transcript_url: null, recording_url: null };
  for (const call of [calls[1], calls[2], calls[3]]) {
    const transcript = [{ role: "agent", text: `Hello ${call}`, at: "2026-06-14T10:32:00.000Z" }];
    const told = await object.fetch("http://object/", { method: "POST", body: JSON.stringify({ Report: { call, report, transcript } }) });
    expect(await told.text()).toBe('"Done"');
  }
  await until("all callbacks to be delivered", async () => {
    const all = await listed(owner, "/webhooks/deliveries", "deliveries");
    return all.length >= 6 && all.every((delivery) => delivery["status"] !== "pending");
  });

  const { text, lines, end } = await exported(owner);
  const of = (type: string) => lines.filter((line) => line.type === type).map(({ data }) => data ?? {});
  const counted = Object.fromEntries(Object.keys(end?.counts ?? {}).map((type) => [type, of(type).length]));
  expect(end?.counts).toEqual(counted);
  expect(lines).toHaveLength(Object.values(counted).reduce((sum, count) => sum + count));

  expect(of("organisation")).toMatchObject([{ id: org.id }]);
  expect(of("settings")).toEqual([found(await owner.get("/settings"))]);
  for (const [type, path, name] of [
    ["agent", "/agents", "agents"],
    ["sip_trunk", "/sip-trunks", "sip_trunks"],
  ] as const) {
    const all = found(await owner.get<Record<string, { id: string }[]>>(`${path}?include=inactive`))[name] ?? [];
    const whole = await Promise.all(all.map(async ({ id }) => found(await owner.get<Item>(`${path}/${id}`))));
    for (const item of whole) delete item["storage"]; // how full it is, at the moment
    expect(byId(of(type)), type).toEqual(byId(whole));
  }
  const keys = await listed(owner, "/api-keys", "api_keys");
  const names = (items: Item[]) => items.map(({ id, prefix, role }) => ({ id, prefix, role }));
  expect(names(of("api_key"))).toEqual(names(keys));
  expect(of("suppression")).toEqual(await listed(owner, "/suppressions", "suppressions"));
  expect(of("campaign")).toEqual(await listed(owner, "/campaigns", "campaigns"));
  for (const id of campaigns) {
    const told = of("recipient").filter(({ campaign_id }) => campaign_id === id);
    const recipients = await listed(owner, `/campaigns/${id}/recipients`, "recipients");
    expect(told.map(({ recipient }) => recipient)).toEqual(recipients);
  }
  const ids = (await listed(owner, "/calls", "calls")).map(({ id }) => id);
  expect(new Set(ids)).toEqual(new Set(calls));
  expect(of("call")).toHaveLength(calls.length);
  const told = byId(of("call"));
  for (const id of calls.filter((_, n) => n % 7 === 0)) {
    expect(told[id]).toEqual(found(await owner.get<Item>(`/calls/${id}`)));
  }
  const said = of("transcript");
  expect(said).toHaveLength(3);
  for (const transcript of said) {
    expect(transcript).toEqual(found(await owner.get(`/calls/${transcript["call_id"] as string}/transcript`)));
  }
  expect(byId(of("delivery"))).toEqual(byId(await listed(owner, "/webhooks/deliveries", "deliveries")));
  expect(of("usage").reduce((sum, day) => sum + Number(day["calls"]), 0)).toBe(calls.length);
  expect(of("erasure")).toEqual([found(await owner.get(`/erasures/${gone.id}`))]);
  const log = await listed(owner, "/audit-log", "entries");
  expect(of("audit_entry")).toEqual(log);
  expect(log[0]).toMatchObject({ action: "organisation.export", target: org.id });

  for (const hidden of [owner.key ?? "", key.key ?? "", org.webhookSecret, secret, other.id, other.owner.key ?? ""]) {
    expect(hidden).not.toBe("");
    expect(text).not.toContain(hidden);
  }

  // Cut anywhere, it can't be taken for the whole.
  for (let at = 1; at < text.length; at += Math.ceil(text.length / 200)) {
    const cut = text.slice(0, at);
    expect(read(cut.slice(0, cut.lastIndexOf("\n") + 1)).end).toBeUndefined();
  }
  expect(text.split("\n").at(-2)).toBe(JSON.stringify(end));
});
