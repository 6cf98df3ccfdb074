// The local run as a separate process, for tests that end it as a supervisor, or a failing machine, would.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { tellsOfBreakage } from "../../scripts/lib/local.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";

export class LocalProcess {
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #output = "";
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;

  /** In a process group of its own, so that a signal can reach all that it started. */
  constructor(env: NodeJS.ProcessEnv, [command, ...args]: readonly [string, ...string[]] = ["npm", "start"]) {
    this.#child = spawn(command, args, {
      cwd: inRoot(),
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let onReady = () => {};
    this.#ready = new Promise<void>((resolve) => {
      onReady = resolve;
    });
    const take = (chunk: Buffer) => {
      this.#output += chunk.toString();
      if (/^ready /m.test(this.#output)) onReady();
    };
    this.#child.stdout?.on("data", take);
    this.#child.stderr?.on("data", take);
    // `exit`, not `close`: a workerd left over would hold the pipes open.
    this.ended = new Promise((resolve) => this.#child.on("exit", resolve));
    const end = () => this.#signalGroup("SIGKILL");
    process.once("exit", end); // a group of its own outlives the tests' Ctrl-C
    void this.ended.then(() => process.off("exit", end));
  }

  get output(): string {
    return this.#output;
  }

  /** The lines of its Worker that tell of something that broke and nobody caught. */
  get broken(): string[] {
    return this.#output.split("\n").filter((line) => line.startsWith("[worker]") && tellsOfBreakage(line.slice("[worker] ".length)));
  }

  /** Resolves at the line that says it serves. */
  ready(): Promise<void> {
    const failed = this.ended.then((code) => {
      throw new Error(`the local run ended with ${code}:\n${this.#output}`);
    });
    return Promise.race([this.#ready, failed]);
  }

  /** Signals the command, as a supervisor would; resolves with the exit code. */
  kill(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended;
  }

  /** Ends all that it started (Node, workerd) in the same moment, as a failing machine does. */
  killAll(): Promise<number | null> {
    this.#signalGroup("SIGKILL");
    return this.ended;
  }

  #signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error("the local run did not start");
    process.kill(-pid, signal);
  }
}

/** What the local run keeps of its demo organisation. */
export function readDemo(dataDir: string): Record<string, string> {
  const lines = readFileSync(join(dataDir, "demo.env"), "utf8").trim().split("\n");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
