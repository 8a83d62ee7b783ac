"""What the calls that turn things refuse, as grpcurl sees it: code, words, reason, and the paths of
every wrong field; and that what is refused, or only checked, changes nothing.

CreatePipeline, UpdatePipeline, RestartPipeline and DeletePipeline are in lifecycle_rpc_test.py.
"""

import base64
import contextlib
import os
import signal
import unittest
from typing import NamedTuple

from tests.e2e.grpcurl import RpcError
from tests.e2e.system import PIPELINE, PIPELINE_ID, PIPELINES, PRODUCER, System
from tests.e2e.waiting import wait_until

NONE = "pipelines/none"
ELSEWHERE = "pipelines/elsewhere"
TABLE = "radio-codes"
DAYS_400 = 400 * 86_400


class Refusal(NamedTuple):
    """A request, and how it must be refused."""
    method: str
    request: dict
    code: str
    reason: str
    words: str
    paths: tuple = ()
    metadata: dict = {}


def invalid(method, request, words, *paths):
    return Refusal(method, request, "INVALID_ARGUMENT", "INVALID_FIELD", words, paths)


def no_pipeline(method, name=NONE, **more):
    return Refusal(method, {"name": name, **more}, "NOT_FOUND", "PIPELINE_NOT_FOUND",
                   "ListPipelines names those there are", (), {"pipeline": name})


def wrong_setting(words, *paths, mask=(), **settings):
    request = {"name": PIPELINE, "settings": settings}
    if mask:
        request["update_mask"] = {"paths": list(mask)}
    return invalid("Reconfigure", request, words,
                   *(path if path == "update_mask" else f"settings.{path}" for path in paths))


def wrong_rows(content, words, form="FORMAT_CSV", path="content"):
    content = content.encode() if isinstance(content, str) else content
    return invalid("UpdateTable", {"name": PIPELINE, "table": TABLE, "format": form,
                                   "content": base64.b64encode(content).decode()}, words, path)


SETTINGS = (
    wrong_setting("from 1 to 64", "parallelism", parallelism=65),
    wrong_setting("from 1 to 64", "parallelism", parallelism=-1),
    wrong_setting("zero for no limit", "records_per_second_per_partition",
                  records_per_second_per_partition=-1),
    wrong_setting("zero for no limit", "records_per_second", records_per_second=-1),
    wrong_setting("1000 or more", "bytes_per_second", bytes_per_second=999),
    wrong_setting("1000 or more", "bytes_per_second", bytes_per_second=-1),
    wrong_setting("1000000 or more", "state_limit_bytes", state_limit_bytes=999_999),
    wrong_setting("1000000 or more", "state_limit_bytes", state_limit_bytes=-1),
    wrong_setting("from 1000000 to 10000000000", "fetch_memory_bytes", fetch_memory_bytes=999_999),
    wrong_setting("from 1000000 to 10000000000", "fetch_memory_bytes",
                  fetch_memory_bytes=10_000_000_001),
    wrong_setting("0 to 60 seconds", "commit_interval", commit_interval="60.001s"),
    wrong_setting("0 to 60 seconds", "commit_interval", commit_interval="-0.001s"),
    wrong_setting("0 to 400 days", "watermark_delay", watermark_delay=f"{DAYS_400 + 1}s"),
    wrong_setting("0 to 400 days", "watermark_delay", watermark_delay="-1s"),
    wrong_setting("0 to 1 day", "idle_policy.idle_timeout", idle_policy={"idle_timeout": "86401s"}),
    wrong_setting("0 to 1 day", "idle_policy.close_after", idle_policy={"close_after": "-1s"},
                  mask=["idle_policy.close_after"]),
    wrong_setting("is not a policy", "idle_policy.all_idle", idle_policy={"all_idle": 9}),
    wrong_setting("from 1 to 64", "auto_parallelism.min_workers",
                  auto_parallelism={"min_workers": 65}),
    wrong_setting("from 1 to 64", "auto_parallelism.min_workers",
                  auto_parallelism={"min_workers": -1}),
    wrong_setting("from min_workers to 64", "auto_parallelism.max_workers",
                  auto_parallelism={"max_workers": 65}),
    wrong_setting("from min_workers to 64", "auto_parallelism.max_workers",
                  auto_parallelism={"min_workers": 3, "max_workers": 2}),
    # All of them, not only the first; what is right beside them is not taken either.
    wrong_setting("settings.parallelism must be from 1 to 64; settings.commit_interval must",
                  "parallelism", "commit_interval", "idle_policy.idle_timeout", parallelism=99,
                  commit_interval="61s", records_per_second=500,
                  idle_policy={"idle_timeout": "-1s"}),
    wrong_setting('"paralelism" is not a field of settings', "update_mask", parallelism=2,
                  mask=["paralelism"]),
    wrong_setting('"settings.parallelism" is not a field', "update_mask", parallelism=2,
                  mask=["settings.parallelism"]),
    wrong_setting('"idle_policy.nothing" is not', "update_mask", "parallelism", parallelism=65,
                  mask=["idle_policy.nothing", "parallelism"]),
    invalid("Reconfigure", {"name": PIPELINE}, "name it in update_mask", "settings"),
    invalid("Reconfigure", {"name": PIPELINE, "settings": {"parallelism": 0}},
            "name it in update_mask", "settings"),
)

