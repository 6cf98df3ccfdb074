#!/usr/bin/env bash
# aiortp 0.8.0 with its codec G722 1.2.8, beside rfcvoip 2.10.3 (PyPI).
#
# G.722, the telephone's wideband, takes 16,000 samples a second, and its RTP timestamps count 8,000: an error of the first RFC that has been
# left as it is, so that all go on to agree (RFC 3551, 4.5.2). A frame of 20 ms is 160, as with PCMU. aiortp's sender counts samples and
# adds 320, so a second of speech is stamped as two. Its own receiver takes either count, so a call from aiortp to aiortp sounds right.
#
# Who is hurt: agents on aiortp that offer G.722, which desk phones prefer. A phone that lays the frames down by their stamps, here
# rfcvoip, hears 20 ms of speech, 20 ms of nothing, and so on: the agent stutters at half its pace, while it understands the caller well,
# and the same call with PCMU is fine. What helps: send_audio_pcm() with a timestamp of one's own, 160 more each time.
#
# Seen, of one second of a tone (what a frame adds to the timestamp; what rfcvoip hears):
#   PCMU: 160; 1 piece of 1000 ms, in 1000 ms
#   G.722: 320; 50 pieces of 20 ms, in 1980 ms
#   G.722, own timestamps: 160; 1 piece of 1000 ms, in 1000 ms
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >call.py <<'PY'
import asyncio, math, socket, struct

from aiortp import RTPSession
from aiortp.codecs import get_codec
from rfcvoip.RTP import PayloadType, RTPClient, TransmitType

async def sent(number, own):
    codec = get_codec(number)
    far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    far.bind(("127.0.0.1", 0))
    far.settimeout(5)
    session = await RTPSession.create(("127.0.0.1", 0), far.getsockname(), number)
    packets = []
    count = codec.samples_per_frame
    for frame in range(50):
        times = range(frame * count, (frame + 1) * count)
        tone = [round(9000 * math.sin(2 * math.pi * 440 * time / codec.sample_rate)) for time in times]
        pcm = struct.pack(f"<{count}h", *tone)
        if own:
            session.send_audio_pcm(pcm, 160 * frame)
        else:
            session.send_audio_pcm_auto(pcm)
        packets.append(far.recv(2000))
    await session.close()
    return packets

def heard(number, kind, packets):
    phone = RTPClient({number: kind}, "127.0.0.1", 0, "127.0.0.1", 9, TransmitType.SENDRECV, audio_bit_depth=16)
    for packet in packets:
        phone.parse_packet(packet)
    part = phone.audio_sample_rate // 100  # 10 ms
    runs = []
    while phone.pmin.available():
        loud = max(map(abs, struct.unpack(f"<{part}h", phone.pmin.read(2 * part)))) > 3000
        if not runs or runs[-1][0] != loud:
            runs.append([loud, 0])
        runs[-1][1] += 10
    return [length for loud, length in runs if loud], sum(length for _, length in runs)

for name, number, kind, own in (
    ("PCMU", 0, PayloadType.PCMU, False),
    ("G.722", 9, PayloadType.G722, False),
    ("G.722, own timestamps", 9, PayloadType.G722, True),
):
    packets = asyncio.run(sent(number, own))
    stamps = [struct.unpack("!I", packet[4:8])[0] for packet in packets]
    (step,) = {(after - before) % 2**32 for before, after in zip(stamps, stamps[1:])}
    pieces, total = heard(number, kind, packets)
    (length,) = set(pieces)
    print(f"{name}: {step}; {len(pieces)} piece{'s' * (len(pieces) > 1)} of {length} ms, in {total} ms")
PY
python3 -m venv python >/dev/null
python/bin/pip install -q aiortp==0.8.0 G722==1.2.8 rfcvoip==2.10.3 >/dev/null 2>&1

seen=$(python/bin/python call.py 2>/dev/null)
echo "$seen"
[ "$seen" = "PCMU: 160; 1 piece of 1000 ms, in 1000 ms
G.722: 320; 50 pieces of 20 ms, in 1980 ms
G.722, own timestamps: 160; 1 piece of 1000 ms, in 1000 ms" ]
