// The path from the agents to the platform, which a test can cut for one call's report.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

export class Relay {
  /** Where the platform is, once it has started. */
  target = "";
  readonly #server = createServer((request, response) => void this.#take(request, response));
  readonly #cutOff = new Set<string>();
  /** When each attempt to report a call was made. */
  readonly #attempts = new Map<string, number[]>();
  readonly #tokens = new Map<string, string>();

  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** From now on no report of this call comes through: its connections break. */
  cutOff(call: string): void {
    this.#cutOff.add(call);
  }

  restore(call: string): void {
    this.#cutOff.delete(call);
  }

  attempts(call: string): readonly number[] {
    return this.#attempts.get(call) ?? [];
  }

  /** What a call's agent authenticated itself with. */
  token(call: string): string | undefined {
    return this.#tokens.get(call);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = "", method = "", headers } = request;
    const call = url.split("/").at(-1) ?? "";
    this.#attempts.set(call, [...this.attempts(call), performance.now()]);
    const { authorization = "", "content-type": type = "" } = headers;
    this.#tokens.set(call, authorization.replace("Bearer ", ""));
    if (this.#cutOff.has(call)) return void request.socket.destroy();
    const answer = await fetch(this.target + url, { method, headers: { authorization, "content-type": type }, body: await text(request) });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" }).end(await answer.text());
  }
}
