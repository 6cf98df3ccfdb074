// While a release rolls out, an edge of one speaks to an object of the other. A command that the other does not know can be told
// from a storage failure: the object says so, and to the caller it is an error to be retried, not an answer. What both know is
// pinned by tests/wire.rs.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { Org, useServer } from "./harness.ts";

const server = useServer();

/** What an object says of a command; as bytes, whatever they mean. */
async function tell(binding: string, command: string): Promise<{ status: number; text: string }> {
  const objects = await server.local.mf.getDurableObjectNamespace(binding);
  const object = objects.get(objects.idFromName("somebody"));
  const answer = await object.fetch("http://object/", { method: "POST", body: command });
  return { status: answer.status, text: await answer.text() };
}

const STRANGE = ['"Brew"', '{"Brew":{"coffee":true}}', '{"by":null,"request":"","what":"Brew"}', '{"brew/1":{"calls":[]}}', "not JSON"];

for (const binding of ["TRUNKS", "DIRECTORIES", "ERRANDS", "CONTACTS", "CAMPAIGNS"]) {
  test(`an object of ${binding} says of a command that it does not know that it does not, and goes on`, async () => {
    for (const command of STRANGE) expect(await tell(binding, command)).toEqual({ status: 200, text: '"Unknown"' });
  });
}

/** Today's Worker, but its trunks' objects are of a release that knows none of today's commands. */
const elder = mkdtempSync(join(tmpdir(), "elder-"));
const build = inRoot("build/local");
cpSync(build, elder, { recursive: true });
const bundle = readFileSync(join(build, "index.js"), "utf8");
const replaced = bundle.replace(/\w+ as TrunkObject\b/, "ElderTrunk as TrunkObject");
writeFileSync(
  join(elder, "index.js"),
  `${replaced}\nclass ElderTrunk extends DurableObject {
    fetch() { return new Response(${JSON.stringify('"Unknown"')}); }
  }`,
);
afterAll(() => rmSync(elder, { recursive: true }));
const young = useServer({ workerDir: elder });

test("what an older object does not know is an error to be tried again, and no answer", async () => {
  expect(replaced).not.toBe(bundle);
  const created = await young.platform.fromRoot<{ owner_key: string }>("POST", "/platform/v1/orgs", { body: { name: "Acme" } });
  const owner = young.client(created.body.owner_key);
  const trunk = { name: "Trunk", trunk_phone: "+918069000000", max_cps: 1, max_channels: 1, carrier: { type: "simulator" } };

  const answer = await owner.post("/sip-trunks", trunk);

  expect(answer.status).toBe(503);
  expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
  expect(young.log.filter((line) => line.includes('"event":"another_release","object":"TRUNKS"'))).not.toEqual([]);
});

/** Likewise, but of one that knows all but how to tell a call's status by itself. */
const older = mkdtempSync(join(tmpdir(), "older-"));
cpSync(build, older, { recursive: true });
const [, own = ""] = /(\w+) as TrunkObject\b/.exec(bundle) ?? [];
writeFileSync(
  join(older, "index.js"),
  `${bundle.replace(/\w+ as TrunkObject\b/, "OlderTrunk as TrunkObject")}
  class OlderTrunk extends ${own} {
    async fetch(request) {
      const command = await request.text();
      return command.startsWith('{"Status"') ? new Response('"Unknown"') : super.fetch(new Request(request.url, { method: "POST", body: command }));
    }
  }`,
);
afterAll(() => rmSync(older, { recursive: true }));
const known = useServer({ workerDir: older });

test("an object that can't tell a call's status is asked for the call", async () => {
  const org = await Org.create(known);
  const id = await org.call();

  expect((await org.status(id)).id).toBe(id);
  expect((await org.ended(id)).call_status).toBe("Completed");
});

/** Likewise, but of one that at first does not know how dialers ask for calls. */
const slow = mkdtempSync(join(tmpdir(), "slow-"));
cpSync(build, slow, { recursive: true });
writeFileSync(
  join(slow, "index.js"),
  `${bundle.replace(/\w+ as TrunkObject\b/, "SlowTrunk as TrunkObject")}
  let claims = 0;
  class SlowTrunk extends ${own} {
    async fetch(request) {
      const command = await request.text();
      return command.startsWith('{"Claim"') && ++claims <= 6 ? new Response('"Unknown"') : super.fetch(new Request(request.url, { method: "POST", body: command }));
    }
  }`,
);
afterAll(() => rmSync(slow, { recursive: true }));
const unsure = useServer({ workerDir: slow });

test("no breaker counts what an older object does not know: the calls are dialed when it does", async () => {
  const org = await Org.create(unsure);
  const ids: string[] = [];
  // Of what the dialer fails at, three in a row would do.
  for (let n = 0; n < 6; n += 1) ids.push(await org.call());

  for (const id of ids) expect((await org.ended(id)).call_status).toBe("Completed");
  expect(unsure.log.filter((line) => line.includes('"event":"another_release"')).length).toBeGreaterThan(3);
});

/** Likewise, but of one that a newer edge asks for what it does not know, five times before each call. */
const asked = mkdtempSync(join(tmpdir(), "asked-"));
cpSync(build, asked, { recursive: true });
writeFileSync(
  join(asked, "index.js"),
  `${bundle.replace(/\w+ as TrunkObject\b/, "AskedTrunk as TrunkObject")}
  class AskedTrunk extends ${own} {
    async fetch(request) {
      const tell = (body) => super.fetch(new Request(request.url, { method: "POST", body }));
      const command = await request.text();
      if (command.startsWith('{"Admit"')) for (let n = 0; n < 5; n += 1) await tell('{"Brew":{"coffee":true}}');
      return tell(command);
    }
  }`,
);
afterAll(() => rmSync(asked, { recursive: true }));
const younger = useServer({ workerDir: asked });

test("no breaker counts what a newer edge asks: the trunk takes calls as before", async () => {
  const org = await Org.create(younger);
  const ids = [await org.call(), await org.call(), await org.call()];

  for (const id of ids) expect((await org.ended(id)).call_status).toBe("Completed");
});

/** Likewise, but of one that does not know that calls may be followed by others. */
const single = mkdtempSync(join(tmpdir(), "single-"));
cpSync(build, single, { recursive: true });
writeFileSync(
  join(single, "index.js"),
  `${bundle.replace(/\w+ as TrunkObject\b/, "SingleTrunk as TrunkObject")}
  class SingleTrunk extends ${own} {
    async fetch(request) {
      const command = await request.text();
      return command.startsWith('{"Redial"') ? new Response('"Unknown"') : super.fetch(new Request(request.url, { method: "POST", body: command }));
    }
  }`,
);
afterAll(() => rmSync(single, { recursive: true }));
const alone = useServer({ workerDir: single });

test("a call that others may follow is no call that is made once: an older object is asked again later", async () => {
  const org = await Org.create(alone);
  const redial = { max_attempts: 2, on: ["busy"], wait_seconds: [1] };
  const answer = await org.trigger({ phone_number: "+15005550001", redial });
  expect(answer.status).toBe(502);
  expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
  expect((await org.ended(await org.call())).call_status).toBe("Completed");
});

test("the objects of one release know each other's commands", async () => {
  const org = await Org.create(server);
  const id = await org.call();
  await org.ended(id);
  expect(server.log.filter((line) => line.includes("another_release"))).toEqual([]);
});
