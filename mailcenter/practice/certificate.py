"""The practice server's certificate: signed by itself, for loopback names only."""

from __future__ import annotations

import os
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)


def server_context(folder: Path) -> ssl.SSLContext:
    """TLS for the server, with the certificate in ``folder`` (made or renewed as needed)."""
    ensure(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def ensure(folder: Path) -> Path:
    """``cert.pem``, which clients trust, and its ``key.pem``; made anew when near their end."""
    if not _usable(folder):
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        # The key first: a certificate without its key is made anew at the next start.
        write(folder / "key.pem", pem, mode=0o600)
        write(folder / "cert.pem", _self_signed(key).public_bytes(Encoding.PEM), mode=0o644)
    return folder / "cert.pem"


def write(path: Path, content: bytes, *, mode: int) -> None:
    """Whole or not at all: a reader never sees half a file, nor one with wider permissions."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
    Path(name).replace(path)


def _usable(folder: Path) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
        key = load_pem_private_key((folder / "key.pem").read_bytes(), password=None)
    except (OSError, ValueError):
        return False
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    fresh = certificate.not_valid_after_utc > datetime.now(UTC) + RENEW_BEFORE
    ours = certificate.public_key().public_bytes(*spki) == key.public_key().public_bytes(*spki)
    return fresh and ours


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Its own root, with what OpenSSL's strict mode (X509_V_FLAG_X509_STRICT) demands of one."""
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mailcenter practice server")])
    hosts = [
        x509.DNSName("localhost"),
        x509.IPAddress(ip_address("127.0.0.1")),
        x509.IPAddress(ip_address("::1")),
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(key_id, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False
        )
        .sign(key, SHA256())
    )
