"""The worker: one job for each call."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
from livekit import api, rtc
from livekit.agents import AgentServer, JobContext, JobProcess, cli

from . import conversation, models, scripted
from .callee import Callee
from .job import Job
from .models import Misconfigured
from .outcome import fit
from .report import ATTEMPT_SECONDS, GIVE_UP_SECONDS, attempts, report
from .talk import Result

logger = logging.getLogger("audatec-agent")

#: Where a job's process, which has one call, keeps its `Call`.
CALL = "call"
#: How long the room may take to say which one it is.
SID_SECONDS = 5.0
#: How long reporting a failure before the answer may take until the room is deleted: if it were reported later, it would look
#: like a cancelled call.
TELL_SECONDS = 2.0


class Speaker(Protocol):
    """Holds a conversation; created before the answer."""

    async def ready(self, room: rtc.Room) -> None:
        """Does what can be done before the answer."""

    async def talk(self, room: rtc.Room, callee: Callee, result: Result) -> None:
        """Talks until either side is done."""


@dataclass
class Call:
    """What a job's process knows of its call."""

    job: Job
    #: Its result; None while nobody has picked up.
    result: Result | None = None
    #: Whether there is nobody to hang up on: the phone was not answered.
    is_unanswered: bool = False
    reporting: asyncio.Future[bool] | None = None
    #: What continues after the entry point has returned: hanging up.
    duties: list[asyncio.Future[bool]] = field(default_factory=list)


async def hold_call(context: JobContext) -> None:
    """One call, until either side is done. Nothing is said before the person has picked up, and whatever goes wrong, nobody is left
    in a silent room."""
    try:
        call = context.proc.userdata[CALL] = Call(Job.read(context.job.metadata))
    except Exception:
        logger.exception("room %s: the job can't be read", context.job.room.name)
        await leave(context, None)
        context.shutdown()
        return
    try:
        await converse(context, call)
    except Exception as error:
        logger.exception("call %s: broken off", call.job.call_id)
        await break_off(call, error)
    finally:
        if not call.is_unanswered:
            await leave(context, call)
    context.shutdown()


async def converse(context: JobContext, call: Call) -> None:
    """The course of the call."""
    job = call.job
    # Created first: an agent that can't speak does not join, and then no phone rings.
    speaker: Speaker = conversation.Conversation(job) if models.is_configured() else scripted.Scripted(job)
    await context.connect()
    if not await is_its_room(context):
        logger.warning("call %s: its room is gone and another has taken its place; leaving", job.call_id)
        return
    callee = Callee(context.room)
    await speaker.ready(context.room)
    has_answered = await callee.answers()
    if not has_answered and not callee.has_picked_up:
        logger.info("call %s: nobody picked up", job.call_id)
        call.is_unanswered = True
        return
    result = call.result = Result()
    try:
        if has_answered:
            await speaker.talk(context.room, callee, result)
    finally:
        result.ended_at = callee.left_at


async def is_its_room(context: JobContext) -> bool:
    """Whether the room is the one that the job is for: a room deleted while its agent was on the way is created again by it."""
    if not context.job.room.sid:
        return True
    try:
        return await asyncio.wait_for(context.room.sid, SID_SECONDS) == context.job.room.sid
    except asyncio.TimeoutError:
        return True


async def break_off(call: Call, error: Exception) -> None:
    """Records what went wrong. Before the answer the platform is told immediately, so that the phone need not ring."""
    why = f"{error.variable} is no good" if isinstance(error, Misconfigured) else f"the agent failed: {type(error).__name__}"
    is_before = call.result is None
    call.result = call.result or Result()
    call.result.fail(why)
    if is_before:
        call.reporting = asyncio.ensure_future(tell(call, call.result))
        await asyncio.wait([call.reporting], timeout=TELL_SECONDS)


