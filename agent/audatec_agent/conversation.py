"""A conversation held by models: which ones, the environment says."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import re
from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentSession, RunContext, function_tool
from livekit.agents.llm import ChatContext

from .callee import Callee
from .job import Job
from .outcome import ANSWERED_BY
from .talk import Result

logger = logging.getLogger("audatec-agent")

ASK = (
    "The call is over. Answer with one JSON object and nothing else: `disposition` (a word or two in snake_case), `summary` (one"
    " sentence), `sentiment` (positive, neutral or negative), `answered_by` (human, voicemail or unknown)."
)

MODELS = ("AGENT_LLM", "AGENT_STT", "AGENT_TTS")
#: The platform waits ten seconds for an outcome, once the call is over; the session takes two of them to close.
JUDGE_SECONDS = 6


def setting(variable: str) -> tuple[Any, dict[str, Any]] | None:
    """What an environment variable names as `module:Class {"option": …}`, and the options; None if it is not set."""
    text = os.environ.get(variable, "").strip()
    if not text:
        return None
    name, _, options = text.partition(" ")
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found, json.loads(options or "{}")


def model(variable: str, **more: Any) -> Any:
    """The model that an environment variable names; None if it is not set. `more` are options that the call decides."""
    found = setting(variable)
    return found[0](**{**found[1], **more}) if found else None


def speaking_model(job: Job) -> Any:
    """The TTS, with the voice of the call's agent. An empty `AGENT_TTS_VOICE_OPTION` is a TTS that has no choice of voices."""
    option = os.environ.get("AGENT_TTS_VOICE_OPTION", "voice")
    return model("AGENT_TTS", **({option: job.voice} if job.voice and option else {}))


def is_configured() -> bool:
    """Whether there are models to converse with: all, or none."""
    named = [variable for variable in MODELS if os.environ.get(variable, "").strip()]
    if named and len(named) < len(MODELS):
        raise ValueError(f"{', '.join(MODELS)} must be set together")
    return bool(named)


def load() -> None:
    """Imports the models ahead of the first call: nobody on the phone is to wait for that, or to be the first to meet a mistake."""
    if is_configured():
        for variable in (*MODELS, "AGENT_VAD"):
            setting(variable)


class Speaker(Agent):
    """Holds the conversation by its script."""

    def __init__(self, job: Job, over: asyncio.Event) -> None:
        super().__init__(instructions=job.instructions())
        self._job = job
        self._over = over
        #: Whether the model said that a voicemail answered.
        self.is_voicemail = False

    async def on_enter(self) -> None:
        """Begins to speak: the person has picked up."""
        self.session.generate_reply(instructions="Greet the person and begin.")

    @function_tool
    async def voicemail_reached(self, context: RunContext) -> str | None:
        """Call this when a voicemail, an answering machine or a call screener answers."""
        self.is_voicemail = True
        action = self._job.voicemail["action"]
        if action == "continue":
            return "Go on as with a person."
        try:
            if action == "leave_message":
                await context.session.say(self._job.voicemail["message"], allow_interruptions=False)
        finally:
            self._over.set()
        return None

    @function_tool
    async def end_call(self, context: RunContext) -> None:
        """Call this when the conversation has come to its end and you have said goodbye."""
        await context.wait_for_playout()
        self._over.set()


async def talk(room: rtc.Room, callee: Callee, job: Job, result: Result) -> None:
    """Talks until either side is done. The session is closed by the job's end."""
    over = asyncio.Event()
    llm = model("AGENT_LLM")
    # Without AGENT_VAD the session has its own.
    vad = {"vad": model("AGENT_VAD")} if setting("AGENT_VAD") else {}
    session: AgentSession = AgentSession(llm=llm, stt=model("AGENT_STT"), tts=speaking_model(job), **vad)
    speaker = Speaker(job, over)

    @session.on("conversation_item_added")
    def _on_item(event: Any) -> None:
        text = getattr(event.item, "text_content", None)
        if text:
            result.say("agent" if event.item.role == "assistant" else "callee", text)

    async def judge() -> dict[str, Any]:
        outcome = await _judge(llm, session.history, job, speaker.is_voicemail)
        return {**outcome, "answered_by": _answered_by(speaker, result, outcome)}

    session.on("close", lambda _: over.set())
    result.judge = judge
    await session.start(speaker, room=room)
    waits = [asyncio.ensure_future(event.wait()) for event in (over, callee.left)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


def _answered_by(speaker: Speaker, result: Result, outcome: dict[str, Any]) -> str:
    if speaker.is_voicemail:
        return "voicemail"
    if not any(line["role"] == "callee" for line in result.transcript):
        return "unknown"
    judged = outcome.get("answered_by")
    return judged if judged in ANSWERED_BY else "human"


async def _judge(llm: Any, history: ChatContext, job: Job, is_voicemail: bool) -> dict[str, Any]:
    """What came of it, in the model's own judgement; what can be said without it if it has none."""
    asked = history.copy(exclude_function_call=True)
    asked.add_message(role="user", content=_question(job, is_voicemail))
    try:
        said = await asyncio.wait_for(_complete(llm, asked), JUDGE_SECONDS)
        found = re.search(r"\{.*\}", said, re.DOTALL)
        if found:
            return json.loads(found.group())
        logger.warning("call %s: no outcome could be made: the model's answer has no JSON", job.call_id)
    except Exception as error:
        logger.warning("call %s: no outcome could be made: %r", job.call_id, error)
    return {"disposition": "voicemail"} if is_voicemail else {}


def _question(job: Job, is_voicemail: bool) -> str:
    heard = " A voicemail answered." if is_voicemail else ""
    wish = f" It must be valid under this JSON Schema: {json.dumps(job.outcome_schema)}" if job.outcome_schema else ""
    return ASK + heard + wish


async def _complete(llm: Any, chat: ChatContext) -> str:
    text = ""
    async with llm.chat(chat_ctx=chat) as stream:
        async for chunk in stream:
            text += (chunk.delta.content or "") if chunk.delta else ""
    return text
