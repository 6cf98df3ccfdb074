#!/usr/bin/env bash
# sip 0.0.6, jssip 3.13.8 and sip.js 0.21.2 (npm).
#
# A carrier that goes over to SHA-256 lists two challenges in its 401, one for each hash, and a client answers the topmost that it
# can do (RFC 8760): these three can do MD5, and it is there, so nothing should change for them. But npm's sip answers the first
# challenge whatever it asks for, with an MD5 hash that it labels "sha-256", which no server accepts; JsSIP and SIP.js keep only the last,
# and give up, without a second request, where that isn't MD5. So none of them works by the rule, and no order suits all.
#
# Who is hurt: who registers or dials with these, on the day the carrier adds the better hash: "wrong password" with the right one, or a
# registration that fails at once. What helps: ask the carrier for MD5 alone, or a client that is newer than 2020 in this.
#
# Seen (what each does with the challenges of a 401, in their order):
#   MD5: sip answers MD5; JsSIP answers MD5; SIP.js answers MD5
#   SHA-256, MD5: sip answers SHA-256 by an MD5 hash; JsSIP answers MD5; SIP.js answers MD5
#   MD5, SHA-256: sip answers MD5; JsSIP answers nothing; SIP.js answers nothing
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >register.mjs <<'JS'
import sip from "sip";
import digest from "sip/digest.js";
import JsSIP from "jssip";
import { Registerer, UserAgent } from "sip.js";

const challenges = (hashes) => hashes.map((hash) =>
  `WWW-Authenticate: Digest realm="example.com", nonce="for ${hash}", algorithm=${hash}, qop="auth"\r\n`).join("");
const header = (message, name) => message.match(new RegExp(`^${name}: (.*)\r$`, "im"))?.[1];
const answerTo = (request, status, more) => `SIP/2.0 ${status}\r\n` +
  ["Via", "From", "To", "Call-ID", "CSeq"].map((name) => `${name}: ${header(request, name)}\r\n`).join("")
    .replace(/^To: .*$/m, (to) => `${to.trimEnd()};tag=server\r`) + `${more}Content-Length: 0\r\n\r\n`;

// A server on the other end of a client's transport: it challenges, and keeps what it is answered.
function server(hashes, deliver) {
  const seen = {};
  seen.take = (message) => {
    if (!message.startsWith("REGISTER")) return;
    seen.answer ??= header(message, "Authorization");
    const granted = seen.answer && answerTo(message, "200 OK", `Contact: ${header(message, "Contact")}\r\n`);
    setTimeout(() => deliver(granted ?? answerTo(message, "401 Unauthorized", challenges(hashes))));
  };
  return seen;
}
function told(answer) {
  if (!answer) return "nothing";
  const hash = answer.match(/algorithm="?([^",]*)/)[1].toUpperCase();
  const digits = answer.match(/response="([^"]*)"/)[1].length;
  return hash !== "MD5" && digits === 32 ? `${hash} by an MD5 hash` : hash;
}

function bySip(hashes) {
  const response = sip.parse(`SIP/2.0 401 Unauthorized\r\n${challenges(hashes)}Content-Length: 0\r\n\r\n`);
  const request = { method: "REGISTER", uri: "sip:example.com", headers: {} };
  digest.signRequest({}, request, response, { user: "dialer", password: "secret" });
  const fields = request.headers.authorization[0];
  return told(`algorithm=${fields.algorithm}, response=${fields.response}`);
}
async function byJsSIP(hashes) {
  const socket = {
    via_transport: "WS", sip_uri: "sip:192.0.2.1;transport=ws", url: "ws://192.0.2.1",
    connect() { setTimeout(() => this.onconnect()); },
    disconnect() {},
    isConnected: () => true,
    send: (message) => (seen.take(String(message)), true),
  };
  const seen = server(hashes, (message) => socket.ondata(message));
  const agent = new JsSIP.UA({ sockets: [socket], uri: "sip:dialer@example.com", password: "secret" });
  const done = new Promise((resolve) => agent.on("registered", resolve).on("registrationFailed", resolve));
  agent.start();
  await done;
  return told(seen.answer);
}
async function bySipJs(hashes) {
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
    async send(message) { seen.take(message); }
  }
  const seen = server(hashes, (message) => transport.onMessage(message));
  const agent = new UserAgent({
    uri: UserAgent.makeURI("sip:dialer@example.com"), transportConstructor: Transport, logLevel: "error",
    authorizationUsername: "dialer", authorizationPassword: "secret",
  });
  await agent.start();
  await new Promise((resolve) => {
    new Registerer(agent).register({ requestDelegate: { onAccept: resolve, onReject: resolve } });
  });
  return told(seen.answer);
}

for (const hashes of [["MD5"], ["SHA-256", "MD5"], ["MD5", "SHA-256"]]) {
  const [first, second, third] = [bySip(hashes), await byJsSIP(hashes), await bySipJs(hashes)];
  console.log(`${hashes.join(", ")}: sip answers ${first}; JsSIP answers ${second}; SIP.js answers ${third}`);
}
process.exit();
JS
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts sip@0.0.6 jssip@3.13.8 sip.js@0.21.2 >/dev/null 2>&1

seen=$(timeout 60 node register.mjs 2>/dev/null)
echo "$seen"
[ "$seen" = "MD5: sip answers MD5; JsSIP answers MD5; SIP.js answers MD5
SHA-256, MD5: sip answers SHA-256 by an MD5 hash; JsSIP answers MD5; SIP.js answers MD5
MD5, SHA-256: sip answers MD5; JsSIP answers nothing; SIP.js answers nothing" ]
