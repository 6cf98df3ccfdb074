"""What comes of talking, whoever does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any


@dataclass
class Result:
    """A conversation, when it is over."""

    outcome: dict[str, Any]
    transcript: list[dict[str, str]] = field(default_factory=list)

    def say(self, role: str, text: str) -> None:
        """One more line of the transcript, said now."""
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.transcript.append({"role": role, "text": text, "at": at})
