"""Calls services with grpcurl, which knows them only by their reflection."""

import json
import os
import queue
import re
import subprocess
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CALL_SECONDS = 20


def binary():
    state = os.environ.get("WINDROW_STATE_DIR", os.path.join(ROOT, ".run"))
    path = os.path.join(state, "bin", "grpcurl")
    if not os.path.exists(path):
        raise AssertionError(f"{path} is missing: run dev/fetch-grpcurl")
    return path


class RpcError(Exception):
    """A call that ended with a status other than OK.

    code is its name ("NOT_FOUND"), details the decoded status details.
    """

    def __init__(self, code, message, details):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details = details

    def error_info(self):
        for detail in self.details:
            if detail.get("@type", "").endswith("google.rpc.ErrorInfo"):
                return detail
        return None

    def violations(self):
        """The fields that a google.rpc.BadRequest names."""
        return [
            violation["field"]
            for detail in self.details
            if detail.get("@type", "").endswith("google.rpc.BadRequest")
            for violation in detail["field_violations"]
        ]


# grpcurl prints the number of a code.
CODES = (
    "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS "
    "PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED "
    "INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED"
).split()


def proto_names(value):
    """JSON with the names of the .proto files: some grpcurls print windowStartTime, others not."""
    if isinstance(value, dict):
        return {
            re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), name): proto_names(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [proto_names(inner) for inner in value]
    return value


def decode_all(text):
    """The JSON values that stand one after the other in a text, with the names of the protos."""
    decoder = json.JSONDecoder()
    values = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return values
        value, at = decoder.raw_decode(text, at)
        values.append(proto_names(value))


class Grpcurl:
    """One server. `transport` is how grpcurl is to speak to it, and as whom."""

    def __init__(self, address, transport=("-plaintext",)):
        self.address = address
        self.transport = tuple(transport)

    def _command(self, *arguments, seconds=CALL_SECONDS):
        return [
            binary(), *self.transport, "-emit-defaults", "-format-error", "-connect-timeout", "5",
            "-max-time", str(seconds), "-max-msg-sz", str(64 << 20), *arguments,
        ]

    def run(self, *arguments):
        """Output of `grpcurl -plaintext ADDRESS ARGUMENTS`, such as `list`."""
        done = subprocess.run(
            self._command(self.address, *arguments), capture_output=True, text=True,
            timeout=CALL_SECONDS + 10,
        )
        if done.returncode != 0:
            raise AssertionError(f"grpcurl {self.address} {arguments} failed: {done.stderr}")
        return done.stdout

    def call_all(self, method, request=None, seconds=CALL_SECONDS):
        """All messages that a call answers with. Raises RpcError."""
        # On standard input, since an argument has a limit.
        done = subprocess.run(
            self._command("-d", "@", self.address, method, seconds=seconds),
            input=json.dumps(request or {}), capture_output=True, text=True, timeout=seconds + 10,
        )
        if done.returncode != 0:
            raise error_of(done.stderr, method, self.address)
        return decode_all(done.stdout)

    def call(self, method, request=None, seconds=CALL_SECONDS):
        """The one message that a unary call answers with. Raises RpcError."""
        messages = self.call_all(method, request, seconds)
        if len(messages) != 1:
            raise AssertionError(f"{method} answered with {len(messages)} messages")
        return messages[0]

    def call_ok(self, method, request=None):
        """Whether a call works at all now: None instead of an error, for conditions."""
        try:
            return self.call(method, request)
        except RpcError:
            return None

    def serves(self):
        """Whether the service says that it is SERVING."""
        answer = self.call_ok("grpc.health.v1.Health/Check", {})
        return answer is not None and answer.get("status") == "SERVING"

    def stream(self, method, request, seconds):
        return Stream(
            self._command("-d", json.dumps(request), self.address, method, seconds=seconds)
        )


def error_of(text, method, address):
    try:
        # Warnings of grpcurl may stand before the error.
        status = json.loads(text[text.index("{"):])
    except ValueError:
        return RpcError("UNAVAILABLE", f"{method} at {address}: {text.strip()}", [])
    return RpcError(CODES[status.get("code", 2)], status.get("message", ""),
                    proto_names(status.get("details", [])))


class Stream:
    """A server stream that is being received. Use as a context."""

    def __init__(self, command):
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._messages = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        # grpcurl indents: a message ends with a brace at the beginning of a line.
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if line.startswith("}") or line.strip() == "{}":
                self._messages.put(proto_names(json.loads("".join(lines))))
                lines = []
        self._messages.put(None)

    def next(self, timeout_seconds):
        """The next message. Raises AssertionError when the stream ends or stays silent."""
        try:
            message = self._messages.get(timeout=timeout_seconds)
        except queue.Empty:
            raise AssertionError(f"the stream sent nothing for {timeout_seconds} s") from None
        if message is None:
            raise AssertionError(f"the stream ended: {self._process.stderr.read().strip()}")
        return message

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(timeout=10)
        self._reader.join(timeout=10)
        self._process.stdout.close()
        self._process.stderr.close()
