"""`./run`: everything from a fresh machine to windows on the screen. See `./run --help`.

The steps: install packages, fetch Kafka, build, start the broker and the services, replay calls,
and show what comes of it until Ctrl-C; or, with --until-done, until every window is final.
Standard library only; Python 3.9 or later.
"""

import argparse
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

REPO = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from dev.broker import STATE, BrokerError, class_archive, make_class_archive  # noqa: E402
from dev.build import BuildError, build  # noqa: E402
from dev.stack import BINARIES, Ports, Stack, StackError, check_ports, dies_with_us  # noqa: E402

PIPELINE_FILE = REPO / "resources/pipelines/sf_calls.textproto"
SOURCE_PARTITIONS = 4
START_SECONDS = 60
# Without any progress for so long, a run to the end gives up.
STALL_SECONDS = 180
STALL_CHECK_SECONDS = 5
POLL_SECONDS = 0.1
# The build's outputs, Kafka and its data.
MIN_FREE_BYTES = 2 * 1000 ** 3

END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

DESCRIPTION = """\
Builds Windrow, starts it on this machine with a Kafka broker of its own, replays San Francisco police
calls through it, and shows the newest windows until Ctrl-C, which stops all of it. On a fresh
Debian 12 (as root) it first installs what it needs, which takes some minutes once; a second run is up
in seconds. Each run starts with empty topics unless --keep is given.
"""

EXAMPLES = """\
examples:
  ./run                                     the built-in sample, 5 minutes of events every second
  ./run --dataset calls.json --speedup 600  your own file: one JSON array, or one object per line
  ./run --dataset calls.json --until-done --export /tmp/windows
                                            everything to the end, the windows as files
  ./run --kafka broker:9092                 on a Kafka that runs elsewhere
"""


