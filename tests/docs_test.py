"""Checks that the documentation speaks of what is there.

In every Markdown file of the repository: links lead to a file, a folder or a heading; paths between
backticks exist; `Class::Member` is declared in a header; a flag is one that a program has. The
decision records are numbered without gaps, have their sections, and stand in their index.
"""

import fnmatch
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
CODE_BLOCK = re.compile(r"^(?: {4,}|```).*?$", re.MULTILINE)
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
PATH = re.compile(r"[\w.*][\w.*-]*(/[\w.*-]+)*/?")
MEMBER = re.compile(r"([A-Z]\w+)::(\w+)")
FLAG = re.compile(r"(?<![\w-])--([a-z][a-z0-9_-]+)")

# A word without a slash is a path when it ends like one.
ENDINGS = (".h", ".cc", ".py", ".md", ".proto", ".textproto", ".json", ".bzl", ".bazel", ".xml", ".txt",
           ".properties")
# Made by a run, so in no clone.
MADE = (".run/", "bazel-bin/", "bench/results/")
# Files that a user names, or that others have.
OTHERS = {"calls.json", "calls-by-type.ndjson", "calls-by-disposition.ndjson", "radio_code.json"}
# Of Bazel and kubectl.
FLAGS_OF_OTHERS = {"config", "from-file", "keep_going", "test_output", "test_arg", "test_env", "runs_per_test",
                   "test_filter", "nocache_test_results"}
SECTIONS = ["Status", "Context", "Decision", "Consequences"]


def list_files():
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT,
        capture_output=True, text=True, check=True, timeout=60)
    return sorted(path for path in done.stdout.split("\0") if path and (ROOT / path).exists())


