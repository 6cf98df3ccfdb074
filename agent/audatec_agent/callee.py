"""The person called: when they pick up, and when they leave."""

from __future__ import annotations

import asyncio
import time

from livekit import rtc

STATUS = "sip.callStatus"
#: The status of somebody who has picked up, and of somebody who has then hung up.
PICKED_UP = ("active", "hangup")
#: Longer than any phone rings: if nobody has come to the room by then, the platform has given it up.
PATIENCE_SECONDS = 600.0


class Callee:
    """The SIP participant of a room."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._changed = asyncio.Event()
        #: Set once the callee, or the room, is gone.
        self.left = asyncio.Event()
        #: When the callee was seen to leave, by the monotonic clock.
        self.left_at: float | None = None
        #: Whether they were ever seen to have picked up, if only on their way out.
        self.has_picked_up = False
        room.on("participant_connected", lambda _: self._changed.set())
        room.on("participant_attributes_changed", self._on_attributes)
        room.on("participant_disconnected", self._on_disconnected)
        room.on("disconnected", lambda *_: self.left.set())

    def _on_attributes(self, _: dict[str, str], participant: rtc.Participant) -> None:
        self._see(participant)
        self._changed.set()

    def _on_disconnected(self, participant: rtc.RemoteParticipant) -> None:
        if is_sip(participant):
            self._see(participant)
            self.left_at = time.monotonic()
            self.left.set()

    def _see(self, participant: rtc.Participant) -> None:
        if is_sip(participant) and participant.attributes.get(STATUS) in PICKED_UP:
            self.has_picked_up = True

    def _is_active(self) -> bool:
        participants = [it for it in self._room.remote_participants.values() if is_sip(it)]
        for it in participants:
            self._see(it)
        return any(it.attributes.get(STATUS) == "active" for it in participants)

    async def answers(self) -> bool:
        """Waits until they have picked up; False if they never will, or are gone again."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + PATIENCE_SECONDS
        while not self._is_active():
            if self.left.is_set() or loop.time() >= give_up:
                return False
            changed = asyncio.ensure_future(self._changed.wait())
            left = asyncio.ensure_future(self.left.wait())
            await asyncio.wait([changed, left], timeout=give_up - loop.time(), return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
            left.cancel()
            self._changed.clear()
        return True


def is_sip(participant: rtc.Participant) -> bool:
    """Whether a participant joined by telephone."""
    return participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP
