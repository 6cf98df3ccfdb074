// An integrator's server: records each callback and answers as told.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";
import type { Notification } from "./shapes.ts";
import { until } from "./until.ts";

export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** The exact bytes, as text. */
  body: string;
  at: number;
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  /** Leaves the request without an answer. */
  hang?: boolean;
  /** Sends the status line, and no end of the body. */
  endless?: boolean;
  /** Closes the connection instead of answering. */
  drop?: boolean;
  /** Answers when this resolves. */
  after?: Promise<unknown>;
  /** Answers so much later. */
  afterMs?: number;
}

export class Receiver {
  readonly #server = createServer((request, response) => void this.#take(request, response));
  readonly #received: Received[] = [];
  readonly #scripts = new Map<string, (Reply | number)[]>();
  #paths = 0;

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = Date.now();
    const body = await text(request).catch(() => undefined);
    if (body === undefined) return; // its sender died
    const { method = "", url: path = "", headers } = request;
    this.#received.push({ method, path, headers, body, at });
    await this.#answer(path, response);
  }

  async #answer(path: string, response: ServerResponse): Promise<void> {
    const script = this.#scripts.get(path);
    const next = (script && script.length > 1 ? script.shift() : script?.[0]) ?? 200;
    const reply: Reply = typeof next === "number" ? { status: next } : next;
    await reply.after;
    if (reply.afterMs) await delay(reply.afterMs);
    if (reply.hang) return;
    if (reply.drop) return void response.destroy();
    response.writeHead(reply.status, reply.headers);
    if (reply.endless) response.write("and");
    else response.end();
  }

  /** A new address of this server; it gives these answers, one a request, and the last one for ever. */
  url(...script: (Reply | number)[]): string {
    this.#paths += 1;
    const path = `/hooks/${this.#paths}`;
    if (script.length > 0) this.#scripts.set(path, script);
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** What came to `url` so far. */
  received(url: string): Received[] {
    const { pathname } = new URL(url);
    return this.#received.filter(({ path }) => path === pathname);
  }

  notifications(url: string): Notification[] {
    return this.received(url).map(({ body }) => JSON.parse(body) as Notification);
  }

  /** Waits for so many requests to `url`. */
  async expect(url: string, count = 1, timeoutMs?: number): Promise<[Received, ...Received[]]> {
    const received = await until(
      `${count} requests to ${url}`,
      () => (this.received(url).length >= count ? this.received(url) : undefined),
      timeoutMs,
    );
    return received as [Received, ...Received[]];
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

/** A receiver for all tests of a file. */
export function useReceiver(): Receiver {
  const receiver = new Receiver();
  beforeAll(() => receiver.start());
  afterAll(() => receiver.stop());
  return receiver;
}
