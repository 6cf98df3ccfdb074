// The built Worker in Miniflare, and the requests that tests send it. Every response is checked against the rules that all of
// them share, and against the served OpenAPI document.

import { Response as MiniflareResponse } from "miniflare";
import { afterAll, beforeAll, expect } from "vitest";
import { type Local, type LocalOptions, startLocal, tellsOfBreakage } from "../../scripts/lib/local.mjs";
import { Contract } from "./contract.ts";
import {
  type Accepted,
  type Agent,
  type ApiKey,
  type CallObject,
  type CreatedOrg,
  type Role,
  type StatusObject,
  type Trunk,
  UUID,
} from "./shapes.ts";
import { until } from "./until.ts";

export const BASE_PATH = "/integration/v1";

/** A phone network and receivers that are quick to give up. */
export const FAST = {
  SIM_RING_MS: "30",
  SIM_TALK_MS: "60",
  RING_TIMEOUT_SECONDS: "0.5",
  MAX_CALL_SECONDS: "1.5",
  STALLED_AFTER_SECONDS: "0.5",
  WEBHOOK_TIMEOUT_SECONDS: "1",
  WEBHOOK_RETRY_SECONDS: "0.05,0.1",
};

/** Calls that stay as they are until a test stops them. */
export const LASTING = { ...FAST, SIM_RING_MS: "600000", RING_TIMEOUT_SECONDS: "3600", MAX_CALL_SECONDS: "3600" };

/** In place of the network: every receiver takes its callback, and nothing leaves the machine. */
export const noNetwork = () => new MiniflareResponse(null, { status: 204 });

/** The metadata of the reference's examples. */
export const METADATA = { customer_name: "Rahul Sharma", amount_due: "7500", due_date: "2026-06-20" };

export interface Answer<Body> {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed JSON; undefined for an empty body. */
  body: Body;
}

export interface Sent {
  /** Sent as JSON; a string or bytes are sent as they are. */
  body?: unknown;
  headers?: Record<string, string>;
}

export class Server {
  readonly #options: LocalOptions;
  #local: Local | undefined;
  #contract: Contract | null = null;
  readonly #log: string[] = [];

