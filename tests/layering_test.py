"""Checks who may know whom, from Bazel's graph of the whole repository.

  * core/ of a service reaches Abseil and nothing else: no Kafka, gRPC, Protobuf, JSON, platform.
  * Services meet only in proto/ and services/platform.
  * source/ and sink/ of a service do not know each other.
  * platform knows no service; only platform (and the bare loop of bench/) names librdkafka.

And, from the files themselves: main.cc is short, no file or folder has a name that says nothing, and
the aggregator and the query know no field of the shipped dataset.
"""

import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SERVICES = ("producer", "aggregator", "query")
ROOMS = ("core", "source", "sink")
LIBRARY = "@debian//:"
CORE_LIBRARIES = {LIBRARY + "absl"}
TEST_LIBRARIES = {LIBRARY + "gtest", LIBRARY + "gtest_main"}
QUERY_TIMEOUT_SECONDS = 300

EDGE = re.compile(r'^\s*"([^"]+)" -> "([^"]+)"')
NODE = re.compile(r'^\s*"([^"]+)"\s*$')


def bazel_query(expression, *options):
    done = subprocess.run(
        ["bazel", "query", "--noshow_progress", *options, expression], cwd=ROOT,
        capture_output=True, text=True, timeout=QUERY_TIMEOUT_SECONDS,
    )
    if done.returncode != 0:
        raise AssertionError(f"bazel query '{expression}' failed:\n{done.stderr}")
    return done.stdout


class Graph:
    """Which target depends directly on which."""

    def __init__(self, edges, nodes=()):
        self.needs = {node: set() for node in nodes}
        for source, target in edges:
            self.needs.setdefault(source, set()).add(target)
            self.needs.setdefault(target, set())

    @staticmethod
    def of_repository():
        return Graph.parse(
            bazel_query("deps(//...)", "--noimplicit_deps", "--notool_deps", "--output=graph",
                        "--nograph:factored", "--graph:node_limit=-1"))

    @staticmethod
    def parse(text):
        lines = text.splitlines()
        edges = [match.groups() for match in map(EDGE.match, lines) if match]
        nodes = [match[1] for match in map(NODE.match, lines) if match]
        return Graph(edges, nodes)

    def under(self, folder):
        """The targets in a folder, which must not be empty."""
        inside = {node for node in self.needs if in_folder(node, folder)}
        if not inside:
            raise AssertionError(f"//{folder} has no targets: nothing to check")
        return inside

    def reached_from(self, nodes):
        """Everything that the nodes need, themselves included, each with who brought it in."""
        brought_by = {node: None for node in nodes}
        queue = list(nodes)
        while queue:
            node = queue.pop()
            for needed in self.needs[node]:
                if needed not in brought_by:
                    brought_by[needed] = node
                    queue.append(needed)
        return brought_by

    def forbidden_paths(self, nodes, is_forbidden):
        """For each forbidden target that the nodes reach, one path to it."""
        brought_by = self.reached_from(nodes)
        return [path_to(node, brought_by) for node in sorted(brought_by) if is_forbidden(node)]


def path_to(node, brought_by):
    path = [node]
    while brought_by[path[-1]] is not None:
        path.append(brought_by[path[-1]])
    return " -> ".join(reversed(path))


def in_folder(node, folder):
    return node.startswith(f"//{folder}:") or node.startswith(f"//{folder}/")


def is_library(node):
    return node.startswith(LIBRARY)


def core_violations(graph):
    def is_forbidden(node):
        if is_library(node):
            return node not in CORE_LIBRARIES | TEST_LIBRARIES
        return in_folder(node, "proto") or in_folder(node, "services/platform")

    return [
        path
        for service in SERVICES
        for path in graph.forbidden_paths(graph.under(f"services/{service}/core"), is_forbidden)
    ]


def service_violations(graph):
    paths = []
    for service in SERVICES:
        own = graph.under(f"services/{service}")
        others = [f"services/{other}" for other in SERVICES if other != service] + ["clients"]
        paths += graph.forbidden_paths(own, lambda node: any(in_folder(node, o) for o in others))
    return paths


def room_violations(graph):
    paths = []
    for service in SERVICES:
        rooms = {room: graph.under(f"services/{service}/{room}") for room in ROOMS}
        for room, others in (("core", ("source", "sink")), ("source", ("sink",)),
                             ("sink", ("source",))):
            folders = [f"services/{service}/{other}" for other in others]
            paths += graph.forbidden_paths(
                rooms[room], lambda node: any(in_folder(node, f) for f in folders)
            )
    return paths


def platform_violations(graph):
    folders = [f"services/{service}" for service in SERVICES]
    paths = graph.forbidden_paths(
        graph.under("services/platform") | graph.under("proto"),
        lambda node: any(in_folder(node, folder) for folder in folders),
    )
    may_name = ("services/platform", "bench")
    for node, needs in sorted(graph.needs.items()):
        allowed = is_library(node) or any(in_folder(node, folder) for folder in may_name)
        if LIBRARY + "rdkafka" in needs and not allowed:
            paths.append(f"{node} -> {LIBRARY}rdkafka")
    return paths


