"""k8s/: the manifests are valid, agree with each other and with the programs, and what the pods of an
overlay run starts and serves.

kubeconform and kube-score are a part of `./test --deploy-checkers`.
"""

import dataclasses
import hashlib
import os
import pathlib
import re
import shutil
import socket
import struct
import tempfile
import unittest

import kubernetes_validate
import yaml

from dev.broker import Broker, free_port, request
from dev.stack import GRACEFUL_STOP_SECONDS, Ports, Stack
from tests.deploy.containers import (Containerfile, DeclaredBroker, Here, METRICS_PORTS, PORTS, ROOT,
                                     flag_values, flags_of, kafka_properties)
from tests.deploy.manifests import COMPONENTS, K8S, KEDA_WITH, OVERLAYS, PROBES, Manifests, probe_of
from tests.e2e.certificates import Authority
from tests.e2e.grpcurl import Grpcurl
from tests.e2e.waiting import wait_until

STATE = pathlib.Path(os.environ.get("WINDROW_STATE_DIR", ROOT / ".run"))
VERSION = "1.37"
# Objects of operators: kinds that Kubernetes itself does not know.
OF_OPERATORS = {"KafkaTopic", "KafkaUser", "PrometheusRule", "ScaledObject", "ServiceMonitor"}
# The overlays whose Kafka Strimzi runs, and how its KafkaUsers say who they are.
WITH_STRIMZI = {"prod": "tls", "prod-scram": "scram-sha-512"}
START_SECONDS = 90
LIVE = "liveness"
READY = "readiness"


def asked_for(probe):
    """Which of the two a probe asks for."""
    if isinstance(probe, dict):
        return probe["service"]
    return probe[5] if probe[4:5] == ["--probe"] else READY


