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

import json
import os
import pathlib
import random
import shutil
import subprocess
import time

from dev import stack as windrow_stack
from tests.e2e.grpcurl import Grpcurl, RpcError
from tests.e2e.kafka_topics import KafkaTopics
from tests.e2e.waiting import NotInTime, wait_until
from tests.recount import recount

ROOT = pathlib.Path(__file__).resolve().parents[2]
STATE = pathlib.Path(os.environ.get("WINDROW_STATE_DIR", ROOT / ".run"))
BINARIES = dict(
    windrow_stack.BINARIES,
    generate_calls=ROOT / "bazel-bin/services/producer/generate_calls",
)
SERVICES = windrow_stack.SERVICES
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
# Recovery of a killed worker takes a few seconds; a busy machine several times that.
PROGRESS_SECONDS = 120


def binary(name):
    path = BINARIES[name]
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


class System:
    """See above. `parallelism` etc. are changed by RPC, as a user would."""

    def __init__(self, test):
        self.test = test
        self.directory = STATE / "test" / "e2e" / test.id().split("tests.e2e.")[-1]
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.stack = windrow_stack.Stack(self.directory, windrow_stack.Ports.free())
        self.broker = self.stack.broker
        self.kafka = KafkaTopics(self.broker.address)
        self.rpc = {name: Grpcurl(self.stack.address(name)) for name in SERVICES}
        self.pipeline_file = PIPELINE_FILE
        test.addCleanup(self._close)

    # Processes

    def start(self, services=SERVICES, partitions=SOURCE_PARTITIONS):
        """Starts the broker, creates the source topic, and starts services."""
        self.stack.start_broker()
        self.cli("topics", "create", SOURCE_TOPIC, "--partitions", str(partitions))
        for name in services:
            self.start_service(name)
        for name in services:
            self.wait_until_serving(name)

    def service_arguments(self, name):
        if name == "aggregator":
            return ["--replica=aggregator-0", f"--pipeline_file={self.pipeline_file}"]
        if name == "query":
            return [f"--store_dir={self.store_directory}"]
        return []

    @property
    def store_directory(self):
        return self.directory / "store"

    def start_service(self, name):
        self.stack.start_service(name, self.service_arguments(name))

    def wait_until_serving(self, name, timeout_seconds=START_SECONDS):
        wait_until(f"{name} to be SERVING", self.rpc[name].serves, timeout_seconds, self.any_ended)

    def kill9(self, name):
        reason = self.any_ended()
        if reason:
            self.test.fail(f"before {name} could be killed, {reason}")
        self.stack.kill9(name)

    def restart(self, name):
        """After kill9 or stop_service."""
        self.start_service(name)
        self.wait_until_serving(name)

    def stop_service(self, name):
        """SIGTERM; returns (exit code, seconds). Fails when it takes longer than was promised."""
        process = self.stack.processes.pop(name)
        began = time.monotonic()
        if not process.terminate():
            raise NotInTime(
                f"{name} did not end within {windrow_stack.GRACEFUL_STOP_SECONDS} s of SIGTERM; "
                f"its last words:\n{process.last_words()}"
            )
        return process.exit_code(), time.monotonic() - began

    def any_ended(self):
        """A text when a process has ended by itself."""
        try:
            self.stack.check_running()
        except windrow_stack.StackError as error:
            return str(error)
        return None

    def _close(self):
        self.stack.kill_all()
        self.stack.stop()
        # Logs stay; data is large and of no further use.
        shutil.rmtree(self.directory / "broker" / "data", ignore_errors=True)
        shutil.rmtree(self.store_directory, ignore_errors=True)

    # What a user does

    def cli(self, *arguments, timeout_seconds=120, check=True):
        """Runs `windrow ARGUMENTS` and returns the finished process."""
        done = subprocess.run(
            self.stack.windrow_command(*arguments), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout_seconds,
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
