"""The editor of mail templates: what is typed is checked, saved, published or tried out."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from mailcenter import sealing
from mailcenter.admin import template_preview
from mailcenter.models import Content, Message, Template, TemplateVersion
from mailcenter.rendering import sources
from mailcenter.templating.advice import Advice
from tests.factories import StaffFactory, SuperuserFactory, TemplateFactory, TemplateVersionFactory

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
WORDS = {
    "subject": "Your code",
    "text": "Your code:\r\n\r\n    {{ code }}\r\n",
    "html": "<p>Your code: {{ code }}</p>",
    "base": "0",
}
pytestmark = pytest.mark.django_db


@pytest.fixture
def template(db: None) -> Template:
    row: Template = TemplateFactory()
    return row


def address(template: Template) -> str:
    return reverse("admin:mailcenter_template_edit", args=[template.pk])


def press(browser: Client, template: Template, button: str, **values: Any) -> HttpResponse:
    return browser.post(address(template), {**WORDS, "do": button, **values})


def layout_words(**changed: str) -> dict[str, str]:
    source = sources.built_in("layout", "en")
    assert source
    return {"text": source.parts.text, "html": source.parts.html, **changed}


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def refused(response: Any) -> list[str]:
    """The problems that the page shows; nothing was saved."""
    assert response.status_code == 200
    assert not TemplateVersion.objects.exists()
    return [str(problem) for problem in response.context["desk"].problems]


def test_it_opens_with_the_built_in_words(superuser: Client, template: Template) -> None:
    response = superuser.get(address(template))
    source = sources.built_in("login_code", "en")
    assert source
    data = response.context["form"].data
    assert (data["subject"], data["text"], data["html"]) == (
        source.parts.subject,
        source.parts.text,
        source.parts.html,
    )
    assert "based on the built-in words" in response.content.decode()


def test_it_opens_with_the_newest_version(superuser: Client, template: Template) -> None:
    TemplateVersionFactory(template=template, published=True)
    newest = TemplateVersionFactory(template=template, text="Newer: {{ code }}")
    response = superuser.get(address(template))
    assert response.context["form"].data["text"] == newest.text
    assert "based on version 2" in response.content.decode()


def test_what_is_opened_changes_nothing_when_it_is_saved(
    superuser: Client, template: Template
) -> None:
    """Through a browser's line ends, too."""
    opened = superuser.get(address(template)).context["form"].data
    typed = {name: str(value).replace("\n", "\r\n") for name, value in opened.items()}
    response = superuser.post(address(template), typed | {"do": "save"}, follow=True)
    assert said(response) == ["Nothing differs from what was saved before."]
    assert not TemplateVersion.objects.exists()
    assert not LogEntry.objects.exists()


def test_save_makes_a_version_with_author_and_note_and_does_not_use_it(
    superuser: Client, template: Template
) -> None:
    response = press(superuser, template, "save", note="Shorter")
    assert response.status_code == 302
    version = TemplateVersion.objects.get()
    assert (version.number, version.author_name, version.note) == (1, "wang", "Shorter")
    assert version.text == "Your code:\n\n    {{ code }}\n"
    template.refresh_from_db()
    assert template.published is None
    assert LogEntry.objects.get().change_message == "saved version 1"
    assert said(superuser.get(response["Location"])) == ["Saved as version 1."]


def test_save_and_publish(superuser: Client, template: Template) -> None:
    response = superuser.post(address(template), {**WORDS, "do": "publish"}, follow=True)
    version = TemplateVersion.objects.get()
    assert sources.in_use("login_code", "en").version == version
    assert said(response) == ["Saved as version 1.", "Version 1 is in use from now on."]
    assert set(LogEntry.objects.values_list("change_message", flat=True)) == {
        "saved version 1",
        "published version 1",
    }
    # Once more: it is in use.
    response = superuser.post(address(template), {**WORDS, "base": "1", "do": "publish"})
    assert LogEntry.objects.count() == 2


def test_what_was_saved_is_published_without_another_version(
    superuser: Client, template: Template
) -> None:
    press(superuser, template, "save")
    press(superuser, template, "publish", base="1")
    assert sources.in_use("login_code", "en").version == TemplateVersion.objects.get()


@pytest.mark.parametrize("button", ["save", "publish", "test"])
def test_a_broken_contract_is_refused_with_its_place_beside_the_part(
    superuser: Client, template: Template, button: str
) -> None:
    typed = "<p>Here it is:</p>\r\n<p>{% include 'x' %}</p>"
    response: Any = press(superuser, template, button, html=typed, note="My note")
    (problem,) = refused(response)
    assert problem.startswith("HTML, line 2, column 4:")
    html = response.content.decode()
    beside = html.partition('id="problems-html"')[2].partition("</div>")[0]
    assert "Line 2, column 4:" in beside
    assert "include" in beside
    assert '<div id="problems-text" class="problems" data-live></div>' in html
    assert 'aria-describedby="problems-html"' in html
    assert html.count('aria-invalid="true"') == 1
    # On a telephone the preview stands below the words, and so does what is wrong.
    assert 'class="errornote refused"><a href="#checks">' in html
    # Nothing that was typed is lost.
    assert "{% include &#x27;x&#x27; %}" in html
    assert 'value="My note"' in html
    assert not Message.objects.exists()


