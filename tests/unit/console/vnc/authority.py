"""Certificates for tests."""

import datetime
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Authority:
    """Signs certificates for host.example; `file` is its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._sign(self._name, self._key, (-30, 30), True))
        self._count = 0

    def server(self, days: tuple[int, int] = (-1, 1), folder: Path | None = None) -> ssl.SSLContext:
        """A server's side, with a certificate that is good from and to these days from now.

        folder  also write the files that QEMU wants
        """
        self._count += 1
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "host.example")])
        file = self._folder / f"server-{self._count}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = self._sign(name, key, days, False)
        file.write_bytes(certificate + private)
        if folder:
            (folder / "ca-cert.pem").write_bytes(self.file.read_bytes())
            (folder / "server-cert.pem").write_bytes(certificate)
            (folder / "server-key.pem").write_bytes(private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _sign(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: tuple[int, int], ca: bool) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("host.example")]), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
