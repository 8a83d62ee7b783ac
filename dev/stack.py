"""Windrow's processes on this machine: a Kafka broker and the three services.

    with Stack(".run/local", Ports()) as stack:
        stack.start_broker()
        stack.start_service("aggregator", ["--replica=aggregator-0", ...])
        stack.wait_healthy("aggregator")
        print(stack.windrow("topics", "list"))

Each process is a child of ours in a session of its own, so that Ctrl-C reaches only us, and ends
when we end, even by kill -9. What a service says is in STATE_DIR/logs/<service>.log. Everything is
stopped in the order in which data flows. Standard library only; Python 3.9 or later.
"""

import concurrent.futures
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import time

from dev.broker import Broker, free_port, port_is_free

REPO = pathlib.Path(__file__).resolve().parent.parent

BINARIES = {
    "producer": REPO / "bazel-bin/services/producer/producer",
    "aggregator": REPO / "bazel-bin/services/aggregator/aggregator",
    "query": REPO / "bazel-bin/services/query/query",
    "windrow": REPO / "bazel-bin/clients/cli/windrow",
}
SERVICES = ("producer", "aggregator", "query")

# What the services promise for SIGTERM.
GRACEFUL_STOP_SECONDS = 10
POLL_SECONDS = 0.02

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class StackError(Exception):
    """A process cannot run; the message says why, and what to do."""


class Ports:
    """Where the processes listen, all on loopback."""

    def __init__(self, kafka=9092, producer=7001, aggregator=7002, query=7003):
        self.kafka = kafka
        self.producer = producer
        self.aggregator = aggregator
        self.query = query

    @classmethod
    def free(cls):
        """Ports that nobody listens on, for tests."""
        ports = set()
        while len(ports) < 4:
            ports.add(free_port())
        return cls(*ports)


def dies_with_us():
    """For preexec_fn: the child gets SIGTERM when the thread that starts it, or all of us, ends."""
    parent = os.getpid()

    def tie():
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # It died before it was asked for.
            os._exit(1)

    return tie


class Process:
    """One run of a program whose output goes to a log file."""

    def __init__(self, name, command, log_path, environment=None):
        """`environment` is added to ours."""
        self.name = name
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self._process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=dies_with_us(),
                env=dict(os.environ, **(environment or {})))

    @property
    def pid(self):
        return self._process.pid

    def exit_code(self):
        """None while it runs."""
        return self._process.poll()

    def last_words(self, lines=8):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:]).rstrip()

    def terminate(self, timeout=GRACEFUL_STOP_SECONDS):
        """SIGTERM, then SIGKILL when it takes too long; returns whether it went in order."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill9()
                return False
        return True

    def signal(self, number):
        self._process.send_signal(number)

    def kill_now(self):
        """SIGKILL without a wait."""
        if self._process.returncode is None:
            _kill(self.pid)

    def kill9(self):
        """As a crash would end it; returns when it has."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


