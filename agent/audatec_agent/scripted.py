"""The speaker that needs no model: it says its script in generated speech and takes the configured outcome."""

from __future__ import annotations

import asyncio
import json
import os

from livekit import rtc

from .callee import Callee
from .job import Job
from .outcome import ANSWERED_BY, USUAL
from .speech import RATE, speak
from .talk import Result

FRAME = RATE // 50


async def talk(room: rtc.Room, callee: Callee, job: Job, result: Result) -> None:
    """Speaks until it is done, or the callee has hung up."""
    answered_by = os.environ.get("SCRIPTED_ANSWERED_BY", "unknown")
    if answered_by not in ANSWERED_BY:
        raise ValueError(f"SCRIPTED_ANSWERED_BY must be one of {', '.join(ANSWERED_BY)}")
    outcome = json.loads(os.environ.get("SCRIPTED_OUTCOME", json.dumps(USUAL)))
    result.outcome = {**outcome, "answered_by": answered_by}
    text = job.script or "Hello. This is an automated call. Goodbye."
    if answered_by == "voicemail":
        result.outcome["disposition"] = "voicemail"
        action = job.voicemail["action"]
        if action == "hang_up":
            return
        if action == "leave_message":
            text = job.voicemail["message"]
    result.say("agent", text)
    speaking = asyncio.ensure_future(_play(room, text))
    left = asyncio.ensure_future(callee.left.wait())
    done, _ = await asyncio.wait([speaking, left], return_when=asyncio.FIRST_COMPLETED)
    speaking.cancel()
    left.cancel()
    if speaking in done:
        speaking.result()


async def _play(room: rtc.Room, text: str) -> None:
    source = rtc.AudioSource(RATE, 1)
    track = rtc.LocalAudioTrack.create_audio_track("speech", source)
    await room.local_participant.publish_track(track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE))
    samples = speak(text, float(os.environ.get("SCRIPTED_SECONDS", "20")))
    for start in range(0, len(samples), FRAME):
        frame = samples[start : start + FRAME]
        await source.capture_frame(rtc.AudioFrame(frame.tobytes(), RATE, 1, len(frame)))
    await source.wait_for_playout()
