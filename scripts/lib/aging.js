// For the Worker (see stale-kv.mjs): KV namespaces that go on giving the answer they first gave.

/** @typedef {Record<string, any>} Env */

/**
 * @param {number} staleMs how old an answer may be, including a miss
 * @param {string[]} names the namespaces' bindings
 * @returns {(env: Env) => Env} the same bindings, with these namespaces aged
 */
export function aging(staleMs, names) {
  /** Each read's first answer, and when it was given: as one location of Cloudflare's network would have it. @type {Map<string, { answer: unknown, at: number }>} */
  const answered = new Map();

  /** @param {string} key @param {() => Promise<unknown>} read */
  const remembered = async (key, read) => {
    const known = answered.get(key);
    if (known && Date.now() < known.at + staleMs) return known.answer;
    const answer = await read();
    answered.set(key, { answer, at: Date.now() });
    return answer;
  };

  /** @param {string} name @param {any} kv */
  const aged = (name, kv) => ({
    get: (/** @type {string} */ key, /** @type {unknown} */ options) => remembered(`${name} get ${key}`, () => kv.get(key, options)),
    list: (/** @type {unknown} */ options) => remembered(`${name} list ${JSON.stringify(options)}`, () => kv.list(options)),
    put: (/** @type {unknown[]} */ ...args) => kv.put(...args),
    delete: (/** @type {string} */ key) => kv.delete(key),
  });

  return (env) => ({ ...env, ...Object.fromEntries(names.map((name) => [name, aged(name, env[name])])) });
}
