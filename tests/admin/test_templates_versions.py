"""Versions of a mail template: look at one, compare two, publish one, go back to an older one."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from mailcenter import harmless
from mailcenter.admin.template_comparison import Words, differences
from mailcenter.models import TemplateEvent, TemplateVersion
from mailcenter.rendering import Logo, sources
from mailcenter.templating import Parts
from tests.factories import StaffFactory, TemplateFactory, TemplateVersionFactory

ATTACK = "<script>alert(1)</script>"
pytestmark = pytest.mark.django_db


def get(browser: Client, page: str, pk: int, **query: Any) -> Any:
    response = browser.get(reverse(f"admin:mailcenter_template_{page}", args=[pk]), query)
    assert response.status_code == 200
    return response


def post(browser: Client, version: TemplateVersion) -> str:
    url = reverse("admin:mailcenter_template_publish", args=[version.pk])
    return browser.post(url, follow=True).content.decode()


@pytest.fixture
def pair(db: None) -> tuple[TemplateVersion, TemplateVersion]:
    """Of one template; the second is in use."""
    first = TemplateVersionFactory(text="First: {{ code }}", note="the first")
    second = TemplateVersionFactory(
        template=first.template, text="Second: {{ code }}", subject="New", published=True
    )
    return first, second


def lines(response: Any) -> list[str]:
    return [line.text for each in response.context["differences"] for line in each.lines]


def test_a_version_can_be_read_and_looked_at(superuser: Client) -> None:
    version = TemplateVersionFactory(text=f"{ATTACK} {{{{ code }}}}", note=ATTACK)
    response = get(superuser, "version", version.pk)
    html = response.content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ code }}" in html
    assert ATTACK not in html
    assert "BCDF-GHJK" in response.context["sight"].light
    assert response["Content-Security-Policy"] == harmless.AROUND_A_DOCUMENT


def test_publishing_is_offered_to_those_alone_who_may(
    client: Client, pair: tuple[TemplateVersion, TemplateVersion]
) -> None:
    older, in_use = pair

    def offered(version: TemplateVersion, *permissions: str) -> bool:
        client.force_login(StaffFactory(permissions=["view_template", *permissions]))
        html = get(client, "version", version.pk).content.decode()
        return reverse("admin:mailcenter_template_publish", args=[version.pk]) in html

    assert not offered(older, "change_template")
    assert offered(older, "publish_template")
    assert not offered(in_use, "publish_template")


def test_a_version_in_another_case(superuser: Client) -> None:
    text = "{{ password_reset_url }}{{ code }}"
    version = TemplateVersionFactory(template__slug="password_reset", text=text, html=text)
    shown = get(superuser, "version", version.pk, case="code").context["sight"]
    assert "BCDF-GHJK" in shown.text
    assert "SAMPLE-LINK" in get(superuser, "version", version.pk).context["sight"].text


def test_a_version_that_can_not_be_rendered_any_more_says_so(superuser: Client) -> None:
    version = TemplateVersionFactory(html="{% load x %}")
    response = get(superuser, "version", version.pk)
    assert response.context["sight"] is None
    assert response.context["trouble"]


def test_what_is_in_use_is_compared_with_the_newest(
    superuser: Client, pair: tuple[TemplateVersion, TemplateVersion]
) -> None:
    template = pair[0].template
    third = TemplateVersionFactory(template=template, text="Third: {{ code }}", subject="New")
    response = get(superuser, "compare", template.pk)
    assert (response.context["left"], response.context["right"]) == ("2", str(third.number))
    assert lines(response) == ["@@ -1 +1 @@", "-Second: {{ code }}", "+Third: {{ code }}"]
    assert [each.part for each in response.context["differences"]] == ["text"]


def test_what_is_in_use_is_compared_with_the_one_before(
    superuser: Client, pair: tuple[TemplateVersion, TemplateVersion]
) -> None:
    template = pair[0].template
    for asked in ({}, {"right": "2"}):
        response = get(superuser, "compare", template.pk, **asked)
        assert (response.context["left"], response.context["right"]) == ("1", "2")
    response = get(superuser, "compare", template.pk, right="1")
    assert (response.context["left"], response.context["right"]) == ("2", "1")
    only = TemplateVersionFactory(template__slug="security_notice", published=True)
    response = get(superuser, "compare", only.template_id)
    assert (response.context["left"], response.context["right"]) == ("built-in", "1")


def test_any_two_are_compared_also_with_the_built_in_words(
    superuser: Client, pair: tuple[TemplateVersion, TemplateVersion]
) -> None:
    template = pair[0].template
    response = get(superuser, "compare", template.pk, left="2", right="1")
    assert {"-Second: {{ code }}", "+First: {{ code }}", "-New", "+Your code"} < set(
        lines(response)
    )
    response = get(superuser, "compare", template.pk, left="built-in", right="1")
    source = sources.built_in("login_code", "en")
    assert source
    assert f"-{source.parts.subject}" in lines(response)
    response = get(superuser, "compare", template.pk, left="1", right="1")
    assert "The two say the same." in response.content.decode()


@pytest.mark.parametrize("side", ["", "7", "-1", "x", "\u0661"])
def test_a_side_that_does_not_exist_is_not_compared(
    superuser: Client, pair: tuple[TemplateVersion, TemplateVersion], side: str
) -> None:
    response = get(superuser, "compare", pair[0].template_id, left=side, right=side)
    assert (response.context["left"], response.context["right"]) == ("1", "2")


def test_a_template_without_versions_is_compared_with_itself(superuser: Client) -> None:
    response = get(superuser, "compare", TemplateFactory().pk)
    assert "The two say the same." in response.content.decode()


def test_markup_in_a_difference_stays_text(superuser: Client) -> None:
    version = TemplateVersionFactory(html=ATTACK)
    html = get(superuser, "compare", version.template_id).content.decode()
    assert ATTACK not in html
    assert "+&lt;script&gt;" in html


def test_another_logo_is_a_difference() -> None:
    one, other = (Words(Parts("", "", ""), Logo(content, "image/png")) for content in (b"1", b"2"))
    none = Words(Parts("", "", ""))
    said = [
        differences(left, right)[0].sentence
        for left, right in ((one, other), (one, none), (none, one))
    ]
    assert said == [
        "It is another picture.",
        "There is none any more.",
        "There was none before.",
    ]
    assert differences(one, one) == []


def test_too_many_lines_are_not_compared_one_by_one() -> None:
    many = Words(Parts("", "\n" * 3000, ""))
    (difference,) = differences(many, Words(Parts("", "", "")))
    assert not difference.lines
    assert difference.sentence == "It differs, but it has too many lines to be compared."


def test_publishing_asks_first_and_names_what_changes(
    superuser: Client, pair: tuple[TemplateVersion, TemplateVersion]
) -> None:
    third = TemplateVersionFactory(template=pair[0].template, text="Third: {{ code }}")
    response = get(superuser, "publish", third.pk)
    html = response.content.decode()
    assert "instead of: version 2." in html
    assert {"-Second: {{ code }}", "+Third: {{ code }}"} < set(lines(response))
    assert sources.in_use("login_code", "en").version == pair[1]
    assert "Version 3 is in use from now on." in post(superuser, third)
    assert sources.in_use("login_code", "en").version == third


def test_going_back_to_an_older_version_is_on_record(
    superuser: Client, pair: tuple[TemplateVersion, TemplateVersion]
) -> None:
    older = pair[0]
    html = get(superuser, "publish", older.pk).content.decode()
    assert "version 1 again, which is older than the one in use (version 2)" in html
    post(superuser, older)
    assert sources.in_use("login_code", "en").version == older
    event = TemplateEvent.objects.first()
    assert event is not None
    assert (event.version, event.user_name) == (older, "wang")
    assert LogEntry.objects.get().change_message == "published version 1"
    # The words of the newer one are still there.
    assert TemplateVersion.objects.count() == 2


def test_what_is_in_use_is_not_published_again(
    superuser: Client, pair: tuple[TemplateVersion, TemplateVersion]
) -> None:
    in_use = pair[1]
    assert "in use already" in get(superuser, "publish", in_use.pk).content.decode()
    assert "was in use already" in post(superuser, in_use)
    assert TemplateEvent.objects.count() == 1
    assert not LogEntry.objects.exists()


def test_a_version_that_breaks_the_contract_of_today_is_not_published(superuser: Client) -> None:
    version = TemplateVersionFactory(html="{% load x %}")
    assert "does not keep to the contract" in post(superuser, version)
    assert sources.in_use("login_code", "en").version is None
    assert not TemplateEvent.objects.exists()


def test_what_does_not_exist_is_not_found(superuser: Client) -> None:
    for page in ("version", "publish", "compare", "edit"):
        url = reverse(f"admin:mailcenter_template_{page}", args=[7])
        assert superuser.get(url).status_code == 404
