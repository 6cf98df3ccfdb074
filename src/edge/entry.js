// What the runtime loads: the handlers and the objects of the Rust side, each call guarded.
//
// A trap (a panic, memory or stack used up) ends the WebAssembly instance that every request and object of the isolate
// shares. The glue makes a new instance at the next call, but a promise that the dead one owed is never settled, and an
// object made in it is never usable again. So at a trap every call under way fails at once, and an object is made anew
// from its storage, which is all that it may rely on anyway.

import { DurableObject } from "cloudflare:workers";
import * as rust from "wasm-glue";

/** @type {Set<(error: Error) => void>} */
const underWay = new Set();
let instance = 0;

rust.setOnTrap(() => {
  instance += 1;
  const error = new Error("The WebAssembly instance trapped");
  for (const reject of underWay) reject(error);
  underWay.clear();
});

/**
 * @template T
 * @param {() => Promise<T>} call
 * @returns {Promise<T>} what the call answers, or a rejection if the instance dies first
 */
function guarded(call) {
  return new Promise((resolve, reject) => {
    underWay.add(reject);
    const settle = (/** @type {(value: any) => void} */ how) => (/** @type {any} */ value) => {
      underWay.delete(reject);
      how(value);
    };
    try {
      call().then(settle(resolve), settle(reject));
    } catch (error) {
      settle(reject)(error);
    }
  });
}

function internalError() {
  return Response.json(
    { error: "Internal server error" },
    { status: 500, headers: { "cache-control": "no-store", "x-error-code": "internal", "x-request-id": crypto.randomUUID() } },
  );
}

export default {
  async fetch(/** @type {Request} */ request, /** @type {unknown} */ env, /** @type {unknown} */ ctx) {
    try {
      return await guarded(() => rust.fetch(request, env, ctx));
    } catch (error) {
      console.error("fetch failed:", error);
      return internalError();
    }
  },

  // A batch that throws is delivered again whole: at least once is what the queue promises.
  queue: (/** @type {unknown} */ batch, /** @type {unknown} */ env, /** @type {unknown} */ ctx) =>
    guarded(() => rust.queue(batch, env, ctx)),

  scheduled: (/** @type {unknown} */ event, /** @type {unknown} */ env, /** @type {unknown} */ ctx) =>
    guarded(() => rust.scheduled(event, env, ctx)),
};

/** @param {new (ctx: unknown, env: unknown) => any} RustClass */
function objectClass(RustClass) {
  return class extends DurableObject {
    #inner = new RustClass(this.ctx, this.env);
    #instance = instance;

    /** The Rust object, of the instance that lives. */
    get #rust() {
      if (this.#instance !== instance) {
        this.#inner = new RustClass(this.ctx, this.env);
        this.#instance = instance;
      }
      return this.#inner;
    }

    fetch(/** @type {Request} */ request) {
      return guarded(() => this.#rust.fetch(request));
    }

    alarm() {
      return guarded(() => this.#rust.alarm());
    }
  };
}

export const TrunkObject = objectClass(rust.TrunkObject);
export const DirectoryObject = objectClass(rust.DirectoryObject);
