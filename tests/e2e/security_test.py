"""TLS, who may call what, and a Kafka that wants both: seen from outside, with grpcurl and openssl."""

import concurrent.futures
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import unittest
import urllib.request

from dev.broker import free_port
from tests.e2e.certificates import Authority, serial_at
from tests.e2e.grpcurl import Grpcurl, RpcError
from tests.e2e.system import (PIPELINE, PIPELINES, PRODUCER, QUERY, ROOT, SERVICES,
                              System, VIEWS, generator, read_export)
from tests.e2e.waiting import wait_until

POLICY = ROOT / "resources/auth/policy.txt"
HEALTH = "grpc.health.v1.Health/"
ROLES = ("viewer", "operator", "admin")
REFUSED = ("UNAUTHENTICATED", "PERMISSION_DENIED")
SECONDS = 30
FEEDS = 3
ROTATIONS = 4
VIEW = f"{PIPELINE}/views/{VIEWS[0]}"


def token_of(name):
    return f"token-of-{name}-not-for-logs"


def principal(role, name):
    return f"{role} {name} sha256:{hashlib.sha256(token_of(name).encode()).hexdigest()}\n"


def needed_role(method):
    """By the shipped policy, read by words of its own."""
    lines = [line.split("#")[0].split() for line in POLICY.read_text().splitlines()]
    roles = {words[1]: words[0] for words in lines if words}
    return roles.get(method, roles.get(method.split("/")[0] + "/*"))


class Feed:
    """`windrow results watch`, which goes on by itself after a break."""

    def __init__(self, test, token, number):
        self._path = test.system.directory / f"feed-{number}"
        self._out = open(self._path, "w", encoding="utf-8")
        self._process = subprocess.Popen(
            test.system.stack.windrow_command(
                "--tls-ca", str(test.authority.certificate), "--token-file", str(token),
                "results", "watch", VIEWS[0], "--from-beginning", "-o", "json"),
            stdin=subprocess.DEVNULL, stdout=self._out, stderr=subprocess.PIPE, text=True)
        test.addCleanup(self._close)

    def _close(self):
        self._process.kill()
        self._process.wait()
        self._process.stderr.close()
        self._out.close()

    def lines(self):
        text = self._path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def versions(self):
        """How many versions of rows it has seen."""
        return len(self.lines())

    def has(self, rows):
        """Whether the newest version of each row is that of an export; none has come twice."""
        newest, seen = {}, set()
        for line in self.lines():
            version = self.key(line), *line["version"].values()
            if version in seen:
                raise AssertionError(f"{version} has come twice")
            seen.add(version)
            newest[self.key(line)] = self.values(line) if line["change"] == "row" else None
        return {self.key(row): self.values(row) for row in rows} == newest or (False, len(newest))

    @staticmethod
    def values(row):
        # A window's close alone is no news of its rows.
        return {name: value for name, value in row.items()
                if name not in ("change", "version", "commit_time", "final")}

    @staticmethod
    def key(row):
        return row["window_start"], json.dumps(row["original_crime_type_name"])

    def trouble(self):
        return self._process.poll() is not None and "a feed ended: " + self._process.stderr.read()

    def end(self):
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)


