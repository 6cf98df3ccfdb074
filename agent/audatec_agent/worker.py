"""The worker: one job a call."""

from __future__ import annotations

import asyncio
import logging
import os

import aiohttp
from livekit import api
from livekit.agents import AgentServer, JobContext, JobProcess, cli

from . import conversation, scripted
from .callee import Callee
from .job import Job
from .outcome import fit
from .report import GIVE_UP_SECONDS, report
from .talk import Result

logger = logging.getLogger("audatec-agent")

#: Where a job's process, which holds one call, keeps its `Result`.
RESULT = "result"


async def hold_call(context: JobContext) -> None:
    """One call, until either side is done. Nothing is said before the person has picked up."""
    job = Job.read(context.job.metadata)
    await context.connect()
    callee = Callee(context.room)
    if await callee.answers():
        result = context.proc.userdata[RESULT] = Result()
        talk = conversation.talk if conversation.is_configured() else scripted.talk
        try:
            await talk(context.room, callee, job, result)
        except Exception:
            logger.exception("call %s: the conversation broke off", job.call_id)
        finally:
            # At once: nobody is to listen to silence while the call is judged and reported.
            await hang_up(context)
    else:
        logger.info("call %s: nobody picked up", job.call_id)
    context.shutdown()


async def end_call(context: JobContext) -> None:
    """Reports. It is the end of the job's session, since that is given its time however the job ends: an entry point is cancelled
    15 s after its room is gone, or after the worker is told to stop."""
    result = context.proc.userdata.get(RESULT)
    if result is None:
        return
    job = Job.read(context.job.metadata)
    await report(job, fit(await result.judged(), job.outcome_schema), result.transcript)


async def hang_up(context: JobContext) -> None:
    """Ends the call for everybody."""
    room = context.job.room.name
    try:
        await context.api.room.delete_room(api.DeleteRoomRequest(room=room))
    except api.TwirpError as error:
        if error.code != "not_found":
            logger.warning("room %s: not deleted: %s", room, error.code)
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        logger.warning("room %s: not deleted: %s", room, type(error).__name__)


def prepare(_: JobProcess) -> None:
    """Readies a process for the call it will hold."""
    conversation.load()


def make_server() -> AgentServer:
    """The worker by its environment."""
    always = os.environ.get("AGENT_ALWAYS_AVAILABLE") == "1"
    host, _, port = os.environ.get("AGENT_HEALTH_ADDRESS", "0.0.0.0:8081").rpartition(":")
    server = AgentServer(
        load_fnc=(lambda: 0.0) if always else None,
        # A minute more than the report needs: the outcome is judged first.
        session_end_timeout=GIVE_UP_SECONDS + 60,
        host=host,
        port=int(port),
    )
    conversation.load()
    server.setup_fnc = prepare
    server.rtc_session(hold_call, agent_name=os.environ["AGENT_NAME"], on_session_end=end_call)
    return server


def main() -> None:
    """`audatec-agent start`"""
    cli.run_app(make_server())
