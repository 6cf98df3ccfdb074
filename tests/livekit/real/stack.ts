// A private LiveKit, on loopback only: redis, the server, a SIP node, telephones, and the agent.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SipClient } from "livekit-server-sdk";
import { inRoot } from "../../../scripts/lib/paths.mjs";
import { until } from "../../edge/until.ts";
import { Phone } from "./phone.ts";
import { SCENARIOS, scenario, type Telephone } from "./sipp.ts";

export const KEY = "APItestkey";
export const SECRET = "a secret for the tests, thirty-two bytes long";
const BIN = inRoot("build/livekit/bin");

/** Whom a trunk leads to: SIPp, an address where nobody is, or the tests' own phone. */
export type Line = Telephone | "nobody" | "phone";

/** A worker: its name, which is that of the agents it serves, its environment, and what it runs in place of the agent. */
export type Worker = readonly [name: string, env: Record<string, string>, module?: string];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

export class Stack {
  readonly #folder = mkdtempSync(join(tmpdir(), "livekit-"));
  readonly #children = new Map<string, ChildProcess>();
  readonly #output = new Map<string, string>();
  url = "";
  /** LiveKit's own trunk to each telephone. */
  readonly trunks = new Map<Line, string>();
  readonly phone = new Phone();

  /** `webhookUrl` is told what happens. */
  async start(webhookUrl: string): Promise<void> {
    const [redis, port, tcp, sip] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    this.#run("redis", "redis-server", ["--port", String(redis), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    await this.says("redis", "Ready to accept connections");
    this.url = `ws://127.0.0.1:${port}`;
    const config = {
      port,
      bind_addresses: ["127.0.0.1"],
      keys: { [KEY]: SECRET },
      redis: { address: `127.0.0.1:${redis}` },
      rtc: { tcp_port: tcp, udp_port: await freePort(), node_ip: "127.0.0.1", use_external_ip: false, enable_loopback_candidate: true, stun_servers: ["127.0.0.1:9"] },
      webhook: { api_key: KEY, urls: [webhookUrl] },
    };
    writeFileSync(join(this.#folder, "livekit.yaml"), JSON.stringify(config)); // JSON is YAML
    this.#run("livekit", join(BIN, "server"), ["--config", join(this.#folder, "livekit.yaml")]);
    await this.says("livekit", "starting LiveKit server");
    await this.#startSip(redis, sip);
    await this.#startTelephones();
  }

  /** An agent's worker, ready for its calls. */
  async startAgent([name, env, module]: Worker): Promise<void> {
    const server = { LIVEKIT_URL: this.url, LIVEKIT_API_KEY: KEY, LIVEKIT_API_SECRET: SECRET };
    const idle = env["AGENT_IDLE_PROCESSES"] ?? "3";
    const common = { AGENT_NAME: name, AGENT_ALWAYS_AVAILABLE: "1", AGENT_IDLE_PROCESSES: idle, AGENT_HEALTH_ADDRESS: "127.0.0.1:0" };
    const program = inRoot(`build/livekit/venv/bin/${module ? "python" : "audatec-agent"}`);
    this.#run(name, program, [...(module ? ["-m", module] : []), "start"], { ...server, ...common, ...env });
    await this.says(name, "registered worker", 60_000);
    // A machine with much to do starts a process more slowly than the platform waits for an agent.
    const ready = () => this.output(name).split('"process initialized"').length > Number(idle);
    await this.#until(name, `${idle} processes of ${name}`, ready, 120_000);
  }

  /** Tells a worker to stop, as an operator does. */
  stopAgent(name: string): void {
    this.#children.get(name)?.kill("SIGTERM");
  }

  /** Kills a worker and all processes of its calls, as a machine that fails does. */
  killAgent(name: string): void {
    const pid = this.#children.get(name)?.pid;
    if (!pid) throw new Error(`no worker ${name}`);
    for (const each of [...descendants(pid), pid]) {
      try {
        process.kill(each, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
  }

  /** The exit code of a program that is about to end. */
  async exitCode(name: string, timeoutMs: number): Promise<number | null | undefined> {
    const code = () => this.#children.get(name)?.exitCode;
    await this.#until(name, `${name} to end`, () => code() !== null, timeoutMs);
    return code();
  }

  async #startSip(redis: number, port: number): Promise<void> {
    const env = { LIVEKIT_API_KEY: KEY, LIVEKIT_API_SECRET: SECRET };
    const real = process.env["LIVEKIT_SIP"];
    console.log(real ? `SIP through livekit-sip: ${real}` : "SIP through the tests' own stand-in node (LIVEKIT_SIP names no livekit-sip)");
    if (real) {
      const config = {
        api_key: KEY,
        api_secret: SECRET,
        ws_url: this.url,
        redis: { address: `127.0.0.1:${redis}` },
        sip_port: port,
        // It keeps a call's port for half a minute and more; below those that the system gives away.
        rtp_port: "10000-19999",
        use_external_ip: false,
        // "service ready" is said at level debug alone.
        logging: { level: "debug" },
        // It refuses calls on a machine with much to do.
        max_cpu_utilization: 1,
      };
      this.#run("sip", real, [], { SIP_CONFIG_BODY: JSON.stringify(config) });
      await this.says("sip", "service ready");
    } else {
      this.#run("sip", join(BIN, "sipnode"), ["-redis", `127.0.0.1:${redis}`, "-livekit", this.url, "-port", String(port)], env);
      await this.says("sip", "sipnode ready");
    }
  }

  async #startTelephones(): Promise<void> {
    const client = new SipClient(this.url.replace("ws:", "http:"), KEY, SECRET);
    const trunk = async (name: Line, port: number) => {
      const { sipTrunkId } = await client.createSipOutboundTrunk(name, `127.0.0.1:${port}`, ["+15550000000"], { transport: 1 });
      this.trunks.set(name, sipTrunkId);
    };
    await trunk("nobody", await freePort());
    await this.phone.start();
    await trunk("phone", this.phone.port);
    for (const name of Object.keys(SCENARIOS) as Telephone[]) {
      const port = await freePort();
      const file = join(this.#folder, `${name}.xml`);
      writeFileSync(file, scenario(name));
      const folder = join(this.#folder, name);
      mkdirSync(folder);
      this.#run(name, "sipp", ["-sf", file, "-i", "127.0.0.1", "-p", String(port), "-mp", String(20_000 + 2 * this.trunks.size * 100), "-rtp_echo", "-t", "u1", "-nostdin"], {}, folder);
      await trunk(name, port);
    }
  }

  #run(name: string, command: string, args: string[], env: Record<string, string> = {}, cwd = this.#folder): void {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    this.#children.set(name, child);
    this.#output.set(name, "");
    const take = (chunk: Buffer) => void this.#output.set(name, (this.#output.get(name) ?? "") + chunk);
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", (error) => take(Buffer.from(String(error))));
  }

  output(name: string): string {
    return this.#output.get(name) ?? "";
  }

  async says(name: string, text: string, timeoutMs = 20_000): Promise<void> {
    await this.#until(name, `${name} to say "${text}"`, () => this.output(name).includes(text), timeoutMs);
  }

  /** Waits; a wait in vain shows what the program said last. */
  async #until(name: string, what: string, holds: () => boolean, timeoutMs: number): Promise<void> {
    await until(what, holds, timeoutMs).catch((error) => {
      throw new Error(`${error}\n${this.output(name).slice(-6_000)}`);
    });
  }

  stop(): void {
    for (const child of [...this.#children.values()].reverse()) child.kill("SIGKILL");
    this.phone.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The processes that a process has started, and theirs. */
function descendants(pid: number): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parent = (name: string) => {
    try {
      return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1]);
    } catch {
      return undefined; // it has ended
    }
  };
  const children = pids.filter((name) => parent(name) === pid).map(Number);
  return children.flatMap((child) => [...descendants(child), child]);
}
