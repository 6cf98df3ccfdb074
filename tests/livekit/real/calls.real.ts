// Real calls: the built Worker, a real LiveKit server, the agent of `agent/`, and SIP telephones, all on this machine.

import { describe, expect, test } from "vitest";
import { found } from "../../edge/harness.ts";
import { until } from "../../edge/until.ts";
import { summary } from "../world.ts";
import type { Telephone } from "./sipp.ts";
import { SECRET, type Worker } from "./stack.ts";
import { type Agent, CONVERSING, SCRIPTED, useRealWorld } from "./world.ts";

const TIMEOUT = { timeout: 90_000 };

const WORKERS: Worker[] = [
  ["scripted", SCRIPTED],
  ["conversing", CONVERSING],
  // Nobody says a word to it.
  ["stopped", { ...CONVERSING, AGENT_STT: 'models:STT {"after_seconds": 60}' }],
];

/** Long enough that it is always the telephone, or LiveKit, that ends the call. */
const SCRIPT = "Hello. Your payment is due. ".repeat(30).trim();

const SCHEMA = {
  type: "object",
  properties: { disposition: { enum: ["interested", "unknown"] }, summary: { type: ["string", "null"] }, answered_by: { enum: ["human", "voicemail", "unknown"] } },
  required: ["disposition", "answered_by"],
};

const AGENTS: Agent[] = [
  ["scripted", "scripted", { script: SCRIPT, voice: "none", outcome_schema: SCHEMA }],
  ["stopped", "stopped", { voice: "emi" }],
  ["conversing", "conversing", { script: "Ask whether they will pay.", voice: "emi" }],
  ["messenger", "conversing", { script: "This reaches a voicemail.", voice: "emi", voicemail: { action: "leave_message", message: "Please call us." } }],
  ["unserved", "nobody-runs-this", {}],
];

/** It may be cut short: by what the callee says, or by their hanging up. */
const GREETING = expect.stringMatching(/^Hello/);

const world = useRealWorld(WORKERS, AGENTS);
const { stack, relay } = world;
const place = (telephone: Telephone | "nobody", agent = "scripted") => world.place(telephone, agent);
const ended = (id: string) => world.ended(id);
const transcript = (id: string) => world.transcript(id);

test("answers, and hangs up: the agent's outcome and transcript", TIMEOUT, async () => {
  const id = await place("answers");
  const call = await ended(id);

  expect(summary(call)).toEqual({ call_status: "Completed", failure: null, rang: true });
  expect(call.call_outcome).toEqual({ disposition: "interested", summary: "Will pay.", sentiment: "positive", answered_by: "human" });
  expect(call.duration).toBeGreaterThanOrEqual(2);
  expect(call.duration).toBeLessThanOrEqual(5);
  expect(await transcript(id)).toEqual([{ role: "agent", text: SCRIPT }]);
});

const ROWS: [Telephone, string, object, boolean][] = [
  ["busy", "Decline", { source: "callee", code: "busy", sip_status_code: 486 }, true],
  ["declines", "Decline", { source: "callee", code: "declined", sip_status_code: 603 }, true],
  ["broken", "SIP Call Failed", { source: "carrier", code: "carrier_error", sip_status_code: 503 }, false],
];

// One after another: a machine with much to do does not see a phone that rings for a short time.
test.for(ROWS)("%s: %s", TIMEOUT, async ([telephone, call_status, failure, rang]) => {
  expect(summary(await ended(await place(telephone)))).toEqual({ call_status, failure, rang });
});

describe.concurrent("three at once, since each waits for a phone", TIMEOUT, () => {
  test("rings: SIP Call Failed", async () => {
    const failure = { source: "callee", code: "no_answer", sip_status_code: null };
    expect(summary(await ended(await place("rings")))).toEqual({ call_status: "SIP Call Failed", failure, rang: true });
  });

  test("cancelled while it rings: the phone stops at once", async () => {
    const id = await place("rings");
    await until("it to ring", async () => (await world.org.status(id)).call_status === "Ringing", 30_000);
    found(await world.org.owner.post(`/calls/${id}/cancel`));
    await until("the room to be gone", async () => !(await world.hasRoom(id)), 3_000);

    expect(await ended(id)).toMatchObject({ call_status: "SIP Call Failed", failure: { code: "canceled" } });
  });

  test("released while they talk: hung up", async () => {
    const id = await place("holds");
    await until("the answer", async () => (await world.org.status(id)).call_status === "Answered", 30_000);
    found(await world.org.owner.post(`/sip-trunks/${world.trunks.get("holds")}/live/${id}/release`));

    expect(await ended(id)).toMatchObject({ call_status: "Completed", failure: { code: "canceled" } });
  });
});

