"""Who may open or do what, as one table: each page of ours, by GET and by POST."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_permission_codename
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailcenter import practice, sealing
from mailcenter.admin.urls import urlpatterns as dashboard_patterns
from mailcenter.models import Account, Checkup, Message, OperatorAction
from mailcenter.practice import inbox
from mailcenter.practice.urls import urlpatterns as practice_patterns
from tests.factories import (
    AttemptFactory,
    MessageFactory,
    StaffFactory,
    SuperuserFactory,
    TemplateVersionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


class Page(NamedTuple):
    """needs: the permissions, all of them. get, post: the status with them.

    without: the two for staff that lacks one of them.
    """

    needs: frozenset[str]
    get: int
    post: int
    without: tuple[int, int] = (403, 403)


def needs(*permissions: str) -> frozenset[str]:
    return frozenset(permissions)


VIEW_MESSAGE = needs("view_message")
VIEW_ATTEMPT = needs("view_attempt")
VIEW_ACCOUNT = needs("view_account")
VIEW_TEMPLATE = needs("view_template")
MANAGE = VIEW_ACCOUNT | {"manage_account"}
PUBLISH = VIEW_TEMPLATE | {"publish_template"}
RESEND = VIEW_MESSAGE | {"resend_message"}
# What nobody may do: not even a superuser has it.
NOBODY = needs("nobody")

ADMIN = {
    "message_changelist": Page(VIEW_MESSAGE, 200, 200),
    "message_change": Page(VIEW_MESSAGE, 200, 403),
    "message_history": Page(VIEW_MESSAGE, 200, 200),
    "message_html": Page(VIEW_MESSAGE, 200, 405, without=(403, 405)),
    "message_resend": Page(RESEND, 200, 302),
    "message_retry": Page(RESEND, 200, 302),
    "message_cancel": Page(RESEND, 200, 302),
    "message_arrived": Page(RESEND, 200, 302),
    "message_reveal": Page(VIEW_MESSAGE | {"reveal_message"}, 200, 200),
    "message_export": Page(VIEW_MESSAGE | {"export_message"}, 405, 200, without=(405, 403)),
    # Nobody has ever written to this user: it says so.
    "message_user": Page(VIEW_MESSAGE, 200, 405, without=(403, 405)),
    "message_invite": Page(RESEND, 200, 302),
    "message_add": Page(NOBODY, 403, 403),
    "message_delete": Page(NOBODY, 403, 403),
    "attempt_changelist": Page(VIEW_ATTEMPT, 200, 200),
    "attempt_phrasebook": Page(VIEW_ATTEMPT, 200, 405, without=(403, 405)),
    "attempt_change": Page(VIEW_ATTEMPT, 200, 403),
    "attempt_history": Page(VIEW_ATTEMPT, 200, 200),
    "attempt_add": Page(NOBODY, 403, 403),
    "attempt_delete": Page(NOBODY, 403, 403),
    "account_changelist": Page(VIEW_ACCOUNT, 200, 200),
    "account_change": Page(VIEW_ACCOUNT, 200, 403),
    "account_history": Page(VIEW_ACCOUNT, 200, 200),
    "account_resume": Page(VIEW_ACCOUNT | {"resume_account"}, 200, 302),
    # Without the right to manage there is no form; the environment's account never has one.
    "account_add": Page(MANAGE, 200, 200),
    "account_delete": Page(NOBODY, 403, 403),
    "account_doctor": Page(MANAGE, 405, 200, without=(405, 403)),
    # An empty form comes back.
    "account_doctor_new": Page(MANAGE, 405, 200, without=(405, 403)),
    # The environment's account is changed there.
    "account_doctor_typed": Page(NOBODY, 405, 403, without=(405, 403)),
    "account_port": Page(NOBODY, 405, 403, without=(405, 403)),
    "account_test_mail": Page(MANAGE, 405, 302, without=(405, 403)),
    "account_checkup": Page(MANAGE, 200, 405, without=(403, 405)),
    "template_changelist": Page(VIEW_TEMPLATE, 200, 200),
    "template_change": Page(VIEW_TEMPLATE, 200, 403),
    "template_history": Page(VIEW_TEMPLATE, 200, 200),
    "template_compare": Page(VIEW_TEMPLATE, 200, 405, without=(403, 405)),
    "template_version": Page(VIEW_TEMPLATE, 200, 405, without=(403, 405)),
    # A POST without a button shows a preview.
    "template_edit": Page(VIEW_TEMPLATE | {"change_template"}, 200, 200),
    "template_publish": Page(PUBLISH, 200, 302),
    "template_default": Page(PUBLISH, 405, 302, without=(405, 403)),
    "template_add": Page(NOBODY, 403, 403),
    "template_delete": Page(NOBODY, 403, 403),
}
# The right to see one of these opens the app's first page; that to see messages, what is on it.
LISTS = VIEW_MESSAGE | VIEW_ATTEMPT | VIEW_ACCOUNT | VIEW_TEMPLATE
DASHBOARD = {"dashboard"}
# Pages of the practice inbox: staff needs no permission, others the token.
PRACTICE = {"inbox", "recipients", "mail", "html"}

PERMISSIONS = sorted(
    {
        codename
        for model in apps.get_app_config("mailcenter").get_models()
        for codename in (
            *(get_permission_codename(a, model._meta) for a in model._meta.default_permissions),
            *(codename for codename, _name in model._meta.permissions),
        )
    }
)

Outcomes = dict[tuple[str, str], int]


def ask(browser: Client) -> Outcomes:
    """Each page by GET and by POST, each time about a row of its own."""
    outcomes = {}
    for name in ADMIN:
        for method in ("get", "post"):
            response = getattr(browser, method)(admin_address(name))
            outcomes[name, method] = response.status_code
    return outcomes


def admin_address(name: str) -> str:
    model, _, page = name.partition("_")
    if page in ("changelist", "add", "doctor_new", "phrasebook", "export"):
        return reverse(f"admin:mailcenter_{name}")
    if page == "checkup":
        checkup = Checkup.objects.create(subject="site@practice.test", ok=True)
        return reverse(f"admin:mailcenter_{name}", args=[checkup.pk])
    row = Account.ENVIRONMENT if model == "account" else make(model, page).pk
    return reverse(f"admin:mailcenter_{name}", args=[row])


def make(model: str, page: str) -> Any:
    if page in ("user", "invite"):
        return UserFactory()
    if model == "attempt":
        return AttemptFactory()
    if model == "template":
        version = TemplateVersionFactory()
        return version if page in ("version", "publish") else version.template
    status = {"resend": "failed", "arrived": "uncertain"}.get(page, "queued")
    return MessageFactory(status=status, content__html="<p>Hello</p>")


def expected(held: set[str]) -> Outcomes:
    outcomes = {}
    for name, page in ADMIN.items():
        get, post = (page.get, page.post) if page.needs <= held else page.without
        outcomes |= {(name, "get"): get, (name, "post"): post}
    return outcomes


@pytest.mark.parametrize("permission", ["", *PERMISSIONS])
def test_staff_with_one_permission_or_none(client: Client, permission: str) -> None:
    client.force_login(StaffFactory(permissions=[permission]))
    assert ask(client) == expected({permission})
    assert not OperatorAction.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("right", ["resend_message", "reveal_message"])
def test_staff_that_may_view_and_act(client: Client, right: str) -> None:
    held = {"view_message", right}
    client.force_login(StaffFactory(permissions=list(held)))
    assert ask(client) == expected(held)
    verbs = {
        "resend_message": {"resend", "retry", "cancel", "arrived"},
        "reveal_message": {"reveal"},
    }
    assert set(OperatorAction.objects.values_list("verb", flat=True)) == verbs[right]


def test_staff_that_may_view_and_resume(client: Client) -> None:
    Account.objects.update(paused_until=timezone.now() + timedelta(hours=1))
    held = {"view_account", "resume_account"}
    client.force_login(StaffFactory(permissions=list(held)))
    assert ask(client) == expected(held)
    assert not Account.objects.get().is_paused


@pytest.mark.parametrize(
    "right", ["change_template", "publish_template", "test_template", "preview_user_template"]
)
def test_staff_that_may_view_templates_and_more(client: Client, right: str) -> None:
    held = {"view_template", right}
    client.force_login(StaffFactory(permissions=list(held)))
    assert ask(client) == expected(held)
    assert LogEntry.objects.exists() is (right == "publish_template")


def test_staff_that_may_view_and_manage(client: Client) -> None:
    held = {"view_account", "manage_account"}
    client.force_login(StaffFactory(permissions=list(held)))
    assert ask(client) == expected(held)
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["发了一封测试邮件"]


@pytest.mark.parametrize(
    ("held", "get", "post"),
    [
        (["view_account", "manage_account"], 200, 302),
        (["view_account", "resume_account"], 200, 403),
        (["manage_account"], 403, 403),
    ],
)
def test_an_operators_account_is_changed_by_who_may_manage(
    client: Client, held: list[str], get: int, post: int
) -> None:
    account = Account.objects.create(
        slug="shop", preset="qq", address="shop@qq.com", sealed_secret=sealing.seal(b"code")
    )
    client.force_login(StaffFactory(permissions=held))
    url = reverse("admin:mailcenter_account_change", args=[account.pk])
    response = client.get(url)
    assert response.status_code == get
    assert ("<form" in response.content.decode().partition('class="mailcenter"')[2]) is (
        post == 302
    )
    data = {"preset": "qq", "address": "shop@qq.com", "order": 7}
    assert client.post(url, data).status_code == post
    account.refresh_from_db()
    assert (account.order == 7) is (post == 302)
    assert LogEntry.objects.exists() is (post == 302)


def test_superuser(client: Client) -> None:
    client.force_login(SuperuserFactory())
    assert ask(client) == expected(set(PERMISSIONS))


@pytest.mark.parametrize("log_in", [None, UserFactory], ids=["anonymous", "visitor"])
def test_everybody_else_is_sent_to_the_log_in(client: Client, log_in: Any) -> None:
    if log_in:
        # Permissions without the staff flag open nothing.
        client.force_login(log_in(permissions=PERMISSIONS))
    Account.objects.update(paused_until=timezone.now() + timedelta(hours=1))
    assert set(ask(client).values()) == {302}
    response = client.get(reverse("admin:mailcenter_message_changelist"))
    assert response.url.startswith(reverse("admin:login"))
    assert Account.objects.get().is_paused
    assert not OperatorAction.objects.exists()


def test_the_bulk_action_needs_its_permission(client: Client) -> None:
    def resend_in_bulk(*permissions: str) -> None:
        client.force_login(StaffFactory(permissions=permissions))
        message = MessageFactory(status="failed")
        data = {"action": "resend_selected", "_selected_action": message.pk, "post": "yes"}
        client.post(reverse("admin:mailcenter_message_changelist"), data)

    resend_in_bulk("view_message", "reveal_message")
    resend_in_bulk("resend_message")
    assert not Message.objects.filter(status="queued").exists()
    resend_in_bulk("view_message", "resend_message")
    assert Message.objects.filter(status="queued").count() == 1


@pytest.mark.parametrize("permission", ["", *PERMISSIONS])
def test_the_first_page_of_the_app(client: Client, permission: str) -> None:
    client.force_login(StaffFactory(permissions=[permission]))
    address = reverse("mailcenter_dashboard")
    response = client.get(address)
    assert response.status_code == (200 if permission in LISTS else 404)
    assert ("troubles" in (response.context or {})) is (permission == "view_message")
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("log_in", [None, UserFactory], ids=["anonymous", "visitor"])
def test_the_first_page_of_the_app_is_for_staff(client: Client, log_in: Any) -> None:
    if log_in:
        client.force_login(log_in(permissions=PERMISSIONS))
    for query in ("", "?_live=1"):
        response = client.get(reverse("mailcenter_dashboard") + query)
        assert response.status_code == 302
        assert response.url.startswith(reverse("admin:login"))


@pytest.fixture
def practice_address(settings: Any, tmp_path: Path) -> Callable[[str], str]:
    settings.MAILCENTER = {**settings.MAILCENTER, "PRACTICE_DIR": str(tmp_path / "practice")}
    inbox.deliver(practice.folder(), b"Subject: Hello\r\n\r\nHello\r\n")
    key = inbox.newest(practice.folder())[0].key

    def address(page: str) -> str:
        return reverse(f"practice:{page}", args=[key] if page in ("mail", "html") else [])

    return address


@pytest.mark.parametrize(
    ("person", "get", "post"),
    [
        (None, 403, 403),
        (UserFactory, 403, 403),
        (StaffFactory, 200, 405),
        (SuperuserFactory, 200, 405),
    ],
    ids=["anonymous", "visitor", "staff", "superuser"],
)
def test_practice_inbox(
    client: Client, practice_address: Callable[[str], str], person: Any, get: int, post: int
) -> None:
    if person:
        client.force_login(person())
    for page in PRACTICE:
        address = practice_address(page)
        assert (client.get(address).status_code, client.post(address).status_code) == (get, post)


def test_no_page_is_missing_from_the_table() -> None:
    named = {
        pattern.name.removeprefix("mailcenter_")
        for model, model_admin in admin.site._registry.items()
        if model._meta.app_label == "mailcenter"
        for pattern in model_admin.get_urls()
        if pattern.name
    }
    assert named == ADMIN.keys()
    assert {pattern.name for pattern in dashboard_patterns} == {
        f"mailcenter_{name}" for name in DASHBOARD
    }
    assert {pattern.name for pattern in practice_patterns} == PRACTICE
