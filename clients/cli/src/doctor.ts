// What a new set-up lacks: each check says what it found, and how to fix it.

import { ApiError, type Audatec, ConnectionError } from "@audatec/client";
import type { Settings } from "./settings.ts";
import { agents, trunks } from "./verbs.ts";

export interface Check {
  name: string;
  /** Null if this key may not know. */
  ok: boolean | null;
  message: string;
  /** What to do, if something is wrong. */
  fix: string | null;
}

type Found = Omit<Check, "name">;

const good = (message: string): Found => ({ ok: true, message, fix: null });
const bad = (message: string, fix: string): Found => ({ ok: false, message, fix });
const unknown = (message: string): Found => ({ ok: null, message, fix: null });

/** Signatures are valid for five minutes: a clock that is further off than that refuses them all. */
const CLOCK_TOLERANCE_SECONDS = 60;

/** All checks, in order of dependence. Nothing is created, and no phone rings. */
export async function* checks(settings: Settings): AsyncGenerator<Check, void, undefined> {
  const { audatec } = settings;
  const reached = await run("base URL", () => checkBaseUrl(audatec));
  yield reached;
  if (!reached.ok) return;
  yield await run("clock", () => checkClock(audatec));
  const key = await run("API key", () => checkKey(audatec));
  yield key;
  if (!key.ok) return;
  yield await run("agents", () => checkAgents(audatec));
  yield await run("trunks", () => checkTrunks(audatec));
  yield await run("dry run", () => checkDryRun(settings));
  yield await run("webhook secret", () => checkSecret(settings));
}

async function run(name: string, check: () => Promise<Found>): Promise<Check> {
  return {
    name,
    ...(await check().catch((error: Error) => bad(error.message, "Try again; if it persists, ask the operator of the deployment."))),
  };
}

async function checkBaseUrl(audatec: Audatec): Promise<Found> {
  const fix =
    "Check --base-url or AUDATEC_BASE_URL: the deployment's address, as https://api.audatec.in. Locally, `npm start` serves http://127.0.0.1:8787.";
  try {
    const { data, response } = await audatec.api.GET("/healthz");
    return data?.status === "ok"
      ? good(`${audatec.baseUrl} answers`)
      : bad(`${audatec.baseUrl} answered ${response.status} to /healthz`, fix);
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof SyntaxError) return bad(error.message, fix);
    throw error;
  }
}

async function checkClock(audatec: Audatec): Promise<Found> {
  const { response } = await audatec.api.GET("/healthz");
  const there = Date.parse(response.headers.get("date") ?? "");
  if (Number.isNaN(there)) return unknown("the response has no Date");
  const offBy = Math.round(Math.abs(Date.now() - there) / 1000);
  if (offBy <= CLOCK_TOLERANCE_SECONDS) return good(`within ${CLOCK_TOLERANCE_SECONDS} s of the platform's`);
  return bad(`${offBy} s off`, "Set this machine's clock (NTP): signatures older than five minutes are refused.");
}

/** Only an owner may see inactive agents; the refusal tells anybody else their role. */
async function checkKey(audatec: Audatec): Promise<Found> {
  const { error, response } = await audatec.api.GET("/integration/v1/agents", { params: { query: { include: "inactive" } } });
  if (response.ok) return good("it is valid; its role is owner");
  const text = String((error as { error?: string } | undefined)?.error);
  const role = /role \((\w+)\)/.exec(text)?.[1];
  if (response.status === 403 && role) return good(`it is valid; its role is ${role}`);
  if (response.status === 401)
    return bad(text, "Use a key that is active: an owner creates one with `audatec keys create`, or in Studio under API keys.");
  throw new ApiError(response, error);
}

async function checkAgents(audatec: Audatec): Promise<Found> {
  const all = await agents(audatec);
  if (all.length > 0)
    return good(
      `${all.length} active: ${all
        .slice(0, 5)
        .map(({ name }) => name)
        .join(", ")}${all.length > 5 ? " …" : ""}`,
    );
  return bad("none is active", "An owner creates one in Studio under Agents, or with POST /agents.");
}

async function checkTrunks(audatec: Audatec): Promise<Found> {
  const all = await trunks(audatec);
  if (all.length === 0)
    return bad(
      "none is active",
      'An owner creates one in Studio under Trunks, or with POST /sip-trunks; "carrier": {"type": "simulator"} rings nobody.',
    );
  const told: string[] = [];
  for (const { id, name } of all.slice(0, 5)) {
    const now = await audatec.ask(audatec.api.GET("/integration/v1/sip-trunks/{id}/live", { params: { path: { id } } }));
    if (now.in_use >= now.max_channels)
      return bad(
        `${name} has all ${now.max_channels} channels in use`,
        "Wait, raise max_channels, or let calls queue: `calls trigger --queue`.",
      );
    const [held] = now.agent_breakers;
    if (held)
      return bad(
        `${name} holds agent ${held.agent_id} back until ${held.retry_at}`,
        "Its program broke off three calls in a row: look at the agent's log, and restart it.",
      );
    told.push(`${name} ${now.in_use}/${now.max_channels}`);
  }
  return good(`${all.length} active; channels in use: ${told.join(", ")}`);
}

async function checkDryRun({ audatec, agentId, trunkId }: Settings): Promise<Found> {
  const [all, lines] = [await agents(audatec), await trunks(audatec)];
  const agent = all.find(({ id }) => id === agentId) ?? (agentId ? undefined : all[0]);
  const trunk = lines.find(({ id }) => id === trunkId) ?? (trunkId ? undefined : lines[0]);
  if (agentId && !agent)
    return bad(`agent ${agentId} is not among the active ones`, "Correct AUDATEC_AGENT_ID: `audatec agents` lists them.");
  if (trunkId && !trunk)
    return bad(`trunk ${trunkId} is not among the active ones`, "Correct AUDATEC_TRUNK_ID: `audatec trunks` lists them.");
  if (!agent || !trunk) return unknown("needs an agent and a trunk");
  const metadata = Object.fromEntries(agent.input_schema.fields.map((name) => [name, "x"]));
  try {
    const would = await audatec.dryRun({ phone_number: "+15005550000", agent_id: agent.id, sip_trunk_id: trunk.id, metadata });
    const why = would.reason ? ` (${would.reason})` : "";
    if (would.would !== "reject") return good(`a call of ${agent.name} over ${trunk.name} would ${would.would}${why}`);
    return bad(`a call of ${agent.name} over ${trunk.name} would be rejected${why}`, "Wait for capacity, or raise the trunk's limits.");
  } catch (error) {
    if (error instanceof ApiError && error.code === "role_too_low") return unknown("needs a member key");
    if (error instanceof ApiError) return bad(error.message, `The API refuses it (${error.code}): /docs says what to do.`);
    throw error;
  }
}

async function checkSecret({ audatec, webhookSecret }: Settings): Promise<Found> {
  const { data, error, response } = await audatec.api.GET("/integration/v1/webhooks/secret");
  if (response.status === 403) return unknown("needs an admin key");
  if (!data) throw new ApiError(response, error);
  if (webhookSecret === undefined || webhookSecret === data.secret)
    return good(webhookSecret ? "the one that is set is the newest" : `created ${data.created_at}`);
  const until = data.previous_valid_until;
  return bad(
    until
      ? `AUDATEC_WEBHOOK_SECRET is not the newest; earlier ones sign until ${until}`
      : "AUDATEC_WEBHOOK_SECRET is not a secret that signs",
    "Set it to what GET /webhooks/secret returns, or show it in Studio under Webhooks.",
  );
}