class RunError(Exception):
    """The run cannot go on; the message says why, and what to do."""


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM. Not an Exception, so that nothing but the end of the run catches it."""


class PipelineFile:
    """What the run must know of the pipeline that is started."""

    def __init__(self, path):
        self.path = pathlib.Path(path).absolute()
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise RunError(f"cannot read the pipeline file {path}: {error.strerror}") from None
        text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
        self.id = self._field(text, r'\bname:\s*"pipelines/([a-z0-9-]+)"', 'name: "pipelines/ID"')
        self.source_topic = self._field(text, r'\bsource_topic:\s*"([^"]+)"', 'source_topic: "TOPIC"')
        self.event_time_field = self._field(
            text, r'\bevent_time\s*:?\s*\{[^}]*?\bfield:\s*"([^"]+)"', 'event_time { field: "FIELD" }')

    def _field(self, text, pattern, what):
        match = re.search(pattern, text)
        if not match:
            raise RunError(f"{self.path} is no pipeline file: it has no {what}; "
                           f"{PIPELINE_FILE.relative_to(REPO)} is an example")
        return match[1]

    def owns(self, topic):
        """Whether the topic belongs to this pipeline."""
        return topic == self.source_topic or topic.startswith(self.id + ".")


def say(text=""):
    print(text, flush=True)


def step(text):
    print(f"run: {text}", file=sys.stderr, flush=True)


# The command line

def positive(kind):
    def parse(text):
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"must be more than 0, not {text}")
        return value
    parse.__name__ = kind.__name__
    return parse


def host_port(text):
    if not re.fullmatch(r"[^\s:]+:\d+(,[^\s:]+:\d+)*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return text


def port(text):
    value = int(text)
    if not 0 < value < 65536:
        raise argparse.ArgumentTypeError(f"must be 1 to 65535, not {text}")
    return value


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        print(f"run: {message}; `./run --help` explains the flags", file=sys.stderr)
        sys.exit(EXIT_USAGE)


def parse_arguments(words):
    parser = Parser(
        prog="./run", description=DESCRIPTION, epilog=EXAMPLES, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)

    group = parser.add_argument_group("what is replayed")
    group.add_argument("--dataset", metavar="FILE",
                       help="replay this file, one JSON array or one JSON object per line; default: "
                            "generated look-alike calls")
    group.add_argument("--order", choices=("event-time", "file"), default="event-time",
                       help="send a dataset oldest call first, or as in the file; default event-time")
    group.add_argument("--records", type=positive(int), default=100_000, metavar="N",
                       help="number of generated calls; default 100000")
    group.add_argument("--seed", type=int, default=1, metavar="S",
                       help="seed of the generated calls; default 1")
    group.add_argument("--events-per-minute", type=positive(float), default=60, metavar="E",
                       help="generated calls per minute of event time; default 60")

    group = parser.add_argument_group("how fast")
    pace = group.add_mutually_exclusive_group()
    pace.add_argument("--rate", type=positive(float), metavar="N",
                      help="records per second; default for a dataset: 200")
    pace.add_argument("--speedup", type=positive(float), metavar="X",
                      help="seconds of event time per second; default for generated calls: 300")
    pace.add_argument("--max-speed", action="store_true",
                      help="as fast as possible; the default with --until-done")

    group = parser.add_argument_group("to the end")
    group.add_argument("--until-done", action="store_true",
                       help="run to the end of the input, make every window final, print a summary and "
                            "end; default: run until Ctrl-C")
    group.add_argument("--export", metavar="DIR",
                       help="with --until-done: write DIR/<view>.ndjson, one row a line; default: none")

    group = parser.add_argument_group("where")
    group.add_argument("--kafka", type=host_port, metavar="HOST:PORT",
                       help="use the Kafka that runs there; default: start one on this machine")
    group.add_argument("--pipeline", default=str(PIPELINE_FILE), metavar="FILE",
                       help="what is computed; default resources/pipelines/sf_calls.textproto")
    group.add_argument("--parallelism", type=positive(int), metavar="N",
                       help="workers of the aggregator, 1 to 64; default: as the pipeline says")
    group.add_argument("--keep", action="store_true",
                       help="go on with the topics as they are, and replay nothing if the source topic "
                            "already holds records; default: start with empty topics")
    defaults = Ports()
    for name, what in (("kafka", "the broker"), ("producer", "the producer service"),
                       ("aggregator", "the aggregator service"), ("query", "the query service")):
        group.add_argument(f"--{name}-port", type=port, default=getattr(defaults, name),
                           metavar="PORT",
                           help=f"port of {what} on loopback; default {getattr(defaults, name)}")
    group.add_argument("--state-dir", default=str(STATE), metavar="DIR",
                       help="folder of the data and the logs; default .run")

    options = parser.parse_args(words)
    if options.export and not options.until_done:
        parser.error("--export needs --until-done")
    if options.dataset and not os.access(options.dataset, os.R_OK):
        parser.error(f"cannot read the dataset {options.dataset}")
    if not (options.rate or options.speedup or options.max_speed or options.until_done):
        # Calls of a real file may be hours apart, so that a speed-up would show nothing for long.
        if options.dataset:
            options.rate = 200.0
        else:
            options.speedup = 300.0
    return options


# Before anything is started

def check_disk(*folders):
    for folder in folders:
        while not folder.exists():
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        if free < MIN_FREE_BYTES:
            raise RunError(f"only {free / 1e9:.1f} GB are free on the disk of {folder}; building and "
                           f"running takes {MIN_FREE_BYTES / 1e9:.0f} GB: make room, then run again")


def run_step(command, what):
    """Runs a program that tells by itself, on standard error, what it does."""
    process = subprocess.Popen([str(word) for word in command], cwd=REPO, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code != 0:
        raise RunError(f"{what} failed; the messages above say why")


def prepare(needs_kafka):
    """Packages, Kafka, programs: everything that takes minutes once."""
    run_step([REPO / "dev/install"], "the installation of Debian packages")
    run_step([REPO / "dev/fetch-librdkafka"], "fetching the source of librdkafka")
    if needs_kafka:
        run_step([REPO / "dev/fetch-kafka"], "fetching Kafka")
        if not class_archive().exists():
            step("preparing Kafka for quick starts (about 10 s, once)")
            make_class_archive()
    began = time.monotonic()
    if build(STATE / "build.stamp", lambda: step("building (some minutes the first time)")):
        step(f"built in {time.monotonic() - began:.0f} s")


class RunLock:
    """One run at a time per folder: two would share ports and data."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self._file = open(folder / "run.lock", "a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            raise RunError(f"another ./run is at work here (process {self._file.read().strip()}): stop "
                           "it, or choose another folder with --state-dir and other ports") from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()


