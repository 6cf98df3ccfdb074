// Cloudflare's API, as far as a deployment calls it directly; Wrangler does the rest. Node built-ins only.

import { setTimeout as delay } from "node:timers/promises";
import { UserError } from "../log.mjs";

const BASE_URL = "https://api.cloudflare.com/client/v4";
/** How often a request is tried that may be sent again. */
const TRIES = 4;
const LONGEST_WAIT_MS = 60_000;

/** Cloudflare refused a request. */
export class Refused extends Error {
  /** @param {string} asked @param {number} status @param {{ code: number, message: string }[]} errors */
  constructor(asked, status, errors) {
    super(`${asked} answered ${status}${errors.map(({ code, message }) => `, ${message} [${code}]`).join("")}`);
    this.status = status;
    this.codes = errors.map(({ code }) => code);
  }
}

/** A retry may succeed: Cloudflare or the network failed. */
export class Trouble extends Error {}

/**
 * @typedef {object} Api
 * @property {string} token
 * @property {string} baseUrl
 * @property {(method: string, path: string, of: { permission: string, body?: unknown }) => Promise<any>} ask resolves to the
 * response's `result`
 */

/** @param {NodeJS.ProcessEnv} env @returns {Api} */
export function apiOf(env) {
  const token = env["CLOUDFLARE_API_TOKEN"];
  if (!token) {
    throw new UserError(
      "CLOUDFLARE_API_TOKEN is not set. Create a token in Cloudflare's dashboard (My Profile, API Tokens, Create Custom Token) with these " +
        "permissions of the account: Workers Scripts: Edit, Workers KV Storage: Edit, Queues: Edit, Account Settings: Read.",
    );
  }
  const baseUrl = (env["CLOUDFLARE_API_BASE_URL"] || BASE_URL).replace(/\/$/, "");
  return { token, baseUrl, ask: (method, path, of) => ask({ token, baseUrl }, method, path, of) };
}

/**
 * @param {{ token: string, baseUrl: string }} api
 * @param {string} method
 * @param {string} path
 * @param {{ permission: string, body?: unknown }} of `permission` is what the token needs for it
 */
async function ask({ token, baseUrl }, method, path, { permission, body }) {
  const asked = `${method} ${path}`;
  for (let tries = 1; ; tries++) {
    const answer = await fetch(baseUrl + path, {
      method,
      headers: { authorization: `Bearer ${token}`, "user-agent": "audatec-deploy", ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch((error) => new Trouble(`${asked}: ${error.cause?.message ?? error.message}`));
    const isLast = tries === TRIES;
    if (answer instanceof Trouble) {
      if (isLast || method !== "GET") throw answer;
    } else if (answer.status === 429) {
      if (isLast) throw new Trouble(`${asked} answered 429 ${tries} times: Cloudflare is rate-limiting requests`);
    } else if (answer.status >= 500) {
      // A request that creates something is not repeated before checking whether it did.
      if (isLast || method !== "GET") throw new Trouble(`${asked} answered ${answer.status}`);
    } else {
      return read(asked, answer, permission);
    }
    await delay(waitOf(answer instanceof Trouble ? null : answer.headers.get("retry-after"), tries));
  }
}

/** @param {string | null} retryAfter @param {number} tries */
function waitOf(retryAfter, tries) {
  const seconds = Number(retryAfter);
  return Math.min(retryAfter && Number.isFinite(seconds) ? seconds * 1000 : 250 * 2 ** tries, LONGEST_WAIT_MS);
}

/** @param {string} asked @param {Response} answer @param {string} permission */
async function read(asked, answer, permission) {
  const text = await answer.text();
  /** @type {any} */
  let said = {};
  try {
    said = JSON.parse(text);
  } catch {
    throw new Trouble(`${asked} answered ${answer.status} without JSON: ${text.slice(0, 200)}`);
  }
  if (answer.ok && said.success !== false) return said.result;
  const refused = new Refused(asked, answer.status, said.errors ?? []);
  if (answer.status === 401 || refused.codes.includes(6003)) {
    throw new UserError(`Cloudflare does not know CLOUDFLARE_API_TOKEN, or it has expired: ${refused.message}`);
  }
  if (answer.status === 403) throw new UserError(`CLOUDFLARE_API_TOKEN lacks the permission "${permission}" of the account: ${refused.message}`);
  throw refused;
}
