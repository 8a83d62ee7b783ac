"""The manifests of k8s/, rendered by kustomize, and the containers in them."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

from tests.deploy.containers import ROOT, Container

K8S = ROOT / "k8s"
OVERLAYS = sorted(path.parent.name for path in (K8S / "overlays").glob("*/kustomization.yaml"))
# How KEDA comes to Kafka in an overlay where that takes more than the address.
KEDA_WITH = {"prod": "keda-tls", "prod-scram": "keda-scram"}
# Those that go with every overlay. kafka-scram changes prod alone: the overlay prod-scram is prod with it.
COMPONENTS = sorted({path.parent.name for path in (K8S / "components").glob("*/kustomization.yaml")}
                    - {"kafka-scram", *KEDA_WITH.values()})
WORKLOADS = ("Deployment", "StatefulSet", "Job")
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def kubectl():
    """Of the environment that dev/fetch-deploy-tools makes."""
    return shutil.which("kubectl", path=str(pathlib.Path(sys.executable).parent)) or "kubectl"


def render(folder):
    """What kustomize makes of a folder, as text."""
    return subprocess.run([kubectl(), "kustomize", str(folder)], check=True, stdout=subprocess.PIPE,
                          text=True, timeout=60).stdout


def render_with(overlay, components):
    """As render, of an overlay with components that users add by a kustomization of their own."""
    with tempfile.TemporaryDirectory(prefix="windrow-overlay.", dir=K8S.parent / "tests") as folder:
        here = {"resources": [K8S / "overlays" / overlay],
                "components": [K8S / "components" / name for name in components]}
        text = {kind: [os.path.relpath(path, folder) for path in paths] for kind, paths in here.items()}
        (pathlib.Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(text))
        return render(folder)


def probe_of(declared):
    """A command, or the port and name of gRPC health; None for a probe of another kind."""
    return declared["exec"]["command"] if "exec" in declared else declared.get("grpc")


class Manifests:
    """The objects of an overlay, with components."""

    def __init__(self, overlay, components=()):
        self.text = render_with(overlay, components)
        self.objects = [thing for thing in yaml.safe_load_all(self.text) if thing]

    def of_kind(self, *kinds):
        return [thing for thing in self.objects if thing["kind"] in kinds]

    def find(self, kind, name):
        for thing in self.of_kind(kind):
            if thing["metadata"]["name"] == name:
                return thing
        raise KeyError(f"there is no {kind} {name}")

    def workloads(self):
        return self.of_kind(*WORKLOADS)

    def pods(self):
        """(name of the workload, labels, pod spec) of each."""
        for workload in self.workloads():
            template = workload["spec"]["template"]
            yield workload["metadata"]["name"], template["metadata"]["labels"], template["spec"]

    def container(self, workload, folder, secrets=None):
        """The only container of a workload, with its ConfigMaps written to `folder`, and those of its
        Secrets that are given, as {name: {file: bytes}}: they are not in the manifests."""
        spec = next(spec for name, _, spec in self.pods() if name == workload)
        (container,) = spec["containers"]
        environment = self._environment(container, f"{workload}-0", secrets or {})
        arguments = [re.sub(r"\$\((\w+)\)", lambda match: environment[match[1]], argument)
                     for argument in container.get("args", [])]
        mounts = {}
        for mount in container.get("volumeMounts", []):
            mounts[mount["mountPath"]] = self._mounted(spec, mount, pathlib.Path(folder) / workload,
                                                       secrets or {})
        probes = [probe_of(container[kind]) for kind in PROBES if kind in container]
        return Container(workload, container["image"], arguments, environment, mounts, probes)

    def _environment(self, container, pod_name, secrets):
        environment = {}
        for source in container.get("envFrom", []):
            environment.update(self.find("ConfigMap", source["configMapRef"]["name"])["data"])
        for variable in container.get("env", []):
            if "value" in variable:
                environment[variable["name"]] = variable["value"]
                continue
            source = variable["valueFrom"]
            if source.get("fieldRef", {}).get("fieldPath") == "metadata.name":
                environment[variable["name"]] = pod_name
            secret = source.get("secretKeyRef", {})
            if secret.get("name") in secrets:
                environment[variable["name"]] = secrets[secret["name"]][secret["key"]].decode()
        return environment

    def _mounted(self, spec, mount, folder, secrets):
        """The folder of this machine for a mount; None for one that is empty at first."""
        volumes = [volume for volume in spec.get("volumes", []) if volume["name"] == mount["name"]]
        volume = volumes[0] if volumes else {}
        if "configMap" in volume:
            source = volume["configMap"]
            data = {key: text.encode() for key, text in
                    self.find("ConfigMap", source["name"])["data"].items()}
        elif volume.get("secret", {}).get("secretName") in secrets:
            source = volume["secret"]
            data = secrets[source["secretName"]]
        else:
            return None
        items = source.get("items", [{"key": key, "path": key} for key in data])
        for item in items:
            path = folder / mount["name"] / item["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data[item["key"]])
        return folder / mount["name"]
