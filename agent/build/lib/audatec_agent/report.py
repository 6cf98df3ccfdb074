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


async def report(job: Job, outcome: dict[str, Any], transcript: list[dict[str, str]]) -> bool:
    """Sends the report; whether it was taken. What the platform refuses is not sent again."""
    body = {"outcome": outcome, "transcript": shortened(transcript)}
    headers = {"Authorization": f"Bearer {job.report_token}"}
    wait, waited = FIRST_WAIT_SECONDS, 0.0
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        while waited < GIVE_UP_SECONDS:
            try:
                async with session.post(job.report_url, json=body, headers=headers) as response:
                    if response.status == 200:
                        return True
                    if response.status < 500 and response.status not in (408, 429):
                        logger.error("call %s: report refused, %s: %s", job.call_id, response.status, await response.text())
                        return False
                    logger.warning("call %s: report answered %s", job.call_id, response.status)
            except (aiohttp.ClientError, asyncio.TimeoutError) as error:
                logger.warning("call %s: report failed: %s", job.call_id, type(error).__name__)
            await asyncio.sleep(wait)
            waited += wait
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)
    logger.error("call %s: report given up", job.call_id)
    return False


def shortened(transcript: list[dict[str, str]]) -> list[dict[str, str]]:
    """The newest lines that fit."""
    kept: list[dict[str, str]] = []
    size = 0
    for line in reversed(transcript):
        size += len(json.dumps(line)) + 1
        if size > MAX_TRANSCRIPT:
            break
        kept.insert(0, line)
    return kept