def selects(selector, labels):
    """Whether a label selector picks something with these labels."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for term in selector.get("matchExpressions", []):
        if term["operator"] != "In" or labels.get(term["key"]) not in term["values"]:
            return False
    return True


class EachOverlay(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.overlays = {name: Manifests(name) for name in OVERLAYS}
        # And with everything that is optional.
        cls.overlays.update((f"{name}, all", Manifests(name, COMPONENTS)) for name in OVERLAYS)
        cls.images = Containerfile()
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = cls._folder.name

    def each(self):
        return self.overlays.values()

    def each_pod(self):
        for manifests in self.each():
            for name, labels, spec in manifests.pods():
                yield manifests, name, labels, spec

    def each_container_of_ours(self):
        for manifests, _, _, spec in self.each_pod():
            for container in spec["containers"]:
                if container["image"].startswith("windrow/"):
                    target = re.match(r"windrow/(\w+)", container["image"])[1]
                    yield manifests, spec, container, self.images.program[target]

    def test_there_are_overlays(self):
        self.assertIn("dev", OVERLAYS)

    def test_schemas(self):
        for manifests in self.each():
            for thing in manifests.objects:
                with self.subTest(f"{thing['kind']} {thing['metadata']['name']}"):
                    if thing["kind"] not in OF_OPERATORS:
                        kubernetes_validate.validate(thing, VERSION, strict=True)

    def test_every_field_of_a_file_stands_once(self):
        # YAML takes the last of two, in silence.
        for path in K8S.rglob("*.yaml"):
            with self.subTest(path.name):
                for _ in yaml.load_all(path.read_text(encoding="utf-8"), Loader=NoDuplicates):
                    pass

    def test_programs_have_these_flags(self):
        for _, _, container, program in self.each_container_of_ours():
            if program != "windrow":
                given = flag_values(container["args"])
                self.assertEqual(set(given) - flags_of(program), set())

    def test_ports_agree(self):
        for manifests, _, container, program in self.each_container_of_ours():
            if program == "windrow":
                continue
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            _, _, port = flag_values(container["args"])["listen"].rpartition(":")
            self.assertEqual(ports["grpc"], int(port))
            self.assertEqual(ports["grpc"], PORTS[program])
            _, _, port = flag_values(container["args"])["metrics_address"].rpartition(":")
            self.assertEqual(ports["metrics"], int(port))
            self.assertEqual(ports["metrics"], METRICS_PORTS[program])
            for kind in PROBES:
                probe = probe_of(container[kind])
                if isinstance(probe, dict):
                    self.assertEqual(probe["port"], ports["grpc"], kind)
                else:
                    self.assertEqual(probe[:4], ["windrow", f"--{program}=localhost:{ports['grpc']}",
                                                 "healthcheck", program])
            service = manifests.find("Service", container["name"])["spec"]
            self.assertEqual({port["name"]: port["port"] for port in service["ports"]}, ports)
            self.assertEqual(service["clusterIP"], "None")

    def test_life_does_not_depend_on_kafka(self):
        for _, _, container, program in self.each_container_of_ours():
            if program == "windrow":
                continue
            asked = [asked_for(probe_of(container[kind])) for kind in PROBES]
            self.assertEqual(asked, [LIVE, LIVE, READY])

    def test_pods_may_do_no_more_than_they_must(self):
        for _, _, _, spec in self.each_pod():
            self.assertIs(spec["automountServiceAccountToken"], False)
            self.assertIs(spec["enableServiceLinks"], False)
            security = spec["securityContext"]
            self.assertIs(security["runAsNonRoot"], True)
            self.assertEqual(security["seccompProfile"], {"type": "RuntimeDefault"})
            for container in spec["containers"]:
                self.assertEqual(container["securityContext"], {
                    "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]}})
                resources = container["resources"]
                self.assertEqual(resources["requests"]["memory"], resources["limits"]["memory"])
                self.assertRegex(container["image"], r":[\w.-]+(@sha256:[0-9a-f]{64})?$")

    def test_the_namespace_is_restricted(self):
        for manifests in self.each():
            (namespace,) = manifests.of_kind("Namespace")
            self.assertEqual(
                namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted")
            self.assertEqual({thing["metadata"]["namespace"] for thing in manifests.objects
                              if thing is not namespace}, {namespace["metadata"]["name"]})

    def test_there_is_time_to_stop(self):
        for _, _, _, spec in self.each_pod():
            self.assertGreater(spec.get("terminationGracePeriodSeconds", 30), GRACEFUL_STOP_SECONDS)

    def test_selectors_pick_something(self):
        for manifests in self.each():
            pods = [labels for _, labels, _ in manifests.pods()]
            selectors = [thing["spec"]["selector"] for thing in manifests.of_kind("PodDisruptionBudget")]
            selectors += [{"matchLabels": thing["spec"]["selector"]}
                          for thing in manifests.of_kind("Service")]
            selectors += [thing["spec"]["podSelector"] for thing in manifests.of_kind("NetworkPolicy")]
            for _, _, spec in manifests.pods():
                selectors += [constraint["labelSelector"]
                              for constraint in spec.get("topologySpreadConstraints", [])]
            for selector in selectors:
                self.assertTrue(any(selects(selector, labels) for labels in pods), selector)

    def test_every_service_of_ours_has_a_budget_of_disruptions(self):
        for manifests in self.each():
            budgets = [thing["spec"]["selector"] for thing in manifests.of_kind("PodDisruptionBudget")]
            for workload in manifests.of_kind("Deployment", "StatefulSet"):
                labels = workload["spec"]["template"]["metadata"]["labels"]
                self.assertEqual(sum(selects(budget, labels) for budget in budgets), 1)

    def test_what_is_mounted_is_there(self):
        for manifests, spec, container, _ in self.each_container_of_ours():
            for source in container.get("envFrom", []):
                manifests.find("ConfigMap", source["configMapRef"]["name"])
            for volume in spec.get("volumes", []):
                if "configMap" in volume:
                    data = manifests.find("ConfigMap", volume["configMap"]["name"])["data"]
                    for item in volume["configMap"].get("items", []):
                        self.assertIn(item["key"], data)

    def test_keda_owns_the_replicas_when_it_is_there(self):
        for overlay in OVERLAYS:
            with_keda = Manifests(overlay, ["keda"])
            scaled = with_keda.find("ScaledObject", "aggregator")["spec"]
            target = with_keda.find(scaled["scaleTargetRef"]["kind"], scaled["scaleTargetRef"]["name"])
            self.assertNotIn("replicas", target["spec"])
            (trigger,) = scaled["triggers"]
            environment = with_keda.container("aggregator", tempfile.mkdtemp(dir=self.folder)).environment
            self.assertIn(trigger["metadata"]["bootstrapServersFromEnv"], environment)
            pipeline = (ROOT / "resources/pipelines/sf_calls.textproto").read_text(encoding="utf-8")
            self.assertIn(f'source_topic: "{trigger["metadata"]["topic"]}"', pipeline)
            group = trigger["metadata"]["consumerGroup"].removeprefix("windrow.")
            self.assertIn(f'name: "pipelines/{group}"', pipeline)

    def test_keda_shows_kafka_what_the_aggregator_shows(self):
        self.assertEqual(set(KEDA_WITH), set(WITH_STRIMZI))
        for overlay, component in KEDA_WITH.items():
            manifests = Manifests(overlay, ["keda", component])
            (trigger,) = manifests.find("ScaledObject", "aggregator")["spec"]["triggers"]
            self.assertEqual(trigger["metadata"]["tls"], "enable")
            shown = manifests.find("TriggerAuthentication", trigger["authenticationRef"]["name"])["spec"]
            mounted = self.secrets_mounted(overlay, "aggregator")
            secrets = {ref["parameter"]: (ref["name"], ref["key"]) for ref in shown["secretTargetRef"]}
            for name, _ in secrets.values():
                self.assertIn(name, mounted)
            (spec,) = [spec for name, _, spec in manifests.pods() if name == "aggregator"]
            (container,) = spec["containers"]
            environment = {variable["name"] for variable in container["env"]}
            for variable in shown.get("env", []):
                self.assertEqual(variable["containerName"], container["name"])
                self.assertIn(variable["name"], environment)
            parameters = set(secrets) | {variable["parameter"] for variable in shown.get("env", [])}
            if WITH_STRIMZI[overlay] == "tls":
                self.assertEqual(parameters, {"ca", "cert", "key"})
                self.assertNotIn("sasl", trigger["metadata"])
            else:
                self.assertEqual(parameters, {"ca", "username", "password"})
                self.assertEqual(trigger["metadata"]["sasl"], "scram_sha512")

    def test_each_service_has_a_kafka_user_that_may_do_what_it_must(self):
        for overlay, authentication in WITH_STRIMZI.items():
            manifests = self.overlays[overlay]
            self.assertEqual(manifests.find("KafkaTopic", "calls")["spec"]["topicName"], "calls")
            for name in PORTS:
                user = manifests.find("KafkaUser", f"windrow-{name}")["spec"]
                self.assertEqual(user["authentication"], {"type": authentication})
                named = {(acl["resource"]["type"], acl["resource"]["name"])
                         for acl in user["authorization"]["acls"]}
                self.assertLessEqual(named, {("topic", "calls"), ("topic", "sf-calls."),
                                             ("topic", "windrow."), ("topic", "windrow.control"),
                                             ("group", "windrow."), ("transactionalId", "windrow.")})

    def client_of(self, overlay, name, secrets=None):
        """The container of a service, and its properties of librdkafka."""
        container = self.overlays[overlay].container(name, tempfile.mkdtemp(dir=self.folder), secrets)
        text = (container.mounts["/etc/windrow-kafka/client"] / "client.properties").read_text("utf-8")
        return container, dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))

    def secrets_mounted(self, overlay, name):
        (spec,) = [spec for workload, _, spec in self.overlays[overlay].pods() if workload == name]
        return {volume["secret"]["secretName"] for volume in spec["volumes"] if "secret" in volume}

    def test_the_kafka_client_finds_its_files(self):
        for overlay in WITH_STRIMZI:
            for name in PORTS:
                container, properties = self.client_of(overlay, name)
                self.assertEqual(container.environment["WINDROW_KAFKA_CONFIG"],
                                 "/etc/windrow-kafka/client/client.properties")
                self.assertEqual(properties["ssl.ca.location"], "/etc/windrow-kafka/ca/ca.crt")
                self.assertIn("windrow-cluster-ca-cert", self.secrets_mounted(overlay, name))
                for key, value in properties.items():
                    if key.endswith(".location"):
                        self.assertIn(str(pathlib.PurePath(value).parent), container.mounts)

    def test_prod_shows_kafka_a_certificate(self):
        for name in PORTS:
            container, properties = self.client_of("prod", name)
            self.assertEqual(properties["security.protocol"], "ssl")
            self.assertIn("ssl.certificate.location", properties)
            self.assertIn("ssl.key.location", properties)
            self.assertIn(f"windrow-{name}", self.secrets_mounted("prod", name))
            self.assertEqual([key for key in container.environment if "SASL" in key], [])

    def test_prod_scram_shows_kafka_a_password(self):
        for name in PORTS:
            user = f"windrow-{name}"
            container, properties = self.client_of("prod-scram", name, {user: {"password": b"7h3-p4ss"}})
            self.assertEqual(properties, {"security.protocol": "sasl_ssl",
                                          "sasl.mechanism": "SCRAM-SHA-512",
                                          "ssl.ca.location": "/etc/windrow-kafka/ca/ca.crt"})
            self.assertNotIn(user, self.secrets_mounted("prod-scram", name))
            self.assertEqual({key: value for key, value in container.environment.items() if "SASL" in key},
                             {"WINDROW_KAFKA_SASL_USERNAME": user,
                              "WINDROW_KAFKA_SASL_PASSWORD": "7h3-p4ss"})
            # Arguments are here as the kubelet expands them.
            self.assertNotIn("7h3-p4ss", " ".join(container.arguments))

    def test_passwords_are_in_secrets_alone(self):
        for manifests in self.each():
            for thing in manifests.of_kind("ConfigMap"):
                self.assertNotRegex(str(thing["data"]), "(?i)sasl.?password *=|jaas")
                self.assertEqual([key for key in thing["data"] if "PASSWORD" in key.upper()], [])
        for _, _, container, _ in self.each_container_of_ours():
            self.assertNotRegex(str(container.get("command", []) + container.get("args", [])), "(?i)password")
            for variable in container.get("env", []):
                if "PASSWORD" in variable["name"]:
                    self.assertEqual(list(variable.get("valueFrom", variable)), ["secretKeyRef"])

    def test_pods_may_speak_to_kafka(self):
        for manifests in self.each():
            (rule,) = manifests.find("NetworkPolicy", "to-kafka")["spec"]["egress"]
            allowed = [port["port"] for port in rule["ports"]]
            for name in PORTS:
                container = manifests.container(name, tempfile.mkdtemp(dir=self.folder))
                port = container.environment["WINDROW_KAFKA"].rpartition(":")[2]
                self.assertEqual([int(port)], allowed)

    def test_listeners_are_explained(self):
        page = (K8S / "README.md").read_text(encoding="utf-8")
        for overlay, authentication in WITH_STRIMZI.items():
            address = self.client_of(overlay, "producer")[0].environment["WINDROW_KAFKA"]
            self.assertRegex(page, rf"port: {address.rpartition(':')[2]}, type: internal, tls: true, "
                                   rf"authentication: {{type: {authentication}}}")

    def test_prod_speaks_tls_to_those_whom_it_knows(self):
        for overlay in WITH_STRIMZI:
            self.check_tls(self.overlays[overlay])

    def check_tls(self, prod):
        for name in PORTS:
            (spec,) = [spec for workload, _, spec in prod.pods() if workload == name]
            (container,) = spec["containers"]
            given = flag_values(container["args"])
            self.assertNotIn("insecure_plaintext", given)
            holds = {"/etc/windrow-tls": {"tls.crt", "tls.key", "ca.crt"},  # As cert-manager has it.
                     "/etc/windrow-auth": {"principals"}, "/etc/windrow-policy": {"policy.txt"}}
            places = {mount["mountPath"] for mount in container["volumeMounts"]}
            self.assertLessEqual(set(holds), places)
            for flag in ("tls_cert", "tls_key", "tls_client_ca", "auth_principals", "auth_policy"):
                folder, _, file = given[flag].rpartition("/")
                self.assertIn(file, holds[folder], flag)
            (port,) = [port for port in prod.find("Service", name)["spec"]["ports"]
                       if port["name"] == "grpc"]
            self.assertNotIn("appProtocol", port)
        policy = (ROOT / "resources/auth/policy.txt").read_text(encoding="utf-8")
        self.assertIn({"policy.txt": policy}, [thing["data"] for thing in prod.of_kind("ConfigMap")])

    def test_secrets_are_explained(self):
        page = (K8S / "README.md").read_text(encoding="utf-8")
        for _, _, _, spec in self.each_pod():
            for volume in spec.get("volumes", []):
                if "secret" in volume:
                    self.assertIn(f"`{volume['secret']['secretName']}`", page)
            for container in spec["containers"]:
                for variable in container.get("env", []):
                    if "secretKeyRef" in variable.get("valueFrom", {}):
                        self.assertIn(f"`{variable['valueFrom']['secretKeyRef']['name']}`", page)

    def test_prometheus_finds_every_service(self):
        for overlay in OVERLAYS:
            with_monitor = Manifests(overlay, ["service-monitor"])
            monitor = with_monitor.find("ServiceMonitor", "windrow")["spec"]
            (endpoint,) = monitor["endpoints"]
            found = {}
            for service in with_monitor.of_kind("Service"):
                labels = service["metadata"]["labels"]
                for port in service["spec"]["ports"]:
                    if selects(monitor["selector"], labels) and port["name"] == endpoint["port"]:
                        found[service["metadata"]["name"]] = port["port"]
                        # What the alert rules say.
                        self.assertEqual(labels[monitor["jobLabel"]], "windrow")
            self.assertEqual(found, METRICS_PORTS)

    def test_alert_rules_are_the_tested_ones(self):
        shipped = yaml.safe_load((ROOT / "resources/monitoring/alerts.yaml").read_text(encoding="utf-8"))
        rule = Manifests("dev", ["service-monitor"]).find("PrometheusRule", "windrow")
        self.assertEqual(rule["spec"], shipped)

    def test_metrics_are_for_prometheus_alone(self):
        for manifests in self.each():
            policy = manifests.find("NetworkPolicy", "metrics")["spec"]
            (rule,) = policy["ingress"]
            self.assertEqual([port["port"] for port in rule["ports"]], ["metrics"])
            (source,) = rule["from"]
            self.assertEqual(source["podSelector"], {"matchLabels": {"app.kubernetes.io/name": "prometheus"}})

    def test_network_policies_deny_and_allow(self):
        for manifests in self.each():
            policies = {thing["metadata"]["name"]: thing["spec"]
                        for thing in manifests.of_kind("NetworkPolicy")}
            self.assertEqual(policies["deny-all"],
                             {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
            for name, _, spec in manifests.pods():
                for container in spec["containers"]:
                    for port in container.get("ports", []):
                        self.assertTrue(
                            any(allowed["port"] in (port["name"], port["containerPort"])
                                for policy in policies.values() for rule in policy.get("ingress", [])
                                for allowed in rule.get("ports", [])),
                            f"nobody may speak to {name} at {port}")


class NoDuplicates(yaml.SafeLoader):
    """Refuses a mapping with the same key twice."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"{key} stands twice, {node.start_mark}")
        return super().construct_mapping(node, deep=deep)


