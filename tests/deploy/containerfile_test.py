"""Containerfile, without a build: hadolint, and that each image installs the libraries of its program.

What is in the built images is looked at by `./test --images`.
"""

import functools
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from dev.stack import BINARIES
from tests.deploy.containers import ROOT, Containerfile

# Of every Debian.
IN_THE_BASE = {"libc6", "libgcc-s1", "libstdc++6"}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


@functools.lru_cache(maxsize=None)
def packages_of(program):
    """The Debian packages of the libraries that a program names."""
    cache = dict(re.findall(r"^\s*(\S+) \(libc6,x86-64.*\) => (\S+)$", output("/sbin/ldconfig", "-p"),
                            re.MULTILINE))
    needed = re.findall(r"NEEDED.*\[(.+)\]", output("readelf", "--dynamic", BINARIES[program]))
    paths = [str(pathlib.Path(cache[name]).resolve()) for name in needed if name in cache]
    # dpkg may know a file by the place that it had before /lib became a link.
    paths += [path.removeprefix("/usr") for path in paths]
    found = subprocess.run(["dpkg-query", "--search", *paths], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True, timeout=60).stdout
    return set(re.findall(r"^([^:,\s]+)(?::\w+)?: ", found, re.MULTILINE))


class Images(unittest.TestCase):
    def setUp(self):
        self.file = Containerfile()

    def stage(self, name):
        return re.search(rf"^FROM \S+ AS {name}$(.*?)(?=^FROM |\Z)", self.file.text,
                         re.MULTILINE | re.DOTALL)[1]

    def installed(self, target):
        """Names of packages in the stages that a target is made of."""
        words = " ".join(re.findall(r"--no-install-recommends((?:\s|\\|[\w.+-])+)",
                                    self.stage("runtime") + self.stage(target)))
        return set(words.replace("\\", " ").split())

    def test_each_program_has_its_libraries(self):
        for target, program in self.file.program.items():
            with self.subTest(target):
                needed = packages_of(program) | packages_of("windrow")
                self.assertIn("libgrpc++1.51", needed)
                self.assertEqual(needed - self.installed(target) - IN_THE_BASE, set())

    def test_hadolint(self):
        tool = shutil.which("hadolint", path=str(pathlib.Path(sys.executable).parent))
        done = subprocess.run([tool, ROOT / "Containerfile"], stdout=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_the_base_is_pinned(self):
        self.assertRegex(self.file.text, r"(?m)^ARG BASE=\S+:bookworm-\d{8}-slim@sha256:[0-9a-f]{64}$")

    def test_every_source_of_the_programs_is_let_through(self):
        """What Bazel reads of this repository to build them, .dockerignore does not keep back."""
        programs = re.findall(r"//[\w/]+:\w+", self.stage("build"))
        self.assertEqual(len(programs), len(BINARIES))
        labels = output("bazel", "query", "--noshow_progress", "--output=label",
                        f"kind('source file', deps(set({' '.join(programs)})))")
        files = [label[2:].replace(":", "/").lstrip("/") for label in labels.split() if label.startswith("//")]
        self.assertGreater(len(files), 300)
        lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        let_through = tuple(line[1:] for line in lines if line.startswith("!"))
        kept_back = [file for file in files
                     if not any(file == one or file.startswith(one + "/") for one in let_through)]
        self.assertEqual(kept_back, [])

    def test_they_run_as_a_user_without_rights(self):
        self.assertIn("\nUSER 10001:10001\n", self.stage("runtime"))
        for target in self.file.program:
            users = re.findall(r"^USER (\S+)$", self.stage(target), re.MULTILINE)
            self.assertIn(users[-1:], ([], ["10001:10001"]), target)


if __name__ == "__main__":
    unittest.main()
