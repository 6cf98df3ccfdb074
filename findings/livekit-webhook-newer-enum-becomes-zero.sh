#!/usr/bin/env bash
# livekit-server-sdk 2.13.3 (npm) with @livekit/protocol 1.41.0, as a lock file from early 2026 may hold them.
#
# A webhook of a newer LiveKit server that names an enum value which the locked protocol package doesn't know yet is accepted by
# WebhookReceiver.receive() without an error, and the value reads as the enum's zero: a participant of kind CONNECTOR is a STANDARD
# one, and a participant that left for AGENT_ERROR left for UNKNOWN_REASON. The same event, read with @livekit/protocol 1.51.0,
# says what was sent. The name that came is in neither object: it can't be logged, and nothing tells "zero was sent" from "unknown".
#
# Who is hurt: a backend that branches on `kind` or `disconnectReason` (is this the caller, did the agent fail?), when the server is
# updated before the SDK. What one would expect: an error, or a value that is told apart from STANDARD and UNKNOWN_REASON.
#
# Seen:
#   protocol 1.41.0: kind 0 (STANDARD), disconnectReason 0 (UNKNOWN_REASON)
#   protocol 1.51.0: kind 7 (CONNECTOR), disconnectReason 16 (AGENT_ERROR)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/read.mjs" <<'JS'
import { createHash } from "node:crypto";
import { DisconnectReason, ParticipantInfo_Kind } from "@livekit/protocol";
import { AccessToken, WebhookReceiver } from "livekit-server-sdk";

const [key, secret] = ["APIexample", "an-example-secret-of-32-characters"];
const participant = { sid: "PA_1", identity: "callee", state: "DISCONNECTED", kind: "CONNECTOR", disconnectReason: "AGENT_ERROR" };
const body = JSON.stringify({ event: "participant_left", id: "EV_1", createdAt: "1780000000", participant });
const token = new AccessToken(key, secret);
token.sha256 = createHash("sha256").update(body).digest("base64");
const read = (await new WebhookReceiver(key, secret).receive(body, await token.toJwt())).participant;
const name = (values, number) => `${number} (${values[number]})`;
console.log(`kind ${name(ParticipantInfo_Kind, read.kind)}, disconnectReason ${name(DisconnectReason, read.disconnectReason)}`);
JS

read_with() {
  mkdir "$folder/$1"
  cp "$folder/read.mjs" "$folder/$1/"
  (cd "$folder/$1" && npm init -y && npm install --no-audit --no-fund "livekit-server-sdk@2.13.3" "@livekit/protocol@$1") >/dev/null 2>&1
  echo "protocol $1: $(cd "$folder/$1" && node read.mjs)"
}

seen=$(read_with 1.41.0 && read_with 1.51.0)
echo "$seen"
[ "$seen" = "protocol 1.41.0: kind 0 (STANDARD), disconnectReason 0 (UNKNOWN_REASON)
protocol 1.51.0: kind 7 (CONNECTOR), disconnectReason 16 (AGENT_ERROR)" ]
