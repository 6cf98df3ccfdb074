"""Conversations, as far as they need no room."""

import asyncio
import itertools
import json
import os
import re
import unittest
from types import SimpleNamespace
from unittest import mock

from livekit import agents
from livekit.agents import APIConnectionError, APIStatusError
from livekit.agents.llm import ChatContext
from livekit.agents.voice import io

import models
from audatec_agent import conversation, worker
from audatec_agent import models as making
from audatec_agent.job import Job
from audatec_agent.talk import Result


def job(**more):
    return Job("c", "http://127.0.0.1:9", "token", **more)


class Models(unittest.TestCase):
    def made(self, spec, **env):
        with mock.patch.dict(os.environ, {"AGENT_TTS": spec, **env}):
            return making.speaking_model(job(voice="emi"))

    def test_a_variable_names_a_class_and_its_options(self):
        with mock.patch.dict(os.environ, {"AGENT_STT": 'models:STT {"after_seconds": 7}', "AGENT_VAD": " "}):
            self.assertEqual(making.model("AGENT_STT").after_seconds, 7)
            self.assertIsNone(making.model("AGENT_VAD"))

    def test_a_mistake_in_them_is_met_at_the_start(self):
        whole = {"AGENT_NAME": "emi", "AGENT_LLM": "models:LLM", "AGENT_STT": "models:STT", "AGENT_TTS": "models:TTS"}
        for mistake, said in (
            ({"AGENT_TTS": ""}, "AGENT_TTS: not set, and AGENT_LLM and AGENT_STT is"),
            ({"AGENT_STT": "models:Missing"}, "AGENT_STT: AttributeError"),
            ({"AGENT_STT": "models"}, "AGENT_STT: AttributeError"),
            ({"AGENT_LLM": "missing.module:LLM"}, "AGENT_LLM: ModuleNotFoundError"),
            ({"AGENT_VAD": "models:STT {broken"}, "AGENT_VAD: JSONDecodeError"),
            ({"AGENT_VAD": "models:STT []"}, "AGENT_VAD: the options must be a JSON object"),
            # Only noticed when the models are created.
            ({"AGENT_STT": 'models:STT {"after_secs": 1}'}, "AGENT_STT: TypeError"),
            ({"AGENT_LLM": "models:Keyed"}, "AGENT_LLM: ValueError: KEYED_API_KEY must be set"),
            ({"AGENT_TTS": 'models:TTS {"spead": 2}'}, "AGENT_TTS: TypeError"),
            ({"AGENT_TTS_VOICE_OPTION": "voice_id"}, "AGENT_TTS_VOICE_OPTION: AGENT_TTS has no option `voice_id`"),
            ({"AGENT_TTS": "models:OneVoice"}, "AGENT_TTS_VOICE_OPTION: AGENT_TTS has no option `voice`"),
            ({"AGENT_NAME": " "}, "AGENT_NAME: must be set"),
            ({"SCRIPTED_ANSWERED_BY": "a cat"}, "SCRIPTED_ANSWERED_BY: must be one of human, voicemail, unknown"),
            ({"SCRIPTED_OUTCOME": "[1]"}, "SCRIPTED_OUTCOME: must be a JSON object"),
            ({"AGENT_HEALTH_ADDRESS": "localhost"}, "AGENT_HEALTH_ADDRESS: `localhost` must be a whole number"),
            ({"AGENT_IDLE_PROCESSES": "-1"}, "AGENT_IDLE_PROCESSES: `-1` must be a whole number"),
            ({"SCRIPTED_SECONDS": "long"}, "SCRIPTED_SECONDS: must be a number"),
        ):
            with self.subTest(mistake), mock.patch.dict(os.environ, {**whole, **mistake}):
                with self.assertRaises(making.Misconfigured) as met:
                    worker.make_server()
                self.assertTrue(str(met.exception).startswith(said), str(met.exception))
                with self.assertRaises(SystemExit) as ended:
                    worker.main()
                self.assertIn(said, str(ended.exception.code))
        for right in ({}, {"AGENT_TTS": "models:OneVoice", "AGENT_TTS_VOICE_OPTION": ""}, {"AGENT_LLM": "models:Keyed", "KEYED_API_KEY": "k"}):
            with self.subTest(right), mock.patch.dict(os.environ, {**whole, **right}):
                self.assertTrue(making.is_configured())
                worker.make_server()

    def test_models_may_want_an_event_loop_and_a_session_when_they_are_made(self):
        whole = {"AGENT_NAME": "emi", "AGENT_LLM": "models:Looped", "AGENT_STT": "models:STT", "AGENT_TTS": "models:TTS"}
        with mock.patch.dict(os.environ, whole):
            worker.make_server()

    def test_the_agents_voice_is_the_ttss(self):
        self.assertEqual(self.made('models:TTS {"voice": "usual", "speed": 2}').voice, "emi")
        self.assertEqual(self.made("models:OtherTTS", AGENT_TTS_VOICE_OPTION="voice_id").voice, "emi")
        self.assertEqual(self.made("models:OneVoice", AGENT_TTS_VOICE_OPTION="").voice, "its own")

    def test_an_agent_without_a_voice_has_the_usual_one(self):
        with mock.patch.dict(os.environ, {"AGENT_TTS": 'models:TTS {"voice": "usual"}'}):
            self.assertEqual(making.speaking_model(job()).voice, "usual")


