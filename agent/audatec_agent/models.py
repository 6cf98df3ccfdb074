"""The models that hold a conversation, which the environment chooses."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
from dataclasses import dataclass
from typing import Any

from livekit.agents.utils import http_context

from .job import Job

MODELS = ("AGENT_LLM", "AGENT_STT", "AGENT_TTS")
VAD = "AGENT_VAD"
VOICE_OPTION = "AGENT_TTS_VOICE_OPTION"


class Misconfigured(ValueError):
    """An environment variable with which no conversation could be held."""

    def __init__(self, variable: str, what: str) -> None:
        super().__init__(f"{variable}: {what}")
        self.variable = variable


@dataclass(frozen=True)
class Setting:
    """What a variable names: `module:Class {"option": …}`."""

    variable: str
    make: Any
    options: dict[str, Any]

    @staticmethod
    def read(variable: str) -> Setting | None:
        """Finds what a variable names; None if it is not set.

        Raises:
            Misconfigured: It does not exist.
        """
        text = os.environ.get(variable, "").strip()
        if not text:
            return None
        name, _, options = text.partition(" ")
        module, _, path = name.partition(":")
        try:
            made: Any = importlib.import_module(module)
            for part in path.split("."):
                made = getattr(made, part)
            given = json.loads(options or "{}")
        except Exception as error:
            raise Misconfigured(variable, _said(error)) from error
        if not isinstance(given, dict):
            raise Misconfigured(variable, "the options must be a JSON object")
        return Setting(variable, made, given)

    def construct(self, **more: Any) -> Any:
        """Creates it. `more` are options that the call determines.

        Raises:
            Misconfigured: It can't be created with these options, or in this environment: a key is missing, for example.
        """
        try:
            return self.make(**{**self.options, **more})
        except Exception as error:
            raise Misconfigured(self.variable, _said(error)) from error

    def takes(self, option: str) -> bool:
        """Whether it has an option of that name, as far as it says."""
        try:
            parameters = inspect.signature(self.make).parameters
        except (TypeError, ValueError):
            return True
        return option in parameters or any(it.kind is it.VAR_KEYWORD for it in parameters.values())


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def model(variable: str, **more: Any) -> Any:
    """The model that a variable names; None if it is not set. `more` are options that the call decides."""
    found = Setting.read(variable)
    return found.construct(**more) if found else None


def speaking_model(job: Job) -> Any:
    """The TTS, with the voice of the call's agent. An empty `AGENT_TTS_VOICE_OPTION` is a TTS that has no choice of voices."""
    option = _voice_option()
    return model("AGENT_TTS", **({option: job.voice} if job.voice and option else {}))


def _voice_option() -> str:
    return os.environ.get(VOICE_OPTION, "voice").strip()


def is_configured() -> bool:
    """Whether there are models to converse with: all, or none."""
    named = [variable for variable in MODELS if os.environ.get(variable, "").strip()]
    if named and len(named) < len(MODELS):
        missing = ", ".join(variable for variable in MODELS if variable not in named)
        raise Misconfigured(missing, f"not set, and {' and '.join(named)} is: all of {', '.join(MODELS)}, or none")
    return bool(named)


def check() -> None:
    """Creates each model once before the first call: nobody on the phone should be the first to meet a mistake.

    Raises:
        Misconfigured: With which variable, and what.
    """
    if not is_configured():
        return
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_construct_all())
    finally:
        loop.close()


async def _construct_all() -> None:
    """In an event loop with an HTTP session, since some models ask for them when they are made."""
    async with http_context.open():
        for variable in ("AGENT_LLM", "AGENT_STT", VAD):
            model(variable)
        _check_speaking_model()


def _check_speaking_model() -> None:
    """A TTS must take the voices of agents, whichever they are. One that can't do without a voice is made with one."""
    option, tts = _voice_option(), Setting.read("AGENT_TTS")
    if tts is None:
        return
    if option and not tts.takes(option):
        raise Misconfigured(VOICE_OPTION, f"AGENT_TTS has no option `{option}`: set it to the one that takes a voice, empty if there is none")
    try:
        tts.construct()
    except Misconfigured:
        if not option or option in tts.options:
            raise
        tts.construct(**{option: "a voice"})
