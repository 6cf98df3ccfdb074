// An S3-compatible storage: it has files, checks each signature (AWS Signature Version 4) with code of its own, and fails as
// told.

import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

export class FakeStorage {
  readonly secret = "the storage's secret";
  /** What is there, by path: `/bucket/key`. */
  readonly files = new Set<string>();
  /** What it answers next, in place of doing as it is asked; nothing: it does not answer at all. */
  readonly script: (number | undefined)[] = [];
  /** What was asked of it, and what it answered. */
  readonly asked: { method: string; path: string; status: number | undefined }[] = [];
  readonly #server = createServer((request, response) => this.#take(request, response));

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { method = "", url: path = "" } = request;
    const status = this.script.length > 0 ? this.script.shift() : this.#serve(request);
    this.asked.push({ method, path, status });
    if (status !== undefined) response.writeHead(status).end();
  }

  #serve(request: IncomingMessage): number {
    const { method, url: path = "" } = request;
    if (!this.#isSigned(request)) return 403;
    if (method !== "DELETE") return 405;
    this.files.delete(decodeURIComponent(path));
    return 204;
  }

  #isSigned({ method, url: path = "", headers }: IncomingMessage): boolean {
    const given = /^AWS4-HMAC-SHA256 Credential=AKIA\/(\d{8}\/[^,]+), SignedHeaders=([^,]+), Signature=(\w+)$/.exec(headers.authorization ?? "");
    const [, scope = "", names = "", signature] = given ?? [];
    const signed = names.split(";").map((name) => `${name}:${String(headers[name])}\n`);
    const digest = String(headers["x-amz-content-sha256"]);
    const canonical = [method, path, "", signed.join(""), names, digest].join("\n");
    const date = String(headers["x-amz-date"]);
    const key = scope.split("/").reduce<string | Buffer>((key, part) => hmac(key, part), `AWS4${this.secret}`);
    const isFresh = Math.abs(Date.parse(date.replace(/(....)(..)(..T..)(..)(..Z)/, "$1-$2-$3:$4:$5")) - Date.now()) < 900_000;
    const expected = hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n")).toString("hex");
    return isFresh && digest === sha256("") && scope.endsWith("/ap-south-1/s3/aws4_request") && signature === expected;
  }
}
