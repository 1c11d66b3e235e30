"""Writes support.json anew from a package of caniemail: `make mail-support`."""

from __future__ import annotations

import json
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# Family -> platform -> version, the oldest first -> whether it works there.
Stats = dict[str, dict[str, dict[str, str]]]
# Those that most people read mail with, by the families and platforms of the data.
CLIENTS = {
    "Gmail": [("gmail", "desktop-webmail"), ("gmail", "ios"), ("gmail", "android")],
    "Outlook (Windows)": [("outlook", "windows")],
    "Outlook.com": [("outlook", "outlook-com")],
    "Apple Mail": [("apple-mail", "macos"), ("apple-mail", "ios")],
    "Yahoo": [("yahoo", "desktop-webmail"), ("yahoo", "ios"), ("yahoo", "android")],
}
# Features whose titles are written for people alone.
NAMES = {
    "css-block-inline-size": ["block-size", "inline-size"],
    "css-border-inline-block": ["border-inline", "border-block"],
    "css-column-layout-properties": ["columns", "column-rule", "column-span", "column-width"],
    "css-gap": ["gap", "column-gap", "row-gap"],
    "css-grid-template": ["grid-template", "grid-template-areas", "grid-template-columns"],
    "css-inset": ["inset"],
    "css-left-right-top-bottom": ["left", "right", "top", "bottom"],
    "css-margin-inline-block": ["margin-inline", "margin-block"],
    "css-padding-inline-block": ["padding-inline", "padding-block"],
    "css-variables": ["var()"],
    "html-svg": ["<svg>"],
    "html-srcset": ["srcset attribute"],
}
# The package serves what others measure.
ORIGIN = """support.json is made from the data of Can I email (caniemail.com),
MIT License, Copyright (c) 2019 HTeuMeuLeu,
as the npm package caniemail carries it, whose license follows.

"""
# What of a title names it, and the shelf where a reader of mail looks it up.
TITLES = [
    ("at_rules", r"@media \(([a-z-]+)\)|@([a-z-]+)"),
    ("pseudo_classes", r"::?([a-z-]+)(?:\(\))?"),
    ("pairs", r"([a-z-]+:\s*[a-z-]+)"),
    ("functions", r"(?:CSS )?([a-z-]+)\(\)(?: function)?"),
    ("units", r"([a-z]+) unit"),
    ("properties", r"([a-z-]+)(?: (?:property|shorthand|CSS property))?\s*"),
    ("elements", r"<([a-z0-9]+)>(?: element)?"),
    ("attributes", r"([a-z-]+) attribute"),
    ("images", r"([A-Za-z]+) image format"),
]


def clients(stats: Stats) -> list[str]:
    """Those in whose newest version, on one platform at least, the feature does nothing."""
    return [
        client
        for client, platforms in CLIENTS.items()
        if any(_newest(stats, *platform).split(" ")[0] == "n" for platform in platforms)
    ]


def _newest(stats: Stats, family: str, platform: str) -> str:
    """Such as "y", "n", "a #1" (partly, see note 1); "" where nobody tried."""
    versions = list(stats.get(family, {}).get(platform, {}).values())
    return versions[-1] if versions else ""


def places(feature: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each name of the feature, with its shelf before it."""
    for title in NAMES.get(feature["slug"], [feature["title"]]):
        for shelf, pattern in TITLES:
            if found := re.fullmatch(pattern, title):
                name = next(filter(None, found.groups()))
                yield shelf, re.sub(r":\s*", ":", name).lower()
                break


def reduce(data: dict[str, Any], version: str) -> dict[str, Any]:
    shelves: dict[str, dict[str, list[str]]] = {shelf: {} for shelf, _pattern in TITLES}
    unread = []
    for feature in data["data"]:
        if not (without := clients(feature["stats"])):
            continue
        found = list(places(feature))
        for shelf, name in found:
            shelves[shelf][name] = without
        if not found:
            unread.append(feature["title"])
    print("not understood: " + "; ".join(unread), file=sys.stderr)  # noqa: T201
    shelves = {shelf: dict(sorted(names.items())) for shelf, names in shelves.items()}
    return {"caniemail": version, "updated": data["last_update_date"][:10], **shelves}


def written(reduced: dict[str, Any]) -> str:
    """JSON with a line for each feature, so that a diff shows what changed."""
    text = json.dumps(reduced, indent=1, ensure_ascii=False)
    return re.sub(r"\[[^\]]*\]", lambda names: " ".join(names[0].split()), text) + "\n"


def main(package: Path) -> None:
    with tarfile.open(package) as archive:

        def read(name: str) -> bytes:
            member = archive.extractfile(f"package/{name}")
            if member is None:
                raise SystemExit(f"{package} holds no {name}")
            return member.read()

        version = json.loads(read("package.json"))["version"]
        reduced = reduce(json.loads(read("data/caniemail.json")), version)
        (HERE / "support.json").write_text(written(reduced))
        (HERE / "support.LICENSE").write_text(ORIGIN + read("LICENSE").decode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
