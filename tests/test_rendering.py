"""Which words a mail gets: published versions, built-in files, languages, and what fails."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.template import TemplateDoesNotExist

from mailcenter import editing, kinds
from mailcenter.exceptions import TemplateFailed
from mailcenter.models import Template, TemplateEvent, TemplateVersion
from mailcenter.rendering import Composed, Logo, compose, contracts, preview, sources
from mailcenter.templating import Parts
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

CODE = {"code": "BCDF-GHJK", "valid_for": "3 minutes"}
WORDS = Parts("Log in", "Your code: {{ code }}", "<p>Your code: {{ code }}</p>")
PNG = Logo(b"\x89PNG\r\n\x1a\n" + bytes(40), "image/png")


def version(
    parts: Parts = WORDS, slug: str = "login_code", language: str = "en", **columns: Any
) -> TemplateVersion:
    """As it may lie in the table, whatever the contract says of it."""
    template, _new = Template.objects.get_or_create(slug=slug, language=language)
    return TemplateVersion.objects.create(
        template=template,
        number=template.versions.count() + 1,
        subject=parts.subject,
        text=parts.text,
        html=parts.html,
        **columns,
    )


def publish(*args: Any, **kwargs: Any) -> TemplateVersion:
    new = version(*args, **kwargs)
    assert editing.publish(new, None)
    return new


def layout(**parts: str) -> Parts:
    source = sources.built_in(Template.LAYOUT, "en")
    assert source
    return Parts("", parts.get("text", source.parts.text), parts.get("html", source.parts.html))


def test_a_published_version_takes_the_place_of_the_file_until_it_is_taken_back():
    before = compose("login_code", "en", CODE)
    assert before.template_version_id is None

    ours = publish()
    mail = compose("login_code", "en", CODE)
    assert (mail.real.subject, mail.template_version_id) == ("Log in", ours.pk)
    assert "Your code: BCDF-GHJK" in mail.real.text
    assert "Your code: BCDF-GHJK" in mail.real.html
    assert "BCDF-GHJK" not in mail.redacted.subject + mail.redacted.text + mail.redacted.html

    assert editing.back_to_default(ours.template, None)
    assert compose("login_code", "en", CODE) == before


def test_a_version_that_is_only_saved_changes_no_mail():
    version()
    assert compose("login_code", "en", CODE).template_version_id is None


@pytest.mark.parametrize(
    ("published_in", "asked", "words"),
    [
        ([], "en", "en"),
        ([], "zh-hans", "zh-hans"),
        (["zh-hans"], "en", "en"),
        (["zh-hans"], "zh-hans", "row zh-hans"),
        # The site's own language stands in for one that nobody has written.
        ([], "fr", "zh-hans"),
        (["en"], "fr", "zh-hans"),
        (["fr"], "fr", "row fr"),
        (["fr"], "fr-ca", "row fr"),
        (["zh-hans"], "ZH-Hans-CN", "row zh-hans"),
    ],
)
def test_languages_fall_back_one_by_one(published_in, asked, words):
    for language in published_in:
        publish(Parts(f"row {language}", WORDS.text, WORDS.html), language=language)
    mail = compose("login_code", asked, CODE)
    files = {"en": "Your log-in code", "zh-hans": "您的登录验证码"}
    assert mail.real.subject == files.get(words, words)
    assert mail.language == words.removeprefix("row ")
    assert f'lang="{mail.language}"' in mail.real.html


def test_what_nobody_has_written_is_an_error():
    with pytest.raises(TemplateDoesNotExist):
        compose("other", "en", {})


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Callable[..., Composed]:
    """``compose``, and the end of the transaction it is called in."""

    def composed(*args: Any) -> Composed:
        with django_capture_on_commit_callbacks(execute=True):
            return compose(*args)

    return composed


@pytest.mark.parametrize(
    "broken",
    [
        Parts("s", "{{ code }}", "{% if code %}{{ code }}"),
        Parts("s", "{{ code }}", "{% include 'x' %}{{ code }}"),
        Parts("s", "{{ code }}", "no code here"),
        Parts("s", "no code here", "{{ code }}"),
    ],
)
def test_a_version_that_fails_gives_way_to_the_file_and_everybody_can_see_it(
    broken, caplog, committed
):
    failing = publish(broken)
    with caplog.at_level(logging.ERROR):
        mail = committed("login_code", "en", CODE)
    assert (mail.real.subject, mail.template_version_id) == ("Your log-in code", None)
    assert "BCDF-GHJK" in mail.real.text
    template = Template.objects.get()
    assert template.failing
    assert (template.failed_version, bool(template.failure)) == (failing, True)
    assert "login_code (en) v1" in caplog.text
    assert "BCDF-GHJK" not in caplog.text + template.failure


def test_a_failure_is_noted_once_a_minute_and_forgotten_with_the_next_version(committed):
    publish(Parts("s", "{{ code }}", "no code"))
    committed("login_code", "en", CODE)
    first = Template.objects.get().failed_at
    committed("login_code", "en", CODE)
    assert Template.objects.get().failed_at == first

    publish()
    committed("login_code", "en", CODE)
    assert not Template.objects.get().failing


def test_a_layout_that_fails_gives_way_too(committed):
    publish(layout(html="<html>{% if %}</html>"), slug=Template.LAYOUT)
    mail = committed("login_code", "en", CODE)
    assert "BCDF-GHJK" in mail.real.html
    assert mail.layout_version_id is None
    assert Template.objects.get().failing


@pytest.mark.parametrize("text", ["{{ subject }}", "{{ body }}{{ body }}"])
def test_a_layout_that_drops_or_repeats_the_mail_gives_way_too(text, committed):
    publish(layout(text=text), slug=Template.LAYOUT)
    assert "BCDF-GHJK" in committed("login_code", "en", CODE).real.text
    assert Template.objects.get().failing


def test_elements_left_open_are_not_multiplied_by_the_layout(committed):
    # 40,000 in one another: the parser would take the whole process with it.
    publish(Parts("s", "{{ code }}", "<div>" * 99 + "{{ code }}"))
    publish(layout(html="<body>" + "{{ body }}" * 400 + "</body>"), slug=Template.LAYOUT)
    mail = committed("login_code", "en", CODE)
    assert (mail.layout_version_id, mail.template_version_id is None) == (None, False)


def test_a_layout_whose_styling_would_take_minutes_gives_way(committed, settings):
    settings.LANGUAGE_CODE = "en"
    rules = "".join(f"p{{a{n}:1}}" for n in range(4000))
    publish(layout(html=f"<style>{rules}</style>{{{{ body }}}}"), slug=Template.LAYOUT)
    publish(Parts("s", "{{ code }}", "{{ code }}" + "<p>x</p>" * 200))
    assert committed("login_code", "en", CODE).layout_version_id is None
    assert "too many style rules" in Template.objects.get(slug=Template.LAYOUT).failure


LEAK = (
    "{% if valid_for == '7 minutes' %}{% with a='https://evil.example/' %}{{ a }}{{ code }}"
    "{% endwith %}{% else %}{{ code }}{% endif %}"
)


@pytest.mark.parametrize("parts", [Parts("s", LEAK, "{{ code }}"), Parts("s", "{{ code }}", LEAK)])
def test_a_link_that_takes_the_code_along_in_one_mail_alone_is_noticed_there(parts, committed):
    ours = editing.save(template(), parts, author=None)
    assert ours
    editing.publish(ours, None)
    assert committed("login_code", "en", CODE).template_version_id == ours.pk
    mail = committed("login_code", "en", {**CODE, "valid_for": "7 minutes"})
    assert mail.template_version_id is None
    assert "evil.example" not in mail.real.text + mail.real.html
    assert Template.objects.get().failing


def test_a_layout_that_takes_the_code_along_is_noticed_too(committed):
    leak = "{% with a='https://evil.example/' %}{{ a }}{{ preheader }}{% endwith %} {{ body }}"
    publish(layout(text=leak), slug=Template.LAYOUT)
    assert "evil.example" not in committed("login_code", "en", CODE).real.text
    assert Template.objects.get().failing


@pytest.mark.django_db(transaction=True)
def test_a_note_that_can_not_be_written_hinders_no_mail(monkeypatch, caplog):
    def locked(*args: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(type(Template.objects), "failed", locked)
    publish(Parts("s", "{{ code }}", "no code"))
    assert "BCDF-GHJK" in compose("login_code", "en", CODE).real.html
    assert "login_code (en) v1" in caplog.text


def test_what_is_published_while_a_mail_is_written_leaves_it_its_words(monkeypatch):
    ours = publish()
    compose("login_code", "en", CODE)

    def monotonic() -> float:
        sources.forget()
        return 0.0

    # As another thread would, between two lines of this one.
    monkeypatch.setattr(sources.time, "monotonic", monotonic)
    assert compose("login_code", "en", CODE).template_version_id == ours.pk


def test_the_site_s_address_is_never_the_caller_s():
    mail = compose("login_code", "en", {**CODE, "site_url": "https://evil.example"})
    assert "evil.example" not in mail.real.text + mail.real.html


@pytest.mark.parametrize("language", ["", "../en", "e\x00n", "x" * 300, "x-" * 300, "<b>"])
def test_what_is_no_language_gets_the_site_s(language):
    assert compose("login_code", language, CODE).language == "zh-hans"


def test_a_published_layout_frames_every_mail_in_every_language():
    text = "{{ body }}\n-- \nThe Example Shop"
    ours = publish(layout(text=text), slug=Template.LAYOUT, logo=PNG.content, logo_type="image/png")
    for language in ("en", "zh-hans"):
        mail = compose("login_code", language, CODE)
        assert mail.real.text.endswith("The Example Shop\n")
        assert (mail.layout_version_id, mail.logo) == (ours.pk, PNG)


def test_what_another_process_publishes_is_seen_a_moment_later(monkeypatch):
    compose("login_code", "en", CODE)
    ours = version()
    Template.objects.update(published=ours)
    assert compose("login_code", "en", CODE).template_version_id is None
    monkeypatch.setattr(sources, "FRESH_SECONDS", 0)
    assert compose("login_code", "en", CODE).template_version_id == ours.pk


def test_published_words_cost_one_query_and_then_none(django_assert_num_queries):
    publish()
    with django_assert_num_queries(1):
        compose("login_code", "en", CODE)
    with django_assert_num_queries(0):
        compose("login_code", "en", CODE)


def test_a_subject_stays_one_line_whatever_its_values_hold():
    kinds.register(
        kinds.Kind("greeting", "greeting", (kinds.Variable("name", "who", "Ada"),)),
    )
    try:
        publish(Parts("Hello {{ name }}", "Hello {{ name }}", "{{ name }}"), slug="greeting")
        mail = compose("greeting", "en", {"name": "Ada\r\nBcc: eve@example.com <b>"})
    finally:
        del kinds._registry["greeting"]
    assert mail.real.subject == "Hello Ada Bcc: eve@example.com <b>"
    assert "&lt;b&gt;" in mail.real.html


# Editing


def template(slug: str = "login_code", language: str = "en") -> Template:
    return Template.objects.get_or_create(slug=slug, language=language)[0]


def test_each_save_is_a_version_of_its_own():
    author = UserFactory()
    first = editing.save(template(), WORDS, author=author, note="shorter")
    second = editing.save(template(), Parts("Hello", WORDS.text, WORDS.html), author=None)
    assert first
    assert second
    assert (first.number, first.author_name, first.note) == (1, author.username, "shorter")
    assert (second.number, second.author_name) == (2, "")
    author.delete()
    first.refresh_from_db()
    assert (first.author, first.author_name) == (None, author.username)


def test_what_does_not_differ_makes_no_version():
    built_in = sources.built_in("login_code", "en")
    assert built_in
    assert editing.save(template(), built_in.parts, author=None) is None
    assert editing.save(template(), WORDS, author=None)
    assert editing.save(template(), WORDS, author=None) is None
    # Back to the old words is a change again.
    assert editing.save(template(), built_in.parts, author=None)


def test_a_version_never_changes_and_never_goes():
    ours = editing.save(template(), WORDS, author=None)
    assert ours
    ours.text = "another"
    with pytest.raises(TypeError):
        ours.save()
    with pytest.raises(TypeError):
        ours.delete()
    ours.refresh_from_db()
    assert ours.text == WORDS.text


def test_nothing_is_saved_that_breaks_its_contract():
    with pytest.raises(editing.TemplateRefused) as refusal:
        editing.save(template(), Parts("s", "no code", WORDS.html), author=None)
    assert [problem.part for problem in refusal.value.problems] == ["text"]
    assert not TemplateVersion.objects.exists()


def test_publishing_is_on_record_and_says_when_nothing_changed():
    operator = UserFactory()
    first = editing.save(template(), WORDS, author=None)
    assert first
    assert editing.publish(first, operator)
    assert not editing.publish(first, operator)
    assert editing.back_to_default(template(), operator)
    assert not editing.back_to_default(template(), operator)
    events = TemplateEvent.objects.order_by("pk")
    assert [(e.version, e.user_name) for e in events] == [
        (first, operator.username),
        (None, operator.username),
    ]


def test_a_version_of_another_template_can_not_be_published():
    ours = editing.save(template(), WORDS, author=None)
    with pytest.raises(ValueError, match="is not a version of"):
        template("password_reset").publish(ours, None)


@pytest.mark.parametrize(
    ("logo", "fine"),
    [
        (PNG, True),
        (None, False),
        (Logo(b"<svg>", "image/svg+xml"), False),
        (Logo(b"<svg>", "image/png"), False),
        (Logo(PNG.content + bytes(100 * 1024), "image/png"), False),
    ],
)
def test_a_logo_is_a_small_picture_that_mail_programs_show(logo, fine):
    parts = layout()
    shown = parts.html.replace("{{ body }}", '<img src="cid:logo" alt="Shop">{{ body }}')
    found = editing.problems(template(Template.LAYOUT), layout(html=shown), logo)
    assert (not found) == fine


# Before anything is saved


def test_a_preview_shows_samples_in_the_layout_and_a_users_own_data():
    contract = contracts.of("security_notice")
    deleted = next(case for case in contract.cases if case.slug == "email_deleted")
    parts = Parts("s", "{{ deleted_email }}", "{{ deleted_email }} {{ password_reset_url }}")
    assert "old@example.com" in preview.unsaved("security_notice", "en", parts, deleted).real.text
    user = UserFactory(email="reader@example.com")
    mail = preview.unsaved("security_notice", "en", parts, deleted, user=user)
    assert "reader@example.com" in mail.real.text


def test_a_draft_can_not_kill_the_process():
    case = contracts.of(Template.LAYOUT).cases[0]
    for html in ("<b>" * 20_000 + "{{ body }}", "{{ body }}" * 900):
        with pytest.raises(TemplateFailed):
            preview.unsaved(Template.LAYOUT, "en", layout(html=html), case)
    styled = "<style>" + "p{a:1}" * 9000 + "</style>" + "<p>x</p>" * 50
    case = contracts.of("login_code").cases[0]
    with pytest.raises(TemplateFailed):
        preview.unsaved("login_code", "en", Parts("s", "t", styled), case)


def test_a_preview_of_the_layout_holds_a_mail():
    case = contracts.of(Template.LAYOUT).cases[0]
    mail = preview.unsaved(Template.LAYOUT, "en", layout(text="* {{ body }}"), case)
    assert mail.real.text.startswith("* Enter this code")


def test_rows_are_made_for_what_may_be_edited():
    wanted = [(slug, code) for slug, _label in contracts.slugs() for code in contracts.languages()]
    Template.objects.complete(wanted)
    Template.objects.complete(wanted)
    assert Template.objects.count() == len(wanted) > 10


# What kills the parser behind the inlining of CSS, and its process


@pytest.mark.parametrize(
    "html", ["<b>" * 20000, "<p><b></p>" * 6000, "<div>" * 200 + "</div>" * 200]
)
def test_elements_in_elements_without_end_are_refused(html):
    found = editing.problems(template(), Parts("s", "{{ code }}", "<p>{{ code }}</p>" + html))
    assert [(problem.part, problem.line) for problem in found] == [("html", 1)]
    assert "elements are open here" in found[0].sentence


def test_a_loop_that_opens_elements_without_end_gives_way_to_the_file(
    django_capture_on_commit_callbacks, settings
):
    settings.LANGUAGE_CODE = "en"
    kinds.register(
        kinds.Kind("greeting", "greeting", (kinds.Variable("names", "who", ["Ada"]),)),
    )
    try:
        words = Parts("s", "t", "{% for name in names %}<b><i><u>{{ name }}{% endfor %}")
        assert not editing.problems(template("greeting"), words)
        publish(words, slug="greeting")
        with django_capture_on_commit_callbacks(execute=True), pytest.raises(TemplateDoesNotExist):
            compose("greeting", "en", {"names": ["Ada"] * 900})
    finally:
        del kinds._registry["greeting"]
    assert "elements are open here" in Template.objects.get(slug="greeting").failure


def test_nothing_is_fetched_while_a_mail_is_written():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/style.css"
        head = f'<link rel="stylesheet" href="{address}"></head>'
        html = layout().html.replace("</head>", head)
        publish(layout(html=html), slug=Template.LAYOUT)
        compose("login_code", "en", CODE)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_layout_is_chosen_by_the_language_of_the_words():
    publish(layout(), slug=Template.LAYOUT, language="fr")
    assert compose("login_code", "fr", CODE).layout_version_id is None
