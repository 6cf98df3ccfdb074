"""A conversation held by models, which the environment chooses."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
from collections.abc import AsyncIterable
from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, RunContext, function_tool
from livekit.agents.llm import ChatContext
from livekit.agents.voice.agent_session import SessionConnectOptions

from .callee import Callee
from .job import Job
from .models import model, speaking_model
from .outcome import ANSWERED_BY
from .talk import Result, first

logger = logging.getLogger("audatec-agent")

ASK = (
    "The call is over. Answer with one JSON object and nothing else: `disposition` (a word or two in snake_case), `summary` (one"
    " sentence), `sentiment` (positive, neutral or negative), `answered_by` (human, voicemail or unknown)."
)

#: The platform waits ten seconds for an outcome once the call is over; closing the session takes two of them.
JUDGE_SECONDS = 6
#: How often a model is asked again, and how soon: meanwhile the person on the phone hears nothing.
PATIENCE = APIConnectOptions(max_retry=1, retry_interval=0.5, timeout=8.0)
#: What is said when something is broken, and how long saying it may take.
LAST_WORDS = "I am sorry, there is a technical problem. I have to end this call. Goodbye."
LAST_WORDS_SECONDS = 12.0
#: A dialling code as a model writes it, such as `*67`; `**5**` and `*five*` are Markdown.
STAR_CODE = re.compile(r"(?<![^\s\"'(])\*(?=\d{1,3}(?![\w*]))")
#: Before the last word, which may be incomplete.
WORD_END = re.compile(r"(?<=\s)(?=\S*$)")


async def star_codes(text: AsyncIterable[str]) -> AsyncIterable[str]:
    """Writes a star code as it is said, "star 67": word by word, as the words are completed.

    In livekit-agents 1.8.9 an asterisk before a word may begin emphasis, and its Markdown filter withholds everything that follows
    from the voice until the model has written the whole line: silence on the phone.
    """
    kept = ""
    async for chunk in text:
        *words, kept = WORD_END.split(kept + chunk)
        if words:
            yield STAR_CODE.sub("star ", "".join(words))
    if kept:
        yield STAR_CODE.sub("star ", kept)


class Speaker(Agent):
    """Holds the conversation by its script."""

    def __init__(self, job: Job, over: asyncio.Event) -> None:
        super().__init__(instructions=job.instructions())
        self._job = job
        self._over = over
        #: Whether the model said that a voicemail answered.
        self.is_voicemail = False
        #: Whether the model said that the person asked not to be called any more.
        self.suppress = False

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
    async def do_not_call_again(self, context: RunContext) -> str:
        """Call this when the person asks not to be called any more, in whatever words."""
        self.suppress = True
        return "Noted: this number is not called any more. Say so, and say goodbye."

    @function_tool
    async def end_call(self, context: RunContext) -> None:
        """Call this when the conversation has come to its end and you have said goodbye."""
        await context.wait_for_playout()
        self._over.set()


class Trouble:
    """What makes a conversation break off: a model that has failed for good."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self.happened = asyncio.Event()
        #: Set if there is no voice to say so with.
        self.is_mute = asyncio.Event()
        self._is_over = False

    def listen(self, session: AgentSession) -> None:
        """Listens to the session, which itself would continue in silence."""
        session.on("error", self._on_error)
        session.on("speech_created", lambda event: event.speech_handle.add_done_callback(self._on_speech))
        session.on("close", lambda event: self._on_error(event) if event.error else None)

    def ignore(self) -> None:
        """The conversation is over: nothing can break it off any more."""
        self._is_over = True

    def _on_error(self, event: Any) -> None:
        error = event.error
        if self._is_over or getattr(error, "recoverable", False):
            return
        kind = str(getattr(error, "type", "")).removesuffix("_error")
        if kind == "tts":
            self.is_mute.set()
        elif kind == "llm":
            # It will not judge the call either.
            self._result.judge = None
        self._note(f"the {NAMES.get(kind, 'session')} failed: {_described(getattr(error, 'error', error))}")

    def _on_speech(self, handle: Any) -> None:
        """What went wrong on the way to a model is only known from the speech that it failed to produce."""
        error = handle.exception()
        if error and not self._is_over:
            self._note(f"a reply failed: {_described(error)}")

    def _note(self, why: str) -> None:
        self._result.fail(why)
        self.happened.set()


