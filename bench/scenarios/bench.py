"""One stack on which scenarios measure: a broker, topics filled once, services started anew."""

import datetime
import json
import os
import pathlib
import re
import subprocess
import threading
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
PIPELINE_FILE = REPO / "resources/pipelines/sf_calls.textproto"
PARTITIONS = 4
REPORT_INTERVAL = "100ms"
STEP_SECONDS = 900


class BenchError(Exception):
    """The measurement cannot be made; the message says why."""


class Bench:
    def __init__(self, stack, say):
        self.stack = stack
        self.say = say
        self._pipelines = 0

    def wait(self, what, condition, poll_seconds=0.1):
        """The first true value of `condition`."""
        deadline = time.monotonic() + STEP_SECONDS
        while True:
            result = condition()
            if result:
                return result
            self.stack.check_running()
            if time.monotonic() > deadline:
                raise BenchError(f"waited {STEP_SECONDS} s for {what}")
            time.sleep(poll_seconds)

    # Topics

    def create_topic(self, topic, partitions=PARTITIONS):
        self.stack.windrow("topics", "create", topic, "--partitions", str(partitions))

    def fill(self, topic, records, events_per_minute):
        """Writes generated calls into a new topic; a topic that is there is taken as it is."""
        if topic in self.topics():
            return
        self.create_topic(topic)
        self.start_producer("--topic", topic, "--records", records, "--seed", 1,
                            "--events-per-minute", events_per_minute)
        began = time.monotonic()
        self.wait("the records", self.replay_done)
        self.say(f"the producer wrote {records:,} records into {topic}, "
                 f"{records / (time.monotonic() - began):,.0f} records/s")
        self.stop("producer")

    def topics(self):
        return {topic["topic"] for topic in
                map(json.loads, self.stack.windrow("topics", "list", "-o", "json").splitlines())}

    def start_producer(self, *arguments):
        self.stack.start_service("producer")
        self.stack.wait_healthy("producer")
        self.stack.windrow("producer", "start", *map(str, arguments))

    def replay_done(self):
        replay = json.loads(self.stack.windrow("producer", "status", "-o", "json"))
        if replay.get("state") == "STATE_FAILED":
            raise BenchError(f"the producer failed: {replay.get('error')}")
        return replay.get("state") == "STATE_DONE"

    # Services

    def new_pipeline(self, topic, workers=1):
        """(id, file) of a pipeline that never ran before: the shipped job on another topic."""
        text = PIPELINE_FILE.read_text()
        text = text.replace('name: "pipelines/sf-calls"', "")
        text = text.replace('source_topic: "calls"', f'source_topic: "{topic}"')
        text = text.replace('"../radio_codes.json"', f'"{REPO / "resources/radio_codes.json"}"')
        return self.new_pipeline_of(f"{text}\nsettings {{ parallelism: {workers} }}\n")

    def new_pipeline_of(self, text):
        """(id, file) of a pipeline that never ran before; the text is all of it but the name."""
        self._pipelines += 1
        pipeline = f"bench-{self._pipelines}"
        file = self.stack.state_dir / f"{pipeline}.textproto"
        file.write_text(f'name: "pipelines/{pipeline}"\n{text}')
        return pipeline, file

    def start_aggregator(self, pipeline, file):
        """Returns the process."""
        self.stack.start_service("aggregator", [
            f"--pipeline_file={file}", f"--only_pipelines={pipeline}", "--replica=bench"])
        return self.stack.processes["aggregator"]

    def start_query(self, *flags, wait=True):
        self.stack.start_service("query", [f"--store_dir={self.stack.state_dir / 'store'}", *flags])
        if wait:
            self.stack.wait_healthy("query")
        return self.stack.processes["query"]

    def stop(self, name):
        self.stack.processes.pop(name).terminate()

    def follow_progress(self, pipeline):
        return Reports(self.stack.windrow_command(
            "--pipeline", pipeline, "progress", "--follow", "--interval", REPORT_INTERVAL,
            "-o", "json"))

    def run_program(self, program, *arguments):
        """Runs a program of the bench, which prints one line of JSON; returns it."""
        done = subprocess.run([str(program), *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=STEP_SECONDS, check=False)
        if done.returncode != 0:
            raise BenchError(f"{pathlib.Path(program).name}: {done.stderr.strip()}{done.stdout}")
        return json.loads(done.stdout)


class Reports:
    """Progress of an aggregator, as it comes in. Use as a context."""

    def __init__(self, command):
        self._reports = []
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._thread.join(timeout=5)
        self._process.stdout.close()

    def _read(self):
        for line in self._process.stdout:
            self._reports.append(json.loads(line))

    @staticmethod
    def sources(report):
        return [source for worker in report.get("workers", [])
                for source in worker["status"].get("sources", [])]

    @classmethod
    def committed(cls, report):
        """Records of the source that are committed."""
        return sum(int(source.get("position", {}).get("end_offset", 0))
                   for source in cls.sources(report))

    def finished(self, records):
        """When the last of them was committed; None before."""
        for report in list(self._reports):
            if self.committed(report) >= records:
                return max(parse_time(source["commit_time"]) for source in self.sources(report)
                           if "commit_time" in source)
        return None

    def last_committed(self):
        reports = list(self._reports)
        return self.committed(reports[-1]) if reports else 0


# What the kernel and the logs say


def cpu_seconds(pid):
    """User and system time of a process since it was started."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid):
    return memory_megabytes(pid, "VmRSS")


def peak_megabytes(pid):
    return memory_megabytes(pid, "VmHWM")


def memory_megabytes(pid, what):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) / 1_000


def parse_time(text):
    """Seconds since 1970 of an RFC 3339 time in UTC."""
    return datetime.datetime.fromisoformat(
        re.sub(r"(\.\d{6})\d*Z$|Z$", r"\1+00:00", text)).timestamp()


def time_of_event(log_path, event, pipeline):
    """When an event of a pipeline was logged last; None when it was not."""
    found = None
    for line in log_path.read_text().splitlines():
        entry = json.loads(line) if line.startswith("{") else {}
        if entry.get("event") == event and entry.get("pipeline") == pipeline:
            found = parse_time(entry["time"])
    return found
