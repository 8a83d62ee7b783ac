"""What CreatePipeline, UpdatePipeline, RestartPipeline and DeletePipeline refuse, as grpcurl sees it:
code, reason, the paths of every wrong field; and that what is refused or only checked changes nothing."""

import copy
import unittest

from tests.e2e.grpcurl import RpcError
from tests.e2e.lifecycle_test import LifecycleSystem
from tests.e2e.system import PIPELINES

NAME = "pipelines/p"
PIPELINE = {
    "name": NAME,
    "source_topic": "no-such-topic",
    "event_time": {"field": "at"},
    "tables": [{"name": "codes", "key_column": "code",
                "rows": [{"columns": {"code": "A", "text": "Alpha"}}]}],
    "views": [
        {"id": "first", "window": {"sliding": {"size": "600s", "slide": "300s"}}, "group_by": ["a"],
         "aggregates": [{"name": "n", "count": {}}],
         "join": {"table": "codes", "field": "a", "columns": ["text"]}},
        {"id": "second", "window": {"sliding": {"size": "600s", "slide": "200s"}},
         "aggregates": [{"name": "n", "count": {}}]},
    ],
}


def changed(path, value, base=None):
    """The pipeline with one value replaced, or removed when it is None; numbers index lists."""
    pipeline = copy.deepcopy(PIPELINE if base is None else base)
    at = pipeline
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return pipeline


# Where, what, and the paths below "pipeline." that must be named.
WRONG = (
    (("name",), "p", {"name"}),
    (("name",), "pipelines/P", {"name"}),
    (("name",), "pipelines/" + 41 * "a", {"name"}),
    (("source_topic",), None, {"source_topic"}),
    (("source_topic",), "no topic", {"source_topic"}),
    (("source_topic",), "p.v2.results", {"source_topic"}),
    (("event_time",), None, {"event_time.field"}),
    (("event_time", "time_zone"), "Mars/Olympus", {"event_time.time_zone"}),
    (("event_time", "format"), "FORMAT_PATTERN", {"event_time.pattern"}),
    (("event_time", "pattern"), "%F %T", {"event_time.pattern"}),
    (("watermark_delay",), "-1s", {"watermark_delay"}),
    (("max_future_skew",), "34560001s", {"max_future_skew"}),
    (("correction_horizon",), "-1s", {"correction_horizon"}),
    (("idle_policy",), {"idle_timeout": "-1s", "close_after": "86401s"},
     {"idle_policy.idle_timeout", "idle_policy.close_after"}),
    (("merge_partitions",), 257, {"merge_partitions"}),
    (("tables", 0, "path"), "codes.csv", {"tables[0].path"}),
    (("tables", 0, "key_column"), None, {"tables[0].key_column"}),
    (("tables", 0, "name"), "others", {"views[0].join.table"}),
    (("views",), [], {"views"}),
    (("views", 1, "id"), "first", {"views[1].id"}),
    (("views", 1, "id"), "Second", {"views[1].id"}),
    (("views", 1, "window"), {}, {"views[1].window"}),
    (("views", 1, "window", "sliding", "slide"), "0.1s", {"views[1].window.sliding.slide"}),
    (("views", 1, "window", "sliding", "slide"), "601s", {"views[1].window.sliding.slide"}),
    (("views", 1, "window", "sliding", "size"), "0.5s", {"views[1].window.sliding.size"}),
    (("views", 1, "window", "offset"), "200s", {"views[1].window.offset"}),
    (("views", 1, "window"), {"tumbling": {}}, {"views[1].window.tumbling.size"}),
    (("views", 1, "window"), {"session": {}}, {"views[1].window.session.gap"}),
    (("views", 0, "group_by"), ["a", "a"], {"views[0].group_by[1]"}),
    (("views", 0, "aggregates"), [], {"views[0].aggregates"}),
    (("views", 0, "aggregates", 0), {"name": "n"}, {"views[0].aggregates[0]"}),
    (("views", 0, "aggregates", 0), {"name": "n", "sum": {}}, {"views[0].aggregates[0].sum.field"}),
    (("views", 0, "join", "field"), "b", {"views[0].join.field"}),
    (("views", 0, "join", "columns"), ["colour"], {"views[0].join.columns[0]"}),
    (("views", 0, "filter"), "priority <", {"views[0].filter"}),
    (("views", 0, "emit"), {"mode": "MODE_INTERVAL"}, {"views[0].emit.interval"}),
    (("settings",), {"parallelism": 65}, {"settings.parallelism"}),
)


