// A telephone of the tests' own, for what SIPp does not report: when its INVITE came, who hung up, and when a voice was heard. It
// speaks SIP over UDP as far as LiveKit's node does; what it does is set for each number called.

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { until } from "../../edge/until.ts";

/** What it does when it is called. `gone` is an answer that is hung up again in the same breath. */
export type Manner = "busy" | "rings" | "holds" | "gone";

/** One call, as the phone lives it; times are `performance.now()`. */
export interface Ring {
  number: string;
  invitedAt: number;
  answeredAt: number | null;
  /** When the other side hung up, or took its INVITE back. */
  endedAt: number | null;
  /** When the first sound came that is not silence. */
  heardAt: number | null;
  /** How often this number was called, with this call. */
  nth: number;
}

/** How long it rings before it is answered. */
const RINGS_MS = 1_000;
const FRAME_MS = 20;
/** G.711 µ-law: these and what lies between them is silence or next to it. */
const SILENCE = new Set([0xff, 0xfe, 0xfd, 0x7f, 0x7e, 0x7d]);

export class Phone {
  readonly #sip = createSocket("udp4");
  readonly #rtp = createSocket("udp4");
  readonly #manners = new Map<string, Manner>();
  readonly #rings = new Map<string, Ring>();
  readonly #dialogs = new Map<string, Dialog>();
  port = 0;
  #rtpPort = 0;

