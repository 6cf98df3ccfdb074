// One room of the fake: its agent, its callee, and what LiveKit would report about them.

import { type Behaviour, CANCELED, millis, reasonOf, sipError, type TwirpError } from "./behaviour.ts";

export type CallStatus = "dialing" | "ringing" | "active" | "hangup";
export type DialAnswer = { error: TwirpError } | { participant_id: string; sip_call_id: string };
export type Tell = (event: string, more: Record<string, unknown>) => void;

export interface DialRequest {
  sip_trunk_id: string;
  sip_call_to: string;
  participant_identity: string;
  ringing_timeout: string;
  max_call_duration: string;
  wait_until_answered: boolean;
}

export interface EgressRequest {
  audio_only: boolean;
  file_outputs: { filepath: string; s3: Record<string, string> }[];
}

/** The job metadata that the agent gets. */
export interface Job {
  call_id: string;
  report_url: string;
  report_token: string;
  [field: string]: unknown;
}

/** The agent that was called into a room. */
export interface Agent {
  identity: string;
  /** Whether a worker accepted its job: that is all that a dispatch's `JS_RUNNING` says, and it says so for ever. */
  accepted: boolean;
  /** A participant's, once it connects; `participant_joined` is told when it is ACTIVE. */
  state?: "JOINING" | "ACTIVE";
}

/** From the connection to ACTIVE. */
const JOINING_MS = 5;
/** Real LiveKit keeps a room so long after its last participant left. */
const DEPARTURE_MS = 20_000;
const REPORT_TRIES = 20;

export class Room {
  readonly name: string;
  readonly agentName: string;
  readonly job: Job;
  readonly behaviour: Behaviour;
  readonly #tell: Tell;
  readonly #onGone: (room: Room) => void;
  readonly #onAgentLate: (room: Room) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #agentTimers = new Set<NodeJS.Timeout>();
  readonly sid: string;
  readonly madeAt = Date.now();
  readonly agent: Agent;
  /** The recording that was asked for. */
  egress: EgressRequest | undefined;
  status: CallStatus | undefined;
  /** When the person picked up. */
  answeredAt: number | undefined;
  identity = "";
  #settle: ((answer: DialAnswer) => void) | undefined;
  #isGone = false;
  #agentCame = false;
  /** `max_call_duration` counts from the dial, the ringing included. */
  #endsBy = 0;

  constructor(sid: string, name: string, agentName: string, job: Job, behaviour: Behaviour, tell: Tell, onGone: (room: Room) => void, onAgentLate: (room: Room) => void) {
    this.sid = sid;
    this.name = name;
    this.agentName = agentName;
    this.job = job;
    this.behaviour = behaviour;
    this.#tell = tell;
    this.#onGone = onGone;
    this.#onAgentLate = onAgentLate;
    this.agent = { identity: `agent-AJ_${sid}`, accepted: agentName !== "" && behaviour.agent !== "stays_away" };
    tell("room_started", {});
    if (this.agent.accepted && behaviour.agent !== "raises") this.#after(behaviour.agentMs, () => this.#agentConnects(), this.#agentTimers);
  }

