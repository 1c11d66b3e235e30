"""Looks for a secret in every place where a dump of the site could hold one, in any disguise."""

from __future__ import annotations

import base64
import binascii
import html
import zlib
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from django.db import connection

# Django's signed values: a dot in front if compressed, then base64, a time and a signature.
DEPTH = 2


def dump() -> Iterator[tuple[str, bytes]]:
    """Every value of every table, with the name of its column."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    yield f"{table}.{column}", _as_bytes(value)


def remains(secrets: Mapping[str, str], places: Iterable[tuple[str, bytes]]) -> set[str]:
    """Which secret stands where. The secrets themselves are never named."""
    disguises = {name: set(_disguises(secret)) for name, secret in secrets.items()}
    return {
        f"{name} in {place}"
        for place, value in places
        for reading in _readings(value)
        for name, forms in disguises.items()
        if any(form in reading for form in forms)
    }


def _as_bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def _disguises(secret: str) -> Iterator[bytes]:
    yield secret.encode()
    yield html.escape(secret).encode()
    yield quote(secret, safe="").encode()
    yield quote(quote(secret, safe=""), safe="").encode()
    # Inside of something longer, base64 shows three faces of it; what stands beside it shows in
    # the first and the last characters.
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret.encode() + b"\0" * 2)
        inside = encoded[(0, 2, 3)[before] : (before + len(secret.encode())) * 8 // 6]
        yield inside
        yield inside.translate(bytes.maketrans(b"+/", b"-_"))


def _readings(value: bytes, depth: int = DEPTH) -> Iterator[bytes]:
    """The value as it is, without line ends, decoded and decompressed."""
    yield value
    yield b"".join(value.split())
    if depth:
        for decoded in _decoded(value):
            yield from _readings(decoded, depth - 1)


def _decoded(value: bytes) -> Iterator[bytes]:
    for piece in value.lstrip(b".").split(b":"):
        standard = piece.translate(bytes.maketrans(b"-_", b"+/"))
        try:
            yield base64.b64decode(standard + b"=" * (-len(standard) % 4), validate=True)
        except binascii.Error:
            continue
    try:
        yield zlib.decompress(value)
    except zlib.error:
        return
