"""A server's certificate (RFC 5280), for people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from mailcenter.doctor.step import Name, State, Step
from mailcenter.doctor.wording import listed
from mailcenter.replies.entry import Words

# Time to renew it by hand; what renews itself has done so by then.
SOON_DAYS = 14
LONGEST_NAME = 100
UNREADABLE = re.compile(r"[^\w .,:;@&()/'*+-]")


@dataclass(frozen=True)
class Certificate:
    """subject, issuer: the organisation, else the common name. names: of hosts (RFC 6125)."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime


def parse(der: bytes) -> Certificate | None:
    """None where it is no certificate."""
    try:
        read = x509.load_der_x509_certificate(der)
        names = _hosts(read)
        return Certificate(
            subject=names[0] if names else _name(read.subject),
            issuer=_name(read.issuer),
            names=names,
            valid_from=read.not_valid_before_utc,
            valid_until=read.not_valid_after_utc,
        )
    except ValueError:
        return None


def seen(version: str, certificate: Certificate | None, milliseconds: int) -> Step:
    """The step of a handshake that went well; ``version``: "TLSv1.3"."""
    if certificate is None:
        return Step(Name.TLS, State.OK, Words(zh=f"{version}。", en=f"{version}."), milliseconds)
    days = (certificate.valid_until - datetime.now(UTC)).days
    finding = Words(
        zh=f"{version}；证书属于 {certificate.subject}，由 {certificate.issuer} 签发，"
        f"还有 {days} 天到期。",
        en=f"{version}; certificate of {certificate.subject}, issued by {certificate.issuer}, "
        f"valid for {days} more days.",
    )
    if days >= SOON_DAYS:
        return Step(Name.TLS, State.OK, finding, milliseconds)
    return Step(
        Name.TLS,
        State.WARNING,
        finding,
        milliseconds,
        cause=Words(
            zh="证书快到期了；到期后不再发信。",
            en="The certificate ends soon; after that no mail is sent.",
        ),
        cure=Words(
            zh="服务商会自己更换；自建服务器请尽快续期。",
            en="A provider renews its own; for a server of yours renew it now.",
        ),
    )


def owners(certificate: Certificate) -> Words:
    """The hosts that it is for."""
    return listed(certificate.names or (certificate.subject,))


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        ).value
    except x509.ExtensionNotFound:
        return ()
    if not isinstance(found, x509.SubjectAlternativeName):
        return ()
    hosts = [str(name) for name in found.get_values_for_type(x509.DNSName)]
    hosts += [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return tuple(map(_readable, hosts))


def _name(name: x509.Name) -> str:
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in name.get_attributes_for_oid(oid):
            return _readable(str(attribute.value))
    return "?"


def _readable(text: str) -> str:
    # Anybody may have written it.
    return UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", text)[:LONGEST_NAME]
