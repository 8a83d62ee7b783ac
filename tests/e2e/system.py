"""Windrow as a whole, for one test: a broker of its own, the three services, and what a user does.

    class Some(unittest.TestCase):
        def test_it(self):
            system = System(self)
            system.start()
            system.start_replay(generator(records=1000))
            system.finish_replay()
            system.drain()
            rows = system.export()

Everything is stopped when the test ends. What the processes said stays in .run/test/e2e/<test>/.
"""

import ctypes
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

from dev import broker as kafka_broker
from tests.e2e.grpcurl import Grpcurl, RpcError
from tests.e2e.kafka_topics import KafkaTopics
from tests.e2e.waiting import NotInTime, wait_until
from tests.recount import recount

ROOT = pathlib.Path(__file__).resolve().parents[2]
STATE = pathlib.Path(os.environ.get("WINDROW_STATE_DIR", ROOT / ".run"))
BINARIES = {
    "producer": "bazel-bin/services/producer/producer",
    "aggregator": "bazel-bin/services/aggregator/aggregator",
    "query": "bazel-bin/services/query/query",
    "windrow": "bazel-bin/clients/cli/windrow",
    "generate_calls": "bazel-bin/services/producer/generate_calls",
}
SERVICES = ("producer", "aggregator", "query")
PIPELINE_ID = "sf-calls"
PIPELINE = "pipelines/" + PIPELINE_ID
PIPELINE_FILE = ROOT / "resources/pipelines/sf_calls.textproto"
RADIO_CODES = ROOT / "resources/radio_codes.json"
SOURCE_TOPIC = "calls"
SOURCE_PARTITIONS = 4
VIEWS = tuple(view for view, _, _ in recount.VIEWS)

PRODUCER = "windrow.producer.v1.ProducerService/"
PIPELINES = "windrow.aggregator.v1.PipelineService/"
QUERY = "windrow.query.v1.QueryService/"

START_SECONDS = 30
# What the contract of the services promises.
GRACEFUL_STOP_SECONDS = 10
# Recovery of a killed worker takes a few seconds; a busy machine several times that.
PROGRESS_SECONDS = 120

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def binary(name):
    path = ROOT / BINARIES[name]
    if not path.exists():
        raise AssertionError(f"{path} is missing: run `bazel build //...`")
    return str(path)


def random_seed(test):
    """A seed for the test, printed with how to repeat it."""
    seed = int(os.environ.get("WINDROW_TEST_SEED") or random.randrange(1 << 31))
    print(f"         seed {seed}; again: WINDROW_TEST_SEED={seed} ./test --e2e {test.id()}",
          flush=True)
    return seed


def generator(records, seed, **more):
    """A ReplaySpec of generated calls; `more` as in the contract's Generator."""
    return {"topic": SOURCE_TOPIC, "generator": {"records": records, "seed": seed, **more}}


