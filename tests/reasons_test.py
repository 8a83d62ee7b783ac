"""Checks that every reason (google.rpc.ErrorInfo) that a service can answer is written down: in a
comment of the contracts, or in docs/grpc.md for those that any service has."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]
# What an error is made of, and the reasons that belong to codes.
MAKERS = ("RpcError(", "ReplayError(", "ReasonOf(")
REASON = re.compile(r'"([A-Z][A-Z_]{3,})"')
# Does not leave the service: the field request_id is answered as wrong (INVALID_FIELD).
OTHERS = {"REQUEST_ID_REUSED"}


def reasons():
    """Reason to the file that has it."""
    found = {}
    for path in sorted((ROOT / "services").rglob("*.cc")):
        text = path.read_text(encoding="utf-8")
        if path.name.endswith("_test.cc") or not any(maker in text for maker in MAKERS):
            continue
        for reason in REASON.findall(text):
            if reason not in OTHERS:
                found.setdefault(reason, str(path.relative_to(ROOT)))
    return found


def comments(text):
    return "\n".join(re.findall(r"//(.*)", text))


class Reasons(unittest.TestCase):
    maxDiff = None

    def test_every_reason_is_written_down(self):
        written = [comments(path.read_text(encoding="utf-8"))
                   for path in (ROOT / "proto").rglob("*.proto")]
        written.append((ROOT / "docs/grpc.md").read_text(encoding="utf-8"))
        words = set(re.findall(r"\w+", "\n".join(written)))
        found = reasons()
        self.assertGreater(len(found), 40)
        self.assertEqual({reason: path for reason, path in found.items() if reason not in words}, {})


if __name__ == "__main__":
    unittest.main()
