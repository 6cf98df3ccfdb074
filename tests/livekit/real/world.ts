// What the tests of real calls use: the built Worker, a LiveKit of its own, workers, and an organisation that knows all of it.

import { RoomServiceClient } from "livekit-server-sdk";
import { afterAll, beforeAll } from "vitest";
import { inRoot } from "../../../scripts/lib/paths.mjs";
import { found, METADATA, Org, Server } from "../../edge/harness.ts";
import type { CallObject } from "../../edge/shapes.ts";
import { until } from "../../edge/until.ts";
import { Relay } from "./relay.ts";
import { KEY, SECRET, Stack, type Line, type Worker } from "./stack.ts";

/** Models of the tests' own: `agent/tests/models.py`. */
export const CONVERSING = { PYTHONPATH: inRoot("agent/tests"), AGENT_LLM: "models:LLM", AGENT_STT: "models:STT", AGENT_TTS: "models:TTS" };

/** The scripted speaker. */
export const SCRIPTED = {
  SCRIPTED_SECONDS: "30",
  SCRIPTED_ANSWERED_BY: "human",
  SCRIPTED_OUTCOME: JSON.stringify({ disposition: "interested", summary: "Will pay.", sentiment: "positive" }),
};

/** An agent: its name, its worker's, and what makes it special. */
export type Agent = [name: string, worker: string, more: object];

export class RealWorld {
  readonly relay = new Relay();
  readonly stack = new Stack();
  server!: Server;
  org!: Org;
  readonly agents = new Map<string, string>();
  readonly trunks = new Map<string, string>();

  async start(workers: Worker[], agents: Agent[], vars: Record<string, string>): Promise<void> {
    const PUBLIC_URL = await this.relay.start();
    this.server = new Server({ vars: { PUBLIC_URL, RING_TIMEOUT_SECONDS: "12", MAX_CALL_SECONDS: "12", STALLED_AFTER_SECONDS: "600", ...vars } });
    await this.server.start();
    this.relay.target = this.server.url;
    await this.stack.start(`${this.server.url}/carrier/livekit`);
    await Promise.all(workers.map((worker) => this.stack.startAgent(worker)));
    this.org = await Org.create(this.server);
    found(await this.org.owner.patch("/settings", { transcripts: true }));
    for (const [name, agent_code, more] of agents) this.agents.set(name, (await this.org.newAgent({ agent_code, ...more })).id);
    for (const [name, sip_trunk_id] of this.stack.trunks) {
      const carrier = { type: "livekit", url: this.stack.url, api_key: KEY, api_secret: SECRET, sip_trunk_id };
      this.trunks.set(name, (await this.org.newTrunk({ name, trunk_phone: "+15550000000", carrier })).id);
    }
  }

  async stop(): Promise<void> {
    this.stack.stop();
    this.relay.stop();
    await this.server.stop();
  }

  get rooms(): RoomServiceClient {
    return new RoomServiceClient(this.stack.url.replace("ws:", "http:"), KEY, SECRET);
  }

  async place(line: Line, agent: string, more: object = {}): Promise<string> {
    const request = { sip_trunk_id: this.trunks.get(line), agent_id: this.agents.get(agent), phone_number: "+15005550100", metadata: METADATA };
    return this.org.call({ ...request, ...more });
  }

  async transcript(id: string): Promise<{ role: string; text: string }[]> {
    const { transcript } = found(await this.org.owner.get<{ transcript: { role: string; text: string }[] }>(`/calls/${id}/transcript`));
    return transcript.map(({ role, text }) => ({ role, text }));
  }

  /** The call, once it is over and nothing is left of it. */
  async ended(id: string): Promise<CallObject> {
    await this.org.ended(id, 80_000);
    await until(`the room of ${id} to be gone`, async () => !(await this.hasRoom(id)), 20_000);
    return this.org.detail(id);
  }

  async hasRoom(id: string): Promise<boolean> {
    return (await this.rooms.listRooms([id])).length > 0;
  }
}

/** One for the tests of this file. */
export function useRealWorld(workers: Worker[], agents: Agent[], vars: Record<string, string> = {}): RealWorld {
  const world = new RealWorld();
  beforeAll(() => world.start(workers, agents, vars), 180_000);
  afterAll(() => world.stop());
  return world;
}
