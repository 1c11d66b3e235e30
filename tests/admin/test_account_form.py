"""The form of an operator's account: servers, ports, secrets, and who may set what."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.forms import BooleanField
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.views.debug import ExceptionReporter

from mailcenter import sealing
from mailcenter.admin.account_form import AccountForm
from mailcenter.admin.account_secrets import SECRETS
from mailcenter.delivery.accounts import from_row
from mailcenter.delivery.grant import Grant
from mailcenter.exceptions import ConfigurationError
from mailcenter.models import Account, AccountEvent
from mailcenter.transports import PRESETS
from tests.admin.test_accounts import ADD, CODE, NEW_CODE, add, change, filled_in, page, stored
from tests.factories import StaffFactory
from tests.token_server import TokenServer

pytestmark = pytest.mark.django_db

CUSTOM = {"preset": "custom", "address": "shop@corp.example", "host": "mail.corp.example"}
OAUTH = {
    "preset": "gmail",
    "address": "shop@gmail.com",
    "oauth_client_id": "client.apps.example",
    "oauth_client_secret": "client-secret-1",
    "oauth_refresh_token": "refresh-token-1",
}


@pytest.fixture
def manager() -> Client:
    """May manage accounts, and not set hosts."""
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(StaffFactory(permissions=["view_account", "manage_account"]))
    return browser


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    return response.context["adminform"].form.errors  # type: ignore[no-any-return]


def added(client: Client, **values: Any) -> Account:
    response = client.post(ADD, filled_in(**values))
    assert response.status_code == 302, dict(errors(response))
    return Account.objects.get(address=values.get("address", "shop@qq.com"))


def grant(account: Account) -> Grant:
    account.refresh_from_db()
    return Grant.of(account)


def add_oauth(**columns: Any) -> Account:
    """An account that logs in with OAuth2."""
    values = {
        "preset": "gmail",
        "address": "shop@gmail.com",
        "sealed_secret": None,
        "oauth_client_id": OAUTH["oauth_client_id"],
        "sealed_oauth": Grant("client-secret-1", "refresh-token-1").sealed(),
        "sealed_access_token": sealing.seal(b"access-token-1"),
        "access_token_expires_at": timezone.now() + timedelta(hours=1),
    }
    return add("shop", **(values | columns))


# Servers of one's own


def test_a_server_of_ones_own(superuser: Client) -> None:
    account = added(
        superuser,
        **CUSTOM,
        secret="a pass word",
        username="corp\\shop",
        port=2525,
        security="starttls",
        imap_host="imap.corp.example",
        imap_port=1993,
    )
    # Not a code in groups of four: its spaces count.
    assert stored(account) == "a pass word"
    sending = from_row(account)
    assert (sending.host, sending.port, sending.security) == ("mail.corp.example", 2525, "starttls")
    assert (sending.imap_host, sending.imap_port) == ("imap.corp.example", 1993)
    assert (sending.username, sending.public_only) == ("corp\\shop", True)


@pytest.mark.parametrize(
    ("port", "security", "expected"),
    [
        ("", "", (465, "ssl")),
        ("587", "", (587, "starttls")),
        ("994", "", (994, "ssl")),
        ("", "starttls", (587, "starttls")),
        ("2465", "ssl", (2465, "ssl")),
    ],
)
def test_the_kind_of_tls_follows_the_port(
    superuser: Client, port: str, security: str, expected: tuple[int, str]
) -> None:
    account = added(superuser, **CUSTOM, secret=CODE, port=port, security=security)
    sending = from_row(account)
    assert (sending.port, sending.security) == expected
    assert sending.username == "shop@corp.example"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"host": ""}, "host"),
        ({"host": "https://mail.corp.example"}, "host"),
        ({"host": "mail.corp.example:465"}, "host"),
        ({"host": "mail corp"}, "host"),
        ({"host": "127.0.0.1"}, "host"),
        ({"host": "::1"}, "host"),
        ({"host": "10.0.0.7"}, "host"),
        ({"host": "169.254.169.254"}, "host"),
        ({"host": "localhost"}, "host"),
        ({"host": "mailserver"}, "host"),
        ({"host": "2130706433"}, "host"),
        ({"imap_host": "192.168.0.1"}, "imap_host"),
        ({"username": "a\rb"}, "username"),
        ({"port": "2525"}, "security"),
        ({"port": "0"}, "port"),
        ({"port": "65536"}, "port"),
        ({"security": "none"}, "security"),
        ({"imap_port": "imap"}, "imap_port"),
    ],
)
def test_a_wrong_server_is_one_clear_sentence(
    superuser: Client, values: dict[str, str], field: str
) -> None:
    response = superuser.post(ADD, filled_in(**CUSTOM, secret=CODE) | values)
    assert list(errors(response)) == [field]
    assert len(errors(response)[field]) == 1
    html = response.content.decode()
    # Nothing typed is lost, but the code.
    assert 'value="shop@corp.example"' in html
    assert CODE not in html


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"host": "mail.corp.example"}, "host"),
        ({"username": "me"}, "username"),
        ({"imap_host": "imap.corp.example"}, "imap_host"),
        ({"imap_port": "993"}, "imap_port"),
        ({"port": "2525"}, "port"),
    ],
)
def test_a_known_provider_has_its_own_server(
    superuser: Client, values: dict[str, str], field: str
) -> None:
    response = superuser.post(ADD, filled_in(secret=CODE, **values))
    assert list(errors(response)) == [field]


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("", (465, "ssl")),
        ("465", (465, "ssl")),
        ("587", (587, "starttls")),
        ("994", (994, "ssl")),
        ("25", (25, "starttls")),
    ],
)
def test_a_known_provider_may_be_reached_at_another_port(
    manager: Client, port: str, expected: tuple[int, str]
) -> None:
    sending = from_row(added(manager, secret=CODE, port=port))
    assert (sending.host, sending.port, sending.security) == ("smtp.qq.com", *expected)
    assert not sending.public_only


def test_an_emptied_port_is_the_providers_again(manager: Client) -> None:
    account = add("shop", port=587, security="starttls")
    assert change(manager, "shop").status_code == 302
    account.refresh_from_db()
    assert (account.port, account.security) == (None, "")


def test_who_may_not_set_hosts_sees_no_field_for_them(manager: Client) -> None:
    html = manager.get(ADD).content.decode()
    assert 'name="port"' in html
    assert 'value="custom"' not in html
    for name in ("host", "security", "username", "imap_host", "imap_port"):
        assert f'name="{name}"' not in html
        assert name not in AccountForm().fields
    assert list(errors(manager.post(ADD, filled_in(**CUSTOM, secret=CODE)))) == ["preset"]
    account = added(manager, secret=CODE, host="mail.corp.example", username="me")
    assert (account.host, account.username) == ("", "")


def test_who_may_not_set_hosts_changes_the_rest_of_such_an_account(manager: Client) -> None:
    server = {"port": 2525, "security": "ssl", "username": "me", "imap_host": "imap.corp.example"}
    account = add("shop", **CUSTOM, **server)
    typed = {"preset": "custom", "address": "shop@corp.example"}
    asked = {**typed, "host": "evil.example", "port": 25, "order": 7}
    assert change(manager, "shop", **asked).status_code == 302
    account.refresh_from_db()
    assert account.order == 7
    assert account.host == "mail.corp.example"
    assert {name: getattr(account, name) for name in server} == server
    # To a provider's server there is a way, and none back.
    assert change(manager, "shop", secret=NEW_CODE).status_code == 302
    sending = from_row(Account.objects.get(pk="shop"))
    assert (sending.host, sending.port, sending.username) == ("smtp.qq.com", 465, "shop@qq.com")
    assert (sending.imap_host, sending.public_only) == ("imap.qq.com", False)
    assert list(errors(change(manager, "shop", **typed))) == ["preset", "secret"]


@pytest.mark.parametrize(
    "values",
    [{"host": "other.example.com"}, {"imap_host": "imap.example.com"}, {"username": "root"}],
)
def test_the_stored_code_is_shown_to_no_other_host(
    superuser: Client, values: dict[str, str]
) -> None:
    add("shop", **CUSTOM, sealed_next_secret=sealing.seal(b"second"))
    response = change(superuser, "shop", **CUSTOM | values)
    assert list(errors(response)) == ["secret"]
    assert change(superuser, "shop", **CUSTOM | values, secret=NEW_CODE).status_code == 302
    # The second one was for the old host, too.
    assert Account.objects.get(pk="shop").sealed_next_secret is None


def test_one_mailbox_has_one_account_at_each_server(superuser: Client) -> None:
    added(superuser, **CUSTOM, secret=CODE)
    again = superuser.post(ADD, filled_in(**CUSTOM, secret=CODE))
    assert list(errors(again)) == ["address"]
    other = filled_in(**CUSTOM | {"host": "other.example.com"}, secret=CODE)
    assert superuser.post(ADD, other).status_code == 302


# The second code


def test_a_second_code_is_stored_ahead_kept_and_removed(superuser: Client) -> None:
    account = add("shop")
    before = timezone.now()
    assert 'name="forget_next"' not in page(superuser, "change", "shop")
    assert change(superuser, "shop", next_secret="ponm lkji hgfe dcba").status_code == 302
    account.refresh_from_db()
    assert sealing.unseal(bytes(account.sealed_next_secret or b"")).decode() == NEW_CODE
    assert account.next_secret_set_at
    assert account.next_secret_set_at >= before
    assert stored(account) == "code"
    html = page(superuser, "change", "shop")
    assert 'name="forget_next"' in html
    assert NEW_CODE not in html

    assert change(superuser, "shop").status_code == 302
    account.refresh_from_db()
    assert account.sealed_next_secret

    assert change(superuser, "shop", forget_next="on").status_code == 302
    account.refresh_from_db()
    assert account.sealed_next_secret is account.next_secret_set_at is None
    assert stored(account) == "code"


def test_a_second_code_equal_to_the_first_is_refused(superuser: Client) -> None:
    response = superuser.post(ADD, filled_in(secret=CODE, next_secret=CODE))
    assert list(errors(response)) == ["next_secret"]


@pytest.mark.parametrize("typed", [{"secret": NEW_CODE}, {"next_secret": CODE}])
def test_a_second_code_equal_to_the_stored_first_is_refused(
    superuser: Client, typed: dict[str, str]
) -> None:
    account = added(superuser, secret=CODE, next_secret=NEW_CODE)
    response = change(superuser, account.pk, **({"secret": ""} | typed))
    assert list(errors(response)) == ["next_secret"]


def test_an_accounts_key_can_stand_in_the_admins_addresses(superuser: Client) -> None:
    account = added(superuser, address="bot_22@qq.com", secret=CODE)
    answer = superuser.get(reverse("admin:mailcenter_account_change", args=[account.pk]))
    assert answer.status_code == 200


def test_a_form_with_an_error_says_that_the_codes_are_to_be_typed_again(superuser: Client) -> None:
    again = "enter them once more"
    response = superuser.post(ADD, filled_in(address="none", secret=CODE, next_secret=NEW_CODE))
    assert list(errors(response)) == ["address"]
    assert again in response.content.decode()
    assert again not in superuser.get(ADD).content.decode()
    nothing_typed = superuser.post(ADD, filled_in(address="none", secret=""))
    assert again not in nothing_typed.content.decode()


def test_a_rotation_while_the_form_is_open_is_not_undone(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the form's reading of the row and its writing, the second code took over."""
    account = add("shop", sealed_next_secret=sealing.seal(NEW_CODE.encode()))
    clean = AccountForm.clean

    def meanwhile(form: AccountForm) -> dict[str, Any]:
        read = bytes(account.sealed_secret or b"")
        values = {"until": timezone.now(), "reason": "535", "secret_digest": "x"}
        assert Account.objects.promote("shop", read, **values)
        return clean(form)

    monkeypatch.setattr(AccountForm, "clean", meanwhile)
    assert change(superuser, "shop", order=5).status_code == 302
    account.refresh_from_db()
    assert (account.order, stored(account)) == (5, NEW_CODE)
    assert account.sealed_next_secret is None


