"""Accounts of the environment and of operators: which may send, in which order, and their rows."""

from __future__ import annotations

import logging
import runpy
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailcenter import sealing
from mailcenter.delivery import accounts
from mailcenter.exceptions import ConfigurationError
from mailcenter.models import Account
from mailcenter.transports import PRESETS, Limits, problems
from mailcenter.transports.account import environment_account, environment_accounts
from tests.factories import MessageFactory

CODE = "abcdefghijklmnop"
OTHER_CODE = "ponmlkjihgfedcba"
QQ = {"PROVIDER": "qq", "ADDRESS": "shop@qq.com", "PASSWORD": CODE}
NETEASE = {"PROVIDER": "163", "ADDRESS": "shop@163.com", "PASSWORD": OTHER_CODE}


@pytest.fixture
def environment(settings: Any) -> Any:
    """These are the environment's accounts, first, second, …"""

    def give(first: dict[str, str], *more: dict[str, str]) -> None:
        own = {"ACCOUNT": first, "MORE_ACCOUNTS": list(more)}
        settings.MAILCENTER = {**settings.MAILCENTER, **own}

    return give


def add(slug: str, **columns: Any) -> Account:
    """An operator's account."""
    columns = {"preset": "qq", "address": f"{slug}@qq.com", **columns}
    secret = columns.pop("secret", CODE)
    return Account.objects.create(slug=slug, sealed_secret=sealing.seal(secret.encode()), **columns)


def pause(slug: str, secret: str) -> None:
    Account.objects.pause(
        slug,
        until=timezone.now() + timedelta(hours=1),
        reason="535 Login Fail.",
        secret_digest=sealing.digest(secret),
    )


# From the environment


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    """The project's settings under these variables."""

    def read(**variables: str) -> dict[str, Any]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(settings.BASE_DIR / "project" / "settings.py"))

    return read


def test_the_same_names_with_a_number_give_further_accounts(site: Any, settings: Any) -> None:
    settings.MAILCENTER = site(
        MAIL_PROVIDER="qq",
        MAIL_ADDRESS="shop@qq.com",
        MAIL_AUTH_CODE="abcd efgh ijkl mnop",
        MAIL_PROVIDER_2="163",
        MAIL_ADDRESS_2="shop@163.com",
        MAIL_AUTH_CODE_2=OTHER_CODE,
        MAIL_FROM_NAME_2="小店",
        MAIL_PER_MINUTE_2="3",
        MAIL_PER_DAY_2="0",
        MAIL_SPACING_SECONDS_2="1.5",
        MAIL_KINDS_2="password_reset",
        MAIL_IMAP_HOST_2="imap.example",
        MAIL_IMAP_PORT_2="9993",
        MAIL_PROVIDER_4="custom",
        EMAIL_URL_4="smtp+tls://me%40corp.example:hunter2@mail.corp.example",
    )["MAILCENTER"]
    first, second, third = environment_accounts()
    assert first == environment_account()
    assert (first.slug, first.address, first.password) == ("environment", "shop@qq.com", CODE)
    assert (second.slug, second.host, second.from_name) == ("environment-2", "smtp.163.com", "小店")
    assert (second.limits, second.kinds) == (Limits(3, 0, 1.5), ("password_reset",))
    assert (second.imap_host, second.imap_port) == ("imap.example", 9993)
    # It keeps its own number, whichever others there are.
    assert (third.slug, third.address, third.port) == ("environment-4", "me@corp.example", 587)


def test_nothing_set_is_the_practice_server_alone(site: Any) -> None:
    read = site()
    assert read["PRACTICE"]
    assert read["MAILCENTER"]["MORE_ACCOUNTS"] == []
    assert read["ANYMAIL"] == {}


def test_a_delivery_service_has_its_own_variables(site: Any) -> None:
    read = site(
        MAIL_PROVIDER="anymail",
        MAIL_ADDRESS="shop@corp.example",
        MAIL_ANYMAIL_BACKEND="mailgun",
        ANYMAIL_MAILGUN_API_KEY="key",
        ANYMAIL_MAILGUN_SENDER_DOMAIN="corp.example",
    )
    assert not read["PRACTICE"]
    assert read["MAILCENTER"]["ACCOUNT"]["ANYMAIL_BACKEND"] == "mailgun"
    assert read["ANYMAIL"] == {"MAILGUN_API_KEY": "key", "MAILGUN_SENDER_DOMAIN": "corp.example"}


