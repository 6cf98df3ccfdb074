"""The installed package against a server that fails as it is told to. Run by tests/clients/python.test.ts."""

import base64
import hashlib
import hmac
import json
import threading
import unittest
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from audatec import ApiError, Audatec, ConnectionFailed, WaitTimeout, check_signature, verify_signature
from audatec.client import MOST_BYTES, MOST_ROWS
from audatec.generated.api.calls import list_calls
from audatec.generated.models import CallEvent

ID = "31106b7c-9d02-4723-8b07-5bb8d90240cb"
CALL = {"phone_number": "+15005550000", "agent_id": ID, "sip_trunk_id": ID}
TRIGGERED = {"call_id": ID, "status": "triggered", "poll_url": f"/integration/v1/calls/{ID}/status"}
STATE: dict[str, Any] = {
    "id": ID,
    "phone_number": "+15005550000",
    "call_status": "Completed",
    "is_terminal": True,
    "stalled": False,
    "call_outcome": None,
    "duration": 3,
    "start_timestamp": None,
    "end_timestamp": None,
    "transcript_url": None,
    "recording_url": None,
    "last_updated": "2026-06-14T10:33:42.000Z",
}
DETAIL = STATE | {
    "agent_id": ID,
    "sip_trunk_id": ID,
    "created_at": "2026-06-14T10:32:00.000Z",
    "dialed_at": None,
    "answered_by": None,
    "failure": None,
    "redial": None,
    "campaign_id": None,
    "reference": None,
}
CAMPAIGN_PATH = f"/integration/v1/campaigns/{ID}/recipients"


