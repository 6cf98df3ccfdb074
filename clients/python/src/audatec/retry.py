"""What is repeated, and when, by the API's table: 429 after `Retry-After`, 502 and 503 with growing waits (1, 2, 4 s …), and
where a repeat can't do anything twice also a 500, a proxy's 504, and a request that had no answer. Nothing else is."""

import random
import re
import time
import uuid
from collections.abc import Callable

import httpx

from .errors import retry_after_of
from .generated.creates import CREATES

_CREATES = re.compile("|".join(f"(?:{re.sub(r'{[^}]+}', '[^/]+', path)})" for path in CREATES))
# If they are sent again after a failure, these rows are recognised by their references.
_ADDS_RECIPIENTS = re.compile(r"/campaigns/[^/]+/recipients")


class Retrying(httpx.BaseTransport):
    """Repeats requests, and gives each that creates something an `Idempotency-Key`."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        *,
        base_path: str = "",
        retries: int = 4,
        longest_wait: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inner = inner
        self._base_path = base_path
        self._retries = retries
        self._longest_wait = longest_wait
        self._sleep = sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix(self._base_path)
        if request.method == "POST" and _CREATES.fullmatch(path) and "idempotency-key" not in request.headers:
            request.headers["Idempotency-Key"] = str(uuid.uuid4())
        attempt = 0
        while True:
            response: httpx.Response | None = None
            failure: httpx.TransportError | None = None
            try:
                response = self._inner.handle_request(request)
            except httpx.TransportError as error:
                failure = error
            wait = self._wait_before(response, attempt, request, path) if attempt < self._retries else None
            if wait is None or wait > self._longest_wait:
                if response is None:
                    assert failure is not None
                    raise failure
                return response
            if response is not None:
                response.close()
            # A little later than asked for, so that not all clients that were refused come back at the same moment.
            self._sleep(wait + random.uniform(0, 0.5))
            attempt += 1

    def _wait_before(self, response: httpx.Response | None, attempt: int, request: httpx.Request, path: str) -> float | None:
        growing = float(2**attempt)
        if response is None:
            return growing if self._is_repeatable(request, path) else None
        if response.status_code == 429:
            return max(1.0, retry_after_of(response.headers) or 1.0)
        # After 500 and 504 nobody knows whether it was carried out.
        if response.status_code in (502, 503) or (response.status_code in (500, 504) and self._is_repeatable(request, path)):
            return max(growing, retry_after_of(response.headers) or 0.0)
        return None

    @staticmethod
    def _is_repeatable(request: httpx.Request, path: str) -> bool:
        """Whether a request that may have been carried out can be sent once more."""
        if request.method in ("GET", "HEAD", "PUT", "PATCH"):
            return True
        return "idempotency-key" in request.headers or _ADDS_RECIPIENTS.search(path) is not None

    def close(self) -> None:
        self._inner.close()