NO_PIPELINE = (
    no_pipeline("GetPipeline"),
    no_pipeline("GetPipeline", ""),
    no_pipeline("GetPipeline", PIPELINE_ID),
    no_pipeline("Reconfigure", settings={"parallelism": 2}),
    # Who mistakes the name is told of that first.
    no_pipeline("Reconfigure", PIPELINE_ID, settings={"parallelism": 65}),
    no_pipeline("PausePipeline"),
    no_pipeline("ResumePipeline", ""),
    no_pipeline("DrainPipeline"),
    no_pipeline("UpdateTable", table=TABLE, format="FORMAT_CSV"),
    no_pipeline("GetProgress"),
    no_pipeline("GetProgress", replica="-"),
    no_pipeline("WatchProgress"),
    no_pipeline("ExplainPipeline"),
)

TABLES = (
    Refusal("UpdateTable", {"name": PIPELINE, "table": "others", "format": "FORMAT_CSV"},
            "NOT_FOUND", "TABLE_NOT_FOUND", "GetPipeline names", (), {"table": "others"}),
    wrong_rows("disposition_code,description\nADM,x\n", "must be JSON, NDJSON or CSV", 0, "format"),
    wrong_rows("disposition_code,description\nADM,x\n", "must be JSON, NDJSON or CSV", 9, "format"),
    wrong_rows("disposition_code,description\nADM\n", "line 2: has 1 values"),
    wrong_rows("disposition_code,disposition_code\nADM,x\n", "line 1: names a column twice"),
    wrong_rows('disposition_code,description\nADM,"x\n', "quote that is not closed"),
    wrong_rows("code,description\nADM,x\n", 'has a column "disposition_code"'),
    wrong_rows("disposition_code,text\nADM,x\n", "views[1].join.columns[0]"),
    wrong_rows("", "line 1"),
    wrong_rows(b"disposition_code,description\nADM,\xff\n", "UTF-8"),
    wrong_rows("{}", "is not the beginning of a JSON array", "FORMAT_JSON"),
    wrong_rows("[1]", "row 1 is not a JSON object", "FORMAT_JSON"),
    wrong_rows('[{"disposition_code": "A"}', "the array has no end", "FORMAT_JSON"),
    wrong_rows('{"disposition_code": "A"}\nx', "line 2: is not a JSON object", "FORMAT_NDJSON"),
    wrong_rows("disposition_code,description\n" + "".join(
        f"{i},{'x' * 990}\n" for i in range(1000)), "at most 900000"),
)

LISTS = tuple(
    refusal
    for method in ("ListPipelines", "ListReplicas")
    for refusal in (
        invalid(method, {"page_size": -1}, "must not be negative", "page_size"),
        *(Refusal(method, {"page_token": token}, "INVALID_ARGUMENT", "BAD_PAGE_TOKEN",
                  "the answer before", ("page_token",)) for token in ("zz", "00", "7")),
    )
) + (
    # A token of the other list is none of this one.
    Refusal("ListPipelines", {"page_token": b"replicas/a".hex()}, "INVALID_ARGUMENT",
            "BAD_PAGE_TOKEN", "the answer before", ("page_token",)),
    Refusal("ListReplicas", {"page_token": b"pipelines/a".hex()}, "INVALID_ARGUMENT",
            "BAD_PAGE_TOKEN", "the answer before", ("page_token",)),
)

