"""The result of a conversation, whoever holds it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .outcome import USUAL

Outcome = dict[str, Any]


@dataclass
class Result:
    """The result of a conversation, filled in while it lasts, so that one that breaks off has a result too."""

    #: As much of it as is known without judging what was said.
    outcome: Outcome = field(default_factory=lambda: dict(USUAL))
    transcript: list[dict[str, str]] = field(default_factory=list)
    #: Makes the outcome's fields if that takes time: called once the conversation is over.
    judge: Callable[[], Awaitable[Outcome]] | None = None
    #: Why the agent broke off, in words without secrets; None if the call took its course.
    failure: str | None = None
    #: The person asked not to be called any more.
    suppress: bool = False
    #: When the conversation ended, by the monotonic clock.
    ended_at: float | None = None

    def say(self, role: str, text: str) -> None:
        """Adds a line to the transcript, said now."""
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.transcript.append({"role": role, "text": text, "at": at})

    def fail(self, why: str) -> None:
        """The agent breaks off. The first reason is the one that counts."""
        self.failure = self.failure or why

    async def judged(self) -> Outcome | None:
        """The outcome, once the conversation is over. Nothing is judged if the agent said nothing; and if that is because it
        failed, there is no outcome."""
        has_spoken = any(line["role"] == "agent" for line in self.transcript)
        if not has_spoken:
            return None if self.failure else {"answered_by": "unknown", **self.outcome}
        return {**self.outcome, **(await self.judge() if self.judge else {})}


async def first(*events: asyncio.Event) -> None:
    """Waits until one of them is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
