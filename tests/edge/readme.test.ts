// The README's commands, pasted verbatim: a first call with its callback, and secrets that are created, kept and rotated.

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { ensureDemo } from "../../scripts/lib/seed.mjs";
import { Cloudflare, TOKEN } from "../deploy/stand-in/cloudflare.ts";
import { Edge } from "../deploy/stand-in/edge.ts";
import { World } from "../livekit/world.ts";
import { Server } from "./harness.ts";
import type { CreatedOrg } from "./shapes.ts";
import { until } from "./until.ts";

const README = readFileSync(inRoot("README.md"), "utf8");
const COMMANDS = [...README.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands = ""]) => commands);

/** The one block of commands with this in it. */
function commands(part: string | RegExp): string {
  const found = COMMANDS.filter((block) => (typeof part === "string" ? block.includes(part) : part.test(block)));
  expect(found, String(part)).toHaveLength(1);
  return found[0] ?? "";
}

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "readme-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Pastes commands into a shell in the folder; what they print. */
async function paste(text: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, output, stdout } = await run("bash", ["-c", text], { cwd: folder, env });
  expect(code, output).toBe(0);
  return stdout;
}

test("a first call has a callback_url, and its callback is seen to arrive", { timeout: 180_000 }, async () => {
  const dataDir = join(folder, ".local");
  mkdirSync(dataDir);
  const server = new Server({ dataDir, vars: { SIM_RING_MS: "100", SIM_TALK_MS: "1100" } });
  await server.start();
  try {
    await ensureDemo(dataDir, server.url, server.local.secrets.PLATFORM_TOKEN);
    const accepted = JSON.parse(await paste(commands(`"callback_url":"'$CALLBACK_URL'"`))) as { call_id: string };

    const [, status = ""] = /`(curl -s \S+\/status [^`]+)`/.exec(README) ?? [];
    const asked = `. .local/demo.env\n${status.replace(/calls\/[^/]+\//, `calls/${accepted.call_id}/`)}`;
    await until("the call to complete", async () => (JSON.parse(await paste(asked)) as { call_status: string }).call_status === "Completed");
    const looked = `. .local/demo.env\n${commands(/^curl -s \$BASE_URL\/studio\/receiver/)}`;
    const [came] = await until("its callback", async () => {
      const { received } = JSON.parse(await paste(looked)) as { received: { verified: boolean; body: string }[] };
      return received.length > 0 && received;
    });
    expect(came?.verified).toBe(true);
    expect(JSON.parse(came?.body ?? "")).toMatchObject({ event: "call.completed", call_id: accepted.call_id });
    // A second call while something has arrived: the address is still read out of the answer whole.
    expect(JSON.parse(await paste(commands(`"callback_url":"'$CALLBACK_URL'"`)))).toMatchObject({ status: "triggered" });
  } finally {
    await server.stop();
  }
});

/** A stand-in of Cloudflare, and what it was sent. */
async function withCloudflare<T>(work: (env: NodeJS.ProcessEnv, uploaded: () => Record<string, string>) => Promise<T>): Promise<T> {
  const [cloudflare, edge] = [new Cloudflare(), new Edge()];
  cloudflare.onUpload = async ({ secrets }) => void (edge.secrets = secrets);
  await Promise.all([cloudflare.start(), edge.start()]);
  const env = { CLOUDFLARE_API_BASE_URL: cloudflare.url, CLOUDFLARE_API_TOKEN: TOKEN, DEPLOY_DIR: join(folder, ".deploy"), EDGE: edge.url };
  try {
    return await work(env, () => edge.secrets);
  } finally {
    await Promise.all([cloudflare.stop(), edge.stop()]);
    expect(cloudflare.wrong).toEqual([]);
  }
}

/** As it stands, but for the build, the account's token and the address. */
const deploying = (text: string) =>
  text.replace(/^export CLOUDFLARE_API_TOKEN=.*$/m, "").replace(/^npm run deploy(?: --)?/gm, `node ${inRoot("scripts/deploy.mjs")} --built ${inRoot("build/local")} --url $EDGE`);

/** A checkout, as far as wrangler and git look at it. */
async function checkOut(): Promise<void> {
  for (const name of [".gitignore", "package.json", "wrangler.toml"]) copyFileSync(inRoot(name), join(folder, name));
  for (const name of ["scripts", "node_modules", "tools"]) symlinkSync(inRoot(name), join(folder, name));
  await paste("git init -q && git add -A && git -c user.name=x -c user.email=x@example.com commit -qm x");
}