def test_a_nul_is_refused(superuser: Client, template: Template) -> None:
    response: Any = press(superuser, template, "save", text="{{ code }}\0")
    assert refused(response) == []
    assert "Null characters are not allowed." in response.content.decode()


def test_markup_in_the_words_stays_text(superuser: Client, template: Template) -> None:
    attack = "</textarea><script>alert(1)</script>"
    for words in ({"text": attack}, {"html": attack}, {"subject": attack}, {"note": attack}):
        html = press(superuser, template, "preview", **words).content.decode()
        assert attack not in html


def test_who_saves_after_somebody_else_is_told_and_loses_nothing(
    superuser: Client, template: Template
) -> None:
    superuser.get(address(template))
    TemplateVersionFactory(template=template, author_name="li")
    response: Any = press(superuser, template, "publish", text="Mine: {{ code }}")
    assert response.status_code == 200
    assert TemplateVersion.objects.count() == 1
    html = response.content.decode()
    assert "li has saved version 1 while you were editing." in html
    assert "Mine: {{ code }}" in html
    assert response.context["form"].data["base"] == 1
    # Read, and pressed again.
    press(superuser, template, "publish", text="Mine: {{ code }}", base="1")
    assert sources.in_use("login_code", "en").parts.text == "Mine: {{ code }}"


def test_a_form_without_its_base_is_not_saved(superuser: Client, template: Template) -> None:
    for base in ("", "-1", "x"):
        assert press(superuser, template, "save", base=base).status_code == 200
    assert not TemplateVersion.objects.exists()


