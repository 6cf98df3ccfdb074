#!/usr/bin/env bash
# jssip 3.13.8 and sip.js 0.21.2 (npm), beside sip 0.0.6.
#
# A telephone number has a URI of its own, tel:, and SIP lets From and To hold any URI (RFC 3261 sections 20.20 and 20.39); a carrier's
# IMS core may well write a caller as <tel:+12025550123>. The grammar that JsSIP and SIP.js share knows sip: and sips: alone there, and
# both drop the whole message: no event for the application, and nothing on the wire, not even a 400. SIP.js logs "error parsing header",
# JsSIP is silent. The caller's side sends the INVITE again and again, for the 32 seconds that SIP gives it (timer B).
#
# Who is hurt: dialers and agents in JavaScript that also take the calls people return. Those from one network arrive, those from
# another ring nowhere, and so may a trunk's health checks fail. What helps: have the proxy in front rewrite tel: as sip: with user=phone.
#
# Seen (the answer to an INVITE; without WebRTC, as here, JsSIP refuses one that it has read with 405; SIP.js's application chose 488):
#   From sip: JsSIP 405; SIP.js 488; sip reads sip:+12025550123@example.com
#   From tel: JsSIP nothing; SIP.js nothing; sip reads tel:+12025550123
#   To tel: JsSIP nothing; SIP.js nothing; sip reads sip:+12025550123@example.com
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >receive.mjs <<'JS'
import sip from "sip";
import JsSIP from "jssip";
import { UserAgent } from "sip.js";

const invite = (from, to) => [
  "INVITE sip:agent@192.0.2.1 SIP/2.0", "Via: SIP/2.0/WS 192.0.2.9;branch=z9hG4bK" + Math.random(), "Max-Forwards: 70",
  `From: <${from}>;tag=1`, `To: <${to}>`, "Call-ID: " + Math.random(), "CSeq: 1 INVITE",
  "Contact: <sip:192.0.2.9;transport=ws>", "Content-Length: 0", "", "",
].join("\r\n");
const aSecond = () => new Promise((resolve) => setTimeout(resolve, 1000));
const status = (sent) => sent.map((message) => message.match(/^SIP\/2.0 (\d+)/)?.[1]).find((code) => code > 199) ?? "nothing";

async function byJsSIP(message) {
  const sent = [];
  const socket = {
    via_transport: "WS", sip_uri: "sip:192.0.2.1;transport=ws", url: "ws://192.0.2.1",
    connect() { setTimeout(() => this.onconnect()); },
    disconnect() {},
    isConnected: () => true,
    send: (text) => sent.push(String(text)),
  };
  const agent = new JsSIP.UA({
    sockets: [socket], uri: "sip:agent@example.com", contact_uri: "sip:agent@192.0.2.1", register: false,
  });
  const connected = new Promise((resolve) => agent.on("connected", resolve));
  agent.start();
  await connected;
  socket.ondata(message);
  await aSecond();
  return status(sent);
}
async function bySipJs(message) {
  const sent = [];
  let transport;
  class Transport {
    protocol = "WS";
    state = "Connected";
    stateChange = { addListener() {}, removeListener() {} };
    constructor() { transport = this; }
    async connect() { this.onConnect?.(); }
    async disconnect() {}
    async dispose() {}
    isConnected() { return true; }
    async send(text) { sent.push(text); }
  }
  const agent = new UserAgent({
    uri: UserAgent.makeURI("sip:agent@example.com"), transportConstructor: Transport, logLevel: "error", contactName: "agent",
    delegate: { onInvite: (invitation) => invitation.reject({ statusCode: 488 }) },
  });
  await agent.start();
  transport.onMessage(message);
  await aSecond();
  return status(sent);
}

const [number, agent] = ["sip:+12025550123@example.com", "sip:agent@example.com"];
for (const [what, from, to] of [
  ["From sip", number, agent], ["From tel", "tel:+12025550123", agent], ["To tel", number, "tel:+12025550199"],
]) {
  const message = invite(from, to);
  const read = sip.parse(message).headers.from.uri;
  console.log(`${what}: JsSIP ${await byJsSIP(message)}; SIP.js ${await bySipJs(message)}; sip reads ${read}`);
}
process.exit();
JS
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts sip@0.0.6 jssip@3.13.8 sip.js@0.21.2 >/dev/null 2>&1

seen=$(timeout 60 node receive.mjs 2>log)
echo "$seen"
[ "$seen" = "From sip: JsSIP 405; SIP.js 488; sip reads sip:+12025550123@example.com
From tel: JsSIP nothing; SIP.js nothing; sip reads tel:+12025550123
To tel: JsSIP nothing; SIP.js nothing; sip reads sip:+12025550123@example.com" ]
