"""Reporting what came of a call: tried until the platform has it, through a restart of it and more."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import aiohttp

from .job import Job

logger = logging.getLogger("audatec-agent")

#: The platform takes transcripts up to 57,344 bytes; the newest lines are kept.
MAX_TRANSCRIPT = 50_000
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 20.0
GIVE_UP_SECONDS = 600.0
#: The platform wants another body; with any other refusal no body would help.
UNFIT = (400, 413)


async def report(job: Job, outcome: dict[str, Any] | None, transcript: list[dict[str, str]]) -> bool:
    """Sends the report; whether it was taken. An outcome that the platform refuses is left out, for the transcript's sake; what
    else it refuses is not sent again."""
    body = {"outcome": outcome, "transcript": shortened(transcript)}
    wait, loop = FIRST_WAIT_SECONDS, asyncio.get_running_loop()
    give_up = loop.time() + GIVE_UP_SECONDS
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        while loop.time() < give_up:
            status = await _send(session, job, body)
            if status == 200:
                return True
            if status in UNFIT and body["outcome"] is not None:
                body["outcome"] = None
                continue
            if status is not None and status < 500 and status not in (408, 429):
                return False
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)
    logger.error("call %s: report given up", job.call_id)
    return False


async def _send(session: aiohttp.ClientSession, job: Job, body: dict[str, Any]) -> int | None:
    """The status that the platform answers; None if it can't be reached."""
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
    """As the platform counts it: escaped, most scripts of India would be twice as long."""
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
