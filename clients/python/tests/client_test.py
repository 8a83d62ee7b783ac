"""Settings are changed as they are now; values of rows are Python's."""

import pathlib
import subprocess
import tempfile
import unittest

import grpc
from fake_services import Failure, FakePipelines, FakeQuery, row

from windrow import Client, error_info, field_value, group_of, row_key, values_of
from windrow.results.v1 import result_pb2

MISMATCH = Failure(grpc.StatusCode.ABORTED, "ETAG_MISMATCH")


class ChangeSettingsTest(unittest.TestCase):
    def change(self, failures):
        """Lets a client lengthen the commit interval by 10 ms at a service that fails so; it is self.fake."""
        self.fake = FakePipelines(failures)
        self.addCleanup(self.fake.stop)
        with Client(aggregator=self.fake.address) as client:
            return client.change_settings("pipelines/p", lambda settings: settings.commit_interval.FromMilliseconds(
                settings.commit_interval.ToMilliseconds() + 10))

    def test_again_when_somebody_was_quicker(self):
        changed = self.change([MISMATCH, MISMATCH])
        self.assertEqual(changed.pipeline.generation, 4)
        self.assertEqual([(request.etag, request.settings.commit_interval.ToMilliseconds())
                          for request in self.fake.requests], [("e1", 11), ("e2", 12), ("e3", 13)])
        self.assertEqual(list(self.fake.requests[0].update_mask.paths), ["*"])

    def test_not_for_ever(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.change([MISMATCH] * 20)
        self.assertEqual(error_info(caught.exception).reason, "ETAG_MISMATCH")
        self.assertEqual(len(self.fake.requests), 10)

    def test_not_after_another_error(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.change([Failure(grpc.StatusCode.INVALID_ARGUMENT, "SETTINGS_INVALID")])
        self.assertEqual(error_info(caught.exception).reason, "SETTINGS_INVALID")
        self.assertEqual(len(self.fake.requests), 1)


class CredentialsTest(unittest.TestCase):
    def test_tls_with_a_token(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory)
            # The certificate is its own authority.
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                            "-nodes", "-subj", "/CN=windrow", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1",
                            "-keyout", path / "key.pem", "-out", path / "cert.pem"], check=True, capture_output=True)
            key, certificate = (path / "key.pem").read_bytes(), (path / "cert.pem").read_bytes()
        fake = FakeQuery([("t", [[row("a", 1)]])],
                         credentials=grpc.ssl_server_credentials([(key, certificate)]))
        self.addCleanup(fake.stop)
        credentials = grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(certificate), grpc.access_token_call_credentials("secret"))
        with Client(query=fake.address, credentials=credentials) as client:
            self.assertEqual([values_of(result)["count"] for result in client.results("v")], [1])
        self.assertEqual(fake.bearer, "Bearer secret")


class RowsTest(unittest.TestCase):
    def test_values(self):
        field = result_pb2.Field
        counts = result_pb2.ValueCounts(counts=[result_pb2.ValueCount(value="x", count=2)])
        for message, value in ((field(string_value="x"), "x"), (field(int_value=-3), -3),
                               (field(double_value=0.5), 0.5), (field(bool_value=False), False),
                               (field(value_counts=counts), [("x", 2)]), (field(), None),
                               (field(error=result_pb2.VALUE_ERROR_OVERFLOW), None)):
            self.assertEqual(field_value(message), value)

    def test_rows(self):
        self.assertEqual(group_of(row("a", 1)), {"type": "a"})
        self.assertEqual(values_of(row("a", 1)), {"count": 1})

    def test_a_key_is_the_window_and_the_group(self):
        self.assertEqual(row_key(row("a", 1)), row_key(row("a", 2, offset=9)))
        self.assertEqual(len({row_key(row("a", 1)), row_key(row("b", 1)), row_key(row("a", 1, window=1))}), 3)


class ErrorInfoTest(unittest.TestCase):
    def test_of_an_error_without_one(self):
        with Client(query="127.0.0.1:1") as client, self.assertRaises(grpc.RpcError) as caught:
            list(client.results("pipelines/p/views/v"))
        self.assertEqual(error_info(caught.exception).reason, "")


if __name__ == "__main__":
    unittest.main()