  constructor(options: LocalOptions = {}) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { vars, onLog: listener, ...options } = this.#options;
    const onLog = (level: string, message: string) => {
      this.#log.push(message);
      listener?.(level, message);
    };
    this.#local = await startLocal({ cron: false, onLog, ...options, vars: { ...FAST, ...vars } });
    this.#contract = await Contract.load(this.url);
  }

  /** Ends it as a crash would, and fails if the Worker broke on the way. */
  async stop(): Promise<void> {
    await this.#local?.stop();
    this.#local = undefined;
    expect(this.#log.filter(tellsOfBreakage)).toEqual([]);
  }

  get local(): Local {
    if (!this.#local) throw new Error("the Worker has not started");
    return this.#local;
  }

  get url(): string {
    return this.local.url;
  }

  /** All that the Worker wrote on its console. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** Holds a value against a schema of the served OpenAPI document. */
  checkSchema(name: string, value: unknown): void {
    this.#contract?.checkSchema(name, value);
  }

  client(key: string | null): Client {
    return new Client(this, key);
  }

  /** The local build's fault switch. */
  async faults(body: { dialer: boolean; keys: boolean }): Promise<void> {
    const response = await fetch(`${this.url}/local/faults`, {
      method: "PUT",
      headers: { authorization: `Bearer ${this.platform.key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(204);
  }

  /** The operator of the platform. */
  get platform(): Client {
    return this.client(this.local.secrets.PLATFORM_TOKEN);
  }

  /** One request to `path`, from the root. */
  async send<Body>(method: string, path: string, { body, headers = {} }: Sent = {}): Promise<Answer<Body>> {
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    const payload = isRaw ? (body as BodyInit) : JSON.stringify(body);
    const response = await fetch(this.url + path, {
      method,
      redirect: "manual",
      // No connection is used twice: on a busy machine the client may not have noticed yet that the server closed an idle one.
      headers: { connection: "close", ...(body !== undefined && !isRaw && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body: payload }),
    });
    return this.read(method, path, response);
  }

  /** Reads an answer and holds it against what is true of all. */
  async read<Body>(method: string, path: string, response: Response): Promise<Answer<Body>> {
    const text = await response.text();
    const { pathname } = new URL(path, this.url);
    checkCommonRules(`${method} ${pathname}`, response.status, response.headers, text);
    if (method !== "HEAD") this.#contract?.check(method, pathname, response.status, response.headers, text);
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (response.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text || "null") ?? undefined : undefined) as Body,
    };
  }
}

/** A Worker for all tests of a file. */
export function useServer(options: LocalOptions = {}): Server {
  const server = new Server(options);
  beforeAll(() => server.start());
  afterAll(() => server.stop());
  return server;
}

/** What an error's body holds beside the error. */
const MORE_TO_SAY: Record<string, string[]> = {
  [`429 POST ${BASE_PATH}/calls`]: ["call_id", "status"],
  [`410 GET ${BASE_PATH}/events`]: ["oldest_cursor"],
};

/** What a call is told beside the error that may be placed later. */
const NOT_NOW: Record<string, string[]> = { outside_calling_hours: ["opens_at"], contact_limit_reached: ["next_allowed_at"] };

function checkCommonRules(request: string, status: number, headers: Headers, text: string): void {
  const where = `${request} answered ${status} ${text}`;
  expect(status, where).not.toBe(500);
  expect(headers.get("x-request-id"), `X-Request-Id: ${where}`).toMatch(UUID);
  expect(headers.get("cache-control"), `Cache-Control: ${where}`).toBe("no-store");
  const file = request.includes(".csv") ? /^text\/csv; charset=utf-8$/ : request.endsWith("/export") ? /^application\/x-ndjson$/ : null;
  const type = request.startsWith("GET") && status === 200 && file ? file : /^application\/json\b/;
  if (text !== "") expect(headers.get("content-type"), `Content-Type: ${where}`).toMatch(type);
  if ([429, 502, 503].includes(status)) expect(headers.get("retry-after"), `Retry-After: ${where}`).toMatch(/^[1-9]\d*$/);
  if (status === 401) expect(headers.get("www-authenticate"), `WWW-Authenticate: ${where}`).toBe("Bearer");
  if (status === 405) expect(headers.get("allow"), `Allow: ${where}`).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
  if (status === 204) expect(text, where).toBe("");
  if (status < 400 || request.startsWith("HEAD")) return;
  expect(headers.get("x-error-code"), `X-Error-Code: ${where}`).toMatch(/^[a-z][a-z0-9_]+$/);
  const more = NOT_NOW[headers.get("x-error-code") ?? ""] ?? MORE_TO_SAY[`${status} ${request}`] ?? [];
  const body = JSON.parse(text) as Record<string, unknown>;
  // The attempt that followed a call which is over: where one did.
  const isFollowed = headers.get("x-error-code") === "call_already_terminal" && "next_call_id" in body;
  expect(Object.keys(body), where).toEqual(["error", ...more, ...(isFollowed ? ["next_call_id"] : [])]);
  expect(body["error"], where).toMatch(/\S/);
}

/** Whoever holds a key. Paths are those of the API, below its base path. */
export class Client {
  readonly server: Server;
  readonly key: string | null;

  constructor(server: Server, key: string | null) {
    this.server = server;
    this.key = key;
  }

  send<Body>(method: string, path: string, sent: Sent = {}): Promise<Answer<Body>> {
    return this.fromRoot(method, BASE_PATH + path, sent);
  }

  fromRoot<Body>(method: string, path: string, sent: Sent = {}): Promise<Answer<Body>> {
    const headers: Record<string, string> = this.key === null ? {} : { authorization: `Bearer ${this.key}` };
    return this.server.send(method, path, { ...sent, headers: { ...headers, ...sent.headers } });
  }

  get<Body>(path: string): Promise<Answer<Body>> {
    return this.send("GET", path);
  }

  post<Body>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Body>> {
    return this.send("POST", path, { body, ...(headers && { headers }) });
  }

  patch<Body>(path: string, body: unknown): Promise<Answer<Body>> {
    return this.send("PATCH", path, { body });
  }

  delete<Body>(path: string): Promise<Answer<Body>> {
    return this.send("DELETE", path);
  }
}

export interface NewTrunk {
  max_cps?: number;
  max_channels?: number;
  [field: string]: unknown;
}

/** An organisation with the agent of the reference's examples and a simulated trunk. */
export class Org {
  readonly server: Server;
  readonly id: string;
  readonly name: string;
  readonly owner: Client;
  readonly webhookSecret: string;
  readonly #clients = new Map<Role, Promise<Client>>();
  agent!: Agent;
  trunk!: Trunk;

  private constructor(server: Server, created: CreatedOrg) {
    this.server = server;
    this.id = created.org.id;
    this.name = created.org.name;
    this.owner = server.client(created.owner_key);
    this.webhookSecret = created.webhook_secret;
  }

  static async create(server: Server, trunk: NewTrunk = {}): Promise<Org> {
    const answer = await server.platform.fromRoot<CreatedOrg>("POST", "/platform/v1/orgs", { body: { name: "Acme" } });
    const org = new Org(server, created(answer));
    org.agent = await org.newAgent();
    org.trunk = await org.newTrunk(trunk);
    return org;
  }

  /** The organisation's client of this role; its key is made when it is first asked for. */
  async client(role: Role): Promise<Client> {
    if (role === "owner") return this.owner;
    const client = this.#clients.get(role) ?? this.newKey(role).then(({ key }) => this.server.client(key));
    this.#clients.set(role, client);
    return client;
  }

  async newKey(role: Role, more: Record<string, unknown> = {}): Promise<ApiKey> {
    return created(await this.owner.post<ApiKey>("/api-keys", { name: `A ${role}`, role, ...more }));
  }

  async newAgent(more: Record<string, unknown> = {}): Promise<Agent> {
    const agent = {
      name: "EMI Reminder Agent",
      agent_code: "emi-reminder-v2",
      input_schema: { fields: ["customer_name", "amount_due", "due_date"], sample_context: METADATA },
      ...more,
    };
    return created(await this.owner.post<Agent>("/agents", agent));
  }

  async newTrunk(more: NewTrunk = {}): Promise<Trunk> {
    const trunk = {
      name: "India Prod Trunk 1",
      trunk_phone: "+918069000000",
      max_cps: 1000,
      max_channels: 100,
      carrier: { type: "simulator" },
      ...more,
    };
    return created(await this.owner.post<Trunk>("/sip-trunks", trunk));
  }

  /** The body of a `POST /calls` that is accepted; `undefined` takes a field away. */
  request(more: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      phone_number: "+919876543210",
      agent_id: this.agent.id,
      sip_trunk_id: this.trunk.id,
      metadata: METADATA,
      ...more,
    };
  }

  async trigger<Body = Accepted>(more: Record<string, unknown> = {}, headers?: Record<string, string>): Promise<Answer<Body>> {
    return (await this.client("member")).post<Body>("/calls", this.request(more), headers);
  }

  /** Triggers a call that is accepted. */
  async call(more: Record<string, unknown> = {}): Promise<string> {
    return created(await this.trigger(more)).call_id;
  }

  async status(callId: string): Promise<StatusObject> {
    return found(await (await this.client("viewer")).get<StatusObject>(`/calls/${callId}/status`));
  }

  async detail(callId: string): Promise<CallObject> {
    return found(await (await this.client("viewer")).get<CallObject>(`/calls/${callId}`));
  }

  /** Waits until the call's status is this one. */
  async reached(callId: string, status: StatusObject["call_status"]): Promise<StatusObject> {
    return until(`call ${callId} to be ${status}`, async () => {
      const now = await this.status(callId);
      if (now.is_terminal && now.call_status !== status) throw new Error(`the call ended ${now.call_status}`);
      return now.call_status === status && now;
    });
  }

  /** Waits until the call is terminal. */
  async ended(callId: string, timeoutMs?: number): Promise<StatusObject> {
    const ask = async () => {
      const status = await this.status(callId);
      return status.is_terminal && status;
    };
    return until(`call ${callId} to end`, ask, timeoutMs);
  }
}

/** Makes so many, twenty at a time. */
export async function inTurns<T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let n = 0; n < count; n += 20) made.push(...(await Promise.all(Array.from({ length: Math.min(20, count - n) }, (_, i) => make(n + i)))));
  return made;
}

/** The body of a 201. */
export function created<Body>(answer: Answer<Body>): Body {
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** The body of a 200. */
export function found<Body>(answer: Answer<Body>): Body {
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

/** Exactly this refusal. */
export function expectError(answer: Answer<unknown>, status: number, error: string, code?: string): void {
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body: { error } });
  if (code) expect(answer.headers.get("x-error-code")).toBe(code);
}
