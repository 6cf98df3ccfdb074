// An integrator that carries on whatever happens to the server: requests that got no response are retried with the same
// Idempotency-Key, and it remembers everything that it was ever told.

import { once } from "node:events";
import http from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { BASE_PATH, METADATA } from "../edge/harness.ts";
import type { Receiver, Reply } from "../edge/receiver.ts";
import type { Accepted, CallObject, ListedCall, Live, StatusObject } from "../edge/shapes.ts";
import { between, oneOf } from "./chance.ts";

/** The ten numbers, and how a call to each ends. */
export const NUMBERS: readonly [number: string, ends: StatusObject["call_status"]][] = [
  ["+15005550000", "Completed"],
  ["+15005550001", "Decline"],
  ["+15005550002", "Decline"],
  ["+15005550003", "SIP Call Failed"],
  ["+15005550004", "SIP Call Failed"],
  ["+15005550005", "Trigger Failed"],
  ["+15005550006", "Completed"],
  ["+15005550007", "Completed"],
  ["+15005550008", "Completed"],
  ["+15005550009", "Completed"],
];

/** How the receivers behave: most take a callback at once, some are slow, some fail at first. */
const RECEIVERS: [() => (Reply | number)[], ...(() => (Reply | number)[])[]] = [
  () => [],
  () => [],
  () => [500, 200],
  () => [{ status: 0, drop: true }, 200],
  () => [{ status: 200, afterMs: between(50, 400) }, 200],
];

const AT_ONCE = 3;
const LONGEST_PAUSE_MS = 80;
/** A server that is killed may leave a connection that says nothing. */
const PATIENCE_MS = 10_000;

/** One call that is wanted: asked for until it is accepted. */
export interface Wanted {
  key: string;
  body: string;
  phone: string;
  ends: StatusObject["call_status"];
  callbackUrl: string;
  /** From the 201. */
  callId?: string;
}

export interface Access {
  url: string;
  ownerKey: string;
  agentId: string;
  trunkId: string;
}

/** A POST of which the server has all but the last byte. */
export interface UnderWay {
  /** Sends that, too; resolves when it is on its way. */
  finish(): Promise<void>;
  /** Resolves when it was answered, or died. */
  settled: Promise<void>;
}

interface Answer {
  status: number;
  text: string;
}

export class Integrator {
  readonly #access: Access;
  readonly #receiver: Receiver;
  readonly wanted: Wanted[] = [];
  /** The first status that was terminal, of each call that was seen in one, as it was written. */
  readonly #final = new Map<string, string>();
  /** Answers that contradict an earlier one. */
  readonly contradictions: string[] = [];
  /** POSTs that died without an answer. */
  unanswered = 0;

  constructor(access: Access, receiver: Receiver) {
    this.#access = access;
    this.#receiver = receiver;
  }

  get accepted(): Wanted[] {
    return this.wanted.filter(({ callId }) => callId !== undefined);
  }

  /** Asks for up to so many calls, those not answered yet first, and looks at old ones, until the signal. */
  async drive(calls: number, until: AbortSignal): Promise<void> {
    const open = this.wanted.filter(({ callId }) => callId === undefined);
    while (open.length < calls) open.push(this.#want());
    const work = Array.from({ length: AT_ONCE }, async () => {
      while (!until.aborted) {
        const next = open.shift();
        if (next) await this.#trigger(next, until);
        else await this.#look(until);
        await delay(between(5, LONGEST_PAUSE_MS));
      }
    });
    await Promise.all(work);
  }

  /**
   * Begins to ask for one more call, and resolves when all of its request but the last byte is on its way: it is under way,
   * and nobody can have answered it.
   */
  async begin(): Promise<UnderWay> {
    const wanted = this.#want();
    const body = Buffer.from(wanted.body);
    const request = http.request(`${this.#access.url}${BASE_PATH}/calls`, {
      method: "POST",
      agent: false,
      headers: { ...this.#headers(wanted), "content-length": body.length, authorization: `Bearer ${this.#access.ownerKey}` },
    });
    const ended = once(request, "response").then(
      async ([response]: http.IncomingMessage[]) => {
        if (response) this.#take(wanted, { status: response.statusCode ?? 0, text: await text(response) });
      },
    );
    const settled = ended.catch(() => void (this.unanswered += 1));
    await new Promise<void>((sent, failed) => {
      request.once("error", failed);
      request.write(body.subarray(0, -1), () => sent());
    });
    const finish = () => new Promise<void>((sent) => request.end(body.subarray(-1), sent));
    return { finish, settled };
  }

  /** Asks for every call that was not accepted yet. */
  async insist(): Promise<void> {
    const never = new AbortController().signal;
    for (const wanted of this.wanted) if (wanted.callId === undefined) await this.#trigger(wanted, never);
  }

  #want(): Wanted {
    const at = this.wanted.length;
    const [phone, ends] = NUMBERS[at % NUMBERS.length] ?? ["", "Completed"];
    const callbackUrl = this.#receiver.url(...oneOf(...RECEIVERS)());
    const { agentId, trunkId } = this.#access;
    const body = {
      phone_number: phone,
      agent_id: agentId,
      sip_trunk_id: trunkId,
      metadata: METADATA,
      callback_url: callbackUrl,
      on_capacity: oneOf("reject", "queue"),
    };
    const wanted = { key: `call-${at}`, body: JSON.stringify(body), phone, ends, callbackUrl };
    this.wanted.push(wanted);
    return wanted;
  }

  async #trigger(wanted: Wanted, until: AbortSignal): Promise<void> {
    let answer;
    try {
      answer = await this.#fetch("/calls", { method: "POST", headers: this.#headers(wanted), body: wanted.body }, until);
    } catch {
      this.unanswered += 1;
      return;
    }
    this.#take(wanted, answer);
  }

