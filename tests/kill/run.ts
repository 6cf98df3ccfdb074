// A local run that is killed and started again on its data, with its clients.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readIfThere } from "../../scripts/lib/paths.mjs";
import { BASE_PATH, METADATA } from "../edge/harness.ts";
import { freePort, LocalProcess, readDemo } from "../edge/local-process.ts";
import { until } from "../edge/until.ts";

/** `npm start` without its builds. */
const SERVE = [process.execPath, "scripts/start.mjs", "--built"] as const;

export interface Answer<Body> {
  status: number;
  body: Body;
}

export class Run {
  readonly #dataDir = mkdtempSync(join(tmpdir(), "kill-numbers-"));
  readonly #env: NodeJS.ProcessEnv;
  #process: LocalProcess;
  #access: Record<string, string> = {};
  readonly #broken: string[] = [];

  private constructor(env: NodeJS.ProcessEnv) {
    this.#env = { SIM_JOURNAL: "true", DATA_DIR: this.#dataDir, ...env };
    this.#process = new LocalProcess(this.#env, SERVE);
  }

  static async begin(env: NodeJS.ProcessEnv): Promise<Run> {
    const run = new Run({ ...env, PORT: String(await freePort()) });
    await run.#process.ready();
    run.#access = readDemo(run.#dataDir);
    return run;
  }

  get agent(): string {
    return this.#access["AGENT_ID"] ?? "";
  }

  get trunk(): string {
    return this.#access["TRUNK_ID"] ?? "";
  }

  /** The whole process group dies, and another takes over its data. */
  async dies(): Promise<void> {
    await this.#process.killAll();
    this.#broken.push(...this.#process.broken);
    this.#process = new LocalProcess(this.#env, SERVE);
    await this.#process.ready();
  }

  /** What any of its lives said that nobody caught. */
  get broken(): string[] {
    return [...this.#broken, ...this.#process.broken];
  }

  async end(): Promise<void> {
    await this.#process.kill("SIGTERM");
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  /** The ids of the calls whose phones rang, one a ring. */
  rung(): string[] {
    return (readIfThere(join(this.#dataDir, "dials.log")) ?? "").split("\n").filter(Boolean);
  }

  /** Asks once; nothing when no answer comes. */
  async ask<Body>(method: string, path: string, body?: unknown, key?: string): Promise<Answer<Body> | undefined> {
    const headers = { authorization: `Bearer ${this.#access["OWNER_KEY"]}`, "content-type": "application/json", ...(key && { "idempotency-key": key }) };
    const request = { method, headers, signal: AbortSignal.timeout(15_000), ...(body !== undefined && { body: JSON.stringify(body) }) };
    try {
      const response = await fetch(`${this.#access["BASE_URL"]}${BASE_PATH}${path}`, request);
      return { status: response.status, body: parsed(await response.text()) as Body };
    } catch {
      return undefined;
    }
  }

  /** Asks until there is an answer that is none of want of luck. */
  insist<Body>(method: string, path: string, body?: unknown, key?: string): Promise<Answer<Body>> {
    return until(`${method} ${path} to be answered`, async () => {
      const answer = await this.ask<Body>(method, path, body, key);
      return answer !== undefined && answer.status < 500 && answer;
    });
  }

  call(phone_number: string, more: object = {}): object {
    return { phone_number, agent_id: this.agent, sip_trunk_id: this.trunk, metadata: METADATA, ...more };
  }
}

/** A file that is no JSON is told as its text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text || "null");
  } catch {
    return text;
  }
}
