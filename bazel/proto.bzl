"""Macros that turn the contracts in proto/ into C++ and into a descriptor set.

A genrule over Debian's protoc: rules_proto would want to build protoc from its source.
They are used from proto/BUILD.bazel; an import is written from there:
`import "windrow/pipeline/v1/pipeline.proto"`, and so is the include of the generated code:
`#include "windrow/pipeline/v1/pipeline.pb.h"`. google/protobuf/*.proto is always at hand.
"""

_PROTOC = "/usr/bin/protoc --proto_path={root} --proto_path=/usr/include"

def _root():
    return native.package_name() or "."

def _protos(deps):
    return [dep + "_protos" for dep in deps]

def _outputs(srcs, endings):
    return [src[:-len(".proto")] + ending for src in srcs for ending in endings]

def windrow_proto_library(name, srcs, deps = [], grpc = False, visibility = None):
    """C++ for the messages, and apart from them for the services, of some .proto files.

    Args:
      name: the cc_library of the messages. With grpc, `<name>_grpc` is the cc_library of the
        services: apart, because gRPC's headers are heavy and only the edges need them.
      srcs: .proto files, relative to this package.
      deps: windrow_proto_library targets that hold the files which srcs import.
      grpc: whether srcs define services.
      visibility: of the targets; the package's default when None.
    """

    # The sources with all they import, as protoc needs them.
    native.filegroup(
        name = name + "_protos",
        srcs = srcs + _protos(deps),
        visibility = visibility,
    )

    headers = _outputs(srcs, [".pb.h"])
    sources = _outputs(srcs, [".pb.cc"])
    files = " ".join(["$(location %s)" % src for src in srcs])
    native.genrule(
        name = name + "_gen",
        srcs = srcs + _protos(deps),
        outs = headers + sources,
        cmd = _PROTOC.format(root = _root()) + " --cpp_out=$(RULEDIR) " + files,
        message = "Generating C++ of",
        visibility = ["//visibility:private"],
    )
    native.cc_library(
        name = name,
        srcs = sources,
        hdrs = headers,
        copts = ["-w"],  # Generated: its warnings are not ours.
        includes = ["."],
        visibility = visibility,
        deps = deps + ["@debian//:protobuf"],
    )

    if not grpc:
        return
    grpc_headers = _outputs(srcs, [".grpc.pb.h"])
    grpc_sources = _outputs(srcs, [".grpc.pb.cc"])
    native.genrule(
        name = name + "_grpc_gen",
        srcs = srcs + _protos(deps),
        outs = grpc_headers + grpc_sources,
        cmd = _PROTOC.format(root = _root()) +
              " --plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin --grpc_out=$(RULEDIR) " + files,
        message = "Generating gRPC C++ of",
        visibility = ["//visibility:private"],
    )
    native.cc_library(
        name = name + "_grpc",
        srcs = grpc_sources,
        hdrs = grpc_headers,
        copts = ["-w"],
        includes = ["."],
        visibility = visibility,
        deps = [":" + name, "@debian//:grpc"],
    )

def windrow_protoset(name, deps, out, roots = [], visibility = None):
    """One descriptor set (with imports and comments) of everything in `deps`.

    For clients that speak gRPC from descriptors (grpcurl, Envoy) and for checks of compatibility.

    Args:
      name: of the target.
      deps: windrow_proto_library targets.
      out: the file to write.
      roots: packages of deps that are elsewhere.
      visibility: of the target.
    """
    native.genrule(
        name = name,
        srcs = _protos(deps),
        outs = [out],
        # A file may come through several deps: SRCS names it once.
        cmd = _PROTOC.format(root = _root()) +
              "".join([" --proto_path=" + root for root in roots]) +
              " --include_imports --include_source_info --descriptor_set_out=$@ $(SRCS)",
        message = "Generating descriptors",
        visibility = visibility,
    )