# The run itself

class Run:
    """One run: the processes, and what the user sees of them."""

    def __init__(self, options, pipeline):
        self.options = options
        self.pipeline = pipeline
        ports = Ports(options.kafka_port, options.producer_port, options.aggregator_port,
                      options.query_port)
        name = "until-done" if options.until_done else "local"
        self.stack = Stack(pathlib.Path(options.state_dir) / name, ports, options.kafka)
        self._watch = None

    def start(self):
        stack, ports = self.stack, self.stack.ports
        flags = {f"--{name}-port": getattr(ports, name) for name in ("producer", "aggregator", "query")}
        if not self.options.kafka:
            flags["--kafka-port"] = ports.kafka
        check_ports(flags)
        if not self.options.keep:
            stack.wipe()
        if self.options.kafka:
            self._refuse_data_of_others()
        else:
            step("starting the broker")
            stack.start_broker()
        stack.windrow("topics", "create", self.pipeline.source_topic, "--partitions",
                      str(SOURCE_PARTITIONS))
        step("starting producer, aggregator and query")
        stack.start_service("aggregator", ["--replica=aggregator-0",
                                           f"--pipeline_file={self.pipeline.path}"])
        stack.start_service("query", [f"--pipeline={self.pipeline.id}",
                                      f"--store_dir={stack.state_dir / 'store'}"])
        stack.start_service("producer")
        for name in ("aggregator", "query", "producer"):
            stack.wait_healthy(name, START_SECONDS)
        if self.options.parallelism:
            self.windrow("settings", "set", "--parallelism", str(self.options.parallelism))

    def windrow(self, *arguments, **more):
        return self.stack.windrow("--pipeline", self.pipeline.id, *arguments, **more)

    def _topics_with_data(self):
        topics = [json.loads(line) for line in self.windrow("topics", "list", "-o", "json").splitlines()]
        return [topic["topic"] for topic in topics
                if self.pipeline.owns(topic["topic"]) and topic["offsets"] > 0]

    def _refuse_data_of_others(self):
        topics = self._topics_with_data()
        if topics and not self.options.keep:
            raise RunError(f"the Kafka at {self.stack.kafka} already holds data of this pipeline, in "
                           f"{', '.join(topics)}. Go on with it by --keep; or use a pipeline file with "
                           "another name and source_topic (--pipeline FILE)")

    def start_replay(self):
        """Starts the replay; False when there is nothing to replay."""
        options = self.options
        if options.keep and self.pipeline.source_topic in self._topics_with_data():
            step(f"topic {self.pipeline.source_topic} already holds records: nothing is replayed")
            return False
        words = ["producer", "start", "--topic", self.pipeline.source_topic]
        if options.dataset:
            words += ["--dataset", options.dataset, "--order", options.order,
                      "--event-time-field", self.pipeline.event_time_field]
        else:
            words += ["--records", str(options.records), "--seed", str(options.seed),
                      "--events-per-minute", str(options.events_per_minute)]
        if options.rate:
            words += ["--rate", str(options.rate)]
        if options.speedup:
            words += ["--speedup", str(options.speedup)]
        self.windrow(*words)
        return True

    # What the user sees

    def introduce(self):
        ports = self.stack.ports
        custom = [f"--{name} {self.stack.address(name)}" for name in ("producer", "aggregator", "query")
                  if getattr(ports, name) != getattr(Ports(), name)]
        if self.stack.kafka != f"127.0.0.1:{Ports().kafka}":
            custom.insert(0, f"--kafka {self.stack.kafka}")
        if self.pipeline.id != "sf-calls":
            custom.append(f"--pipeline {self.pipeline.id}")
        windrow = " ".join([os.path.relpath(BINARIES["windrow"]), *custom])
        query = self.stack.address("query")
        view = f"pipelines/{self.pipeline.id}/views/{self.views()[0]}"
        say(f"""
Kafka       {self.stack.kafka}
producer    {self.stack.address('producer')}   aggregator  {self.stack.address('aggregator')}   \
query  {query}   (gRPC)
logs        {os.path.relpath(self.stack.state_dir / 'logs')}

To try in another terminal:
  {windrow} topics tail {self.pipeline.source_topic} --from beginning --count 5
  {windrow} settings set --parallelism 3
  grpcurl -plaintext {query} list
  grpcurl -plaintext -d '{{"parent":"{view}","newest_first":true,"page_size":5}}' \
{query} windrow.query.v1.QueryService/ListResults
  grpcurl -plaintext -d '{{"parent":"{view}"}}' {query} windrow.query.v1.QueryService/Subscribe
Ctrl-C stops everything.
""")

    def views(self):
        """Ids of the views, in the pipeline's order."""
        for line in self.windrow("pipelines", "list", "-o", "json").splitlines():
            pipeline = json.loads(line)["pipeline"]
            if pipeline["name"] == f"pipelines/{self.pipeline.id}":
                return [view["id"] for view in pipeline["views"]]
        raise RunError(f"the aggregator does not know the pipeline {self.pipeline.id}")

    def start_watch(self):
        self._watch = subprocess.Popen(
            self.stack.windrow_command("--pipeline", self.pipeline.id, "watch"),
            stdin=subprocess.DEVNULL, preexec_fn=dies_with_us())

    def stop_watch(self):
        """It puts the terminal in order when it is asked to end."""
        if self._watch is None:
            return
        if self._watch.poll() is None:
            self._watch.terminate()
            try:
                self._watch.wait(5)
            except subprocess.TimeoutExpired:
                self._watch.kill()
                self._watch.wait()
        self._watch = None

    def watch_until_interrupted(self):
        self.start_watch()
        while True:
            self.stack.check_running()
            if self._watch.poll() is not None:
                raise RunError(f"the live view ended with code {self._watch.returncode}")
            time.sleep(POLL_SECONDS)

    # To the end

    def _wait_for(self, *arguments):
        """Runs `windrow ARGUMENTS`, which waits for something, as long as there is progress."""
        process = subprocess.Popen(
            self.stack.windrow_command("--pipeline", self.pipeline.id, *arguments),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=dies_with_us())
        try:
            stalled = Stall(self._position)
            while process.poll() is None:
                self.stack.check_running()
                stalled.check()
                time.sleep(POLL_SECONDS)
            out, err = process.communicate()
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        if process.returncode != 0:
            raise RunError(err.strip())
        return out

    def _position(self):
        """Changes as long as something moves."""
        try:
            status = self.windrow("pipelines", "status", "-o", "json", timeout=20)
            replay = json.loads(self.windrow("producer", "status", "-o", "json", timeout=20))
        except (StackError, subprocess.TimeoutExpired):
            return None
        return status, replay.get("records_acknowledged"), replay.get("state")

    def run_until_done(self):
        began = time.monotonic()
        replaying = self.start_replay()
        self.start_watch()
        if replaying:
            self._wait_for("producer", "status", "--wait")
        self._wait_for("pipelines", "drain", "--wait", "240h")
        seconds = time.monotonic() - began
        self.stop_watch()
        if self.options.export:
            step(f"writing {self.options.export}")
            self.windrow("results", "export", "--dir", self.options.export, timeout=3600)
        return self.summary(seconds)

    def summary(self, seconds):
        status = json.loads(self.windrow("pipelines", "status", "-o", "json"))
        read = int(status.get("records_read", 0))
        lines = ["", f"records read            {read:>12,}",
                 f"dead-lettered           {int(status.get('dead_lettered', 0)):>12,}"]
        for view in self.views():
            windows = [json.loads(line) for line in self.windrow(
                "windows", "list", view, "--limit", "0", "-o", "json", timeout=3600).splitlines()]
            rows = sum(int(window.get("rows", 0)) for window in windows)
            still_open = sum(not window.get("final", False) for window in windows)
            late = int(status.get("late_everywhere", {}).get(view, 0))
            some = int(status.get("late", {}).get(view, 0))
            lines += ["", view, f"  windows               {len(windows):>12,}",
                      f"  rows                  {rows:>12,}",
                      f"  late for all windows  {late:>12,}",
                      f"  late, window by window{some:>12,}"]
            if still_open:
                lines.append(f"  windows still open    {still_open:>12,}")
        lines += ["", f"seconds                 {seconds:>12,.1f}",
                  f"records per second      {read / max(seconds, 1e-9):>12,.0f}"]
        if self.options.export:
            lines.append(f"written to              {self.options.export}")
        return "\n".join(lines)