def test_advice_for_each_case_is_given_once(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It warns, and stops nobody."""
    asked = []

    def advise(mail: Any, *, site_url: str, raw_size: int | None = None) -> list[Advice]:
        asked.append(raw_size)
        return [Advice("html", "Too red."), Advice("subject", f"In {mail.subject}.")]

    monkeypatch.setattr(template_preview, "advise", advise)
    template = TemplateFactory(slug="password_reset")
    response = superuser.get(address(template))
    assert response.content.decode().count("Too red.") == 1
    assert len(response.context["warnings"]) == 3
    assert all(asked)
    data = response.context["form"].data | {"do": "save", "note": "x"}
    data["text"] += "More."
    response = superuser.post(address(template), data, follow=True)
    assert TemplateVersion.objects.count() == 1
    assert "Too red." in response.content.decode()


def test_the_size_that_is_advised_on_counts_the_picture(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    monkeypatch.setattr(
        template_preview, "advise", lambda *_mail, raw_size, **_more: sizes.append(raw_size) or []
    )
    words = layout_words()
    words["html"] = words["html"].replace("<body>", '<body><img src="cid:logo" alt="Site">')
    logo = SimpleUploadedFile("logo.png", PNG + bytes(50_000))
    press(superuser, TemplateFactory(slug="layout"), "preview", **words, logo=logo)
    assert sizes
    assert min(sizes) > 50_000


def test_spam_assassin_is_asked_when_something_is_saved(
    superuser: Client, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored = []

    def score(raw: bytes) -> str:
        scored.append(raw)
        return "much"

    monkeypatch.setattr(template_preview.spam, "score", score)
    monkeypatch.setattr(
        template_preview.spam, "advice", lambda score: [Advice("html", f"Scores {score}.")]
    )
    press(superuser, template, "preview")
    assert not scored
    response = superuser.post(address(template), {**WORDS, "do": "save"}, follow=True)
    assert said(response) == ["Saved as version 1.", "Scores much."]
    (raw,) = scored
    assert b"Subject: Your code" in raw


def test_a_test_mail_of_what_is_typed_goes_to_the_operator_alone(
    superuser: Client, template: Template
) -> None:
    response = press(superuser, template, "test", text="Trial: {{ code }}")
    message = Message.objects.get()
    assert message.recipients.get().address == "wang@example.com"
    assert message.kind == "template_test"
    assert "Trial: BCDF-GHJK" in Content.objects.get(message=message).redacted["text"]
    assert not TemplateVersion.objects.exists()
    html = response.content.decode()
    assert "Trial: {{ code }}" in html
    assert reverse("admin:mailcenter_message_change", args=[message.pk]) in html
    assert LogEntry.objects.get().change_message == "sent a test mail"


def test_nobody_chooses_whom_a_test_mail_goes_to(superuser: Client, template: Template) -> None:
    forged = dict.fromkeys(("to", "test_to", "recipient", "email"), "victim@example.com")
    press(superuser, template, "test", **forged)
    recipients = Message.objects.values_list("recipients__address", flat=True)
    assert list(recipients) == ["wang@example.com"]


def test_a_test_mail_of_a_layout_has_the_picture_that_was_chosen(superuser: Client) -> None:
    words = layout_words()
    words["html"] = words["html"].replace("<body>", '<body><img src="cid:logo" alt="Site">')
    logo = SimpleUploadedFile("logo.png", PNG)
    press(superuser, TemplateFactory(slug="layout"), "test", **words, logo=logo)
    message = Message.objects.get()
    raw = sealing.unseal(bytes(message.content.sealed))
    assert b"Content-ID: <logo>" in raw
    assert base64.b64encode(PNG) in raw


def test_whoever_may_not_see_messages_gets_no_link_to_one(
    client: Client, template: Template
) -> None:
    rights = ["view_template", "change_template", "test_template"]
    client.force_login(StaffFactory(permissions=rights))
    html = press(client, template, "test").content.decode()
    assert Message.objects.count() == 1
    assert "/message/" not in html


def test_an_operator_without_an_address_is_told(client: Client, template: Template) -> None:
    client.force_login(SuperuserFactory(email=""))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    html = press(client, template, "test").content.decode()
    assert "Your own user has no e-mail address" in html
    assert not Message.objects.exists()


def test_the_layout_has_no_subject_and_keeps_its_logo(superuser: Client) -> None:
    layout = TemplateFactory(slug="layout")
    words = layout_words()
    words["html"] = words["html"].replace("<body>", '<body><img src="cid:logo" alt="Site">')
    assert "subject" not in superuser.get(address(layout)).context["form"].fields

    def save(**more: Any) -> TemplateVersion | None:
        base = layout.newest()
        number = str(base.number if base else 0)
        response = press(superuser, layout, "save", **{**words, "base": number, **more})
        return layout.newest() if response.status_code == 302 else None

    version = save(logo=SimpleUploadedFile("logo.png", PNG, "text/html"))
    assert version
    assert (bytes(version.logo), version.logo_type) == (PNG, "image/png")
    version = save(text=words["text"] + "More")
    assert version
    assert bytes(version.logo) == PNG
    assert "data:image/png;base64," in superuser.get(address(layout)).content.decode()
    # The HTML still shows it.
    assert save(remove_logo="on") is None
    version = save(**layout_words(), remove_logo="on")
    assert version
    assert not version.logo


def test_a_layout_that_no_mail_goes_into_is_refused(superuser: Client) -> None:
    """Each part keeps to the contract; together with a mail it fails."""
    words = layout_words()
    words["html"] = words["html"].replace("{{ body }}", "{{ body }}{{ body }}")
    response = press(superuser, TemplateFactory(slug="layout"), "save", **words)
    assert refused(response) == ["HTML: The layout must show {{ body }} once in each part."]


def test_a_picture_that_was_not_saved_has_to_be_chosen_again(superuser: Client) -> None:
    layout = TemplateFactory(slug="layout")
    logo = SimpleUploadedFile("logo.png", PNG)
    html = press(superuser, layout, "test", **layout_words(), logo=logo).content.decode()
    assert "Choose the picture again before you save" in html
    assert "There is one; it is kept" not in html


@pytest.mark.parametrize(
    "content", [b"<svg onload=alert(1)>", PNG + bytes(100 * 1024), b"GIX89a", b"\xff\xd8"]
)
def test_a_logo_that_mail_programs_would_not_show_is_refused(
    superuser: Client, content: bytes
) -> None:
    logo = SimpleUploadedFile("logo.png", content, "image/png")
    response = press(superuser, TemplateFactory(slug="layout"), "save", **layout_words(), logo=logo)
    assert refused(response) == ["logo: The logo must be a PNG, JPEG or GIF of at most 100 KB."]


def test_only_the_layout_takes_a_logo(superuser: Client, template: Template) -> None:
    press(superuser, template, "save", logo=SimpleUploadedFile("logo.png", PNG))
    assert not TemplateVersion.objects.get().logo


def test_each_button_needs_its_own_permission(client: Client, template: Template) -> None:
    rights = {"save": "change_template", "publish": "publish_template", "test": "test_template"}

    def pressed(*permissions: str) -> dict[str, int]:
        client.force_login(StaffFactory(permissions=["view_template", *permissions]))
        return {button: press(client, template, button).status_code for button in rights}

    assert set(pressed("publish_template", "test_template").values()) == {403}
    assert pressed("change_template") == {"save": 302, "publish": 403, "test": 403}
    offered = client.get(address(template)).content.decode()
    assert 'value="publish"' not in offered
    assert 'value="test"' not in offered
    assert not Message.objects.exists()
    template.refresh_from_db()
    assert template.published is None
