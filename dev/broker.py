#!/usr/bin/env python3
"""A Kafka broker for local runs and tests: one real node, in KRaft mode, on loopback.

    with Broker(".run/broker", 9092) as broker:     # or .start() and .stop()
        ...                                         # clients use broker.address

From a shell, in the foreground until Ctrl-C or SIGTERM:

    python3 dev/broker.py --port 9092 --state-dir .run/broker

The data stays in the state directory, so that a second start goes on where the first one ended.
The broker never outlives the process that started it, not even when that one is killed.
Topics are created by the services. Standard library only; Python 3.9 or later.
"""

import argparse
import base64
import fcntl
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
import zlib

REPO = pathlib.Path(__file__).resolve().parent.parent
STATE = pathlib.Path(os.environ.get("WINDROW_STATE_DIR") or REPO / ".run").absolute()
SETTINGS = REPO / "resources" / "broker"

MIN_FREE_BYTES = 500 * 1000 * 1000

# A serial collector and the first compiler only: measured on two cores against the defaults, the
# broker starts with half the CPU time, and still uses less after five million records.
JVM_OPTIONS = ["-Xms256m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]

# Ends the broker ($1) when our end of the pipe closes without a word, that is, when we died.
# prctl(PR_SET_PDEATHSIG) would do it without a process, but fires when the starting *thread* ends.
WATCHER = """
read -r word && exit 0
kill -TERM "$1" 2>/dev/null || exit 0
for i in $(seq 50); do
  sleep 0.1
  # Gone, or a zombie that nobody collects.
  case "$(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null)" in '' | Z) exit 0 ;; esac
done
kill -KILL "$1" 2>/dev/null
"""


class BrokerError(Exception):
    """The broker cannot run; the message says why, and what to do."""


def port_is_free(port):
    """Whether a server may listen on this port of loopback."""
    with socket.socket() as probe:
        # As the broker does: connections of an earlier one in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


# Those that this process was given.
_given_ports = set()


def free_port():
    """A port nobody listens on, below those that the kernel gives to outgoing connections, and not
    given to this process before: whom it was given to may not listen yet.

    Tests that run side by side (tests/run.py) take theirs from ranges of their own, since a port that
    is free now may be another's a moment later.
    """
    lane = os.environ.get("WINDROW_TEST_LANE")
    first, last = (20000, 32000) if lane is None else (
        20000 + int(lane) % 6 * 2000, 20000 + int(lane) % 6 * 2000 + 2000)
    for _ in range(200):
        port = random.randrange(first, last)
        if port not in _given_ports and port_is_free(port):
            _given_ports.add(port)
            return port
    raise BrokerError(f"no free port between {first} and {last}")


def java_command():
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(os.path.join(home, "bin", "java")) if home else None
    java = java or shutil.which("java")
    if not java:
        raise BrokerError("Java is missing: install Debian's openjdk-17-jdk-headless, or run dev/install")
    return java


def kafka_jars():
    """The jars that dev/fetch-kafka fetched, in a stable order (the class archive depends on it)."""
    folders = sorted((STATE / "kafka").glob("libs-*"))
    if not folders:
        raise BrokerError(f"Kafka's jars are not in {STATE / 'kafka'}: run dev/fetch-kafka")
    return sorted(folders[-1].glob("*.jar"))


def class_archive():
    """Where the JVM's archive of Kafka's classes is; another Java or other jars have another."""
    java = os.path.realpath(java_command())
    jars = [f"{jar} {jar.stat().st_mtime_ns}" for jar in kafka_jars()]
    key = "\n".join([java, str(os.stat(java).st_mtime_ns)] + jars)
    return STATE / "kafka" / f"classes-{zlib.crc32(key.encode()):08x}.jsa"


def request(sock, api_key, version, body):
    """Sends one request of Kafka's protocol (header version 1), returns the response's body."""
    message = struct.pack(">hhih", api_key, version, 1, -1) + body
    sock.sendall(struct.pack(">i", len(message)) + message)
    (size,) = struct.unpack(">i", _receive(sock, 4))
    return _receive(sock, size)[4:]


def _receive(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise ConnectionError("the broker closed the connection")
        data += part
    return data


def answers(port):
    """Whether the broker serves: it names itself, and has coordinators.

    Asking for the two coordinators also creates their topics, which otherwise is what the first
    consumer of a fresh broker waits for.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            # Metadata v1 for no topic: the response begins with the number of brokers.
            if struct.unpack(">i", request(sock, 3, 1, struct.pack(">i", 0))[:4])[0] < 1:
                return False
            for key_type in (0, 1):  # a group's, a transaction's
                key = b"windrow-probe"
                body = struct.pack(">h", len(key)) + key + struct.pack(">b", key_type)
                # FindCoordinator v1: throttle time, then the error.
                if struct.unpack(">h", request(sock, 10, 1, body)[4:6])[0] != 0:
                    return False
            return True
    except (OSError, struct.error):
        return False


class Broker:
    """One broker over one state directory."""

    def __init__(self, state_dir, port=9092, log_level="warn", jvm_options=()):
        self.state_dir = pathlib.Path(state_dir).absolute()
        self.port = port
        self.log_level = log_level
        self._jvm_options = list(jvm_options)
        # Further settings, which win: for tests.
        self.more_settings = {}
        # Name and password of those who may come by SASL/SCRAM, from the first start on: for tests.
        self.scram_users = {}
        self._process = None
        self._watcher = None
        self._lock = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self._process.pid if self._process else None

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, timeout=60):
        """Returns when the broker serves; raises BrokerError if it cannot, and leaves nothing."""
        if self.running:
            return
        self.stop()
        java = java_command()
        classpath = os.pathsep.join(map(str, kafka_jars()))
        if "," in str(self.state_dir):
            raise BrokerError(f"Kafka cannot keep its data in a path with a comma: {self.state_dir}")
        self.state_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.state_dir).free
        if free < MIN_FREE_BYTES:
            raise BrokerError(f"only {free // 1000000} MB are free on the disk of {self.state_dir}; "
                              f"the broker wants {MIN_FREE_BYTES // 1000000} MB")
        self._take_lock()
        try:
            deadline = time.monotonic() + timeout
            self._end_orphan()
            if not port_is_free(self.port):
                raise BrokerError(f"port {self.port} is in use by another process: stop it "
                                  f"(`ss -ltnp 'sport = :{self.port}'` names it) or choose another port")
            for attempt in range(3):
                self._write_settings()
                self._format(java, classpath)
                self._launch(java, classpath)
                if self._wait_until_it_answers(deadline):
                    return
                # The controller's port is picked at random and may be taken meanwhile.
                if attempt == 2 or not self._controller_port_was_taken():
                    raise BrokerError(f"the broker ended while it started.\n{self._reason()}")
        except BaseException:
            self.kill9()
            raise

    def stop(self, timeout=30):
        """Ends the broker in order; with force when it takes too long."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._forget()

    def kill9(self):
        """Ends the broker as a crash would."""
        if self.running:
            self._process.kill()
        self._forget()

    def wait(self, timeout=None):
        """Waits for the broker to end by itself; returns its exit code, or None after timeout."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    # Steps of start

    def _take_lock(self):
        """Two brokers on the same data would end each other in obscure ways."""
        lock = open(self.state_dir / "lock", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise BrokerError(f"another process runs a broker in {self.state_dir}") from None
        self._lock = lock

    def _end_orphan(self):
        """Waits for the broker of a starter that was killed; its watcher is ending it now."""
        try:
            pid = int((self.state_dir / "pid").read_text())
        except (OSError, ValueError):
            return
        deadline = time.monotonic() + 8
        while self._is_our_broker(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline += 5
            time.sleep(0.05)

    def _is_our_broker(self, pid):
        """Whether the process is a live broker of this directory, not one that got its number."""
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()  # empty for a zombie
        except OSError:
            return False
        return os.fsencode(str(self.state_dir / "server.properties")) in command

    def _write_settings(self):
        controller_port = free_port()
        while controller_port == self.port:  # One that was not given: 9092, say.
            controller_port = free_port()
        text = (SETTINGS / "server.properties").read_text() + "".join(
            f"{name}={value}\n" for name, value in self.more_settings.items())
        for word, value in (("@PORT@", self.port), ("@CONTROLLER_PORT@", controller_port),
                            ("@DATA_DIR@", self.state_dir / "data")):
            text = text.replace(word, str(value))
        (self.state_dir / "server.properties").write_text(text)

    def _java_options(self):
        options = list(JVM_OPTIONS)
        archive = class_archive()
        if not self._jvm_options and archive.exists():
            # Halves the start. An archive that does not fit is passed over by the JVM.
            options += ["-Xshare:auto", f"-XX:SharedArchiveFile={archive}", "-Xlog:cds=off"]
        return options + self._jvm_options + [
            f"-Dlog4j2.configurationFile={SETTINGS / 'log4j2.properties'}",
            f"-Dwindrow.log.dir={self.state_dir}",
            f"-Dwindrow.log.level={self.log_level}",
            "-Djava.awt.headless=true",
        ]

    def _format(self, java, classpath):
        """Gives the storage an identity. Written last by Kafka, meta.properties says it is done."""
        if (self.state_dir / "data" / "meta.properties").exists():
            return
        shutil.rmtree(self.state_dir / "data", ignore_errors=True)
        cluster_id = "-"
        while cluster_id.startswith("-"):  # it would be taken for an option
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        options = [o for o in self._java_options() if "ArchiveClassesAtExit" not in o]
        result = subprocess.run(
            [java, *options, "-cp", classpath, "kafka.tools.StorageTool", "format", "--cluster-id",
             cluster_id, "--config", str(self.state_dir / "server.properties"), *self._scram_options()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True)
        if result.returncode != 0:
            raise BrokerError(f"the broker's storage could not be formatted.\n{_tail(result.stdout)}")

    def _scram_options(self):
        users = [f"SCRAM-SHA-512=[name={name},password={password}]"
                 for name, password in self.scram_users.items()]
        return [word for user in users for word in ("--add-scram", user)]

    def _launch(self, java, classpath):
        (self.state_dir / "broker.log").unlink(missing_ok=True)
        # A session of its own: Ctrl-C is for us, who then end services and broker in order.
        with open(self.state_dir / "broker.out", "w") as out:
            self._process = subprocess.Popen(
                [java, *self._java_options(), "-cp", classpath, "kafka.Kafka",
                 str(self.state_dir / "server.properties")],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", WATCHER, "windrow-broker-watcher", str(self._process.pid)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        (self.state_dir / "pid").write_text(str(self._process.pid))

    def _wait_until_it_answers(self, deadline):
        """True when it serves; False when it ended."""
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if answers(self.port):
                return True
            time.sleep(0.03)
        raise BrokerError(f"the broker does not answer on port {self.port}.\n{self._reason()}")

    def _controller_port_was_taken(self):
        return "Address already in use" in self._reason(lines=100) and port_is_free(self.port)

    def _reason(self, lines=15):
        """The last words of the broker."""
        words = []
        for name in ("broker.out", "broker.log"):
            try:
                words.append((self.state_dir / name).read_text(errors="replace"))
            except OSError:
                pass
        return f"{_tail(chr(10).join(words), lines)}\nMore is in {self.state_dir}/broker.log"

    def _forget(self):
        """Nothing of ours is left running or held after this."""
        if self._process:
            self._process.wait()
            self._process = None
            (self.state_dir / "pid").unlink(missing_ok=True)
        if self._watcher:
            try:
                self._watcher.communicate(b"done\n", timeout=5)
            except (OSError, subprocess.TimeoutExpired):
                self._watcher.kill()
                self._watcher.wait()
            self._watcher = None
        if self._lock:
            self._lock.close()
            self._lock = None


def _tail(text, lines=15):
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def make_class_archive():
    """Runs a broker once and lets the JVM write down the classes it loaded."""
    archive = class_archive()
    if archive.exists():
        return archive
    for old in archive.parent.glob("classes-*.jsa*"):
        old.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="archive.", dir=archive.parent) as temp:
        part = archive.with_suffix(".jsa.part")
        broker = Broker(temp, free_port(), jvm_options=[
            f"-XX:ArchiveClassesAtExit={part}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off"])
        broker.start()
        broker.stop(timeout=60)
    if not part.exists():
        raise BrokerError("the JVM wrote no class archive")
    part.rename(archive)
    return archive


def main():
    parser = argparse.ArgumentParser(
        description="Runs a Kafka broker on loopback until Ctrl-C or SIGTERM.")
    parser.add_argument("--port", type=int, default=9092, help="of loopback; default 9092")
    parser.add_argument("--state-dir", default=str(STATE / "broker"),
                        help="where the data and the log are; default .run/broker")
    parser.add_argument("--log-level", default="warn", help="of broker.log; default warn")
    parser.add_argument("--make-archive", action="store_true",
                        help="prepare the JVM's class archive, which halves each start, and leave")
    options = parser.parse_args()

    def leave(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    try:
        if options.make_archive:
            print(make_class_archive())
            return 0
        broker = Broker(options.state_dir, options.port, options.log_level)
        began = time.monotonic()
        with broker:
            print(f"broker: ready on {broker.address} after {time.monotonic() - began:.1f} s, "
                  f"process {broker.pid}, data in {broker.state_dir}", flush=True)
            code = broker.wait()
            print(f"broker: ended by itself with code {code}\n{broker._reason()}", file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        return 0
    except BrokerError as error:
        print(f"broker: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
