from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailcenter import editing
from mailcenter.management import template_files
from mailcenter.management.template_files import Finding, Words
from mailcenter.management.template_states import each_pair, each_state, in_use
from mailcenter.models import Template, TemplateVersion
from mailcenter.rendering import contracts, sources
from mailcenter.rendering.sources import Source

MOST_NOTE = TemplateVersion._meta.get_field("note").max_length or 0


class Command(BaseCommand):
    # What they warn of can be what an import or a check is to mend.
    requires_system_checks = ()
    help = "List, export, import and check the mail templates, so that git can keep them."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        listing = verbs.add_parser("list", help="Which words each mail is written from.")
        listing.add_argument("--json", action="store_true", help="Print one JSON object.")
        exporting = verbs.add_parser(
            "export", help="Write what is in use as DIR/<mail>/<language>/{subject.txt,body.txt,…}."
        )
        exporting.add_argument("folder", metavar="DIR", type=Path)
        importing = verbs.add_parser(
            "import",
            help="Publish what differs in DIR from what is in use: all of it, or nothing where "
            "something is wrong. Exits with 1 then.",
        )
        importing.add_argument("folder", metavar="DIR", type=Path)
        importing.add_argument("--dry-run", action="store_true", help="Only say what it would do.")
        importing.add_argument("--note", default="", metavar="TEXT", help="Kept with each version.")
        verbs.add_parser(
            "check",
            help="Whether all that is published or built in keeps its contract. Exits with 1 "
            "where it doesn't.",
        )

    def handle(self, *, verb: str, **options: Any) -> None:
        if verb == "list":
            self._list(as_json=options["json"])
        elif verb == "export":
            self._export(options["folder"])
        elif verb == "import":
            self._import(options["folder"], dry_run=options["dry_run"], note=options["note"])
        else:
            self._check_all()

    def _list(self, *, as_json: bool) -> None:
        states = list(each_state())
        if as_json:
            rows = [asdict(state) for state in states]
            self.stdout.write(json.dumps({"templates": rows}, ensure_ascii=False, indent=2))
            return
        names = [(state.slug, state.language) for state in states]
        widths = [max(map(len, column)) for column in zip(*names, strict=True)]
        for state in states:
            name = f"{state.slug:{widths[0]}}  {state.language:{widths[1]}}"
            self.stdout.write(f"{name}  {state.in_words()}")

    def _export(self, folder: Path) -> None:
        count = 0
        try:
            for words in each_of_its_own():
                template_files.write(folder, words)
                count += 1
        except OSError as error:
            raise unusable(folder, error) from None
        self.stdout.write(
            ngettext(
                "%(count)d template is in %(folder)s.",
                "%(count)d templates are in %(folder)s.",
                count,
            )
            % {"count": count, "folder": folder}
        )

    def _import(self, folder: Path, *, dry_run: bool, note: str) -> None:
        if len(note) > MOST_NOTE:
            raise CommandError(
                _("The note may have %(count)d characters at most.") % {"count": MOST_NOTE}
            )
        try:
            found, wrong = template_files.read(folder)
        except OSError as error:
            raise unusable(folder, error) from None
        if not found and not wrong:
            raise CommandError(_("There is no mail template in %(folder)s.") % {"folder": folder})
        changed: list[tuple[str, int]] = []
        try:
            with transaction.atomic():
                # The layout is first: the others are checked in it.
                for words in sorted(found, key=lambda words: words.slug != Template.LAYOUT):
                    if found_wrong := problems(words):
                        wrong += found_wrong
                    elif version := publish(words, note):
                        changed.append((words.name, version.number))
                if dry_run or wrong:
                    transaction.set_rollback(True)
        finally:
            # What was read in a transaction that is rolled back never was.
            sources.forget()
        if wrong:
            self._fail(wrong, _("Nothing was changed."))
        said = (
            _("%(name)s: version %(number)d would be put into use.")
            if dry_run
            else _("%(name)s: version %(number)d is in use.")
        )
        for name, number in changed:
            self.stdout.write(said % {"name": name, "number": number})
        if not changed:
            self.stdout.write(_("Nothing differs from what is in use."))

    def _check_all(self) -> None:
        wrong: list[Finding] = []
        count = 0
        for slug, _label in contracts.slugs():
            there = [*each_built_in(slug), *each_published(slug)]
            count += len(there)
            if not there:
                wrong.append(Finding(slug, _("It has no words in any language.")))
            for source in there:
                wrong += source if isinstance(source, list) else problems_of(slug, source)
        if wrong:
            self._fail(wrong)
        self.stdout.write(
            ngettext("%(count)d template is in order.", "%(count)d templates are in order.", count)
            % {"count": count}
        )

    def _fail(self, wrong: list[Finding], consequence: str = "") -> NoReturn:
        for finding in wrong:
            self.stderr.write(str(finding))
        said = ngettext("%(count)d problem.", "%(count)d problems.", len(wrong))
        raise CommandError(" ".join(filter(None, [said % {"count": len(wrong)}, consequence])))


def each_of_its_own() -> Iterator[Words]:
    """What is in use, but where a language has to do with another one's words."""
    for slug, language in each_pair():
        source = in_use(slug, language)
        if source and source.language == language:
            yield Words(slug, language, source.parts, source.logo)


def each_built_in(slug: str) -> Iterator[Source | list[Finding]]:
    """A finding for files that can't even be read."""
    for language in contracts.languages():
        try:
            if source := sources.built_in(slug, language):
                yield source
        except UnicodeDecodeError as error:
            yield [Finding(f"{slug}/{language}", str(error))]


def each_published(slug: str) -> Iterator[Source]:
    versions = TemplateVersion.objects.filter(template__slug=slug, template__published=F("pk"))
    for version in versions.select_related("template"):
        yield Source(version.parts, version.template.language, version)


def problems(words: Words) -> list[Finding]:
    template = Template(slug=words.slug, language=words.language)
    found = editing.problems(template, words.parts, words.logo)
    return [template_files.of_problem(words, problem) for problem in found]


def problems_of(slug: str, source: Source) -> list[Finding]:
    found = problems(Words(slug, source.language, source.parts, source.logo))
    if source.version is None:
        return found
    # The path is that of a file in whose place a row is used.
    return [
        replace(
            finding,
            sentence=_("%(sentence)s (published version %(number)d)")
            % {"sentence": finding.sentence, "number": source.version.number},
        )
        for finding in found
    ]


def publish(words: Words, note: str) -> TemplateVersion | None:
    """None where they are in use already."""
    pair = {"slug": words.slug, "language": words.language}
    template = Template.objects.select_related("published").filter(**pair).first()
    if template and template.published:
        used: Source | None = Source(template.published.parts, words.language, template.published)
    else:
        used = sources.built_in(**pair)
    if used and is_of(used, words):
        return None
    template = template or Template.objects.create(**pair)
    version = template.newest()
    if version is None or not is_of(Source(version.parts, words.language, version), words):
        version = editing.save(template, words.parts, author=None, note=note, logo=words.logo)
    if version:
        editing.publish(version, None)
    return version


def is_of(source: Source, words: Words) -> bool:
    return source.logo == words.logo and template_files.same(source.parts, words.parts)


def unusable(folder: Path, error: OSError) -> CommandError:
    return CommandError(
        _("%(folder)s can't be used: %(error)s")
        % {"folder": error.filename or folder, "error": error.strerror}
    )
