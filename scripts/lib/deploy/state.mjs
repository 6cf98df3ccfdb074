// What is remembered of a deployment: `.deploy/ENV.json`, what it is made of, and `.deploy/ENV.env`, its secrets. Both are
// ignored by git and readable by their owner alone. Node built-ins only.

import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { lock } from "../lock.mjs";
import { UserError } from "../log.mjs";
import { readIfThere, sha256 } from "../paths.mjs";

/**
 * @typedef {object} Organisation the first one
 * @property {string} name
 * @property {string} idempotency_key under which it is asked for, so that however often that is, there is one
 * @property {string} asked_at
 * @property {string} [id] once it is there
 * @property {string} [owner_key] until it has been printed
 *
 * @typedef {object} State
 * @property {string} [account_id]
 * @property {string} [url] in place of the address at workers.dev
 * @property {boolean} [archive]
 * @property {boolean} [is_ours] the Worker was not there before this folder deployed it
 * @property {Record<string, string>} [sent] digests of the secrets that the Worker was, or may have been, sent
 * @property {Record<string, string>} [kept] and of those that it has
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
   * Two deployments of one environment at once would each make an organisation. What the one before saved is read again.
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

  /** @returns {Record<string, string>} none, where there is no file yet */
  readSecrets() {
    const text = readIfThere(this.secretsPath);
    if (text === undefined) return {};
    if (process.platform !== "win32" && statSync(this.secretsPath).mode & 0o077) chmodSync(this.secretsPath, 0o600);
    const lines = text.split("\n").filter((line) => line.trim() && !line.startsWith("#"));
    return Object.fromEntries(lines.map((line) => parse(line, this.secretsPath)));
  }

  /**
   * Adds secrets; those that are there stay as they are.
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
    // A link replaces nothing: another deployment that was quicker keeps its secrets.
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

/** What is needed to serve, and how each is made. @type {Record<string, () => string>} */
export const NEEDED = {
  MASTER_KEY: () => randomBytes(32).toString("base64"),
  PLATFORM_TOKEN: () => randomBytes(32).toString("hex"),
  CARRIER_KEYS: () => `k1:${randomBytes(32).toString("base64")}`,
};

/** @param {Record<string, string>} secrets @returns {Record<string, string>} */
export const digests = (secrets) => Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, sha256(`${name}=${value}`)]));

/**
 * Whether the master key of this digest is among these secrets: as it was, or kept beside a new one by a rotation.
 * @param {Record<string, string>} secrets @param {string} digest
 */
export function hasMaster(secrets, digest) {
  const keys = [secrets["MASTER_KEY"] ?? "", ...(secrets["MASTER_KEY_PREVIOUS"] ?? "").split(",")];
  return keys.some((key) => digests({ MASTER_KEY: key.trim() })["MASTER_KEY"] === digest);
}