class LifecycleRpc(unittest.TestCase):
    maxDiff = 3000

    def call(self, method, request):
        return self.system.call(method, request)

    def assert_refused(self, method, request, code, reason, paths=()):
        with self.assertRaises(RpcError) as raised:
            self.call(method, request)
        error = raised.exception
        self.assertEqual(error.code, code, error)
        info = error.error_info()
        self.assertIsNotNone(info, error.details)
        self.assertEqual((info["domain"], info["reason"]), ("aggregator.windrow", reason), error)
        self.assertEqual(set(error.violations()), set(paths), error)
        self.assertTrue(error.message)
        return info.get("metadata", {})

    def assert_invalid(self, method, request, *paths):
        self.assert_refused(method, request, "INVALID_ARGUMENT", "INVALID_FIELD", paths)

    def get(self):
        return self.call("GetPipeline", {"name": NAME})["pipeline"]

    def test_refusals(self):
        self.system = LifecycleSystem(self)
        self.system.start(services=("aggregator",))
        for check in (self.check_create, self.check_creation, self.check_update,
                      self.check_update_changes, self.check_restart, self.check_delete):
            with self.subTest(check.__name__):
                check()

    def check_create(self):
        for path, value, wanted in WRONG:
            with self.subTest(path=path, value=value):
                self.assert_invalid("CreatePipeline", {"pipeline": changed(path, value)},
                                    *(f"pipeline.{field}" for field in wanted))
        # All that is wrong, at once.
        wrong = changed(("views", 1, "window", "sliding", "slide"), "0.1s",
                        changed(("event_time", "time_zone"), "Mars/Olympus"))
        self.assert_invalid("CreatePipeline", {"pipeline": wrong, "start": {"latest": False}},
                            "pipeline.event_time.time_zone", "start.latest",
                            "pipeline.views[1].window.sliding.slide")
        self.assert_invalid("CreatePipeline", {}, "pipeline")
        self.assertEqual(self.call("ListPipelines", {})["pipelines"], [])

    def check_creation(self):
        request = {"pipeline": PIPELINE, "request_id": "creation"}
        checked = self.call("CreatePipeline", {**request, "validate_only": True})["pipeline"]
        self.assertEqual(self.call("ListPipelines", {})["pipelines"], [])
        created = self.call("CreatePipeline", request)["pipeline"]
        self.assertEqual(checked, created)
        self.assertEqual((created["generation"], created["etag"]), ("1", '"1"'))
        self.assertEqual(created["pipeline"]["merge_partitions"], 4)
        self.assertEqual(created["served"]["number"], 1)
        # The same call again, and another one.
        self.assertEqual(self.call("CreatePipeline", request)["pipeline"], created)
        for again in ({"pipeline": PIPELINE}, {"pipeline": PIPELINE, "validate_only": True},
                      {"pipeline": PIPELINE, "request_id": "second"},
                      {"pipeline": PIPELINE, "request_id": "second"}):
            metadata = self.assert_refused("CreatePipeline", again, "ALREADY_EXISTS",
                                           "PIPELINE_EXISTS")
            self.assertEqual(metadata["pipeline"], NAME)
        self.assert_invalid("DeletePipeline", {"name": NAME, "request_id": "creation"}, "request_id")
        for other in ({"pipeline": changed(("name",), "pipelines/q")},
                      {"pipeline": changed(("watermark_delay",), "7s")},
                      {"pipeline": PIPELINE, "start": {"latest": True}}):
            self.assert_invalid("CreatePipeline", {**other, "request_id": "creation"},
                                "request_id")
        self.assertEqual(self.get(), created)

    def check_update(self):
        before = self.get()

        def update(pipeline, mask=None, **more):
            return {"pipeline": {"name": NAME, **pipeline},
                    **({"update_mask": {"paths": [mask]}} if mask else {}), **more}

        for path, value, wanted in WRONG:
            if path[0] in ("name", "settings") or path == ("tables", 0, "name"):
                continue
            with self.subTest(path=path, value=value):
                self.assert_invalid("UpdatePipeline", update(changed(path, value), "*"),
                                    *(f"pipeline.{field}" for field in wanted))
        self.assert_invalid("UpdatePipeline", update({}), "pipeline")
        self.assert_invalid("UpdatePipeline", update({"settings": {"parallelism": 2}}),
                            "pipeline.settings")
        self.assert_invalid("UpdatePipeline", update({}, "settings"), "update_mask")
        self.assert_invalid("UpdatePipeline", update({}, "name"), "update_mask")
        self.assert_invalid("UpdatePipeline", update({}, "nmae"), "update_mask")
        self.assert_invalid("UpdatePipeline", update({}, "views.id"), "update_mask")
        self.assert_invalid("UpdatePipeline", update({}, "event_time"), "pipeline.event_time.field")
        self.assert_invalid("UpdatePipeline", update({}, "tables"), "pipeline.views[0].join.table")
        self.assert_invalid(
            "UpdatePipeline",
            update({"watermark_delay": "1s"}, backfill_records_per_second=-1,
                   start={"record_time": "1969-01-01T00:00:00Z"}),
            "backfill_records_per_second", "start.record_time")
        self.assert_refused("UpdatePipeline", {"pipeline": changed(("name",), "pipelines/q")},
                            "NOT_FOUND", "PIPELINE_NOT_FOUND")
        metadata = self.assert_refused(
            "UpdatePipeline", update({"watermark_delay": "1s"}, etag='"7"'), "ABORTED",
            "ETAG_MISMATCH")
        self.assertEqual(metadata["etag"], before["etag"])
        checked = self.call("UpdatePipeline", update({"watermark_delay": "1s"}, validate_only=True))
        self.assertEqual(checked["pipeline"]["next"]["number"], 2)
        self.assertEqual(self.get(), before)

    def check_update_changes(self):
        before = self.get()
        request = {"pipeline": {"name": NAME, "watermark_delay": "1s"}, "etag": before["etag"],
                   "request_id": "update", "start": {"latest": True},
                   "backfill_records_per_second": 100}
        changed_once = self.call("UpdatePipeline", request)["pipeline"]
        self.assertEqual(changed_once["pipeline"]["watermark_delay"], "1s")
        self.assertEqual(changed_once["pipeline"]["views"], before["pipeline"]["views"])
        self.assertEqual(changed_once["served"], before["served"])
        self.assertEqual(
            (changed_once["next"]["number"], changed_once["next"]["start"]["latest"],
             changed_once["next"]["backfill_records_per_second"]), (2, True, "100"))
        # The etag is not the one of now any more, and yet it is the same request.
        self.assertEqual(self.call("UpdatePipeline", request)["pipeline"], changed_once)
        for other in ({"backfill_records_per_second": 101}, {"start": {"earliest": True}},
                      {"pipeline": {"name": NAME, "watermark_delay": "2s"}},
                      {"update_mask": {"paths": ["watermark_delay"]}}):
            self.assert_invalid("UpdatePipeline", {**request, **other}, "request_id")
        # What it is already is no change.
        self.assertEqual(
            self.call("UpdatePipeline", {"pipeline": request["pipeline"]})["pipeline"], changed_once)
        # What has been read with GetPipeline may be sent back.
        whole = {**changed_once["pipeline"], "source_topic": "other"}
        again = self.call("UpdatePipeline", {"pipeline": whole, "update_mask": {"paths": ["*"]}})["pipeline"]
        self.assertEqual(again["next"]["number"], 3)
        self.assertEqual(again["pipeline"]["source_topic"], "other")

    def check_restart(self):
        before = self.get()
        self.assert_invalid("RestartPipeline", {"name": NAME}, "start")
        self.assert_invalid("RestartPipeline", {"name": NAME, "start": {"earliest": False},
                                                "backfill_records_per_second": -1},
                            "start.earliest", "backfill_records_per_second")
        start = {"start": {"earliest": True}}
        self.assert_refused("RestartPipeline", {"name": "pipelines/q", **start}, "NOT_FOUND",
                            "PIPELINE_NOT_FOUND")
        self.assert_refused("RestartPipeline", {"name": NAME, "etag": '"1"', **start}, "ABORTED",
                            "ETAG_MISMATCH")
        checked = self.call("RestartPipeline", {"name": NAME, "validate_only": True, **start})
        self.assertEqual(self.get(), before)
        restarted = self.call("RestartPipeline", {"name": NAME, "etag": before["etag"],
                                                  "request_id": "restart", **start})
        self.assertEqual(restarted, checked)
        self.assertEqual(restarted["pipeline"]["next"]["number"], before["next"]["number"] + 1)
        self.assertEqual(restarted["pipeline"]["pipeline"], before["pipeline"])

    def check_delete(self):
        before = self.get()
        self.assert_refused("DeletePipeline", {"name": "pipelines/q"}, "NOT_FOUND",
                            "PIPELINE_NOT_FOUND")
        self.assert_refused("DeletePipeline", {"name": ""}, "NOT_FOUND", "PIPELINE_NOT_FOUND")
        self.assert_refused("DeletePipeline", {"name": NAME, "etag": '"1"'}, "ABORTED",
                            "ETAG_MISMATCH")
        self.call("DeletePipeline", {"name": NAME, "validate_only": True})
        self.assertEqual(self.get(), before)
        request = {"name": NAME, "etag": before["etag"], "request_id": "deletion"}
        self.call("DeletePipeline", request)
        self.call("DeletePipeline", request)
        self.assert_refused("DeletePipeline", {"name": NAME}, "NOT_FOUND", "PIPELINE_NOT_FOUND")
        self.assert_refused("GetPipeline", {"name": NAME}, "NOT_FOUND", "PIPELINE_NOT_FOUND")


if __name__ == "__main__":
    unittest.main()
