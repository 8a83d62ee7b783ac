"""The peers: how each is built and started."""

import dataclasses
import os
import pathlib
import subprocess

from dev.broker import java_command

REPO = pathlib.Path(__file__).resolve().parents[2]
BUILT = pathlib.Path(os.environ.get("WINDROW_STATE_DIR") or REPO / ".run").absolute() / "peers"
FORMS = ("ordinary", "best")


class PeerError(Exception):
    """A peer cannot be built; the message says why."""


@dataclasses.dataclass
class Engine:
    name: str
    words: str
    main: str
    # For the JVM, by form.
    java_options: dict
    # How often the best form commits: where only throughput is asked for, and where latency is.
    commit_ms: int
    live_commit_ms: int

    def command(self, form, live, **arguments):
        """Java and its arguments. `arguments` are those that all peers know."""
        folder = BUILT / self.name
        commit_ms = self.live_commit_ms if live else self.commit_ms
        return [java_command(), *QUIET, *self.java_options[form],
                "-cp", f"{folder}/{self.name}.jar:{folder}/lib/*", self.main, f"--form={form}",
                f"--commit_ms={commit_ms}",
                *(f"--{name}={value}" for name, value in arguments.items())]


QUIET = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]

# The serial and the parallel collector stop the world, which costs least in all; G1, which is what
# Java chooses for itself, works beside the program and takes its processors.
BEST_JAVA = ["-Xms1g", "-Xmx1g", "-XX:+UseParallelGC"]

# What Spark's own scripts open to it, as far as it is needed here.
SPARK_JAVA = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in (
    "java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio",
    "java.util", "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch",
    "sun.nio.cs", "sun.security.action", "sun.util.calendar")]

ENGINES = {engine.name: engine for engine in (
    Engine("kafka-streams", "Kafka Streams", "windrow.peers.streams.Main",
           {"ordinary": [], "best": BEST_JAVA}, commit_ms=100, live_commit_ms=50),
    Engine("flink", "Flink", "windrow.peers.flink.Main",
           {"ordinary": [], "best": BEST_JAVA}, commit_ms=1000, live_commit_ms=50),
    # Commits with each of its batches.
    Engine("spark", "Spark", "windrow.peers.spark.Main",
           {"ordinary": SPARK_JAVA, "best": SPARK_JAVA + BEST_JAVA}, commit_ms=0,
           live_commit_ms=0),
)}


def build(names):
    """Compiles them; the first time Maven fetches what they need."""
    done = subprocess.run(
        ["mvn", "--quiet", "--batch-mode", f"--file={REPO / 'bench/peers/pom.xml'}",
         f"-Doutput.folder={BUILT}", f"--projects=calls,{','.join(names)}", "package"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    if done.returncode != 0:
        lines = [line for line in done.stdout.splitlines() if line.startswith("[ERROR] ")]
        raise PeerError("Maven could not build the peers:\n" + "\n".join(lines[:10]))
