// A LiveKit server, as far as a dialer sees one: Twirp in, webhooks out. Tokens are checked, and webhooks signed, with
// LiveKit's own library. It counts dials, and does to webhooks what networks do.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { AccessToken, type ClaimGrants, TokenVerifier } from "livekit-server-sdk";
import { type Behaviour, NO_SUCH_TRUNK, type TwirpError, USUAL } from "./behaviour.ts";
import { type DialRequest, type EgressRequest, type Job, Room } from "./room.ts";

/** What happens to webhooks on their way. */
export interface Webhooks {
  url?: string;
  /** All of them, or each with this probability. */
  lost: number;
  repeated: number;
  maxDelayMs: number;
  random: () => number;
}

export interface Asked {
  method: string;
  body: Record<string, unknown>;
  headers: IncomingMessage["headers"];
  at: number;
}

class Refused extends Error {
  readonly error: TwirpError;
  constructor(status: number, code: string, msg?: string) {
    super(code);
    this.error = { status, code, ...(msg && { msg }) };
  }
}

/** A token that is refused: in plain words, and with the whole token in them, as livekit-server does it. */
class BadToken extends Error {}

const LISTED_LATE_MS = 5_000;

const NEEDS: Record<string, (grants: ClaimGrants, body: Record<string, unknown>) => boolean | undefined> = {
  "RoomService/CreateRoom": ({ video }) => video?.roomCreate,
  "RoomService/ListRooms": ({ video }) => video?.roomList,
  "RoomService/DeleteRoom": ({ video }) => video?.roomCreate,
  "RoomService/ListParticipants": ({ video }, { room }) => video?.roomAdmin && video.room === room,
  "RoomService/GetParticipant": ({ video }, { room }) => video?.roomAdmin && video.room === room,
  "AgentDispatchService/ListDispatch": ({ video }, { room }) => video?.roomAdmin && video.room === room,
  "SIP/CreateSIPParticipant": ({ sip }) => sip?.call,
  "SIP/ListSIPOutboundTrunk": ({ sip }) => sip?.admin,
  "Egress/StartRoomCompositeEgress": ({ video }) => video?.roomRecord,
  "Egress/ListEgress": ({ video }) => video?.roomRecord,
};

