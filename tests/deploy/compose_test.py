"""compose.yaml: what it says is true of the programs, the image file and Kafka, and it runs.

Docker Compose's own check of the file is a part of `./test --deploy-tools`.
"""

import json
import os
import pathlib
import re
import shutil
import unittest

import yaml

from dev.stack import GRACEFUL_STOP_SECONDS, Ports, Stack
from tests.deploy.containers import (Container, Containerfile, DeclaredBroker, Here, PORTS, ROOT,
                                     flag_values, flags_of, kafka_properties, kafka_settings)
from tests.e2e.waiting import wait_until

STATE = pathlib.Path(os.environ.get("WINDROW_STATE_DIR", ROOT / ".run"))
# The services of Windrow, and their programs.
SERVICES = {"producer": "producer", "aggregator-0": "aggregator", "aggregator-1": "aggregator",
            "query": "query"}
ONE_SHOTS = ("topics", "replay", "cli")
START_SECONDS = 90
# What the image of Kafka 4.1 declares as volumes.
KAFKA_VOLUMES = {"/etc/kafka/secrets", "/mnt/shared/config", "/var/lib/kafka/data"}


def read_compose(path=ROOT / "compose.yaml"):
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", path.read_text(encoding="utf-8"))
    return yaml.safe_load(text)


def volumes_of(service):
    """(folder or name of a volume, folder in the container), in whichever form they are written."""
    for volume in service.get("volumes", []):
        if isinstance(volume, dict):
            yield volume["source"], volume["target"]
        else:
            yield tuple(volume.split(":")[:2])


