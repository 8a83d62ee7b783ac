"""Builds the programs that ./run starts, and does nothing when no source has changed.

Bazel itself would find that out too, but takes seconds to start.
"""

import hashlib
import os
import pathlib
import signal
import subprocess

from dev.stack import BINARIES, REPO

TARGETS = (
    "//services/producer:producer",
    "//services/aggregator:aggregator",
    "//services/query:query",
    "//clients/cli:windrow",
)
# All that the targets are made of.
SOURCES = ("proto", "services", "clients/cli", "bazel")
ROOT_FILES = ("WORKSPACE", "BUILD.bazel", ".bazelrc", ".bazelrc.user")


class BuildError(Exception):
    """The build failed; Bazel has said why."""


def _state(path):
    stat = path.stat()
    return f"{path} {stat.st_mtime_ns} {stat.st_size}"


def stamp():
    """Changes whenever a source or a program does; None when a program is missing."""
    lines = []
    for folder in SOURCES:
        for root, folders, files in os.walk(REPO / folder):
            folders.sort()
            lines += [_state(pathlib.Path(root) / name) for name in sorted(files)
                      if not name.startswith(".")]
    lines += [_state(REPO / name) for name in ROOT_FILES if (REPO / name).exists()]
    for program in BINARIES.values():
        if not program.exists():
            return None
        # The real path: bazel-bin points elsewhere after a build with other options.
        lines.append(_state(program.resolve()))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _server_is_running():
    """Whether a Bazel server of this workspace is at work or idle."""
    try:
        # bazel-out leads to <output base>/execroot/<workspace>/bazel-out.
        base = pathlib.Path(os.readlink(REPO / "bazel-out")).parents[2]
        os.kill(int((base / "server/server.pid.txt").read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def build(stamp_path, announce):
    """Builds, after a call of `announce`, unless the stamp in the file is still true; returns whether
    it built."""
    now = stamp()
    try:
        if now is not None and stamp_path.read_text() == now:
            return False
    except OSError:
        pass
    announce()
    stamp_path.unlink(missing_ok=True)
    server_was_running = _server_is_running()
    process = subprocess.Popen(
        ["bazel", "build", "--compilation_mode=opt", *TARGETS], cwd=REPO, stdin=subprocess.DEVNULL)
    try:
        code = process.wait()
    except BaseException:
        # Bazel ends its work in order when it is interrupted, as it has been when we were by Ctrl-C.
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    finally:
        if not server_was_running:
            # It would stay for hours; whoever had it running keeps it.
            subprocess.run(["bazel", "shutdown"], cwd=REPO, stdin=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
    if code != 0:
        raise BuildError(f"the build failed with code {code}; Bazel's messages above say why")
    built = stamp()
    if built is None:
        raise BuildError("Bazel reported success, but a program is missing in bazel-bin")
    stamp_path.parent.mkdir(parents=True, exist_ok=True)
    stamp_path.write_text(built)
    return True