class Asked:
    def __init__(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.method, self.path, self.headers, self.body = handler.command, handler.path, handler.headers, body


Answer = tuple[int, dict[str, str], Any]
CUT: Answer = (0, {}, None)


class Server:
    """Answers by `answer`, and keeps what it was asked."""

    def __init__(self, answer: Callable[[int, Asked], Answer]) -> None:
        asked = self.asked = []  # type: list[Asked]

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                asked.append(Asked(self, body))
                status, headers, content = answer(len(asked), asked[-1])
                if status == 0:
                    self.close_connection = True
                    return
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "content-length" not in {name.lower() for name in headers}:
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                if headers.get("Content-Length", str(len(data))) != str(len(data)):
                    self.close_connection = True

            do_GET = do_POST = do_DELETE = _any

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        self.slept: list[float] = []
        self.audatec = Audatec("audtk_x", f"http://127.0.0.1:{self.http.server_port}", sleep=self.slept.append)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.audatec.close()
        self.http.shutdown()
        self.http.server_close()


def refusal(status: int, code: str, **headers: str) -> Answer:
    return status, {"X-Error-Code": code, **{name.replace("_", "-"): value for name, value in headers.items()}}, {"error": code}


class Retries(unittest.TestCase):
    def test_what_may_get_better_is_repeated_under_the_same_key(self) -> None:
        failures = {
            "429 after Retry-After": (refusal(429, "capacity", Retry_After="3"), 3.0),
            "503 without": (refusal(503, "unavailable"), 1.0),
            "503 with a longer one": (refusal(503, "unavailable", Retry_After="5"), 5.0),
            "502": (refusal(502, "dialer_unavailable"), 1.0),
            "500": (refusal(500, "internal_error"), 1.0),
            "a proxy's 504": ((504, {"Content-Type": "text/html"}, b"<h1>Gateway timeout</h1>"), 1.0),
            "a connection that was cut": (CUT, 1.0),
        }
        for name, (failure, least) in failures.items():
            with self.subTest(name), Server(lambda count, _, failure=failure: failure if count == 1 else (201, {}, TRIGGERED)) as server:
                self.assertEqual(server.audatec.trigger(CALL).status.value, "triggered")
                keys = {asked.headers["Idempotency-Key"] for asked in server.asked}
                self.assertEqual((len(server.asked), len(keys), None in keys), (2, 1, False))
                self.assertEqual(len({asked.body for asked in server.asked}), 1)
                self.assertTrue(least <= server.slept[0] <= least + 0.5, server.slept)

    def test_what_will_not_get_better_is_asked_once(self) -> None:
        for status in (400, 401, 402, 403, 404, 409):
            with self.subTest(status), Server(lambda *_, status=status: refusal(status, "no")) as server:
                with self.assertRaises(ApiError) as raised:
                    server.audatec.trigger(CALL)
                self.assertEqual((raised.exception.status, raised.exception.code, len(server.asked)), (status, "no", 1))

    def test_it_gives_up(self) -> None:
        with Server(lambda *_: refusal(503, "unavailable")) as server:
            with self.assertRaises(ApiError):
                server.audatec.trigger(CALL)
            self.assertEqual([round(wait - 0.25) for wait in server.slept], [1, 2, 4, 8])
        with Server(lambda *_: refusal(429, "daily_limit_reached", Retry_After="3600")) as server:
            with self.assertRaises(ApiError) as raised:
                server.audatec.trigger(CALL)
            self.assertEqual((raised.exception.retry_after, len(server.asked)), (3600.0, 1))
        with Server(lambda *_: CUT) as server, self.assertRaises(ConnectionFailed):
            server.audatec.trigger(CALL)
        with Server(lambda *_: (502, {"Content-Type": "text/html"}, b"<h1>Bad gateway</h1>")) as server:
            with self.assertRaises(ApiError) as raised:
                server.audatec.trigger(CALL)
            self.assertEqual((raised.exception.status, raised.exception.code, raised.exception.body), (502, "", None))

    def test_a_key_of_ones_own(self) -> None:
        with Server(lambda *_: (201, {}, TRIGGERED)) as server:
            server.audatec.trigger(CALL, idempotency_key="invoice-4711")
            self.assertEqual(server.asked[0].headers["Idempotency-Key"], "invoice-4711")

    def test_what_could_happen_twice_is_not_repeated_when_its_answer_is_lost(self) -> None:
        from audatec.generated.api.calls import cancel_call

        with Server(lambda *_: CUT) as server, self.assertRaises(ConnectionFailed):
            try:
                server.audatec.ask(cancel_call.sync_detailed, UUID(ID))
            finally:
                self.assertEqual(len(server.asked), 1)
        for status in (500, 504):
            with Server(lambda *_, status=status: refusal(status, "internal_error")) as server, self.assertRaises(ApiError):
                try:
                    server.audatec.ask(cancel_call.sync_detailed, UUID(ID))
                finally:
                    self.assertEqual(len(server.asked), 1)

    def test_a_key_goes_over_plain_http_to_this_machine_alone(self) -> None:
        with self.assertRaises(ValueError):
            Audatec("audtk_x", "http://calls.example.com")


class Waiting(unittest.TestCase):
    def test_until_the_call_is_terminal(self) -> None:
        def answer(count: int, _: Asked) -> Answer:
            return 200, {}, STATE | ({"call_status": "Ringing", "is_terminal": False} if count < 3 else {})

        with Server(answer) as server:
            self.assertEqual(server.audatec.wait_for_call(ID).call_status.value, "Completed")
            self.assertEqual(server.slept, [4.0, 4.0])
            with self.assertRaises(WaitTimeout):
                server.asked.clear()
                server.audatec.wait_for_call(ID, interval=1, timeout=0.5)

    def test_through_an_outage_that_the_retries_do_not_outlast(self) -> None:
        def answer(count: int, _: Asked) -> Answer:
            failures: list[Answer] = [CUT, (503, {}, {"error": "down"}), (500, {}, {"error": "down"})]
            return (200, {}, STATE) if count > 17 else failures[count % 3]

        with Server(answer) as server:
            self.assertEqual(server.audatec.wait_for_call(ID).call_status.value, "Completed")
            self.assertEqual(server.slept.count(4.0), 3)

    def test_an_outage_that_lasts_too_long_is_told_and_a_refusal_at_once(self) -> None:
        with Server(lambda count, _: (503, {}, {"error": "down"})) as server:
            with self.assertRaisesRegex(WaitTimeout, "is unknown after 0.5 s: down"):
                server.audatec.wait_for_call(ID, interval=1, timeout=0.5)
        with Server(lambda count, _: (404, {}, {"error": "Call not found"})) as server:
            with self.assertRaises(ApiError):
                server.audatec.wait_for_call(ID, timeout=60)


class Lists(unittest.TestCase):
    def test_all_pages(self) -> None:
        listed = DETAIL | {"callback": None}

        def answer(count: int, asked: Asked) -> Answer:
            return 200, {}, {"calls": [listed] * 2, "next_cursor": None if "cursor=next" in asked.path else "next"}

        with Server(answer) as server:
            self.assertEqual(len(list(server.audatec.items(list_calls.sync_detailed))), 4)
            self.assertEqual(["limit=100" in asked.path for asked in server.asked], [True, True])


def block(number: int) -> bytes:
    event = {"id": f"c{number}", "type": "call.completed", "at": "2026-06-14T10:33:42.000Z", "data": DETAIL}
    return f"id: c{number}\nevent: call.completed\ndata: {json.dumps(event)}\n\n".encode()


class Events(unittest.TestCase):
    def test_they_go_on_where_the_connection_broke(self) -> None:
        stream = {"Content-Type": "text/event-stream"}
        heartbeat = b'id: c2h\nevent: heartbeat\ndata: {"id":"c2h","type":"heartbeat"}\n\n'
        unknown = b'id: c3\nevent: call.sung\ndata: {"id":"c3","type":"call.sung","at":"2026-06-14T10:33:42.000Z","data":{}}\n\n'

        def answer(count: int, asked: Asked) -> Answer:
            if "after=latest" in asked.path:
                return 200, {}, {"events": [], "next_cursor": "c0"}
            cursor = asked.headers["Last-Event-ID"]
            if cursor == "c0" and count == 2:
                return CUT
            if cursor == "c0":
                # The connection breaks in the middle of the second event.
                return 200, stream | {"Content-Length": "100000"}, b"retry: 7\n\n" + block(1) + block(2)[:40]
            if cursor == "c1":
                return 200, stream, block(2) + heartbeat + unknown
            return 200, stream, block(4)

        cursors: list[str] = []
        with Server(answer) as server:
            seen = []
            for event in server.audatec.events(types=["call.completed"], on_cursor=cursors.append):
                assert isinstance(event, CallEvent)
                seen.append(event.id)
                if len(seen) == 3:
                    break
            self.assertEqual(seen, ["c1", "c2", "c4"])
            self.assertEqual(cursors, ["c0", "c1", "c2", "c2h", "c3", "c4"])
            self.assertIn("type=call.completed", server.asked[1].path)
            self.assertEqual(server.asked[-1].headers["Last-Event-ID"], "c3")

    def test_a_cursor_that_is_too_old(self) -> None:
        def answer(count: int, asked: Asked) -> Answer:
            if asked.headers["Last-Event-ID"] == "old":
                return 410, {"X-Error-Code": "cursor_expired"}, {"error": "Expired", "oldest_cursor": "c0"}
            return 200, {"Content-Type": "text/event-stream"}, block(1)

        with Server(answer) as server:
            with self.assertRaises(ApiError):
                next(iter(server.audatec.events(after="old")))
            gaps: list[str] = []
            self.assertEqual(next(iter(server.audatec.events(after="old", on_gap=gaps.append))).id, "c1")
            self.assertEqual(gaps, ["c0"])

    def test_a_key_that_was_revoked_ends_it(self) -> None:
        with Server(lambda *_: refusal(401, "unauthorized")) as server, self.assertRaises(ApiError):
            next(iter(server.audatec.events(after="c0")))


class Campaigns(unittest.TestCase):
    def test_a_generator_is_sent_in_batches_that_fit(self) -> None:
        def answer(count: int, asked: Asked) -> Answer:
            self.assertEqual(asked.path, CAMPAIGN_PATH)
            rejected = [{"row": 1, "reference": None, "error": "phone_number is required"}]
            return 200, {}, {"added": asked.body.count(b"\n") - 1, "duplicates": 0, "rejected": rejected}

        with Server(answer) as server:
            pulled = 0

            def people() -> Any:
                nonlocal pulled
                for number in range(MOST_ROWS + 5):
                    pulled += 1
                    # No more is held than one request takes.
                    self.assertLessEqual(pulled - MOST_ROWS * len(server.asked), MOST_ROWS + 1)
                    yield {"phone_number": f"+1500555{number:05}"}

            added = server.audatec.add_recipients(ID, people())
            self.assertEqual([asked.body.count(b"\n") for asked in server.asked], [MOST_ROWS, 5])
            self.assertEqual((added.added, [one.row for one in added.rejected]), (MOST_ROWS + 3, [1, MOST_ROWS + 1]))
            server.asked.clear()
            server.audatec.add_recipients(ID, ({"phone_number": "+15005550000", "metadata": {"x": "é" * 500_000}} for _ in range(20)))
            self.assertTrue(all(len(asked.body) <= MOST_BYTES for asked in server.asked))
            self.assertEqual(sum(asked.body.count(b"\n") for asked in server.asked), 20)


SECRET, OLD = "whsec_" + base64.b64encode(b"x" * 24).decode(), "whsec_" + base64.b64encode(b"y" * 24).decode()
BODY = b'{"event":"call.completed"}'


def signed(secret: str, at: int = 1_000_000) -> dict[str, str]:
    mac = hmac.new(base64.b64decode(secret[6:]), f"msg.{at}.".encode() + BODY, hashlib.sha256).digest()
    plain = hmac.new(secret.encode(), BODY, hashlib.sha256).hexdigest()
    standard = {"Webhook-Id": "msg", "Webhook-Timestamp": str(at), "Webhook-Signature": f"v1,{base64.b64encode(mac).decode()}"}
    return standard | {"X-Audatec-Signature": plain}


class Signatures(unittest.TestCase):
    def test_good_tampered_old_and_rotated(self) -> None:
        good = signed(SECRET)
        both = good | {"Webhook-Signature": f"{signed(OLD)['Webhook-Signature']} {good['Webhook-Signature']}"}
        only = {"x-audatec-signature": good["X-Audatec-Signature"]}
        cases: list[tuple[str, bool, dict[str, str], Any, dict[str, Any]]] = [
            ("good", True, good, SECRET, {}),
            ("in lower case", True, {name.lower(): value for name, value in good.items()}, SECRET, {}),
            ("tampered", False, good, SECRET, {"body": BODY + b" "}),
            ("of another", False, good, OLD, {}),
            ("old", False, good, SECRET, {"now": 1_000_301}),
            ("just in time", True, good, SECRET, {"now": 1_000_299}),
            ("ahead", False, good, SECRET, {"now": 999_699}),
            ("signed by two, of which one is known", True, both, SECRET, {}),
            ("signed by one of two that are known", True, good, [OLD, SECRET], {}),
            ("the plain header alone", False, only, SECRET, {}),
            ("which is accepted", True, only, SECRET, {"allow_untimed": True}),
            ("but for another body", False, only, SECRET, {"allow_untimed": True, "body": BODY + b" "}),
            ("an old one beside a plain one", False, good, SECRET, {"now": 2_000_000, "allow_untimed": True}),
            ("none", False, {}, SECRET, {}),
            ("no base64", False, good | {"Webhook-Signature": "v1,ä"}, SECRET, {}),
        ]
        for name, valid, headers, secrets, options in cases:
            given = {"now": 1_000_000} | options
            body = given.pop("body", BODY)
            with self.subTest(name):
                self.assertEqual(verify_signature(body, headers, secrets, **given), valid)
                self.assertEqual(check_signature(body, headers, secrets, **given).reason is None, valid)
        with self.assertRaises(ValueError):
            verify_signature(BODY, good, "")


if __name__ == "__main__":
    unittest.main()
