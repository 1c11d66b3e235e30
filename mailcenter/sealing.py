"""The one place that encrypts and decrypts.

Sealed bytes are zlib-compressed, then a Fernet token (https://github.com/fernet/spec) stored
without its base64, which would cost a third more.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import zlib
from collections.abc import Iterable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from mailcenter import conf
from mailcenter.exceptions import MailcenterError

MASK = "••••••"


class CannotUnseal(MailcenterError):  # noqa: N818
    """None of the keys opens these bytes: the key was removed before `rotatekeys` ran."""


def seal(plain: bytes) -> bytes:
    return _pack(_all(*_secrets()).encrypt(zlib.compress(plain)))


def unseal(sealed: bytes) -> bytes:
    """Raises CannotUnseal."""
    try:
        return zlib.decompress(_all(*_secrets()).decrypt(_unpack(sealed)))
    except InvalidToken:
        raise CannotUnseal(
            _(
                "No key opens this. Put the old key back behind the new one in MAILCENTER_KEYS, "
                "or the old SECRET_KEY into SECRET_KEY_FALLBACKS."
            )
        ) from None


def rotate(sealed: bytes) -> bytes:
    """Seal again under the newest key. Raises CannotUnseal."""
    return seal(unseal(sealed))


def digest(secret: str) -> str:
    """Tells whether a secret changed, without keeping it: a keyed hash, 32 hex digits."""
    return hmac.new(_key(_secrets()[0]), secret.encode(), hashlib.sha256).hexdigest()[:32]


def redact(text: str, secrets: Iterable[str]) -> str:
    """``text`` with each secret value masked."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def _secrets() -> list[str]:
    return list(conf.get("KEYS")) or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


@functools.lru_cache(maxsize=16)
def _all(*secrets: str) -> MultiFernet:
    return MultiFernet([_one(secret) for secret in secrets])


@functools.lru_cache(maxsize=16)
def _one(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(secret)))


@functools.lru_cache(maxsize=16)
def _key(secret: str) -> bytes:
    # HKDF, so that SECRET_KEY itself, which signs other things, is never used as a key.
    return HKDF(SHA256(), length=32, salt=None, info=b"mailcenter.sealing").derive(secret.encode())


def _pack(token: bytes) -> bytes:
    return base64.urlsafe_b64decode(token)


def _unpack(sealed: bytes) -> bytes:
    return base64.urlsafe_b64encode(sealed)
