#!/usr/bin/env bash
# aiosipua 0.7.1, opensip 0.2.1 and sippy 2.5.0, beside rfcvoip 2.10.3 (PyPI).
#
# Whoever puts a call on hold sends its description again, with "a=sendonly" or "a=inactive". The line may stand below the m= line of
# the audio, or above all of them, where it holds for every media that has none of its own (RFC 8866, 6.7); some networks' cores write the
# latter. These three look below the m= line only. In the session's part, hold isn't there: aiosipua and opensip say "sendrecv",
# their default, and sippy's isOnHold() is False. aiosipua's ready answer then claims "sendrecv" too, which no answer to a sendonly
# may (RFC 3264, 6.1).
#
# Who is hurt: agents that stop to listen and to speak while the callee has put them on hold. Where calls from one network work, those by
# way of another don't: the agent takes the music for the person, transcribes it, answers it, and pays for both for as long as
# it lasts. What helps: copy the session's direction to each media that has none, before it's looked at.
#
# Seen (what each makes of the same hold, by where the line stands):
#   below m=: aiosipua sendonly, answers recvonly; opensip sendonly; sippy on hold; rfcvoip sendonly
#   above m=: aiosipua sendrecv, answers sendrecv; opensip sendrecv; sippy not on hold; rfcvoip sendonly
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/hold.py" <<'PY'
from aiosipua.sdp import parse_sdp
from aiosipua.sdp_negotiate import negotiate_sdp
from opensip.sdp import SDPSession
from rfcvoip.SIP import SIPMessage
from sippy.SdpBody import SdpBody

SESSION = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
AUDIO = "m=audio 5004 RTP/AVP 0\r\n"
HOLD = "a=sendonly\r\n"
INVITE = "\r\n".join([
    "INVITE sip:agent@example.com SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", "From: <sip:+12025550123@example.com>;tag=1",
    "To: <sip:agent@example.com>;tag=2", "Call-ID: call-1", "CSeq: 2 INVITE", "Contact: <sip:phone@192.0.2.1>",
    "Content-Type: application/sdp", "Content-Length: {}", "", "{}",
])

for place, offer in [("below m=", SESSION + AUDIO + HOLD), ("above m=", SESSION + HOLD + AUDIO)]:
    parsed = parse_sdp(offer)
    answer, _ = negotiate_sdp(parsed, "192.0.2.2", 6000)
    message = SIPMessage(INVITE.format(len(offer), offer).encode())
    print(
        f"{place}: aiosipua {parsed.audio.direction}, answers {answer.audio.direction}; opensip {SDPSession.parse(offer).media[0].direction}; "
        f"sippy {'on' if SdpBody(offer).sections[0].isOnHold() else 'not on'} hold; rfcvoip {message.body['m'][0]['transmit_type']}"
    )
PY
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install -q aiosipua==0.7.1 opensip==0.2.1 sippy==2.5.0 rfcvoip==2.10.3 >/dev/null 2>&1

seen=$("$folder/python/bin/python" "$folder/hold.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "below m=: aiosipua sendonly, answers recvonly; opensip sendonly; sippy on hold; rfcvoip sendonly
above m=: aiosipua sendrecv, answers sendrecv; opensip sendrecv; sippy not on hold; rfcvoip sendonly" ]
