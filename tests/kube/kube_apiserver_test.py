"""The manifests of k8s/ before a real Kubernetes API server, in a namespace with restricted pod security.

`dev/fetch-kube-apiserver` builds the server and its store, so this is not a part of `./test`, but of
`./test --kube-apiserver`. There is no node, and nobody who makes pods of a StatefulSet: the test makes them as its
controller would, so that they are admitted or refused as they would be.
"""

import copy
import os
import pathlib
import secrets
import shutil
import subprocess
import unittest

import yaml

from dev.broker import free_port
from dev.stack import Process
from tests.deploy.containers import ROOT
from tests.deploy.manifests import COMPONENTS, K8S, OVERLAYS, Manifests, kubectl, render
from tests.e2e.waiting import wait_until

STATE = pathlib.Path(os.environ.get("WINDROW_STATE_DIR", ROOT / ".run"))
START_SECONDS = 120
# Kinds whose definition no package holds; the server does not know them.
UNKNOWN = ("KafkaTopic", "KafkaUser")
VIOLATES = 'violates PodSecurity "restricted:'


class ApiServer:
    """kube-apiserver over etcd, on loopback, with an administrator."""

    def __init__(self, test, folder):
        programs = sorted(STATE.glob("kube-*/kube-apiserver"))
        if not programs:
            raise AssertionError("there is no kube-apiserver: run dev/fetch-kube-apiserver")
        self.programs = programs[-1].parent
        self.folder = folder
        client, peer, port = free_port(), free_port(), free_port()
        etcd = f"http://127.0.0.1:{client}"
        self._processes = [Process("etcd", [
            self.programs / "etcd", f"--data-dir={folder / 'etcd'}", f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}"], folder / "etcd.log")]
        test.addClassCleanup(self._stop)
        key, token = folder / "accounts.key", secrets.token_hex(16)
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True,
                       timeout=60)
        (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
        self._processes.append(Process("kube-apiserver", [
            self.programs / "kube-apiserver", f"--etcd-servers={etcd}", "--bind-address=127.0.0.1",
            f"--secure-port={port}", f"--cert-dir={folder / 'certificates'}",
            f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC",
            "--service-account-issuer=https://localhost", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}", "--service-cluster-ip-range=10.0.0.0/24",
            # It would publish its address, and refuses to publish a loopback one.
            "--endpoint-reconciler-type=none"], folder / "kube-apiserver.log"))
        self._config = folder / "kubeconfig"
        self._config.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {
                "server": f"https://127.0.0.1:{port}", "tls-server-name": "kubernetes",
                "certificate-authority": str(folder / "certificates/apiserver.crt")}}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "admin"}}]}))
        self._config.chmod(0o600)
        wait_until("the API server to be ready", self._is_ready, START_SECONDS)

    def _stop(self):
        for process in reversed(self._processes):
            process.terminate()

    def _is_ready(self):
        for process in self._processes:
            if process.exit_code() is not None:
                raise AssertionError(f"{process.name} ended: {process.last_words()}")
        done = self.kubectl("get", "--raw", "/readyz")
        return done.returncode == 0 or (False, done.stderr)

    def kubectl(self, *arguments, given=None):
        return subprocess.run([kubectl(), f"--kubeconfig={self._config}", "--request-timeout=60s", *arguments],
                              input=given, capture_output=True, text=True, timeout=120,
                              env=dict(os.environ, HOME=str(self.folder)))

    def apply(self, objects, *flags):
        return self.kubectl("apply", "--server-side", "--validate=strict", *flags, "-f", "-",
                            given=yaml.safe_dump_all(objects))


def pods_of(workload):
    """The pods that its controller would make."""
    template, name = workload["spec"]["template"], workload["metadata"]["name"]
    for index in range(workload["spec"].get("replicas", 1)):
        spec = copy.deepcopy(template["spec"])
        for claim in workload["spec"].get("volumeClaimTemplates", []):
            volume = claim["metadata"]["name"]
            spec.setdefault("volumes", []).append({
                "name": volume, "persistentVolumeClaim": {"claimName": f"{volume}-{name}-{index}"}})
        yield {"apiVersion": "v1", "kind": "Pod", "spec": spec,
               "metadata": {"name": f"{name}-{index}", "namespace": workload["metadata"]["namespace"],
                            "labels": template["metadata"]["labels"]}}


