// The memory of a deployment: `.deploy/ENV.json` describes it, and `.deploy/ENV.env` has its secrets. Both are ignored by git and
// readable only by their owner. Node built-ins only.

import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { lock } from "../lock.mjs";
import { UserError } from "../log.mjs";
import { readIfThere, sha256 } from "../paths.mjs";

/**
 * @typedef {object} Organisation the first one
 * @property {string} name
 * @property {string} idempotency_key with which it is requested, so that there is only one, however often that is
 * @property {string} asked_at
 * @property {string} [id] once it exists
 * @property {string} [owner_key] until it has been printed
 *
 * @typedef {object} State
 * @property {string} [account_id]
 * @property {string} [url] instead of the workers.dev address
 * @property {boolean} [archive]
 * @property {boolean} [is_ours] the Worker did not exist before this folder deployed it
 * @property {Record<string, string>} [sent] digests of the secrets that the Worker was sent, or may have been
 * @property {Record<string, string>} [kept] digests of those that it has
 * @property {Organisation} [organisation]
 */

export class Memory {
  /** @param {string} folder @param {string} env */
  constructor(folder, env) {
    this.folder = folder;
    this.env = env;
    this.path = join(folder, `${env}.json`);
    this.secretsPath = join(folder, `${env}.env`);
    this.configPath = join(folder, `${env}.wrangler.json`);
    this.state = this.read();
  }

  /** @param {Partial<State>} change */
  save(change) {
    this.state = { ...this.state, ...change };
    this.makeFolder();
    writeSynced(`${this.path}.tmp`, `${JSON.stringify(this.state, null, 2)}\n`);
    renameSync(`${this.path}.tmp`, this.path);
  }

  /**
   * Two simultaneous deployments of one environment would each create an organisation. Reads again what the one before saved.
   * @returns {() => void} lets the next one begin
   */
  lock() {
    this.makeFolder();
    const turn = lock(join(this.folder, `${this.env}.lock`));
    if ("heldBy" in turn) throw new UserError(`Another deployment of ${this.env} is running (process ${turn.heldBy}).`);
    this.state = this.read();
    return turn.release;
  }

  /** @returns {State} */
  read() {
    return JSON.parse(readIfThere(this.path) ?? "{}");
  }

  makeFolder() {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  /** @returns {Record<string, string>} empty if there is no file yet */
  readSecrets() {
    const text = readIfThere(this.secretsPath);
    if (text === undefined) return {};
    if (process.platform !== "win32" && statSync(this.secretsPath).mode & 0o077) chmodSync(this.secretsPath, 0o600);
    const lines = text.split("\n").filter((line) => line.trim() && !line.startsWith("#"));
    return Object.fromEntries(lines.map((line) => parse(line, this.secretsPath)));
  }

  /**
   * Adds secrets; existing ones stay as they are.
   * @param {Record<string, string>} secrets
   */
  addSecrets(secrets) {
    this.makeFolder();
    const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`).join("");
    const temporary = `${this.secretsPath}.tmp`;
    rmSync(temporary, { force: true });
    const isNew = !existsSync(this.secretsPath);
    const before = isNew ? "" : readFileSync(this.secretsPath, "utf8").replace(/([^\n])$/, "$1\n");
    writeSynced(temporary, before + lines);
    // A link replaces nothing: if another deployment was quicker, its secrets stay.
    if (isNew) linkSync(temporary, this.secretsPath);
    else renameSync(temporary, this.secretsPath);
    rmSync(temporary, { force: true });
  }
}

/** @param {string} line @param {string} path @returns {[string, string]} */
function parse(line, path) {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.+)$/.exec(line.trim()) ?? [];
  if (!name || !value) throw new UserError(`${path} has a line that is not NAME=value: ${line.split("=", 1)[0]}`);
  return [name, value];
}

/** @param {string} path @param {string} text */
function writeSynced(path, text) {
  const file = openSync(path, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The secrets needed to serve, and how each is created. @type {Record<string, () => string>} */
export const NEEDED = {
  MASTER_KEY: () => randomBytes(32).toString("base64"),
  PLATFORM_TOKEN: () => randomBytes(32).toString("hex"),
  CARRIER_KEYS: () => `k1:${randomBytes(32).toString("base64")}`,
};

/** @param {Record<string, string>} secrets @returns {Record<string, string>} */
export const digests = (secrets) => Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, sha256(`${name}=${value}`)]));

/**
 * Whether the master key with this digest is among these secrets: unchanged, or kept beside a new one during a rotation.
 * @param {Record<string, string>} secrets @param {string} digest
 */
export function hasMaster(secrets, digest) {
  const keys = [secrets["MASTER_KEY"] ?? "", ...(secrets["MASTER_KEY_PREVIOUS"] ?? "").split(",")];
  return keys.some((key) => digests({ MASTER_KEY: key.trim() })["MASTER_KEY"] === digest);
}
