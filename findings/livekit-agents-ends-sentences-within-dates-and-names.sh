#!/usr/bin/env bash
# livekit-agents 1.8.9 with livekit-blingfire 1.2.0 (PyPI).
#
# Where a voice can't be fed word by word, the agent's reply is cut into sentences as the model writes it, and each is spoken as a piece
# of its own. The cutter knows the abbreviations of English. In the languages that write a date's day with a full stop (German, Czech,
# Norwegian, Finnish …) the sentence ends there: the voice gets "…, dem 20.", speaks it as an end, falling, and as "zwanzig" instead
# of "zwanzigsten"; then a pause, and "Juni um 9 Uhr" as if it began there. A doctor's title does the same in Hindi or Portuguese.
#
# Who is hurt: agents that speak other languages by a voice behind StreamAdapter (OpenAI's and others without streaming): dates and
# names, what an appointment or a reminder is about, are what is torn, and English tests don't show it. What helps: have the model write
# dates and titles in words, or give StreamAdapter a sentence_tokenizer that knows the language.
#
# Seen (the pieces that the voice is given of a reply that is written word by word):
#   German: Ihr Termin ist am Mittwoch, dem 20. | Juni um 9 Uhr in der Filiale. | Passt Ihnen das?
#   Czech: Vaše schůzka je ve středu 20. | června v 9 hodin na pobočce. | Vyhovuje vám to?
#   Portuguese: A sua consulta é na quarta-feira com a Dra. | Silva na nossa clínica. | Pode ser?
#   Hindi: आपकी मुलाक़ात बुधवार को डॉ. | शर्मा के साथ क्लिनिक में है। | ठीक है?
#   English: Your appointment is on Wednesday with Dr. Smith at 5 Main St. in Bath. | Is that fine?
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/speak.py" <<'PY'
import asyncio
from livekit.agents import tts

replies = {
    "German": "Ihr Termin ist am Mittwoch, dem 20. Juni um 9 Uhr in der Filiale. Passt Ihnen das?",
    "Czech": "Vaše schůzka je ve středu 20. června v 9 hodin na pobočce. Vyhovuje vám to?",
    "Portuguese": "A sua consulta é na quarta-feira com a Dra. Silva na nossa clínica. Pode ser?",
    "Hindi": "आपकी मुलाक़ात बुधवार को डॉ. शर्मा के साथ क्लिनिक में है। ठीक है?",
    "English": "Your appointment is on Wednesday with Dr. Smith at 5 Main St. in Bath. Is that fine?",
}

class Spoken(tts.ChunkedStream):
    async def _run(self, output):
        output.initialize(request_id="1", sample_rate=8000, num_channels=1, mime_type="audio/pcm")
        output.push(bytes(1600))
        output.flush()

class Voice(tts.TTS):
    """A voice that keeps what it is given to speak."""
    def __init__(self):
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=8000, num_channels=1)
        self.pieces = []

    def synthesize(self, text, *, conn_options):
        self.pieces.append(text.strip())
        return Spoken(tts=self, input_text=text, conn_options=conn_options)

async def main():
    for language, reply in replies.items():
        voice = Voice()
        async with tts.StreamAdapter(tts=voice).stream() as stream:
            for word in reply.split(" "):
                stream.push_text(word + " ")
            stream.end_input()
            async for _ in stream:
                pass
        print(f"{language}: " + " | ".join(voice.pieces))

asyncio.run(main())
PY
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install -q livekit-agents==1.8.9 livekit-blingfire==1.2.0 >/dev/null 2>&1

seen=$(timeout 60 "$folder/python/bin/python" "$folder/speak.py" 2>"$folder/log")
echo "$seen"
[ "$seen" = "German: Ihr Termin ist am Mittwoch, dem 20. | Juni um 9 Uhr in der Filiale. | Passt Ihnen das?
Czech: Vaše schůzka je ve středu 20. | června v 9 hodin na pobočce. | Vyhovuje vám to?
Portuguese: A sua consulta é na quarta-feira com a Dra. | Silva na nossa clínica. | Pode ser?
Hindi: आपकी मुलाक़ात बुधवार को डॉ. | शर्मा के साथ क्लिनिक में है। | ठीक है?
English: Your appointment is on Wednesday with Dr. Smith at 5 Main St. in Bath. | Is that fine?" ]
