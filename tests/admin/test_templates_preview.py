"""The preview beside the editor: unsaved words as a reader sees them, and nothing runs or loads."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from hypothesis import strategies as st

from mailcenter import harmless, kinds
from mailcenter.admin.template_preview import Sight
from mailcenter.models import Template, TemplateEvent, TemplateVersion
from mailcenter.rendering import sources
from tests.factories import StaffFactory, TemplateFactory, UserFactory

CODE = "BCDF-GHJK"
DARK = "@media (prefers-color-scheme: dark) { p { color: white } }"
pytestmark = pytest.mark.django_db


def preview(browser: Client, template: Template, **typed: str) -> Any:
    """What is typed instead of the words in use."""
    url = reverse("admin:mailcenter_template_edit", args=[template.pk])
    opened = browser.get(url).context["form"].data
    return browser.post(url, {**opened, "do": "preview", **typed})


def sight(browser: Client, template: Template, **typed: str) -> Sight:
    found: Sight = preview(browser, template, **typed).context["sight"]
    assert found
    return found


def test_unsaved_words_as_mail_text_and_source(superuser: Client) -> None:
    template = TemplateFactory()
    typed = {"subject": "Typed", "text": "Text: {{ code }}", "html": "<p>Markup: {{ code }}</p>"}
    shown = sight(superuser, template, **typed)
    assert shown.subject == "Typed"
    assert f"Text: {CODE}" in shown.text
    assert f"Markup: {CODE}</p>" in shown.html
    # In the layout.
    assert "Mailcenter" in shown.text
    assert f"Markup: {CODE}</p>" in shown.light
    assert f"Markup: {CODE}</p>" in shown.dark
    assert "\nSubject: Typed\n" in shown.raw
    assert "text/plain" in shown.raw
    assert not TemplateVersion.objects.exists()
    assert not TemplateEvent.objects.exists()


def test_a_layout_is_shown_around_a_mail(superuser: Client) -> None:
    source = sources.built_in("layout", "en")
    assert source
    typed = {"html": source.parts.html.replace("<body>", "<body><p>New head</p>")}
    shown = sight(superuser, TemplateFactory(slug="layout"), **typed)
    assert "New head" in shown.light
    assert CODE in shown.light


def test_samples_speak_the_language_of_the_mail(superuser: Client) -> None:
    shown = sight(superuser, TemplateFactory(language="zh-hans"), text="{{ valid_for }}{{ code }}")
    assert "分钟" in shown.text


def test_each_case_can_be_looked_at(superuser: Client) -> None:
    template = TemplateFactory(slug="password_reset")
    link, code = (sight(superuser, template, case=case).text for case in ("link", "code"))
    assert "SAMPLE-LINK" in link
    assert CODE not in link
    assert CODE in code
    assert "SAMPLE-LINK" not in code


def test_a_fragment_follows_the_typing(superuser: Client) -> None:
    response = preview(superuser, TemplateFactory(), fragment="1", subject="Typed")
    html = response.content.decode()
    assert "<html" not in html
    for piece in ("problems-html", "checks", "panel-light", "panel-dark", "panel-raw"):
        assert f'id="{piece}"' in html
    assert "Typed" in html
    assert response["Cache-Control"].startswith(("no-store", "max-age=0"))


@pytest.mark.parametrize("fragment", [{}, {"fragment": "1"}])
def test_words_that_break_the_contract_are_explained_instead_of_shown(
    superuser: Client, fragment: dict[str, str]
) -> None:
    response = preview(superuser, TemplateFactory(), html="{% load x %}", **fragment)
    assert response.context["sight"] is None
    html = response.content.decode()
    assert "panel-light" not in html
    assert "It can&#x27;t be saved" in html or "It can't be saved" in html
    assert "HTML, line 1, column 1:" in html


@pytest.mark.parametrize("button", ["preview", "save"])
def test_words_that_can_not_be_saved_are_shown_where_a_mail_comes_of_them(
    superuser: Client, button: str
) -> None:
    words = "<p>Typed: {{ code }} {{ cod }} <script>alert(1)</script></p>"
    response = preview(superuser, TemplateFactory(), html=words, do=button)
    assert response.context["desk"].problems
    assert f"Typed: {CODE}" in response.context["sight"].light
    assert "script" not in response.context["sight"].light
    assert not response.context["warnings"]


def test_words_without_what_is_required_are_shown(superuser: Client) -> None:
    shown = sight(superuser, TemplateFactory(), html="<p>Typed, without a code</p>")
    assert "Typed, without a code" in shown.light


def test_a_layout_that_can_not_be_saved_is_not_rendered(superuser: Client) -> None:
    """The parser that inlines the CSS dies of elements without end, with the whole process."""
    layout = TemplateFactory(slug="layout")
    response = preview(superuser, layout, html="{{ body }}" + "<b>" * 20_000)
    assert response.context["desk"].problems
    assert response.context["sight"] is None


def test_the_view_that_was_chosen_stays(superuser: Client) -> None:
    html = preview(superuser, TemplateFactory(), view="raw", dark="on").content.decode()
    assert 'value="raw" checked' in html
    assert 'name="dark" checked' in html


def test_nothing_runs_and_nothing_loads(superuser: Client) -> None:
    layout = (
        "<!doctype html><html><head><title>{{ subject }}</title><style>p { color: red }</style>"
        '<style data-css-inline="keep">p { background: url(https://tracker.example/a) }</style>'
        '</head><body>{{ body }}<img src="https://tracker.example/x.gif" alt="Track">'
        '<a href="{{ site_url }}">Home</a></body></html>'
    )
    response = preview(superuser, TemplateFactory(slug="layout"), html=layout)
    page = response.content.decode()
    assert response["Content-Security-Policy"] == harmless.AROUND_A_DOCUMENT
    assert page.count('<iframe sandbox="" referrerpolicy="no-referrer"') == 2
    for document in (response.context["sight"].light, response.context["sight"].dark):
        assert harmless.LOADS_NOTHING in document
        assert "x.gif" not in document
        assert "href" not in document


def test_a_screen_is_light_or_dark_whatever_the_readers_own_is() -> None:
    html = f"<html><head><style>{DARK}</style></head><body><p>Hi</p></body></html>"
    light, dark = (harmless.preview(html, {}, dark=dark) for dark in (False, True))
    assert f"@media {harmless.NEVER} {{ p {{ color: white }} }}" in light
    assert f"@media {harmless.ALWAYS} {{ p {{ color: white }} }}" in dark
    assert "color-scheme: light" in light
    assert "color-scheme: dark" in dark
    inverse = html.replace("dark", "LIGHT").replace("white", "black")
    assert harmless.ALWAYS in harmless.preview(inverse, {}, dark=False)
    assert harmless.NEVER in harmless.preview(inverse, {}, dark=True)


def test_a_mails_own_styles_and_pictures_are_kept() -> None:
    html = (
        "<html><head><style>.red { color: red }</style></head>"
        '<body style="margin:0" class="red" onload="x()"><p class="red" id="p">Hi</p>'
        '<img src="cid:logo" alt="Logo"><img src="cid:other" alt=""></body></html>'
    )
    shown = harmless.preview(html, {"logo": "data:image/png;base64,AA"}, dark=False)
    assert ".red { color: red }" in shown
    assert '<body style="margin:0" class="red">' in shown
    assert '<p class="red" id="p">Hi</p>' in shown
    assert 'src="data:image/png;base64,AA"' in shown
    assert "cid:" not in shown


@pytest.mark.parametrize(
    "html",
    [
        "<style>p{}<script>alert(1)</script></style>",
        "<style>p{}</style ><script>alert(1)</script>",
        "<style></sty</style>le><script>alert(1)</script>",
        '<body style="&quot;><script>alert(1)</script>">',
        '<body class="x" onload="alert(1)"><svg onload="alert(1)">',
        "<math><style><img src onerror=alert(1)></style></math>",
        "<![x[<script>alert(1)</script>",
        "<p onclick=alert(1)><iframe src=//x.example></iframe><form><input>",
    ],
)
def test_no_markup_gets_out_of_a_style_sheet_or_an_attribute(html: str) -> None:
    shown = harmless.preview(html, {}, dark=False)
    for gone in ("<script", "onload=", "onerror=", "onclick", "<iframe", "<input", "<svg"):
        assert gone not in shown.replace(r"\3c script", "").replace(r"\3c img src onerror=", "")


PIECES = ["<style>", "</style", "<body ", "<!--", "-->", "<![", "]]>", "<", ">", "/", '"', "'", "="]
PIECES += ["&lt;", "&#62;", "onload", "style", "class", "title", "script", "x", " ", "\0", "{", "}"]


@hypothesis.settings(deadline=None, derandomize=True)
@hypothesis.given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_whatever_a_mail_holds_its_frame_is_built_the_same_way(html: str) -> None:
    shown = harmless.preview(html, {}, dark=True)
    head, _end, rest = shown.partition("</style>")
    assert "<" not in head.partition("<style>")[2]
    body, _end, inside = rest.partition(">")
    assert re.fullmatch(r'<body( [a-z]+="[^"<>]*")*', body)
    assert inside == harmless.clean(html, {}, keep=frozenset(harmless.FOUND_BY)) + "</body>"


@pytest.fixture
def notice(db: None) -> Template:
    row: Template = TemplateFactory(slug="security_notice")
    return row


@pytest.mark.parametrize("typed", ["ann", "ann@example.com", "ANN@Example.com"])
def test_with_a_users_data(superuser: Client, notice: Template, typed: str) -> None:
    UserFactory(username="ann")
    shown = sight(superuser, notice, case="email_changed", user=typed)
    assert "ann@example.com" in shown.text
    assert "old@example.com" not in shown.text


def test_nobody_or_too_many_by_that_name_is_one_sentence(
    superuser: Client, notice: Template
) -> None:
    UserFactory.create_batch(2, email="both@example.com")
    UserFactory(username="ann")
    for typed, said in (
        ("an", "No user has this address or name."),
        ("nobody@example.com", "No user has this address or name."),
        ("both@example.com", "More than one user has this address: enter the user name."),
    ):
        response = preview(superuser, notice, user=typed)
        assert response.context["sight"] is None
        assert said in response.content.decode()


def test_a_name_that_nobody_has_keeps_nobody_from_saving(
    superuser: Client, notice: Template
) -> None:
    response = preview(superuser, notice, user="nobody", do="save", note="x", subject="New")
    assert response.status_code == 302
    assert TemplateVersion.objects.get().subject == "New"


def test_a_users_data_need_the_permission(client: Client, notice: Template) -> None:
    UserFactory(username="ann")
    rights = ["view_template", "change_template"]
    client.force_login(StaffFactory(permissions=rights))
    assert 'name="user"' not in preview(client, notice).content.decode()
    shown = sight(client, notice, case="email_changed", user="ann")
    assert "ann@example.com" not in shown.text
    client.force_login(StaffFactory(permissions=[*rights, "preview_user_template"]))
    assert 'name="user"' in preview(client, notice).content.decode()
    assert "ann@example.com" in sight(client, notice, case="email_changed", user="ann").text


def test_secrets_stay_samples_with_a_users_data(superuser: Client, register_kind: Any) -> None:
    stolen = {"code": "REAL-CODE"}
    register_kind(replace(kinds.get("login_code"), for_user=lambda user: stolen))
    user = get_user_model().objects.get()
    shown = sight(superuser, TemplateFactory(), user=user.get_username())
    assert CODE in shown.text
    assert "REAL-CODE" not in shown.text


def test_a_case_gets_no_data_that_it_has_not(superuser: Client, notice: Template) -> None:
    user = UserFactory(username="ann")
    words = "In use: {{ deleted_email }}{{ from_email }}"
    with_it, without = (
        preview(superuser, notice, case=case, user=user.username, text=words, html=words)
        for case in ("email_changed", "password_changed")
    )
    assert user.email in with_it.context["sight"].text
    assert user.email not in without.context["sight"].text


def test_a_mail_without_data_of_a_user_does_not_ask_for_one(superuser: Client) -> None:
    for template in (TemplateFactory(), TemplateFactory(slug="layout")):
        assert 'name="user"' not in preview(superuser, template).content.decode()
