// `npm run deploy` against a stand-in for Cloudflare's API, which checks each request against what Cloudflare publishes.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Config, readConfig } from "../../scripts/lib/config.mjs";
import { configFor } from "../../scripts/lib/deploy/names.mjs";
import { startLocal } from "../../scripts/lib/local.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { ACCOUNT, Cloudflare, type Fault, TOKEN } from "./stand-in/cloudflare.ts";
import { Edge } from "./stand-in/edge.ts";

const CLASSES = ["TrunkObject", "DirectoryObject", "ErrandObject", "ContactsObject", "CampaignObject"];
const QUEUES = ["audatec-dispatch", "audatec-hangups", "audatec-callbacks", "audatec-dead-letters"];
const SECRETS = ["CARRIER_KEYS", "MASTER_KEY", "PLATFORM_TOKEN"];

let cloudflare: Cloudflare;
let edge: Edge;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "deploy-"));
  worker(CLASSES);
  cloudflare = new Cloudflare();
  edge = new Edge();
  cloudflare.onUpload = async ({ secrets }) => void (edge.secrets = secrets);
  await Promise.all([cloudflare.start(), edge.start()]);
});

afterEach(async () => {
  await Promise.all([cloudflare.stop(), edge.stop()]);
  rmSync(folder, { recursive: true, force: true });
  expect(cloudflare.wrong).toEqual([]);
});

/** A built Worker that is small and does nothing. */
function worker(classes: string[]): void {
  mkdirSync(join(folder, "worker"), { recursive: true });
  const exported = classes.map((name) => `export class ${name} extends DurableObject {}`).join("\n");
  const source = `import { DurableObject } from "cloudflare:workers";\n${exported}\nexport default { fetch() { return new Response(""); } };\n`;
  writeFileSync(join(folder, "worker/index.js"), source);
}

interface Told {
  code: number;
  output: string;
}