async def leave(context: JobContext, call: Call | None) -> None:
    """Hangs up and leaves: immediately, since nobody should listen to silence while the call is judged and reported. What LiveKit
    refuses is tried again, and the platform sees that the agent is gone."""
    hanging_up = asyncio.ensure_future(hang_up(context, call))
    if call:
        call.duties.append(hanging_up)
    try:
        await asyncio.wait([hanging_up], timeout=TELL_SECONDS)
    finally:
        await context.room.disconnect()


async def hang_up(context: JobContext, call: Call | None) -> bool:
    """Ends the call for everybody; tried for as long as the report is."""
    room = context.job.room.name
    async for _ in attempts():
        why = await delete(context, room)
        if why is None:
            if call and call.result and call.result.ended_at is None:
                call.result.ended_at = time.monotonic()
            return True
        logger.warning("room %s: not deleted: %s", room, why)
    logger.error("room %s: giving up on hanging up", room)
    return False


async def delete(context: JobContext, room: str) -> str | None:
    """Deletes the room. Returns why it could not, if so."""
    try:
        await asyncio.wait_for(context.api.room.delete_room(api.DeleteRoomRequest(room=room)), ATTEMPT_SECONDS)
    except api.TwirpError as error:
        return None if error.code == "not_found" else error.code
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        return type(error).__name__
    return None


async def end_call(context: JobContext) -> None:
    """Reports. This is done at the end of the job's session, which is given its time however the job ends: an entry point is
    cancelled 15 s after its room is gone, or after the worker is told to stop."""
    call = context.proc.userdata.get(CALL)
    if call is None:
        return
    if call.result and call.reporting is None:
        call.reporting = asyncio.ensure_future(tell(call, call.result))
    await asyncio.gather(*([call.reporting] if call.reporting else []), *call.duties)


async def tell(call: Call, result: Result) -> bool:
    """Judges the call and reports it."""
    outcome = await result.judged()
    fitted = fit(outcome, call.job.outcome_schema) if outcome is not None else None
    return await report(call.job, fitted, result.transcript, result.failure, lambda: result.ended_at, result.suppress)


def prepare(_: JobProcess) -> None:
    """Prepares a process for its call."""
    check()


def check() -> None:
    """Checks everything that a call needs.

    Raises:
        Misconfigured: With which variable, and what.
    """
    models.check()
    scripted.settings()
    scripted.warm_up()


def make_server() -> AgentServer:
    """The worker as its environment configures it.

    Raises:
        Misconfigured: With which variable, and what.
    """
    check()
    always = os.environ.get("AGENT_ALWAYS_AVAILABLE") == "1"
    host, _, port = os.environ.get("AGENT_HEALTH_ADDRESS", "0.0.0.0:8081").rpartition(":")
    name = os.environ.get("AGENT_NAME", "").strip()
    if not name:
        raise Misconfigured("AGENT_NAME", "must be set: the `agent_code` of the agents that this worker serves")
    server = AgentServer(
        load_fnc=(lambda: 0.0) if always else None,
        # A minute more than the report needs, since the outcome is judged first.
        session_end_timeout=GIVE_UP_SECONDS + 60,
        # For a busy machine: if a process is given up, a call loses its agent.
        initialize_process_timeout=60.0,
        host=host,
        port=whole("AGENT_HEALTH_ADDRESS", port),
    )
    if idle := os.environ.get("AGENT_IDLE_PROCESSES", "").strip():
        server.update_options(num_idle_processes=whole("AGENT_IDLE_PROCESSES", idle))
    server.setup_fnc = prepare
    server.rtc_session(hold_call, agent_name=name, on_session_end=end_call)
    return server


def whole(variable: str, text: str) -> int:
    """The whole number in a variable.

    Raises:
        Misconfigured: It is none.
    """
    if not text.isascii() or not text.isdigit():
        raise Misconfigured(variable, f"`{text}` must be a whole number")
    return int(text)


def main() -> None:
    """`audatec-agent start`"""
    try:
        server = make_server()
    except Misconfigured as error:
        sys.exit(f"audatec-agent: not started: {error}")
    cli.run_app(server)