  #after(ms: number, act: () => void, timers = this.#timers): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
  }

  /** Its token names the room, and says that it may make it. */
  #agentConnects(): void {
    if (this.#isGone) return this.#onAgentLate(this);
    this.letAgentIn();
  }

  letAgentIn(): void {
    this.agent.state = "JOINING";
    this.#agentCame = true;
    const isActive = () => {
      this.agent.state = "ACTIVE";
      this.#tell("participant_joined", this.#agentParticipant());
    };
    this.#after(JOINING_MS, isActive, this.#agentTimers);
  }

  /** By itself, or because its process died: what LiveKit tells of it is the same but for the reason. */
  agentLeaves(disconnectReason = "CLIENT_INITIATED"): void {
    if (this.agent.state === undefined) return;
    this.#tell("participant_left", this.#agentParticipant({ disconnectReason }));
    delete this.agent.state;
  }

  #agentParticipant(more: Record<string, unknown> = {}): Record<string, unknown> {
    const { identity, state } = this.agent;
    return { participant: { sid: "PA_agent", identity, kind: "AGENT", state, ...more } };
  }

  /** As ListParticipants has them. */
  participants(): Record<string, unknown>[] {
    const { identity, state } = this.agent;
    const agent = state && { sid: "PA_agent", identity, kind: "AGENT", state, attributes: {} };
    return [agent, this.callee()].filter((one) => one !== undefined);
  }

  callee(): Record<string, unknown> | undefined {
    if (!this.status) return undefined;
    return { sid: "PA_callee", identity: this.identity, kind: "SIP", state: "ACTIVE", attributes: { "sip.callStatus": this.status } };
  }

  /** Rings the phone; answers as `wait_until_answered` does. */
  dial(request: DialRequest): Promise<DialAnswer> {
    const { behaviour } = this;
    if (behaviour.refuses) return Promise.resolve({ error: behaviour.refuses });
    this.identity = request.participant_identity;
    this.status = "dialing";
    this.#endsBy = Date.now() + millis(request.max_call_duration);
    this.#tell("participant_joined", this.#participant());
    const answered = new Promise<DialAnswer>((settle) => (this.#settle = settle));
    this.#after(millis(request.max_call_duration), () => this.#leave("CLIENT_INITIATED", CANCELED));
    this.#after(millis(request.ringing_timeout), () => this.#leave("USER_UNAVAILABLE", CANCELED));
    if (behaviour.callee === "nobody") return answered;
    const { callee } = behaviour;
    const final = typeof callee === "object" && "sip" in callee ? callee.sip : undefined;
    if (final !== undefined && final >= 500 && final < 600) {
      this.#after(10, () => this.#leave(reasonOf(final), sipError(final)));
      return answered;
    }
    this.#after(5, () => (this.status = "ringing"));
    this.#after(5 + behaviour.ringMs, () => {
      if (final !== undefined) this.#leave(reasonOf(final), sipError(final));
      else if (typeof callee === "object" && "error" in callee) this.#leave(callee.reason, callee.error);
      else if (callee !== "rings") void Promise.resolve(behaviour.notBefore).then(() => this.status && this.#pickUp());
    });
    return answered;
  }

  #pickUp(): void {
    this.#clearTimers();
    this.status = "active";
    this.answeredAt = Date.now();
    this.#settle?.({ participant_id: "PA_callee", sip_call_id: `SCL_${this.name}` });
    this.#settle = undefined;
    this.#tell("track_published", this.#participant());
    const { breaksOffMs } = this.behaviour;
    if (breaksOffMs !== undefined) this.#after(breaksOffMs, () => this.agentLeaves(), this.#agentTimers);
    const longest = Math.max(0, this.#endsBy - Date.now());
    const talks = this.behaviour.callee === "holds" ? longest : Math.min(longest, this.behaviour.talkMs);
    this.#after(talks, () => (this.behaviour.callee === "silent" ? this.#leave("CLIENT_INITIATED", CANCELED) : this.hangUp()));
  }

  /** The person hangs up. */
  hangUp(): void {
    this.status = "hangup";
    this.#leave("CLIENT_INITIATED", CANCELED);
  }

  #leave(disconnectReason: string, error: TwirpError): void {
    this.#clearTimers();
    const { status } = this;
    if (!status) return;
    this.#tell("participant_left", this.#participant({ disconnectReason }));
    this.status = undefined;
    this.#settle?.({ error });
    this.#settle = undefined;
    if (status === "active" || status === "hangup") void this.#report().then(() => this.agentLeaves());
    const [file] = this.egress?.file_outputs ?? [];
    if (file) {
      const { endpoint = "", bucket, force_path_style } = file.s3;
      const location = force_path_style ? `${endpoint}/${bucket}/${file.filepath}` : `https://${bucket}.${endpoint}/${file.filepath}`;
      const egressInfo = { egressId: "EG_1", roomName: this.name, status: "EGRESS_COMPLETE", fileResults: [{ filename: file.filepath, location }] };
      this.#tell("egress_ended", { egressInfo });
    }
    this.#after(DEPARTURE_MS, () => this.delete());
  }

  async #report(): Promise<void> {
    if (this.behaviour.agent !== "joins") return;
    const { report_url, report_token } = this.job;
    const body = {
      outcome: this.behaviour.outcome,
      transcript: [{ role: "agent", text: "Hello.", at: "2026-06-14T10:32:06.000Z" }],
    };
    for (let tries = 0; tries < REPORT_TRIES; tries++) {
      const headers = { authorization: `Bearer ${report_token}`, "content-type": "application/json" };
      const response = await fetch(report_url, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => undefined);
      if (response?.ok) return;
      await new Promise((done) => setTimeout(done, 250));
    }
  }

  #participant(more: Record<string, unknown> = {}): Record<string, unknown> {
    const attributes = { "sip.callStatus": this.status ?? "dialing", "sip.phoneNumber": "…", "sip.trunkID": "…" };
    return { participant: { sid: "PA_callee", identity: this.identity, kind: "SIP", attributes, ...more } };
  }

  /** DeleteRoom, or the departure timeout. */
  delete(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (this.status) this.#leave("ROOM_DELETED", CANCELED);
    this.#clearTimers();
    // An agent that is on its way does not hear of it.
    const isOnItsWay = this.agent.accepted && this.agent.state === undefined && !this.#agentCame;
    if (!isOnItsWay) for (const timer of this.#agentTimers) clearTimeout(timer);
    this.agentLeaves("ROOM_DELETED");
    this.#tell("room_finished", {});
    this.#onGone(this);
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

