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
from .outcome import USUAL
from .talk import Result

logger = logging.getLogger("audatec-agent")

ASK = (
    "The call is over. Answer with one JSON object and nothing else: `disposition` (a word or two in snake_case), `summary` (one"
    " sentence), `sentiment` (positive, neutral or negative), `answered_by` (human, voicemail or unknown)."
)


def model(variable: str) -> Any:
    """The model that an environment variable names: `module:Class {"option": …}`; None if it is not set."""
    setting = os.environ.get(variable, "").strip()
    if not setting:
        return None
    name, _, options = setting.partition(" ")
    module, _, path = name.partition(":")
    made: Any = importlib.import_module(module)
    for part in path.split("."):
        made = getattr(made, part)
    return made(**json.loads(options or "{}"))


def is_configured() -> bool:
    """Whether there are models to converse with."""
    return all(os.environ.get(name, "").strip() for name in ("AGENT_LLM", "AGENT_STT", "AGENT_TTS"))


class Speaker(Agent):
    """Holds the conversation by its script."""

    def __init__(self, job: Job, over: asyncio.Event) -> None:
        super().__init__(instructions=job.instructions())
        self._job = job
        self._over = over
        self.answered_by = "human"

    async def on_enter(self) -> None:
        """Begins to speak: the person has picked up."""
        self.session.generate_reply(instructions="Greet the person and begin.")

    @function_tool
    async def voicemail_reached(self, context: RunContext) -> str | None:
        """Call this when a voicemail, an answering machine or a call screener answers."""
        self.answered_by = "voicemail"
        action = self._job.voicemail["action"]
        if action == "continue":
            return "Go on as with a person."
        if action == "leave_message":
            await context.session.say(self._job.voicemail["message"], allow_interruptions=False)
        self._over.set()
        return None

    @function_tool
    async def end_call(self, context: RunContext) -> None:
        """Call this when the conversation has come to its end and you have said goodbye."""
        await context.wait_for_playout()
        self._over.set()


async def talk(room: rtc.Room, callee: Callee, job: Job) -> Result:
    """Talks until either side is done."""
    over = asyncio.Event()
    llm = model("AGENT_LLM")
    session = AgentSession(llm=llm, stt=model("AGENT_STT"), tts=model("AGENT_TTS"), vad=model("AGENT_VAD"))
    speaker = Speaker(job, over)
    result = Result({})

    @session.on("conversation_item_added")
    def _on_item(event: Any) -> None:
        text = getattr(event.item, "text_content", None)
        if text:
            result.say("agent" if event.item.role == "assistant" else "callee", text)

    session.on("close", lambda _: over.set())
    await session.start(speaker, room=room)
    waits = [asyncio.ensure_future(event.wait()) for event in (over, callee.left)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    result.outcome = await _judge(llm, session.history, job)
    result.outcome["answered_by"] = speaker.answered_by if result.transcript else "unknown"
    await session.aclose()
    return result


async def _judge(llm: Any, history: ChatContext, job: Job) -> dict[str, Any]:
    """What came of it, in the model's own judgement."""
    wish = f" It must be valid under this JSON Schema: {json.dumps(job.outcome_schema)}" if job.outcome_schema else ""
    asked = history.copy()
    asked.add_message(role="user", content=ASK + wish)
    try:
        said = await asyncio.wait_for(_complete(llm, asked), timeout=8)
        found = re.search(r"\{.*\}", said, re.DOTALL)
        return json.loads(found.group()) if found else dict(USUAL)
    except Exception:
        logger.exception("call %s: no outcome could be made", job.call_id)
        return dict(USUAL)


async def _complete(llm: Any, chat: ChatContext) -> str:
    text = ""
    async with llm.chat(chat_ctx=chat) as stream:
        async for chunk in stream:
            text += (chunk.delta.content or "") if chunk.delta else ""
    return text
