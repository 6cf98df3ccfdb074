// Where the API is and who asks: flags first, then the environment, then a file of settings.

import { readFileSync } from "node:fs";
import { Audatec } from "@audatec/client";
import { usage } from "./exit.ts";

/** What every command takes. */
export interface GlobalOptions {
  baseUrl?: string;
  apiKey?: string;
  envFile?: string;
  json?: boolean;
  yes?: boolean;
}

export interface Settings {
  audatec: Audatec;
  /** Which agent and trunk to take where none is named. */
  agentId: string | undefined;
  trunkId: string | undefined;
  webhookSecret: string | undefined;
}

/** The names that `npm start` writes into `.local/demo.env`, behind this command's own. The key that may do most comes first. */
const NAMES = {
  baseUrl: ["AUDATEC_BASE_URL", "BASE_URL"],
  apiKey: ["AUDATEC_API_KEY", "OWNER_KEY", "ADMIN_KEY", "MEMBER_KEY", "VIEWER_KEY"],
  agentId: ["AUDATEC_AGENT_ID", "AGENT_ID"],
  trunkId: ["AUDATEC_TRUNK_ID", "TRUNK_ID"],
  webhookSecret: ["AUDATEC_WEBHOOK_SECRET", "WEBHOOK_SECRET"],
} as const;

/** A setting, if there is one: of the environment only under this command's own name. */
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

/** The webhook secret of the settings, which needs no key. */
export function readSecret(options: GlobalOptions): string | undefined {
  return find("webhookSecret", options.envFile === undefined ? {} : readEnvFile(options.envFile));
}

/** Lines of NAME=value, as a shell reads them: `export`, comments and quotes may be there. */
function readEnvFile(path: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of readText(path).split("\n")) {
    const [, name, value = ""] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) found[name] = value.replace(/^(["'])(.*)\1$/, "$2");
  }
  return found;
}

/** A file's text; `-` is what is piped in. */
export function readText(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw usage(`${path} can't be read: ${error instanceof Error ? error.message : error}`);
  }
}
