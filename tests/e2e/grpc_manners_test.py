"""What a gRPC server owes its callers, seen with grpcurl: health, reflection, pings, bounds, errors
with details, old connections, and what descriptors do without reflection."""

import json
import subprocess
import time
import unittest

from tests.e2e.grpcurl import CALL_SECONDS, RpcError, binary, decode_all, error_of
from tests.e2e.system import (PIPELINE, PIPELINES, PRODUCER, QUERY, ROOT, SERVICES, System, VIEWS,
                              generator)

SERVICE_NAMES = {
    "producer": "windrow.producer.v1.ProducerService",
    "aggregator": "windrow.aggregator.v1.PipelineService",
    "query": "windrow.query.v1.QueryService",
}
HEALTH = "grpc.health.v1.Health/"
PROTOSET = ROOT / "bazel-bin/proto/windrow.protoset"
CALLS = ROOT / "bazel-bin/bench/calls/calls"
# gRPC clients in Go ping no more often than that.
PING_SECONDS = 10
PINGED_SECONDS = 34
VIEW = f"{PIPELINE}/views/{VIEWS[0]}"


class GrpcManners(unittest.TestCase):
    def test_manners(self):
        self.system = System(self)
        self.system.start()
        self.system.replay_all(generator(500, 7))
        self.system.drain()
        pinged = self.start_pinging()
        for check in (
            self.check_reflection_v1, self.check_health, self.check_own_errors, self.check_sizes,
            self.check_protoset, self.check_channelz, self.check_old_connections,
        ):
            with self.subTest(check.__name__):
                check()
        self.finish_pinging(pinged)
        self.check_concurrency()
        self.check_drain()

    def grpcurl(self, *arguments):
        return subprocess.run(
            [binary(), "-plaintext", "-max-time", str(CALL_SECONDS), *arguments],
            capture_output=True, text=True, timeout=CALL_SECONDS + 10)

    def address(self, service):
        return self.system.stack.address(service)

    def start_pinging(self):
        """A feed whose caller pings every 10 s; the server must not call that too often."""
        return subprocess.Popen(
            [binary(), "-plaintext", "-keepalive-time", str(PING_SECONDS),
             "-max-time", str(PINGED_SECONDS), "-format-error", "-d",
             json.dumps({"parent": VIEW, "heartbeat_interval": "60s"}), self.address("query"),
             QUERY + "Subscribe"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish_pinging(self, process):
        _, said = process.communicate(timeout=PINGED_SECONDS + 20)
        # It ends by its own deadline, not by the server's ENHANCE_YOUR_CALM.
        self.assertEqual(error_of(said, "Subscribe", "").code, "DEADLINE_EXCEEDED", said)

    def check_reflection_v1(self):
        for service in SERVICES:
            listed = self.system.rpc[service].run("list").split()
            self.assertIn(SERVICE_NAMES[service], listed)
            for version in ("v1", "v1alpha"):
                name = f"grpc.reflection.{version}.ServerReflection"
                self.assertIn(name, listed)
                # Asked through the version itself.
                answer = self.system.rpc[service].call(
                    name + "/ServerReflectionInfo", {"list_services": "*"})
                names = [one["name"] for one in answer["list_services_response"]["service"]]
                self.assertIn(SERVICE_NAMES[service], names)
            described = self.system.rpc[service].run("describe", "google.rpc.ErrorInfo")
            self.assertIn("reason", described)

    def check_health(self):
        for service in SERVICES:
            for name in ("", SERVICE_NAMES[service], "liveness", "readiness"):
                answer = self.system.rpc[service].call(HEALTH + "Check", {"service": name})
                self.assertEqual(answer["status"], "SERVING", (service, name))

    def check_own_errors(self):
        """Errors that no handler of ours made have an ErrorInfo all the same."""
        for service in SERVICES:
            with self.assertRaises(RpcError) as raised:
                self.system.rpc[service].call(HEALTH + "Check", {"service": "no.such"})
            self.assertEqual(raised.exception.code, "NOT_FOUND")
            self.assertEqual(raised.exception.error_info()["domain"], f"{service}.windrow")
            other = "query" if service == "producer" else "producer"
            method = (QUERY + "GetStatus") if other == "query" else (PRODUCER + "GetReplay")
            done = self.grpcurl("-format-error", "-protoset", str(PROTOSET),
                                "-d", "{}", self.address(service), method)
            error = error_of(done.stderr, method, service)
            self.assertEqual(error.code, "UNIMPLEMENTED", done.stderr)
            self.assertEqual(error.error_info()["reason"], "METHOD_NOT_SERVED")

    def check_sizes(self):
        big = json.dumps({"parent": "x" * (5 << 20)})
        done = subprocess.run(
            [binary(), "-plaintext", "-format-error", "-d", "@", self.address("query"),
             QUERY + "ListResults"], input=big, capture_output=True, text=True, timeout=30)
        error = error_of(done.stderr, "ListResults", "query")
        self.assertEqual(error.code, "RESOURCE_EXHAUSTED", done.stderr[:300])

    def check_protoset(self):
        """The descriptor set is enough: no reflection, and errors are still readable."""
        listed = self.grpcurl("-protoset", str(PROTOSET), "list").stdout.split()
        self.assertEqual(sorted(listed), sorted([*SERVICE_NAMES.values(), "grpc.health.v1.Health"]))
        for service, method in (("producer", PRODUCER + "GetReplay"), ("query", QUERY + "GetStatus"),
                                ("aggregator", PIPELINES + "ListPipelines")):
            done = self.grpcurl("-use-reflection=false", "-protoset", str(PROTOSET),
                                self.address(service), method)
            self.assertEqual(done.returncode, 0, done.stderr)
            decode_all(done.stdout)
        done = self.grpcurl("-use-reflection=false", "-protoset", str(PROTOSET),
                            "-format-error", "-d", json.dumps({"parent": "pipelines/none/views/none"}),
                            self.address("query"), QUERY + "ListResults")
        info = error_of(done.stderr, "ListResults", "query").error_info()
        self.assertEqual(info["domain"], "query.windrow")

    def check_channelz(self):
        self.assertNotIn("channelz", self.system.rpc["producer"].run("list"))

    def restart_producer(self, *flags):
        self.system.stop_service("producer")
        self.system.stack.start_service("producer", flags)
        self.system.wait_until_serving("producer")

    def check_old_connections(self):
        self.restart_producer("--max-connection-age=1s", "--max-connection-age-grace=1s",
                              "--channelz")
        self.assertIn("grpc.channelz.v1.Channelz", self.system.rpc["producer"].run("list"))
        began = time.monotonic()
        with self.assertRaises(RpcError) as raised:
            self.system.rpc["producer"].call_all(HEALTH + "Watch", {}, seconds=CALL_SECONDS)
        self.assertEqual(raised.exception.code, "UNAVAILABLE")
        self.assertLess(time.monotonic() - began, CALL_SECONDS - 5)
        self.restart_producer()

    def check_concurrency(self):
        """Calls beyond the limit are refused at once; feeds, health and reflection are not."""
        self.system.stop_service("query")
        self.system.stack.start_service(
            "query", [*self.system.service_arguments("query"), "--max-concurrent-calls=1"])
        self.system.wait_until_serving("query")
        query = self.system.rpc["query"]
        with self.many_calls() as load, query.stream(
                QUERY + "Subscribe", {"parent": VIEW}, seconds=60) as feed:
            self.assertIn("confirmation", feed.next(CALL_SECONDS))
            answer = query.call(HEALTH + "Check", {"service": SERVICE_NAMES["query"]})
            self.assertEqual(answer["status"], "SERVING")
            self.assertIn(SERVICE_NAMES["query"], query.run("list"))
            self.assertIsNone(load.poll(), "while there were too many calls")
            printed, said = load.communicate(timeout=60)
        self.assertEqual(load.returncode, 0, said)
        counted = json.loads(printed)
        self.assertGreater(counted["refused"], 0)
        self.assertGreater(counted["calls_per_second"], 0)

    def many_calls(self):
        return subprocess.Popen(
            [CALLS, f"--target={self.address('query')}", f"--view={VIEW}",
             "--window=2018-12-01T00:00:00Z", "--concurrency=32", "--duration=3s"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def check_drain(self):
        """A watcher hears that the service drains before its connection ends."""
        with self.system.rpc["query"].stream(
                HEALTH + "Watch", {"service": "readiness"}, seconds=60) as watch, \
                self.system.rpc["query"].stream(
                    QUERY + "Subscribe", {"parent": VIEW}, seconds=60) as feed:
            self.assertEqual(watch.next(CALL_SECONDS)["status"], "SERVING")
            self.assertIn("confirmation", feed.next(CALL_SECONDS))
            code, _ = self.system.stop_service("query")
            self.assertEqual(code, 0)
            self.assertEqual(watch.next(CALL_SECONDS)["status"], "NOT_SERVING")
            while "close" not in (message := feed.next(CALL_SECONDS)):
                pass
            self.assertTrue(message["resume_token"])


if __name__ == "__main__":
    unittest.main()