def test_a_new_code_is_dated_and_written_into_the_history(superuser: Client) -> None:
    before = timezone.now()
    account = added(superuser, secret=CODE)
    assert account.secret_set_at
    assert account.secret_set_at >= before
    assert change(superuser, account.pk, order=3).status_code == 302
    dated = Account.objects.get(pk=account.pk).secret_set_at
    assert dated == account.secret_set_at
    assert change(superuser, account.pk, secret=NEW_CODE).status_code == 302
    account.refresh_from_db()
    assert account.secret_set_at > dated
    events = AccountEvent.objects.filter(account=account)
    assert [(event.kind, event.reason) for event in events] == [("secret", "wang")] * 2


# OAuth2


def test_an_account_that_logs_in_with_oauth2(superuser: Client) -> None:
    account = added(superuser, **OAUTH)
    assert account.sealed_secret is None
    assert account.oauth_client_id == "client.apps.example"
    assert grant(account) == Grant("client-secret-1", "refresh-token-1")
    html = page(superuser, "change", account.pk) + page(superuser, "history", account.pk)
    assert "client.apps.example" in html
    for secret in ("client-secret-1", "refresh-token-1"):
        assert secret not in html + LogEntry.objects.get().change_message


def test_what_oauth2_has_is_kept_until_something_else_is_typed(superuser: Client) -> None:
    account = add_oauth()
    typed = {name: OAUTH[name] for name in ("preset", "address", "oauth_client_id")}
    assert change(superuser, "shop", **typed, order=4).status_code == 302
    assert grant(account) == Grant("client-secret-1", "refresh-token-1")
    assert account.sealed_access_token
    assert change(superuser, "shop", **typed, oauth_refresh_token="token-2").status_code == 302
    assert grant(account) == Grant("client-secret-1", "token-2")
    # It belonged to the old one.
    assert account.sealed_access_token is account.access_token_expires_at is None