export class FakeLiveKit {
  readonly apiKey = "APIfakekey";
  readonly apiSecret = "a secret of the fake LiveKit server";
  readonly webhooks: Webhooks = { lost: 0, repeated: 0, maxDelayMs: 0, random: Math.random };
  /** All requests, oldest first. */
  readonly asked: Asked[] = [];
  readonly rooms = new Map<string, Room>();
  /** The sids of rooms that a late agent came into, after its own was gone. */
  readonly returned: string[] = [];
  #isStopped = false;
  /** How often each number was rung. */
  readonly dials = new Map<string, number>();
  readonly #behaviours = new Map<string, Partial<Behaviour>>();
  readonly #server = createServer((request, response) => {
    // A client that was killed in the middle is no news.
    this.#serve(request, response).catch((error) => request.destroyed || Promise.reject(error));
  });
  #events = 0;
  #numbers = 0;
  #sids = 0;
  /** Answers nothing at all. */
  isDown = false;

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
  }

  async stop(): Promise<void> {
    this.webhooks.lost = 1;
    this.#isStopped = true;
    for (const room of [...this.rooms.values()]) room.delete();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The `carrier` of a trunk that dials through this server. */
  get carrier() {
    return { type: "livekit", url: this.url, api_key: this.apiKey, api_secret: this.apiSecret, sip_trunk_id: "ST_fake" };
  }

  /** A phone number that behaves so. */
  number(behaviour: Partial<Behaviour> = {}): string {
    this.#numbers += 1;
    const number = `+1500${String(this.#numbers).padStart(7, "0")}`;
    this.#behaviours.set(number, behaviour);
    return number;
  }

  count(method: string, room: string): number {
    return this.asked.filter(({ method: asked, body }) => asked.endsWith(method) && [body["room"], body["room_name"], body["name"]].includes(room)).length;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as Record<string, unknown>;
    const method = (request.url ?? "").replace("/twirp/livekit.", "");
    if (this.isDown) return void response.destroy();
    this.asked.push({ method, body, headers: request.headers, at: Date.now() });
    try {
      await this.#authorise(method, body, request.headers.authorization);
      const answer = await this.#answer(method, body, response);
      if (answer) this.#send(response, 200, answer);
    } catch (error) {
      if (error instanceof BadToken) return void response.writeHead(401).end(error.message);
      if (!(error instanceof Refused)) throw error;
      this.#send(response, error.error.status, { code: error.error.code, msg: error.error.msg ?? "…" });
    }
  }

  #send(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  async #authorise(method: string, body: Record<string, unknown>, header = ""): Promise<void> {
    const needs = NEEDS[method];
    if (!needs) throw new Refused(404, "bad_route");
    const token = header.replace(/^Bearer /, "");
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString() || "{}") as { iss?: string };
    if (claims.iss !== this.apiKey) throw new BadToken(`invalid API key: ${claims.iss}`);
    const grants = await new TokenVerifier(this.apiKey, this.apiSecret).verify(token).catch((error: Error) => {
      throw new BadToken(`invalid token: ${token}, error: ${error.message}`);
    });
    if (!needs(grants, body)) throw new Refused(401, "unauthenticated", "permissions denied");
  }

  async #answer(method: string, body: Record<string, unknown>, response: ServerResponse): Promise<unknown> {
    const name = String(body["name"] ?? body["room"] ?? body["room_name"]);
    const room = this.rooms.get(name);
    switch (method) {
      case "RoomService/CreateRoom":
        return this.#createRoom(name, body);
      case "AgentDispatchService/ListDispatch":
        if (!room) throw new Refused(503, "unavailable");
        return { agent_dispatches: [this.#dispatch(room)] };
      case "RoomService/ListParticipants":
        return { participants: room?.participants() ?? [] };
      case "RoomService/GetParticipant":
        if (!room?.status || body["identity"] !== room.identity) throw new Refused(404, "not_found");
        return room.callee();
      case "RoomService/DeleteRoom":
        if (!room) throw new Refused(404, "not_found");
        room.delete();
        return {};
      case "RoomService/ListRooms":
        return { rooms: [...this.rooms.keys()].filter((known) => (body["names"] as string[]).includes(known)).map((name) => ({ name })) };
      case "SIP/ListSIPOutboundTrunk":
        return { items: (body["trunk_ids"] as string[]).filter((id) => id === this.carrier.sip_trunk_id).map((sip_trunk_id) => ({ sip_trunk_id })) };
      case "SIP/CreateSIPParticipant":
        return this.#dial(name, body as unknown as DialRequest, response);
      case "Egress/ListEgress":
        return { items: room?.egress ? [{ egress_id: "EG_1", room_name: name, status: "EGRESS_ACTIVE" }] : [] };
      case "Egress/StartRoomCompositeEgress":
        if (!room) throw new Refused(404, "not_found");
        room.egress = body as unknown as EgressRequest;
        return { egress_id: "EG_1", room_name: name, status: "EGRESS_STARTING" };
      default:
        throw new Refused(501, "unimplemented");
    }
  }

  #createRoom(name: string, body: Record<string, unknown>): unknown {
    const known = this.rooms.get(name);
    if (known) return { sid: known.sid, name };
    const [agent] = body["agents"] as { agent_name: string; metadata: string }[];
    if (!agent) throw new Refused(400, "invalid_argument");
    const job = JSON.parse(agent.metadata) as Job;
    // Which number is going to be dialed is not known yet: the test said so in the call's metadata, or all behave alike.
    const context = (job["context"] ?? {}) as Record<string, unknown>;
    const behaviour = { ...USUAL, ...this.#behaviours.get(String(context["number"])) };
    if (behaviour.room === "refused") throw new Refused(500, "internal");
    const room = this.#newRoom(name, agent.agent_name, job, behaviour);
    return { sid: room.sid, name };
  }

  #newRoom(name: string, agentName: string, job: Job, behaviour: Behaviour): Room {
    this.#sids += 1;
    const sid = `RM_${this.#sids}`;
    const tell = (event: string, more: Record<string, unknown>) => void this.#tell({ sid, name }, event, more);
    const onGone = () => this.rooms.get(name) === room && this.rooms.delete(name);
    const room: Room = new Room(sid, name, agentName, job, behaviour, tell, onGone, () => this.#agentIsLate(name, job, behaviour));
    this.rooms.set(name, room);
    return room;
  }

  /** Its room was deleted while it was on its way: it makes another of the same name, and stays in it. */
  #agentIsLate(name: string, job: Job, behaviour: Behaviour): void {
    if (this.#isStopped) return;
    const room = this.rooms.get(name) ?? this.#newRoom(name, "", job, behaviour);
    this.returned.push(room.sid);
    room.letAgentIn();
  }

  /**
   * What ListDispatch says of a room's job: that a worker accepted it, and never anything else after that. The first job of each
   * minute it lists late: the server asks its workers once a minute, and waits so long for them.
   */
  #dispatch(room: Room): unknown {
    const minute = Math.floor(room.madeAt / 60_000);
    const isFirst = ![...this.rooms.values()].some((other) => other.madeAt < room.madeAt && Math.floor(other.madeAt / 60_000) === minute);
    const isListed = room.agent.accepted && Date.now() - room.madeAt >= (isFirst ? LISTED_LATE_MS : 0);
    const jobs = isListed ? [{ id: "AJ_1", state: { status: "JS_RUNNING" } }] : [];
    return { id: "AD_1", agent_name: room.agentName, room: room.name, state: { jobs } };
  }

  async #dial(name: string, body: DialRequest, response: ServerResponse): Promise<unknown> {
    const number = body.sip_call_to;
    this.dials.set(number, (this.dials.get(number) ?? 0) + 1);
    if (!body.wait_until_answered) throw new Refused(400, "invalid_argument");
    if (body.sip_trunk_id !== this.carrier.sip_trunk_id) throw new Refused(404, NO_SUCH_TRUNK.code, NO_SUCH_TRUNK.msg);
    const behaviour = { ...USUAL, ...this.#behaviours.get(number) };
    const nobody = () => ({ call_id: name, report_url: "", report_token: "" });
    // As the real one: a participant makes the room it enters, should it be gone.
    const room = this.rooms.get(name) ?? this.#newRoom(name, "", nobody(), behaviour);
    const dialed = delay(behaviour.slowMs).then(() => room.dial(body));
    if (behaviour.answer === "connection_lost") return void setTimeout(() => response.destroy(), behaviour.ringMs / 2);
    if (behaviour.answer === "never_comes") return undefined;
    if (behaviour.answer === "proxy_gave_up") return void setTimeout(() => response.writeHead(504).end("<html>"), behaviour.ringMs / 2);
    const answer = await dialed;
    if (!("error" in answer)) return { ...answer, participant_identity: body.participant_identity, room_name: name };
    const { status, code, msg, meta } = answer.error;
    this.#send(response, status, { code, msg: msg ?? "…", ...(meta && { meta }) });
    return undefined;
  }

  async #tell(room: { sid: string; name: string }, event: string, more: Record<string, unknown>): Promise<void> {
    this.#events += 1;
    const createdAt = String(Math.floor(Date.now() / 1000));
    const body = JSON.stringify({ event, room, ...more, id: `EV_${this.#events}`, createdAt });
    const { random, lost, repeated, maxDelayMs } = this.webhooks;
    if (random() < lost) return;
    const copies = random() < repeated ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      setTimeout(() => void this.send(body), random() * maxDelayMs).unref();
    }
  }

  /** Sends an event, signed; with another secret or body, a forged one. `headers` come with it. */
  async send(body: string, forged: { secret?: string; key?: string; signedBody?: string; headers?: Record<string, string> } = {}): Promise<number> {
    if (!this.webhooks.url) return 0;
    const token = new AccessToken(forged.key ?? this.apiKey, forged.secret ?? this.apiSecret);
    token.sha256 = createHash("sha256").update(forged.signedBody ?? body).digest("base64");
    const headers = { authorization: await token.toJwt(), "content-type": "application/webhook+json", ...forged.headers };
    const response = await fetch(this.webhooks.url, { method: "POST", headers, body }).catch(() => undefined);
    return response?.status ?? 0;
  }
}
