"""What of the agent needs no LiveKit: jobs, outcomes, reports."""

import json
import unittest
from unittest import mock

from aiohttp import web

from audatec_agent import report as reporting
from audatec_agent.job import Job
from audatec_agent.outcome import USUAL, fit
from audatec_agent.speech import RATE, speak

SCHEMA = {
    "type": "object",
    "properties": {
        "disposition": {"enum": ["interested", "unknown"]},
        "summary": {"type": "string", "maxLength": 5},
        "amount": {"type": ["integer", "null"], "minimum": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "sentiment": {"enum": ["positive", "negative"]},
        "is_paid": {"type": "boolean"},
    },
    "required": ["disposition", "summary", "amount", "tags"],
    "additionalProperties": False,
}


class Outcomes(unittest.TestCase):
    def test_an_outcome_is_made_to_fit(self):
        fitted = fit({"disposition": "odd", "summary": "much too long", "mood": "good"}, SCHEMA)
        self.assertEqual(fitted, {"disposition": "unknown", "summary": "much ", "amount": None, "tags": [""]})

    def test_what_fits_stays(self):
        outcome = {"disposition": "interested", "summary": "Pays.", "amount": 3, "tags": ["a"], "sentiment": "negative", "is_paid": True}
        self.assertEqual(fit(outcome, SCHEMA), outcome)

    def test_limits_cut(self):
        self.assertEqual(fit({"n": -3, "t": [1, 2]}, {"properties": {"n": {"minimum": 0}, "t": {"maxItems": 1}}}), {"n": 0, "t": [1]})

    def test_nothing_is_made_up(self):
        self.assertNotIn("sentiment", fit({"sentiment": "mixed", "is_paid": "perhaps"}, SCHEMA))
        self.assertNotIn("is_paid", fit({"sentiment": "mixed", "is_paid": "perhaps"}, SCHEMA))
        for asked in ({"enum": ["interested", "not_interested"]}, {"type": "boolean"}, {"type": "number", "minimum": 1}):
            with self.subTest(asked):
                schema = {"type": "object", "properties": {"disposition": asked}, "required": ["disposition"]}
                self.assertIsNone(fit(dict(USUAL), schema))

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


LINE = {"role": "callee", "text": "Yes.", "at": "2026-01-01T00:00:00.000Z"}


class Reports(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.answers, self.seen, self.sizes = [], [], []

        async def take(request):
            self.sizes.append(request.content_length)
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
        for name in ("FIRST_WAIT_SECONDS", "LONGEST_WAIT_SECONDS"):
            patched = mock.patch.object(reporting, name, 0.01)
            patched.start()
            self.addCleanup(patched.stop)

    async def asyncTearDown(self):
        await self.runner.cleanup()

    async def test_a_report_is_sent_until_it_is_taken(self):
        self.answers = [500, 502, 429, 200]
        self.assertTrue(await reporting.report(self.job, {"disposition": "x"}, []))
        self.assertEqual(self.seen, [("Bearer token", {"outcome": {"disposition": "x"}, "transcript": []})] * 4)

    async def test_what_is_refused_is_not_sent_again(self):
        self.answers = [401]
        self.assertFalse(await reporting.report(self.job, {}, []))

    async def test_the_transcript_is_not_lost_with_an_outcome_that_is_refused(self):
        for refusal in (400, 413):
            with self.subTest(refusal):
                self.answers, self.seen = [503, refusal, 503, 200], []
                self.assertTrue(await reporting.report(self.job, {"disposition": "odd"}, [LINE]))
                self.assertEqual([body["outcome"] for _, body in self.seen], [{"disposition": "odd"}] * 2 + [None] * 2)
                self.assertEqual([body["transcript"] for _, body in self.seen], [[LINE]] * 4)

    async def test_a_transcript_that_is_refused_is_not_sent_for_ever(self):
        self.answers = [400, 400]
        self.assertFalse(await reporting.report(self.job, {"disposition": "odd"}, [LINE]))

    async def test_it_is_given_up_in_the_end(self):
        self.answers = [503] * 1_000
        with mock.patch.object(reporting, "GIVE_UP_SECONDS", 0.1):
            self.assertFalse(await reporting.report(self.job, {}, []))
        self.assertGreater(len(self.seen), 1)

    async def test_the_newest_lines_of_a_long_transcript_are_kept(self):
        lines = [{"role": "agent", "text": "x" * 1000, "at": str(i)} for i in range(100)]
        kept = reporting.shortened(lines)
        self.assertLessEqual(len(json.dumps(kept)), reporting.MAX_TRANSCRIPT + 200)
        self.assertEqual(kept[-1]["at"], "99")

    async def test_a_transcript_counts_as_many_bytes_as_the_platform_counts(self):
        lines = [{"role": "callee", "text": "नमस्ते" * 50, "at": str(i)} for i in range(50)]
        self.assertEqual(reporting.shortened(lines), lines)
        self.answers = [200]
        self.assertTrue(await reporting.report(self.job, {}, lines))
        self.assertLess(self.sizes[0], reporting.MAX_TRANSCRIPT)
        self.assertEqual(self.seen[0][1]["transcript"], lines)


if __name__ == "__main__":
    unittest.main()
