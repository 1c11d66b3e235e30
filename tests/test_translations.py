"""The Chinese catalogues: complete, compiled, and with the placeholders of the English."""

from __future__ import annotations

import gettext
import os
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import allauth
import django
import pytest
from django.conf import settings

from project import overridden_texts

ROOT = Path(settings.BASE_DIR)
PARTS = ("mailcenter", "project")
LOCALE = Path("locale/zh_Hans/LC_MESSAGES")
# A singular's key, or a plural's with the number of its form.
Catalog = dict[str | tuple[str, int], str]

PLACEHOLDER = re.compile(r"%(?:\(\w+\))?(?:\.\d+)?[sdf]|</?\w+>")


def compiled(path: Path) -> Catalog:
    with path.open("rb") as file:
        return dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]


def committed(part: str) -> Catalog:
    return compiled(ROOT / part / LOCALE / "django.mo")


def msgfmt(po: bytes) -> Catalog:
    """Without what is fuzzy or empty."""
    mo = subprocess.run(
        ["msgfmt", "--check-format", "-o", "-", "-"], input=po, capture_output=True, check=True
    )
    return dict(gettext.GNUTranslations(BytesIO(mo.stdout))._catalog)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources in which the strings were collected anew."""
    copy = tmp_path_factory.mktemp("sources")
    without = shutil.ignore_patterns("__pycache__", "django.po", "django.mo", "static")
    for folder in (*PARTS, "templates"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=without)
    shutil.copy(ROOT / "manage.py", copy)
    command = [sys.executable, "manage.py", "makemessages", "--locale", "zh_Hans"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings"}
    subprocess.run(command, cwd=copy, env=environment, check=True, capture_output=True)
    return copy


@pytest.mark.needs("gettext")
@pytest.mark.parametrize("part", PARTS)
def test_each_string_of_the_sources_is_translated(collected: Path, part: str) -> None:
    # msgen answers each string with itself, so that msgfmt drops none.
    answered = subprocess.run(
        ["msgen", str(collected / part / LOCALE / "django.po")], capture_output=True, check=True
    )
    wanted = {key for key in msgfmt(answered.stdout) if not isinstance(key, tuple) or not key[1]}
    assert wanted == committed(part).keys(), "run `make messages` and translate what is new"


@pytest.mark.needs("gettext")
@pytest.mark.parametrize("part", PARTS)
def test_what_is_compiled_is_what_was_written(part: str) -> None:
    assert committed(part) == msgfmt((ROOT / part / LOCALE / "django.po").read_bytes())


@pytest.mark.parametrize("part", PARTS)
def test_placeholders_and_markup_agree(part: str) -> None:
    for key, chinese in committed(part).items():
        english = key[0] if isinstance(key, tuple) else key
        if english:
            assert sorted(PLACEHOLDER.findall(english)) == sorted(PLACEHOLDER.findall(chinese))


def test_what_is_worded_anew_still_stands_in_django_or_allauth() -> None:
    theirs = [
        path.read_text()
        for package in (django, allauth)
        for path in Path(package.__path__[0]).rglob("locale/en/LC_MESSAGES/django.po")
    ]
    # A long string goes over several lines.
    joined = "".join(theirs).replace('"\n"', "")
    assert [text for text in overridden_texts.TEXTS if f'msgid "{text}"' not in joined] == []