class Stack:
    """A broker, unless `kafka` names one that runs elsewhere, and services."""

    def __init__(self, state_dir, ports=None, kafka=None, binaries=None):
        self.state_dir = pathlib.Path(state_dir).absolute()
        self.ports = ports or Ports()
        # The real paths: bazel-bin leads elsewhere after a build with other options.
        self.binaries = {name: pathlib.Path(path).resolve()
                         for name, path in dict(BINARIES, **(binaries or {})).items()}
        self.broker = None if kafka else Broker(self.state_dir / "broker", self.ports.kafka)
        self.kafka = kafka or self.broker.address
        self.processes = {}
        # The signal that comes when we die is sent when the *thread* that started a process ends.
        self._starter = concurrent.futures.ThreadPoolExecutor(max_workers=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _program(self, name):
        program = self.binaries[name]
        if not os.access(program, os.X_OK):
            raise StackError(f"{program} is missing: build it with `bazel build //...`")
        return program

    # Starting

    def wipe(self):
        """Removes data and logs of an earlier run."""
        shutil.rmtree(self.state_dir, ignore_errors=True)

    def start_broker(self):
        """Starts the broker and returns when it serves. Does nothing with a Kafka from elsewhere."""
        if self.broker:
            self.broker.start()

    def address(self, service):
        return f"127.0.0.1:{getattr(self.ports, service)}"

    def start_service(self, name, arguments=(), binary=None):
        """Starts a service at its port; `name` may be "aggregator-1" with a binary and --listen."""
        command = [self._program(binary or name), f"--kafka={self.kafka}"]
        if not any(argument.startswith("--listen=") for argument in arguments):
            command.append(f"--listen={self.address(name)}")
        self._start(name, command + list(arguments))

    def start_program(self, name, binary, arguments, environment=None):
        """Starts a service with these arguments and no others, as `name`."""
        self._start(name, [self._program(binary), *arguments], environment)

    def _start(self, name, command, environment=None):
        logs = self.state_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.processes[name] = self._starter.submit(
            Process, name, command, logs / f"{name}.log", environment).result()

    def wait_healthy(self, name, timeout=30):
        """Returns when the service says SERVING; StackError when it ends or takes too long."""
        check = subprocess.Popen(
            self.windrow_command("health", name, "--wait", f"{timeout}s"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=dies_with_us())
        try:
            while check.poll() is None:
                self.check_running()
                time.sleep(POLL_SECONDS)
        finally:
            if check.poll() is None:
                check.kill()
            said, _ = check.communicate()
        if check.returncode != 0:
            raise StackError(f"{name} is not ready after {timeout} s.\n{said.rstrip()}\n"
                             f"Its log: {self.processes[name].log_path}")

    # Running

    def check_running(self):
        """Raises StackError when a process has ended by itself."""
        for process in self.processes.values():
            code = process.exit_code()
            if code is not None:
                raise StackError(f"{process.name} ended with code {code}; its last words:\n"
                                 f"{process.last_words()}\nThe rest is in {process.log_path}")
        if self.broker and self.broker.pid and not self.broker.running:
            raise StackError(f"the broker ended; its log is {self.broker.state_dir}/broker.log")

    def windrow_command(self, *arguments):
        """The command line of `windrow` for this stack."""
        command = [self._program("windrow"), f"--kafka={self.kafka}"]
        command += [f"--{service}={self.address(service)}" for service in SERVICES]
        return [str(word) for word in command + list(arguments)]

    def windrow(self, *arguments, timeout=60):
        """Runs `windrow` and returns what it printed; StackError with its message otherwise."""
        done = subprocess.run(self.windrow_command(*arguments), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=timeout)
        if done.returncode != 0:
            raise StackError(done.stderr.strip())
        return done.stdout

    def kill9(self, name):
        """Ends a service as a crash would; start_service starts it again."""
        self.processes.pop(name).kill9()

    # Stopping

    def stop_order(self):
        """Names of the services that were started, who writes first at the front."""
        return [name for service in SERVICES for name in self.processes
                if name.split("-")[0] == service]

    def stop(self, timeout=GRACEFUL_STOP_SECONDS):
        """Ends everything in order: who writes first, the broker last. Returns names of those that
        had to be killed."""
        killed = []
        for name in self.stop_order():
            if not self.processes[name].terminate(timeout):
                killed.append(name)
            del self.processes[name]
        if self.broker:
            self.broker.stop()
        self._starter.shutdown()
        return killed

    def kill_all(self):
        """Kills everything and waits for nothing, so that a signal's handler may call it."""
        for process in self.processes.values():
            process.kill_now()
        if self.broker and self.broker.pid:
            _kill(self.broker.pid)


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def check_ports(ports_by_flag):
    """StackError when a port of {flag: port} is taken or named twice."""
    seen = {}
    for flag, port in ports_by_flag.items():
        if port in seen:
            raise StackError(f"{flag} and {seen[port]} name the same port {port}")
        seen[port] = flag
        if not port_is_free(port):
            raise StackError(f"port {port} is in use{_holder(port)}: stop that process, or choose "
                             f"another port with {flag}")


def _holder(port):
    """" by process N (name)" of who listens on the port, as far as /proc tells."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = pathlib.Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if words[3] == "0A" and int(words[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(f"socket:[{words[9]}]")
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            for descriptor in (process / "fd").iterdir():
                if os.readlink(descriptor) in inodes:
                    return f" by process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:
            continue  # It ended, or is not ours to see.
    return ""
