"""Chromium's pictures hold three bytes a dot; these hold one, and are less than half as large."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Bytes a dot.
RGB = 3
COLOURS = 256


def shrunk(picture: bytes) -> bytes:
    """The same PNG (8 bits a channel, RGB, not interlaced) with a palette.

    Its commonest colours stay as they are, the others become the nearest of those.
    """
    chunks = list(_chunks(picture))
    width, height, *shape = struct.unpack(">IIBBBBB", chunks[0][1])
    assert shape == [8, 2, 0, 0, 0]
    data = zlib.decompress(b"".join(content for kind, content in chunks if kind == b"IDAT"))
    lines = [
        [line[at : at + RGB] for at in range(0, len(line), RGB)]
        for line in _unfiltered(data, width * RGB)
    ]
    counted = Counter(dot for line in lines for dot in line).most_common()
    palette = [colour for colour, _ in counted[:COLOURS]]
    number = {colour: _nearest(colour, palette) for colour, _ in counted}
    numbered = b"".join(b"\0" + bytes(number[dot] for dot in line) for line in lines)
    return b"".join(
        (
            SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", b"".join(palette)),
            _chunk(b"IDAT", zlib.compress(numbered, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _nearest(colour: bytes, palette: list[bytes]) -> int:
    def distance(number: int) -> int:
        return sum((a - b) ** 2 for a, b in zip(colour, palette[number], strict=True))

    return min(range(len(palette)), key=distance)


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(picture):
        length, kind = struct.unpack(">I4s", picture[at : at + 8])
        yield kind, picture[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def _unfiltered(data: bytes, length: int) -> Iterator[bytes]:
    """The lines as they were before the filters of PNG's section 9."""
    above = bytes(length)
    for start in range(0, len(data), length + 1):
        method, line = data[start], bytearray(data[start + 1 : start + 1 + length])
        for at in range(length) if method else ():
            left = line[at - RGB] if at >= RGB else 0
            corner = above[at - RGB] if at >= RGB else 0
            line[at] = (line[at] + _guess(method, left, above[at], corner)) % 256
        above = bytes(line)
        yield above


def _guess(method: int, left: int, above: int, corner: int) -> int:
    if method == 4:
        sum_ = left + above - corner
        return min((left, above, corner), key=lambda each: abs(sum_ - each))
    return (0, left, above, (left + above) // 2)[method]