PROGRESS = (
    *(Refusal(method, {"name": PIPELINE, "replica": "nobody"}, "NOT_FOUND", "REPLICA_NOT_FOUND",
              "ListReplicas names those there are", (), {"replica": "nobody"})
      for method in ("GetProgress", "WatchProgress")),
    *(invalid("WatchProgress", {"name": PIPELINE, "interval": interval}, "from 0.1 to 60 seconds",
              "interval") for interval in ("0s", "0.099s", "60.001s", "-1s")),
    Refusal("ExplainPipeline", {"name": ELSEWHERE}, "FAILED_PRECONDITION", "PIPELINE_NOT_RUN_HERE",
            "ask one that does", (), {"pipeline": ELSEWHERE, "replica": "aggregator-0"}),
)


def wrong_spec(words, path, generator=None, **spec):
    if generator is not None:
        spec["generator"] = {"records": 10, **generator}
    return invalid("StartReplay", {"spec": spec}, words, f"spec.{path}")


SPECS = (
    wrong_spec("must be a dataset or a generator", "source"),
    wrong_spec("1 to 249 letters", "topic", {}, topic="no topic"),
    wrong_spec("1 to 249 letters", "topic", {}, topic=250 * "t"),
    wrong_spec("1 to 249 letters", "topic", {}, topic=".."),
    wrong_spec("must be ORDER_EVENT_TIME or ORDER_FILE", "order", {}, order=9),
    wrong_spec("more than 0", "pace.records_per_second", {}, pace={"records_per_second": 0}),
    wrong_spec("more than 0", "pace.records_per_second", {}, pace={"records_per_second": -1}),
    wrong_spec("at most 1000000000", "pace.records_per_second", {},
               pace={"records_per_second": 2e9}),
    wrong_spec("more than 0", "pace.speedup", {}, pace={"speedup": 0}),
    wrong_spec("more than 0", "pace.speedup", {}, pace={"speedup": "NaN"}, loop=True),
    wrong_spec("must name a file", "dataset.path", dataset={}),
    wrong_spec("from 1 to 10000000000", "generator.records", {"records": 0}),
    wrong_spec("from 1 to 10000000000", "generator.records",
               {"records": 10_000_000_001, "events_per_minute": 60_000}),
    wrong_spec("more than 0 and at most 6e9", "generator.events_per_minute",
               {"events_per_minute": -1}),
    wrong_spec("more than 0 and at most 6e9", "generator.events_per_minute",
               {"events_per_minute": 7e9}),
    wrong_spec("more than 2000 years", "generator.events_per_minute",
               {"records": 10_000_000_000, "events_per_minute": 1}),
    wrong_spec("years 1970 to 2999", "generator.start_time",
               {"start_time": "1969-12-31T23:59:59Z"}),
    wrong_spec("years 1970 to 2999", "generator.start_time",
               {"start_time": "3000-01-01T00:00:00Z"}),
    wrong_spec("a whole second", "generator.start_time",
               {"start_time": "2018-12-01T00:00:00.5Z"}),
    wrong_spec("from 0 to 31622400", "generator.max_disorder_seconds",
               {"max_disorder_seconds": -1}),
    wrong_spec("from 0 to 31622400", "generator.max_disorder_seconds",
               {"max_disorder_seconds": 31_622_401}),
    wrong_spec("from 0 to 1", "generator.late_fraction", {"late_fraction": -0.1}),
    wrong_spec("from 0 to 1", "generator.late_fraction", {"late_fraction": 1.1}),
    wrong_spec("from 0 to the number of records", "generator.broken_records",
               {"broken_records": -1}),
    wrong_spec("from 0 to the number of records", "generator.broken_records",
               {"broken_records": 11}),
    invalid("StartReplay",
            {"spec": {"topic": "no topic", "pace": {"speedup": -1}, "generator": {"records": -1}}},
            "spec.pace.speedup must be", "spec.topic", "spec.pace.speedup",
            "spec.generator.records", "spec.generator.broken_records"),
    Refusal("StartReplay", {"spec": {"topic": "missing", "generator": {"records": 1}}},
            "NOT_FOUND", "TOPIC_NOT_FOUND", "create it first"),
    Refusal("StartReplay", {"spec": {"dataset": {"path": "/no/such/file"}}}, "NOT_FOUND",
            "DATASET_NOT_FOUND", "/no/such/file"),
    Refusal("StartReplay", {"spec": {"dataset": {"path": "/"}}}, "INVALID_ARGUMENT",
            "DATASET_UNREADABLE", "is a directory", ("spec.dataset.path",)),
    Refusal("StartReplay", {"spec": {"dataset": {"path": "/dev/null"}, "loop": True}},
            "INVALID_ARGUMENT", "DATASET_UNREADABLE", "is no regular file", ("spec.dataset.path",)),
)