class Security(unittest.TestCase):
    def start(self, *flags):
        """The services with TLS; each is asked for as an admin."""
        self.system = System(self)
        self.versions = itertools.count()
        self.metrics_ports = {name: free_port() for name in SERVICES}
        self.authority = Authority(self.system.directory / "certificates")
        self.show(self.authority.issue("service"))
        self.certificate, self.key = (self.system.directory / "mounted" / name for name in ("tls.crt", "tls.key"))
        self.principals = self.system.directory / "principals"
        self.principals.write_text(
            "# who may call\n" + "".join(principal(role, role) for role in ROLES)
            + "operator alice cert:alice\n")
        arguments = self.system.service_arguments
        self.system.service_arguments = lambda name: arguments(name) + [
            f"--tls-cert={self.certificate}", f"--tls-key={self.key}",
            f"--tls-client-ca={self.authority.certificate}",
            f"--auth-principals={self.principals}",
            f"--metrics-address=127.0.0.1:{self.metrics_ports[name]}", *flags]
        for name in SERVICES:
            self.system.rpc[name] = self.caller(name, token_of("admin"))
        self.system.start()

    def show(self, issued):
        """Puts a certificate and its key where the services look, both at once, as the kubelet does it."""
        version = self.system.directory / f"mounted-{next(self.versions)}"
        version.mkdir()
        for file, name in zip(issued, ("tls.crt", "tls.key")):
            shutil.copy(file, version / name)
        link = self.system.directory / "link"
        link.symlink_to(version)
        os.replace(link, self.system.directory / "mounted")

    def caller(self, service, token=None, certificate=None, authority=None):
        transport = ["-cacert", str((authority or self.authority).certificate)]
        if token is not None:
            transport += ["-H", f"authorization: Bearer {token}"]
        if certificate is not None:
            transport += ["-cert", str(certificate[0]), "-key", str(certificate[1])]
        return Grpcurl(self.system.stack.address(service), transport)

    @staticmethod
    def code_of(caller, method, seconds=3):
        try:
            caller.call_all(method, {}, seconds=seconds)
        except RpcError as error:
            return error.code
        return "OK"

    def test_who_may_call_what(self):
        self.start()
        self.check_every_method()
        self.check_certificates()
        self.check_audit()
        self.check_new_principals()
        self.check_cli()
        self.check_rotation()
        self.check_nothing_secret_is_logged()

    def methods(self):
        """Service and method of every RPC that reflection tells of."""
        for service in SERVICES:
            rpc = self.system.rpc[service]
            for name in rpc.run("list").split():
                for method in rpc.run("list", name).split():
                    yield service, "/".join(method.rsplit(".", 1))

    def check_every_method(self):
        callers = {"none": None, "wrong": "nobody's", **{role: token_of(role) for role in ROLES}}
        table = [(service, method, who) for service, method in self.methods() for who in callers]
        self.assertGreater(len({method for _, method, _ in table}), 30)

        def call(row):
            service, method, who = row
            # Reflection needs a role of its own; descriptors make the call alone count.
            return self.code_of(self.by_descriptors(service, callers[who]), method)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            codes = list(pool.map(call, table))
        ranks = {role: rank for rank, role in enumerate(ROLES)}
        for (_, method, who), code in zip(table, codes):
            needed = needed_role(method)
            self.assertIsNotNone(needed, f"{method} is not in the policy")
            with self.subTest(method=method, who=who):
                if needed == "anyone":
                    self.assertNotIn(code, REFUSED)
                elif who in ("none", "wrong"):
                    self.assertEqual(code, "UNAUTHENTICATED")
                elif ranks[who] < ranks[needed]:
                    self.assertEqual(code, "PERMISSION_DENIED")
                else:
                    self.assertNotIn(code, REFUSED)
                    self.assertNotEqual(code, "UNAVAILABLE")

    def by_descriptors(self, service, token):
        caller = self.caller(service, token)
        caller.transport += ("-protoset", str(self.protoset()), "-use-reflection=false")
        return caller

    def protoset(self):
        """What reflection knows, as a file."""
        path = self.system.directory / "all.protoset"
        if not path.exists():
            parts = []
            for service in SERVICES:
                part = self.system.directory / f"{service}.protoset"
                command = self.system.rpc[service]._command("-protoset-out", str(part))
                done = subprocess.run(
                    [*command, self.system.stack.address(service), "describe"],
                    capture_output=True, text=True, timeout=30)
                self.assertEqual(done.returncode, 0, done.stderr)
                parts.append(part.read_bytes())
            # Descriptor sets one after the other are one.
            path.write_bytes(b"".join(parts))
        return path

    def check_certificates(self):
        """A certificate is as good as a token; one that nobody knows, or signed, is not."""
        alice = self.authority.issue("alice")
        mallory = self.authority.issue("mallory")
        other = Authority(self.system.directory / "others").issue("alice")
        pause = PRODUCER + "PauseReplay"
        self.assertEqual(self.code_of(self.caller("producer", certificate=alice), pause),
                         "FAILED_PRECONDITION")
        self.assertEqual(self.code_of(self.caller("aggregator", certificate=alice),
                                      PIPELINES + "DeletePipeline"), "PERMISSION_DENIED")
        self.assertEqual(self.code_of(self.caller("producer", certificate=mallory), pause),
                         "UNAUTHENTICATED")
        self.assertEqual(self.code_of(self.caller("producer", certificate=other), pause),
                         "UNAVAILABLE", "no handshake")
        # A service that somebody else signed is not spoken to.
        stranger = Authority(self.system.directory / "strangers")
        self.assertEqual(
            self.code_of(self.caller("producer", token_of("admin"), authority=stranger),
                         HEALTH + "Check"), "UNAVAILABLE")
        plain = Grpcurl(self.system.stack.address("producer"))
        self.assertEqual(self.code_of(plain, HEALTH + "Check"), "UNAVAILABLE")

    def log_of(self, service):
        path = self.system.stack.state_dir / "logs" / f"{service}.log"
        return path.read_text(encoding="utf-8", errors="replace")

    def events_of(self, service):
        """The lines of its log, but for one that is being written."""
        text = self.log_of(service)
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def check_audit(self):
        self.code_of(self.caller("aggregator", token_of("operator")), PIPELINES + "DrainPipeline")
        calls = [line for line in self.events_of("aggregator") if line["event"] == "control call"]
        self.assertTrue(any(line["caller"].startswith("operator at ipv4:") for line in calls), calls)

        # Of a second, only the first refusals are logged.
        def logged():
            self.code_of(self.caller("aggregator", token_of("viewer")), PIPELINES + "DrainPipeline")
            return any(line["event"] == "call refused" and line["caller"] == "viewer"
                       for line in self.events_of("aggregator"))

        wait_until("a refusal of a viewer in the log", logged, SECONDS)

    def check_new_principals(self):
        """The file is read again; one that is wrong changes nothing."""
        late = self.by_descriptors("query", token_of("late"))
        method = QUERY + "GetStatus"
        self.assertEqual(self.code_of(late, method), "UNAUTHENTICATED")
        old = self.principals.read_text()
        self.principals.write_text(old + principal("viewer", "late"))
        wait_until("the new token to be known", lambda: self.code_of(late, method) == "OK", SECONDS)
        self.principals.write_text("nonsense\n")
        wait_until("the wrong file to be noticed",
                   lambda: "principals not read again" in self.log_of("query"), SECONDS)
        self.assertEqual(self.code_of(late, method), "OK")
        self.principals.write_text(old)
        wait_until("the token to be forgotten",
                   lambda: self.code_of(late, method) == "UNAUTHENTICATED", SECONDS)

    def check_cli(self):
        token = self.system.directory / "token"
        token.write_text(token_of("viewer") + "\n")
        flags = ("--tls-ca", str(self.authority.certificate), "--token-file", str(token))
        self.system.cli("health", "query", *flags)
        self.system.cli("progress", *flags)
        refused = self.system.cli("pipelines", "pause", *flags, check=False)
        self.assertIn("needs operator", refused.stderr)

    def check_rotation(self):
        """Another certificate is shown within seconds; calls and feeds do not notice."""
        address = self.system.stack.address("query")
        query = self.by_descriptors("query", token_of("viewer"))
        before = serial_at(address, self.authority)
        self.assertTrue(before)
        self.system.replay_all(generator(200, 3))
        self.system.drain()
        with self.caller("query", token_of("viewer")).stream(
                QUERY + "Subscribe", {"parent": VIEW, "heartbeat_interval": "0.5s"},
                seconds=120) as feed:
            self.assertIn("confirmation", feed.next(SECONDS))
            self.show(self.authority.issue("next"))

            def rotated():
                self.assertEqual(self.code_of(query, QUERY + "GetStatus"), "OK")
                return serial_at(address, self.authority) not in ("", before)

            wait_until("the new certificate to be shown", rotated, SECONDS)
            for _ in range(3):
                feed.next(SECONDS)

    def test_rotation_under_load(self):
        """Certificates that are exchanged, as a cluster does it, while connections come and go: every feed goes on
        by itself, and has each row in the end."""
        self.start("--max-connection-age=1s", "--max-connection-age-grace=1s")
        token = self.system.directory / "token"
        token.write_text(token_of("viewer"))
        feeds = [Feed(self, token, number) for number in range(FEEDS)]
        serials = {serial_at(self.system.stack.address("query"), self.authority)}
        self.system.start_replay(generator(20_000, 9), records_per_second=1_000)
        wait_until("the feeds to come", lambda: self.subscriptions() >= FEEDS, SECONDS)
        for number in range(ROTATIONS):
            self.show(self.authority.issue(f"next-{number}"))
            wait_until("the next certificate to be shown", self.shows_another_than(serials), SECONDS)
            subscriptions = self.subscriptions() + FEEDS
            wait_until("feeds to come again", lambda n=subscriptions: self.subscriptions() >= n, SECONDS)
            serials.add(serial_at(self.system.stack.address("query"), self.authority))
            for feed in feeds:
                seen = feed.versions()
                wait_until("rows after the exchange", lambda f=feed, n=seen: f.versions() > n, SECONDS,
                           feed.trouble)
        self.assertEqual(len(serials), ROTATIONS + 1)
        self.system.set_pace()
        self.system.finish_replay()
        self.system.drain()
        export = self.system.directory / "export"
        self.system.cli("results", "export", "--dir", str(export), "--tls-ca", str(self.authority.certificate),
                        "--token-file", str(token))
        expected = read_export(export)[VIEWS[0]]
        self.assertGreater(len(expected), 100)
        for feed in feeds:
            wait_until("each row in a feed", lambda f=feed: f.has(expected), SECONDS, feed.trouble)
            feed.end()
        # It was not for want of breaks.
        self.assertGreater(self.subscriptions(), FEEDS * ROTATIONS)

    def subscriptions(self):
        """Subscribe calls that have come to query."""
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_ports['query']}/metrics", timeout=10).read()
        return sum(int(float(count)) for count in re.findall(
            r'^grpc_server_started_total{[^}]*grpc_method="Subscribe"[^}]*} (\S+)$', page.decode(), re.MULTILINE))

    def shows_another_than(self, serials):
        address = self.system.stack.address("query")
        return lambda: serial_at(address, self.authority) not in {"", *serials}

    def check_nothing_secret_is_logged(self):
        for service in SERVICES:
            self.assertNotIn("not-for-logs", self.log_of(service))
            self.assertNotIn("PRIVATE KEY", self.log_of(service))

    def test_plaintext_is_for_loopback(self):
        directory = System(self).directory
        directory.mkdir(parents=True, exist_ok=True)
        principals = directory / "principals"
        principals.write_text(principal("admin", "root"))
        binary = ROOT / "bazel-bin/services/query/query"
        address = f"--listen=0.0.0.0:{free_port()}"
        for flags, words in (
            ([address], "--insecure_plaintext"),
            ([address, f"--auth-principals={principals}", "--insecure-plaintext"], "--tls_cert"),
            ([f"--tls-cert={principals}"], "--tls_key"),
            ([f"--tls-cert={principals}", f"--tls-key={principals}"], "PEM"),
            ([f"--auth-policy={principals}"], "--auth_principals"),
        ):
            done = subprocess.run(
                [str(binary), "--kafka=127.0.0.1:1", f"--store-dir={directory / 'store'}", *flags],
                capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 2, (flags, done.stderr))
            self.assertIn(words, done.stderr)