class OverlayRuns(unittest.TestCase):
    """The pods of the overlay dev as processes of this machine, Kafka's among them."""

    def setUp(self):
        self.manifests = Manifests("dev")
        self.folder = STATE / "test" / "deploy" / "k8s"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.containers = {name: self.manifests.container(name, self.folder / "configmaps")
                           for name in ("kafka", "topics", "producer", "aggregator", "query")}
        self.here = Here(self.folder, {})
        for name, port in PORTS.items():
            self.here.addresses[f"{name}:{port}"] = (
                f"127.0.0.1:{self.here.port(self.containers[name], port)}")
        self.stack = Stack(self.folder, Ports(), kafka="kafka:9092")
        self.addCleanup(self.stack.stop)

    def start(self, name):
        container = self.containers[name]
        self.stack.start_program(name, name, self.here.arguments(container),
                                 self.here.environment(container))

    def health(self, name, probe):
        """The answer to a probe, as the kubelet would ask."""
        port = self.here.port(self.containers[name], probe["port"])
        answer = Grpcurl(f"127.0.0.1:{port}").call_ok(
            "grpc.health.v1.Health/Check", {"service": probe.get("service", "")})
        return answer and answer.get("status")

    def wait_for(self, name, probe, status):
        def is_so():
            self.stack.check_running()
            now = self.health(name, probe)
            return now == status or (False, now)

        wait_until(f"{name} to answer {probe} with {status}", is_so, START_SECONDS)

    def test_they_live_without_kafka(self):
        self.here.addresses["kafka:9092"] = "127.0.0.1:1"
        for name in PORTS:
            self.start(name)
        for name in PORTS:
            startup, liveness, readiness = self.containers[name].probes
            self.wait_for(name, startup, "SERVING")
            self.wait_for(name, liveness, "SERVING")
            self.wait_for(name, readiness, "NOT_SERVING")
        self.assertEqual(self.stack.stop(), [], "these had to be killed")

    def test_they_run(self):
        properties = kafka_properties(self.containers["kafka"].environment)
        broker = DeclaredBroker(self.folder / "broker", properties)
        broker.start()
        self.addCleanup(broker.stop)
        self.here.addresses["kafka:9092"] = broker.address
        topics = self.containers["topics"]
        done = self.here.run(topics, "windrow", topics.arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in PORTS:
            self.start(name)
        for name in PORTS:
            for probe in self.containers[name].probes:
                self.wait_for(name, probe, "SERVING")
        # `kubectl exec aggregator-0 -- windrow ...`: the pod's environment says where everything is.
        aggregator = self.containers["aggregator"]
        healthy = self.here.run(aggregator, "windrow", ["health", "--wait", f"{START_SECONDS}s"])
        self.assertEqual(healthy.returncode, 0, healthy.stdout + healthy.stderr)
        replicas = self.here.run(aggregator, "windrow", ["workers", "-o", "json"])
        self.assertIn('"aggregator-0"', replicas.stdout, replicas.stderr)
        pipelines = self.here.run(aggregator, "windrow", ["pipelines", "list", "-o", "json"])
        self.assertIn("pipelines/sf-calls", pipelines.stdout, pipelines.stderr)
        self.assertEqual(self.stack.stop(), [], "these had to be killed")


class ProdRuns(unittest.TestCase):
    """The pods of the overlay prod as processes of this machine, by TLS to each other's callers and to
    a Kafka that knows its clients by certificates, and lets them do what the KafkaUsers say."""

    OVERLAY = "prod"
    PROTOCOL = "SSL"
    # The listener's, and what a KafkaUser is called by the authorizer.
    AUTHENTICATION = {"ssl.client.auth": "required"}
    PRINCIPAL = "User:CN="

    def setUp(self):
        self.manifests = Manifests(self.OVERLAY)
        self.folder = STATE / "test" / "deploy" / self.OVERLAY
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.callers = Authority(self.folder / "callers")
        self.kafka = Authority(self.folder / "kafka")
        secrets = {f"{name}-tls": self.tls_secret(name) for name in PORTS}
        secrets.update((f"windrow-{name}", self.kafka_user(f"windrow-{name}")) for name in PORTS)
        secrets["windrow-cluster-ca-cert"] = {"ca.crt": self.kafka.certificate.read_bytes()}
        digest = hashlib.sha256(b"a-token").hexdigest()
        secrets["windrow-principals"] = {"principals": f"admin somebody sha256:{digest}\n".encode()}
        self.containers = {name: self.manifests.container(name, self.folder / "mounts", secrets)
                           for name in PORTS}
        self.bootstrap = self.containers["producer"].environment["WINDROW_KAFKA"]
        self.here = Here(self.folder, {})
        for name, port in PORTS.items():
            self.here.addresses[f"{name}:{port}"] = (
                f"localhost:{self.here.port(self.containers[name], port)}")
        for container in self.containers.values():
            properties = container.mounts["/etc/windrow-kafka/client"] / "client.properties"
            properties.write_text(self.here.text(container, properties.read_text(encoding="utf-8")))
        self.stack = Stack(self.folder, Ports(), kafka="unused")
        self.addCleanup(self.stack.stop)

    def tls_secret(self, name):
        certificate, key = self.callers.issue(name)
        return {"tls.crt": certificate.read_bytes(), "tls.key": key.read_bytes(),
                "ca.crt": self.callers.certificate.read_bytes()}

    def kafka_user(self, name):
        certificate, key = self.kafka.issue(name)
        return {"user.crt": certificate.read_bytes(), "user.key": key.read_bytes()}

    def start_kafka(self):
        broker = self.broker()
        port = free_port()
        certificate, key = self.kafka.issue("kafka")
        store = self.folder / "kafka.pem"
        store.write_text(key.read_text() + certificate.read_text())
        broker.more_settings = {
            "listeners": f"PLAINTEXT://127.0.0.1:{broker.port},TLS://127.0.0.1:{port},"
                         "CONTROLLER://127.0.0.1:@CONTROLLER_PORT@",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker.port},TLS://127.0.0.1:{port}",
            "listener.security.protocol.map":
                f"PLAINTEXT:PLAINTEXT,TLS:{self.PROTOCOL},CONTROLLER:PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": store,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.kafka.certificate,
            **self.AUTHENTICATION,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # The test itself, and the broker.
            "super.users": "User:ANONYMOUS",
        }
        broker.start()
        self.addCleanup(broker.stop)
        for name in PORTS:
            user = self.manifests.find("KafkaUser", f"windrow-{name}")
            create_acls(broker.port, f"{self.PRINCIPAL}windrow-{name}",
                        user["spec"]["authorization"]["acls"])
        self.here.addresses[self.bootstrap] = f"127.0.0.1:{port}"
        return broker

    def broker(self):
        return Broker(self.folder / "broker", free_port())

    def start(self, name):
        container = self.containers[name]
        self.stack.start_program(name, name, self.here.arguments(container),
                                 self.here.environment(container))

    def probe(self, name, probe):
        """What the kubelet does: the exit code of the command."""
        program, *arguments = probe
        return self.here.run(self.containers[name], program, arguments).returncode

    def wait_for(self, name, probe):
        def is_so():
            self.stack.check_running()
            code = self.probe(name, probe)
            return code == 0 or (False, code)

        wait_until(f"{name} to answer {probe}", is_so, START_SECONDS)

    def windrow(self, *arguments, token=True):
        """`kubectl exec aggregator-0 -- windrow ...`, of somebody with a token."""
        file = self.folder / "token"
        file.write_text("a-token")
        flags = ["--token-file", str(file)] if token else []
        return self.here.run(self.containers["aggregator"], "windrow", [*flags, *arguments])

    def test_they_live_without_kafka(self):
        self.here.addresses[self.bootstrap] = "127.0.0.1:1"
        for name in PORTS:
            self.start(name)
        for name in PORTS:
            startup, liveness, readiness = self.containers[name].probes
            self.wait_for(name, startup)
            self.wait_for(name, liveness)
            self.assertNotEqual(self.probe(name, readiness), 0)
        self.assertEqual(self.stack.stop(), [], "these had to be killed")

    def test_they_run(self):
        broker = self.start_kafka()
        topic = self.manifests.find("KafkaTopic", "calls")["spec"]
        operator = dataclasses.replace(self.containers["aggregator"], environment={})
        made = self.here.run(operator, "windrow",
                             ["--kafka", broker.address, "topics", "create", topic["topicName"],
                              "--partitions", str(topic["partitions"])])
        self.assertEqual(made.returncode, 0, made.stderr)
        for name in PORTS:
            self.start(name)
        for name in PORTS:
            for probe in self.containers[name].probes:
                self.wait_for(name, probe)
        for command in (["producer", "start", "--records", "2000", "--seed", "3"],
                        ["producer", "status", "--wait"], ["pipelines", "drain", "--wait", "60s"]):
            done = self.windrow(*command)
            self.assertEqual(done.returncode, 0, (command, done.stderr))

        def rows():
            done = self.windrow("results", "list", "calls-by-type", "-o", "json")
            return done.stdout.count("\n") > 0 or (False, done.stderr)

        wait_until("rows of results", rows, START_SECONDS)
        refused = self.windrow("pipelines", "list", token=False)
        self.assertEqual(refused.returncode, 64 + 16, refused.stderr)  # UNAUTHENTICATED
        # More than its KafkaUser allows, nobody may do.
        denied = self.here.run(self.containers["producer"], "windrow", ["topics", "create", "mine"])
        self.assertNotEqual(denied.returncode, 0, denied.stdout)
        self.assertEqual(self.stack.stop(), [], "these had to be killed")


