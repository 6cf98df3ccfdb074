"""The speaker that needs no model: it says its script in generated speech and reports the configured outcome."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable, Iterator

import numpy as np
from livekit import rtc

from .callee import Callee
from .job import Job
from .models import Misconfigured
from .outcome import ANSWERED_BY, USUAL
from .speech import RATE, vowel, words
from .talk import Outcome, Result

logger = logging.getLogger("audatec-agent")

FRAME = RATE // 50


def settings() -> tuple[Outcome, float]:
    """The outcome of every call, and the longest time to speak.

    Raises:
        Misconfigured: With which variable, and what.
    """
    answered_by = os.environ.get("SCRIPTED_ANSWERED_BY", "unknown")
    if answered_by not in ANSWERED_BY:
        raise Misconfigured("SCRIPTED_ANSWERED_BY", f"must be one of {', '.join(ANSWERED_BY)}")
    try:
        outcome = json.loads(os.environ.get("SCRIPTED_OUTCOME", json.dumps(USUAL)))
        made = {**outcome, "answered_by": answered_by}
    except (ValueError, TypeError) as error:
        raise Misconfigured("SCRIPTED_OUTCOME", "must be a JSON object") from error
    try:
        return made, float(os.environ.get("SCRIPTED_SECONDS", "20"))
    except ValueError as error:
        raise Misconfigured("SCRIPTED_SECONDS", "must be a number") from error


class Scripted:
    """One call's speaker."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._outcome, self._longest = settings()
        self._source: rtc.AudioSource | None = None

    async def ready(self, room: rtc.Room) -> None:
        """Publishes its track before the answer: nobody on the phone should have to wait while the room adds a new one."""
        source = rtc.AudioSource(RATE, 1)
        track = rtc.LocalAudioTrack.create_audio_track("speech", source)
        await room.local_participant.publish_track(track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE))
        self._source = source

    async def talk(self, _: rtc.Room, callee: Callee, result: Result) -> None:
        """Speaks until it is done, or the callee has hung up."""
        answered_at = time.monotonic()
        text = self._job.script or "Hello. This is an automated call. Goodbye."
        outcome = dict(self._outcome)
        if outcome["answered_by"] == "voicemail":
            outcome["disposition"] = "voicemail"
            action = self._job.voicemail["action"]
            if action == "hang_up":
                result.outcome = outcome
                return
            if action == "leave_message":
                text = self._job.voicemail["message"]

        def begun() -> None:
            waited_ms = (time.monotonic() - answered_at) * 1_000
            logger.info("call %s: speaks %.0f ms after the answer", self._job.call_id, waited_ms)
            result.outcome = outcome
            result.say("agent", text)

        speaking = asyncio.ensure_future(self._play(text, begun))
        left = asyncio.ensure_future(callee.left.wait())
        done, _pending = await asyncio.wait([speaking, left], return_when=asyncio.FIRST_COMPLETED)
        speaking.cancel()
        left.cancel()
        if speaking in done:
            speaking.result()

    async def _play(self, text: str, begun: Callable[[], None]) -> None:
        """Generates sound as it goes: each word while the one before is heard, and never on the event loop. `begun` is set when
        the first of it is out."""
        source = self._source
        if source is None:
            return
        sounds: Iterator[np.ndarray] = words(text, self._longest)
        is_first = True
        while (sound := await asyncio.to_thread(next, sounds, None)) is not None:
            for start in range(0, len(sound), FRAME):
                frame = sound[start : start + FRAME]
                await source.capture_frame(rtc.AudioFrame(frame.tobytes(), RATE, 1, len(frame)))
                if is_first:
                    is_first = False
                    begun()
        await source.wait_for_playout()


def warm_up() -> None:
    """Generates the vowels, of which every word consists."""
    for letter in "aeiou":
        vowel(letter)