class Stall:
    """Notices when a position has not changed for long."""

    def __init__(self, position):
        self._position = position
        self._last = None
        self._changed = self._checked = time.monotonic()

    def check(self):
        now = time.monotonic()
        if now - self._checked < STALL_CHECK_SECONDS:
            return
        position = self._position()
        self._checked = time.monotonic()
        if position is not None and position != self._last:
            self._last, self._changed = position, self._checked
        elif self._checked - self._changed > STALL_SECONDS:
            raise RunError(f"nothing has moved for {STALL_SECONDS} s; the logs of the services say why")


def end(run):
    """Stops everything in order. A further Ctrl-C ends it at once."""
    def at_once(*_):
        run.stack.kill_all()
        os._exit(EXIT_INTERRUPTED)

    for number in END_SIGNALS:
        signal.signal(number, at_once)
    run.stop_watch()
    parts = run.stack.stop_order()
    if run.stack.broker and run.stack.broker.pid:
        parts.append("broker")
    if parts:
        step(f"stopping {', '.join(parts)}")
    for name in run.stack.stop():
        step(f"{name} did not stop in time and was killed; nothing is lost, its log says what it did")


def main(words):
    options = parse_arguments(words)

    def interrupt(*_):
        for number in END_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # Until end() says what a further one does.
        raise Interrupted

    for number in END_SIGNALS:
        signal.signal(number, interrupt)
    run = None
    up = False
    try:
        pipeline = PipelineFile(options.pipeline)
        state = pathlib.Path(options.state_dir)
        check_disk(state.absolute(), pathlib.Path.home())
        lock = RunLock(state)  # noqa: F841  held until the process ends
        prepare(needs_kafka=not options.kafka)
        run = Run(options, pipeline)
        run.start()
        if options.until_done:
            summary = run.run_until_done()
            end(run)
            say(summary)
        else:
            run.introduce()
            run.start_replay()
            up = True
            run.watch_until_interrupted()
        return 0
    except Interrupted:
        if run:
            run.stop_watch()
        if not up:
            step("interrupted")
        return 0 if up else EXIT_INTERRUPTED
    except (RunError, StackError, BrokerError, BuildError) as error:
        if run:
            run.stop_watch()
        step(str(error))
        return EXIT_ERROR
    except OSError as error:
        step(f"{error}: check the disk and the permissions of {options.state_dir}")
        return EXIT_ERROR
    finally:
        if run:
            end(run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
