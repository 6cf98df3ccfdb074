#!/usr/bin/env bash
# aiortp 0.8.0 and aiosipua 0.7.1 (PyPI), beside opensip 0.2.1 (PyPI).
#
# A key that is pressed in a call is an event of several packets, and what makes the next key another one is the RTP timestamp that its
# packets share (RFC 4733, 2.2.1). aiortp's send_dtmf() takes that timestamp as an option, 0 unless given, so two keys are two events of the
# same moment, and a receiver takes all that follows the first for its repetitions. Its own receiver hears "1" of 1123#; opensip's,
# which looks at the key as well, hears no key twice in a call. aiosipua's send_dtmf(), built on it, has no such option at all.
#
# Who is hurt: an agent that presses its way through a menu, an extension or a PIN: the menu hears the first key and waits. A test with one
# key passes, and so does one against a receiver that goes by the marker bit. What helps, in aiortp: a `timestamp` that grows, such as
# its sender's current_timestamp; with aiosipua the same, by way of its rtp_session.
#
# Seen (of 1123#, a key each quarter of a second, with audio between; what the far end hears):
#   aiortp: to aiortp 1; to opensip 123#
#   aiosipua: to aiortp 1; to opensip 123#
#   aiortp, with a timestamp: to aiortp 1123#; to opensip 1123#
#   opensip: to aiortp 1123#; to opensip 1123#
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/press.py" <<'PY'
import asyncio, socket
import aiortp
from aiosipua.rtp_bridge import CallSession
from aiosipua.sdp import parse_sdp
from opensip.rtp import RTPSession

KEYS = "1123#"
OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" \
    "m=audio {} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"

def port():
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as next:
            one.bind(("127.0.0.1", 0))
            number = one.getsockname()[1]
            try:
                next.bind(("127.0.0.1", number + 1))
            except OSError:
                continue
            return number

async def speak(session):
    for _ in range(5):
        session.send_audio_pcm_auto(bytes(320))
        await asyncio.sleep(0.02)

async def by_aiortp(to, own=False):
    session = await aiortp.RTPSession.create(("127.0.0.1", port()), ("127.0.0.1", to), payload_type=0)
    for key in KEYS:
        await speak(session)
        if own:
            session.send_dtmf(key, timestamp=session._sender.current_timestamp)
        else:
            session.send_dtmf(key)
        await asyncio.sleep(0.15)
    await session.close()

async def by_aiosipua(to):
    call = CallSession("127.0.0.1", port(), parse_sdp(OFFER.format(to)))
    await call.start()
    for key in KEYS:
        await speak(call.rtp_session)
        call.send_dtmf(key)
        await asyncio.sleep(0.15)
    await call.close()

async def by_opensip(to):
    session = RTPSession(local_addr=("127.0.0.1", port()))
    await session.start()
    session.remote_addr = ("127.0.0.1", to)
    for key in KEYS:
        await session.send_dtmf(key)
        await asyncio.sleep(0.1)
    await session.stop()

async def heard_by_aiortp(press):
    heard, at = [], port()
    session = await aiortp.RTPSession.create(("127.0.0.1", at), ("127.0.0.1", port()), payload_type=0)
    session.on_dtmf = lambda key, duration: heard.append(key)
    await press(at)
    await asyncio.sleep(0.2)
    await session.close()
    return "".join(heard)

async def heard_by_opensip(press):
    heard, at = [], port()
    session = RTPSession(local_addr=("127.0.0.1", at), on_dtmf=heard.append)
    await session.start()
    await press(at)
    await asyncio.sleep(0.2)
    await session.stop()
    return "".join(heard)

async def main():
    for name, press in [
        ("aiortp", by_aiortp),
        ("aiosipua", by_aiosipua),
        ("aiortp, with a timestamp", lambda to: by_aiortp(to, own=True)),
        ("opensip", by_opensip),
    ]:
        print(f"{name}: to aiortp {await heard_by_aiortp(press)}; to opensip {await heard_by_opensip(press)}")

asyncio.run(main())
PY
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install -q aiortp==0.8.0 aiosipua==0.7.1 opensip==0.2.1 >/dev/null 2>&1

seen=$(timeout 60 "$folder/python/bin/python" "$folder/press.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "aiortp: to aiortp 1; to opensip 123#
aiosipua: to aiortp 1; to opensip 123#
aiortp, with a timestamp: to aiortp 1123#; to opensip 1123#
opensip: to aiortp 1123#; to opensip 1123#" ]