@pytest.mark.parametrize(
    ("values", "variable"),
    [
        ({"PROVIDER": ""}, "MAIL_PROVIDER_2"),
        ({"PROVIDER": "qqq"}, "MAIL_PROVIDER_2"),
        ({"ADDRESS": ""}, "MAIL_ADDRESS_2"),
        ({"ADDRESS": "shop"}, "MAIL_ADDRESS_2"),
        ({"PASSWORD": "a\0"}, "MAIL_AUTH_CODE_2"),
        ({"PORT": "smtp"}, "MAIL_PORT_2"),
        ({"SECURITY": "none"}, "MAIL_SECURITY_2"),
        ({"HOST": "smtp.163.com:465"}, "MAIL_HOST_2"),
        ({"PER_DAY": "many"}, "MAIL_PER_DAY_2"),
        ({"PROVIDER": "custom"}, "EMAIL_URL_2"),
    ],
)
def test_a_wrong_setting_is_named_with_its_number(
    environment: Any, values: dict[str, str], variable: str
) -> None:
    environment(QQ, NETEASE | values)
    with pytest.raises(ConfigurationError) as caught:
        environment_accounts()
    assert variable in str(caught.value)
    assert environment_account().address == "shop@qq.com"


@pytest.mark.parametrize(
    ("values", "variable"),
    [
        ({"PASSWORD": ""}, "MAIL_AUTH_CODE_2"),
        ({"PASSWORD": "12345678"}, "MAIL_AUTH_CODE_2"),
        ({"ADDRESS": "shop@qq.com"}, "MAIL_ADDRESS_2"),
        ({"CA_FILE": "/no/such/file"}, "MAIL_CA_FILE_2"),
        (
            {"PROVIDER": "custom", "URL_WITH_PASSWORD": "smtp+ssl://me@mail.corp.example"},
            "EMAIL_URL_2",
        ),
    ],
)
def test_a_problem_is_told_with_its_number(
    environment: Any, values: dict[str, str], variable: str
) -> None:
    environment(QQ, NETEASE | values)
    (problem,) = problems(environment_accounts()[1])
    assert variable in f"{problem.msg} {problem.hint}"


# Who may send


@pytest.mark.django_db
def test_the_environments_accounts_come_before_the_operators(environment: Any) -> None:
    environment(QQ, NETEASE)
    add("late", order=20)
    add("b-early", order=0)
    add("a-early", order=0)
    configured = accounts.configured()
    assert list(configured) == ["environment", "environment-2", "a-early", "b-early", "late"]
    assert [account.slug for account in configured.values()] == list(configured)


@pytest.mark.django_db
def test_an_operators_account_is_its_preset_and_its_columns(environment: Any) -> None:
    environment(QQ)
    add("plain", secret=OTHER_CODE, from_name="小店", kinds=["system"])
    plain = accounts.configured()["plain"]
    assert (plain.preset, plain.host, plain.port) == (PRESETS["qq"], "smtp.qq.com", 465)
    assert (plain.username, plain.password) == ("plain@qq.com", OTHER_CODE)
    assert (plain.from_name, plain.kinds) == ("小店", ("system",))
    assert plain.limits == PRESETS["qq"].limits
    assert plain.imap_host == PRESETS["qq"].imap_host

    add("tuned", per_minute=2, per_day=0)
    assert accounts.configured()["tuned"].limits == Limits(2, 0, 6)


@pytest.mark.django_db
def test_another_server_has_neither_the_limits_nor_the_sent_folder(environment: Any) -> None:
    environment(QQ)
    server = {"host": "127.0.0.1", "port": 2525, "security": "starttls", "ca_file": "/ca.pem"}
    add("own", per_day=7, **server)
    own = accounts.configured()["own"]
    assert (own.host, own.port, own.security, own.ca_file) == tuple(server.values())
    assert (own.limits, own.imap_host) == (Limits(per_day=7), "")
    Account.objects.filter(pk="own").update(imap_host="127.0.0.1", imap_port=1993)
    own = accounts.configured()["own"]
    assert (own.imap_host, own.imap_port) == ("127.0.0.1", 1993)