class KubeApiserver(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = STATE / "test" / "kube"
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.folder.mkdir(parents=True)
        cls.server = ApiServer(cls, cls.folder)
        definitions = sorted((cls.server.programs / "crds").glob("*.yaml"))
        for path in definitions:
            done = cls.server.kubectl("apply", "--server-side", "-f", str(path))
            if done.returncode != 0:
                raise AssertionError(done.stderr)
        done = cls.server.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        if done.returncode != 0 or not definitions:
            raise AssertionError(done.stdout + done.stderr)

    @classmethod
    def each(cls):
        """What is applied, by a name for it."""
        yield "base", [thing for thing in yaml.safe_load_all(render(K8S / "base")) if thing]
        for overlay in OVERLAYS:
            for components in ((), COMPONENTS):
                yield f"{overlay} {' '.join(components)}", Manifests(overlay, components).objects

    def forget(self, objects):
        """Removes all but the namespace, which only a controller could remove."""
        rest = [thing for thing in objects if thing["kind"] != "Namespace"]
        done = self.server.kubectl("delete", "--ignore-not-found", "--now", "--wait=false", "-f", "-",
                                   given=yaml.safe_dump_all(rest))
        self.assertEqual(done.returncode, 0, done.stderr)

    def admitted(self, objects):
        done = self.server.apply(objects)
        self.assertEqual(done.returncode, 0, done.stderr)
        # Such as "would violate PodSecurity", which is only a warning where a template is applied.
        self.assertNotIn("Warning", done.stderr)

    def test_every_overlay_is_taken(self):
        for name, objects in self.each():
            with self.subTest(name):
                known = [thing for thing in objects if thing["kind"] not in UNKNOWN]
                self.assertGreater(len(known), 15)
                self.addCleanup(self.forget, known)
                self.admitted(known)
                pods = [pod for thing in known if "template" in thing.get("spec", {}) for pod in pods_of(thing)]
                self.assertGreaterEqual(len(pods), 4)
                self.admitted(pods)
                self.forget(known + pods)

    def test_it_refuses_what_is_wrong(self):
        """So that the other test says something."""
        objects = Manifests("dev").objects
        known = [thing for thing in objects if thing["kind"] not in UNKNOWN]
        self.addCleanup(self.forget, known)
        self.admitted(known)
        (aggregator,) = [thing for thing in known
                         if (thing["kind"], thing["metadata"]["name"]) == ("StatefulSet", "aggregator")]
        good = next(pods_of(aggregator))
        self.admitted([good])
        self.forget([good])

        def broken(change):
            pod = copy.deepcopy(good)
            change(pod["spec"], pod["spec"]["containers"][0])
            return self.server.apply([pod])

        def set_in(place, key):
            return lambda spec, container: (spec if place == "pod" else container)["securityContext"].update(key)

        for name, change in {
            "a user that may be root": set_in("pod", {"runAsNonRoot": False}),
            "root": set_in("pod", {"runAsUser": 0}),
            "any system call": set_in("pod", {"seccompProfile": {"type": "Unconfined"}}),
            "more rights": set_in("container", {"allowPrivilegeEscalation": True}),
            "capabilities": set_in("container", {"capabilities": {"drop": []}}),
            "the node's network": lambda spec, container: spec.update(hostNetwork=True),
            "a folder of the node": lambda spec, container: spec["volumes"].append(
                {"name": "node", "hostPath": {"path": "/"}}),
        }.items():
            with self.subTest(name):
                done = broken(change)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(VIOLATES, done.stderr)
        for name, change, words in (
            ("a field that is none", lambda spec, container: spec.update(terminationGraceSeconds=1),
             "terminationGraceSeconds"),
            ("a port that is none", lambda spec, container: container["ports"][0].update(containerPort=70002),
             "containerPort"),
            ("a user without an account", lambda spec, container: spec.update(serviceAccountName="nobody"),
             "nobody"),
        ):
            with self.subTest(name):
                done = broken(change)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(words, done.stderr)

    def test_it_knows_the_operators_objects(self):
        """A wrong field of a ScaledObject and of a ServiceMonitor is refused by their own definitions."""
        manifests = Manifests("dev", COMPONENTS)
        for kind, name, change in (
            ("ScaledObject", "aggregator", lambda spec: spec.update(maxReplicaCount="four")),
            ("ServiceMonitor", "windrow", lambda spec: spec.update(endpoint=[])),
            ("PrometheusRule", "windrow", lambda spec: spec["groups"][0]["rules"][0].pop("expr")),
        ):
            with self.subTest(kind):
                (namespace,) = manifests.of_kind("Namespace")
                thing = copy.deepcopy(manifests.find(kind, name))
                self.admitted([namespace, thing])
                self.forget([thing])
                change(thing["spec"])
                done = self.server.apply([thing])
                self.assertNotEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
