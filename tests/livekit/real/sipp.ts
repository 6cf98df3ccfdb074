// Telephones: SIPp as the callee, with one scenario for each behaviour.

const VIA = "[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]Tag[call_number]\n[last_Call-ID:]";
const CONTACT = "Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>";

const send = (text: string) => `<send><![CDATA[\n\n${text}\n\n]]></send>`;
const reply = (line: string) => send(`SIP/2.0 ${line}\n${VIA}\n[last_CSeq:]\n${CONTACT}\nContent-Length: 0`);
const pause = (ms: number) => `<pause milliseconds="${ms}"/>`;
const ACK = '<recv request="ACK" crlf="true"/>';
const ereg = (header: string, to: number) => `<ereg regexp=".*" search_in="hdr" header="${header}:" assign_to="${to}"/>`;
const INVITE = `<recv request="INVITE"><action>${ereg("From", 1)}${ereg("To", 2)}${ereg("CSeq", 3)}</action></recv>`;

const SDP = [
  "v=0",
  "o=callee 1 1 IN IP[local_ip_type] [local_ip]",
  "s=-",
  "c=IN IP[media_ip_type] [media_ip]",
  "t=0 0",
  "m=audio [media_port] RTP/AVP 0",
  "a=rtpmap:0 PCMU/8000",
].join("\n");
const ANSWER = send(`SIP/2.0 200 OK\n${VIA}\n[last_CSeq:]\n${CONTACT}\nContent-Type: application/sdp\nContent-Length: [len]\n\n${SDP}`);
const BYE = send(
  [
    "BYE sip:sipnode@[remote_ip]:[remote_port] SIP/2.0",
    "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
    "From:[$2];tag=[pid]Tag[call_number]",
    "To:[$1]",
    "Call-ID: [call_id]",
    "CSeq: 1 BYE",
    "Max-Forwards: 70",
    CONTACT,
    "Content-Length: 0",
  ].join("\n"),
);
const TERMINATED = send(
  ["SIP/2.0 487 Request Terminated", "[last_Via:]", "[last_From:]", "[last_To:];tag=[pid]Tag[call_number]", "[last_Call-ID:]", "CSeq:[$3]", "Content-Length: 0"].join("\n"),
);

const RING = reply("180 Ringing") + pause(2_000);

export const SCENARIOS = {
  answers: INVITE + RING + ANSWER + ACK + pause(3_000) + BYE + '<recv response="200"/>',
  holds: `${INVITE}${RING}${ANSWER}${ACK}<recv request="BYE"/>${reply("200 OK")}`,
  rings: `${INVITE}${reply("180 Ringing")}<recv request="CANCEL"/>${reply("200 OK")}${TERMINATED}${ACK}`,
  busy: INVITE + RING + reply("486 Busy Here") + ACK,
  declines: INVITE + RING + reply("603 Decline") + ACK,
  broken: INVITE + reply("503 Service Unavailable") + ACK,
} as const;

export type Telephone = keyof typeof SCENARIOS;

export function scenario(name: Telephone): string {
  // A variable that is set and not used is an error to SIPp.
  const used = '<Reference variables="1,2,3"/>';
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="${name}">${SCENARIOS[name]}${used}</scenario>\n`;
}
