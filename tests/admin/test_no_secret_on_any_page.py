"""An operator uses every page, and neither a page nor the database nor a log tells a secret.

The server repeats what it was told, as some do, and the provider of tokens too.
"""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import resolve, reverse

from mailcenter import sealing
from mailcenter.delivery.grant import Grant
from mailcenter.doctor import other_port
from mailcenter.engines.worker import Worker
from mailcenter.models import (
    Account,
    AccountEvent,
    Attempt,
    Checkup,
    Message,
    Template,
    TemplateVersion,
)
from mailcenter.transports import PRESETS
from mailcenter.transports.presets import Limits
from mailcenter.transports.variables import TLS_OF_PORT
from tests import test_no_secret_remains as visitors
from tests.flows.visitor import sign_up
from tests.secret_search import dump, remains
from tests.smtp_server import PASSWORD, ScriptedServer
from tests.test_doctor import closed_port
from tests.token_server import TokenServer, token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]

# What the site's own handler writes at DEBUG; whether mails hold a link or a code.
log, by = visitors.log, visitors.by

VISITOR = "new@example.com"
SECRETS = {
    "code of the environment": PASSWORD,
    "first code": "firstcodefirstco",
    "second code": "secondcodesecond",
    "code that is only examined": "onlyexaminedcode",
    "code of a form with errors": "codewitherrorsxy",
    "third code": "thirdcodethirdco",
    "client secret": "GOCSPX-client-secret-0123456789",
    "refresh token": "1//refresh-token-0123456789abcdefgh",
    "refresh token of another client": "1//refresh-token-another-stuvwxyz",
    "exchanged refresh token": "1//refresh-token-exchanged-zyxwvuts",
    "access token that is only examined": "ya29.only-examined-0123456789-abcdefgh",
    "refused access token": "ya29.refused-0123456789-abcdefghijklmn",
    "access token": "ya29.accepted-0123456789-abcdefghijklm",
}
ACCOUNT, MESSAGE, ATTEMPT, TEMPLATE = (
    f"mailcenter_{model}" for model in ("account", "message", "attempt", "template")
)
ACCESS_TOKENS = {"access token that is only examined", "refused access token", "access token"}
TOLD_TO_THE_PROVIDER = {"client secret", "refresh token", "refresh token of another client"}
# They take nothing over from each other.
OWN = {"order": "100", "enabled": "on", "kinds": "login_code"}
SHOP = OWN | {"preset": "qq", "address": "shop@qq.com"}
GMAIL = OWN | {"preset": "gmail", "address": "shop@gmail.com", "oauth_client_id": "client"}


class Parrot:
    """The server's answer to AUTH. accepts: names from SECRETS. told: what it has repeated."""

    def __init__(self, *accepts: str) -> None:
        self.accepts = set(accepts)
        self.told: set[str] = set()

    def __call__(self, argument: str) -> bytes:
        told = base64.b64decode(argument.partition(" ")[2]).decode()
        names = {name for name, secret in SECRETS.items() if secret in re.split("[\0\1 ]", told)}
        self.told |= names
        words = "235 Welcome:" if names & self.accepts else "535 Login Fail:"
        return f"{words} AUTH {argument} means {re.sub('[^ -~]', ' ', told)}".encode()