class Layers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.graph = Graph.of_repository()

    def test_the_graph_is_whole(self):
        # If a library were renamed, the checks below would pass for want of anything to find.
        reached = self.graph.reached_from(self.graph.under("services"))
        for library in ("absl", "grpc", "protobuf", "rdkafka"):
            self.assertTrue(LIBRARY + library in reached, library)

    def test_core_reaches_abseil_only(self):
        self.assertEqual(core_violations(self.graph), [])

    def test_services_meet_in_proto_and_platform(self):
        self.assertEqual(service_violations(self.graph), [])

    def test_source_and_sink_do_not_know_each_other(self):
        self.assertEqual(room_violations(self.graph), [])

    def test_platform_knows_no_service_and_alone_names_librdkafka(self):
        self.assertEqual(platform_violations(self.graph), [])


class TheChecksThemselves(unittest.TestCase):
    """Each check finds a violation that was planted, also behind other targets."""

    SOUND = [
        edge
        for service in SERVICES
        for edge in (
            (f"//services/{service}/core:a", "@debian//:absl"),
            (f"//services/{service}/core:a_test", f"//services/{service}/core:a"),
            (f"//services/{service}/core:a_test", "@debian//:gtest_main"),
            (f"//services/{service}/source:b", f"//services/{service}/core:a"),
            (f"//services/{service}/source:b", "//services/platform/kafka:c"),
            (f"//services/{service}/sink:d", f"//services/{service}/core:a"),
            (f"//services/{service}:main", f"//services/{service}/source:b"),
            (f"//services/{service}:main", f"//services/{service}/sink:d"),
        )
    ] + [("//services/platform/kafka:c", "@debian//:rdkafka"), ("//proto:p", "@debian//:protobuf")]
    CHECKS = (core_violations, service_violations, room_violations, platform_violations)

    def violations(self, *edges):
        graph = Graph(self.SOUND + list(edges))
        return {check.__name__ for check in self.CHECKS if check(graph)}

    def test_a_sound_graph_passes(self):
        self.assertEqual(self.violations(), set())

    def test_planted_violations(self):
        for found_by, edges in (
            ("core_violations", [("//services/query/core:a", "@debian//:grpc")]),
            ("core_violations", [("//services/query/core:a", "//proto:p")]),
            ("core_violations", [("//services/query/core:x", "//services/platform/kafka:c")]),
            ("service_violations", [("//services/query/sink:d", "//services/producer/core:a")]),
            ("service_violations", [("//services/query:main", "//clients:cli")]),
            ("room_violations", [("//services/producer/source:b", "//services/producer:shared"),
                                 ("//services/producer:shared", "//services/producer/sink:d")]),
            ("room_violations", [("//services/producer/core:a", "//services/producer/sink:d")]),
            ("platform_violations", [("//services/platform/kafka:c", "//services/query/core:a")]),
            ("platform_violations", [("//services/query/source:b", "@debian//:rdkafka")]),
        ):
            self.assertIn(found_by, self.violations(*edges), edges)

    def test_missing_rooms_are_no_pass(self):
        for check in self.CHECKS:
            with self.assertRaises(AssertionError):
                check(Graph([("//services/query/sink:d", "@debian//:absl")]))

    def test_parses_bazels_graph(self):
        graph = Graph.parse('digraph x {\n  node [shape=box];\n  "//a:b"\n  "//a:b" -> "@c//:d"\n}')
        self.assertEqual(graph.needs, {"//a:b": {"@c//:d"}, "@c//:d": set()})


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True,
            timeout=60,
        )
        cls.files = [path for path in listed.stdout.split("\0") if path]

    def lines_of(self, path):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            return file.read().splitlines()

    def test_main_is_short(self):
        mains = [path for path in self.files if re.fullmatch(r"services/\w+/main\.cc", path)]
        self.assertEqual(
            sorted(path.split("/")[1] for path in mains), sorted(SERVICES), "a main.cc per service"
        )
        for path in mains:
            self.assertLess(len(self.lines_of(path)), 40, path)

    def test_names_say_something(self):
        empty_words = re.compile(r"(^|[/_.-])(utils?|common|managers?|helpers?|misc)([/_.-]|$)")
        self.assertEqual([path for path in self.files if empty_words.search(path)], [])

    def test_the_job_is_declared_and_not_coded(self):
        fields = re.compile(r"call_date_time|original_crime_type_name|disposition|radio_code")
        of_tests = "attr(testonly, 1, //services/...)"
        labels = bazel_query(f"labels(srcs, {of_tests}) + labels(hdrs, {of_tests})").split()
        test_files = {label[2:].replace(":", "/") for label in labels}
        sources = [
            path
            for path in self.files
            if re.match(r"services/(aggregator|query)/.*\.(h|cc)$", path)
            and path not in test_files
        ]
        self.assertGreater(len(sources), 10)
        found = [
            f"{path}:{number}"
            for path in sources
            for number, line in enumerate(self.lines_of(path), 1)
            if fields.search(line)
        ]
        self.assertEqual(found, [])

    def test_headers_of_librdkafka_are_those_of_its_target(self):
        # One that is not would be taken from the machine, where there is a package with it.
        offered = set(re.findall(r'"include/(librdkafka/\w+\.h)"',
                                 "\n".join(self.lines_of("bazel/librdkafka/library.BUILD"))))
        included = {
            match[1]
            for path in self.files if path.endswith((".h", ".cc"))
            for match in re.finditer(r"#include <(librdkafka/\w+\.h)>",
                                     "\n".join(self.lines_of(path)))
        }
        self.assertIn("librdkafka/rdkafka.h", included)
        self.assertEqual(included - offered, set())


if __name__ == "__main__":
    unittest.main()
