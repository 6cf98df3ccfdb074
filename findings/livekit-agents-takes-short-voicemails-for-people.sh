#!/usr/bin/env bash
# livekit-agents 1.8.9 (PyPI), with livekit-plugins-silero 1.8.9 for the length of its pause.
#
# AMD, which tells whom an outbound call has reached, asks a model for its judgement of what is said. But where the first words last 2.5
# seconds or less and half a second of silence follows, it says "human" without the model, unless there is a final transcript by then. The
# silence counts from the end of the words. Silero's detector waits 0.55 s before it calls them ended, so nothing is left of the half
# second: a transcript that comes after that moment is too late. One of a speech-to-text that works by utterance, and begins
# at that moment, always is. The verdict stands; the rest of the greeting is not looked at.
#
# Who is hurt: outbound agents that leave a message, or hang up, on machines: a greeting like "Please leave a message", or a long one
# with a pause after its first words, is a person to them, and they converse with a recording. It depends on milliseconds of the
# transcriber. What helps: `detection_options={"human_silence_threshold": 1.5}`, which is what a real person then waits.
#
# Seen, with "Please leave a message after the tone." of 1.5 seconds and a model that answers "machine-vm" (the pause is Silero's):
#   Silero's pause: 0.55 s
#   transcript before the detector's end of speech: machine-vm (llm)
#   transcript 0.2 s after it: human (short_greeting)
#   transcript 0.2 s after it, human_silence_threshold 1.5: machine-vm (llm)
# This drives the class that AMD gives its events to, without the room and the session around it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/detect.py" <<'PY'
import asyncio, inspect, json
from livekit.agents import llm
from livekit.agents.voice.amd.classifier import _AMDClassifier as Detector
from livekit.plugins import silero

pause = inspect.signature(silero.VAD.load).parameters["min_silence_duration"].default

class Model:
    """Answers as a model would that recognises the greeting."""
    def chat(self, *, tools, **rest):
        call = llm.FunctionToolCall(name="save_prediction", arguments=json.dumps({"label": "machine-vm"}), call_id="1")
        answer = type("Answer", (), {"tool_calls": [call]})
        async def collect(self):
            return answer
        return type("Stream", (), {"tools": tools, "collect": collect})()

async def verdict(early, **options):
    detector, told = Detector(Model(), **options), asyncio.Event()
    verdicts = []
    detector.on("amd_prediction", lambda event: (verdicts.append(event), told.set()))
    detector.start_listening()
    detector.start_detection_timer()
    detector.on_user_speech_started()
    await asyncio.sleep(1.5 + pause - early)
    if early > 0:
        detector.push_text("Please leave a message after the tone.")
        await asyncio.sleep(early)
    detector.on_user_speech_ended(pause)
    if early <= 0:
        await asyncio.sleep(0.2)
        detector.push_text("Please leave a message after the tone.")
    await asyncio.wait_for(told.wait(), 15)
    await detector.close()
    return f"{verdicts[0].category.value} ({verdicts[0].reason})"

async def main():
    print(f"Silero's pause: {pause} s")
    print("transcript before the detector's end of speech:", await verdict(0.2))
    print("transcript 0.2 s after it:", await verdict(0))
    print("transcript 0.2 s after it, human_silence_threshold 1.5:", await verdict(0, human_silence_threshold=1.5))

asyncio.run(main())
PY
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install -q livekit-agents==1.8.9 livekit-plugins-silero==1.8.9 >/dev/null 2>&1

seen=$(timeout 120 "$folder/python/bin/python" "$folder/detect.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "Silero's pause: 0.55 s
transcript before the detector's end of speech: machine-vm (llm)
transcript 0.2 s after it: human (short_greeting)
transcript 0.2 s after it, human_silence_threshold 1.5: machine-vm (llm)" ]
