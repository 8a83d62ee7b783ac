"""@debian: the system's C++ libraries as Bazel targets.

Headers are found in /usr/include by the compiler itself, so a target carries only linker options
(and its dependencies). Everything is linked as a shared library with --as-needed: a binary names
only the libraries it uses, however broad the lists below are. librdkafka alone comes from a source package
of a newer Debian, and is linked statically: see bazel/librdkafka.
"""

# All Abseil modules that our code (or gRPC's and Protobuf's headers inlined into it) may use; each
# brings its own dependencies. The release in Debian 12 (20220623) has no log module yet.
_ABSL_MODULES = [
    "any_invocable",
    "base",
    "bind_front",
    "bits",
    "btree",
    "civil_time",
    "cleanup",
    "cord",
    "failure_signal_handler",
    "fixed_array",
    "flags",
    "flags_parse",
    "flags_reflection",
    "flags_usage",
    "flat_hash_map",
    "flat_hash_set",
    "hash",
    "inlined_vector",
    "int128",
    "node_hash_map",
    "node_hash_set",
    "optional",
    "random_random",
    "span",
    "stacktrace",
    "status",
    "statusor",
    "str_format",
    "strings",
    "symbolize",
    "synchronization",
    "time",
    "variant",
]

# name: (Debian package, a header of it, linker options, targets it needs)
_LIBRARIES = {
    "benchmark": ("libbenchmark-dev", "benchmark/benchmark.h", ["-lbenchmark", "-lpthread"], []),
    "cli11": ("libcli11-dev", "CLI/CLI.hpp", [], []),
    "grpc": (
        "libgrpc++-dev",
        "grpcpp/grpcpp.h",
        ["-lgrpc++_reflection", "-lgrpc++", "-lgrpc", "-lgpr"],
        [":protobuf", ":absl"],
    ),
    "grpc_channelz": (
        "libgrpc++-dev",
        "grpcpp/ext/channelz_service_plugin.h",
        ["-lgrpcpp_channelz"],
        [":grpc"],
    ),
    "crypto": ("libssl-dev", "openssl/sha.h", ["-lcrypto"], []),
    "gtest": ("libgmock-dev", "gmock/gmock.h", ["-lgmock", "-lgtest", "-lpthread"], []),
    # gMock's main also starts gTest and understands the flags of both.
    "gtest_main": ("libgmock-dev", "gmock/gmock.h", ["-lgmock_main"], [":gtest"]),
    # As `malloc` of a binary.
    "jemalloc": ("libjemalloc-dev", "jemalloc/jemalloc.h", ["-ljemalloc"], []),
    "prometheus": (
        "prometheus-cpp-dev",
        "prometheus/exposer.h",
        ["-lprometheus-cpp-pull", "-lprometheus-cpp-core"],
        [],
    ),
    "protobuf": ("libprotobuf-dev", "google/protobuf/message.h", ["-lprotobuf", "-lpthread"], []),
    "rocksdb": ("librocksdb-dev", "rocksdb/db.h", ["-lrocksdb", "-lpthread"], []),
    "simdjson": ("libsimdjson-dev", "simdjson.h", ["-lsimdjson"], []),
    "xxhash": ("libxxhash-dev", "xxhash.h", ["-lxxhash"], []),
    "yaml": ("libyaml-dev", "yaml.h", ["-lyaml"], []),
}

_TARGET = """
cc_library(
    name = "{name}",
    linkopts = {linkopts},
    deps = {deps},
)
"""

_RDKAFKA = """
alias(
    name = "rdkafka",
    actual = "@librdkafka",
)
"""

def _as_needed(linkopts):
    return ["-Wl,--as-needed"] + linkopts if linkopts else []

# Libraries that ThreadSanitizer does not understand without help: see bazel/tsan.
_TSAN_SHIMS = {
    "absl": "@//bazel/tsan:absl_mutex",
}

def _deps(name, deps):
    text = repr(deps)
    if name in _TSAN_SHIMS:
        text += """ + select({
        "@//bazel/tsan:enabled": ["%s"],
        "//conditions:default": [],
    })""" % _TSAN_SHIMS[name]
    return text

def _debian_libraries_impl(ctx):
    absl = ctx.execute(
        ["pkg-config", "--libs"] + ["absl_" + module for module in _ABSL_MODULES],
    )
    if absl.return_code != 0:
        fail("The Debian packages pkg-config and libabsl-dev are needed: run dev/install\n" +
             absl.stderr)
    absl_libs = [option for option in absl.stdout.strip().split(" ") if option.startswith("-l")]

    text = ["package(default_visibility = [\"//visibility:public\"])\n"]
    text.append(_TARGET.format(
        name = "absl",
        linkopts = repr(_as_needed(absl_libs + ["-lpthread"])),
        deps = _deps("absl", []),
    ))
    for name, (package, header, linkopts, deps) in _LIBRARIES.items():
        if not ctx.path("/usr/include/" + header).exists:
            fail("The Debian package {} is missing: run dev/install".format(package))
        text.append(_TARGET.format(name = name, linkopts = repr(_as_needed(linkopts)), deps = _deps(name, deps)))
    text.append(_RDKAFKA)
    ctx.file("BUILD.bazel", "".join(text), executable = False)

debian_libraries = repository_rule(
    implementation = _debian_libraries_impl,
    doc = "One header-less cc_library per system library; fails with the missing package's name.",
    local = True,
)