class Voices(unittest.IsolatedAsyncioTestCase):
    """What reaches the voice of a reply that is written word by word."""

    async def spoken(self, reply):
        """All of it, and how many words were written at most between two parts of it."""
        whole = {"AGENT_LLM": "models:LLM", "AGENT_STT": "models:STT", "AGENT_TTS": "models:TTS"}
        with mock.patch.dict(os.environ, whole):
            session = conversation.Conversation(job(voice="emi"))._session
        written, parts = 0, []

        async def write():
            nonlocal written
            for word in re.findall(r"\s*\S+", reply):
                written += 1
                yield word
                await asyncio.sleep(0)

        class Agent(agents.Agent):
            async def tts_node(self, text, model_settings):
                async for part in text:
                    parts.append((part, written))
                return
                yield

        class Nowhere(io.AudioOutput):
            def __init__(self):
                super().__init__(label="nowhere", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=24_000)

            async def capture_frame(self, frame):
                await super().capture_frame(frame)

            def flush(self):
                super().flush()

            def clear_buffer(self):
                pass

        session.output.audio = Nowhere()
        await session.start(agent=Agent(instructions=""))
        await asyncio.wait_for(session.say(write()), 30)
        await session.aclose()
        moments = [0, *(at for _, at in parts)]
        return "".join(part for part, _ in parts), max(later - sooner for sooner, later in itertools.pairwise(moments))

    async def test_a_star_code_holds_nothing_back(self):
        rest = " and then the number that you would like to reach, and I shall stay on the line until you have."
        for code, said in (("*67", "star 67"), ("*9,", "star 9,"), ('"*21"', '"star 21"')):
            with self.subTest(code):
                spoken, waited = await self.spoken(f"Please dial {code}{rest}")
                self.assertEqual(spoken, f"Please dial {said}{rest}")
                self.assertLessEqual(waited, 4)

    async def test_it_is_read_however_it_is_cut(self):
        async def cut(text, at):
            for part in (text[:at], text[at:]):
                yield part

        for text, said in (("Dial *67.", "Dial star 67."), ("*9", "star 9"), ("2*3, **5** and *5* pm", "2*3, **5** and *5* pm")):
            for at in range(len(text)):
                parts = [part async for part in conversation.star_codes(cut(text, at))]
                self.assertEqual("".join(parts), said, at)

    async def test_markdown_is_not_spoken(self):
        spoken, _ = await self.spoken("Your *EMI* is **5,000** rupees, due on **5** May.")
        self.assertEqual(spoken, "Your EMI is 5,000 rupees, due on 5 May.")


class Judgements(unittest.IsolatedAsyncioTestCase):
    async def judge(self, llm, is_voicemail=False, **more):
        history = ChatContext.empty()
        history.add_message(role="assistant", content=models.GREETING)
        return await conversation._judge(llm, history, job(**more), is_voicemail)

    async def test_the_model_judges_by_the_agents_schema(self):
        llm = models.LLM()
        self.assertEqual(await self.judge(llm, outcome_schema={"type": "object", "title": "T1"}), models.OUTCOME)
        self.assertIn('"T1"', llm.asked[0])

    async def test_rubbish_is_no_judgement(self):
        for verdict in ("I don't know.", "{disposition: yes}", "[1]"):
            with self.subTest(verdict):
                self.assertEqual(await self.judge(models.LLM(verdict=verdict)), {})

    async def test_one_that_is_late_is_not_waited_for(self):
        with mock.patch.object(conversation, "JUDGE_SECONDS", 0.05):
            self.assertEqual(await asyncio.wait_for(self.judge(models.LLM(verdict_seconds=60)), 5), {})

    async def test_a_voicemail_is_one_without_a_model_too(self):
        llm = models.LLM(verdict="?")
        self.assertEqual(await self.judge(llm, is_voicemail=True), {"disposition": "voicemail"})
        self.assertIn("A voicemail answered.", llm.asked[0])

    async def test_what_the_judge_leaves_out_is_unknown(self):
        result = Result(judge=lambda: self.judge(models.LLM(verdict=json.dumps({"summary": "Hm."}))))
        result.say("agent", models.GREETING)
        self.assertEqual(await result.judged(), {"disposition": "unknown", "summary": "Hm.", "sentiment": None})

    async def test_nothing_is_judged_where_the_agent_said_nothing(self):
        judge = mock.AsyncMock()
        result = Result(judge=judge)
        result.say("callee", models.HEARD)
        self.assertEqual(await result.judged(), {"disposition": "unknown", "summary": None, "sentiment": None, "answered_by": "unknown"})
        result.fail("the TTS failed")
        self.assertIsNone(await result.judged())
        judge.assert_not_awaited()

    async def test_who_answered(self):
        speaker, heard = SimpleNamespace(is_voicemail=False), Result()
        self.assertEqual(conversation._answered_by(speaker, heard, {"answered_by": "human"}), "unknown", "nobody said a word")
        heard.say("callee", models.HEARD)
        for judged, answered_by in (("voicemail", "voicemail"), ("unknown", "unknown"), ("a cat", "human"), (None, "human")):
            self.assertEqual(conversation._answered_by(speaker, heard, {"answered_by": judged}), answered_by)
        speaker.is_voicemail = True
        self.assertEqual(conversation._answered_by(speaker, Result(), {"answered_by": "human"}), "voicemail")


