"""The page of a message names the words that it was written from."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from mailcenter.models import Message
from tests.factories import MessageFactory, StaffFactory, TemplateVersionFactory

PNG = b"\x89PNG\r\n\x1a\npicture"
pytestmark = pytest.mark.django_db


def page(browser: Client, message: Message) -> str:
    url = reverse("admin:mailcenter_message_change", args=[message.pk])
    return browser.get(url).content.decode()


def test_it_names_the_version_and_the_layouts(superuser: Client) -> None:
    version = TemplateVersionFactory(template__language="zh-hans")
    layout = TemplateVersionFactory(template__slug="layout")
    message = MessageFactory(
        kind="login_code", template_version=version, layout_version=layout, language="zh-hans"
    )
    html = page(superuser, message)
    for row, words in (
        (version, "login_code (zh-hans) version 1"),
        (layout, "layout (en) version 1"),
    ):
        url = reverse("admin:mailcenter_template_version", args=[row.pk])
        assert f'<a href="{url}">{words}</a>' in html


def test_the_link_is_for_who_may_see_templates(client: Client) -> None:
    version = TemplateVersionFactory()
    client.force_login(StaffFactory(permissions=["view_message"]))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    html = page(client, MessageFactory(kind="login_code", template_version=version))
    assert "login_code (en) version 1" in html
    assert "/template/" not in html


def test_built_in_words_are_named_so(superuser: Client) -> None:
    assert page(superuser, MessageFactory(kind="login_code")).count("built-in words") == 2


def test_mail_that_no_template_was_used_for_names_none(superuser: Client) -> None:
    assert "built-in words" not in page(superuser, MessageFactory(kind="other"))


def test_its_html_shows_the_logo_of_its_own_layout(superuser: Client) -> None:
    layout = TemplateVersionFactory(template__slug="layout", logo=PNG, logo_type="image/png")
    TemplateVersionFactory(template=layout.template, logo=b"GIF89a", logo_type="image/gif")
    message = MessageFactory(
        kind="login_code", layout_version=layout, content__html='<img src="cid:logo" alt="Logo">'
    )
    html = superuser.get(
        reverse("admin:mailcenter_message_html", args=[message.pk])
    ).content.decode()
    assert 'src="data:image/png;base64,' in html
