"""Text that can't be read on its ground, however the colours got there."""

from __future__ import annotations

import pytest

from mailcenter.templating import Parts
from mailcenter.templating.advice import advise, colours

SITE = "https://www.example.com"
DARK = "@media (prefers-color-scheme: dark)"


def faint(html: str, sheet: str = "") -> list[str]:
    """The sentences about contrast."""
    style = f"<style>{sheet}</style>" if sheet else ""
    mail = Parts("Your code", "Text", f"<html><head>{style}</head><body>{html}</body></html>")
    found = [advice.sentence for advice in advise(mail, site_url=SITE)]
    return [sentence for sentence in found if "hard to read" in sentence]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000", "#fff", 21.0),
        ("#777777", "white", 4.48),
        ("#767676", "white", 4.54),
        ("rgb(255 0 0)", "hsl(0 0% 100%)", 4.0),
        ("teal", "TEAL", 1.0),
    ],
)
def test_the_ratio_is_that_of_wcag(one, other, ratio):
    pair = [colours.read(colour) for colour in (one, other)]
    assert colours.contrast(pair[0][0], pair[1][0]) == pytest.approx(ratio, abs=0.005)


def test_it_names_the_text_the_colours_and_the_figures():
    assert faint('<p style="color: #999">Valid for <b>ten</b> minutes</p>') == [
        "“Valid for” is hard to read, #999999 on #ffffff: a contrast of 2.8 where 4.5 is needed;"
        " choose colours further apart."
    ]


def test_a_ratio_is_never_rounded_up_to_what_is_needed():
    (sentence,) = faint('<p style="color: #777">x</p>')
    assert "of 4.4 where 4.5" in sentence


@pytest.mark.parametrize(
    "html",
    [
        '<div style="background: #222"><p>Black by default</p></div>',
        '<table bgcolor="#222222"><tr><td>Black by default</td></tr></table>',
        '<table bgcolor="222222"><tr><td>Black by default</td></tr></table>',
        '<p style="color: white">White on the default</p>',
        '<font color="#cccccc">Grey on the default</font>',
        '<div style="background: navy"><a href="https://www.example.com/">Log in</a></div>',
        '<p style="color: rgba(0, 0, 0, 0.3)">Shining through</p>',
        '<div style="background: #000"><p style="background: rgba(255,255,255,.1)">Black</p></div>',
        '<p style="color: #fff; background: #000; background: #fff">The later wins</p>',
        '<p style="color: #ccc; color: no-such-colour">What can be read wins</p>',
        '<p style="color: #ccc !important; color: #000">The important wins</p>',
        '<p style="color: #888; font-size: 23px">Not large</p>',
        '<p style="color: #888; font-weight: bold; font-size: 18px">Not large</p>',
        '<div style="background: url(cid:sky)"><p style="background: #222">Black</p></div>',
    ],
)
def test_text_that_is_hard_to_read(html):
    assert len(faint(html)) == 1


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color: #666">Dark enough</p>',
        '<p style="color: #888; font-size: 24px">Large</p>',
        '<p style="color: #888; font-size: 18pt">Large</p>',
        '<p style="color: #888; font: bold 19px sans-serif">Large and bold</p>',
        '<div style="font-size: 20px"><h1 style="color: #888">Large by nature</h1></div>',
        '<p style="color: #fff; display: none">123456</p>',
        '<div style="visibility: hidden"><p style="color: #fff">123456</p></div>',
        '<p style="color: #fff; opacity: 0">123456</p>',
        '<p style="color: #fff; font-size: 1px">123456</p>',
        '<p style="color: #fff">&nbsp;</p>',
        '<div style="color: #fff; background-image: url(cid:sky)">Over a picture</div>',
        '<div style="background-image: url(cid:sky); background-color: #fff; color: #fff">x</div>',
        '<td background="cid:sky"><p style="color: #fff">Over a picture</p></td>',
        '<p style="color: #fff; background: linear-gradient(#000, #111)">Over a gradient</p>',
        '<div style="color: #fff; background: #222"><p style="color: inherit">White</p></div>',
    ],
)
def test_text_that_is_not(html):
    assert faint(html) == []


def test_each_pair_of_colours_is_named_once():
    html = (
        '<p style="color: #ccc">one</p><p style="color: #ccc">two</p><p style="color: #ddd">3</p>'
    )
    assert len(faint(html)) == 2


def test_a_dark_screen_is_looked_at_by_itself():
    html = '<div class="page" style="background: #fff"><p style="color: #333">Text</p></div>'
    sheet = f"{DARK} {{ .page {{ background: #111 !important }} }}"
    assert faint(html, sheet) == [
        "On a dark screen “Text” is hard to read, #333333 on #111111: a contrast of 1.4 where"
        " 4.5 is needed; choose colours further apart."
    ]
    assert faint(html, f"{sheet} {DARK} {{ .page p {{ color: #eee !important }} }}") == []


def test_what_is_faint_on_both_screens_is_said_once():
    html = '<p style="color: #ccc">Text</p>'
    assert len(faint(html, f"{DARK} {{ .other {{ color: #fff }} }}")) == 1


@pytest.mark.parametrize(
    ("rule", "reached"),
    [
        ("p { color: #eee !important }", True),
        ("p { color: #eee }", False),  # the element's own style wins
        (".a .c { color: #eee !important }", True),
        (".a > .c { color: #eee !important }", False),
        (".b > .c { color: #eee !important }", True),
        (".a > .b > p.c#d { color: #eee !important }", True),
        ("body > .a .c { color: #eee !important }", True),
        (".c .a { color: #eee !important }", False),
        ("* { color: #eee !important }", True),
        ("table, #d { color: #eee !important }", True),
        ("#d { color: #333 !important } p { color: #eee !important }", False),
        ("p { color: #eee !important } p { color: #333 !important }", False),
        # Of two as weighty ones the later wins, wherever it stands.
        ("@media screen { p { color: #eee !important } } p { color: #333 !important }", False),
        ("p:hover { color: #eee !important }", False),
        ("p[title] { color: #eee !important }", False),
        ("p + p { color: #eee !important }", False),
        ("@media (max-width: 400px) { p { color: #eee !important } }", False),
    ],
)
def test_rules_reach_what_they_select(rule, reached):
    html = '<div class="a"><div class="b"><p class="c" id="d" style="color: #333">x</p></div></div>'
    # In dark mode #eee on the white of the page is faint.
    assert bool(faint(html, f"{DARK} {{ {rule} }}")) is reached


def test_rules_for_a_light_screen_and_for_some_screens():
    html = "<p>Text</p>"
    assert faint(html, "p { color: #eee }")
    assert faint(html, "@media screen { p { color: #eee } }")
    assert faint(html, "@media (prefers-color-scheme: light) { p { color: #eee } }")
    assert faint(html, "@media only screen and (prefers-color-scheme: light) { p { color: #eee } }")
    assert not faint(html, "@media print { p { color: #eee } }")
    assert not faint(html, "@media not screen { p { color: #eee } }")
    assert not faint(html, "@supports (color: red) { p { color: #eee } }")
    assert not faint(html, f"@media (min-width: 9px) {{ {DARK} {{ p {{ color: #eee }} }} }}")
