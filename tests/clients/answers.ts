// A server that answers as told, and remembers the requests it received.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll } from "vitest";

export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

/** `cut` closes the connection when the request was read. */
export type Told =
  | "cut"
  | { status: number; headers?: Record<string, string>; body?: unknown }
  | ((response: ServerResponse, asked: Asked) => void);

export class Answers {
  readonly asked: Asked[] = [];
  #script: Told[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  /** Begins anew with these answers, one a request, and the last one for ever. */
  script(...script: [Told, ...Told[]]): void {
    this.#script = script;
    this.asked.length = 0;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = request;
    const asked = { method, path, headers, body: await text(request), at: performance.now() };
    this.asked.push(asked);
    const told = (this.#script.length > 1 ? this.#script.shift() : this.#script[0]) ?? "cut";
    if (told === "cut") return void request.socket.destroy();
    if (typeof told === "function") return told(response, asked);
    response.writeHead(told.status, { "content-type": "application/json", ...told.headers });
    response.end(told.body === undefined ? "{}" : JSON.stringify(told.body));
  }

  start(): Promise<void> {
    return new Promise((done) => this.#server.listen(0, "127.0.0.1", done));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

/** One for all tests of a file. */
export function useAnswers(): Answers {
  const answers = new Answers();
  beforeAll(() => answers.start());
  afterAll(() => answers.stop());
  return answers;
}