def container_of(name, service):
    mounts = {inside: ROOT / source if source.startswith("./") else None
              for source, inside in volumes_of(service)}
    health = service.get("healthcheck", {}).get("test")
    return Container(name, service["image"], service.get("command", []),
                     {key: str(value) for key, value in service.get("environment", {}).items()}, mounts,
                     [health[1:]] if health else [])


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.file = read_compose()
        cls.services = cls.file["services"]
        cls.images = Containerfile()
        cls.ours = [*SERVICES, *ONE_SHOTS]

    def test_these_are_all(self):
        self.assertEqual(set(self.services), {"kafka", *self.ours})

    def test_images_are_targets_of_the_image_file(self):
        for name in self.ours:
            with self.subTest(name):
                service = self.services[name]
                target = container_of(name, service).target
                self.assertEqual(self.images.program[target], SERVICES.get(name, "windrow"))
                if "build" in service:
                    self.assertEqual(service["build"]["target"], target)
                    self.assertTrue((ROOT / service["build"]["dockerfile"]).exists())

    def test_each_image_is_built_once_at_least(self):
        built = {service["image"] for service in self.services.values() if "build" in service}
        self.assertEqual(built, {self.services[name]["image"] for name in self.ours})

    def test_programs_have_these_flags(self):
        for name, program in SERVICES.items():
            given = flag_values(self.services[name]["command"])
            self.assertEqual(set(given) - flags_of(program), set(), name)

    def test_ports_are_those_that_are_listened_on(self):
        for name, program in SERVICES.items():
            with self.subTest(name):
                _, port = flag_values(self.services[name]["command"])["listen"].split(":")
                self.assertEqual(int(port), PORTS[program])
                self.assertEqual(int(port), self.images.port[program])
                published = self.services[name]["ports"]
                self.assertTrue(all(re.fullmatch(rf"127\.0\.0\.1:\d+:{port}", p) for p in published))
        everything = [port for service in self.services.values() for port in service.get("ports", [])]
        host_ports = [port.split(":")[1] for port in everything]
        self.assertEqual(len(host_ports), len(set(host_ports)), host_ports)

    def test_replicas_have_names_of_their_own(self):
        names = [flag_values(self.services[name]["command"])["replica"]
                 for name, program in SERVICES.items() if program == "aggregator"]
        self.assertEqual(names, ["aggregator-0", "aggregator-1"])

    def test_nothing_of_ours_may_do_more_than_it_must(self):
        for name in self.ours:
            with self.subTest(name):
                service = self.services[name]
                self.assertTrue(service["read_only"])
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
                self.assertEqual(service["user"], "10001:10001")
                self.assertGreater(int(service["stop_grace_period"].rstrip("s")), GRACEFUL_STOP_SECONDS)

    def test_images_of_others_are_pinned(self):
        for name in set(self.services) - set(self.ours):
            self.assertRegex(self.services[name]["image"], r":[\w.]+@sha256:[0-9a-f]{64}$")

    def test_what_is_waited_for_has_what_is_waited_for(self):
        for name, service in self.services.items():
            for other, condition in service.get("depends_on", {}).items():
                with self.subTest(f"{name} after {other}"):
                    if condition["condition"] == "service_healthy":
                        self.assertIn("healthcheck", self.services[other])
                    else:
                        self.assertEqual(condition["condition"], "service_completed_successfully")
                        self.assertEqual(self.services[other]["restart"], "no")

    def test_mounted_files_are_there(self):
        for name in SERVICES:
            container = container_of(name, self.services[name])
            here = Here("/nonexistent", {})
            for value in flag_values(container.arguments).values():
                if value.startswith("/etc/"):
                    self.assertTrue(pathlib.Path(here.text(container, value)).exists(), value)

    def test_named_volumes_are_declared(self):
        used = {source for service in self.services.values() for source, _ in volumes_of(service)}
        named = {name for name in used if not name.startswith(("./", "/"))}
        self.assertEqual(named, set(self.file["volumes"]))

    def test_the_folder_of_datasets_is_neither_taken_for_a_volume_nor_made(self):
        datasets = self.services["producer"]["volumes"][0]
        self.assertEqual(datasets["target"], "/datasets")
        self.assertEqual(datasets["type"], "bind")
        self.assertFalse(datasets["bind"]["create_host_path"])

    def test_no_volume_without_a_name_is_left_behind(self):
        kafka = self.services["kafka"]
        self.assertEqual({*kafka["tmpfs"], *(inside for _, inside in volumes_of(kafka))}, KAFKA_VOLUMES)

    def test_down_reaches_the_services_of_profiles(self):
        for path in (ROOT / "compose.yaml", ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
            for line in path.read_text(encoding="utf-8").splitlines():
                if re.search(r"docker compose\b.* down\b", line):
                    self.assertIn("docker compose --profile '*' down", line, path)

    def test_kafka_is_asked_at_a_port_that_it_listens_on(self):
        kafka = self.services["kafka"]
        port = re.search(r"/dev/tcp/127\.0\.0\.1/(\d+)$", kafka["healthcheck"]["test"][-1])[1]
        self.assertIn(f"://:{port},", kafka["environment"]["KAFKA_LISTENERS"])

    def test_kafka_knows_its_settings(self):
        given = kafka_properties(self.services["kafka"]["environment"])
        self.assertEqual(set(given) - kafka_settings(), set())

    def test_kafka_has_the_settings_that_windrow_relies_on(self):
        given = kafka_properties(self.services["kafka"]["environment"])
        local = dict(re.findall(r"^([\w.]+)=(.*)$", (ROOT / "resources/broker/server.properties").read_text(),
                                re.MULTILINE))
        for name in ("group.min.session.timeout.ms", "group.initial.rebalance.delay.ms",
                     "transaction.abort.timed.out.transaction.cleanup.interval.ms",
                     "offsets.retention.minutes", "auto.create.topics.enable"):
            self.assertEqual(given[name], local[name], name)


class ComposeRuns(unittest.TestCase):
    """Every container that `docker compose --profile demo up` starts, as a process of this machine, in
    the order of depends_on: with the command line, the environment and the health check of the file."""

    def setUp(self):
        self.services = read_compose()["services"]
        self.images = Containerfile()
        self.folder = STATE / "test" / "deploy" / "compose"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.containers = {name: container_of(name, service) for name, service in self.services.items()}
        kafka = self.containers["kafka"]
        broker = DeclaredBroker(self.folder / "broker", kafka_properties(kafka.environment))
        broker.start()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(broker.stop)
        self.here = Here(self.folder, {"kafka:19092": broker.address})
        for name, program in SERVICES.items():
            port = PORTS[program]
            self.here.addresses[f"{name}:{port}"] = (
                f"127.0.0.1:{self.here.port(self.containers[name], port)}")
        self.stack = Stack(self.folder, Ports(), kafka=broker.address)
        self.addCleanup(self.stack.stop)

    def in_order(self, wanted):
        done = ["kafka"]
        while len(done) <= len(wanted):
            ready = [name for name in wanted if name not in done
                     and set(self.services[name].get("depends_on", {})) <= set(done)]
            self.assertTrue(ready, f"nothing can be started after {done}")
            done += ready
        return done[1:]

    def run_once(self, name, arguments=None):
        done = self.here.run(self.containers[name], "windrow",
                             self.containers[name].arguments if arguments is None else arguments)
        return done.stdout if done.returncode == 0 else self.fail(f"{name}: {done.stdout}{done.stderr}")

    def start(self, name):
        container = self.containers[name]
        self.stack.start_program(name, SERVICES[name], self.here.arguments(container),
                                 self.here.environment(container))

        def healthy():
            self.stack.check_running()
            program, *arguments = container.probes[0]
            done = self.here.run(container, program, arguments)
            return done.returncode == 0 or (False, done.stdout + done.stderr)

        wait_until(f"{name} to be healthy", healthy, START_SECONDS)

    def test_it_runs(self):
        for name in self.in_order([*SERVICES, "topics", "replay"]):
            if name in SERVICES:
                self.start(name)
            else:
                self.run_once(name)

        def rows():
            # Of the view that the query service may still be about to hear of.
            done = self.here.run(self.containers["cli"], "windrow",
                                 ["results", "list", "calls-by-type", "--limit", "5", "-o", "json"])
            return [json.loads(line) for line in done.stdout.splitlines()] or (False, done.stderr)

        wait_until("rows of results", rows, START_SECONDS)
        # `docker compose run --rm cli`: its own command.
        self.assertIn("query", self.run_once("cli"))
        replicas = self.run_once("cli", ["workers", "-o", "json"])
        self.assertIn("aggregator-0", replicas)
        self.assertIn("aggregator-1", replicas)
        self.assertEqual(self.stack.stop(), [], "these had to be killed")


if __name__ == "__main__":
    unittest.main()
