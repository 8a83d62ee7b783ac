"""What compose.yaml and the manifests of k8s/ say about containers, and how to start such a container
as a process of this machine: its command line and environment as they stand, only with the names of
other containers, its ports and its folders replaced by those of this machine.
"""

import dataclasses
import os
import pathlib
import re
import subprocess

from dev.broker import Broker, free_port, java_command, kafka_jars
from dev.stack import BINARIES

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Where a program of ours listens unless told otherwise, by its name.
PORTS = {"producer": 7001, "aggregator": 7002, "query": 7003}
# And where the manifests of k8s/ put /metrics.
METRICS_PORTS = {"producer": 7101, "aggregator": 7102, "query": 7103}


@dataclasses.dataclass
class Container:
    """One container, whatever declares it."""

    name: str
    image: str
    arguments: list
    environment: dict
    # Folder in the container -> folder of this machine; None for an empty one to write to.
    mounts: dict
    # Commands (lists), or what Kubernetes says of a gRPC probe, by which its health is asked.
    probes: list = dataclasses.field(default_factory=list)

    @property
    def target(self):
        """The target of Containerfile that it is an image of; None for images of others."""
        match = re.fullmatch(r"windrow/(\w+)(:[\w.-]+)?", self.image)
        return match and match[1]


class Containerfile:
    """The targets of the Containerfile that are images."""

    def __init__(self, path=ROOT / "Containerfile"):
        self.text = path.read_text(encoding="utf-8")
        self.program = {}
        self.port = {}
        target = None
        for line in self.text.splitlines():
            if match := re.fullmatch(r"FROM \S+ AS (\w+)", line):
                target = match[1]
            elif match := re.fullmatch(r'ENTRYPOINT \["/usr/local/bin/(\w+)"\]', line):
                self.program[target] = match[1]
            elif match := re.fullmatch(r"EXPOSE (\d+)", line):
                self.port[target] = int(match[1])


def flags_of(program):
    """The names of the flags of a service, by its --help."""
    said = subprocess.run([BINARIES[program], "--help"], capture_output=True, text=True, timeout=60,
                          check=True).stdout
    return set(re.findall(r"^  --([\w-]+)", said, re.MULTILINE))


def flag_values(arguments):
    """{"listen": "0.0.0.0:7002"} of --listen=0.0.0.0:7002; one that has no value has ""."""
    return {name: value for name, _, value in
            (argument.removeprefix("--").partition("=") for argument in arguments)}


def kafka_properties(environment):
    """The properties of a broker that the image apache/kafka makes of its environment."""
    properties = {}
    for name, value in environment.items():
        if not name.startswith("KAFKA_") or name in ("KAFKA_HEAP_OPTS", "KAFKA_OPTS"):
            continue
        key = name[len("KAFKA_"):].lower()
        # One underscore is a dot, two are an underscore, three are a dash.
        key = re.sub("_+", lambda run: {1: ".", 2: "_", 3: "-"}[len(run[0])], key)
        properties[key] = value
    return properties


def kafka_settings():
    """Every setting that this Kafka's broker knows, by its own documentation."""
    page = subprocess.run(
        [java_command(), "-cp", os.pathsep.join(map(str, kafka_jars())), "kafka.server.KafkaConfig"],
        capture_output=True, text=True, timeout=120, check=True).stdout
    return set(re.findall(r'id="brokerconfigs_([\w.]+)"', page))


class DeclaredBroker(Broker):
    """The broker with the settings that a container declares, on ports and a folder of its own."""

    def __init__(self, state_dir, properties):
        super().__init__(state_dir, free_port())
        self._declared = properties

    def _write_settings(self):
        taken = {self.port}
        text = dict(self._declared)
        text["log.dirs"] = str(self.state_dir / "data")
        # Each listener that is declared gets a port of this machine; a client comes by the first one,
        # which is the one that the other containers use.
        for index, listener in enumerate(text["listeners"].split(",")):
            name, _, at = listener.partition("://")
            port = self.port
            while index and port in taken:
                port = free_port()
            taken.add(port)
            here = f"127.0.0.1:{port}"
            text["listeners"] = text["listeners"].replace(listener, f"{name}://{here}")
            text["advertised.listeners"] = re.sub(
                rf"\b{name}://[\w.-]+:\d+", f"{name}://{here}", text["advertised.listeners"])
            text["controller.quorum.voters"] = text["controller.quorum.voters"].replace(
                f"@{at}", f"@{here}")
        (self.state_dir / "server.properties").write_text(
            "".join(f"{key}={value}\n" for key, value in text.items()))


class Here:
    """This machine in place of the containers' network and folders."""

    def __init__(self, folder, addresses):
        """`addresses`: "kafka:19092" -> "127.0.0.1:23456", of every container that is spoken to."""
        self.folder = pathlib.Path(folder)
        self.addresses = addresses
        self._ports = {}

    def port(self, container, port):
        """The port of this machine that stands for a port of a container."""
        key = (container.name, port)
        if key not in self._ports:
            self._ports[key] = free_port()
        return self._ports[key]

    def text(self, container, text):
        """An argument or a value, with what is of the container replaced by what is here."""
        for address, here in self.addresses.items():
            text = re.sub(rf"(?<![\w.-]){re.escape(address)}(?!\d)", here, text)
        text = re.sub(r"\b(0\.0\.0\.0|127\.0\.0\.1|localhost):(7[01]\d\d)\b",
                      lambda match: f"{match[1].replace('0.0.0.0', '127.0.0.1')}:"
                                    f"{self.port(container, int(match[2]))}", text)
        for inside, outside in sorted(container.mounts.items(), reverse=True):
            if outside is None:
                outside = self.folder / container.name / inside.strip("/")
                outside.mkdir(parents=True, exist_ok=True)
            text = re.sub(rf"(?<![\w.-]){re.escape(inside)}(?=/|$)", str(outside), text)
        return text

    def arguments(self, container):
        return [self.text(container, argument) for argument in container.arguments]

    def environment(self, container):
        return {name: self.text(container, value) for name, value in container.environment.items()}

    def run(self, container, program, arguments, timeout=120):
        """Runs a program to its end as in the container; returns the finished process."""
        return subprocess.run(
            [BINARIES[program], *(self.text(container, argument) for argument in arguments)],
            env=dict(os.environ, **self.environment(container)), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout)
