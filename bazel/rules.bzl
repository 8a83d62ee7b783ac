"""Makes Debian's Bazel 4.2.3 work offline with the rule sets that Debian packages."""

_RULES_CC = "/usr/share/bazel/rules/cc"

# Debian's rules_cc is newer than its Bazel: these two files load `use_cpp_toolchain`, which
# Bazel 4.2.3 does not have yet.
_NEEDS_OLD_TOOLCHAIN = [
    "cc/private/rules_impl/cc_flags_supplier.bzl",
    "cc/private/rules_impl/compiler_flag.bzl",
]

def _debian_rules_cc_impl(ctx):
    if not ctx.path(_RULES_CC).exists:
        fail("The Debian package bazel-rules-cc is missing: run dev/install")

    # A real copy, not links: a link would let the edit below reach the system's own files.
    result = ctx.execute(["cp", "-rL", "--no-preserve=mode,ownership", _RULES_CC + "/.", "."])
    if result.return_code != 0:
        fail("Cannot copy {}: {}".format(_RULES_CC, result.stderr))
    for path in _NEEDS_OLD_TOOLCHAIN:
        text = ctx.read(path)
        text = text.replace(", \"use_cpp_toolchain\"", "")
        text = text.replace("use_cpp_toolchain()", "[\"@bazel_tools//tools/cpp:toolchain_type\"]")
        ctx.file(path, text, executable = False)

debian_rules_cc = repository_rule(
    implementation = _debian_rules_cc_impl,
    doc = "Debian's rules_cc, adapted to Debian's Bazel.",
    local = True,
)

def _empty_coverage_tools_impl(ctx):
    ctx.file("BUILD.bazel", """\
package(default_visibility = ["//visibility:public"])

filegroup(name = "coverage_report_generator")
""", executable = False)

empty_coverage_tools = repository_rule(
    implementation = _empty_coverage_tools_impl,
    doc = "Stands in for a repository that `bazel test` would otherwise download.",
)
