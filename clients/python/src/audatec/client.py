"""The client: the API as its document describes it, and what no generator can know."""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from uuid import UUID

import httpx

from .errors import ApiError, ConnectionFailed, WaitTimeout
from .events import Event, Feed
from .generated.api.calls import get_call_status, trigger_call
from .generated.api.campaigns import create_campaign, get_campaign, start_campaign
from .generated.api.events import list_events
from .generated.client import AuthenticatedClient
from .generated.models.call_state import CallState
from .generated.models.campaign import Campaign
from .generated.models.create_campaign import CreateCampaign
from .generated.models.trigger_call import TriggerCall
from .generated.models.triggered_call import TriggeredCall
from .generated.types import UNSET, Response
from .retry import Retrying

T = TypeVar("T")

#: The most rows, and the most bytes, that one request may have.
MOST_ROWS = 20_000
MOST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class RejectedRow:
    """A row that was not added; rows count from 1 through the whole iterable."""

    row: int
    error: str


@dataclass
class AddedRecipients:
    """The result of adding an iterable of recipients. `rejected` names the first 100 of each request."""

    added: int = 0
    duplicates: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)


class Audatec:
    """The whole API is in `audatec.generated.api`: each route's `sync_detailed` takes this object's `client`, which repeats by the
    API's table and sends an `Idempotency-Key` where a route takes one. `ask` turns responses into data or exceptions."""

    def __init__(
        self,
        api_key: str,
        base_url: str = "https://api.audatec.in",
        *,
        retries: int = 4,
        longest_wait: float = 60.0,
        timeout: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not api_key:
            raise ValueError("an API key is needed: audtk_…")
        self.base_url = _read_base_url(base_url)
        self._sleep = sleep
        headers = {"Authorization": f"Bearer {api_key}"}
        plain = transport or httpx.HTTPTransport()
        path = httpx.URL(self.base_url).path.rstrip("/")
        repeating = Retrying(plain, base_path=path, retries=retries, longest_wait=longest_wait, sleep=sleep)
        # Runs before the generated code reads a refusal: something in front of the API may answer anything.
        hooks = {"response": [_raise_refusal]}
        self._http = httpx.Client(base_url=self.base_url, headers=headers, timeout=timeout, transport=repeating, event_hooks=hooks)
        self._plain = httpx.Client(base_url=self.base_url, headers=headers, timeout=timeout, transport=plain)
        #: For the routes of `audatec.generated.api`.
        self.client = AuthenticatedClient(base_url=self.base_url, token=api_key).set_httpx_client(self._http)

    def __enter__(self) -> "Audatec":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()
        self._plain.close()

    def ask(self, route: Callable[..., Response[T]], *args: Any, **kwargs: Any) -> T:
        """The response of a route's `sync_detailed`; raises an `ApiError` if it was refused."""
        try:
            return cast(T, route(*args, client=self.client, **kwargs).parsed)
        except httpx.TransportError as error:
            raise ConnectionFailed(f"no answer from {self.base_url}: {error}") from error

    def trigger(self, call: TriggerCall | Mapping[str, Any], *, idempotency_key: str | None = None) -> TriggeredCall:
        """Places a call. However often the connection breaks on the way, it is placed once."""
        body = call if isinstance(call, TriggerCall) else TriggerCall.from_dict(call)
        key = UNSET if idempotency_key is None else idempotency_key
        return cast(TriggeredCall, self.ask(trigger_call.sync_detailed, body=body, idempotency_key=key))

    def wait_for_call(self, call_id: UUID | str, *, interval: float = 4.0, timeout: float | None = None) -> CallState:
        """Polls until the call is terminal, through any outage: what the client's own retries don't outlast is asked again after the
        interval, until the time is up. For many calls, give a `callback_url` or follow the events instead."""
        deadline = None if timeout is None else time.monotonic() + timeout
        known = "unknown"
        while True:
            failure: ApiError | ConnectionFailed | None = None
            try:
                state = cast(CallState, self.ask(get_call_status.sync_detailed, UUID(str(call_id))))
                if state.is_terminal:
                    return state
                known = state.call_status.value
            except ConnectionFailed as error:
                failure = error
            except ApiError as error:
                if error.status != 429 and error.status < 500:
                    raise
                failure = error
            named = failure.retry_after if isinstance(failure, ApiError) else None
            pause = max(interval, named or 0.0)
            if deadline is not None and time.monotonic() + pause > deadline:
                why = f": {failure}" if failure else ""
                raise WaitTimeout(f"call {call_id} is {known} after {timeout} s{why}") from failure
            self._sleep(pause)

    def events(
        self,
        *,
        types: Iterable[str] = (),
        after: str = "latest",
        on_cursor: Callable[[str], None] = lambda cursor: None,
        on_gap: Callable[[str], None] | None = None,
        idle: float = 60.0,
    ) -> Iterator[Event]:
        """The live feed, from now on unless `after` says otherwise: a cursor, or `oldest`. Ends when you leave the loop.

        `on_cursor` gets the cursor with each event and heartbeat: keep it, and pass it as `after` the next time. A cursor older
        than the events kept raises a 410, unless `on_gap` is given: then the feed continues from the oldest.
        """

        def latest() -> str:
            return cast(str, cast(Any, self.ask(list_events.sync_detailed, after="latest")).next_cursor)

        names = [str(getattr(name, "value", name)) for name in types]
        return Feed(self._plain, latest, names, on_cursor, on_gap, idle, self._sleep).follow(after)

    def items(self, route: Callable[..., Response[Any]], *args: Any, **filters: Any) -> Iterator[Any]:
        """All items of a list, page after page: `items(list_calls.sync_detailed, call_status=[CallStatus.DECLINE])`."""
        filters.setdefault("limit", 100)
        while True:
            page = self.ask(route, *args, **filters)
            yield from next(value for value in vars_of(page) if isinstance(value, list))
            if not page.next_cursor:
                return
            filters["cursor"] = page.next_cursor

    def add_recipients(self, campaign_id: UUID | str, recipients: Iterable[Mapping[str, Any]]) -> AddedRecipients:
        """Adds people to a campaign from any iterable, in requests of the size that the API takes, one at a time in memory. If it breaks off,
        repeating it adds nobody twice."""
        total, before = AddedRecipients(), 0
        for rows, text in batches(recipients):
            answer = self._send(f"/integration/v1/campaigns/{campaign_id}/recipients", text)
            total.added += answer["added"]
            total.duplicates += answer["duplicates"]
            total.rejected += [RejectedRow(one["row"] + before, one["error"]) for one in answer["rejected"]]
            before += rows
        return total

    def create_campaign(
        self, campaign: CreateCampaign | Mapping[str, Any], recipients: Iterable[Mapping[str, Any]], *, start: bool = False
    ) -> tuple[Campaign, AddedRecipients]:
        """Creates a campaign from an iterable, and starts it if requested and nobody was rejected."""
        body = campaign if isinstance(campaign, CreateCampaign) else CreateCampaign.from_dict(campaign)
        made = cast(Campaign, self.ask(create_campaign.sync_detailed, body=body))
        added = self.add_recipients(made.id, recipients)
        route: Any = start_campaign if start and not added.rejected else get_campaign
        return cast(Campaign, self.ask(route.sync_detailed, made.id)), added

    def _send(self, path: str, ndjson: bytes) -> Any:
        try:
            response = self._http.post(path, content=ndjson, headers={"Content-Type": "application/x-ndjson"})
        except httpx.TransportError as error:
            raise ConnectionFailed(f"no answer from {self.base_url}: {error}") from error
        return response.json()


def _raise_refusal(response: httpx.Response) -> None:
    if not response.is_success:
        raise ApiError(response.status_code, response.headers, response.read())


def vars_of(page: Any) -> Iterator[Any]:
    """The values of a generated type, which may have slots."""
    return (getattr(page, one.name) for one in page.__attrs_attrs__)


def batches(recipients: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, bytes]]:
    """Lines of JSON, as many as fit into a request, and how many they are."""
    lines: list[bytes] = []
    size = 0
    for recipient in recipients:
        line = json.dumps(recipient, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        if lines and (len(lines) == MOST_ROWS or size + len(line) > MOST_BYTES):
            yield len(lines), b"".join(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield len(lines), b"".join(lines)


def _read_base_url(text: str) -> str:
    """Takes it with or without the API's base path. Over plain HTTP, a key is only sent to this machine."""
    url = httpx.URL(text)
    is_local = re.fullmatch(r"localhost|127(\.\d+){3}|::1", url.host) is not None
    if url.scheme != "https" and not (url.scheme == "http" and is_local):
        raise ValueError(f"base_url must be an https URL, not {text}")
    return text.rstrip("/").removesuffix("/integration/v1")
