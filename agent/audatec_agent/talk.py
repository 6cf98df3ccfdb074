"""What comes of talking, whoever does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .outcome import USUAL


@dataclass
class Result:
    """A conversation: filled while it is held, so that one that breaks off has a result too."""

    outcome: dict[str, Any] = field(default_factory=lambda: dict(USUAL))
    transcript: list[dict[str, str]] = field(default_factory=list)
    #: Makes the outcome's fields, where that takes time: asked when the conversation is over.
    judge: Callable[[], Awaitable[dict[str, Any]]] | None = None

    def say(self, role: str, text: str) -> None:
        """One more line of the transcript, said now."""
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.transcript.append({"role": role, "text": text, "at": at})

    async def judged(self) -> dict[str, Any]:
        """The outcome, when the conversation is over."""
        return {**self.outcome, **(await self.judge() if self.judge else {})}
