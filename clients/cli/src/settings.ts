// Where the API is, and with which key to use it: flags first, then the environment, then a settings file.

import { readFileSync } from "node:fs";
import { Audatec } from "@audatec/client";
import { usage } from "./exit.ts";

/** The options of every command. */
export interface GlobalOptions {
  baseUrl?: string;
  apiKey?: string;
  envFile?: string;
  json?: boolean;
  yes?: boolean;
}

export interface Settings {
  audatec: Audatec;
  /** The agent and the trunk to use if none is named. */
  agentId: string | undefined;
  trunkId: string | undefined;
  webhookSecret: string | undefined;
}

/** This command's own names, then those that `npm start` writes into `.local/demo.env`. The key with the highest role comes first. */
const NAMES = {
  baseUrl: ["AUDATEC_BASE_URL", "BASE_URL"],
  apiKey: ["AUDATEC_API_KEY", "OWNER_KEY", "ADMIN_KEY", "MEMBER_KEY", "VIEWER_KEY"],
  agentId: ["AUDATEC_AGENT_ID", "AGENT_ID"],
  trunkId: ["AUDATEC_TRUNK_ID", "TRUNK_ID"],
  webhookSecret: ["AUDATEC_WEBHOOK_SECRET", "WEBHOOK_SECRET"],
} as const;

/** A setting, if there is one; from the environment only under this command's own name. */
function find(name: keyof typeof NAMES, file: Record<string, string>): string | undefined {
  const [own, ...others] = NAMES[name];
  return process.env[own] || [own, ...others].map((key) => file[key]).find(Boolean);
}

export function readSettings(options: GlobalOptions): Settings {
  const file = options.envFile === undefined ? {} : readEnvFile(options.envFile);
  const apiKey = options.apiKey ?? find("apiKey", file);
  if (!apiKey) throw usage("no API key: set AUDATEC_API_KEY, or give --api-key or --env-file FILE");
  const baseUrl = options.baseUrl ?? find("baseUrl", file);
  return {
    audatec: open(apiKey, baseUrl),
    agentId: find("agentId", file),
    trunkId: find("trunkId", file),
    webhookSecret: find("webhookSecret", file),
  };
}

function open(apiKey: string, baseUrl: string | undefined): Audatec {
  try {
    return new Audatec({ apiKey, ...(baseUrl !== undefined && { baseUrl }) });
  } catch (error) {
    throw usage(`the base URL can't be used: ${error instanceof Error ? error.message : error}`);
  }
}

/** The webhook secret from the settings, which needs no key. */
export function readSecret(options: GlobalOptions): string | undefined {
  return find("webhookSecret", options.envFile === undefined ? {} : readEnvFile(options.envFile));
}

/** Lines of NAME=value, as a shell reads them, with optional `export`, comments and quotes. */
function readEnvFile(path: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of readText(path).split("\n")) {
    const [, name, value = ""] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) found[name] = value.replace(/^(["'])(.*)\1$/, "$2");
  }
  return found;
}

/** A file's text; `-` means stdin. */
export function readText(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw usage(`${path} can't be read: ${error instanceof Error ? error.message : error}`);
  }
}