class SecureKafka(unittest.TestCase):
    """The same services on a broker that speaks SASL over TLS alone."""

    SECRET = "kafka-password-not-for-logs"

    def setUp(self):
        self.system = System(self)
        self.authority = Authority(self.system.directory / "certificates")
        certificate, key = self.authority.issue("broker")
        store = self.system.directory / "broker.pem"
        store.write_text(key.read_text() + certificate.read_text())
        broker = self.system.broker
        port = free_port()
        self.kafka = f"127.0.0.1:{port}"
        modules = "org.apache.kafka.common.security"
        broker.scram_users = {"windrow": self.SECRET}
        broker.more_settings = {
            "listeners": f"PLAINTEXT://127.0.0.1:{broker.port},SASL_SSL://127.0.0.1:{port},"
                         "CONTROLLER://127.0.0.1:@CONTROLLER_PORT@",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker.port},"
                                    f"SASL_SSL://127.0.0.1:{port}",
            "listener.security.protocol.map":
                "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": store,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.authority.certificate,
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config":
                f"{modules}.scram.ScramLoginModule required;",
            "listener.name.sasl_ssl.plain.sasl.jaas.config":
                f'{modules}.plain.PlainLoginModule required user_windrow="{self.SECRET}";',
        }

    def config(self, mechanism, password):
        """A file of properties for a client."""
        path = self.system.directory / f"kafka-{mechanism}.properties"
        path.write_text(
            f"# how to reach Kafka\nsecurity.protocol=SASL_SSL\nsasl.mechanism={mechanism}\n"
            f"ssl.ca.location={self.authority.certificate}\nsasl.username=windrow\n"
            f"sasl.password={password}\n")
        path.chmod(0o600)
        return path

    def test_scram_from_end_to_end(self):
        """The services with SCRAM; that PLAIN works too, a client shows."""
        system = self.system
        config = self.config("SCRAM-SHA-512", self.SECRET)
        arguments = system.service_arguments
        system.service_arguments = lambda name: arguments(name) + [
            f"--kafka-config={config}", f"--kafka={self.kafka}"]
        system.start()
        system.replay_all(generator(2_000, 11))
        system.drain()
        rows = system.export()
        expected = system.recount()
        for view in VIEWS:
            self.assertEqual(sum(row["count"] for row in rows[view]),
                             sum(row["count"] for row in expected.rows(view, {})), view)
        self.assertTrue(rows[VIEWS[0]])
        for service in SERVICES:
            log = (system.stack.state_dir / "logs" / f"{service}.log").read_text()
            self.assertNotIn(self.SECRET, log)
        for mechanism in ("SCRAM-SHA-512", "PLAIN"):
            with self.subTest(mechanism):
                # Without the password nobody gets in.
                self.assertNotEqual(self.list_topics(mechanism, "wrong"), 0)
                self.assertEqual(self.list_topics(mechanism, self.SECRET), 0)

    def list_topics(self, mechanism, password):
        return self.system.cli("--kafka", self.kafka, "--kafka-config", str(self.config(mechanism, password)),
                               "topics", "list", check=False).returncode


if __name__ == "__main__":
    unittest.main()