PACES = (
    invalid("UpdatePace", {"pace": {"records_per_second": 0}}, "more than 0",
            "pace.records_per_second"),
    invalid("UpdatePace", {"pace": {"records_per_second": -5}}, "more than 0",
            "pace.records_per_second"),
    invalid("UpdatePace", {"pace": {"speedup": 1e10}, "validate_only": True}, "at most 1000000000",
            "pace.speedup"),
)


def unfit(method, reason, words, **request):
    return Refusal(method, request, "FAILED_PRECONDITION", reason, words)


NO_REPLAY = (
    unfit("PauseReplay", "REPLAY_NOT_RUNNING", "StartReplay starts one"),
    unfit("ResumeReplay", "REPLAY_NOT_PAUSED", "StartReplay starts one"),
    unfit("StopReplay", "REPLAY_NOT_ACTIVE", "StartReplay starts one"),
    unfit("UpdatePace", "REPLAY_NOT_ACTIVE", "StartReplay starts one",
          pace={"records_per_second": 5}),
    unfit("PauseReplay", "REPLAY_NOT_RUNNING", "StartReplay starts one", validate_only=True),
    unfit("UpdatePace", "REPLAY_NOT_ACTIVE", "StartReplay starts one", validate_only=True),
)

RUNNING = (
    unfit("StartReplay", "REPLAY_ACTIVE", "stop it first", spec={"generator": {"records": 1}}),
    unfit("ResumeReplay", "REPLAY_NOT_PAUSED", "it is running"),
)

PAUSED = (
    unfit("StartReplay", "REPLAY_ACTIVE", "stop it first", spec={"generator": {"records": 1}}),
    unfit("PauseReplay", "REPLAY_NOT_RUNNING", "it is paused"),
)

STOPPED = (
    unfit("PauseReplay", "REPLAY_NOT_RUNNING", "it is stopped"),
    unfit("ResumeReplay", "REPLAY_NOT_PAUSED", "it is stopped"),
    unfit("StopReplay", "REPLAY_NOT_ACTIVE", "StartReplay starts one"),
    unfit("UpdatePace", "REPLAY_NOT_ACTIVE", "StartReplay starts one"),
)


class ErrorsSystem(System):
    """Its aggregator runs one pipeline, and knows of another."""

    def service_arguments(self, name):
        more = [f"--only_pipelines={PIPELINE_ID}"] if name == "aggregator" else []
        return super().service_arguments(name) + more