class Troubles(unittest.TestCase):
    def setUp(self):
        self.result = Result(judge=mock.Mock())
        self.trouble = conversation.Trouble(self.result)

    def error(self, kind, error, recoverable=False):
        said = SimpleNamespace(type=kind, error=error, recoverable=recoverable)
        self.trouble._on_error(SimpleNamespace(error=said))
        return self.trouble.happened.is_set(), self.trouble.is_mute.is_set(), self.result.failure

    def test_what_may_yet_come_right_is_none(self):
        self.assertEqual(self.error("llm_error", TimeoutError(), recoverable=True), (False, False, None))

    def test_an_llm_that_failed_neither_goes_on_nor_judges(self):
        refused = APIStatusError("Incorrect API key provided: sk-secret", status_code=401)
        self.assertEqual(self.error("llm_error", refused), (True, False, "the LLM failed: APIStatusError 401"))
        self.assertIsNone(self.result.judge)

    def test_without_a_tts_there_are_no_last_words(self):
        self.assertEqual(self.error("tts_error", APIConnectionError()), (True, True, "the TTS failed: APIConnectionError"))
        self.assertIsNotNone(self.result.judge)

    def test_the_first_reason_counts_and_the_second_may_cost_the_voice(self):
        self.error("stt_error", TimeoutError())
        self.assertEqual(self.error("tts_error", TimeoutError()), (True, True, "the STT failed: TimeoutError"))

    def test_a_reply_that_failed_on_its_way_to_a_model(self):
        self.trouble._on_speech(SimpleNamespace(exception=lambda: None))
        self.assertFalse(self.trouble.happened.is_set())
        self.trouble._on_speech(SimpleNamespace(exception=lambda: TypeError("sk-secret")))
        self.assertEqual(self.result.failure, "a reply failed: TypeError")

    def test_a_conversation_that_is_over_can_not_break_off(self):
        self.trouble.ignore()
        self.trouble._on_speech(SimpleNamespace(exception=lambda: TypeError()))
        self.assertEqual(self.error("llm_error", TimeoutError()), (False, False, None))


class Voicemails(unittest.IsolatedAsyncioTestCase):
    async def reach(self, voicemail, fails=False):
        over = asyncio.Event()
        speaker = conversation.Speaker(job(voicemail=voicemail), over)
        say = mock.AsyncMock(side_effect=RuntimeError("no sound") if fails else None)
        context = SimpleNamespace(session=SimpleNamespace(say=say))
        with self.assertRaises(RuntimeError) if fails else self.subTest(voicemail):
            said = await speaker.voicemail_reached(context)
            self.assertEqual(said is not None, voicemail["action"] == "continue")
        self.assertTrue(speaker.is_voicemail)
        return over.is_set(), [call.args[0] for call in say.await_args_list]

    async def test_each_action(self):
        self.assertEqual(await self.reach({"action": "hang_up"}), (True, []))
        self.assertEqual(await self.reach({"action": "continue"}), (False, []))
        self.assertEqual(await self.reach({"action": "leave_message", "message": "Call us."}), (True, ["Call us."]))

    async def test_a_person_who_asks_not_to_be_called_is_noted(self):
        speaker = conversation.Speaker(job(), asyncio.Event())
        self.assertFalse(speaker.suppress)
        await speaker.do_not_call_again(SimpleNamespace())
        self.assertTrue(speaker.suppress)

    async def test_a_message_that_cannot_be_said_ends_the_call_too(self):
        self.assertEqual(await self.reach({"action": "leave_message", "message": "Call us."}, fails=True), (True, ["Call us."]))


if __name__ == "__main__":
    unittest.main()
