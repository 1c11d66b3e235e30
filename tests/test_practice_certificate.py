"""The practice server's certificate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from mailcenter.practice import certificate


def test_the_certificate_is_made_once(tmp_path: Path) -> None:
    first = certificate.ensure(tmp_path).read_bytes()
    assert certificate.ensure(tmp_path).read_bytes() == first


def test_the_certificate_is_for_loopback_names_only(tmp_path: Path) -> None:
    made = x509.load_pem_x509_certificate(certificate.ensure(tmp_path).read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert {str(ip) for ip in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1"}


def test_a_certificate_near_its_end_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as short:
        short.setattr(certificate, "LIFETIME", timedelta(days=29))
        old = certificate.ensure(tmp_path).read_bytes()
    new = x509.load_pem_x509_certificate(certificate.ensure(tmp_path).read_bytes())
    assert new != x509.load_pem_x509_certificate(old)
    assert new.not_valid_after_utc > datetime.now(UTC) + timedelta(days=300)


@pytest.mark.parametrize("content", [b"", b"no key at all"])
def test_a_certificate_without_its_key_is_made_anew(tmp_path: Path, content: bytes) -> None:
    old = certificate.ensure(tmp_path).read_bytes()
    (tmp_path / "key.pem").write_bytes(content)
    assert certificate.ensure(tmp_path).read_bytes() != old
