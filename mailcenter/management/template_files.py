"""Mail templates as files for git: ``<slug>/<language>/{subject.txt,body.txt,body.html}``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from mailcenter.models import Template
from mailcenter.rendering import Logo, contracts
from mailcenter.templating import Parts
from mailcenter.templating.contract import Problem

FILES = {"subject": "subject.txt", "text": "body.txt", "html": "body.html"}
LOGOS = {"logo.png": "image/png", "logo.jpg": "image/jpeg", "logo.gif": "image/gif"}
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Words:
    """A template as a folder holds it."""

    slug: str
    language: str
    parts: Parts
    logo: Logo | None = None

    @property
    def name(self) -> str:
        return f"{self.slug}/{self.language}"


@dataclass(frozen=True)
class Finding:
    """path: below the folder that was given. line, column: from 1. sentence: translated."""

    path: str
    sentence: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = [self.path, *(str(number) for number in (self.line, self.column) if number)]
        return f"{':'.join(place)}: {self.sentence}"


def of_problem(words: Words, problem: Problem) -> Finding:
    """The finding that names the file."""
    name = _name_of(words.logo) if problem.part == "logo" else FILES[problem.part]
    return Finding(f"{words.name}/{name}", problem.sentence, problem.line, problem.column)


def same(one: Parts, other: Parts) -> bool:
    """But for the ends of lines and of the file, which editors and git change."""
    return _plain(one) == _plain(other)


def write(root: Path, words: Words) -> None:
    """Raises OSError."""
    folder = root / words.slug / words.language
    folder.mkdir(parents=True, exist_ok=True)
    plain = _plain(words.parts)
    for part, name in _files(words.slug).items():
        (folder / name).write_text(f"{getattr(plain, part)}\n", encoding="utf-8", newline="\n")
    if words.slug == Template.LAYOUT:
        for name in LOGOS:
            (folder / name).unlink(missing_ok=True)
        if words.logo:
            (folder / _name_of(words.logo)).write_bytes(words.logo.content)


def read(root: Path) -> tuple[list[Words], list[Finding]]:
    """What is there, and what of it is no template. Raises OSError where root is no folder."""
    found: list[Words] = []
    wrong: list[Finding] = []
    slugs = [slug for slug, _label in contracts.slugs()]
    for folder in _entries(root):
        # A README beside the folders is nobody's business.
        if not folder.is_dir():
            continue
        if folder.name not in slugs:
            sentence = _("There is no mail template of this name. There are: %(names)s.")
            wrong.append(Finding(folder.name, sentence % {"names": ", ".join(slugs)}))
            continue
        for inside in _entries(folder):
            words, findings = _read_language(folder.name, inside)
            wrong += findings
            if words:
                found.append(words)
    return found, wrong


def _read_language(slug: str, folder: Path) -> tuple[Words | None, list[Finding]]:
    name = f"{slug}/{folder.name}"
    if folder.name not in contracts.languages() or not folder.is_dir():
        sentence = _("The site has no such language. It has: %(codes)s.")
        return None, [Finding(name, sentence % {"codes": ", ".join(contracts.languages())})]
    wrong: list[Finding] = []
    files, logos = _files(slug), LOGOS if slug == Template.LAYOUT else {}
    present = {path.name: path for path in _entries(folder)}
    for unknown in present.keys() - {*files.values(), *logos}:
        sentence = _("A template has no such file. It has: %(names)s.")
        known = ", ".join([*files.values(), *logos])
        wrong.append(Finding(f"{name}/{unknown}", sentence % {"names": known}))
    texts = {"subject": ""}
    for part, file in files.items():
        try:
            raw = (folder / file).read_bytes()
        except FileNotFoundError:
            wrong.append(Finding(f"{name}/{file}", _("This file is missing.")))
        except OSError as error:
            wrong.append(_unreadable(f"{name}/{file}", error))
        else:
            text = _decoded(f"{name}/{file}", raw)
            if isinstance(text, Finding):
                wrong.append(text)
            else:
                texts[part] = text
    logo = None
    pictures = [file for file in logos if file in present]
    if len(pictures) > 1:
        sentence = _("There is more than one logo. Keep one of them.")
        wrong.append(Finding(f"{name}/{pictures[1]}", sentence))
    elif pictures:
        try:
            logo = Logo(present[pictures[0]].read_bytes(), LOGOS[pictures[0]])
        except OSError as error:
            wrong.append(_unreadable(f"{name}/{pictures[0]}", error))
    if wrong:
        return None, sorted(wrong, key=str)
    return Words(slug, folder.name, Parts(**texts), logo), []


def _entries(folder: Path) -> Iterator[Path]:
    """Without those that git and file managers leave behind."""
    return (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))


def _files(slug: str) -> dict[str, str]:
    return {
        part: name for part, name in FILES.items() if slug != Template.LAYOUT or part != "subject"
    }


def _decoded(path: str, raw: bytes) -> str | Finding:
    if raw.startswith(BOM):
        sentence = _("It begins with a byte order mark. Save it as UTF-8 without BOM.")
        return Finding(path, sentence, 1, 1)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode()
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return Finding(path, _("It is not UTF-8. Save it as UTF-8."), line, column)
    return text.replace("\r\n", "\n").rstrip("\n")


def _unreadable(path: str, error: OSError) -> Finding:
    return Finding(path, _("It can't be read: %(error)s") % {"error": error.strerror})


def _name_of(logo: Logo | None) -> str:
    names = {mime_type: name for name, mime_type in LOGOS.items()}
    return names.get(logo.mime_type, "logo") if logo else "logo"


def _plain(parts: Parts) -> Parts:
    return Parts(
        *(
            text.replace("\r\n", "\n").rstrip("\n")
            for text in (parts.subject, parts.text, parts.html)
        )
    )
