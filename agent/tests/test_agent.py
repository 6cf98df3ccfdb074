"""What of the agent needs no LiveKit: jobs, outcomes, reports."""

import json
import unittest

from aiohttp import web

from audatec_agent import report as reporting
from audatec_agent.job import Job
from audatec_agent.outcome import fit
from audatec_agent.speech import RATE, speak

SCHEMA = {
    "type": "object",
    "properties": {
        "disposition": {"enum": ["interested", "unknown"]},
        "summary": {"type": "string", "maxLength": 5},
        "amount": {"type": "integer", "minimum": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
    "required": ["disposition", "summary", "amount", "tags"],
    "additionalProperties": False,
}


class Outcomes(unittest.TestCase):
    def test_an_outcome_is_made_to_fit(self):
        fitted = fit({"disposition": "odd", "summary": "much too long", "mood": "good"}, SCHEMA)
        self.assertEqual(fitted, {"disposition": "unknown", "summary": "much ", "amount": 1, "tags": [""]})

    def test_without_a_schema_it_stays(self):
        self.assertEqual(fit({"a": 1}, None), {"a": 1})


class Jobs(unittest.TestCase):
    def test_a_job_is_read_and_its_token_not_shown(self):
        job = Job.read(json.dumps({"call_id": "c", "report_url": "u", "report_token": "secret", "script": None, "new": 1}))
        self.assertEqual((job.script, job.voicemail), (None, {"action": "hang_up"}))
        self.assertNotIn("secret", repr(job))


class Speech(unittest.TestCase):
    def test_speech_is_sound_of_bounded_length(self):
        samples = speak("hello " * 100, 2)
        self.assertEqual(len(samples), 2 * RATE)
        self.assertGreater(int(abs(samples).max()), 3_000)


class Reports(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.answers, self.seen = [], []

        async def take(request):
            self.seen.append((request.headers["Authorization"], await request.json()))
            return web.Response(status=self.answers.pop(0))

        app = web.Application()
        app.router.add_post("/agent-reports/c", take)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        port = self.runner.addresses[0][1]
        self.job = Job("c", f"http://127.0.0.1:{port}/agent-reports/c", "token")
        reporting.FIRST_WAIT_SECONDS = 0.01

    async def asyncTearDown(self):
        await self.runner.cleanup()

    async def test_a_report_is_sent_until_it_is_taken(self):
        self.answers = [500, 502, 200]
        self.assertTrue(await reporting.report(self.job, {"disposition": "x"}, []))
        self.assertEqual(self.seen, [("Bearer token", {"outcome": {"disposition": "x"}, "transcript": []})] * 3)

    async def test_what_is_refused_is_not_sent_again(self):
        self.answers = [401]
        self.assertFalse(await reporting.report(self.job, {}, []))

    async def test_the_newest_lines_of_a_long_transcript_are_kept(self):
        lines = [{"role": "agent", "text": "x" * 1000, "at": str(i)} for i in range(100)]
        kept = reporting.shortened(lines)
        self.assertLessEqual(len(json.dumps(kept)), reporting.MAX_TRANSCRIPT + 200)
        self.assertEqual(kept[-1]["at"], "99")


if __name__ == "__main__":
    unittest.main()
