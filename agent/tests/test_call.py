"""One call's course, in a room that is not there."""

import asyncio
import json
import time
import unittest
from types import SimpleNamespace
from unittest import mock

from livekit import api, rtc

from audatec_agent import report as reporting
from audatec_agent import worker
from audatec_agent.callee import STATUS, Callee

SIP = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT


class Room(rtc.EventEmitter):
    """Participants come, change and go as a test says."""

    def __init__(self, sid="RM_1"):
        super().__init__()
        self.remote_participants = {}
        self._sid = sid

    @property
    async def sid(self):
        while self._sid is None:
            await asyncio.sleep(1)
        return self._sid

    async def disconnect(self):
        self.emit("left")

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
        self.events, self.reports = [], []
        metadata = json.dumps({"call_id": "c", "report_url": "http://127.0.0.1:9", "report_token": "t", "script": "Hello."})

        async def delete_room(request):
            self.events.append(f"delete {request.room}")
            if self.deleting:
                raise self.deleting.pop(0) if isinstance(self.deleting, list) else self.deleting

        self.deleting = api.TwirpError("not_found", "", status=404)
        self.context = SimpleNamespace(
            job=SimpleNamespace(metadata=metadata, room=SimpleNamespace(name="c", sid="RM_1")),
            proc=SimpleNamespace(userdata={}),
            api=SimpleNamespace(room=SimpleNamespace(delete_room=delete_room)),
            connect=mock.AsyncMock(),
            shutdown=lambda: self.events.append("shutdown"),
        )
        self.enter()
        self.speaker = SimpleNamespace(ready=mock.AsyncMock(), talk=self.talk)
        self.patch(worker.models, "is_configured", lambda: False)
        self.patch(worker.scripted, "Scripted", lambda job: self.speaker)
        self.patch(worker, "report", self.report)
        for name in ("FIRST_WAIT_SECONDS", "LONGEST_WAIT_SECONDS"):
            self.patch(reporting, name, 0.01)

    def patch(self, where, name, what):
        patched = mock.patch.object(where, name, what)
        patched.start()
        self.addCleanup(patched.stop)

    async def talk(self, room, callee, result):
        self.events.append("talk")
        result.say("agent", "Hello.")
        await callee.left.wait()

    async def report(self, job, outcome, transcript, failure, ended_at, suppress=False):
        self.events.append("report")
        self.reports.append((outcome and outcome["disposition"], [line["text"] for line in transcript], failure))
        self.ended_at = ended_at()
        return True

    def enter(self, sid="RM_1"):
        """A room of its own."""
        self.context.room = Room(sid)
        self.context.room.on("left", lambda: self.events.append("left"))

    def picks_up(self):
        self.context.room.joins("callee", "active")

    async def whole(self):
        """The call, from its start to its report."""
        await worker.hold_call(self.context)
        await worker.end_call(self.context)

    async def test_nothing_is_said_before_they_have_picked_up(self):
        call = asyncio.ensure_future(worker.hold_call(self.context))
        await settle()
        self.context.room.joins("callee", "dialing")
        self.context.room.changes("callee", "ringing")
        await settle()
        self.assertEqual(self.events, [])
        self.speaker.ready.assert_awaited_once_with(self.context.room)
        self.context.room.changes("callee", "active")
        await settle()
        self.assertEqual(self.events, ["talk"])
        self.context.room.leaves("callee")
        await call
        self.assertEqual(self.events, ["talk", "delete c", "left", "shutdown"])

    async def test_nobody_picks_up_nothing_is_said_or_reported(self):
        call = asyncio.ensure_future(worker.hold_call(self.context))
        await settle()
        self.context.room.joins("callee", "ringing")
        self.context.room.leaves("callee")
        await call
        await worker.end_call(self.context)
        self.assertEqual(self.events, ["shutdown"])

    async def test_who_hangs_up_before_a_word_is_said_is_reported_at_once(self):
        for seen in (["active", "hangup"], ["hangup"], ["ringing", "hangup"]):
            with self.subTest(seen):
                self.enter()
                self.events[:], self.reports[:] = [], []
                call = asyncio.ensure_future(self.whole())
                await settle()
                self.context.room.joins("callee", "dialing")
                # All at once: it is over before the agent can begin.
                for status in seen:
                    self.context.room.changes("callee", status)
                self.context.room.leaves("callee")
                await asyncio.wait_for(call, 5)
                self.assertEqual(self.events, ["delete c", "left", "shutdown", "report"])
                self.assertEqual(self.reports, [("unknown", [], None)])
                self.assertLess(time.monotonic() - self.ended_at, 5)

    async def test_a_conversation_that_breaks_off_is_hung_up_and_reported_as_that(self):
        async def talk(room, callee, result):
            result.say("agent", "Hello.")
            raise RuntimeError("the key is sk-secret")

        self.speaker.talk = talk
        self.picks_up()
        await self.whole()
        self.assertEqual(self.events, ["delete c", "left", "shutdown", "report"])
        self.assertEqual(self.reports, [("unknown", ["Hello."], "the agent failed: RuntimeError")])

    async def test_where_it_said_nothing_there_is_no_outcome(self):
        self.speaker.talk = mock.AsyncMock(side_effect=RuntimeError)
        self.picks_up()
        await self.whole()
        self.assertEqual(self.reports, [(None, [], "the agent failed: RuntimeError")])

    async def test_one_that_fails_before_the_answer_says_so_and_leaves_nobody_in_the_room(self):
        for broken in ("connect", "ready", "made"):
            with self.subTest(broken):
                self.enter()
                self.context.proc.userdata = {}
                self.events[:], self.reports[:] = [], []
                self.context.connect = mock.AsyncMock(side_effect=OSError if broken == "connect" else None)
                self.speaker.ready = mock.AsyncMock(side_effect=OSError if broken == "ready" else None)
                made = mock.Mock(side_effect=OSError if broken == "made" else None, return_value=self.speaker)
                with mock.patch.object(worker.scripted, "Scripted", made):
                    await self.whole()
                # Reported first: a room that is gone looks like a cancelled call.
                self.assertEqual(self.events, ["report", "delete c", "left", "shutdown"])
                self.assertEqual(self.reports, [(None, [], "the agent failed: OSError")])
                self.assertEqual(self.context.connect.await_count, 0 if broken == "made" else 1)

    async def test_a_job_that_cannot_be_read_leaves_nobody_in_the_room(self):
        self.context.job.metadata = "{"
        await self.whole()
        self.assertEqual(self.events, ["delete c", "left", "shutdown"])

    async def test_a_platform_that_does_not_hear_of_a_failure_keeps_nobody_on_the_phone(self):
        async def never(*_):
            self.events.append("report")
            await asyncio.sleep(60)

        self.patch(worker, "report", never)
        self.patch(worker, "TELL_SECONDS", 0.05)
        self.speaker.ready = mock.AsyncMock(side_effect=OSError)
        await worker.hold_call(self.context)
        self.assertEqual(self.events, ["report", "delete c", "left", "shutdown"])

    async def test_a_job_that_is_stopped_while_they_talk_is_reported_and_hung_up(self):
        self.picks_up()
        call = asyncio.ensure_future(worker.hold_call(self.context))
        await settle()
        call.cancel()
        await settle()
        await worker.end_call(self.context)
        self.assertEqual(self.events, ["talk", "delete c", "left", "report"])
        self.assertEqual(self.reports, [("unknown", ["Hello."], None)])

    async def test_a_room_that_is_not_its_jobs_is_left_and_deleted(self):
        self.enter(sid="RM_2")
        self.picks_up()
        await self.whole()
        self.assertEqual(self.events, ["delete c", "left", "shutdown"])

    async def test_a_room_that_does_not_say_which_it_is_is_its_jobs(self):
        self.patch(worker, "SID_SECONDS", 0.05)
        self.enter(sid=None)
        self.picks_up()
        call = asyncio.ensure_future(worker.hold_call(self.context))
        while "talk" not in self.events:
            await asyncio.sleep(0.01)
        self.context.room.leaves("callee")
        await call

    async def test_a_hanging_up_that_fails_is_tried_again_and_does_not_cost_the_report(self):
        for error in (api.TwirpError("unavailable", "", status=503), worker.aiohttp.ClientConnectionError(), asyncio.TimeoutError()):
            with self.subTest(repr(error)):
                self.deleting, self.events[:], self.reports[:] = [error] * 3, [], []
                self.enter()
                self.patch(worker, "TELL_SECONDS", 0)
                self.picks_up()
                call = asyncio.ensure_future(self.whole())
                await settle()
                self.context.room.leaves("callee")
                await asyncio.wait_for(call, 5)
                self.assertEqual(self.events.count("delete c"), 4)
                self.assertEqual(self.events.count("report"), 1)
                self.assertLess(self.events.index("left"), 4, "it goes, whatever LiveKit does")
                self.assertEqual(self.reports, [("unknown", ["Hello."], None)])

    async def test_a_hanging_up_is_tried_for_as_long_as_a_report(self):
        self.deleting = api.TwirpError("unavailable", "", status=503)
        self.patch(reporting, "GIVE_UP_SECONDS", 0.1)
        self.patch(worker, "TELL_SECONDS", 0.01)
        self.picks_up()
        call = asyncio.ensure_future(self.whole())
        await settle()
        self.context.room.leaves("callee")
        await asyncio.wait_for(call, 5)
        self.assertGreater(self.events.count("delete c"), 3)

    async def test_the_end_is_when_they_left_or_were_hung_up_on(self):
        self.deleting = None

        async def done(room, callee, result):
            result.say("agent", "Goodbye.")

        self.speaker.talk = done
        self.picks_up()
        before = time.monotonic()
        await self.whole()
        self.assertGreaterEqual(self.ended_at, before)

        self.deleting = api.TwirpError("unavailable", "", status=503)
        self.patch(reporting, "GIVE_UP_SECONDS", 0.05)
        self.patch(worker, "TELL_SECONDS", 0)
        self.enter()
        self.picks_up()
        await self.whole()
        self.assertIsNone(self.ended_at, "they may still be there")


if __name__ == "__main__":
    unittest.main()
