"""Addresses as the envelope needs them (RFC 5321 section 4.1.2)."""

from __future__ import annotations

import functools
import re
from email.charset import BASE64, Charset
from email.header import Header, decode_header, make_header
from email.headerregistry import Address
from email.utils import formataddr, getaddresses

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.encoding import punycode
from django.utils.translation import gettext as _

from mailcenter.exceptions import RefusedMessage

_validate = EmailValidator()

# C0 controls and DEL: no header may hold them (RFC 5322 section 2.2).
CONTROL = re.compile(r"[\x00-\x1f\x7f]")

BASE64_UTF8 = Charset("utf-8")
BASE64_UTF8.header_encoding = BASE64


@functools.lru_cache(maxsize=1024)
def split(address: str) -> tuple[str, str]:
    """From "Name <a@例子.cn>" to ("Name", "a@xn--fsqu00a.cn").

    Raises RefusedMessage, naming what was given, where that is no single ASCII-deliverable
    address; one with letters beyond ASCII before the @ needs SMTPUTF8 (RFC 6531), which most
    servers on the way do not speak.
    """
    parsed = getaddresses([str(address)])
    name, addr_spec = parsed[0] if len(parsed) == 1 else ("", "")
    name = decoded(name)
    local, _at, domain = addr_spec.rpartition("@")
    try:
        envelope = f"{local}@{punycode(domain).lower()}"
        _validate(envelope)
        envelope.encode("ascii")
        if CONTROL.search(name):
            raise ValidationError("control character")
    except (ValidationError, UnicodeError):
        raise RefusedMessage(
            _("%(address)s is no e-mail address that mail can go to. Correct it and send again.")
            % {"address": ascii(address)[:200]}
        ) from None
    return name, envelope


def is_real(address: str) -> bool:
    """Whether an answer could reach it: Django's defaults (webmaster@localhost) can't be."""
    try:
        _name, addr_spec = split(address)
    except RefusedMessage:
        return False
    return not addr_spec.endswith(("@localhost", ".localhost"))


def display(name: str, addr_spec: str) -> str:
    """For people and rows: 名 <a@qq.com>. `split` gives both back, whatever the name holds."""
    return str(Address(display_name=name, addr_spec=addr_spec))


def header(address: str) -> str:
    """The value of From that every provider takes: the name alone is encoded, in base64.

    QQ refuses a header whose address is encoded too (its help page 124/995).
    """
    name, addr_spec = split(address)
    if name.isascii():
        return formataddr((name, addr_spec))
    encoded = Header(name, BASE64_UTF8, header_name="From").encode()
    return f"{encoded} <{addr_spec}>"


def decoded(header: str) -> str:
    """RFC 2047 encoded words as text; what can't be decoded stays as it is."""
    if "=?" not in header:
        return header
    try:
        return str(make_header(decode_header(header)))
    except (LookupError, UnicodeError, ValueError):
        return header