describe.concurrent("side by side, since some take long", TIMEOUT, () => {
  test("hung up on while the platform can't be reached for half a minute and the worker is told to stop: the report comes all the same", { timeout: 180_000 }, async () => {
    const id = await place("answers", "stopped");
    relay.cutOff(id);
    await until("the call's end", async () => (await world.org.status(id)).is_terminal, 60_000);
    expect((await world.org.detail(id)).call_outcome).toMatchObject({ disposition: "unknown" });
    stack.stopAgent("stopped");
    // The waits double from half a second: the sixth is 16 s long, after 15.5 s.
    await until("six attempts", () => relay.attempts(id).length >= 6, 40_000);
    relay.restore(id);
    expect(await stack.exitCode("stopped", 60_000)).toBe(0);

    const attempts = relay.attempts(id);
    expect((attempts.at(-1) ?? 0) - (attempts[0] ?? 0)).toBeGreaterThan(20_000);
    expect(await transcript(id)).toEqual([{ role: "agent", text: GREETING }]);
    expect(relay.token(id)).toMatch(/^[0-9a-f]{64}$/);
    expect(stack.output("stopped")).not.toContain(relay.token(id));
  });

  test("models converse: their outcome and transcript, and the agent hangs up", async () => {
    const id = await place("holds", "conversing");
    const call = await ended(id);

    expect(summary(call)).toEqual({ call_status: "Completed", failure: null, rang: true });
    expect(call.call_outcome).toEqual({ disposition: "interested", summary: "Pays tomorrow.", sentiment: "positive", answered_by: "human" });
    expect(call.duration).toBeLessThan(11);
    expect(await transcript(id)).toEqual([
      { role: "agent", text: GREETING },
      { role: "callee", text: "Yes, tomorrow." },
      { role: "agent", text: "Thank you. Goodbye." },
    ]);
  });

  test("models reach a voicemail: its message is left, and the agent hangs up", async () => {
    const id = await place("holds", "messenger");
    const call = await ended(id);

    expect(summary(call)).toEqual({ call_status: "Completed", failure: null, rang: true });
    expect(call.call_outcome).toMatchObject({ answered_by: "voicemail" });
    expect(call.duration).toBeLessThan(11);
    expect((await transcript(id)).map(({ text }) => text)).toEqual([GREETING, "Yes, tomorrow.", "Please call us."]);
  });

  test("nobody: SIP Call Failed", async () => {
    const failure = { source: "carrier", code: "unreachable", sip_status_code: null };
    expect(summary(await ended(await place("nobody")))).toEqual({ call_status: "SIP Call Failed", failure, rang: false });
  });

  test("never hangs up: at the longest conversation LiveKit ends it", async () => {
    const call = await ended(await place("holds"));

    expect(summary(call)).toMatchObject({ call_status: "Completed", rang: true });
    expect(call.duration).toBeGreaterThanOrEqual(11);
  });

  test("an agent that nobody runs: Trigger Failed, and no phone rings", async () => {
    expect(summary(await ended(await place("answers", "unserved")))).toEqual({
      call_status: "Trigger Failed",
      failure: { source: "dialer", code: "agent_unavailable", sip_status_code: null },
      rang: false,
    });
  });
});

test("a test of a trunk's connection finds it well, and says which of key, secret and trunk is wrong", TIMEOUT, async () => {
  const [id = ""] = world.trunks.values();
  const { owner } = world.org;
  const { carrier } = found(await owner.get<{ carrier: Record<string, string> }>(`/sip-trunks/${id}`));
  const tested = async (trunk: string) => {
    const { ok, checks } = found(await owner.post<{ ok: boolean; checks: { name: string; ok: boolean }[] }>(`/sip-trunks/${trunk}/test`));
    return ok ? "well" : checks.find((check) => !check.ok)?.name;
  };
  expect(await tested(id)).toBe("well");
  for (const [field, name] of [["api_key", "api_key"], ["api_secret", "api_secret"], ["sip_trunk_id", "sip_trunk"]] as const) {
    const wrong = await world.org.newTrunk({ carrier: { ...carrier, api_secret: SECRET, [field]: "another-of-more-than-32-characters" } });
    expect(await tested(wrong.id)).toBe(name);
  }
});