const secretsIn = (text: string) =>
  Object.fromEntries(text.trim().split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
const kept = () => secretsIn(readFileSync(join(folder, ".deploy/production.env"), "utf8"));

/** Only its owner reads the file, and git sees neither it nor anything else that is new. */
async function isKeptWell(): Promise<void> {
  expect(statSync(join(folder, ".deploy/production.env")).mode & 0o777).toBe(0o600);
  expect(await paste("git status --porcelain")).toBe("");
  expect(await paste("git add -A && git ls-files | grep -c production || true")).toBe("0\n");
}

test("secrets are kept in a file that git does not see, and rotated with it", { timeout: 240_000 }, async () => {
  await checkOut();
  await withCloudflare(async (env, uploaded) => {
    const make = deploying(commands("npm run deploy -- --dry-run"));
    await paste(make, env);
    const made = kept();
    expect(Object.keys(made)).toEqual(["MASTER_KEY", "PLATFORM_TOKEN", "CARRIER_KEYS"]);
    expect(uploaded()).toEqual(made);
    await isKeptWell();
    await paste(make, env); // once more by mistake: nothing is lost
    expect(kept()).toEqual(made);
    expect(uploaded()).toEqual(made);

    // A Worker with what was uploaded, in front of a LiveKit.
    const dataDir = join(folder, ".local");
    mkdirSync(dataDir);
    const bind = () => writeFileSync(join(dataDir, "secrets.json"), JSON.stringify(uploaded()));
    const world = new World({ dataDir });
    const again = async () => {
      await world.server.stop();
      bind();
      await world.server.start();
      world.livekit.webhooks.url = `${world.server.url}/carrier/livekit`;
    };
    bind();
    await world.start();
    try {
      const founded = await paste(commands("/platform/v1/orgs").replace("https://YOUR-WORKER", world.server.url));
      expect((JSON.parse(founded) as CreatedOrg).owner_key).toMatch(/^audtk_/);
      const storage = { bucket: "calls", access_key: "AKIA", secret: "the storage's secret" };
      await world.org.owner.patch("/settings", { recordings: storage });

      await paste(deploying(commands("&k2:$(openssl")), env);
      expect(kept()).toEqual({ ...made, CARRIER_KEYS: expect.stringMatching(/^k2:[\w+/]{43}=,k1:[\w+/]{43}=$/) });
      expect(kept()["CARRIER_KEYS"]).toContain(made["CARRIER_KEYS"]);
      expect(uploaded()).toEqual(kept());
      await isKeptWell();
      await again();
      const former = async () => {
        await world.server.local.runCron();
        const where = { BASE_URL: world.server.url, PLATFORM_TOKEN: world.server.platform.key ?? "" };
        const { carrier_keys } = JSON.parse(await paste(commands("health?limit=1"), where)) as { carrier_keys: Record<string, unknown> };
        expect(carrier_keys["newest"]).toBe("k2");
        return carrier_keys;
      };
      // The trunk's and the recordings', both of which are sealed anew then.
      const found = await former();
      expect(found).toMatchObject({ former_secrets: 2, former_seen_at: expect.any(String) });
      expect(await former()).toEqual({ ...found, former_secrets: 0 });

      await paste(deploying(commands("/^CARRIER_KEYS=/s|,.*||")), env);
      expect(kept()["CARRIER_KEYS"]).toMatch(/^k2:[\w+/]{43}=$/);
      expect(uploaded()).toEqual(kept());
      await isKeptWell();
      await again();
      const placed = await world.call();
      expect((await world.ended(placed)).call_status).toBe("Completed");
      const egress = world.livekit.asked.find(({ method }) => method === "Egress/StartRoomCompositeEgress");
      expect(JSON.stringify(egress?.body)).toContain("the storage's secret");

      const before = kept();
      await paste(deploying(commands("MASTER_KEY_PREVIOUS=")), env);
      const { MASTER_KEY, PLATFORM_TOKEN, ...same } = kept();
      expect(same).toEqual({ CARRIER_KEYS: before["CARRIER_KEYS"], MASTER_KEY_PREVIOUS: before["MASTER_KEY"], PLATFORM_TOKEN_PREVIOUS: before["PLATFORM_TOKEN"] });
      expect(MASTER_KEY).not.toBe(before["MASTER_KEY"]);
      expect(uploaded()).toEqual(kept());
      await isKeptWell();
      await again();
      // The owner's key and the call's id are of the former one.
      expect((await world.org.detail(placed.id)).call_status).toBe("Completed");
      // The secret of alerts, as docs/operating.md has it.
      const [, alerts = ""] = /```sh\n([^`]*ALERT_SECRET[^`]*)```/.exec(readFileSync(inRoot("docs/operating.md"), "utf8")) ?? [];
      await paste(deploying(alerts), env);
      expect(uploaded()).toEqual({ ...same, MASTER_KEY, PLATFORM_TOKEN, ALERT_SECRET: expect.stringMatching(/^whsec_[\w+/]{43}=$/) });
      await isKeptWell();
    } finally {
      await world.stop();
    }
  });
});
