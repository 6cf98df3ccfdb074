"""Why a request failed: the API refused it, or did not respond."""

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any


class AudatecError(Exception):
    """Whatever this package raises."""


class ApiError(AudatecError):
    """The API's refusal. Its text is the API's own."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        #: The whole body: some refusals contain more than `error`, such as `call_id` or `next_allowed_at`.
        self.body: Any = _json(content)
        text = self.body.get("error") if isinstance(self.body, dict) else None
        super().__init__(text if isinstance(text, str) and text else f"The API answered {status}")
        self.status = status
        #: The machine-readable name, `X-Error-Code`; empty if something in front of the API answered.
        self.code = headers.get("x-error-code", "")
        #: What support asks for.
        self.request_id = headers.get("x-request-id")
        #: Seconds to wait before a retry, if the API names them.
        self.retry_after = retry_after_of(headers)


class ConnectionFailed(AudatecError):
    """No response: the connection broke, or none came in time. Whether the request was carried out is unknown."""


class WaitTimeout(AudatecError):
    """What was waited for did not happen in time."""


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Whole seconds, or the time of day that HTTP also allows."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone.utc)
    return max(0.0, (at - datetime.now(timezone.utc)).total_seconds())
