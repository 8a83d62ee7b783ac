"""The services' metrics as a real Prometheus sees them, and what is shipped to look at them with."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
import unittest

from dev.broker import free_port
from tests.e2e.system import (PIPELINE_ID, QUERY, ROOT, SERVICES, System, VIEWS, generator,
                              random_seed)
from tests.e2e.waiting import wait_until

MONITORING = ROOT / "resources/monitoring"
RECORDS = 5_000
BROKEN_RECORDS = 20
SECONDS = 60


class Prometheus:
    """Debian's Prometheus, with the shipped alert rules."""

    def __init__(self, test, directory, targets):
        binary = shutil.which("prometheus")
        if binary is None:
            raise AssertionError("prometheus is missing: run dev/install")
        directory.mkdir(parents=True)
        shutil.copy(MONITORING / "alerts.yaml", directory)
        (directory / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["alerts.yaml"],
            "scrape_configs": [
                {"job_name": "windrow", "static_configs": [{"targets": targets}]}],
        }))
        self.address = f"127.0.0.1:{free_port()}"
        self._log = open(directory / "log", "w", encoding="utf-8")
        self._process = subprocess.Popen(
            [binary, f"--config.file={directory}/prometheus.yml",
             f"--storage.tsdb.path={directory}/data", f"--web.listen-address={self.address}"],
            stdout=self._log, stderr=self._log)
        test.addCleanup(self._close)

    def _close(self):
        self._process.kill()
        self._process.wait()
        self._log.close()

    def get(self, path, **parameters):
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def query(self, expression):
        """The samples: labels and value."""
        return [(one["metric"], float(one["value"][1]))
                for one in self.get("query", query=expression)["result"]]

    def value(self, expression):
        """Of an expression with one sample; None without."""
        samples = self.query(expression)
        if len(samples) > 1:
            raise AssertionError(f"{expression} has {len(samples)} samples")
        return samples[0][1] if samples else None


def shipped_expressions():
    """Of the dashboard: what it shows, with its variables filled in."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace(
                "$pipeline", PIPELINE_ID).replace("$__rate_interval", "30s")


class Metrics(unittest.TestCase):
    def test_alert_rules(self):
        for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts_test.yaml"],
                        ["check", "config", "prometheus.yml"]):
            done = subprocess.run(["promtool", *command], cwd=MONITORING, capture_output=True,
                                  text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        rules = set(re.findall(r"alert: (\w+)", (MONITORING / "alerts.yaml").read_text()))
        tested = (MONITORING / "alerts_test.yaml").read_text()
        for rule in rules:
            self.assertIn(f"name: {rule} fires", tested)
            self.assertIn(f"name: {rule} is silent", tested)

    def test_scrape(self):
        seed = random_seed(self)
        self.system = System(self)
        ports = {name: free_port() for name in SERVICES}
        arguments = self.system.service_arguments
        self.system.service_arguments = lambda name: arguments(name) + [
            f"--metrics-address=127.0.0.1:{ports[name]}"]
        self.system.start()
        self.prometheus = Prometheus(self, self.system.directory / "prometheus",
                                     [f"127.0.0.1:{port}" for port in ports.values()])
        with self.system.rpc["query"].stream(
                "grpc.health.v1.Health/Watch", {}, seconds=120) as watch:
            watch.next(20)
            self.system.replay_all(generator(RECORDS, seed, broken_records=BROKEN_RECORDS))
            self.system.drain()
            self.check_services()
            self.check_counts()
        self.check_names()
        self.check_dashboard()

    def wait_for(self, expression, wanted):
        def there():
            value = self.prometheus.value(expression)
            return value == wanted or (False, value)

        wait_until(f"{expression} to be {wanted}", there, SECONDS, self.system.any_ended)

    def check_services(self):
        wait_until("Prometheus to answer", self.answers, SECONDS, self.system.any_ended)
        self.wait_for('count(up{job="windrow"} == 1)', 3)
        self.wait_for("count(windrow_build_info)", 3)
        self.wait_for('count(process_resident_memory_bytes{job="windrow"} > 1e6)', 3)
        # Neither has anything to be told of.
        self.assertEqual(self.prometheus.query('ALERTS{alertstate="firing"}'), [])

    def answers(self):
        try:
            return self.prometheus.get("status/buildinfo")
        except OSError:
            return None

    def check_counts(self):
        """What the metrics say is what happened."""
        self.wait_for("sum(windrow_records_consumed_total)", RECORDS)
        self.wait_for("sum(windrow_records_invalid_total)", BROKEN_RECORDS)
        self.wait_for("sum(windrow_consumer_lag_records)", 0)
        self.wait_for("windrow_replay_records_acknowledged_total", RECORDS)
        self.wait_for('windrow_replay_state{state="done"}', 1)
        self.wait_for('count(windrow_watermark_timestamp_seconds{partition="0"})', 1)
        self.wait_for('count(windrow_records_late_total{partition="0"})', len(VIEWS))
        self.wait_for("count(sum by (view) (windrow_windows_closed_total) > 0)", len(VIEWS))
        self.wait_for("sum(windrow_results_lag_records)", 0)
        self.wait_for("windrow_query_caught_up", 1)
        self.wait_for('max(windrow_transactions_total{result="committed"}) > bool 0', 1)
        self.wait_for("sum(windrow_transaction_duration_seconds_count) > bool 0", 1)
        self.wait_for('sum(windrow_workers{state="running"}) > bool 0', 1)
        for kind in ("producer", "consumer"):
            self.wait_for(f'sum(windrow_kafka_client_requests_total{{type="{kind}"}}) > bool 0', 1)
        self.wait_for(
            'sum(grpc_server_handled_total{grpc_method="StartReplay",grpc_code="OK"})', 1)
        self.wait_for('sum(grpc_server_started_total{grpc_method="Watch"})', 1)
        status = self.system.rpc["query"].call(QUERY + "GetStatus")["pipelines"][0]
        self.wait_for("windrow_rows", int(status["rows"]))

    def check_names(self):
        """Conventions, and labels that do not grow with what comes in."""
        metadata = self.prometheus.get("metadata")
        for name, facts in metadata.items():
            if not name.startswith(("windrow_", "grpc_", "process_")):
                continue
            self.assertRegex(name, r"^[a-z][a-z0-9_]*$")
            self.assertEqual(name.endswith("_total"), facts[0]["type"] == "counter", name)
            self.assertTrue(facts[0]["help"], name)
        series = self.prometheus.get("series", **{"match[]": '{job="windrow"}'})
        self.assertLess(len(series), 1500)
        allowed = {"__name__", "job", "instance", "pipeline", "incarnation", "topic", "partition",
                   "view", "reason", "state", "result", "le", "quantile", "type", "service",
                   "version", "grpc_type", "grpc_service", "grpc_method", "grpc_code"}
        for one in series:
            self.assertLessEqual(set(one), allowed)

    def check_dashboard(self):
        """Each query of the dashboard has an answer while there is something to see."""
        self.system.start_replay(generator(200_000, 1), records_per_second=500)
        for title, expression in shipped_expressions():
            with self.subTest(title):
                wait_until(f"an answer to {expression}",
                           lambda: bool(self.prometheus.query(expression)), SECONDS,
                           self.system.any_ended)
        self.assertIn(PIPELINE_ID, self.prometheus.get("label/pipeline/values"))


if __name__ == "__main__":
    unittest.main()