#: Names for models, by the type in their errors.
NAMES = {"llm": "LLM", "stt": "STT", "tts": "TTS", "realtime_model": "realtime model"}


def _described(error: Any) -> str:
    """An error without its text, which may contain keys."""
    status = getattr(error, "status_code", None)
    return f"{type(error).__name__} {status}" if isinstance(status, int) and status > 0 else type(error).__name__


class Conversation:
    """A call's models, created before it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._llm = model("AGENT_LLM")
        # Without AGENT_VAD the session has its own.
        vad = model("AGENT_VAD")
        patience = SessionConnectOptions(stt_conn_options=PATIENCE, llm_conn_options=PATIENCE, tts_conn_options=PATIENCE)
        self._session: AgentSession = AgentSession(
            llm=self._llm,
            stt=model("AGENT_STT"),
            tts=speaking_model(job),
            conn_options=patience,
            tts_text_transforms=[star_codes, "filter_markdown", "filter_emoji"],
            **({"vad": vad} if vad else {}),
        )

    async def ready(self, room: rtc.Room) -> None:
        """Does nothing: being in the room is enough before the answer."""

    async def talk(self, room: rtc.Room, callee: Callee, result: Result) -> None:
        """Talks until either side is done, or a model fails. The end of the job closes the session."""
        job, session, over, trouble = self._job, self._session, asyncio.Event(), Trouble(result)
        speaker = Speaker(job, over)

        @session.on("conversation_item_added")
        def _on_item(event: Any) -> None:
            text = getattr(event.item, "text_content", None)
            # What was to be said was not said if there was no voice.
            if text and not (event.item.role == "assistant" and trouble.happened.is_set()):
                result.say("agent" if event.item.role == "assistant" else "callee", text)

        async def judge() -> dict[str, Any]:
            outcome = await _judge(self._llm, session.history, job, speaker.is_voicemail)
            return {**outcome, "answered_by": _answered_by(speaker, result, outcome)}

        session.on("close", lambda _: over.set())
        trouble.listen(session)
        result.judge = judge
        try:
            await session.start(speaker, room=room)
            await first(over, callee.left, trouble.happened)
            if trouble.happened.is_set() and not callee.left.is_set():
                logger.error("call %s: broken off: %s", job.call_id, result.failure)
                await self._take_leave(trouble, callee)
        finally:
            trouble.ignore()
            result.suppress = speaker.suppress
            if speaker.is_voicemail:
                result.outcome.update(disposition="voicemail", answered_by="voicemail")

    async def _take_leave(self, trouble: Trouble, callee: Callee) -> None:
        """Says the last sentence, if there is a voice to say it with."""
        said = asyncio.Event()
        try:
            await asyncio.wait([self._session.interrupt(force=True)], timeout=1)
            if trouble.is_mute.is_set():
                return
            words = self._session.say(os.environ.get("AGENT_LAST_WORDS", LAST_WORDS), allow_interruptions=False)
            words.add_done_callback(lambda _: said.set())
            await asyncio.wait_for(first(said, callee.left, trouble.is_mute), LAST_WORDS_SECONDS)
        except (RuntimeError, asyncio.TimeoutError) as error:
            logger.warning("call %s: no last words: %s", self._job.call_id, type(error).__name__)


def _answered_by(speaker: Speaker, result: Result, outcome: dict[str, Any]) -> str:
    if speaker.is_voicemail:
        return "voicemail"
    if not any(line["role"] == "callee" for line in result.transcript):
        return "unknown"
    judged = outcome.get("answered_by")
    return judged if judged in ANSWERED_BY else "human"


async def _judge(llm: Any, history: ChatContext, job: Job, is_voicemail: bool) -> dict[str, Any]:
    """The outcome as the model judges it, or what can be said without a judgement if it gives none."""
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