class ControlErrors(unittest.TestCase):
    maxDiff = 3000

    def call(self, method, request):
        service, prefix = (
            ("producer", PRODUCER) if "Replay" in method or "Pace" in method
            else ("aggregator", PIPELINES))
        if method == "ListReplicas":
            service, prefix = "aggregator", PIPELINES
        return service, lambda: self.system.rpc[service].call(prefix + method, request)

    def do(self, method, **request):
        return self.call(method, request)[1]()

    def check(self, *refusals):
        for refusal in refusals:
            with self.subTest(method=refusal.method, request=str(refusal.request)[:200]):
                service, call = self.call(refusal.method, refusal.request)
                with self.assertRaises(RpcError) as raised:
                    call()
                error = raised.exception
                self.assertEqual(error.code, refusal.code, error)
                info = error.error_info()
                self.assertIsNotNone(info, error.details)
                self.assertEqual((info["domain"], info["reason"]),
                                 (f"{service}.windrow", refusal.reason), error)
                self.assertIn(refusal.words, error.message)
                self.assertEqual(sorted(error.violations()), sorted(refusal.paths), error)
                self.assertLessEqual(refusal.metadata.items(),
                                     info.get("metadata", {}).items(), error)

    @contextlib.contextmanager
    def nothing_changes(self, method, **request):
        before = self.do(method, **request)
        yield
        self.assertEqual(self.do(method, **request), before, "something has changed")

    def test_refusals(self):
        self.system = ErrorsSystem(self)
        self.system.start(services=("producer", "aggregator"))
        self.check_pipelines()
        self.check_producer()
        self.check_without_kafka()

    def check_pipelines(self):
        shipped = self.do("GetPipeline", name=PIPELINE)["pipeline"]["pipeline"]
        tables = [{**table, "path": ""} for table in shipped["tables"]]
        self.do("CreatePipeline", pipeline={**shipped, "name": ELSEWHERE, "tables": tables})
        with self.nothing_changes("ListPipelines"):
            self.check(*SETTINGS, *NO_PIPELINE, *TABLES, *LISTS, *PROGRESS)
            self.check_only_checked()
        self.check_etags_and_request_ids()

    def rows(self, text):
        content = base64.b64encode(f"disposition_code,description\nADM,{text}\n".encode()).decode()
        return {"table": TABLE, "format": "FORMAT_CSV", "content": content}

    def check_only_checked(self):
        for method, request in (("Reconfigure", {"settings": {"parallelism": 3}}),
                                ("PausePipeline", {}), ("ResumePipeline", {}),
                                ("UpdateTable", self.rows("x"))):
            with self.subTest(method):
                self.do(method, name=PIPELINE, validate_only=True, **request)

    def check_etags_and_request_ids(self):
        """Each change once, and then what its etag and its request id are refused for."""
        old = self.do("GetPipeline", name=PIPELINE)["pipeline"]["etag"]
        changes = (
            ("Reconfigure", {"settings": {"parallelism": 2, "idle_policy": {"idle_timeout": "9s"}}}),
            ("UpdateTable", self.rows("once")), ("PausePipeline", {}), ("ResumePipeline", {}))
        answers = [
            self.do(method, name=PIPELINE, request_id=f"{method}-1", **request)
            for method, request in changes]
        drained = self.do("DrainPipeline", name=PIPELINE, request_id="DrainPipeline-1")
        etag = self.do("GetPipeline", name=PIPELINE)["pipeline"]["etag"]
        self.assertEqual(int(etag.strip('"')), int(old.strip('"')) + 5)
        with self.nothing_changes("ListPipelines"):
            for (method, request), answer in zip(changes, answers):
                self.check(*(
                    Refusal(method, {"name": PIPELINE, "etag": old, **more, **request}, "ABORTED",
                            "ETAG_MISMATCH", "read it again", (), {"etag": etag})
                    for more in ({}, {"request_id": f"{method}-2"}, {"validate_only": True})))
                self.check(*(
                    invalid(method, {"name": name, "request_id": used, **request},
                            "has been used for another change", "request_id")
                    for name, used in ((PIPELINE, "DrainPipeline-1"), (ELSEWHERE, f"{method}-1"))))
                # The same once more is no mistake, whatever its etag says by now.
                again = self.do(method, name=PIPELINE, request_id=f"{method}-1", etag=old, **request)
                self.assertEqual(again["pipeline"]["etag"], etag)
                self.assertEqual(again.get("version"), answer.get("version"))
            self.check(*(
                invalid(method, {"name": PIPELINE, "request_id": used, **request},
                        "has been used for another change", "request_id")
                for method, used, request in (
                    ("Reconfigure", "Reconfigure-1", {"settings": {"parallelism": 3}}),
                    ("Reconfigure", "Reconfigure-1", {"settings": {"idle_policy": {}},
                                                      "update_mask": {"paths": ["idle_policy"]}}),
                    ("UpdateTable", "UpdateTable-1", self.rows("twice")),
                    ("ResumePipeline", "PausePipeline-1", {}),
                    ("PausePipeline", "ResumePipeline-1", {}),
                    ("DrainPipeline", "PausePipeline-1", {}),
                    ("DrainPipeline", "UpdateTable-1", {}))))
            # A part of what the id was used for is the same change.
            self.do("Reconfigure", name=PIPELINE, request_id="Reconfigure-1",
                    settings={"parallelism": 2})
            self.assertEqual(
                self.do("DrainPipeline", name=PIPELINE, request_id="DrainPipeline-1"), drained)

    def check_producer(self):
        with self.nothing_changes("GetReplay"):
            self.check(*SPECS, *PACES, *NO_REPLAY)
            self.do("StartReplay", spec={"generator": {"records": 5}}, validate_only=True)
        # The next record is far away, so that nothing changes by itself.
        spec = {"generator": {"records": 1000}, "pace": {"records_per_second": 0.0001},
                "loop": True}
        self.do("StartReplay", spec=spec, request_id="start")
        wait_until("the first record to be acknowledged",
                   lambda: self.do("GetReplay")["replay"]["records_acknowledged"] == "1", 20,
                   self.system.any_ended)
        wait_until("the rate to fall", lambda: self.do("GetReplay")["replay"][
            "records_per_second"] == 0, 20, self.system.any_ended)
        with self.nothing_changes("GetReplay"):
            self.check(*SPECS[:3], *PACES, *RUNNING)
            checked = self.do("UpdatePace", pace={"speedup": 5}, validate_only=True)["replay"]
            self.assertEqual(checked["spec"]["pace"], {"speedup": 5})
            for method, state in (("PauseReplay", "PAUSED"), ("StopReplay", "STOPPED")):
                checked = self.do(method, validate_only=True)["replay"]
                self.assertEqual(checked["state"], f"STATE_{state}")
        running = self.do("GetReplay")["replay"]["etag"]
        paused = self.do("PauseReplay", request_id="pause", etag=running)["replay"]["etag"]
        self.assertNotEqual(paused, running)
        with self.nothing_changes("GetReplay"):
            self.check(*SPECS[:3], *PACES, *PAUSED)
            self.check(*(
                invalid(method, {"request_id": used, **request},
                        "has been used for another change", "request_id")
                for method, used, request in (
                    ("StartReplay", "pause", {"spec": spec}),
                    ("StartReplay", "start", {"spec": {"generator": {"records": 999}}}),
                    ("UpdatePace", "start", {}), ("ResumeReplay", "pause", {}),
                    ("StopReplay", "pause", {}), ("PauseReplay", "start", {}))))
            self.check(*(
                Refusal(method, {"etag": running, **more}, "ABORTED", "ETAG_MISMATCH",
                        "read it again", (), {"etag": paused})
                for method in ("PauseReplay", "ResumeReplay", "StopReplay", "UpdatePace")
                for more in ({}, {"validate_only": True})))
            self.do("StartReplay", spec=spec, request_id="start")
            self.do("PauseReplay", request_id="pause", etag=running)
        self.do("StopReplay", request_id="stop")
        with self.nothing_changes("GetReplay"):
            self.check(*STOPPED)

    def check_without_kafka(self):
        """The outcome is not known: the call says so, and may be repeated."""
        broker = self.system.broker.pid
        os.kill(broker, signal.SIGSTOP)
        try:
            self.check(
                Refusal("Reconfigure", {"name": PIPELINE, "settings": {"parallelism": 4},
                                        "request_id": "later"},
                        "DEADLINE_EXCEEDED", "CONTROL_LOG_UNAVAILABLE", "same request_id"),
                Refusal("StartReplay", {"spec": {"generator": {"records": 1}}},
                        "DEADLINE_EXCEEDED", "KAFKA_UNAVAILABLE", "Kafka does not answer"))
        finally:
            os.kill(broker, signal.SIGCONT)

        def repeated():
            answer = self.system.rpc["aggregator"].call_ok(
                PIPELINES + "Reconfigure", {"name": PIPELINE, "settings": {"parallelism": 4},
                                            "request_id": "later"})
            return answer and answer["pipeline"]["pipeline"]["settings"]["parallelism"] == 4

        wait_until("the call to be repeated", repeated, 60, self.system.any_ended)


if __name__ == "__main__":
    unittest.main()