def test_a_code_and_oauth2_take_each_others_place(superuser: Client) -> None:
    account = add_oauth()
    code = {name: OAUTH[name] for name in ("preset", "address", "oauth_client_id")}
    assert change(superuser, "shop", **code, secret=CODE, next_secret=NEW_CODE).status_code == 302
    account.refresh_from_db()
    assert stored(account) == CODE
    assert account.oauth_client_id == ""
    assert account.sealed_oauth is account.sealed_access_token is None
    assert change(superuser, "shop", **OAUTH).status_code == 302
    account.refresh_from_db()
    assert account.sealed_secret is account.sealed_next_secret is account.next_secret_set_at is None
    assert grant(account).refresh_token == "refresh-token-1"


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"secret": CODE}, ["oauth_client_id"]),
        ({"next_secret": CODE}, ["next_secret"]),
        ({"oauth_client_id": ""}, ["oauth_client_id"]),
        ({"oauth_refresh_token": ""}, ["oauth_refresh_token"]),
        ({"oauth_refresh_token": "a\x01b"}, ["oauth_refresh_token"]),
        (dict.fromkeys(OAUTH.keys() - {"preset", "address"}, ""), ["secret"]),
        ({"preset": "163", "address": "shop@163.com"}, ["oauth_client_id"]),
    ],
)
def test_what_oauth2_lacks_is_one_clear_sentence(
    superuser: Client, values: dict[str, str], fields: list[str]
) -> None:
    response = superuser.post(ADD, filled_in(**OAUTH | values))
    assert list(errors(response)) == fields
    assert len(errors(response)[fields[0]]) == 1
    assert "client-secret-1" not in response.content.decode()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"address": "other@gmail.com"}, "oauth_refresh_token"),
        ({"preset": "outlook"}, "oauth_refresh_token"),
        ({"oauth_client_id": "another"}, "oauth_refresh_token"),
        ({"oauth_client_id": ""}, "secret"),
        ({"preset": "qq", "address": "shop@qq.com"}, "oauth_refresh_token"),
        ({"next_secret": CODE}, "next_secret"),
    ],
)
def test_a_stored_token_is_used_for_its_own_mailbox_and_client(
    superuser: Client, values: dict[str, str], field: str
) -> None:
    add_oauth()
    typed = {name: OAUTH[name] for name in ("preset", "address", "oauth_client_id")}
    assert list(errors(change(superuser, "shop", **typed | values))) == [field]