class ProdScramRuns(ProdRuns):
    """The same of the overlay prod-scram, with a Kafka that knows its clients by passwords."""

    OVERLAY = "prod-scram"
    PROTOCOL = "SASL_SSL"
    AUTHENTICATION = {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.tls.scram-sha-512.sasl.jaas.config":
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"}
    PRINCIPAL = "User:"

    def kafka_user(self, name):
        return {"password": f"password-of-{name}".encode()}

    def broker(self):
        broker = super().broker()
        broker.scram_users = {f"windrow-{name}": f"password-of-windrow-{name}" for name in PORTS}
        return broker


# Kafka's numbers.
RESOURCE_TYPES = {"topic": 2, "group": 3, "cluster": 4, "transactionalId": 5}
PATTERN_TYPES = {"literal": 3, "prefix": 4}
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Delete": 6, "Alter": 7, "Describe": 8}
ALLOW = 3
CREATE_ACLS = 30


def create_acls(port, principal, acls):
    """What Strimzi's user operator does for the authorization of a KafkaUser."""
    def text(value):
        return struct.pack(">h", len(value)) + value.encode()

    created = [
        struct.pack(">b", RESOURCE_TYPES[acl["resource"]["type"]]) + text(acl["resource"]["name"])
        + struct.pack(">b", PATTERN_TYPES[acl["resource"]["patternType"]]) + text(principal) + text("*")
        + struct.pack(">bb", OPERATIONS[operation], ALLOW)
        for acl in acls for operation in acl["operations"]]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        answer = request(sock, CREATE_ACLS, 1, struct.pack(">i", len(created)) + b"".join(created))
    # Throttle time, the number of results, and in each an error and its message.
    errors = struct.unpack_from(">i", answer, 4)[0], struct.unpack_from(">h", answer, 8)[0]
    if errors != (len(created), 0):
        raise AssertionError(f"the ACLs were not created: {answer!r}")


if __name__ == "__main__":
    unittest.main()
