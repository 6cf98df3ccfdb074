"""The live feed as an iterator that resumes where it broke off: no event is missed, and none comes twice."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from .errors import ApiError
from .generated.models.call_event import CallEvent
from .generated.models.callback_event import CallbackEvent
from .generated.models.campaign_event import CampaignEvent
from .generated.models.event_list import EventList
from .generated.models.trunk_event import TrunkEvent

Event = CallEvent | CallbackEvent | CampaignEvent | TrunkEvent

_LONGEST_WAIT = 30.0


@dataclass
class Block:
    """What an empty line ends: one event of the stream."""

    id: str | None = None
    data: list[str] = field(default_factory=list)
    retry: float | None = None


def blocks(lines: Iterable[str]) -> Iterator[Block]:
    """A stream of server-sent events. If it ends within a block, that part is discarded, as the standard says."""
    block = Block()
    for line in lines:
        if line == "":
            if block.id is not None or block.data or block.retry is not None:
                yield block
            block = Block()
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            block.id = value
        elif name == "data":
            block.data.append(value)
        elif name == "retry" and value.isdecimal():
            block.retry = int(value) / 1000


def typed(data: Any) -> Event | None:
    """An event as its type; None for one that this version does not know."""
    try:
        return EventList.from_dict({"events": [data], "next_cursor": ""}).events[0]
    except (TypeError, ValueError, AttributeError, KeyError):
        return None


@dataclass
class Feed:
    """How the feed is requested. `client` repeats nothing by itself."""

    client: httpx.Client
    latest: Callable[[], str]
    types: list[str]
    on_cursor: Callable[[str], None]
    on_gap: Callable[[str], None] | None
    idle: float
    sleep: Callable[[float], None] = time.sleep

    def follow(self, after: str) -> Iterator[Event]:
        # Requested first: a stream from now on that broke off immediately would not know where it began.
        cursor = None if after == "oldest" else self.latest() if after == "latest" else after
        if cursor is not None:
            self.on_cursor(cursor)
        failures = 0
        while True:
            wait = 2.0
            try:
                for block in self._connection(cursor):
                    failures = 0
                    wait = block.retry if block.retry is not None else wait
                    if block.id is None:
                        continue
                    cursor = block.id
                    self.on_cursor(cursor)
                    data = json.loads("\n".join(block.data))
                    event = None if data.get("type") == "heartbeat" else typed(data)
                    if event is not None:
                        yield event
            except ApiError as error:
                oldest = error.body.get("oldest_cursor") if error.status == 410 and isinstance(error.body, dict) else None
                if isinstance(oldest, str) and self.on_gap is not None:
                    cursor = oldest
                    self.on_gap(oldest)
                    continue
                # 4xx means that it will not work later either, except for 408 and 429.
                if 400 <= error.status < 500 and error.status not in (408, 429):
                    raise
                wait = min(_LONGEST_WAIT, max(wait, 2.0**failures, error.retry_after or 0.0))
                failures += 1
            except httpx.TransportError:
                wait = min(_LONGEST_WAIT, max(wait, 2.0**failures))
                failures += 1
            self.sleep(wait)

    def _connection(self, cursor: str | None) -> Iterator[Block]:
        headers = {"Accept": "text/event-stream"}
        if cursor is not None:
            headers["Last-Event-ID"] = cursor
        params = {"type": ",".join(self.types)} if self.types else {}
        timeout = httpx.Timeout(30.0, read=self.idle)
        with self.client.stream("GET", "/integration/v1/events", params=params, headers=headers, timeout=timeout) as response:
            if response.status_code != 200:
                raise ApiError(response.status_code, response.headers, response.read())
            yield from blocks(response.iter_lines())


__all__ = ["Event", "Feed", "blocks", "typed"]