/** Runs the command as a user does, but for the build. */
function deploy(args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Told> {
  const given = ["--env", "staging", "--built", join(folder, "worker"), "--url", edge.url, ...args];
  return run(process.execPath, [inRoot("scripts/deploy.mjs"), ...given], {
    env: { CLOUDFLARE_API_TOKEN: TOKEN, CLOUDFLARE_API_BASE_URL: cloudflare.url, DEPLOY_DIR: join(folder, "kept"), DEPLOY_WAIT_SECONDS: "1", ...env },
  });
}

const kept = (name: string) => join(folder, "kept", name);
const keyIn = ({ output }: Told) => /OWNER_KEY=(\S+)/.exec(output)?.[1];

/** What the account holds, each once. */
function holds(suffix: string): void {
  expect(cloudflare.namespaces.map(({ title }) => title)).toEqual([`audatec${suffix || "-production"}-records`]);
  expect(cloudflare.queues.map(({ queue_name }) => queue_name).sort()).toEqual(QUEUES.map((name) => name + suffix).sort());
  expect([...cloudflare.scripts.keys()]).toEqual([`audatec-voice${suffix}`]);
  expect(edge.organisations).toHaveLength(1);
}

test("an empty account gets all that is needed, once, under names of its own", { timeout: 60_000 }, async () => {
  const told = await deploy(["--organisation", "Acme"]);
  expect(told.code, told.output).toBe(0);
  holds("-staging");
  const script = cloudflare.scripts.get("audatec-voice-staging");
  expect(Object.keys(script?.secrets ?? {}).sort()).toEqual(SECRETS);
  expect(script?.migrationTag).toBe("v4");
  expect(script?.crons).toEqual(["* * * * *"]);
  expect(script?.bindings).toContainEqual({ name: "PUBLIC_URL", type: "plain_text", text: edge.url });
  expect(script?.bindings).toContainEqual({ name: "DISPATCH", type: "queue", queue_name: "audatec-dispatch-staging" });
  const consumers = cloudflare.queues.flatMap(({ consumers }) => consumers);
  expect(consumers.map(({ script_name }) => script_name)).toEqual(Array.from({ length: 4 }, () => "audatec-voice-staging"));
  expect(told.output).toContain("bucket: none");
  expect(told.output).toContain(`${edge.url}/studio`);
  expect(keyIn(told)).toBe(edge.organisations[0]?.owner_key);
  // The secrets were kept before anything was made, and are readable by their owner alone.
  expect(statSync(kept("staging.env")).mode & 0o777).toBe(0o600);
  const file = readFileSync(kept("staging.env"), "utf8");
  for (const [name, value] of Object.entries(script?.secrets ?? {})) expect(file).toContain(`${name}=${value}\n`);

  const asked = cloudflare.asked.length;
  const again = await deploy();
  expect(again.code, again.output).toBe(0);
  holds("-staging");
  expect(keyIn(again)).toBeUndefined();
  expect(readFileSync(kept("staging.json"), "utf8")).not.toContain("audtk_");
  expect(readFileSync(kept("staging.env"), "utf8")).toBe(file);
  expect(cloudflare.scripts.get("audatec-voice-staging")?.secrets).toEqual(script?.secrets);
  expect(cloudflare.asked.slice(asked).filter((one) => /^POST .*\/(namespaces|queues)$/.test(one))).toEqual([]);
});

test("a plan changes nothing, and says what would be made", { timeout: 60_000 }, async () => {
  for (const [args, env] of [[["--dry-run"], {}], [[], { npm_config_dry_run: "true" }]] as const) {
    const told = await deploy([...args], env);
    expect(told.code, told.output).toBe(0);
    for (const name of ["audatec-staging-records", ...QUEUES.map((queue) => `${queue}-staging`), "MASTER_KEY", "organisation"]) {
      expect(told.output).toMatch(new RegExp(`would .*${name}`));
    }
  }
  expect(cloudflare.writes).toEqual([]);
  expect(existsSync(join(folder, "kept"))).toBe(false);
  const unknown = await deploy([], { npm_config_env: "staging" });
  expect(unknown.output).toContain("npm run deploy -- --env NAME");
});

test("a second environment shares nothing with the first, nor its secrets", { timeout: 60_000 }, async () => {
  expect((await deploy()).code).toBe(0);
  expect((await deploy(["--env", "production"])).code).toBe(0);
  expect([...cloudflare.scripts.keys()]).toEqual(["audatec-voice-staging", "audatec-voice"]);
  const [first, second] = [...cloudflare.scripts.values()];
  for (const name of SECRETS) expect(first?.secrets[name]).not.toBe(second?.secrets[name]);
  const boundTo = (type: string, key: "queue_name" | "namespace_id") => [first, second].map((one) => one?.bindings.filter((of) => of.type === type).map((of) => of[key]));
  for (const [a, b] of [boundTo("queue", "queue_name"), boundTo("kv_namespace", "namespace_id")]) expect(a?.filter((name) => b?.includes(name))).toEqual([]);
  expect(cloudflare.queues).toHaveLength(8);
});

test("each environment's data points go to a dataset of its own", () => {
  const made = { accountId: "a", recordsId: "r", url: edge.url, archive: false, workerDir: folder };
  const datasetsOf = (env: string, of: object) => configFor({ ...readConfig(), analytics_engine_datasets: [{ binding: "METRICS", ...of }] } as Config, env, made)["analytics_engine_datasets"];
  expect(datasetsOf("production", { dataset: "audatec" })).toEqual([{ binding: "METRICS", dataset: "audatec" }]);
  expect(datasetsOf("my-test", { dataset: "audatec" })).toEqual([{ binding: "METRICS", dataset: "audatec_my_test" }]);
  expect(datasetsOf("staging", {})).toEqual([{ binding: "METRICS", dataset: "METRICS_staging" }]);
});

test("a token that is unknown, or lacks a permission, is told by name", { timeout: 60_000 }, async () => {
  const none = await deploy([], { CLOUDFLARE_API_TOKEN: "" });
  expect(none.output).toContain("CLOUDFLARE_API_TOKEN is not set");
  const unknown = await deploy([], { CLOUDFLARE_API_TOKEN: "another" });
  expect([unknown.code, unknown.output]).toEqual([1, expect.stringContaining("Cloudflare does not know CLOUDFLARE_API_TOKEN")]);
  const lacks: [RegExp, string][] = [
    [/namespaces$/, "Workers KV Storage: Edit"],
    [/queues$/, "Queues: Edit"],
    [/secrets$/, "Workers Scripts: Edit"],
  ];
  for (const [path, permission] of lacks) {
    cloudflare.faults = [(asked) => (path.test(asked.path) ? { status: 403, code: 10000, message: "Authentication error" } : undefined)];
    const told = await deploy(["--dry-run"]);
    expect([told.code, told.output]).toEqual([1, expect.stringContaining(`lacks the permission "${permission}"`)]);
  }
  cloudflare.accounts.push({ id: "f".repeat(32), name: "Other" });
  const several = await deploy(["--dry-run"]);
  expect(several.output).toContain(`set CLOUDFLARE_ACCOUNT_ID to one of ${ACCOUNT} (Acme)`);
  expect(cloudflare.writes).toEqual([]);
});

/** So often, and then no more. */
function times(count: number, fault: Fault): Fault {
  let left = count;
  return (asked) => {
    const told = left > 0 ? fault(asked) : undefined;
    if (told) left -= 1;
    return told;
  };
}

test("too many requests and a failure that passes are waited for; an answer that is lost makes nothing twice", { timeout: 60_000 }, async () => {
  cloudflare.faults = [
    times(2, ({ path }) => (path.endsWith("/queues") ? { status: 429, headers: { "retry-after": "0" } } : undefined)),
    times(1, ({ method, path }) => (method === "POST" && path.endsWith("/namespaces") ? { status: 500, after: true } : undefined)),
    times(1, ({ method, path, byWrangler }) => (method === "POST" && path.endsWith("/queues") && !byWrangler ? { status: 502, after: true } : undefined)),
  ];
  edge.lose = 1;
  const told = await deploy();
  expect(told.code, told.output).toBe(0);
  holds("-staging");
  expect(keyIn(told)).toBe(edge.organisations[0]?.owner_key);
});

test("a deployment that broke off at any step goes on there, and makes nothing twice", { timeout: 90_000 }, async () => {
  const broken: [string, RegExp][] = [
    ["KV", /^POST .*\/namespaces$/],
    ["queue", /^POST .*\/queues$/],
    [`lacks the permission "Workers Scripts: Edit"`, /^PUT .*\/scripts\/audatec-voice-staging$/],
    ["wrangler deploy failed", /^PUT .*\/schedules$/],
  ];
  for (const [what, request] of broken) {
    // The first is done, and its answer lost; to none after it there is one.
    let isFirst = true;
    cloudflare.faults = [
      ({ method, path }) => {
        if (!request.test(`${method} ${path}`)) return undefined;
        const after = isFirst;
        isFirst = false;
        if (what.startsWith("lacks")) return { status: 403, code: 10000, message: "Authentication error" };
        // What Wrangler would wait for again and again is refused.
        return { status: what.startsWith("wrangler") ? 400 : 500, after };
      },
      ({ method, path }) => (request.test(`POST ${path}`) && method === "GET" && !isFirst ? { status: 400 } : undefined),
    ];
    const told = await deploy();
    expect([told.code, told.output], String(request)).toEqual([1, expect.stringContaining(what)]);
    expect(keyIn(told)).toBeUndefined();
  }
  const secrets = readFileSync(kept("staging.env"), "utf8");
  cloudflare.faults = [];
  edge.lose = 3;
  expect((await deploy()).output).toContain("Run this again: it resumes from here.");
  const told = await deploy();
  expect(told.code, told.output).toBe(0);
  holds("-staging");
  expect(keyIn(told)).toBe(edge.organisations[0]?.owner_key);
  expect(readFileSync(kept("staging.env"), "utf8")).toBe(secrets);
});

test("two deployments of one environment at once make one organisation; one that was killed is in nobody's way", { timeout: 60_000 }, async () => {
  const both = await Promise.all([deploy(), deploy()]);
  expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
  expect(both.find(({ code }) => code === 1)?.output).toContain("Another deployment of staging is running");
  holds("-staging");
  expect(existsSync(kept("staging.lock"))).toBe(false);
  writeFileSync(kept("staging.lock"), "999999999");
  expect((await deploy(["--rollback"])).output).toContain("No version of audatec-voice-staging served before");
});

test("what is there already is taken, and a queue of another Worker's is not", { timeout: 60_000 }, async () => {
  cloudflare.namespaces.push({ id: "a".repeat(32), title: "audatec-staging-records" });
  cloudflare.queues.push({ queue_id: "q1", queue_name: "audatec-dispatch-staging", consumers: [] });
  expect((await deploy()).code).toBe(0);
  holds("-staging");
  expect(cloudflare.scripts.get("audatec-voice-staging")?.bindings).toContainEqual({ name: "RECORDS", type: "kv_namespace", namespace_id: "a".repeat(32) });

  const consumer = { consumer_id: "c1", script_name: "somebody-else", type: "worker" as const, settings: {} };
  cloudflare.queues.push({ queue_id: "q2", queue_name: "audatec-dispatch-test", consumers: [consumer] });
  const told = await deploy(["--env", "test"]);
  expect([told.code, told.output]).toEqual([1, expect.stringContaining("audatec-dispatch-test is consumed by another Worker, somebody-else")]);
});

test("secrets of a Worker are never replaced by those of a folder that lost them", { timeout: 60_000 }, async () => {
  expect((await deploy()).code).toBe(0);
  const secrets = { ...cloudflare.scripts.get("audatec-voice-staging")?.secrets };
  const file = readFileSync(kept("staging.env"), "utf8");

  rmSync(kept("staging.env"));
  const lost = await deploy();
  expect([lost.code, lost.output]).toEqual([1, expect.stringMatching(/has the secrets MASTER_KEY, PLATFORM_TOKEN, CARRIER_KEYS, which .* does not hold[^]*run this again/)]);
  expect(existsSync(kept("staging.env"))).toBe(false);

  // A fresh clone, with the file of whoever deployed it: the deployment takes its token, so it is its own.
  rmSync(kept("staging.json"));
  writeFileSync(kept("staging.env"), file, { mode: 0o644 });
  const back = await deploy();
  expect(back.code, back.output).toBe(0);
  expect(keyIn(back)).toBeUndefined();
  expect(statSync(kept("staging.env")).mode & 0o777).toBe(0o600);

  writeFileSync(kept("staging.env"), file.replace(/(MASTER_KEY=)./, "$1x"));
  const master = await deploy();
  expect([master.code, master.output]).toEqual([1, expect.stringContaining("MASTER_KEY in")]);
  expect(cloudflare.scripts.get("audatec-voice-staging")?.secrets).toEqual(secrets);

  // A rotation is known by the former one beside it.
  let former = secrets["MASTER_KEY"] ?? "";
  for (const key of ["AQ==", "Ag=="]) {
    writeFileSync(kept("staging.env"), `${file.replace(/^MASTER_KEY=.*$/m, `MASTER_KEY=${key}`)}MASTER_KEY_PREVIOUS=${former}\n`);
    const rotation = await deploy();
    expect(rotation.code, rotation.output).toBe(0);
    expect(cloudflare.scripts.get("audatec-voice-staging")?.secrets).toMatchObject({ MASTER_KEY: key, MASTER_KEY_PREVIOUS: former });
    former = `${key},${former}`;
  }

  const rotated = readFileSync(kept("staging.env"), "utf8").replace("CARRIER_KEYS=", "CARRIER_KEYS=k2:new,");
  writeFileSync(kept("staging.env"), rotated);
  expect((await deploy()).code).toBe(0);
  expect(cloudflare.scripts.get("audatec-voice-staging")?.secrets["CARRIER_KEYS"]).toMatch(/^k2:new,k1:/);

  // And with somebody else's.
  rmSync(kept("staging.json"));
  writeFileSync(kept("staging.env"), file.replace(/(PLATFORM_TOKEN=)./, "$1x"));
  const other = await deploy();
  expect([other.code, other.output]).toEqual([1, expect.stringContaining("does not accept the PLATFORM_TOKEN")]);
  expect(cloudflare.scripts.get("audatec-voice-staging")?.secrets["MASTER_KEY"]).toBe("Ag==");
  expect(edge.organisations).toHaveLength(1);
});

test("a bucket for old calls, and a name at workers.dev, are made where they are asked for", { timeout: 60_000 }, async () => {
  cloudflare.subdomain = null;
  expect((await deploy(["--archive"])).output).toContain("--subdomain NAME");
  const told = await deploy(["--archive", "--subdomain", "acme-calls"]);
  expect(told.code, told.output).toBe(0);
  expect([cloudflare.subdomain, cloudflare.buckets]).toEqual(["acme-calls", ["audatec-staging-archive"]]);
  expect(cloudflare.scripts.get("audatec-voice-staging")?.bindings).toContainEqual({ name: "ARCHIVE", type: "r2_bucket", bucket_name: "audatec-staging-archive" });
});

test("back to the version before; one that lacks objects' classes is refused, and the present one goes on", { timeout: 60_000 }, async () => {
  expect((await deploy()).code).toBe(0);
  expect((await deploy(["--rollback"])).output).toContain("No version of audatec-voice-staging served before");
  expect((await deploy()).code).toBe(0);
  const script = cloudflare.scripts.get("audatec-voice-staging");
  const [latest, first] = script?.versions ?? [];
  expect((await deploy(["--rollback", "--dry-run"])).output).toContain(`would go back from the version ${latest} to ${first}`);
  expect((await deploy(["--rollback"])).output).toContain(`version ${first}`);
  expect(cloudflare.scripts.get("audatec-voice-staging")?.deployments[0]?.version).toBe(first);

  worker(CLASSES.filter((name) => name !== "CampaignObject"));
  const older = await deploy();
  expect([older.code, older.output]).toEqual([1, expect.stringContaining("CampaignObject")]);
  expect(cloudflare.scripts.get("audatec-voice-staging")?.deployments[0]?.version).toBe(first);
});

test("the key that is printed works at the Worker that runs with the secrets that were uploaded", { timeout: 60_000 }, async () => {
  const dataDir = join(folder, "data");
  mkdirSync(dataDir);
  let local: Awaited<ReturnType<typeof startLocal>> | undefined;
  const port = new URL(edge.url).port;
  await edge.stop();
  cloudflare.onUpload = async ({ secrets }) => {
    writeFileSync(join(dataDir, "secrets.json"), JSON.stringify(secrets));
    local = await startLocal({ dataDir, port: Number(port), cron: false });
  };
  try {
    const told = await run(process.execPath, [inRoot("scripts/deploy.mjs"), "--built", join(folder, "worker"), "--url", `http://127.0.0.1:${port}`], {
      env: { CLOUDFLARE_API_TOKEN: TOKEN, CLOUDFLARE_API_BASE_URL: cloudflare.url, DEPLOY_DIR: join(folder, "kept"), DEPLOY_WAIT_SECONDS: "5" },
    });
    expect(told.code, told.output).toBe(0);
    const answer = await fetch(`${local?.url}/integration/v1/agents`, { headers: { authorization: `Bearer ${keyIn(told)}` } });
    expect([answer.status, await answer.json()]).toMatchObject([200, { agents: [] }]);
  } finally {
    await local?.stop();
    await edge.start();
  }
});
