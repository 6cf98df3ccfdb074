// Where a deployed Worker is reached: this platform, as far as a deployment uses it. It is up once a version has its secrets.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export class Edge {
  /** Those of the version that serves. */
  secrets: Record<string, string> = {};
  readonly organisations: { id: string; name: string; owner_key: string }[] = [];
  /** The answer to the next requests for an organisation is lost on its way back, so often. */
  lose = 0;
  readonly #answers = new Map<string, string>();
  #server: Server | undefined;

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => this.#server?.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const say = (status: number, body: object) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (!this.secrets["MASTER_KEY"]) return void say(503, { error: "Not ready" });
    if (request.url === "/healthz") return void say(200, { status: "ok" });
    if (request.headers.authorization !== `Bearer ${this.secrets["PLATFORM_TOKEN"]}`) return void say(401, { error: "Unauthorized" });
    const { name } = JSON.parse(Buffer.concat(chunks).toString()) as { name?: string };
    if (!name) return void say(400, { error: "name is required" });
    const key = String(request.headers["idempotency-key"]);
    const answer = this.#answers.get(key) ?? this.#create(name);
    this.#answers.set(key, answer);
    if (this.lose-- > 0) return void request.socket.destroy();
    response.writeHead(201, { "content-type": "application/json" }).end(answer);
  }

  #create(name: string): string {
    const id = String(this.organisations.length + 1);
    const made = { id, name, owner_key: `audtk_${createHash("sha256").update(id).digest("hex")}` };
    this.organisations.push(made);
    return JSON.stringify(made);
  }
}
