"""Conversations, as far as they need no room."""

import asyncio
import json
import os
import unittest
from types import SimpleNamespace
from unittest import mock

from livekit.agents.llm import ChatContext

import models
from audatec_agent import conversation, worker
from audatec_agent.job import Job
from audatec_agent.talk import Result


def job(**more):
    return Job("c", "http://127.0.0.1:9", "token", **more)


class Models(unittest.TestCase):
    def made(self, spec, **env):
        with mock.patch.dict(os.environ, {"AGENT_TTS": spec, **env}):
            return conversation.speaking_model(job(voice="emi"))

    def test_a_variable_names_a_class_and_its_options(self):
        with mock.patch.dict(os.environ, {"AGENT_STT": 'models:STT {"after_seconds": 7}', "AGENT_VAD": " "}):
            self.assertEqual(conversation.model("AGENT_STT").after_seconds, 7)
            self.assertIsNone(conversation.model("AGENT_VAD"))

    def test_a_mistake_in_them_is_met_at_the_start(self):
        whole = {"AGENT_NAME": "emi", "AGENT_LLM": "models:LLM", "AGENT_STT": "models:STT", "AGENT_TTS": "models:TTS"}
        for mistake, error in (
            ({"AGENT_TTS": ""}, ValueError),
            ({"AGENT_STT": "models:Missing"}, AttributeError),
            ({"AGENT_LLM": "missing.module:LLM"}, ImportError),
            ({"AGENT_VAD": "models:STT {broken"}, ValueError),
        ):
            with self.subTest(mistake), mock.patch.dict(os.environ, {**whole, **mistake}), self.assertRaises(error):
                worker.make_server()
        with mock.patch.dict(os.environ, whole):
            self.assertTrue(conversation.is_configured())
            worker.make_server()

    def test_the_agents_voice_is_the_ttss(self):
        self.assertEqual(self.made('models:TTS {"voice": "usual", "speed": 2}').voice, "emi")
        self.assertEqual(self.made("models:OtherTTS", AGENT_TTS_VOICE_OPTION="voice_id").voice, "emi")
        self.assertEqual(self.made("models:OneVoice", AGENT_TTS_VOICE_OPTION="").voice, "its own")

    def test_an_agent_without_a_voice_has_the_usual_one(self):
        with mock.patch.dict(os.environ, {"AGENT_TTS": 'models:TTS {"voice": "usual"}'}):
            self.assertEqual(conversation.speaking_model(job()).voice, "usual")


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
        self.assertEqual(await result.judged(), {"disposition": "unknown", "summary": "Hm.", "sentiment": None})

    async def test_who_answered(self):
        speaker, heard = SimpleNamespace(is_voicemail=False), Result()
        self.assertEqual(conversation._answered_by(speaker, heard, {"answered_by": "human"}), "unknown", "nobody said a word")
        heard.say("callee", models.HEARD)
        for judged, answered_by in (("voicemail", "voicemail"), ("unknown", "unknown"), ("a cat", "human"), (None, "human")):
            self.assertEqual(conversation._answered_by(speaker, heard, {"answered_by": judged}), answered_by)
        speaker.is_voicemail = True
        self.assertEqual(conversation._answered_by(speaker, Result(), {"answered_by": "human"}), "voicemail")


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

    async def test_a_message_that_cannot_be_said_ends_the_call_too(self):
        self.assertEqual(await self.reach({"action": "leave_message", "message": "Call us."}, fails=True), (True, ["Call us."]))


if __name__ == "__main__":
    unittest.main()
