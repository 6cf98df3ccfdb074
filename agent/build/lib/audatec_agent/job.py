"""What the platform tells an agent of its call: the metadata of its job."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Job:
    """One call, as its agent knows it."""

    call_id: str
    report_url: str
    #: Good for this one call's report; never logged.
    report_token: str = field(repr=False)
    script: str | None = None
    voice: str | None = None
    #: The call's own metadata.
    context: dict[str, Any] = field(default_factory=dict, repr=False)
    outcome_schema: dict[str, Any] | None = None
    #: `{"action": "hang_up" | "continue" | "leave_message", "message": …}`
    voicemail: dict[str, Any] = field(default_factory=lambda: {"action": "hang_up"})

    @staticmethod
    def read(metadata: str) -> Job:
        """Reads a job's metadata; fields of a later platform are ignored."""
        given = json.loads(metadata)
        known = {name: given[name] for name in Job.__dataclass_fields__ if given.get(name) is not None}
        return Job(**known)

    def instructions(self) -> str:
        """The script, and what is known of this call."""
        facts = "\n".join(f"- {name}: {value}" for name, value in self.context.items())
        return f"{self.script or 'Be brief and polite.'}\n\nWhat you know of this call:\n{facts}"