  #headers({ key }: Wanted) {
    return { "content-type": "application/json", "idempotency-key": key };
  }

  #take(wanted: Wanted, answer: Answer): void {
    if (answer.status !== 201) throw new Error(`POST /calls answered ${answer.status} ${answer.text}`);
    wanted.callId = (JSON.parse(answer.text) as Accepted).call_id;
  }

  /** Looks at a call, and holds what it is told against what it was told before. */
  async #look(until: AbortSignal): Promise<void> {
    const { callId } = this.accepted[between(0, this.accepted.length - 1)] ?? {};
    if (callId === undefined) return;
    try {
      await this.status(callId, until);
    } catch (error) {
      if (error instanceof Refused) this.contradictions.push(error.message);
    }
  }

  async status(callId: string, until?: AbortSignal): Promise<StatusObject> {
    const text = await this.#get(`/calls/${callId}/status`, until);
    const first = this.#final.get(callId);
    if (first !== undefined && first !== text) this.contradictions.push(`${first} became ${text}`);
    const status = JSON.parse(text) as StatusObject;
    if (status.is_terminal) this.#final.set(callId, first ?? text);
    return status;
  }

  async detail(callId: string): Promise<CallObject> {
    return JSON.parse(await this.#get(`/calls/${callId}`)) as CallObject;
  }

  async live(): Promise<Live> {
    return JSON.parse(await this.#get(`/sip-trunks/${this.#access.trunkId}/live`)) as Live;
  }

  /** The ids of all calls there are. */
  async list(): Promise<string[]> {
    const ids: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: string = await this.#get(`/calls?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      const { calls, next_cursor } = JSON.parse(page) as { calls: ListedCall[]; next_cursor: string | null };
      ids.push(...calls.map(({ id }) => id));
      cursor = next_cursor;
    }
    return ids;
  }

  /** Lifts the demo trunk's limits, which are not what is tried here. */
  async liftLimits(): Promise<void> {
    const limits = { method: "PATCH", headers: { "content-type": "application/json" }, body: '{"max_cps":1000,"max_channels":1000}' };
    const { status, text } = await this.#fetch(`/sip-trunks/${this.#access.trunkId}`, limits);
    if (status !== 200) throw new Refused(`PATCH answered ${status} ${text}`);
  }

  async #get(path: string, until?: AbortSignal): Promise<string> {
    const { status, text } = await this.#fetch(path, {}, until);
    if (status !== 200) throw new Refused(`GET ${path} answered ${status} ${text}`);
    return text;
  }

  /**
   * Settles whatever becomes of the server. The cut is an event of its own: of a connection that died while a body was
   * read, Node's `fetch` may tell nobody, nor of an abort whose `AbortSignal.any` was garbage-collected.
   */
  async #fetch(path: string, request: RequestInit, until?: AbortSignal): Promise<Answer> {
    until?.throwIfAborted();
    const end = new AbortController();
    const cut = () => end.abort();
    const patience = setTimeout(cut, PATIENCE_MS);
    until?.addEventListener("abort", cut, { once: true });
    const wasCut = new Promise<never>((_, reject) => {
      end.signal.addEventListener("abort", () => reject(end.signal.reason), { once: true });
    });
    try {
      return await Promise.race([this.#ask(path, { ...request, signal: end.signal }), wasCut]);
    } finally {
      clearTimeout(patience);
      until?.removeEventListener("abort", cut);
    }
  }

  async #ask(path: string, request: RequestInit): Promise<Answer> {
    const headers = { ...request.headers, authorization: `Bearer ${this.#access.ownerKey}` };
    const response = await fetch(`${this.#access.url}${BASE_PATH}${path}`, { ...request, headers });
    return { status: response.status, text: await response.text() };
  }
}

/** The server answered, and not as it must. */
class Refused extends Error {}