class Rounds:
    """An operator who opens pages. places: whatever was seen, for ``remains``.

    visited: the names of the pages that were there for the method.
    """

    def __init__(self, browser: Client) -> None:
        self.browser = browser
        self.places: list[tuple[str, bytes]] = []
        self.visited: set[str] = set()

    def get(self, name: str, *args: Any, language: str = "en", **query: str) -> str:
        return self._see(self._address(name, args), self.browser.get, query, language)

    def post(self, name: str, *args: Any, **values: str) -> str:
        """Of the page that it ends on."""
        return self._see(self._address(name, args), self.browser.post, values, "en")

    def _address(self, name: str, args: tuple[Any, ...]) -> str:
        return reverse(f"admin:{name}", args=args)

    def _see(self, url: str, ask: Callable[..., Any], values: dict[str, str], language: str) -> str:
        response = ask(url, values, headers={"accept-language": language})
        if response.status_code not in (404, 405):
            self.visited.add(resolve(url).url_name or "")
        body: bytes = response.getvalue() if response.streaming else response.content
        cookies = response.cookies.output()
        self.places.append((url, body + f"\n{response.headers}\n{cookies}".encode()))
        if response.status_code == 302:
            return self._see(response.headers["Location"], self.browser.get, {}, language)
        return body.decode()

    def read_database(self) -> None:
        self.places += dump()

    def command(self, name: str, *arguments: str) -> str:
        output = io.StringIO()
        try:
            call_command(name, *arguments, stdout=output, stderr=output)
        except CommandError as error:
            # How many accounts have failed.
            output.write(str(error))
        self.places.append((f"the output of {name}", output.getvalue().encode()))
        return output.getvalue()

    def see_everything(self, language: str) -> None:
        """Each page about each row; some are for POST alone."""
        rows: dict[str, Any] = {
            "message": Message,
            "attempt": Attempt,
            "account": Account,
            "template": Template,
        }
        of_another: dict[str, Any] = {
            "checkup": Checkup,
            "version": TemplateVersion,
            "publish": TemplateVersion,
            "user": get_user_model(),
            "invite": get_user_model(),
        }
        for name in pages():
            model, _, page = name.removeprefix("mailcenter_").partition("_")
            if page in ("changelist", "add", "phrasebook", "doctor_new", "export"):
                self.get(name, language=language)
                continue
            about = of_another.get(page, rows[model])
            for pk in about.objects.values_list("pk", flat=True):
                self.get(name, pk, language=language)
        self.get("index", language=language)
        # Where the first page of the app stands.
        for query in ({}, {"days": "7"}, {"_live": "1"}):
            self.get("app_list", "mailcenter", language=language, **query)


def pages() -> set[str]:
    """The names of the admin's pages about this app."""
    admins = [a for model, a in admin.site._registry.items() if a.opts.app_label == "mailcenter"]
    return {pattern.name for each in admins for pattern in each.get_urls() if pattern.name}


@pytest.fixture
def parrot() -> Parrot:
    return Parrot("code of the environment")


@pytest.fixture
def provider() -> Iterator[TokenServer]:
    running = TokenServer()
    with running:
        yield running


@pytest.fixture
def server(
    parrot: Parrot,
    provider: TokenServer,
    send_through: Any,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ScriptedServer]:
    """The environment's account, QQ and Gmail lead here."""
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"
    settings.ADMINS = [("Li", "li@example.com")]
    offers = [b"PIPELINING", b"AUTH LOGIN PLAIN XOAUTH2"]
    with ScriptedServer({"AUTH": parrot}, extensions=offers) as running:
        send_through(running, KINDS="none")
        here = {"host": "127.0.0.1", "port": running.port, "limits": Limits(), "imap_host": ""}
        monkeypatch.setenv("SSL_CERT_FILE", running.ca_file)
        monkeypatch.setenv("NO_PROXY", "*")
        monkeypatch.setitem(PRESETS, "qq", replace(PRESETS["qq"], **here))
        provider.stand_in_for("gmail", monkeypatch, **here)
        # The port that works is one that can be chosen.
        ports = {"ssl": running.port, "starttls": closed_port()}
        monkeypatch.setattr(other_port, "STANDARD_PORTS", ports)
        monkeypatch.setitem(TLS_OF_PORT, running.port, "ssl")
        # Limits on guessing are counted in it.
        cache.clear()
        yield running
    cache.clear()


def test_the_search_finds_a_secret_on_a_page_in_the_database_and_in_the_log(
    superuser: Client, log: io.StringIO
) -> None:
    rounds = Rounds(superuser)
    for secret in SECRETS.values():
        Account.objects.note(Account.ENVIRONMENT, AccountEvent.Kind.PAUSED, reason=secret)
        logging.getLogger("mailcenter").debug(secret)
    rounds.get("mailcenter_account_change", Account.ENVIRONMENT)
    rounds.read_database()
    page = reverse("admin:mailcenter_account_change", args=[Account.ENVIRONMENT])
    places = (page, "mailcenter_accountevent.reason", "the log")
    found = remains(SECRETS, [*rounds.places, ("the log", log.getvalue().encode())])
    assert {f"{name} in {place}" for name in SECRETS for place in places} <= found