  async start(): Promise<void> {
    this.port = await bound(this.#sip);
    this.#rtpPort = await bound(this.#rtp);
    this.#sip.on("message", (packet, from) => this.#take(packet.toString(), from));
    this.#rtp.on("message", (packet, from) => this.#hear(packet, from));
  }

  stop(): void {
    for (const dialog of this.#dialogs.values()) clearInterval(dialog.talking);
    this.#sip.close();
    this.#rtp.close();
  }

  /** From now on a number behaves so. */
  behaves(number: string, manner: Manner): void {
    this.#manners.set(number, manner);
  }

  ring(number: string): Ring | undefined {
    return this.#rings.get(number);
  }

  /** Whoever picked up at a number hangs up. */
  hangUp(number: string): void {
    const dialog = [...this.#dialogs.values()].find(({ ring }) => ring === this.ring(number));
    if (dialog && !dialog.ring.endedAt) this.#hangUp(dialog);
  }

  async rang(number: string, timeoutMs: number): Promise<Ring> {
    return until(`the phone ${number} to ring`, () => this.ring(number), timeoutMs);
  }

  async ended(number: string, timeoutMs: number): Promise<Ring> {
    return until(`the phone ${number} to be hung up`, () => [this.ring(number)].find((ring) => ring?.endedAt), timeoutMs) as Promise<Ring>;
  }

  #take(message: string, from: RemoteInfo): void {
    const method = /^(INVITE|ACK|BYE|CANCEL) /.exec(message)?.[1];
    const id = header(message, "Call-ID");
    const dialog = this.#dialogs.get(id);
    const reply = (line: string, body = "", to = message) => this.#sip.send(answer(to, line, this.port, body), from.port, from.address);
    if (method === "INVITE" && !dialog) return this.#invited(message, from, reply);
    if (!dialog) return;
    if (method === "ACK") this.#acknowledged(dialog);
    if (method === "BYE" || method === "CANCEL") {
      dialog.ring.endedAt ??= performance.now();
      clearInterval(dialog.talking);
      reply("200 OK");
      if (method === "CANCEL") reply("487 Request Terminated", "", dialog.invite);
    }
  }

  #invited(invite: string, from: RemoteInfo, reply: (line: string, body?: string) => void): void {
    const number = /^INVITE sips?:([^@;]+)@/.exec(invite)?.[1] ?? "";
    const ring: Ring = { number, invitedAt: performance.now(), answeredAt: null, endedAt: null, heardAt: null, nth: 1 + (this.ring(number)?.nth ?? 0) };
    this.#rings.set(number, ring);
    const manner = this.#manners.get(number) ?? "rings";
    this.#dialogs.set(header(invite, "Call-ID"), { invite, from, ring, manner, talking: undefined });
    if (manner === "busy") return reply("486 Busy Here");
    reply("180 Ringing");
    if (manner === "rings") return;
    const pickUp = () => {
      if (ring.endedAt) return;
      ring.answeredAt = performance.now();
      reply("200 OK", sdp(this.#rtpPort));
    };
    if (manner === "gone") pickUp();
    else setTimeout(pickUp, RINGS_MS);
  }

  #hangUp({ invite, from, ring, talking }: Dialog): void {
    ring.endedAt = performance.now();
    clearInterval(talking);
    this.#sip.send(bye(invite, this.port), from.port, from.address);
  }

  #acknowledged(dialog: Dialog): void {
    const { invite, manner } = dialog;
    if (manner === "gone") {
      this.#hangUp(dialog);
    } else if (manner === "holds" && !dialog.talking) {
      dialog.talking = setInterval(() => this.#murmur(invite), FRAME_MS);
    }
  }

  /** Silence, sent so that the line does not look dead. */
  #murmur(invite: string): void {
    const [port, host] = [/m=audio (\d+)/.exec(invite)?.[1], /c=IN IP4 (\S+)/.exec(invite)?.[1]];
    const packet = Buffer.alloc(172, 0xff);
    const now = Date.now();
    packet.writeUInt16BE(0x8000, 0);
    packet.writeUInt16BE(Math.trunc(now / FRAME_MS) % 65_536, 2);
    packet.writeUInt32BE((now * 8) % 2 ** 32, 4);
    packet.writeUInt32BE(1, 8);
    this.#rtp.send(packet, Number(port), host);
  }

  #hear(packet: Buffer, from: RemoteInfo): void {
    const isVoice = packet.subarray(12).some((sample) => !SILENCE.has(sample));
    const dialog = [...this.#dialogs.values()].find(({ invite }) => invite.includes(`m=audio ${from.port} `));
    if (isVoice && dialog) dialog.ring.heardAt ??= performance.now();
  }
}

interface Dialog {
  invite: string;
  from: RemoteInfo;
  ring: Ring;
  manner: Manner;
  talking: NodeJS.Timeout | undefined;
}

async function bound(socket: Socket): Promise<number> {
  await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
  return socket.address().port;
}

function header(message: string, name: string): string {
  return new RegExp(`^${name}: *(.*)$`, "im").exec(message)?.[1]?.trim() ?? "";
}

const tag = (message: string) => `tag=phone-${header(message, "Call-ID").replace(/[^0-9a-z]/gi, "").slice(0, 16)}`;
const withTag = (message: string) => (/;tag=/.test(header(message, "To")) ? header(message, "To") : `${header(message, "To")};${tag(message)}`);

function answer(message: string, line: string, port: number, body: string): string {
  const via = message.match(/^Via: .*$/gim) ?? [];
  const same = ["From", "Call-ID", "CSeq"].map((name) => `${name}: ${header(message, name)}`);
  return packet([`SIP/2.0 ${line}`, ...via, `To: ${withTag(message)}`, ...same, `Contact: <sip:phone@127.0.0.1:${port}>`], body);
}

/** The phone hangs up. */
function bye(invite: string, port: number): string {
  const target = /<([^>]+)>/.exec(header(invite, "Contact"))?.[1] ?? "";
  // Of its own: several at once would be taken for one that is sent again.
  const via = `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK-bye-${tag(invite).replace("tag=", "")}`;
  const [from, to] = [`From: ${withTag(invite)}`, `To: ${header(invite, "From")}`];
  return packet([`BYE ${target} SIP/2.0`, via, from, to, `Call-ID: ${header(invite, "Call-ID")}`, "CSeq: 1 BYE", "Max-Forwards: 70"], "");
}

function packet(lines: string[], body: string): string {
  const type = body ? ["Content-Type: application/sdp"] : [];
  return [...lines, ...type, `Content-Length: ${body.length}`, "", body].join("\r\n");
}

function sdp(port: number): string {
  return ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", `m=audio ${port} RTP/AVP 0`, "a=rtpmap:0 PCMU/8000", "a=sendrecv", ""].join("\r\n");
}
