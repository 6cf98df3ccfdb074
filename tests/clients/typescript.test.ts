// The TypeScript client as its users have it, packed and installed into an empty project, against the built Worker.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { beforeAll, describe, expect, test } from "vitest";
import type { Audatec, RecipientToAdd } from "../../clients/typescript/src/index.ts";
import { schemaOf } from "../../scripts/lib/packages.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { mustRun } from "../../scripts/lib/run.mjs";
import { METADATA, Org, useServer } from "../edge/harness.ts";
import { useReceiver } from "../edge/receiver.ts";
import { type ClientModule, installClient } from "./installed.ts";

const server = useServer({ vars: { FEED_STREAM_SECONDS: "1" } });
const receiver = useReceiver();
let org: Org;
let folder: string;
let client: ClientModule;
let audatec: Audatec;
let call: { phone_number: string; agent_id: string; sip_trunk_id: string; metadata: Record<string, string> };

beforeAll(async () => {
  ({ folder, client } = await installClient("typescript"));
  org = await Org.create(server);
  audatec = new client.Audatec({ apiKey: String(org.owner.key), baseUrl: server.url });
  call = { phone_number: "+15005550000", agent_id: org.agent.id, sip_trunk_id: org.trunk.id, metadata: METADATA };
}, 120_000);

test("its types are those of the document that is served", async () => {
  const served = await (await fetch(`${server.url}/openapi.json`)).text();
  const generated = readFileSync(inRoot("clients/typescript/src/generated/schema.ts"), "utf8");
  const creates = readFileSync(join(folder, "node_modules/@audatec/client/dist/generated/creates.js"), "utf8");

  expect(generated.slice(generated.indexOf("\n\n") + 2)).toBe(await schemaOf(served));
  for (const path of ["/integration/v1/calls", "/integration/v1/campaigns", "/integration/v1/webhooks/test"])
    expect(creates).toContain(`"${path}"`);
});

test("the README's samples compile in an empty project, and do what they say", async () => {
  const readme = readFileSync(join(folder, "node_modules/@audatec/client/README.md"), "utf8");
  const samples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
  expect(samples.length).toBeGreaterThanOrEqual(6);
  writeFileSync(join(folder, "samples.ts"), `${samples.join("\n")}\n`);
  const compilerOptions = {
    strict: true,
    target: "es2022",
    module: "nodenext",
    lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
    types: [],
    skipLibCheck: false,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["samples.ts", "node.d.ts"] }));
  writeFileSync(join(folder, "node.d.ts"), "declare const process: { env: Record<string, string | undefined> };\n");
  await mustRun(process.execPath, [inRoot("node_modules/typescript-native/bin/tsc"), "-p", folder]);

  const env = { AUDATEC_API_KEY: String(org.owner.key), AUDATEC_BASE_URL: server.url, AGENT_ID: org.agent.id, TRUNK_ID: org.trunk.id };
  const { stdout } = await mustRun(process.execPath, ["samples.js"], { cwd: folder, env });

  expect(stdout).toContain("triggered");
  expect(stdout).toMatch(/^Completed .*interested/m);
  expect(stdout).toMatch(/^call\.completed \+15005550000/m);
  expect(stdout).toMatch(/^added 2, running$/m);
});

test("a round trip: a dry run, a call, its end, its list and a refusal", async () => {
  expect(await audatec.dryRun(call)).toMatchObject({ would: "trigger", number: { phone_number: "+15005550000" } });
  const { call_id, status } = await audatec.trigger(call, { idempotencyKey: "round-trip" });
  expect([status, (await audatec.trigger(call, { idempotencyKey: "round-trip" })).call_id]).toEqual(["triggered", call_id]);
  expect(await audatec.waitForCall(call_id, { intervalMs: 20 })).toMatchObject({
    call_status: "Completed",
    call_outcome: { disposition: "interested" },
  });

  const missing = audatec.ask(audatec.api.GET("/integration/v1/calls/{call_id}", { params: { path: { call_id: crypto.randomUUID() } } }));
  await expect(missing).rejects.toMatchObject({ name: "ApiError", status: 404, code: "call_not_found", message: "Call not found" });
});

test("a trunk at its capacity is waited for as long as it says", async () => {
  const trunk = await org.newTrunk({ max_cps: 1 });
  const placed = await Promise.all([1, 2].map(() => audatec.trigger({ ...call, sip_trunk_id: trunk.id })));

  expect(new Set(placed.map(({ call_id }) => call_id)).size).toBe(2);
});

test("a list of several pages comes whole, and once", async () => {
  const trunk = await org.newTrunk();
  const made = await Promise.all(Array.from({ length: 7 }, () => org.call({ sip_trunk_id: trunk.id })));

  const listed: string[] = [];
  for await (const { id } of audatec.list("/integration/v1/calls", { query: { limit: 3, sip_trunk_id: trunk.id } })) listed.push(id);

  expect(listed.toSorted()).toEqual(made.toSorted());
});

test("the events of a call come in order, over ends of the stream", { timeout: 60_000 }, async () => {
  const heard: string[] = [];
  let cursor = "";
  const { call_id } = await (async () => {
    const events = audatec.events({ types: ["call.ringing", "call.answered", "call.completed"], onCursor: (at) => void (cursor = at) });
    const first = events.next(); // which begins to listen
    const { call_id: one } = await audatec.trigger(call);
    for (let event = await first; !event.done; event = await events.next()) {
      if (event.value.data.id === one) heard.push(event.value.type);
      if (heard.length === 3) break;
    }
    await events.return();
    return audatec.trigger(call);
  })();
  for await (const { type, data } of audatec.events({ types: ["call.completed"], after: cursor })) {
    if (data.id !== call_id) continue;
    heard.push(type);
    break;
  }

  expect(heard).toEqual(["call.ringing", "call.answered", "call.completed", "call.completed"]);
});

