// What the runtime loads: the handlers, and the Rust side's objects, with every call guarded.
//
// A trap (a panic, or running out of stack or memory) ends the WebAssembly instance that all requests and objects of the isolate
// share. The glue creates a new instance at the next call, but a promise that the dead one owed is never settled, and an object
// created in it is never usable again. So at a trap every call under way fails at once: a request is answered with 500, a batch
// is delivered again, and an object is reset in the same turn, which undoes the rows it wrote in that turn.

import { DurableObject } from "cloudflare:workers";
import * as rust from "wasm-glue";
import { eraseOwn } from "./erase.js";
import { withResolvers } from "./hops.js";
import { told } from "./list.js";
import { logError } from "./log.js";
import { head, readBody } from "./platform.js";
import { prefersStream, stream } from "./stream.js";

/**
 * How long a request may go unanswered. The timer has another purpose too: the runtime would cancel a request that waits for
 * nothing but a dead instance as hung, before it could learn of the trap.
 */
const REQUEST_LIMIT_MS = 60_000;

// The runtime reports what is thrown, but nothing about a promise that is rejected without a handler.
addEventListener("unhandledrejection", ({ reason }) => logError("promise_rejected", reason));

/** The sender of a request broke off before its end: nobody will read the response. */
const GONE = new Error("The sender is gone");

/** @type {Set<(error: Error) => void>} */
const underWay = new Set();

/** Counts the instances that died: whatever was created in any but the present one is dead. */
let instance = 0;

rust.setOnTrap(() => {
  instance += 1;
  const error = new Error("The WebAssembly instance trapped");
  for (const reject of underWay) reject(error);
  underWay.clear();
});

/**
 * @template T
 * @param {() => T | Promise<T>} call
 * @param {number} [limitMs]
 * @returns {T | Promise<T>} the call's result, or a rejection if its instance dies or the limit passes
 */
function guarded(call, limitMs) {
  const made = instance;
  const answer = call();
  if (made !== instance) throw new Error("The WebAssembly instance trapped");
  return answer instanceof Promise ? watched(answer, limitMs) : answer;
}

/**
 * @template T
 * @param {Promise<T>} answer
 * @param {number} [limitMs]
 * @returns {Promise<T>}
 */
function watched(answer, limitMs) {
  // At a trap, the request in which it happened rejects all of these.
  const { promise, resolve, reject } = withResolvers();
  const timer = limitMs && setTimeout(() => fail(new Error(`no answer within ${limitMs} ms`)), limitMs);
  const end = () => {
    underWay.delete(reject);
    if (timer) clearTimeout(timer);
  };
  /** @param {unknown} error */
  const fail = (error) => {
    end();
    reject(error);
  };
  underWay.add(reject);
  answer.then((value) => {
    end();
    resolve(value);
  }, fail);
  return promise;
}

function internalError() {
  const headers = { "cache-control": "no-store", "x-error-code": "internal_error", "x-request-id": crypto.randomUUID() };
  return Response.json({ error: "Internal server error" }, { status: 500, headers });
}

export default {
  /** @param {Request} request @param {{ FEED_STREAM_SECONDS?: string }} env @param {unknown} ctx */
  async fetch(request, env, ctx) {
    /** @param {Request} request */
    const answer = async (request) => {
      const body = await readBody(request, rust.bodyLimit);
      if (!body) throw GONE;
      return guarded(() => rust.fetch(head(request), body, request, env, ctx), REQUEST_LIMIT_MS);
    };
    try {
      const isStream = prefersStream(request.headers.get("accept")) && rust.streams(request.method, request.url);
      if (isStream) return await stream(request, answer, env);
      const response = await answer(request);
      const goOn = async (/** @type {string} */ rest) => guarded(() => rust.goOn(rest, env, ctx), REQUEST_LIMIT_MS);
      return response.rest === undefined ? response : told(response, response.rest, goOn);
    } catch (error) {
      if (error !== GONE) logError("request_failed", error);
      return internalError();
    }
  },

  /** @param {unknown} batch @param {unknown} env @param {unknown} ctx */
  queue: (batch, env, ctx) => guarded(() => rust.queue(batch, env, ctx)),

  /** @param {unknown} event @param {unknown} env @param {unknown} ctx */
  scheduled: (event, env, ctx) => guarded(() => rust.scheduled(event, env, ctx)),
};

/** @param {new (ctx: unknown, env: unknown) => rust.RustObject} RustClass */
function objectClass(RustClass) {
  return class extends DurableObject {
    #instance = instance;
    #rust = new RustClass(this.ctx, this.env);

    #begin() {
      this.#instance = instance;
      this.#rust = new RustClass(this.ctx, this.env);
    }

    /** @param {Request} request */
    async fetch(request) {
      if (request.method !== "POST") return eraseOwn(this.ctx, request, () => this.#begin());
      const command = await request.arrayBuffer().catch(() => null);
      if (!command) return new Response("whoever asked is gone", { status: 400 });
      if ("sql" in this.#rust && request.url.endsWith("/local/sql")) return this.#call((object) => new Response(object.sql?.(new TextDecoder().decode(command))));
      const reply = await this.#call((object) => object.fetch(new Uint8Array(command)));
      return reply ? new Response(reply) : new Response("storage failed", { status: 500 });
    }

    alarm() {
      return this.#call((object) => object.alarm());
    }

    /**
     * @template T
     * @param {(object: rust.RustObject) => T | Promise<T>} call
     * @returns {Promise<T>}
     */
    async #call(call) {
      if (this.#instance !== instance) this.#begin(); // another's trap, while this object had nothing to do
      try {
        return await guarded(() => call(this.#rust));
      } catch (error) {
        if (this.#instance !== instance) this.ctx.abort("The WebAssembly instance trapped");
        throw error;
      }
    }
  };
}

export const TrunkObject = objectClass(rust.TrunkObject);
export const DirectoryObject = objectClass(rust.DirectoryObject);
export const ErrandObject = objectClass(rust.ErrandObject);
export const ContactsObject = objectClass(rust.ContactsObject);
export const CampaignObject = objectClass(rust.CampaignObject);
