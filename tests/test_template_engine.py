"""Who may edit a template may not read, call, load or exhaust anything."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcenter.exceptions import TemplateFailed
from mailcenter.templating import syntax
from mailcenter.templating.allowed import register
from mailcenter.templating.engine import render

WHEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
VALUES = {
    "name": "Ann & Bob",
    "empty": "",
    "orders": [{"number": 7, "total": Decimal("9.50")}, {"number": 8, "total": Decimal("1")}],
    "pairs": [["a", 1], ["b", 2]],
    "when": WHEN,
    "lazy": gettext_lazy("sample"),
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Hi {{ name }}!", "Hi Ann & Bob!"),
        ("{{ nobody }}{{ name.nothing }}{{ orders.9.number }}", ""),
        ("{{ orders.1.number }} {{ orders|length }}", "8 2"),
        ("{{ empty|default:'-' }}{{ name|lower|cut:' ' }}", "-ann&bob"),
        ("{% if empty %}a{% elif name == 'Ann & Bob' %}b{% else %}c{% endif %}", "b"),
        ("{% for o in orders %}{{ forloop.counter }}:{{ o.number }} {% endfor %}", "1:7 2:8 "),
        ("{% for o in orders reversed %}{{ o.number }}{% endfor %}", "87"),
        ("{% for a, b in pairs %}{{ a }}{{ b }}{% endfor %}", "a1b2"),
        ("{% for o in empty %}{% empty %}none{% endfor %}", "none"),
        (
            "{% for o in orders %}{% for p in pairs %}{{ forloop.parentloop.counter }}{% endfor %}"
            "{% endfor %}",
            "1122",
        ),
        ("{% with self=name context=1 %}{{ self }}{{ context }}{% endwith %}", "Ann & Bob1"),
        ("{% comment %}{{ ! }}{% endcomment %}{# x #}{% templatetag openvariable %}", "{{"),
        ("{{ orders.0.total|floatformat:2 }} {{ lazy }}", "9.50 sample"),
    ],
)
def test_what_mails_need_works(source, expected):
    assert render(source, VALUES, html=False) == expected


def test_dates_are_local_to_the_site_and_the_language(settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    assert render('{{ when|date:"Y-m-d H:i O" }}', VALUES, html=False) == "2026-01-02 11:04 +0800"
    assert render("{{ when|time:'H:i' }}", VALUES, html=False) == "11:04"


def test_html_escapes_values_and_constants_alike():
    values = {"name": "<b>", "body": mark_safe("<p>x</p>")}
    source = "{{ name }}{{ '<script>' }}{{ name|default:'' }}{{ empty|default:'<i>' }}{{ body }}"
    assert render(source, values, html=True) == (
        "&lt;b&gt;&lt;script&gt;&lt;b&gt;&lt;i&gt;<p>x</p>"
    )
    assert render("{{ name }}", values, html=False) == "<b>"
    # What is rendered as text must not pass for HTML later.
    assert type(render("{{ body }}", values, html=False)) is str


@pytest.mark.parametrize(
    "source",
    [
        '{% include "admin/base.html" %}',
        '{% extends "admin/base.html" %}',
        "{% load i18n %}",
        "{% debug %}",
        "{% csrf_token %}",
        "{% url 'admin:index' %}",
        "{% block a %}{% endblock %}",
        "{% autoescape off %}{{ name }}{% endautoescape %}",
        "{% filter upper %}a{% endfilter %}",
        "{% now 'Y' %}",
        "{% lorem 9999 %}",
        "{% verbatim\ta %}{{ name }}{% endverbatim %}",
        "{{ name|safe }}",
        "{{ name|stringformat:'s' }}",
        "{{ name|ljust:'1000000000' }}",
        "{{ name|add:name }}",
        "{{ orders|pprint }}",
        "{{ orders|join:name }}",
        "{{ name|make_list }}",
        "{{ name.__class__ }}",
        "{{ _private }}",
        "{{ _('Password') }}",
        "{{ name|default:_('Password') }}",
    ],
)
def test_what_is_not_allowed_is_refused_with_its_place(source):
    with pytest.raises(TemplateFailed, match="line 1, column 1: "):
        render(source, VALUES, html=True)


def test_no_attribute_is_read_and_nothing_is_called():
    class Trap:
        touched = False

        def __call__(self) -> str:
            Trap.touched = True
            return "called"

        def __str__(self) -> str:
            Trap.touched = True
            return "written"

        __html__ = __repr__ = __str__

        def __getattr__(self, name: str) -> str:
            Trap.touched = True
            return "read"

    def reveal() -> str:
        Trap.touched = True
        return "called"

    values = {
        "trap": Trap(),
        "function": reveal,
        "lazy": SimpleLazyObject(reveal),
        "held": {"trap": Trap(), "function": reveal},
        "traps": [Trap()],
    }
    for source in (
        "{{ trap }}",
        "{{ trap|upper }}",
        "{{ function }}",
        "{{ lazy }}",
        "{{ held.trap }}",
        "{{ held.function }}",
        "{{ traps|first }}",
        "{{ traps|upper }}",
        "{{ traps }}",
        "{% for trap in traps %}{{ trap }}{% endfor %}",
        "{% for each in trap %}{% endfor %}",
    ):
        with pytest.raises(TemplateFailed):
            render(source, values, html=True)
    for source in ("{{ trap.name }}", "{{ function.secret }}", "{{ held.items }}"):
        assert render(source, values, html=True) == ""
    assert not Trap.touched


def test_a_failure_and_a_missing_name_tell_no_value(caplog):
    caplog.set_level(logging.DEBUG)
    values = {"code": "BCDF-GHJK", "key": "SAMPLE-KEY"}
    with pytest.raises(TemplateFailed) as failed:
        render("{{ code|divisibleby:key }}", values, html=False)
    assert render("{{ nothing }}{{ code.nothing }}", values, html=False) == ""

    told = repr(failed.value) + str(failed.value) + repr(failed.value.__context__) + caplog.text
    assert "BCDF" not in told
    assert "SAMPLE" not in told
    assert failed.value.__cause__ is None


LARGE = "x" * 60_000


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("x" * 65_537, "longer than 64 KiB"),
        ("中" * 30_000, "longer than 64 KiB"),
        ("{% if name %}" * 400 + "{% endif %}" * 400, "inside one another"),
        ("{% if name %}" * 21 + "{% endif %}" * 21, "inside one another"),
        ("{{ name }}" * 1001, "1000 tags"),
        ("{%" * 32_768, "is not closed"),
        ("{{" * 32_768, "is not closed"),
        ("{#" * 32_768, "is not closed"),
        ("{% if " + "not " * 200 + "name %}x{% endif %}", "is not closed"),
        ("{{ name" + "|upper" * 11 + " }}", "filters in a row"),
        ("{{ name|floatformat:1000000 }}", "at most 20 decimals"),
        ("{{ name|floatformat:'-99999999g' }}", "at most 20 decimals"),
        ("{{ when|date:many }}", "at most 100 characters"),
        ("{{ name|truncatechars:1e999 }}", "OverflowError"),
        ("{% for a in many_entries %}{% endfor %}", "1000 steps"),
        (
            "{% for a in entries %}{% for b in entries %}{% endfor %}{% endfor %}",
            "1000 steps",
        ),
        ("{% for a in entries %}" + LARGE + "{% endfor %}", "1024 KiB"),
        ("{{ many }}" * 20, "1024 KiB"),
        ("{{ many|upper|lower|title|force_escape }}" * 100, "too much work"),
        ("{% for a in entries %}" + "{{ a|lower }}" * 900 + "{% endfor %}", "too much work"),
        (
            "{% for a in entries %}" + "{% if a|lower == a %}{% endif %}" * 400 + "{% endfor %}",
            "wo",
        ),
        # Each letter is worked out, and few are written.
        (
            "{% for a in entries %}"
            + f"{{% if when|date:'{'z' * 100}' %}}{{% endif %}}" * 30
            + "{% endfor %}",
            "too much work",
        ),
    ],
)
def test_what_would_take_too_much_is_refused(source, why):
    values = {**VALUES, "many": LARGE, "entries": list("a" * 900), "many_entries": list("a" * 1001)}
    with pytest.raises(TemplateFailed, match=why):
        render(source, values, html=True)


def test_a_template_is_no_source_for_another():
    source = "{{ name }}"
    assert render(source, {"name": source}, html=False) == source
    assert render("{{ name }}", {"name": "{% include 'x' %}"}, html=False) == "{% include 'x' %}"


def test_no_tag_or_filter_is_allowed_that_nobody_looked_at():
    assert sorted(register.tags) == ["comment", "for", "if", "templatetag", "with"]
    assert not set(register.filters) & {"safe", "safeseq", "join", "add", "slice", "pprint"}


PIECES = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "\n",
            " ",
            "|",
            ":",
            ".",
            '"',
            "'",
            "_(",
            ")",
            "=",
            ",",
        ),
        *("if", "endif", "else", "elif", "for", "in", "endfor", "empty", "with", "endwith", "not"),
        *("comment", "endcomment", "verbatim", "a", "1e5", "-", "==", "reversed", "lower", "date"),
        *("{{ a }}", "{% if a %}", "{% endif %}", "{% for b in c %}", "{% endfor %}", "{{ b }}"),
    ]
)


@settings(deadline=None, derandomize=True)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)))
def test_a_source_without_faults_renders_and_any_other_is_refused(source):
    failure = ""
    try:
        render(source, {"a": "x", "c": ["y"]}, html=True)
    except TemplateFailed as failed:
        failure = str(failed)
    if syntax.Reader(source).read():
        assert failure.startswith("line ")
    else:
        # Values may still not fit: the form does.
        assert "line " not in failure
        assert "SyntaxError" not in failure