# For the doctor


def filled_form(row: Account | None = None, **values: Any) -> AccountForm:
    form = AccountForm(filled_in(**values), instance=row)
    assert form.is_valid(), form.errors
    return form


def test_what_is_typed_can_be_tried_unsaved() -> None:
    sending = filled_form(secret=CODE, port=587).sending_account()
    assert (sending.address, sending.password) == ("shop@qq.com", CODE)
    assert (sending.host, sending.port, sending.security) == ("smtp.qq.com", 587, "starttls")
    assert not Account.objects.exclude(pk=Account.ENVIRONMENT).exists()


def test_an_empty_code_is_the_stored_one() -> None:
    row = add("shop")
    assert filled_form(row, port=994).sending_account().password == "code"
    assert filled_form(row, secret=NEW_CODE).sending_account().password == NEW_CODE
    row.refresh_from_db()
    assert (stored(row), row.port) == ("code", None)


def test_typed_oauth2_is_tried_with_a_token_that_is_not_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with TokenServer() as provider:
        provider.stand_in_for("gmail", monkeypatch)
        sending = filled_form(**OAUTH).sending_account()
        (asked,) = provider.asked
    assert (sending.password, sending.oauth) == ("access-1", True)
    assert asked["refresh_token"] == "refresh-token-1"
    assert not Account.objects.exclude(pk=Account.ENVIRONMENT).exists()


