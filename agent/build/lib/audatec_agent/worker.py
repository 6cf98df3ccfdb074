"""The worker: one job a call."""

from __future__ import annotations

import asyncio
import logging
import os

from livekit import api
from livekit.agents import AgentServer, JobContext, cli

from . import conversation, scripted
from .callee import Callee
from .job import Job
from .outcome import USUAL, fit
from .report import report
from .talk import Result

logger = logging.getLogger("audatec-agent")


async def hold_call(context: JobContext) -> None:
    """One call, from its room to its report. Nothing is said before the person has picked up."""
    job = Job.read(context.job.metadata)
    await context.connect()
    callee = Callee(context.room)
    if not await callee.answers():
        logger.info("call %s: nobody picked up", job.call_id)
        context.shutdown()
        return
    talk = conversation.talk if conversation.is_configured() else scripted.talk
    try:
        result = await talk(context.room, callee, job)
    except Exception:
        logger.exception("call %s: the conversation broke off", job.call_id)
        result = Result(dict(USUAL))
    reporting = asyncio.ensure_future(report(job, fit(result.outcome, job.outcome_schema), result.transcript))
    # The phone is not held for a report that takes long; one that is quick is there before the end.
    await asyncio.wait([reporting], timeout=2)
    await hang_up(context)
    await reporting
    context.shutdown()


async def hang_up(context: JobContext) -> None:
    """Ends the call for everybody."""
    try:
        await context.api.room.delete_room(api.DeleteRoomRequest(room=context.room.name))
    except api.TwirpError as error:
        if error.code != "not_found":
            logger.warning("room %s: not deleted: %s", context.room.name, error.code)


def make_server() -> AgentServer:
    """The worker by its environment."""
    always = os.environ.get("AGENT_ALWAYS_AVAILABLE") == "1"
    server = AgentServer(load_fnc=(lambda: 0.0) if always else None)
    server.rtc_session(hold_call, agent_name=os.environ["AGENT_NAME"])
    return server


def main() -> None:
    """`audatec-agent start`"""
    cli.run_app(make_server())
