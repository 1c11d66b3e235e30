"""``manage.py mailtemplates``: mail templates as files that git can keep."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from mailcenter import editing
from mailcenter.models import Template, TemplateEvent, TemplateVersion
from mailcenter.rendering import Logo, contracts, sources
from mailcenter.templating import Parts

pytestmark = pytest.mark.django_db

KIND, LANGUAGE = "account_exists", "en"
NAME = f"{KIND}/{LANGUAGE}"
# The smallest pictures that pass for one.
PNG = b"\x89PNG\r\n\x1a\n" + b"1" * 16
GIF = b"GIF89a" + b"1" * 16


def run(*arguments: str | Path) -> tuple[str, str]:
    """What it says to stdout; and to stderr, with what it fails with in the last line."""
    output, errors = io.StringIO(), io.StringIO()
    try:
        call_command("mailtemplates", *map(str, arguments), stdout=output, stderr=errors)
    except CommandError as raised:
        errors.write(str(raised))
    return output.getvalue(), errors.getvalue()


def built_in(slug: str = KIND, language: str = LANGUAGE) -> Parts:
    source = sources.built_in(slug, language)
    assert source
    return source.parts


def write(
    root: Path, parts: Parts, slug: str = KIND, language: str = LANGUAGE, logo: str = ""
) -> Path:
    folder = root / slug / language
    folder.mkdir(parents=True)
    if parts.subject:
        (folder / "subject.txt").write_text(f"{parts.subject}\n")
    (folder / "body.txt").write_text(f"{parts.text}\n")
    (folder / "body.html").write_text(f"{parts.html}\n")
    if logo:
        (folder / logo).write_bytes(PNG)
    return folder


def changed(subject: str = "Welcome back") -> Parts:
    return Parts(subject, built_in().text, built_in().html)


def publish(
    parts: Parts, slug: str = KIND, language: str = LANGUAGE, logo: Logo | None = None
) -> TemplateVersion:
    version = draft(parts, slug, language, logo)
    editing.publish(version, None)
    return version


def draft(
    parts: Parts, slug: str = KIND, language: str = LANGUAGE, logo: Logo | None = None
) -> TemplateVersion:
    template, _made = Template.objects.get_or_create(slug=slug, language=language)
    version = editing.save(template, parts, author=None, logo=logo)
    assert version
    return version


def lines(text: str) -> dict[str, str]:
    """A list's states by mail and language."""
    split = [line.split(maxsplit=2) for line in text.splitlines()]
    return {f"{slug}/{language}": state for slug, language, state in split}


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


# list


def test_at_first_everything_is_built_in() -> None:
    output, errors = run("list")
    states = lines(output)
    assert errors == ""
    assert len(states) == len(contracts.slugs()) * len(contracts.languages())
    assert states.pop("layout/zh-hans") == "as in en"
    assert set(states.values()) == {"built-in words"}


def test_the_list_names_versions() -> None:
    publish(changed())
    assert lines(run("list")[0])[NAME] == "version 1 in use"
    draft(changed("Another"))
    assert lines(run("list")[0])[NAME] == "version 1 in use; version 2 is not published"
    editing.back_to_default(Template.objects.get(), None)
    assert lines(run("list")[0])[NAME] == "built-in words; version 2 is not published"


def test_the_list_says_what_fails() -> None:
    version = publish(changed())
    Template.objects.failed(version, "It failed.")
    assert lines(run("list")[0])[NAME] == (
        "version 1 fails, so the next best words are sent: It failed."
    )


def test_the_list_for_programs() -> None:
    publish(changed())
    draft(changed("Another"))
    rows = json.loads(run("list", "--json")[0])["templates"]
    (row,) = [row for row in rows if (row["slug"], row["language"]) == (KIND, LANGUAGE)]
    assert row == {
        "slug": KIND,
        "language": LANGUAGE,
        "published": 1,
        "newest": 2,
        "words_of": LANGUAGE,
        "failure": "",
    }


def test_it_speaks_the_terminals_language(tmp_path: Path) -> None:
    with translation.override("zh-hans"):
        output, _errors = run("export", tmp_path)
    assert "templates are in" not in output


# export


def test_an_export_holds_what_is_in_use(tmp_path: Path) -> None:
    publish(changed())
    output, errors = run("export", tmp_path / "new" / "folder")
    written = files(tmp_path / "new" / "folder")
    assert written[f"{NAME}/subject.txt"] == b"Welcome back\n"
    assert written[f"{NAME}/body.html"] == f"{built_in().html.rstrip()}\n".encode()
    assert "layout/en/body.html" in written
    assert "layout/en/subject.txt" not in written
    # It has no words of its own, and would lose those of English when they change.
    assert not any(name.startswith("layout/zh-hans") for name in written)
    assert all(content.endswith(b"\n") for content in written.values())
    count = len({name.rpartition("/")[0] for name in written})
    assert (output, errors) == (f"{count} templates are in {tmp_path}/new/folder.\n", "")


