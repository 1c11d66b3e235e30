"""The list of mail templates, and the page of one."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mailcenter.models import Message, Template, TemplateEvent, TemplateVersion
from mailcenter.rendering import contracts, sources
from tests.factories import StaffFactory, TemplateFactory, TemplateVersionFactory

ATTACK = "<script>alert(1)</script>"
LIST = "admin:mailcenter_template_changelist"
pytestmark = pytest.mark.django_db


def rows(browser: Client, **filters: Any) -> list[Template]:
    response = browser.get(reverse(LIST), filters)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def names(browser: Client, **filters: Any) -> list[str]:
    return [str(row) for row in rows(browser, **filters)]


def page(browser: Client, template: Template) -> str:
    response = browser.get(reverse("admin:mailcenter_template_change", args=[template.pk]))
    assert response.status_code == 200
    return response.content.decode()


def fail(version: TemplateVersion) -> None:
    Template.objects.failed(version, "The tag is not allowed.")


def test_each_mail_is_listed_in_each_language_the_layout_first(superuser: Client) -> None:
    listed = [(row.slug, row.language) for row in rows(superuser)]
    slugs = [slug for slug, _label in contracts.slugs()]
    assert listed == [(slug, code) for slug in slugs for code in sorted(contracts.languages())]
    assert slugs[0] == "layout"


def test_a_row_names_the_mail_the_language_and_the_author(superuser: Client) -> None:
    TemplateVersionFactory()
    html = superuser.get(reverse(LIST)).content.decode()
    for words in ("log-in code", "login_code", "简体中文", "English", "layout of all mails"):
        assert words in html
    assert "</time> · li" in html


def states(browser: Client) -> dict[str, str]:
    return {str(row): row.state for row in rows(browser)}


def test_the_state_in_words(superuser: Client) -> None:
    """Built in, in use, in use with a newer one, failing."""
    in_use = TemplateVersionFactory(template__slug="account_exists", published=True)
    older = TemplateVersionFactory(template__slug="unknown_account", published=True)
    TemplateVersionFactory(template=older.template)
    failing = TemplateVersionFactory(template__slug="security_notice", published=True)
    fail(failing)
    html = superuser.get(reverse(LIST)).content.decode()
    assert html.count("version 1 in use") == 3
    assert html.count("version 2 is not published") == 1
    assert "⚠</span> failing since" in html
    assert "The tag is not allowed." in html
    found = states(superuser)
    assert found[str(failing.template)] == "1"
    assert found[str(older.template)] == "2"
    assert found[str(in_use.template)] == "3"
    assert found["login_code (en)"] == "4"
    for state, name in (
        ("1", failing.template),
        ("2", older.template),
        ("3", in_use.template),
    ):
        assert names(superuser, state=state) == [str(name)]


def test_a_version_that_was_never_published_is_pointed_out(superuser: Client) -> None:
    version = TemplateVersionFactory()
    assert names(superuser, state="2") == [str(version.template)]


def test_filter_by_language(superuser: Client) -> None:
    found = rows(superuser, language="zh-hans")
    assert {row.language for row in found} == {"zh-hans"}
    assert len(found) == len(contracts.slugs())


@pytest.mark.parametrize("words", ["login_code", "LOG-IN CODE", "log-in"])
def test_search_by_slug_and_label(superuser: Client, words: str) -> None:
    assert names(superuser, q=words) == ["login_code (en)", "login_code (zh-hans)"]


def test_search_in_the_readers_language(superuser: Client) -> None:
    response = superuser.get(reverse(LIST), {"q": "登录"}, headers={"accept-language": "zh-hans"})
    assert {row.slug for row in response.context["cl"].result_list} == {"login_code"}


@pytest.mark.parametrize(
    ("column", "key"), list(enumerate(["place", "language", "state", "newest_number"]))
)
def test_each_column_sorts(superuser: Client, column: int, key: str) -> None:
    TemplateVersionFactory()
    upwards, downwards = (rows(superuser, o=f"{sign}{column}") for sign in ("", "-"))
    assert getattr(upwards[0], key) == getattr(downwards[-1], key)


def test_the_list_makes_its_rows_once_and_for_those_alone_who_may_look(
    superuser: Client, client: Client
) -> None:
    client.force_login(StaffFactory(permissions=["view_message"]))
    assert client.get(reverse(LIST)).status_code == 403
    assert not Template.objects.exists()
    rows(superuser)
    made = set(Template.objects.values_list("pk", flat=True))
    rows(superuser)
    assert set(Template.objects.values_list("pk", flat=True)) == made


def test_the_list_reads_no_words_and_costs_the_same_with_more_versions(superuser: Client) -> None:
    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            superuser.get(reverse(LIST))
        return [query["sql"] for query in captured]

    queries()
    few = queries()
    for slug in ("account_exists", "login_code", "security_notice"):
        TemplateVersionFactory(template__slug=slug, published=True)
    many = queries()
    assert len(many) == len(few)
    assert not [sql for sql in many if '"html"' in sql]


def test_the_contract_as_a_table(superuser: Client) -> None:
    html = page(superuser, TemplateFactory(slug="password_reset"))
    for words in (
        "<code>{{ password_reset_url }}</code>",
        "<code>{{ code }}</code>",
        "BCDF-GHJK",
        "Link that sets a new password",
        "SAMPLE-LINK",
        "(with a code)",
        "<td>required</td>",
        "<td>secret</td>",
    ):
        assert words in html


def test_a_sample_of_html_is_shown_as_it_is_written(superuser: Client) -> None:
    html = page(superuser, TemplateFactory(slug="layout"))
    assert "&lt;p&gt;The mail itself.&lt;/p&gt;" in html


def test_versions_and_events_newest_first(superuser: Client) -> None:
    first = TemplateVersionFactory(note="as before", published=True)
    second = TemplateVersionFactory(template=first.template, note=ATTACK, published=True)
    html = page(superuser, first.template)
    links = [
        reverse("admin:mailcenter_template_version", args=[version.pk])
        for version in (second, first)
    ]
    assert html.index(links[0]) < html.index(links[1])
    assert html.index("version 2 published") < html.index("version 1 published")
    assert "version 2 in use" in html
    assert ATTACK not in html
    publish = [
        reverse("admin:mailcenter_template_publish", args=[version.pk])
        for version in (second, first)
    ]
    assert publish[0] not in html
    assert publish[1] in html


def test_the_page_costs_the_same_with_more_versions(superuser: Client) -> None:
    template = TemplateVersionFactory(published=True).template

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            page(superuser, template)
        return [query["sql"] for query in captured]

    queries()
    few = queries()
    for _each in range(5):
        TemplateVersionFactory(template=template, published=True)
    assert len(queries()) == len(few)


def test_looking_changes_nothing(superuser: Client) -> None:
    version = TemplateVersionFactory(published=True)
    rows(superuser)

    def everything() -> list[Any]:
        models = (Template, TemplateVersion, TemplateEvent, LogEntry, Message)
        return [list(model.objects.order_by("pk").values()) for model in models]

    before = everything()
    for name in ("changelist", "change", "history", "edit", "compare", "version", "publish"):
        pk = version.pk if name in ("version", "publish") else version.template_id
        args = [] if name == "changelist" else [pk]
        url = reverse(f"admin:mailcenter_template_{name}", args=args)
        assert superuser.get(url).status_code == 200
    edit = reverse("admin:mailcenter_template_edit", args=[version.template_id])
    superuser.post(edit, {"text": "x", "base": "1", "do": "preview", "fragment": "1"})
    assert everything() == before


def test_a_failing_template_says_so_with_its_reason(superuser: Client) -> None:
    version = TemplateVersionFactory(published=True)
    fail(version)
    html = page(superuser, version.template)
    assert "Version 1 could not be used" in html
    assert "the built-in words were sent instead: The tag is not allowed." in html


def test_words_of_another_language_are_called_so(superuser: Client) -> None:
    html = page(superuser, TemplateFactory(slug="layout", language="zh-hans"))
    assert "There are none in this language, so those in English are used." in html
    assert "none of its own" in html
    html = page(superuser, TemplateFactory())
    assert "There are none" not in html
    assert "built-in words" in html


def test_a_mail_that_no_app_sends_any_more_can_be_read_but_not_edited(superuser: Client) -> None:
    template = TemplateFactory(slug="gone")
    html = page(superuser, template)
    assert "No app of the site sends this mail any more." in html
    edit = reverse("admin:mailcenter_template_edit", args=[template.pk])
    assert edit not in html
    assert superuser.get(edit).status_code == 404


def test_back_to_the_built_in_words_with_one_button(superuser: Client) -> None:
    version = TemplateVersionFactory(published=True)
    template = version.template
    url = reverse("admin:mailcenter_template_default", args=[template.pk])
    assert f'action="{url}"' in page(superuser, template)
    assert sources.in_use("login_code", "en").version == version
    response = superuser.post(url, follow=True)
    assert "The built-in words are in use from now on." in response.content.decode()
    template.refresh_from_db()
    assert template.published is None
    assert sources.in_use("login_code", "en").version is None
    event = TemplateEvent.objects.first()
    assert event is not None
    assert (event.version, event.user_name) == (None, "wang")
    assert LogEntry.objects.get().change_message == "went back to the built-in words"
    assert f'action="{url}"' not in page(superuser, template)
    assert "were in use already" in superuser.post(url, follow=True).content.decode()
    assert LogEntry.objects.count() == 1


def test_buttons_follow_the_permissions(client: Client) -> None:
    older = TemplateVersionFactory()
    template = TemplateVersionFactory(template=older.template, published=True).template

    def offered(*permissions: str) -> set[str]:
        client.force_login(StaffFactory(permissions=["view_template", *permissions]))
        html = page(client, template)
        urls = {
            "edit": reverse("admin:mailcenter_template_edit", args=[template.pk]),
            "default": reverse("admin:mailcenter_template_default", args=[template.pk]),
            "publish": reverse("admin:mailcenter_template_publish", args=[older.pk]),
        }
        return {name for name, url in urls.items() if f'"{url}"' in html}

    assert offered() == set()
    assert offered("change_template") == {"edit"}
    assert offered("publish_template") == {"default", "publish"}
