"""The images of Containerfile, built by dev/build-images: what is in them, and that they do their work.

Not a part of `./test`, because the build compiles everything once more: `./test --images`. Takes root.
What an image holds is looked at as files; its programs run from there, as in a container (dev/in-image),
against a real broker.
"""

import json
import os
import pathlib
import subprocess
import time
import unittest

from dev.broker import Broker, free_port
from dev.stack import GRACEFUL_STOP_SECONDS, Ports, Stack
from tests.e2e.comparison import assert_same
from tests.e2e.kafka_topics import KafkaTopics
from tests.e2e.system import VIEWS, radio_codes, read_export
from tests.recount import recount

ROOT = pathlib.Path(__file__).resolve().parents[2]
STATE = pathlib.Path(os.environ.get("WINDROW_STATE_DIR", ROOT / ".run"))
FOLDER = STATE / "test" / "images"
TARGETS = {"producer": "producer", "aggregator": "aggregator", "query": "query", "cli": "windrow"}
USER = 10001
# Compressed by no one; what a node keeps. dev/build-images prints what it is.
MOST_MEGABYTES = 200
BUILD_TOOLS = ("g++", "gcc", "cc", "ld", "make", "bazel", "protoc", "java", "python3", "git", "curl")


def buildah(*words):
    """Runs buildah on the storage of dev/build-images."""
    command = f'. dev/images.sh; "${{buildah[@]}}" {" ".join(words)}'
    return subprocess.run(["bash", "-c", command], cwd=ROOT, check=True, stdout=subprocess.PIPE,
                          text=True, timeout=600).stdout.strip()


def remove(folder):
    """No mount of ours is visible out here (dev/in-image); all the same, none is crossed."""
    subprocess.run(["rm", "--recursive", "--force", "--one-file-system", folder], check=True)