def test_an_export_leaves_other_files_alone(tmp_path: Path) -> None:
    for name in ("README.md", f"{KIND}/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    run("export", tmp_path)
    assert (files(tmp_path)["README.md"], files(tmp_path)[f"{KIND}/notes.txt"]) == (
        b"mine",
        b"mine",
    )


def test_a_second_export_overwrites_the_first(tmp_path: Path) -> None:
    run("export", tmp_path)
    publish(changed())
    run("export", tmp_path)
    assert files(tmp_path)[f"{NAME}/subject.txt"] == b"Welcome back\n"


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    output, errors = run("export", tmp_path / "file")
    assert (output, str(tmp_path / "file") in errors) == ("", True)


def layout_with_logo() -> Parts:
    html = built_in("layout").html.replace("<body>", '<body><img src="cid:logo" alt="Shop">', 1)
    return Parts("", built_in("layout").text, html)


def test_the_logo_goes_with_the_layout(tmp_path: Path) -> None:
    publish(layout_with_logo(), "layout", logo=Logo(PNG, "image/png"))
    run("export", tmp_path)
    assert files(tmp_path)["layout/en/logo.png"] == PNG
    publish(layout_with_logo(), "layout", logo=Logo(GIF, "image/gif"))
    run("export", tmp_path)
    assert files(tmp_path)["layout/en/logo.gif"] == GIF
    assert "layout/en/logo.png" not in files(tmp_path)
    assert run("import", tmp_path) == ("Nothing differs from what is in use.\n", "")


# import


def test_an_export_that_nobody_edited_changes_nothing(tmp_path: Path) -> None:
    publish(changed())
    run("export", tmp_path)
    before = TemplateVersion.objects.count()
    assert run("import", tmp_path) == ("Nothing differs from what is in use.\n", "")
    assert TemplateVersion.objects.count() == before
    assert Template.objects.count() == 1


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_the_end_of_a_file_is_no_difference(tmp_path: Path, end: str) -> None:
    publish(Parts("Welcome back", built_in().text.rstrip() + end, built_in().html.rstrip() + end))
    run("export", tmp_path)
    assert run("import", tmp_path) == ("Nothing differs from what is in use.\n", "")


def test_the_ends_of_lines_are_no_difference(tmp_path: Path) -> None:
    run("export", tmp_path)
    for path in tmp_path.rglob("*.*"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert run("import", tmp_path) == ("Nothing differs from what is in use.\n", "")


def test_what_differs_is_published(tmp_path: Path) -> None:
    run("export", tmp_path)
    (tmp_path / NAME / "subject.txt").write_text("Welcome back\n")
    output, errors = run("import", tmp_path, "--note", "spring")
    assert (output, errors) == (f"{NAME}: version 1 is in use.\n", "")
    version = TemplateVersion.objects.get()
    assert (version.subject, version.note, version.author_name) == ("Welcome back", "spring", "")
    assert sources.in_use(KIND, LANGUAGE).parts.subject == "Welcome back"
    assert TemplateEvent.objects.get().version == version
    assert run("import", tmp_path) == ("Nothing differs from what is in use.\n", "")


def test_a_part_of_the_tree_is_enough(tmp_path: Path) -> None:
    write(tmp_path, changed())
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.md").write_text("Our mails")
    (tmp_path / NAME / ".gitignore").write_text("")
    assert run("import", tmp_path) == (f"{NAME}: version 1 is in use.\n", "")


def test_built_in_words_replace_those_that_are_published(tmp_path: Path) -> None:
    publish(changed())
    write(tmp_path, built_in())
    assert run("import", tmp_path) == (f"{NAME}: version 2 is in use.\n", "")


def test_a_version_that_was_saved_already_is_only_published(tmp_path: Path) -> None:
    publish(changed())
    draft(changed("Another"))
    write(tmp_path, changed("Another"))
    assert run("import", tmp_path) == (f"{NAME}: version 2 is in use.\n", "")
    assert TemplateVersion.objects.count() == 2


def test_a_language_without_built_in_words_gets_its_own(tmp_path: Path) -> None:
    write(tmp_path, built_in("layout"), "layout", "zh-hans")
    assert run("import", tmp_path) == ("layout/zh-hans: version 1 is in use.\n", "")


def test_a_layout_comes_with_its_logo(tmp_path: Path) -> None:
    write(tmp_path, layout_with_logo(), "layout", logo="logo.png")
    assert run("import", tmp_path) == ("layout/en: version 1 is in use.\n", "")
    version = TemplateVersion.objects.get()
    assert (bytes(version.logo), version.logo_type) == (PNG, "image/png")


def test_a_dry_run_only_says_it(tmp_path: Path) -> None:
    write(tmp_path, changed())
    output, errors = run("import", tmp_path, "--dry-run")
    assert (output, errors) == (f"{NAME}: version 1 would be put into use.\n", "")
    assert not Template.objects.exists()
    assert sources.in_use(KIND, LANGUAGE).parts.subject == built_in().subject


def test_one_broken_template_keeps_all_from_changing(tmp_path: Path) -> None:
    folder = write(tmp_path, built_in("login_code"), "login_code")
    (folder / "body.txt").write_text("Hello,\nyour cod is {{ cod }}\n{{ code }}\n")
    write(tmp_path, changed())
    output, errors = run("import", tmp_path)
    assert output == ""
    assert "login_code/en/body.txt:2:13: " in errors
    assert errors.endswith("1 problem. Nothing was changed.")
    assert not Template.objects.exists()
    assert sources.in_use(KIND, LANGUAGE).parts.subject == built_in().subject


def test_a_required_variable_that_is_missing_names_the_file(tmp_path: Path) -> None:
    folder = write(tmp_path, built_in("login_code"), "login_code")
    (folder / "body.html").write_text("<p>No code for you.</p>\n")
    _output, errors = run("import", tmp_path)
    assert "login_code/en/body.html" in errors
    assert "code" in errors


@pytest.mark.parametrize(
    ("path", "content", "line"),
    [
        ("acount_exists/en/body.txt", b"x", "acount_exists: There is no mail template of this"),
        (f"{KIND}/fr/body.txt", b"x", f"{KIND}/fr: The site has no such language."),
        (f"{KIND}/subject.txt", b"x", f"{KIND}/subject.txt: The site has no such language."),
        (f"{NAME}/body.htm", b"x", f"{NAME}/body.htm: A template has no such file."),
        (f"{NAME}/logo.png", PNG, f"{NAME}/logo.png: A template has no such file."),
        ("layout/en/subject.txt", b"x", "layout/en/subject.txt: A template has no such file."),
        ("layout/en/logo.gif", GIF, "layout/en/logo.gif: There is more than one logo."),
        (f"{NAME}/body.txt", b"\xef\xbb\xbfx", f"{NAME}/body.txt:1:1: It begins with a byte"),
        (f"{NAME}/body.txt", "é\nüb\xff".encode("latin-1"), f"{NAME}/body.txt:1:1: It is not UTF"),
        (f"{NAME}/body.txt", "é\nüb".encode() + b"\xff", f"{NAME}/body.txt:2:3: It is not UTF-8."),
    ],
)
def test_what_is_no_template_is_told(tmp_path: Path, path: str, content: bytes, line: str) -> None:
    write(tmp_path, changed())
    write(tmp_path, layout_with_logo(), "layout", logo="logo.png")
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_bytes(content)
    output, errors = run("import", tmp_path)
    assert output == ""
    assert line in errors
    assert errors.endswith("1 problem. Nothing was changed.")
    assert not Template.objects.exists()


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    (write(tmp_path, changed()) / "body.html").unlink()
    (write(tmp_path, built_in("login_code"), "login_code") / "subject.txt").unlink()
    _output, errors = run("import", tmp_path)
    assert f"{NAME}/body.html: This file is missing.\n" in errors
    assert "login_code/en/subject.txt: This file is missing.\n" in errors


def test_a_picture_of_another_type_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path, layout_with_logo(), "layout", logo="logo.png")
    (folder / "logo.png").write_bytes(GIF)
    _output, errors = run("import", tmp_path)
    assert "layout/en/logo.png: The logo must be" in errors


@pytest.mark.parametrize("make", [True, False])
def test_a_folder_without_templates_is_an_error(tmp_path: Path, make: bool) -> None:
    if make:
        (tmp_path / "empty").mkdir()
    output, errors = run("import", tmp_path / "empty")
    assert (output, "empty" in errors) == ("", True)


def test_a_note_that_is_too_long_is_refused(tmp_path: Path) -> None:
    write(tmp_path, changed())
    _output, errors = run("import", tmp_path, "--note", "x" * 201)
    assert "200" in errors
    assert not Template.objects.exists()


# check


def test_what_comes_with_the_site_is_in_order() -> None:
    output, errors = run("check")
    assert errors == ""
    assert output.endswith("templates are in order.\n")


def test_a_published_version_that_breaks_its_contract_is_told() -> None:
    version = publish(changed())
    # As if a developer had taken a variable out since.
    TemplateVersion.objects.filter(pk=version.pk).update(text="{{ login_url }}\n{{ gone }}\n")
    output, errors = run("check")
    assert output == ""
    assert f"{NAME}/body.txt:2:1: " in errors
    assert "(published version 1)" in errors


def test_what_is_not_published_may_be_broken() -> None:
    version = draft(changed())
    TemplateVersion.objects.filter(pk=version.pk).update(text="{{ gone }}")
    assert run("check")[1] == ""


def test_files_that_nothing_can_read_are_told(settings: Any, tmp_path: Path) -> None:
    (engine,) = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]
    write(tmp_path / "mail", Parts("Hello", "{% if %}", "<p>Hello</p>"))
    _output, errors = run("check")
    assert errors.startswith(f"{NAME}/body.txt:1:1: ")
    assert errors.endswith("problems.")
