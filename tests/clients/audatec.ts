// The command line as its users have it: packed, installed into an empty project, and run as a process.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { packCli } from "../../scripts/lib/packages.mjs";
import { emptyProject } from "./installed.ts";

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  ended: Promise<Ran>;
  /** Waits until it has said this. */
  said(what: RegExp): Promise<void>;
  stop(): void;
}

export class Audatec {
  readonly folder: string;
  readonly script: string;
  readonly env: Record<string, string>;

  constructor(folder: string, env: Record<string, string>) {
    this.folder = folder;
    this.script = join(folder, "node_modules/audatec/dist/audatec.js");
    this.env = env;
  }

  static async install(name: string, env: Record<string, string>): Promise<Audatec> {
    return new Audatec(await emptyProject(name, [await packCli()]), env);
  }

  /** With other settings. */
  with(env: Record<string, string>): Audatec {
    return new Audatec(this.folder, env);
  }

  start(args: string[], input = ""): Running {
    const { PATH = "", HOME = "" } = process.env;
    const child = spawn(process.execPath, [this.script, ...args], {
      cwd: this.folder,
      env: { PATH, HOME, ...this.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let heard = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    child.stdin.on("error", () => {}); // it may end without having read
    child.stdin.end(input);
    const code = new Promise<number | null>((resolve) => child.on("close", resolve));
    const ended = Promise.all([code, text(child.stdout), text(child.stderr)]).then(([code, stdout, stderr]) => ({ code, stdout, stderr }));
    const said = async (what: RegExp) => {
      for (let isOver = false; !what.test(heard); ) {
        if (isOver) throw new Error(`it ended without ${what}: ${heard}`);
        isOver = await Promise.race([ended.then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, 20, false))]);
      }
    };
    return { ended, said, stop: () => void child.kill() };
  }

  run(args: string[], input?: string): Promise<Ran> {
    return this.start(args, input).ended;
  }

  /** What it prints with --json, where it ends with this code; several lines are a list. */
  async json<T>(args: string[], code = 0): Promise<T> {
    const ran = await this.run([...args, "--json"]);
    if (ran.code !== code) throw new Error(`audatec ${args.join(" ")} ended with ${ran.code}: ${ran.stderr}`);
    return JSON.parse(ran.stdout) as T;
  }
}

/** Lines of JSON. */
export const lines = <T>(stdout: string): T[] =>
  stdout
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