def anchors(text):
    """The names that GitHub gives to headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in HEADING.findall(text)}


def looks_like_path(word):
    if not PATH.fullmatch(word) or word in OTHERS:
        return False
    return word.endswith(ENDINGS) or word.endswith("/") or "/" in word


class Tree:
    """What paths and names there are."""

    def __init__(self, files):
        self.files = files
        folders = {str(folder) for file in files for folder in pathlib.PurePath(file).parents}
        self.all = set(files) | (folders - {"."})

    def has(self, path):
        """Whether a path exists, from the root or from any folder; * stands for a part of it."""
        path = path.rstrip("/").removeprefix("./")
        return any(fnmatch.fnmatchcase(known, path) or fnmatch.fnmatchcase(known, "*/" + path)
                   for known in self.all)


def broken_links(tree, file, texts):
    found = []
    for target in LINK.findall(re.sub(CODE, "", texts[file])):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        to = os.path.normpath(os.path.join(os.path.dirname(file), path)) if path else file
        if to not in tree.all:
            found.append(target)
        elif anchor and anchor not in anchors(texts.get(to, "")):
            found.append(target)
    return found


def missing_paths(tree, text):
    words = (word for code in CODE.findall(CODE_BLOCK.sub("", text)) for word in code.split())
    return [word for word in words
            if looks_like_path(word) and not word.startswith(MADE) and not tree.has(word)]


def missing_members(headers, text):
    found = []
    for name, member in MEMBER.findall(text):
        declares = re.compile(rf"\b(class|struct|enum class) (\w+ )*{name}\b(?!;)")
        mentions = re.compile(rf"\b{member}\b")
        if not any(declares.search(header) and mentions.search(header) for header in headers):
            found.append(f"{name}::{member}")
    return found


def missing_flags(sources, text):
    """Flags that stand in no program: not as "--name", nor in ABSL_FLAG(type, name, ...)."""
    return [f"--{flag}" for flag in sorted(set(FLAG.findall(text)) - FLAGS_OF_OTHERS)
            if f"--{flag}" not in sources and not re.search(rf"ABSL_FLAG\([^,]+, {flag},", sources)]


class Documentation(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        files = list_files()
        cls.tree = Tree(files)
        cls.texts = {file: (ROOT / file).read_text(encoding="utf-8")
                     for file in files if file.endswith(".md")}
        cls.headers = [(ROOT / file).read_text(encoding="utf-8")
                       for file in files if file.endswith(".h")]
        cls.sources = "\n".join(
            (ROOT / file).read_text(encoding="utf-8")
            for file in files
            if file.endswith((".h", ".cc", ".py", ".bazelrc"))
            or file in ("run", "test", "bench/run") or file.startswith("dev/"))

    def check(self, find):
        found = {file: wrong for file, text in self.texts.items() if (wrong := find(file, text))}
        self.assertEqual(found, {})

    def test_the_documents_are_there(self):
        for file in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/adr/README.md", "LICENSE"):
            self.assertTrue(self.tree.has(file), f"{file} is missing")

    def test_links_lead_somewhere(self):
        self.check(lambda file, _: broken_links(self.tree, file, self.texts))

    def test_paths_exist(self):
        self.check(lambda _, text: missing_paths(self.tree, text))

    def test_classes_have_these_members(self):
        self.check(lambda _, text: missing_members(self.headers, text))

    def test_programs_have_these_flags(self):
        self.check(lambda _, text: missing_flags(self.sources, text))

    def test_decision_records(self):
        records = sorted(file for file in self.texts if re.match(r"docs/adr/\d", file))
        self.assertGreater(len(records), 10)
        index = self.texts["docs/adr/README.md"]
        for number, file in enumerate(records, 1):
            with self.subTest(file):
                name = os.path.basename(file)
                text = self.texts[file]
                self.assertTrue(name.startswith(f"{number:04}-"), f"the next number is {number:04}")
                self.assertRegex(text, rf"\A# {number}\. \S")
                self.assertEqual(re.findall(r"^## (.+)$", text, re.MULTILINE), SECTIONS)
                title = text.splitlines()[0][2:]
                self.assertIn(f"* [{title}]({name})", index)


class TheChecksThemselves(unittest.TestCase):
    """Each check finds what was planted, and lets pass what is right."""

    TREE = Tree(["README.md", "docs/a.md", "services/query/core/row_key.h", "dev/run.py", "run"])

    def test_links(self):
        texts = {
            "README.md": "[a](docs/a.md) [b](docs/a.md#two-words) [c](docs) [d](#here) [e](https://x.y)\n"
                         "# Here\n",
            "docs/a.md": "## Two words\n[up](../README.md) [no](b.md) [nor](../README.md#there)",
        }
        self.assertEqual(broken_links(self.TREE, "README.md", texts), [])
        self.assertEqual(broken_links(self.TREE, "docs/a.md", texts), ["b.md", "../README.md#there"])

    def test_paths(self):
        for sound in ("`dev/run.py`", "`core/row_key.h`", "`row_key.h`", "`core/`", "`docs/*.md`",
                      "`.run/test/x.log`", "`calls.json`", "`SIGTERM`", "`a word`", "    `dev/none.py`"):
            self.assertEqual(missing_paths(self.TREE, sound), [], sound)
        for wrong in ("dev/none.py", "none.h", "sink/", "docs/*.txt"):
            self.assertEqual(missing_paths(self.TREE, f"see `{wrong}`"), [wrong])

    def test_members(self):
        headers = ["class Worker;", "class Worker : Listener {\n  void Seal();\n};", "void Open();"]
        self.assertEqual(missing_members(headers, "`Worker::Seal`"), [])
        self.assertEqual(missing_members(headers, "`Worker::Open` `Reader::Seal`"),
                         ["Worker::Open", "Reader::Seal"])

    def test_flags(self):
        sources = 'ABSL_FLAG(std::string, listen, "", "")\nadd("--rate")'
        self.assertEqual(missing_flags(sources, "`--listen` `--rate N` -- a --dash-"), ["--dash-"])
        self.assertEqual(missing_flags(sources, "`--listen_on` --config=asan"), ["--listen_on"])


if __name__ == "__main__":
    unittest.main()
