"""Certificates for tests, made by openssl."""

import pathlib
import subprocess


class Authority:
    """Signs certificates; everything is in one directory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate = self.directory / "ca.pem"
        self._key = self.directory / "ca.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-nodes", "-days", "1", "-subj", "/CN=test authority",
                      "-keyout", self._key, "-out", self.certificate)

    def issue(self, name, names="DNS:localhost,IP:127.0.0.1"):
        """Paths of a certificate and a key (PKCS #8) of this common name."""
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                      "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        extensions.write_text(f"subjectAltName={names}\n")
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key,
                      "-CAcreateserial", "-days", "1", "-extfile", extensions, "-out", certificate)
        return certificate, key

    @staticmethod
    def _openssl(*arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"openssl {arguments[0]}: {done.stderr}")


def serial_at(address, authority):
    """Serial number of the certificate that a server shows."""
    shown = subprocess.run(
        ["openssl", "s_client", "-connect", address, "-CAfile", str(authority.certificate)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20).stdout
    serial = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown,
                            capture_output=True, text=True, timeout=20)
    return serial.stdout.strip()
