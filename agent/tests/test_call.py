"""One call's course, in a room that is not there."""

import asyncio
import json
import unittest
from types import SimpleNamespace
from unittest import mock

from livekit import api, rtc

from audatec_agent import worker
from audatec_agent.callee import STATUS, Callee

SIP = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT


class Room(rtc.EventEmitter):
    """Participants come, change and go as a test says."""

    def __init__(self):
        super().__init__()
        self.remote_participants = {}

    def joins(self, identity, status, kind=SIP):
        self.remote_participants[identity] = SimpleNamespace(kind=kind, attributes={STATUS: status})
        self.emit("participant_connected", self.remote_participants[identity])

    def changes(self, identity, status):
        participant = self.remote_participants[identity]
        participant.attributes[STATUS] = status
        self.emit("participant_attributes_changed", {STATUS: status}, participant)

    def leaves(self, identity):
        self.emit("participant_disconnected", self.remote_participants.pop(identity))


async def settle():
    """Lets everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


class Answers(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.room = Room()
        self.answering = asyncio.ensure_future(Callee(self.room).answers())

    async def waits(self):
        await settle()
        self.assertFalse(self.answering.done())

    async def says(self, has_answered):
        self.assertEqual(await asyncio.wait_for(self.answering, 5), has_answered)

    async def test_not_when_nobody_comes_for_long(self):
        with mock.patch("audatec_agent.callee.PATIENCE_SECONDS", 0.05):
            self.assertFalse(await asyncio.wait_for(Callee(Room()).answers(), 5))

    async def test_only_when_they_have_picked_up(self):
        await self.waits()
        self.room.joins("callee", "dialing")
        await self.waits()
        for status in ("ringing", "automation", "ringing"):
            self.room.changes("callee", status)
            await self.waits()
        self.room.changes("callee", "active")
        await self.says(True)

    async def test_they_had_picked_up_before_the_agent_came(self):
        self.answering.cancel()
        self.room.joins("callee", "active")
        self.assertTrue(await Callee(self.room).answers())

    async def test_another_agent_is_not_the_callee(self):
        self.room.joins("agent", "active", kind=AGENT)
        await self.waits()
        self.room.leaves("agent")
        await self.waits()
        self.room.joins("callee", "active")
        await self.says(True)

    async def test_they_are_gone_while_it_rings(self):
        self.room.joins("callee", "ringing")
        await self.waits()
        self.room.leaves("callee")
        await self.says(False)

    async def test_the_room_is_gone(self):
        self.room.joins("callee", "dialing")
        await self.waits()
        self.room.emit("disconnected", 0)
        await self.says(False)


class Calls(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.events = []
        metadata = json.dumps({"call_id": "c", "report_url": "http://127.0.0.1:9", "report_token": "t", "script": "Hello."})

        async def delete_room(request):
            self.events.append(f"delete {request.room}")
            raise self.deleting

        self.deleting = api.TwirpError("not_found", "", status=404)
        self.context = SimpleNamespace(
            job=SimpleNamespace(metadata=metadata, room=SimpleNamespace(name="c")),
            room=Room(),
            proc=SimpleNamespace(userdata={}),
            api=SimpleNamespace(room=SimpleNamespace(delete_room=delete_room)),
            connect=mock.AsyncMock(),
            shutdown=lambda: self.events.append("shutdown"),
        )
        self.patch(worker.conversation, "is_configured", lambda: False)
        self.patch(worker.scripted, "talk", self.talk)
        self.patch(worker, "report", self.report)

    def patch(self, where, name, what):
        patched = mock.patch.object(where, name, what)
        patched.start()
        self.addCleanup(patched.stop)

    async def talk(self, room, callee, job, result):
        self.events.append("talk")
        result.say("agent", job.script)
        await callee.left.wait()
        raise RuntimeError("the line is broken")

    async def report(self, job, outcome, transcript):
        self.events.append(("report", outcome["disposition"], [line["text"] for line in transcript]))

    async def test_nothing_is_said_before_they_have_picked_up(self):
        call = asyncio.ensure_future(worker.hold_call(self.context))
        await settle()
        self.context.room.joins("callee", "dialing")
        self.context.room.changes("callee", "ringing")
        await settle()
        self.assertEqual(self.events, [])
        self.context.room.changes("callee", "active")
        await settle()
        self.assertEqual(self.events, ["talk"])
        self.context.room.leaves("callee")
        await call
        self.assertEqual(self.events, ["talk", "delete c", "shutdown"])

    async def test_nobody_picks_up_nothing_is_said_or_reported(self):
        call = asyncio.ensure_future(worker.hold_call(self.context))
        await settle()
        self.context.room.joins("callee", "ringing")
        self.context.room.leaves("callee")
        await call
        await worker.end_call(self.context)
        self.assertEqual(self.events, ["shutdown"])

    async def test_a_conversation_that_breaks_off_is_reported_and_hung_up(self):
        self.context.room.joins("callee", "active")
        call = asyncio.ensure_future(worker.hold_call(self.context))
        await settle()
        self.context.room.leaves("callee")
        await call
        await worker.end_call(self.context)
        self.assertEqual(self.events, ["talk", "delete c", "shutdown", ("report", "unknown", ["Hello."])])

    async def test_a_job_that_is_stopped_while_they_talk_is_reported_and_hung_up(self):
        self.context.room.joins("callee", "active")
        call = asyncio.ensure_future(worker.hold_call(self.context))
        await settle()
        call.cancel()
        await settle()
        await worker.end_call(self.context)
        self.assertEqual(self.events, ["talk", "delete c", ("report", "unknown", ["Hello."])])

    async def test_a_hanging_up_that_fails_does_not_cost_the_report(self):
        for error in (api.TwirpError("unavailable", "", status=503), worker.aiohttp.ClientConnectionError(), asyncio.TimeoutError()):
            with self.subTest(repr(error)):
                self.deleting, self.events[:] = error, []
                self.context.room = Room()
                self.context.room.joins("callee", "active")
                call = asyncio.ensure_future(worker.hold_call(self.context))
                await settle()
                self.context.room.leaves("callee")
                await call
                await worker.end_call(self.context)
                self.assertEqual(self.events, ["talk", "delete c", "shutdown", ("report", "unknown", ["Hello."])])


if __name__ == "__main__":
    unittest.main()