def test_who_uses_every_page_is_shown_no_secret_and_leaves_none_behind(
    by: str,
    superuser: Client,
    server: ScriptedServer,
    provider: TokenServer,
    parrot: Parrot,
    log: io.StringIO,
) -> None:
    rounds = Rounds(superuser)
    sign_up(Client(), VISITOR)
    rounds.see_everything("en")
    rounds.read_database()
    Worker().run_once()

    log_in_with_codes(rounds, server, parrot)
    rounds.read_database()
    log_in_with_tokens(rounds, provider, parrot)
    rounds.read_database()
    act_on_messages(rounds)
    edit_a_template(rounds)
    ask_the_commands(rounds)
    for language in ("en", "zh-hans"):
        rounds.see_everything(language)
    rounds.get(f"{ATTEMPT}_phrasebook", q="535 Login Fail", verdict="auth")
    rounds.read_database()
    assert pages() <= rounds.visited

    # Each was in use, and the servers said what they had been told.
    codes = {name for name in SECRETS if name.endswith(("code", "examined"))}
    assert parrot.told == {*codes, "code of the environment", *ACCESS_TOKENS}
    sent = {value for form in provider.asked for value in form.values()}
    assert {SECRETS[name] for name in TOLD_TO_THE_PROVIDER} <= sent
    secrets = dict(SECRETS)
    for number, mail in enumerate(server.accepted):
        text = visitors.text_of(mail.raw)
        if mail.recipients == [VISITOR]:
            found = visitors.secrets_in(text, by)
            secrets |= visitors.named(f"mail {number}:", found)
        else:
            rounds.places.append(("a mail to the operators", mail.raw + text.encode()))
    # That of the sign-up; a link is sent again.
    assert len(secrets) - len(SECRETS) == (2 if by == "code" else 6)
    anywhere = remains(secrets, [*rounds.places, ("the log", log.getvalue().encode())])
    assert not anywhere


def log_in_with_codes(rounds: Rounds, server: ScriptedServer, parrot: Parrot) -> None:
    wrong = SECRETS["code of a form with errors"]
    values = SHOP | {"secret": wrong, "next_secret": wrong, "port": "7"}
    for page in ("add", "doctor_new"):
        assert "errorlist" in rounds.post(f"{ACCOUNT}_{page}", **values)
    examined = SECRETS["code that is only examined"]
    assert is_repeated(rounds.post(f"{ACCOUNT}_doctor_new", **SHOP, secret=examined))

    first, second, third = (SECRETS[f"{name} code"] for name in ("first", "second", "third"))
    rounds.post(f"{ACCOUNT}_add", **SHOP, secret=first, next_secret=second)
    shop = Account.objects.get(address=SHOP["address"])
    rounds.post(f"{ACCOUNT}_change", shop.pk, **SHOP, from_name="A shop")
    assert "errorlist" in rounds.post(f"{ACCOUNT}_change", shop.pk, **values)
    assert stored(shop) == ("A shop", first)
    assert is_repeated(rounds.post(f"{ACCOUNT}_doctor_typed", shop.pk, **SHOP, secret=examined))
    Account.objects.filter(pk=shop.pk).update(port=closed_port())
    assert "Use port" in rounds.post(f"{ACCOUNT}_doctor", shop.pk)
    assert "uses port" in rounds.post(f"{ACCOUNT}_port", shop.pk, port=str(server.port))
    assert is_repeated(rounds.post(f"{ACCOUNT}_doctor", shop.pk))

    # The first is refused, and the second takes its place.
    parrot.accepts.add("second code")
    rounds.post(f"{ACCOUNT}_test_mail", shop.pk)
    assert last_status(shop) == "queued"
    assert stored(shop) == ("A shop", second)
    assert last_status(shop) == "sent"
    # That one is refused too, and none is left.
    parrot.accepts.remove("second code")
    rounds.post(f"{ACCOUNT}_test_mail", shop.pk)
    assert last_status(shop) == "queued"
    assert is_repeated(rounds.get(f"{ACCOUNT}_resume", shop.pk))
    rounds.post(f"{ACCOUNT}_resume", shop.pk)
    assert last_status(shop) == "queued"
    parrot.accepts.add("third code")
    rounds.post(f"{ACCOUNT}_change", shop.pk, **SHOP, secret=third, next_secret=examined)
    rounds.read_database()
    assert last_status(shop) == "sent"


