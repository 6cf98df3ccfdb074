"""Models that need no network: the conversations of the tests."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any

from livekit.agents import APIConnectionError, APIStatusError, llm, stt, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.utils import http_context

from audatec_agent.speech import RATE, speak

GREETING = "Hello. Will you pay?"
HEARD = "Yes, tomorrow."
GOODBYE = "Thank you. Goodbye."
OUTCOME = {"disposition": "interested", "summary": "Pays tomorrow.", "sentiment": "positive", "answered_by": "human"}


class LLM(llm.LLM):
    """Greets, ends the call once it has heard something, and judges it. A script that has the word voicemail is one for a voicemail.
    Its judgement is `verdict`, said after `verdict_seconds`."""

    def __init__(self, *, verdict: str = json.dumps(OUTCOME), verdict_seconds: float = 0) -> None:
        super().__init__()
        self.verdict = verdict
        self.verdict_seconds = verdict_seconds
        #: What it was asked to judge.
        self.asked: list[str] = []

    def chat(self, *, chat_ctx: llm.ChatContext, tools: list[llm.Tool] | None = None, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS, **_: Any) -> llm.LLMStream:
        return Thought(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class Keyed(LLM):
    """One that wants a key when it is made, as plugins do."""

    def __init__(self) -> None:
        super().__init__()
        if not os.environ.get("KEYED_API_KEY"):
            raise ValueError("KEYED_API_KEY must be set")


class Looped(LLM):
    """One that wants an event loop and the worker's HTTP session when it is made."""

    def __init__(self) -> None:
        super().__init__()
        asyncio.get_running_loop()
        http_context.http_session()


class Refusing(LLM):
    """One whose key is not taken any more."""

    def chat(self, *, chat_ctx: llm.ChatContext, tools: list[llm.Tool] | None = None, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS, **_: Any) -> llm.LLMStream:
        return Refusal(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class Refusal(llm.LLMStream):
    async def _run(self) -> None:
        raise APIStatusError("Incorrect API key provided: sk-secret", status_code=401)


class Misused(LLM):
    """One that can't even be asked."""

    def chat(self, **_: Any) -> llm.LLMStream:
        raise TypeError("sk-secret")


class Reader(LLM):
    """One that reads out what it was told: the script, and the facts below their heading."""

    def chat(self, *, chat_ctx: llm.ChatContext, tools: list[llm.Tool] | None = None, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS, **_: Any) -> llm.LLMStream:
        return Reading(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class Slow(LLM):
    """One that takes long to make: an agent that comes late."""

    def __init__(self, *, seconds: float) -> None:
        super().__init__()
        time.sleep(seconds)


class Thought(llm.LLMStream):
    async def _run(self) -> None:
        messages = [item for item in self._chat_ctx.items if item.type == "message"]
        heard = [item.text_content or "" for item in messages if item.role == "user"]
        script = "".join(item.text_content or "" for item in messages if item.role == "system")
        if heard and heard[-1].startswith("The call is over"):
            self._llm.asked.append(heard[-1])
            await asyncio.sleep(self._llm.verdict_seconds)
            self._say(llm.ChoiceDelta(content=f"Here it is: {self._llm.verdict}"))
        elif not heard:
            self._say(llm.ChoiceDelta(content=GREETING))
        elif "voicemail" in script:
            self._say(llm.ChoiceDelta(tool_calls=[_tool_call("voicemail_reached")]))
        else:
            self._say(llm.ChoiceDelta(content=GOODBYE))
            self._say(llm.ChoiceDelta(tool_calls=[_tool_call("end_call")]))

    def _say(self, delta: llm.ChoiceDelta) -> None:
        delta.role = "assistant"
        self._event_ch.send_nowait(llm.ChatChunk(id="thought", delta=delta))


class Reading(Thought):
    async def _run(self) -> None:
        told = [item.text_content or "" for item in self._chat_ctx.items if item.type == "message" and item.role == "system"]
        script, _, _, *facts = told[0].splitlines()
        self._say(llm.ChoiceDelta(content=f"{script} {len(facts)} lines: {' '.join(facts)}"))


def _tool_call(name: str) -> llm.FunctionToolCall:
    return llm.FunctionToolCall(name=name, arguments="{}", call_id=name)


class STT(stt.STT):
    """Hears `HEARD` some time after the beginning, whatever there is to hear: the tests' own SIP node passes no sound."""

    def __init__(self, *, after_seconds: float = 2.5) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=False))
        self.after_seconds = after_seconds

    def stream(self, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS, **_: Any) -> stt.RecognizeStream:
        return Hearing(stt=self, conn_options=conn_options)

    async def _recognize_impl(self, *_: Any, **__: Any) -> stt.SpeechEvent:
        raise NotImplementedError("it streams")


class Hearing(stt.RecognizeStream):
    async def _run(self) -> None:
        await asyncio.sleep(self._stt.after_seconds)
        self._event_ch.send_nowait(stt.SpeechEvent(stt.SpeechEventType.START_OF_SPEECH))
        said = stt.SpeechData(language="en", text=HEARD, confidence=1.0)
        self._event_ch.send_nowait(stt.SpeechEvent(stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[said]))
        self._event_ch.send_nowait(stt.SpeechEvent(stt.SpeechEventType.END_OF_SPEECH))
        async for _ in self._input_ch:
            pass


class TTS(tts.TTS):
    """Generated speech. Without a voice it can't be made."""

    def __init__(self, *, voice: str, speed: float = 1) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE, num_channels=1)
        self.voice = voice
        self.speed = speed

    def synthesize(self, text: str, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS) -> tts.ChunkedStream:
        return Speaking(tts=self, input_text=text, conn_options=conn_options)


class Speaking(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(request_id="speech", sample_rate=RATE, num_channels=1, mime_type="audio/pcm")
        output_emitter.push(speak(self._input_text, 10).tobytes())
        output_emitter.flush()


class Hoarse(TTS):
    """One that is never heard."""

    def synthesize(self, text: str, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS) -> tts.ChunkedStream:
        return Hoarseness(tts=self, input_text=text, conn_options=conn_options)


class Hoarseness(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        raise APIConnectionError()


class Choosy(TTS):
    """One that does not know each voice."""

    def __init__(self, *, voice: str = "its own") -> None:
        if voice == "unheard-of":
            raise ValueError(f"no such voice: {voice}")
        super().__init__(voice=voice)


class OtherTTS(TTS):
    """One whose constructor calls the voice another name."""

    def __init__(self, *, voice_id: str) -> None:
        super().__init__(voice=voice_id)


class OneVoice(TTS):
    """One that has no choice of voices."""

    def __init__(self) -> None:
        super().__init__(voice="its own")
