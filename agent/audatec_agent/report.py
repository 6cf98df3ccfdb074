"""Reporting a call's outcome: tried until the platform has it, even if that restarts meanwhile."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from .job import Job

logger = logging.getLogger("audatec-agent")

#: The platform accepts transcripts of up to 57,344 bytes; the newest lines are kept.
MAX_TRANSCRIPT = 50_000
#: And descriptions of a failure of up to 500 characters.
MAX_MESSAGE = 500
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 20.0
GIVE_UP_SECONDS = 600.0
#: How long one attempt may take, of a report or a hang-up.
ATTEMPT_SECONDS = 15.0
#: The platform wants a different body; with any other refusal no body would help.
UNFIT = (400, 413)


async def attempts() -> AsyncIterator[int]:
    """Counts attempts from 1: the first immediately, each further one after twice the wait, until it is time to give up."""
    wait, loop = FIRST_WAIT_SECONDS, asyncio.get_running_loop()
    give_up, number = loop.time() + GIVE_UP_SECONDS, 1
    while loop.time() < give_up:
        yield number
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT_SECONDS)
        number += 1


async def report(
    job: Job,
    outcome: dict[str, Any] | None,
    transcript: list[dict[str, str]],
    failure: str | None = None,
    ended_at: Callable[[], float | None] = lambda: None,
    suppress: bool = False,
) -> bool:
    """Sends the report; returns whether it was accepted. An outcome that the platform refuses is left out, for the transcript's
    sake; anything else it refuses is not sent again. `ended_at` is when the conversation ended, by the monotonic clock, once known."""
    body: dict[str, Any] = {"outcome": outcome, "transcript": shortened(transcript)}
    if failure:
        body["failure"] = {"code": "agent_failed", "message": failure[:MAX_MESSAGE]}
    if suppress:
        # The person asked not to be called any more.
        body["suppress"] = True
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ATTEMPT_SECONDS)) as session:
        async for _ in attempts():
            status = await _send(session, job, {**body, **_ended(ended_at())})
            if status in UNFIT and body["outcome"] is not None:
                body["outcome"] = None
                status = await _send(session, job, {**body, **_ended(ended_at())})
            if status == 200:
                return True
            if status is not None and status < 500 and status not in (408, 429):
                return False
    logger.error("call %s: giving up on the report", job.call_id)
    return False


def _ended(at: float | None) -> dict[str, float]:
    """How long ago the conversation ended: computed for each attempt, since no clock is shared."""
    return {} if at is None else {"ended_seconds_ago": round(max(0.0, time.monotonic() - at), 3)}


async def _send(session: aiohttp.ClientSession, job: Job, body: dict[str, Any]) -> int | None:
    """The status of the platform's response; None if it can't be reached."""
    headers = {"Authorization": f"Bearer {job.report_token}", "Content-Type": "application/json"}
    try:
        async with session.post(job.report_url, data=_json(body), headers=headers) as response:
            if response.status != 200:
                said = (await response.text(errors="replace"))[:500]
                logger.warning("call %s: report answered %s: %s", job.call_id, response.status, said)
            return response.status
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        logger.warning("call %s: report failed: %s", job.call_id, type(error).__name__)
        return None


def _json(value: Any) -> bytes:
    """The size as the platform counts it: escaped, most scripts of India would be twice as long."""
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def shortened(transcript: list[dict[str, str]]) -> list[dict[str, str]]:
    """The newest lines that fit."""
    kept: list[dict[str, str]] = []
    size = 0
    for line in reversed(transcript):
        size += len(_json(line)) + 1
        if size > MAX_TRANSCRIPT:
            break
        kept.insert(0, line)
    return kept