describe("notifications", () => {
  test("a real one is authentic under both headers, and under the old secret during a rotation", async () => {
    const url = receiver.url();
    await audatec.trigger({ ...call, callback_url: url });
    const [{ body, headers }] = await receiver.expect(url);

    expect(await client.verifySignature(body, headers, org.webhookSecret)).toBe(true);
    const { "x-audatec-signature": plain } = headers;
    expect(await client.verifySignature(body, { "X-Audatec-Signature": plain }, org.webhookSecret, { allowUntimed: true })).toBe(true);
    expect(await client.verifySignature(body.replace("Rahul", "Rahal"), headers, org.webhookSecret)).toBe(false);

    const { secret } = await audatec.ask(audatec.api.POST("/integration/v1/webhooks/secret/rotate", { body: { overlap_seconds: 600 } }));
    const later = receiver.url();
    await audatec.trigger({ ...call, callback_url: later });
    const [during] = await receiver.expect(later);
    for (const known of [org.webhookSecret, secret]) expect(await client.verifySignature(during.body, during.headers, known)).toBe(true);
    await audatec.ask(audatec.api.POST("/integration/v1/webhooks/secret/rotate", { body: { overlap_seconds: 0 } }));
  });
});

test("it runs in a Worker: a call, its events, and its notification's headers as they are", async () => {
  writeFileSync(
    join(folder, "worker.mjs"),
    `import { Audatec, verifySignature } from "@audatec/client";
     export default {
       async fetch(request, env) {
         const audatec = new Audatec({ apiKey: env.API_KEY, baseUrl: env.BASE_URL });
         if (request.method === "POST") return Response.json(await verifySignature(await request.text(), request.headers, env.SECRET));
         const events = audatec.events({ types: ["call.completed"] });
         const first = events.next();
         const { call_id } = await audatec.trigger(JSON.parse(env.CALL));
         for (let event = await first; event.value.data.id !== call_id; event = await events.next());
         await events.return();
         return Response.json((await audatec.waitForCall(call_id)).call_status);
       },
     };`,
  );
  const { outputFiles } = await build({ entryPoints: [join(folder, "worker.mjs")], bundle: true, write: false, format: "esm" });
  const { secret } = await audatec.ask(audatec.api.GET("/integration/v1/webhooks/secret"));
  const bindings = { API_KEY: String(org.owner.key), BASE_URL: server.url, SECRET: secret, CALL: JSON.stringify(call) };
  const mf = new Miniflare({ modules: true, script: outputFiles[0]?.text ?? "", compatibilityDate: "2026-01-01", bindings });
  try {
    const url = receiver.url();
    await audatec.trigger({ ...call, callback_url: url });
    const [{ body, headers }] = await receiver.expect(url);
    const signed = Object.fromEntries(Object.entries(headers).filter(([name]) => /^(webhook|x-audatec)-/.test(name))) as Record<
      string,
      string
    >;
    const post = async (text: string) => (await mf.dispatchFetch("http://worker/", { method: "POST", body: text, headers: signed })).json();
    expect(await (await mf.dispatchFetch("http://worker/")).json()).toBe("Completed");
    expect([await post(body), await post(`${body} `)]).toEqual([true, false]);
  } finally {
    await mf.dispose();
  }
});

test("a campaign is made of an async iterable, and runs to its end", { timeout: 60_000 }, async () => {
  async function* people(): AsyncGenerator<RecipientToAdd> {
    for (let n = 0; n < 20_002; n++) yield { phone_number: "+15005550000", reference: `loan-${n}`, metadata: { customer_name: "Rahul" } };
  }
  const fields = {
    name: "From an iterable",
    agent_id: (await org.newAgent({ input_schema: { fields: ["customer_name"], sample_context: {} } })).id,
    sip_trunk_id: org.trunk.id,
  };

  const { campaign, recipients } = await audatec.createCampaign(fields, people());
  expect([campaign.status, campaign.counts.total, recipients]).toEqual(["draft", 20_002, { added: 20_002, duplicates: 0, rejected: [] }]);
  expect(
    await audatec.addRecipients(campaign.id, [
      { phone_number: "+15005550000", reference: "loan-7", metadata: { customer_name: "R" } },
      { phone_number: "12" },
    ]),
  ).toEqual({
    added: 0,
    duplicates: 1,
    rejected: [{ row: 2, reference: "12", error: "phone_number must be in E.164 format" }],
  });

  const small = await audatec.createCampaign(
    { ...fields, name: "Three" },
    ["a", "b", "c"].map((reference, at) => ({ phone_number: `+91987654321${at}`, reference, metadata: { customer_name: "R" } })),
    { start: true },
  );
  expect(small.campaign.status).toBe("running");
  const statuses = async () => {
    const found: string[] = [];
    for await (const { status } of audatec.list("/integration/v1/campaigns/{id}/recipients", {
      path: { id: small.campaign.id },
      query: { limit: 2 },
    }))
      found.push(status);
    return found;
  };
  await expect.poll(statuses, { timeout: 20_000 }).toEqual(["completed", "completed", "completed"]);
});
