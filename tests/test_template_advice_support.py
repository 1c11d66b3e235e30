"""What mail programs ignore, by the data that the project carries."""

from __future__ import annotations

import pytest

from mailcenter.templating import Parts
from mailcenter.templating.advice import advise, support
from mailcenter.templating.advice.data import renew

SITE = "https://www.example.com"


def ignored(html: str) -> list[str]:
    """The features that are said to do nothing."""
    mail = Parts("Your code", "Text", f"{html}<p>Enough words for a mail, and no picture.</p>")
    found = [advice.sentence for advice in advise(mail, site_url=SITE)]
    return [each.split("“")[1].split("”")[0] for each in found if "does nothing in" in each]


@pytest.mark.parametrize(
    ("html", "feature"),
    [
        ('<div style="position: absolute">x</div>', "position"),
        ('<div style="Display:FLEX">x</div>', "display:flex"),
        ('<div style="width: calc(1px + 2px)">x</div>', "calc()"),
        ('<div style="width: 50vw">x</div>', "1vw"),
        ('<div style="width: max(1px, calc(1px))">x</div>', "max()"),
        ("<style>@font-face { font-family: x }</style>", "@font-face"),
        ("<style>@import url(x.css);</style>", "@import"),
        ("<style>p:nth-child(2) { color: red }</style>", ":nth-child"),
        ("<style>p { clip-path: none }</style>", "clip-path"),
        ("<svg></svg>", "<svg>"),
        ("<p hidden>x</p>", "hidden="),
        ('<img src="cid:a.webp" alt="x">', ".webp"),
    ],
)
def test_what_much_used_programs_ignore(html, feature):
    assert feature in ignored(html)


@pytest.mark.parametrize(
    "html",
    [
        '<p style="margin: 0; color: #333; border-radius: 4px">x</p>',
        '<div style="display: block">x</div>',
        "<style>@media (prefers-color-scheme: dark) { p { color: #eee !important } }</style>",
        # Whoever obeys the condition knows the rest.
        "<style>@media (min-width: 600px) { p { display: flex } }</style>",
        '<img src="cid:logo.png" alt="x">',
    ],
)
def test_what_they_understand_or_nobody_misses(html):
    assert ignored(html) == []


def test_a_feature_is_named_once_with_the_programs():
    mail = Parts("Your code", "Text", '<p style="float: left">x</p><p style="float: left">y</p>')
    (advice,) = advise(mail, site_url=SITE)
    assert (
        advice.sentence == "“float” does nothing in Outlook (Windows); the mail must do without it."
    )


def test_what_is_called_harmless_stands_in_the_data():
    """Else the data has a new name for it, or the programs have learned it."""
    shelves = support.read()
    assert {
        (shelf, name)
        for shelf, names in support.HARMLESS.items()
        for name in names.split()
        if name not in shelves[shelf]
    } == set()


def feature(slug: str, title: str, **versions: str) -> dict:
    stats = {"gmail": {"ios": {"2020": "n"}}, "outlook": {"windows": versions}}
    return {"slug": slug, "title": title, "stats": stats}


def test_renewing_reads_titles_and_the_newest_version(capsys):
    data = {
        "last_update_date": "2026-05-13 14:45:41 +0000",
        "data": [
            feature("css-float", "float", **{"2007": "n", "2019": "n #1"}),
            feature("css-flex", "display: flex", **{"2007": "n", "2019": "y"}),
            feature("css-gap", "gap, column-gap, row-gap"),
            feature("css-at-import", "@import"),
            feature("css-at-media-hover", "@media (hover)"),
            feature("css-unit-calc", "CSS calc() function"),
            feature("css-unit-vw", "vw unit"),
            feature("css-pseudo-class-has", ":has()"),
            feature("html-video", "<video> element"),
            feature("html-hidden", "hidden attribute"),
            feature("image-webp", "webP image format"),
            feature("html-riddle", "Something else entirely"),
        ],
    }
    reduced = renew.reduce(data, "2.0.2")
    assert reduced["caniemail"] == "2.0.2"
    assert reduced["updated"] == "2026-05-13"
    assert {shelf: list(names) for shelf, names in reduced.items() if isinstance(names, dict)} == {
        "at_rules": ["hover", "import"],
        "pseudo_classes": ["has"],
        "pairs": ["display:flex"],
        "functions": ["calc"],
        "units": ["vw"],
        "properties": ["column-gap", "float", "gap", "row-gap"],
        "elements": ["video"],
        "attributes": ["hidden"],
        "images": ["webp"],
    }
    assert reduced["properties"]["float"] == ["Gmail", "Outlook (Windows)"]
    assert reduced["pairs"]["display:flex"] == ["Gmail"]
    assert "Something else entirely" in capsys.readouterr().err
