"""The person called: when they pick up, and when they leave."""

from __future__ import annotations

import asyncio

from livekit import rtc

STATUS = "sip.callStatus"
#: Longer than any phone rings: a room to which nobody comes is one that the platform has given up.
PATIENCE_SECONDS = 600.0


class Callee:
    """The SIP participant of a room."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._changed = asyncio.Event()
        #: Set once the callee, or the room, is gone.
        self.left = asyncio.Event()
        room.on("participant_connected", lambda _: self._changed.set())
        room.on("participant_attributes_changed", lambda *_: self._changed.set())
        room.on("participant_disconnected", self._on_disconnected)
        room.on("disconnected", lambda *_: self.left.set())

    def _on_disconnected(self, participant: rtc.RemoteParticipant) -> None:
        if is_sip(participant):
            self.left.set()

    def _is_active(self) -> bool:
        participants = self._room.remote_participants.values()
        return any(is_sip(it) and it.attributes.get(STATUS) == "active" for it in participants)

    async def answers(self) -> bool:
        """Waits until they have picked up; False when they never will."""
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


def is_sip(participant: rtc.RemoteParticipant) -> bool:
    """Whether a participant came by telephone."""
    return participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP
