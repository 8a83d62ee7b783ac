"""@librdkafka: Kafka's C client, built from the source that dev/fetch-librdkafka has fetched.

Debian 12's own (2.0.2) cannot do SASL/SCRAM with Kafka 4: see docs/adr/0025-librdkafka-2-8.md.
"""

# Also dev/fetch-librdkafka and dev/sbom read these two. The hash is that of Debian 13's source package.
VERSION = "2.8.0"
SHA256 = "5bd1c46f63265f31c6bfcedcde78703f77d28238eadf23821c2b43fc30be3e25"

# A header of each Debian package that it takes.
_NEEDS = {
    "liblz4-dev": "lz4frame.h",
    "libsasl2-dev": "sasl/sasl.h",
    "libssl-dev": "openssl/ssl.h",
    "libzstd-dev": "zstd.h",
    "zlib1g-dev": "zlib.h",
}

def _librdkafka_source_impl(ctx):
    for package, header in _NEEDS.items():
        if not ctx.path("/usr/include/" + header).exists:
            fail("The Debian package {} is missing: run dev/install".format(package))

    config = ctx.path(ctx.attr._config)
    state = ctx.os.environ.get("WINDROW_STATE_DIR", ".run")
    if not state.startswith("/"):
        state = "{}/{}".format(config.dirname.dirname.dirname, state)
    archive = "{}/librdkafka/librdkafka-{}.tar.gz".format(state, VERSION)
    if not ctx.path(archive).exists:
        fail("{} is missing: run dev/fetch-librdkafka".format(archive))

    # From a file, not from a network: this is what compares the hash.
    ctx.download_and_extract(
        url = "file://" + archive,
        sha256 = SHA256,
        stripPrefix = "librdkafka-" + VERSION,
    )

    # The system's is taken, and -I must not find the headers of this copy.
    for name in ["lz4.c", "lz4.h", "lz4frame.c", "lz4frame.h", "lz4frame_static.h", "lz4hc.c", "lz4hc.h"]:
        ctx.delete("src/" + name)
    ctx.symlink(config, "config.h")
    ctx.symlink(ctx.attr._build_file, "BUILD.bazel")

    # As our code includes it, before what /usr/include may have.
    for name in ["rdkafka.h", "rdkafka_mock.h"]:
        ctx.symlink("src/" + name, "include/librdkafka/" + name)

librdkafka_source = repository_rule(
    implementation = _librdkafka_source_impl,
    attrs = {
        "_build_file": attr.label(default = "//bazel/librdkafka:library.BUILD"),
        "_config": attr.label(default = "//bazel/librdkafka:config.h"),
    },
    doc = "librdkafka's released source, unpacked, with a BUILD file; says what is missing.",
)
