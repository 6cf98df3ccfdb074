// A stand-in for Cloudflare's API, as far as a deployment uses it: an account with what was created in it. Each request, and each
// response, is checked against what Cloudflare publishes. It fails as told.

import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Asked, wrongIn, wrongInAnswer } from "./published.ts";

export const ACCOUNT = "0123456789abcdef0123456789abcdef";
export const TOKEN = "token-of-the-account";

export interface Binding {
  name: string;
  type: string;
  text?: string;
  namespace_id?: string;
  queue_name?: string;
  bucket_name?: string;
  class_name?: string;
}

export interface Script {
  name: string;
  secrets: Record<string, string>;
  bindings: Binding[];
  migrationTag: string | undefined;
  classes: string[];
  main: string;
  crons: string[];
  onWorkersDev: boolean;
  versions: string[];
  deployments: { id: string; version: string; created_on: string }[];
}

interface Queue {
  queue_id: string;
  queue_name: string;
  consumers: { consumer_id: string; script_name: string; type: "worker"; settings: object }[];
}

/** Answers a request in place of the account; `nothing` lets it through. */
export type Fault = (asked: Asked) => { status: number; code?: number; message?: string; headers?: Record<string, string>; after?: boolean } | undefined;

class No extends Error {
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const notThere = (message: string) => new No(404, 10007, message);
const id = () => randomBytes(16).toString("hex");
const isObjectClass = (source: string, name: string) => new RegExp(`\\b${name}\\b`).test(source);

export class Cloudflare {
  readonly namespaces: { id: string; title: string }[] = [];
  readonly queues: Queue[] = [];
  readonly buckets: string[] = [];
  readonly scripts = new Map<string, Script>();
  /** What was asked, as `POST /accounts/…/queues`. */
  readonly asked: string[] = [];
  /** What did not keep to what is published. */
  readonly wrong: string[] = [];
  faults: Fault[] = [];
  accounts = [{ id: ACCOUNT, name: "Acme" }];
  subdomain: string | null = "acme";
  /** Called once a version serves. */
  onUpload: (script: Script) => Promise<void> = async () => {};
  #server: Server | undefined;

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}/client/v4`;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.#answer(request)
        .catch((error: unknown) => {
          if (!(error instanceof No)) this.wrong.push(`the stand-in broke: ${error}`);
          const no = error instanceof No ? error : new No(500, 10013, String(error));
          return { status: no.status, body: { success: false, errors: [{ code: no.code, message: no.message }], messages: [], result: null }, headers: {} };
        })
        .then(({ status, body, headers }) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body)));
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** All that was asked to be made or changed. */
  get writes(): string[] {
    return this.asked.filter((asked) => !asked.startsWith("GET "));
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body: object; headers: Record<string, string> }> {
    const url = new URL(request.url ?? "/", "http://stand-in");
    const asked: Asked = {
      method: request.method ?? "GET",
      path: url.pathname.replace("/client/v4", ""),
      query: url.searchParams,
      body: await bodyOf(request),
      byWrangler: request.headers["user-agent"] !== "audatec-deploy",
    };
    this.asked.push(`${asked.method} ${asked.path}`);
    const wrong = wrongIn(asked);
    if (wrong) {
      this.wrong.push(wrong);
      throw new No(400, 10001, wrong);
    }
    const fault = this.faults.map((one) => one(asked)).find((one) => one !== undefined);
    // One that fails `after` did what it was asked, and the answer is lost.
    if (fault?.after) await this.#result(asked, request);
    if (fault) return { status: fault.status, headers: fault.headers ?? {}, body: failure(fault.code ?? 10013, fault.message ?? "Internal error") };
    const result = await this.#result(asked, request);
    const wrongAnswer = wrongInAnswer(asked.method, asked.path, result);
    if (wrongAnswer) this.wrong.push(wrongAnswer);
    return { status: 200, headers: {}, body: { success: true, errors: [], messages: [], result } };
  }

  async #result(asked: Asked, request: IncomingMessage): Promise<unknown> {
    const isUpload = asked.path.endsWith("/workers/assets/upload");
    if (!isUpload && request.headers.authorization !== `Bearer ${TOKEN}`) throw new No(401, 1000, "Invalid API Token");
    if (asked.path.startsWith("/user")) return { id: "token", status: "active" };
    if (asked.path === "/accounts") return this.accounts.map((account) => ({ ...account, type: "standard" }));
    const [, account, ...rest] = asked.path.split("/").slice(1);
    if (account !== ACCOUNT) throw new No(403, 10000, "Authentication error");
    const [area, ...parts] = rest;
    if (area === "storage") return this.#kv(asked);
    if (area === "queues") return this.#queue(asked, parts);
    if (area === "r2") return this.#bucket(asked, parts[1]);
    if (parts[0] === "subdomain") return this.#subdomain(asked);
    if (parts[0] === "assets") return { jwt: "completion.of.assets" };
    return this.#script(asked, parts);
  }

  #kv({ method, query, body }: Asked): unknown {
    if (method === "GET") {
      const [page, size] = [Number(query.get("page") ?? 1), Number(query.get("per_page") ?? 20)];
      return this.namespaces.slice((page - 1) * size, page * size);
    }
    const { title } = body as { title: string };
    if (this.namespaces.some((one) => one.title === title)) throw new No(400, 10014, "create namespace: 'a namespace with this account ID and title already exists'");
    const made = { id: id(), title };
    this.namespaces.push(made);
    return made;
  }

  #queue({ method, query, body }: Asked, [queueId, , consumerId]: string[]): unknown {
    if (!queueId && method === "GET") return this.queues.filter(({ queue_name }) => queue_name === (query.get("name") ?? queue_name)).map(asTold);
    if (!queueId) {
      const { queue_name } = body as { queue_name: string };
      if (this.queues.some((one) => one.queue_name === queue_name)) throw new No(409, 11009, `Queue name '${queue_name}' is already taken. Please use a different name and try again.`);
      const made = { queue_id: id(), queue_name, consumers: [] };
      this.queues.push(made);
      return asTold(made);
    }
    const queue = this.queues.find((one) => one.queue_id === queueId);
    if (!queue) throw notThere("queue not found");
    if (method === "GET") return asTold(queue).consumers;
    const { script_name, settings = {} } = body as { script_name: string; settings?: object };
    const consumer = { consumer_id: consumerId ?? id(), script_name, type: "worker" as const, settings };
    if (!consumerId && queue.consumers.length > 0) throw new No(409, 11004, "queue has a consumer already");
    queue.consumers = [consumer];
    return asTold(queue).consumers?.[0];
  }

  #bucket({ method, body }: Asked, name: string | undefined): unknown {
    const wanted = name ?? (body as { name: string }).name;
    const isThere = this.buckets.includes(wanted);
    if (method === "GET" && !isThere) throw new No(404, 10006, "The specified bucket does not exist.");
    if (method === "POST" && isThere) throw new No(409, 10004, "The bucket you tried to create already exists, and you own it.");
    if (method === "POST") this.buckets.push(wanted);
    return { name: wanted };
  }

  #subdomain({ method, body }: Asked): unknown {
    if (method === "PUT") this.subdomain = (body as { subdomain: string }).subdomain;
    if (!this.subdomain) throw notThere("You do not have a workers.dev subdomain.");
    return { subdomain: this.subdomain };
  }

  async #script(asked: Asked, [kind, name = "", what]: string[]): Promise<unknown> {
    const script = this.scripts.get(name);
    if (what === undefined && asked.method === "PUT") return this.#upload(asked, name, true);
    if (what === "versions" && asked.method === "POST") return this.#upload(asked, name, false);
    if (what === "assets-upload-session") return { jwt: "completion.of.assets", buckets: [] };
    if (!script) throw notThere("This Worker does not exist on your account.");
    if (kind === "services") return { id: name, default_environment: { environment: "production", script: scriptOf(script) }, environments: [] };
    if (kind === "workers") return workerOf(script);
    return this.#part(asked, script, what ?? "");
  }

  async #part({ method, body }: Asked, script: Script, what: string): Promise<unknown> {
    switch (what) {
      case "secrets":
        return Object.keys(script.secrets).map((name) => ({ name, type: "secret_text" }));
      case "settings":
        return { bindings: script.bindings };
      case "script-settings":
        return body;
      case "schedules":
        script.crons = (body as { cron: string }[]).map(({ cron }) => cron);
        return { schedules: script.crons.map((cron) => ({ cron })) };
      case "subdomain":
        if (method === "POST") script.onWorkersDev = (body as { enabled: boolean }).enabled;
        return { enabled: script.onWorkersDev, previews_enabled: false };
      case "deployments":
        if (method === "POST") return this.#serve(script, (body as { versions: { version_id: string }[] }).versions[0]?.version_id ?? "");
        return { deployments: script.deployments.map(deploymentOf) };
      default:
        throw notThere(what);
    }
  }

  /** As Cloudflare serves another version: only one that exports what objects are of. */
  async #serve(script: Script, version: string): Promise<unknown> {
    if (!script.versions.includes(version)) throw new No(404, 10145, "version not found");
    const made = { id: randomUUID(), version, created_on: new Date().toISOString() };
    script.deployments = [made, ...script.deployments];
    await this.onUpload(script);
    return deploymentOf(made);
  }

  /** A new version, which serves at once or is to be deployed. */
  async #upload({ body }: Asked, name: string, serves: boolean): Promise<unknown> {
    const { metadata, modules } = body as { metadata: any; modules: Record<string, string> };
    const before = this.scripts.get(name);
    const source = modules[metadata.main_module] ?? "";
    const steps: { new_sqlite_classes?: string[] }[] = metadata.migrations?.steps ?? [];
    if (metadata.migrations?.old_tag !== before?.migrationTag && metadata.migrations) throw new No(412, 10079, "Migration tag precondition failed");
    const classes = [...(before?.classes ?? []), ...steps.flatMap((step) => step.new_sqlite_classes ?? [])];
    const lost = classes.find((of) => !isObjectClass(source, of));
    if (lost) throw new No(400, 10064, `New version of script does not export class '${lost}' which is depended on by existing Durable Objects.`);
    const bindings = (metadata.bindings as Binding[]).map((one) => (one.type === "inherit" ? inherited(before, one.name) : one));
    for (const binding of bindings) this.#mustExist(binding);
    const version = randomUUID();
    const sent = bindings.filter(({ type }) => type === "secret_text").map(({ name, text }) => [name, text ?? ""] as const);
    const script: Script = {
      name,
      secrets: { ...(metadata.keep_bindings?.includes("secret_text") && before?.secrets), ...Object.fromEntries(sent) },
      bindings: bindings.filter(({ type }) => type !== "secret_text"),
      migrationTag: metadata.migrations?.new_tag ?? before?.migrationTag,
      classes,
      main: source,
      crons: before?.crons ?? [],
      onWorkersDev: before?.onWorkersDev ?? false,
      versions: [version, ...(before?.versions ?? [])],
      deployments: before?.deployments ?? [],
    };
    this.scripts.set(name, script);
    if (!serves) return { id: version, number: script.versions.length, startup_time_ms: 3, resources: { script: { etag: version, handlers: [] } }, metadata: {} };
    await this.#serve(script, version);
    return { ...scriptOf(script), startup_time_ms: 3 };
  }

  #mustExist({ type, namespace_id, queue_name, bucket_name }: Binding): void {
    if (type === "kv_namespace" && !this.namespaces.some((one) => one.id === namespace_id)) throw new No(400, 10041, `KV namespace '${namespace_id}' is not valid.`);
    if (type === "queue" && !this.queues.some((one) => one.queue_name === queue_name)) throw new No(400, 11000, `Queue "${queue_name}" does not exist.`);
    if (type === "r2_bucket" && !this.buckets.includes(bucket_name ?? "")) throw new No(400, 10085, `R2 bucket '${bucket_name}' not found.`);
  }
}

function inherited(before: Script | undefined, name: string): Binding {
  const found = before?.bindings.find((one) => one.name === name);
  if (!found) throw new No(400, 10021, `no binding ${name} to inherit`);
  return found;
}

const failure = (code: number, message: string) => ({ success: false, errors: [{ code, message }], messages: [], result: null });

const asTold = ({ queue_id, queue_name, consumers }: Queue) => ({
  queue_id,
  queue_name,
  // Wrangler knows its own by `script`.
  consumers: consumers.map((one) => ({ ...one, script: one.script_name, queue_name })),
  consumers_total_count: consumers.length,
  producers: [],
  producers_total_count: 0,
});

const scriptOf = ({ name, migrationTag, versions }: Script) => ({ id: name, etag: versions[0], tag: name, migration_tag: migrationTag, deployment_id: versions[0] });

const deploymentOf = ({ id, version, created_on }: Script["deployments"][number]) => ({
  id,
  created_on,
  source: "api",
  strategy: "percentage",
  versions: [{ percentage: 100, version_id: version }],
});

const workerOf = ({ name, onWorkersDev }: Script) => ({
  id: id(),
  name,
  created_on: new Date().toISOString(),
  updated_on: new Date().toISOString(),
  deployed_on: new Date().toISOString(),
  logpush: false,
  observability: {},
  references: {},
  subdomain: { enabled: onWorkersDev, previews_enabled: false },
  tags: [],
  tail_consumers: [],
});

/** A body as the schema has it: JSON, or the metadata and the modules of an upload. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const type = request.headers["content-type"] ?? "";
  if (bytes.length === 0) return undefined;
  if (!type.startsWith("multipart/form-data")) return JSON.parse(bytes.toString());
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  const entries = await Promise.all([...form].map(async ([name, value]) => [name, typeof value === "string" ? value : await value.text()] as const));
  const { metadata, ...modules } = Object.fromEntries(entries);
  if (metadata === undefined) return modules;
  const body = { metadata: JSON.parse(metadata) as unknown };
  Object.defineProperty(body, "modules", { value: modules });
  return body;
}