def test_stored_oauth2_is_tried_with_its_own_token() -> None:
    row = add_oauth()
    typed = {name: OAUTH[name] for name in ("preset", "address", "oauth_client_id")}
    assert filled_form(row, **typed).sending_account().password == "access-token-1"
    row.access_token_expires_at = timezone.now()
    with pytest.raises(ConfigurationError):
        filled_form(row, **typed).sending_account()


# Secrets


def test_each_secret_is_written_and_never_read(superuser: Client) -> None:
    form = AccountForm()
    masked = {n for n, field in form.fields.items() if field.widget.input_type == "password"}
    assert masked == set(SECRETS)
    assert not any(form.fields[name].widget.render_value for name in SECRETS)
    assert isinstance(AccountForm.base_fields["forget_next"], BooleanField)
    html = superuser.get(ADD).content.decode()
    assert html.count('type="password"') == len(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_in_an_error_report(
    superuser: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def broken(plain: bytes) -> bytes:
        raise RuntimeError

    # Made at random, because a report quotes the lines of the source too.
    secret = secrets.token_hex(8)
    monkeypatch.setattr(sealing, "seal", broken)
    superuser.raise_request_exception = False
    values = filled_in(secret=CODE) if name == "next_secret" else filled_in()
    if name.startswith("oauth"):
        values = filled_in(**OAUTH)
    response = superuser.post(ADD, values | {name: secret, "from_name": "a shop"})
    kind, error, traceback = response.exc_info
    reporter = ExceptionReporter(response.wsgi_request, kind, error, traceback.tb_next)
    text = reporter.get_traceback_html() + reporter.get_traceback_text()
    assert "a shop" in text
    assert secret not in text


def test_every_provider_offered_can_be_added(superuser: Client) -> None:
    html = superuser.get(ADD).content.decode()
    offered = [slug for slug in PRESETS if f'<option value="{slug}"' in html]
    assert set(PRESETS) - set(offered) == {"practice", "anymail"}
    for slug in offered:
        host = {"host": "mail.corp.example"} if slug == "custom" else {}
        added(superuser, preset=slug, address=f"{slug}@corp.example", secret=CODE, **host)
