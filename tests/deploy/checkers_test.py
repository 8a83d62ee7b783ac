"""compose.yaml and k8s/ before the checkers that others know: Docker Compose's own, kubeconform and
kube-score. `dev/fetch-deploy-tools --checkers` builds them, in minutes, so this is not a part of
`./test`, but of `./test --deploy-checkers`.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import kubernetes_validate

from tests.deploy.containers import ROOT
from tests.deploy.manifests import COMPONENTS, OVERLAYS, Manifests

BIN = pathlib.Path(os.environ.get("WINDROW_STATE_DIR", ROOT / ".run")) / "bin"
SCHEMAS = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema/v1.37.0-local-strict"
# Kubernetes' own kinds that we use.
KINDS = ("configmap-", "deployment-", "job-", "namespace-", "networkpolicy-", "poddisruptionbudget-",
         "service-", "serviceaccount-", "statefulset-")
# Objects of operators, whose schemas no package that we can name holds.
SKIPPED = "KafkaTopic,KafkaUser,PrometheusRule,ScaledObject,ServiceMonitor"
# Images are tags that are never given twice, or digests; `Always` would want a registry for nodes
# that were loaded with an image.
IGNORED = ["container-image-pull-policy"]


def rendered():
    for overlay in OVERLAYS:
        yield overlay, Manifests(overlay).text
        yield f"{overlay} with {', '.join(COMPONENTS)}", Manifests(overlay, COMPONENTS).text


class Checkers(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        # The package's schemas refer to each other by addresses of a server.
        for kind in ("_definitions", *KINDS):
            for schema in SCHEMAS.glob(f"{kind}*.json"):
                text = schema.read_text(encoding="utf-8").replace('"/api/_definitions.json', '"_definitions.json')
                text = re.sub(r',\s*"\$id": "https:[^"]*"', "", text)
                (pathlib.Path(folder.name) / schema.name).write_text(text, encoding="utf-8")
        cls.where = f"{folder.name}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"

    def run_tool(self, name, *arguments, text=None, **more):
        return subprocess.run([BIN / name, *arguments], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300, **more)

    def test_kubeconform(self):
        for overlay, text in rendered():
            with self.subTest(overlay):
                done = self.run_tool("kubeconform", "-strict", "-summary", "-schema-location", self.where,
                                     "-skip", SKIPPED, text=text)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertRegex(done.stdout, r"Valid: [1-9]\d+, Invalid: 0, Errors: 0")

    def test_kubeconform_notices(self):
        text = Manifests("dev").text.replace("terminationGracePeriodSeconds", "terminationGraceSeconds")
        done = self.run_tool("kubeconform", "-strict", "-schema-location", self.where, text=text)
        self.assertNotEqual(done.returncode, 0)

    def test_kube_score(self):
        for overlay, text in rendered():
            with self.subTest(overlay):
                done = self.run_tool(
                    "kube-score", "score", "-", "--output-format", "ci", "--kubernetes-version", "v1.37",
                    "--enable-optional-test", "container-seccomp-profile",
                    *(word for name in IGNORED for word in ("--ignore-test", name)), text=text)
                self.assertEqual(re.findall(r"^\[CRITICAL\].*", done.stdout, re.MULTILINE), [])
                self.assertIn("[OK]", done.stdout)

    def test_docker_compose(self):
        with tempfile.TemporaryDirectory() as folder:
            # A copy, so that no file beside it and no variable of the environment has a say.
            shutil.copy(ROOT / "compose.yaml", folder)
            done = self.run_tool("docker-compose", "--profile", "demo", "--profile", "tools", "config",
                                 "--quiet", cwd=folder, env={"PATH": os.environ["PATH"], "HOME": folder})
            self.assertEqual((done.returncode, done.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
