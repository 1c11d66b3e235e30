"""The pages of mail templates in Chinese show no English but what templates themselves say."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mailcenter import kinds
from mailcenter.models import Template
from mailcenter.rendering import sources
from tests.factories import SuperuserFactory, TemplateFactory, TemplateVersionFactory
from tests.test_chinese_pages import english

PARTS = {
    "subject": "验证码",
    "text": "{% if code %}{{ code }}{% else %}{{ password_reset_url }}{% endif %}",
    "html": "<p>{% if code %}{{ code }}{% else %}"
    '<a href="{{ password_reset_url }}">{{ password_reset_url }}</a>{% endif %}</p>',
}
LAYOUT = sources.built_in("layout", "en")
# What is no text for a reader: words of templates, slugs, samples, values of buttons.
GIVEN = (
    *PARTS.values(),
    *((LAYOUT.parts.html, LAYOUT.parts.text) if LAYOUT else ()),
    *("password_reset", "password_reset_url", "layout", "PNG", "JPEG", "GIF", "src=", "cid:logo"),
    *("{{ code }}", "BCDF-GHJK", "SAMPLE-KEY", "preview", "save", "publish", "test"),
)
pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(db: None) -> Client:
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(SuperuserFactory(username="王", email=""))
    return client


@pytest.fixture
def template(db: None) -> Template:
    """With two versions: one in use that failed, and a newer one."""
    version = TemplateVersionFactory(
        template__slug="password_reset",
        template__language="zh-hans",
        author_name="王",
        published=True,
        **PARTS,
    )
    Template.objects.failed(version, "标签不允许使用。")
    TemplateVersionFactory(template=version.template, author_name="", **PARTS | {"subject": "新"})
    row: Template = version.template
    return row


def said(response: Any) -> list[str]:
    assert response.status_code == 200
    return english(response.content.decode(), *GIVEN)


def test_the_list_and_the_page_of_one(operator: Client, template: Template) -> None:
    listed = operator.get(reverse("admin:mailcenter_template_changelist")).content.decode()
    slugs = [kind.slug for kind in kinds.with_templates()]
    assert english(listed, *GIVEN, *slugs) == []
    for row in (template, TemplateFactory(slug="layout", language="zh-hans")):
        for page in ("change", "edit", "compare", "history"):
            url = reverse(f"admin:mailcenter_template_{page}", args=[row.pk])
            assert said(operator.get(url)) == [], (page, row)


def test_the_pages_of_a_version(operator: Client, template: Template) -> None:
    for version in template.versions.all():
        for page in ("version", "publish"):
            url = reverse(f"admin:mailcenter_template_{page}", args=[version.pk])
            assert said(operator.get(url)) == []
    assert said(operator.post(url, follow=True)) == []
    default = reverse("admin:mailcenter_template_default", args=[template.pk])
    for _again in range(2):
        assert said(operator.post(default, follow=True)) == []


@pytest.mark.parametrize("button", ["preview", "save", "publish", "test"])
def test_the_editor_after_each_button(operator: Client, template: Template, button: str) -> None:
    url = reverse("admin:mailcenter_template_edit", args=[template.pk])
    data = {**PARTS, "do": button, "base": "2", "user": "王"}
    for words in (
        data,
        data | {"html": "<p>没有</p>"},
        data | {"base": "1"},
        data | {"subject": "\0"},
        data | {"subject": "再新"},
    ):
        assert said(operator.post(url, words, follow=True)) == []