def log_in_with_tokens(rounds: Rounds, provider: TokenServer, parrot: Parrot) -> None:
    grant = {
        "oauth_client_secret": SECRETS["client secret"],
        "oauth_refresh_token": SECRETS["refresh token"],
    }
    both = grant | {"secret": SECRETS["code of a form with errors"]}
    for page in ("add", "doctor_new"):
        assert "errorlist" in rounds.post(f"{ACCOUNT}_{page}", **GMAIL, **both)
    told = {"error": "invalid_grant", "error_description": str(grant)}
    provider.answers = [(400, told), (200, token(SECRETS["access token that is only examined"]))]
    assert "errorlist" in rounds.post(f"{ACCOUNT}_doctor_new", **GMAIL, **grant)
    assert is_repeated(rounds.post(f"{ACCOUNT}_doctor_new", **GMAIL, **grant))

    rounds.post(f"{ACCOUNT}_add", **GMAIL, **grant)
    gmail = Account.objects.get(address=GMAIL["address"])
    provider.answers = [(400, told)]
    Worker().run_once()
    assert Account.objects.get(pk=gmail.pk).is_paused
    for page in ("doctor", "test_mail"):
        rounds.post(f"{ACCOUNT}_{page}", gmail.pk)

    another = grant | {"oauth_refresh_token": SECRETS["refresh token of another client"]}
    values = GMAIL | another | {"oauth_client_id": "another"}
    exchanged = SECRETS["exchanged refresh token"]
    provider.answers = [
        (200, token(SECRETS["refused access token"], refresh_token=exchanged)),
        (200, token(SECRETS["access token"])),
    ]
    rounds.post(f"{ACCOUNT}_change", gmail.pk, **values)
    Worker().run_once()
    assert Grant.of(Account.objects.get(pk=gmail.pk)).refresh_token == exchanged
    rounds.post(f"{ACCOUNT}_change", gmail.pk, **GMAIL | {"oauth_client_id": "another"})
    assert is_repeated(rounds.post(f"{ACCOUNT}_doctor", gmail.pk))
    rounds.post(f"{ACCOUNT}_test_mail", gmail.pk)
    assert last_status(gmail) == "queued"
    rounds.post(f"{ACCOUNT}_change", gmail.pk, **values | grant)
    parrot.accepts.add("access token")
    assert last_status(gmail) == "sent"


def act_on_messages(rounds: Rounds) -> None:
    """Whatever suits, and what does not is refused."""
    rows = list(Message.objects.values_list("pk", flat=True))
    for act in ("reveal", "arrived", "retry", "resend", "cancel", "history"):
        for pk in rows:
            rounds.post(f"{MESSAGE}_{act}", pk, duplicate="yes")
    selected = {"action": "resend_selected", ACTION_CHECKBOX_NAME: str(rows[0])}
    for confirmed in ("no", "yes"):
        rounds.post(f"{MESSAGE}_changelist", **selected, post=confirmed)
    for ending in ("csv", "jsonl"):
        assert VISITOR in rounds.post(f"{MESSAGE}_export", format=ending)
    Worker().run_once()


def edit_a_template(rounds: Rounds) -> None:
    """One that carries the visitor's link or code; and a preview with the visitor's own data."""
    rounds.get(f"{TEMPLATE}_changelist")
    notice = Template.objects.get(slug="security_notice", language="en")
    words = {"subject": "Hello", "text": "{{ from_email }}", "html": "<p>{{ from_email }}</p>"}
    shown = {"do": "preview", "base": "0", "case": "email_changed", "user": VISITOR}
    assert VISITOR in rounds.post(f"{TEMPLATE}_edit", notice.pk, **words, **shown)
    template = Template.objects.get(slug="email_verification", language="en")
    both = "{{ activate_url }}{{ code }}"
    html = '{% if code %}{{ code }}{% else %}<a href="{{ activate_url }}">Go</a>{% endif %}'
    words = {"subject": "Hello", "text": both, "html": html, "base": "0"}
    for button in ("preview", "test", "save"):
        rounds.post(f"{TEMPLATE}_edit", template.pk, **words, do=button)
    version = TemplateVersion.objects.get()
    rounds.post(f"{TEMPLATE}_publish", version.pk)
    rounds.post(f"{TEMPLATE}_default", template.pk)


def ask_the_commands(rounds: Rounds) -> None:
    for options in (
        (),
        ("--json",),
        ("--rcpt", VISITOR),
        ("shop@qq.com", "--send", "li@example.com"),
    ):
        assert SHOP["address"] in rounds.command("maildoctor", *options, "--wait=0")
    refused = Attempt.objects.filter(reply_code=535)
    assert refused
    for text in refused.values_list("reply_text", flat=True):
        assert "class" in rounds.command("explain", f"535 {text}", "--json")
        rounds.command("explain", f"535 {text}")
    rounds.command("rotatekeys")


def is_repeated(html: str) -> bool:
    """Whether the page has the server's words about the log-in."""
    return "535 Login Fail: AUTH" in html


def stored(account: Account) -> tuple[str, str]:
    row = Account.objects.get(pk=account.pk)
    return row.from_name, sealing.unseal(bytes(row.sealed_secret or b"")).decode()


def last_status(account: Account) -> str:
    """Of its newest mail, after a worker's round."""
    Worker().run_once()
    newest = account.messages.latest("pk")
    return str(newest.status)