class Process:
    """One run of a program. Its output goes to a file; it dies with us."""

    def __init__(self, name, command, log_path):
        self.name = name
        self.log_path = log_path
        with open(log_path, "ab") as log:
            log.write(f"--- {' '.join(command)}\n".encode())
            log.flush()
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
            )

    @property
    def pid(self):
        return self._process.pid

    def ended(self):
        """A text when the process has ended, for wait_until's `failed`."""
        code = self._process.poll()
        if code is None:
            return None
        return f"{self.name} ended with {code}; its last words:\n{self.last_words()}"

    def last_words(self, lines=15):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:])

    def kill9(self):
        self._process.kill()
        self._process.wait(timeout=30)

    def terminate(self, timeout_seconds):
        """SIGTERM; returns the exit code. Raises NotInTime when it does not end."""
        self._process.terminate()
        try:
            return self._process.wait(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            raise NotInTime(
                f"{self.name} did not end within {timeout_seconds} s of SIGTERM; "
                f"its last words:\n{self.last_words()}"
            ) from None


class System:
    """See above. `parallelism` etc. are changed by RPC, as a user would."""

    def __init__(self, test):
        self.test = test
        self.directory = STATE / "test" / "e2e" / test.id().split("tests.e2e.")[-1]
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.broker = kafka_broker.Broker(self.directory / "broker", kafka_broker.free_port())
        self.kafka = KafkaTopics(self.broker.address)
        self.processes = {}
        self.ports = {name: kafka_broker.free_port() for name in SERVICES}
        self.rpc = {name: Grpcurl(self.address(name)) for name in SERVICES}
        self.pipeline_file = PIPELINE_FILE
        test.addCleanup(self._close)

    def address(self, name):
        return f"127.0.0.1:{self.ports[name]}"

    # Processes

    def start(self, services=SERVICES, partitions=SOURCE_PARTITIONS):
        """Starts the broker, creates the source topic, and starts services."""
        self.start_broker(partitions)
        for name in services:
            self.start_service(name)
        for name in services:
            self.wait_until_serving(name)

    def start_broker(self, partitions=SOURCE_PARTITIONS):
        self.broker.start()
        self.cli("topics", "create", SOURCE_TOPIC, "--partitions", str(partitions))

    def service_arguments(self, name):
        arguments = [f"--kafka={self.broker.address}", f"--listen={self.address(name)}"]
        if name == "aggregator":
            arguments += ["--replica=aggregator-0", f"--pipeline_file={self.pipeline_file}"]
        if name == "query":
            arguments += [f"--store_dir={self.store_directory}"]
        return arguments

    @property
    def store_directory(self):
        return self.directory / "store"

    def start_service(self, name):
        self.processes[name] = Process(
            name, [binary(name), *self.service_arguments(name)], self.directory / f"{name}.log"
        )

    def wait_until_serving(self, name, timeout_seconds=START_SECONDS):
        def serving():
            answer = self.rpc[name].call_ok("grpc.health.v1.Health/Check", {})
            return answer is not None and answer.get("status") == "SERVING"

        wait_until(f"{name} to be SERVING", serving, timeout_seconds, self.processes[name].ended)

    def kill9(self, name):
        reason = self.processes[name].ended()
        if reason:
            self.test.fail(f"before it could be killed, {reason}")
        self.processes[name].kill9()

    def restart(self, name):
        """After kill9 or stop_service."""
        self.start_service(name)
        self.wait_until_serving(name)

    def stop_service(self, name, timeout_seconds=GRACEFUL_STOP_SECONDS):
        """SIGTERM; returns (exit code, seconds)."""
        began = time.monotonic()
        code = self.processes.pop(name).terminate(timeout_seconds)
        return code, time.monotonic() - began

    def any_ended(self):
        for process in self.processes.values():
            reason = process.ended()
            if reason:
                return reason
        return None

    def _close(self):
        for process in self.processes.values():
            process.kill9()
        self.broker.kill9()
        # Logs stay; data is large and of no further use.
        shutil.rmtree(self.directory / "broker" / "data", ignore_errors=True)
        shutil.rmtree(self.store_directory, ignore_errors=True)

    # What a user does

    def cli(self, *arguments, timeout_seconds=120, check=True):
        """Runs `windrow ARGUMENTS` and returns the finished process."""
        done = subprocess.run(
            [
                binary("windrow"), f"--kafka={self.broker.address}",
                *(f"--{name}={self.address(name)}" for name in SERVICES), *arguments,
            ],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_seconds,
        )
        if check and done.returncode != 0:
            self.test.fail(f"windrow {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
        return done

    def start_replay(self, spec, records_per_second=None):
        if records_per_second is not None:
            spec = dict(spec, pace={"records_per_second": records_per_second})
        return self.rpc["producer"].call(PRODUCER + "StartReplay", {"spec": spec})["replay"]

    def replay(self):
        return self.rpc["producer"].call(PRODUCER + "GetReplay")["replay"]

    def set_pace(self, records_per_second=None):
        pace = {} if records_per_second is None else {"records_per_second": records_per_second}
        self.rpc["producer"].call(PRODUCER + "UpdatePace", {"pace": pace})

    def wait_until_sent(self, records, timeout_seconds=PROGRESS_SECONDS):
        """Waits until a running replay has had so many records acknowledged."""
        def sent():
            replay = self.replay()
            if replay["state"] not in ("STATE_RUNNING", "STATE_DONE"):
                self.test.fail(f"the replay is {replay['state']}: {replay['error']}")
            now = int(replay["records_acknowledged"])
            return now >= records or (False, f"{now} records")

        wait_until(f"{records} records to be sent", sent, timeout_seconds, self.any_ended)

    def finish_replay(self, timeout_seconds=PROGRESS_SECONDS):
        """Waits until the replay is done; returns it."""
        def done():
            replay = self.replay()
            if replay["state"] in ("STATE_FAILED", "STATE_STOPPED"):
                self.test.fail(f"the replay is {replay['state']}: {replay['error']}")
            return replay["state"] == "STATE_DONE" and replay or (False, replay)

        return wait_until("the replay to be done", done, timeout_seconds, self.any_ended)

    def replay_all(self, spec):
        self.start_replay(spec)
        return self.finish_replay()

    def progress(self):
        """Progress of the aggregator, or None while it does not answer."""
        answer = self.rpc["aggregator"].call_ok(PIPELINES + "GetProgress", {"name": PIPELINE})
        return answer and answer["progress"]

    def wait_until_processing(self, timeout_seconds=PROGRESS_SECONDS):
        """Waits until the aggregator has counted something since it was started."""
        def processing():
            progress = self.progress()
            return (progress is not None and int(progress["rows_processed"]) > 0) or (
                False, progress)

        wait_until("the aggregator to process", processing, timeout_seconds, self.any_ended)

    def reconfigure(self, settings, timeout_seconds=30):
        """Changes settings; tries again while the aggregator is starting."""
        def changed():
            try:
                return self.rpc["aggregator"].call(
                    PIPELINES + "Reconfigure", {"name": PIPELINE, "settings": settings})
            except RpcError as error:
                if error.code not in ("UNAVAILABLE", "NOT_FOUND", "ABORTED", "DEADLINE_EXCEEDED"):
                    raise
                return (False, str(error))

        return wait_until(f"settings {settings}", changed, timeout_seconds, self.any_ended)

    def drain(self, timeout_seconds=PROGRESS_SECONDS):
        """Asks for every window to be closed, and waits until the query service has it all."""
        wait_until("the aggregator to answer", self.progress, START_SECONDS, self.any_ended)
        generation = int(
            self.rpc["aggregator"].call(PIPELINES + "DrainPipeline", {"name": PIPELINE})[
                "drain_generation"
            ]
        )

        def drained():
            status = self.query_status()
            return (
                status is not None
                and int(status["drain_generation"]) >= generation
                and int(status["lag_records"]) == 0
            ) or (False, status)

        wait_until("the drain to be carried out", drained, timeout_seconds, self.any_ended)

    def query_status(self):
        """PipelineStatus of the query service, or None."""
        answer = self.rpc["query"].call_ok(QUERY + "GetStatus") or {}
        for status in answer.get("pipelines", []):
            if status["pipeline"] == PIPELINE:
                return status
        return None

    def export(self):
        """View to rows, by `windrow results export`."""
        directory = self.directory / "export"
        shutil.rmtree(directory, ignore_errors=True)
        self.cli("results", "export", "--dir", str(directory))
        return read_export(directory)

    # What must come out

    def recount(self):
        """The recount of what the source topic holds."""
        return recount.recount(
            [
                recount.LogRecord(record.partition, record.offset, record.timestamp_ms, record.value)
                for record in self.kafka.records(SOURCE_TOPIC)
            ]
        )


def read_export(directory):
    rows = {}
    for view in VIEWS:
        with open(pathlib.Path(directory) / f"{view}.ndjson", encoding="utf-8") as file:
            rows[view] = [json.loads(line) for line in file]
    return rows


def radio_codes():
    return recount.read_radio_codes(RADIO_CODES.read_bytes())
