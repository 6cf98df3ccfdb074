#!/usr/bin/env bash
# livekit-agents 1.8.9 (PyPI).
#
# An agent speaks while its model still writes: what is written goes to the voice word by word. Between the two, by default, a filter
# takes Markdown out, and there a lone asterisk before a word may be the beginning of *emphasis*: all that follows is held back until its
# end comes, or the line's, or the reply's. A telephone's codes begin with just that. After "dial *67" nothing more reaches the
# voice until the model has written the whole reply; the same words with "star 67" go through one by one.
#
# Who is hurt: agents that name star codes (call forwarding, voicemail, "*9 to be taken off the list"): the caller hears silence in
# mid-sentence for as long as the model takes to write the rest, and may hang up or speak into it. What helps: have the model
# write "star", or give the session `tts_text_transforms=["filter_emoji"]`.
#
# Seen, with a reply of 25 words that is written one at a time (the longest that the voice waits for more, in words written meanwhile):
#   star 67: 1
#   *67: 19
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/speak.py" <<'PY'
import asyncio, itertools, sys
from livekit.agents import Agent, AgentSession, tts
from livekit.agents.voice import io

code = sys.argv[1]
reply = f"To hide your number, dial {code} first. Then wait for the tone, enter the number you want to call, and stay on the line, please."
written = 0
reached = []

async def write():
    global written
    for word in reply.split():
        written += 1
        yield word if written == 1 else f" {word}"
        await asyncio.sleep(0.02)

class Speaker(Agent):
    async def tts_node(self, text, model_settings):
        async for _ in text:
            reached.append(written)
        return
        yield

class Voice(tts.TTS):
    def __init__(self):
        super().__init__(capabilities=tts.TTSCapabilities(streaming=True), sample_rate=24000, num_channels=1)

    def synthesize(self, text, **_):
        raise NotImplementedError

class Nowhere(io.AudioOutput):
    def __init__(self):
        super().__init__(label="nowhere", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=24000)

    async def capture_frame(self, frame):
        await super().capture_frame(frame)

    def flush(self):
        super().flush()

    def clear_buffer(self):
        pass

async def main():
    session = AgentSession(tts=Voice())
    session.output.audio = Nowhere()
    await session.start(agent=Speaker(instructions=""))
    await asyncio.wait_for(session.say(write()), 30)
    print(f"{code}: {max(later - sooner for sooner, later in itertools.pairwise(reached))}")
    await session.aclose()

asyncio.run(main())
PY
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install -q livekit-agents==1.8.9 >/dev/null 2>&1
speak() { timeout 120 "$folder/python/bin/python" "$folder/speak.py" "$1" 2>/dev/null; }

seen=$(speak "star 67" && speak "*67")
echo "$seen"
[ "$seen" = "star 67: 1
*67: 19" ]
