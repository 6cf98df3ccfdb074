// The built Worker, a fake LiveKit that it dials through, and an organisation with a trunk that connects them.

import { afterAll, beforeAll, expect } from "vitest";
import type { LocalOptions } from "../../scripts/lib/local.mjs";
import { created, METADATA, Org, Server } from "../edge/harness.ts";
import type { CallObject } from "../edge/shapes.ts";
import { until } from "../edge/until.ts";
import type { Behaviour } from "./fake/behaviour.ts";
import { FakeLiveKit } from "./fake/livekit.ts";

export class World {
  readonly livekit = new FakeLiveKit();
  readonly server: Server;
  org!: Org;

  constructor(options: LocalOptions = {}) {
    this.server = new Server({ ...options, vars: { RING_TIMEOUT_SECONDS: "1", MAX_CALL_SECONDS: "2", STALLED_AFTER_SECONDS: "600", ...options.vars } });
  }

  async start(): Promise<void> {
    await this.livekit.start();
    await this.#serve();
    this.org = await Org.create(this.server, { carrier: this.livekit.carrier, max_channels: 5_000, max_cps: 1_000 });
    await Promise.all([this.org.client("member"), this.org.client("viewer")]);
  }

  /** LiveKit tells whoever serves: that is at another port each time. */
  async #serve(): Promise<void> {
    await this.server.start();
    this.livekit.webhooks.url = `${this.server.url}/carrier/livekit`;
  }

  /** The platform is stopped and started; LiveKit and its rooms go on. */
  async restart(meanwhile = () => {}): Promise<void> {
    await this.server.stop();
    meanwhile();
    await this.#serve();
  }

  async stop(): Promise<void> {
    await this.livekit.stop();
    await this.server.stop();
  }

  /** Places a call to a phone that behaves so. Where a trunk's breaker is open, another trunk takes the call. */
  async call(behaviour: Partial<Behaviour> = {}, more: Record<string, unknown> = {}): Promise<Placed> {
    const number = this.livekit.number(behaviour);
    const fields = { phone_number: number, metadata: { ...METADATA, number }, ...more };
    const trigger = (fields: Record<string, unknown>, key: string) => again(() => this.org.trigger(fields, { "idempotency-key": key }));
    const answer = await trigger(fields, number);
    if (answer.status !== 502) return { id: created(answer).call_id, number };
    const elsewhere = { ...fields, sip_trunk_id: await this.newTrunk() };
    return { id: created(await trigger(elsewhere, `${number}-elsewhere`)).call_id, number };
  }

  /** A further trunk of the same carrier. */
  async newTrunk(): Promise<string> {
    const trunk = { carrier: this.livekit.carrier, max_channels: 5_000, max_cps: 1_000 };
    return (await again(() => this.org.newTrunk(trunk))).id;
  }

  /** Waits for its end, and until nothing of it is left at LiveKit. */
  async ended({ id, number }: Placed, timeoutMs = 25_000): Promise<CallObject> {
    await again(() => this.org.ended(id, timeoutMs));
    await until(`the room of ${id} to be gone`, () => !this.livekit.rooms.has(id), timeoutMs);
    expect(this.livekit.dials.get(number) ?? 0, `dials of ${id}`).toBeLessThanOrEqual(1);
    return again(() => this.org.detail(id));
  }
}

/** A connection that stood idle while phones rang may be gone when it is used again: that asks once more. */
export async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TypeError) || tries === 5) throw error;
    }
  }
}

export interface Placed {
  id: string;
  number: string;
}

export function useWorld(options: LocalOptions = {}): World {
  const world = new World(options);
  beforeAll(() => world.start());
  afterAll(() => world.stop());
  return world;
}

/** What of a call the table is about. */
export function summary({ call_status, failure, timeline }: CallObject) {
  return {
    call_status,
    failure: failure && { source: failure.source, code: failure.code, sip_status_code: failure.sip_status_code },
    rang: timeline.some(({ event }) => event === "ringing"),
  };
}