class Image:
    """An image, and a copy of its file system."""

    def __init__(self, target):
        self.name = f"localhost/windrow/{target}:dev"
        described = json.loads(buildah("inspect", "--type", "image", self.name))
        self.config = described["Docker"]["config"]
        self.root = FOLDER / target
        remove(self.root)
        self.root.mkdir(parents=True)
        container = buildah("from", "--pull-never", self.name)
        try:
            mounted = buildah("mount", container)
            subprocess.run(["cp", "--archive", f"{mounted}/.", self.root], check=True, timeout=600)
        finally:
            buildah("umount", container)
            buildah("rm", container)

    def command(self, *words, binds=()):
        return [ROOT / "dev/in-image", self.root, *binds, "--", *words]

    def run(self, *words, binds=()):
        return subprocess.run(self.command(*words, binds=binds), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)

    def megabytes(self):
        out = subprocess.run(["du", "--summarize", "--block-size=1000000", self.root], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        return int(out.split()[0])


@unittest.skipUnless(os.geteuid() == 0, "takes root")
class Images(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(remove, FOLDER)
        cls.images = {target: Image(target) for target in TARGETS}

    def test_the_configuration(self):
        for target, program in TARGETS.items():
            with self.subTest(target):
                config = self.images[target].config
                self.assertEqual(config["User"], f"{USER}:{USER}")
                self.assertEqual(config["Entrypoint"], [f"/usr/local/bin/{program}"])
                self.assertEqual(config["StopSignal"], "SIGTERM")
                for label in ("title", "description", "version", "revision", "licenses", "base.name"):
                    self.assertTrue(config["Labels"].get(f"org.opencontainers.image.{label}"), label)
                if target != "cli":
                    self.assertEqual(config["Healthcheck"]["Test"], ["CMD", "windrow", "healthcheck", target])

    def test_every_program_finds_its_libraries_and_says_its_version(self):
        for target, program in TARGETS.items():
            with self.subTest(target):
                image = self.images[target]
                libraries = image.run("/usr/bin/ldd", f"/usr/local/bin/{program}")
                self.assertNotIn("not found", libraries.stdout)
                for one in {program, "windrow"}:
                    done = image.run(f"/usr/local/bin/{one}", "--help")
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_no_tools_no_lists_no_debug_information(self):
        for target, program in TARGETS.items():
            with self.subTest(target):
                root = self.images[target].root
                found = [tool for tool in BUILD_TOOLS for folder in ("usr/bin", "usr/local/bin", "usr/sbin")
                         if (root / folder / tool).exists()]
                self.assertEqual(found, [])
                self.assertEqual(list((root / "var/lib/apt/lists").glob("*")), [])
                sections = subprocess.run(["readelf", "--section-headers", root / "usr/local/bin" / program],
                                          check=True, stdout=subprocess.PIPE, text=True).stdout
                self.assertNotIn(".symtab", sections)

    def test_nothing_is_writable_for_its_user_but_the_store(self):
        for target in TARGETS:
            with self.subTest(target):
                done = self.images[target].run(
                    "/usr/bin/find", "/", "-xdev", "-writable", "-not", "-type", "l", "-not", "-path", "/proc/*")
                # The root is read-only there, and /tmp a file system of its own.
                self.assertEqual(done.stdout.split(), ["/tmp"])
                owned = subprocess.run(
                    ["find", self.images[target].root, "-xdev", "-uid", str(USER)], check=True,
                    stdout=subprocess.PIPE, text=True).stdout.split()
                self.assertEqual(owned, [str(self.images[target].root / "var/lib/windrow")])

    def test_sizes(self):
        sizes = {target: image.megabytes() for target, image in self.images.items()}
        print(f"         megabytes: {sizes}", flush=True)
        self.assertLess(max(sizes.values()), MOST_MEGABYTES)

    def test_bills_of_materials(self):
        for target, program in TARGETS.items():
            with self.subTest(target):
                out = FOLDER / f"{target}.cdx.json"
                subprocess.run([ROOT / "dev/sbom", self.images[target].root, "--name", f"windrow/{target}",
                                "--out", out], check=True, timeout=60)
                bill = json.loads(out.read_text())
                self.assertEqual((bill["bomFormat"], bill["specVersion"]), ("CycloneDX", "1.5"))
                names = {component["name"] for component in bill["components"]}
                self.assertLessEqual({"libgrpc++1.51", "librdkafka", "libc6", program, "windrow"}, names)
                installed = self.images[target].run("/usr/bin/dpkg-query", "--show").stdout.splitlines()
                debian = [c for c in bill["components"] if c.get("purl", "").startswith("pkg:deb/")]
                self.assertEqual(len(debian), len(installed))

    def test_they_do_their_work(self):
        """Calls through all three services, compared with a recount; then SIGTERM."""
        folder = FOLDER / "work"
        store, out = folder / "store", folder / "out"
        for path in (store, out):
            path.mkdir(parents=True)
            os.chown(path, USER, USER)
        binds = {"query": ("--rw", f"{store}:/var/lib/windrow"),
                 "aggregator": ("--ro", f"{ROOT / 'resources'}:/etc/windrow"),
                 "windrow": ("--rw", f"{out}:/var/lib/windrow")}
        broker = Broker(folder / "broker", free_port())
        broker.start()
        self.addCleanup(broker.stop)
        wrappers = {}
        for target, program in TARGETS.items():
            wrappers[program] = folder / program
            words = " ".join(str(word) for word in self.images[target].command(
                f"/usr/local/bin/{program}", binds=binds.get(program, ())))
            wrappers[program].write_text(f'#!/bin/sh\nexec {words} "$@"\n')
            wrappers[program].chmod(0o755)
        stack = Stack(folder / "stack", Ports.free(), kafka=broker.address, binaries=wrappers)
        self.addCleanup(stack.stop)
        stack.windrow("topics", "create", "calls", "--partitions", "4")
        stack.start_service("aggregator", ["--replica=aggregator-0",
                                           "--pipeline_file=/etc/windrow/pipelines/sf_calls.textproto"])
        stack.start_service("query", ["--store_dir=/var/lib/windrow/store"])
        stack.start_service("producer")
        for name in ("aggregator", "query", "producer"):
            stack.wait_healthy(name, 90)
        self.assertEqual(self.uids(stack), {name: USER for name in stack.processes})
        stack.windrow("producer", "start", "--records", "3000", "--seed", "7", "--late-fraction", "0.02")
        stack.windrow("producer", "status", "--wait", timeout=120)
        stack.windrow("pipelines", "drain", "--wait", "120s", timeout=150)
        stack.windrow("results", "export", "--dir", "/var/lib/windrow/export", timeout=120)
        records = [recount.LogRecord(record.partition, record.offset, record.timestamp_ms, record.value)
                   for record in KafkaTopics(broker.address).records("calls")]
        self.assertEqual(len(records), 3000)
        expected = recount.recount(records)
        rows = read_export(out / "export")
        for view in VIEWS:
            assert_same(self, expected.rows(view, radio_codes()), rows[view], view)
        began = time.monotonic()
        self.assertEqual(stack.stop(), [], "these had to be killed")
        self.assertLess(time.monotonic() - began, 3 * GRACEFUL_STOP_SECONDS)

    def uids(self, stack):
        """The user of each service's process."""
        found = {}
        for name, process in stack.processes.items():
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            line = next(line for line in status.splitlines() if line.startswith("Uid:"))
            found[name] = int(line.split()[1])
        return found


if __name__ == "__main__":
    unittest.main()