@pytest.mark.django_db
def test_what_is_not_in_use_or_has_no_secret_never_sends(environment: Any) -> None:
    environment(QQ)
    add("off", enabled=False)
    Account.objects.create(slug="empty", preset="qq", address="empty@qq.com")
    # Its variables are gone; whatever its row holds, it does not send.
    add("environment-3")
    assert list(accounts.configured()) == ["environment"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "columns", [{"preset": "pigeon"}, {"preset": "custom"}, {"sealed_secret": b"not ours"}]
)
def test_a_row_that_can_not_be_used_is_left_out_and_named_once(
    environment: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    columns: dict[str, Any],
) -> None:
    monkeypatch.setattr(accounts, "_left_out", set())
    environment(QQ)
    add("good")
    add("broken")
    Account.objects.filter(pk="broken").update(**columns)
    with caplog.at_level(logging.ERROR, "mailcenter"):
        assert list(accounts.configured()) == ["environment", "good"]
        assert list(accounts.configured()) == ["environment", "good"]
    assert [record.args[0] for record in caplog.records if record.args] == ["broken"]
    assert CODE not in caplog.text


@pytest.mark.django_db
def test_configured_asks_the_database_once(
    environment: Any, django_assert_num_queries: Any
) -> None:
    environment(QQ, NETEASE)
    add("a")
    add("b")
    with django_assert_num_queries(1):
        accounts.configured()


# Their rows


@pytest.mark.django_db
def test_the_environments_accounts_are_mirrored_without_their_secrets(environment: Any) -> None:
    environment(QQ, {**NETEASE, "KINDS": "system", "PER_MINUTE": "3", "NUMBER": "5"})
    accounts.keep_rows(accounts.configured())
    first, second = Account.objects.order_by("order")
    assert (first.slug, first.preset, first.address) == ("environment", "qq", "shop@qq.com")
    assert (first.per_minute, first.per_day, first.spacing_seconds) == (10, 50, 6)
    assert (second.slug, second.order, second.address) == ("environment-5", 1, "shop@163.com")
    assert (second.kinds, second.per_minute, second.spacing_seconds) == (["system"], 3, 0)
    assert not Account.objects.filter(sealed_secret__isnull=False).exists()


@pytest.mark.django_db
def test_an_account_that_vanished_keeps_its_history_out_of_use(environment: Any) -> None:
    environment(QQ, NETEASE)
    add("shop-2")
    accounts.keep_rows(accounts.configured())
    message = MessageFactory(account_id="environment-2")
    environment(QQ)
    accounts.keep_rows(accounts.configured())
    in_use = Account.objects.filter(enabled=True).values_list("slug", flat=True)
    assert set(in_use) == {"environment", "shop-2"}
    message.refresh_from_db()
    assert message.account_id == "environment-2"
    environment(QQ, NETEASE)
    accounts.keep_rows(accounts.configured())
    assert Account.objects.get(slug="environment-2").enabled


@pytest.mark.django_db
def test_a_new_secret_ends_the_pause_of_its_account_alone(environment: Any) -> None:
    environment(QQ, NETEASE)
    add("shop", secret=CODE)
    accounts.keep_rows(accounts.configured())
    for slug, secret in (("environment", CODE), ("environment-2", "old"), ("shop", "old")):
        pause(slug, secret)
    accounts.keep_rows(accounts.configured())
    paused = Account.objects.filter(paused_until__isnull=False)
    assert [account.slug for account in paused] == ["environment"]


@pytest.mark.django_db
def test_rows_that_are_right_are_not_written_again(
    environment: Any, django_assert_num_queries: Any
) -> None:
    environment(QQ, {**NETEASE, "KINDS": "system", "SPACING_SECONDS": "1.5"})
    add("shop")
    configured = accounts.configured()
    accounts.keep_rows(configured)
    environment(QQ)
    accounts.keep_rows(accounts.configured())
    accounts.keep_rows(configured)
    with django_assert_num_queries(1):
        accounts.keep_rows(configured)


@pytest.mark.django_db
def test_budget_and_pause_outlive_the_mirroring(environment: Any) -> None:
    environment(QQ)
    accounts.keep_rows(accounts.configured())
    pause("environment", CODE)
    today = timezone.now().date()
    Account.objects.update(sent_that_day=7, day=today, recent=[1.0])
    accounts.keep_rows(accounts.configured())
    row = Account.objects.get()
    assert (row.sent_that_day, row.day, row.recent) == (7, today, [1.0])
    assert row.is_paused
