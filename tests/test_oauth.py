"""OAuth2: access tokens are got, kept fresh and used to log in, and stand nowhere in the clear."""

from __future__ import annotations

import base64
import json
import logging
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.mail import send_mail
from django.db import connection
from django.utils import timezone

from mailcenter import sealing
from mailcenter.delivery import accounts, tokens
from mailcenter.delivery.grant import Grant
from mailcenter.delivery.hindrance import hindrance
from mailcenter.engines import rounds
from mailcenter.engines.worker import Worker
from mailcenter.exceptions import ConfigurationError, MailcenterError
from mailcenter.models import Account, AccountEvent, Message
from mailcenter.replies import Failure, Stage
from mailcenter.transports import PRESETS
from mailcenter.transports.oauth import TokenRefused, TokenUnavailable, renew
from mailcenter.transports.sent_folder import LookupFailed, find
from tests.imap_server import ADDRESS, STANDARD, Copy, ImapServer
from tests.secret_search import dump, remains
from tests.smtp_client import ENVELOPE, RAW, ignore, refusal, transport_to
from tests.smtp_server import ScriptedServer
from tests.token_server import HANG_UP, SILENCE, TokenServer, token

CLIENT_SECRET = "GOCSPX-client-secret-0123456789"
REFRESH = "1//refresh-token-0123456789abcdefgh"
NEXT_REFRESH = "1//refresh-token-exchanged-zyxwvuts"
ACCESS = "ya29.access-token-0123456789-abcdefghijklm"
SECRETS = {"client secret": CLIENT_SECRET, "refresh token": REFRESH, "access token": ACCESS}
INVALID_GRANT = (400, {"error": "invalid_grant", "error_description": f"revoked: {REFRESH}"})
XOAUTH2 = [b"AUTH LOGIN PLAIN XOAUTH2"]
# What Gmail says to a dead token, before it says 535.
CHALLENGE = b"334 " + base64.b64encode(b'{"status":"400","schemes":"Bearer"}')
GMAIL_535 = b"535 5.7.8 Username and Password not accepted."


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


# One request


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Any:
    def renewed(provider: TokenServer, slug: str = "gmail", **changes: Any) -> Any:
        preset = provider.stand_in_for(slug, monkeypatch)
        given: dict[str, Any] = {
            "client_id": "client",
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH,
            "timeout": 10,
        }
        return renew(preset, **(given | changes))

    return renewed


@pytest.mark.parametrize("slug", ["gmail", "outlook"])
def test_a_refresh_token_becomes_an_access_token(ask: Any, slug: str) -> None:
    with TokenServer((200, token(ACCESS))) as provider:
        got = ask(provider, slug)
    assert (got.access_token, got.expires_in, got.refresh_token) == (ACCESS, 3599, "")
    assert provider.asked == [
        {
            "grant_type": "refresh_token",
            "client_id": "client",
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH,
            "scope": PRESETS[slug].oauth_scope,
        }
    ]


def test_a_client_without_a_secret_sends_none_and_an_exchanged_token_is_told(ask: Any) -> None:
    answer = token(ACCESS, refresh_token=NEXT_REFRESH, expires_in="3600")
    with TokenServer((200, answer)) as provider:
        got = ask(provider, "outlook", client_secret="")
    assert (got.expires_in, got.refresh_token) == (3600, NEXT_REFRESH)
    assert "client_secret" not in provider.asked[0]
    assert ACCESS not in repr(got)
    assert NEXT_REFRESH not in repr(got)


@pytest.mark.parametrize(
    ("status", "answer", "code", "words"),
    [
        (*INVALID_GRANT, "invalid_grant", "enter the new refresh token"),
        (
            400,
            {"error": "invalid_grant", "error_codes": [700082]},
            "invalid_grant",
            "AADSTS700082",
        ),
        (401, {"error": "invalid_client"}, "invalid_client", "client secret"),
        (400, {"error": "invalid_scope"}, "invalid_scope", "allow access to mail"),
        (400, {"error": "invalid_request"}, "invalid_request", "(invalid_request)"),
    ],
)
def test_a_refusal_says_what_to_do(
    ask: Any, status: int, answer: dict[str, Any], code: str, words: str
) -> None:
    with TokenServer((status, answer)) as provider, pytest.raises(TokenRefused) as caught:
        ask(provider)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert REFRESH not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"down"),
        (429, {"error": "invalid_request"}),
        (400, {"error": "temporarily_unavailable"}),
        (400, b"<html>a proxy's own page</html>"),
        (307, {"error": "invalid_grant"}),
        (200, b"[]"),
        (200, {"access_token": ACCESS}),
        (200, token("two\r\nlines")),
        (200, b" " * 70_000 + json.dumps(token(ACCESS)).encode()),
        HANG_UP,
    ],
)
def test_what_is_no_refusal_and_no_token_may_pass(ask: Any, answer: Any) -> None:
    with TokenServer(answer) as provider, pytest.raises(TokenUnavailable):
        ask(provider)
    # Nobody was followed to elsewhere.
    assert len(provider.posted) == 1


def test_who_does_not_answer_is_not_waited_for(ask: Any) -> None:
    with TokenServer(SILENCE) as provider, pytest.raises(TokenUnavailable):
        ask(provider, timeout=0.2)


def test_nothing_is_said_to_a_server_whose_certificate_nobody_trusts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with TokenServer() as provider:
        preset = provider.stand_in_for("gmail", monkeypatch)
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        with pytest.raises(TokenUnavailable, match="SSLError"):
            renew(preset, "client", CLIENT_SECRET, REFRESH, timeout=10)
    assert not provider.posted


@pytest.mark.parametrize("code", [REFRESH, "a_refresh_token", [CLIENT_SECRET], None])
def test_no_answer_is_quoted(ask: Any, code: Any) -> None:
    answer = (400, {"error": code, "error_description": CLIENT_SECRET, "error_codes": [REFRESH]})
    with TokenServer(answer) as provider, pytest.raises(MailcenterError) as caught:
        ask(provider, refresh_token="a_refresh_token")
    for secret in (REFRESH, CLIENT_SECRET, "a_refresh_token"):
        assert secret not in f"{caught.value!r} {caught.value.__cause__!r}"


# The log-in with a token


def test_the_token_logs_in_over_smtp_and_nothing_else_is_tried() -> None:
    with (
        ScriptedServer(extensions=XOAUTH2) as server,
        transport_to(server, password=ACCESS, oauth=True) as transport,
    ):
        receipt = transport.send(ENVELOPE, RAW, ignore)
    assert server.credentials == [(ADDRESS, ACCESS)]
    assert "AUTH XOAUTH2" in [step["verb"] for step in receipt.transcript.dialogue]


def test_a_refused_token_brings_the_servers_last_word_and_no_second_try() -> None:
    with ScriptedServer({"AUTH": [CHALLENGE, GMAIL_535]}, extensions=XOAUTH2) as server:
        error = refusal(server, password=ACCESS, oauth=True)
    assert (error.stage, error.reply.code, error.reply.enhanced) == (Stage.AUTH, 535, "5.7.8")
    assert server.count("AUTH") == 1


def test_a_server_without_xoauth2_is_told_no_token() -> None:
    with ScriptedServer(extensions=[b"AUTH LOGIN PLAIN"]) as server:
        error = refusal(server, password=ACCESS, oauth=True)
    assert (error.stage, error.reply.failure) == (Stage.AUTH, Failure.PROTOCOL)
    assert "XOAUTH2" in error.reply.text
    assert server.count("AUTH") == 0


def test_an_echoed_token_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sent = base64.b64encode(f"user={ADDRESS}\x01auth=Bearer {ACCESS}\x01\x01".encode())
    echo = b"535 no: " + sent + b" " + ACCESS.encode()
    with ScriptedServer({"AUTH": echo}, extensions=XOAUTH2) as server:
        error = refusal(server, password=ACCESS, oauth=True)
        account = server.account(password=ACCESS, oauth=True)
    said = " ".join(map(repr, (error, str(error), error.transcript, account, error.__context__)))
    assert "535" in said
    assert not remains(SECRETS, [("said", (said + caplog.text).encode())])


class TokenImapServer(ImapServer):
    """refuses: says why in a challenge first, as Gmail does."""

    def __init__(self, *copies: Copy, refuses: bool = False) -> None:
        self.answers: list[str] = []
        super().__init__(STANDARD, copies, {"AUTHENTICATE": self._authenticate})
        self.refuses = refuses

    def _authenticate(self, session: Any, tag: str) -> bytes:
        def hear(challenge: bytes) -> str:
            session.connection.sendall(b"+ " + challenge + b"\r\n")
            return base64.b64decode(session.stream.readline()).decode()

        self.answers.append(hear(b""))
        if not self.refuses:
            return f"{tag} OK welcome".encode()
        self.answers.append(hear(CHALLENGE.removeprefix(b"334 ")))
        echo = base64.b64encode(self.answers[0].encode()).decode()
        return f"{tag} NO [AUTHENTICATIONFAILED] {echo} {ACCESS}".encode()


def test_the_token_opens_the_sent_folder() -> None:
    ours = "<17.42@practice.test>"
    with TokenImapServer(Copy(ours)) as server:
        account = server.account(password=ACCESS, oauth=True)
        assert find(account, ours, timezone.now().date(), 10)
    assert server.answers == [f"user={ADDRESS}\x01auth=Bearer {ACCESS}\x01\x01"]
    assert server.count("LOGIN") == 0


def test_a_token_refused_over_imap_is_said_without_it() -> None:
    with TokenImapServer(refuses=True) as server:
        account = server.account(password=ACCESS, oauth=True)
        with pytest.raises(LookupFailed) as caught:
            find(account, "<1@practice.test>", timezone.now().date(), 10)
    assert "refused the log-in" in str(caught.value)
    # The second time, silence: the token was not said again.
    assert server.answers[1:] == [""]
    assert not remains(SECRETS, [("said", str(caught.value).encode())])


# Rows


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Any:
    with TokenServer() as server:
        server.stand_in_for("gmail", monkeypatch)
        yield server


def add(access_token: str = "", expires: timedelta = timedelta(0), **columns: Any) -> Account:
    """An operator's account with OAuth2; without a token, as one that was just saved."""
    grant = Grant(CLIENT_SECRET, REFRESH)
    values: dict[str, Any] = {
        "slug": "shop",
        "preset": "gmail",
        "address": "shop@gmail.com",
        "oauth_client_id": "client",
        "sealed_oauth": grant.sealed(),
    }
    if access_token:
        values["sealed_access_token"] = sealing.seal(access_token.encode())
        values["access_token_expires_at"] = timezone.now() + expires
    return Account.objects.create(**(values | columns))


def stored() -> Account:
    return Account.objects.get(slug="shop")


def access_token() -> str:
    return sealing.unseal(bytes(stored().sealed_access_token or b"")).decode()


def later(by: timedelta) -> None:
    """So much time passes for the row."""
    row = stored()
    grant = Grant.of(row)
    row.sealed_oauth = Grant(
        grant.client_secret, grant.refresh_token, grant.asked_at - by.total_seconds(), grant.trouble
    ).sealed()
    for name in ("access_token_expires_at", "paused_at", "paused_until"):
        moment: datetime | None = getattr(row, name)
        setattr(row, name, moment and moment - by)
    row.save()


def events() -> list[str]:
    return [event.reason for event in AccountEvent.objects.filter(kind="token").order_by("pk")]


@pytest.mark.django_db
def test_a_new_row_gets_its_token_and_can_send(provider: TokenServer) -> None:
    add(username="log-in@gmail.com")
    assert "shop" not in accounts.configured()
    assert tokens.renew_due()
    account = accounts.configured()["shop"]
    assert (account.password, account.oauth) == ("access-1", True)
    assert (account.username, account.address) == ("log-in@gmail.com", "shop@gmail.com")
    left = stored().access_token_expires_at
    assert left
    assert timedelta(minutes=59) < left - timezone.now() < timedelta(hours=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("expires", "asked"), [(timedelta(minutes=11), 0), (timedelta(minutes=9), 1)]
)
def test_a_token_is_renewed_before_it_expires(
    provider: TokenServer, expires: timedelta, asked: int
) -> None:
    add(ACCESS, expires)
    assert tokens.renew_due() is bool(asked)
    assert len(provider.posted) == asked


@pytest.mark.django_db
def test_who_looked_at_the_clock_before_another_asked_does_not_ask_again(
    provider: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(ACCESS, timedelta(minutes=9))
    before = timezone.now()
    assert tokens.renew_due()
    add_again = Account.objects.filter(slug="shop")
    add_again.update(access_token_expires_at=timezone.now() + timedelta(minutes=9))
    monkeypatch.setattr(tokens.timezone, "now", lambda: before)
    assert not tokens.renew_due()
    assert len(provider.posted) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "columns", [{"enabled": False}, {"preset": "qq"}, {"sealed_oauth": b"not ours"}]
)
def test_for_a_row_that_is_not_used_nobody_asks(
    provider: TokenServer, columns: dict[str, Any]
) -> None:
    add(**columns)
    assert not tokens.renew_due()
    assert not provider.posted
    assert "shop" not in accounts.configured()


@pytest.mark.django_db
def test_an_idle_sweep_writes_nothing(
    provider: TokenServer, django_assert_num_queries: Any
) -> None:
    add(ACCESS, timedelta(hours=1))
    with django_assert_num_queries(1):
        tokens.renew_due()


@pytest.mark.django_db
def test_an_exchanged_refresh_token_takes_the_old_ones_place(provider: TokenServer) -> None:
    provider.answers = [(200, token(ACCESS, refresh_token=NEXT_REFRESH))]
    add()
    tokens.renew_due()
    later(timedelta(hours=1))
    tokens.renew_due()
    assert [form["refresh_token"] for form in provider.asked] == [REFRESH, NEXT_REFRESH]
    assert (Grant.of(stored()).client_secret, access_token()) == (CLIENT_SECRET, "access-2")


@pytest.mark.django_db(transaction=True)
def test_several_workers_ask_once_and_nobody_waits_for_the_answer(
    provider: TokenServer,
) -> None:
    others: list[bool] = []

    def another_worker() -> None:
        try:
            others.append(tokens.renew_due())
            # Would wait for a transaction that is open during the request.
            Account.objects.update(from_name="written meanwhile")
        finally:
            connection.close()

    def ask_too() -> None:
        thread = threading.Thread(target=another_worker)
        thread.start()
        thread.join()

    add()
    provider.meanwhile = ask_too
    assert tokens.renew_due()
    assert others == [False]
    assert len(provider.posted) == 1
    assert (stored().from_name, access_token()) == ("written meanwhile", "access-1")


@pytest.mark.django_db(transaction=True)
def test_what_an_operator_stores_meanwhile_is_not_overwritten(provider: TokenServer) -> None:
    def store() -> None:
        sealed = Grant(CLIENT_SECRET, NEXT_REFRESH).sealed()
        Account.objects.update(sealed_oauth=sealed, sealed_access_token=None)
        connection.close()

    add()
    provider.meanwhile = store
    assert not tokens.renew_due()
    assert (Grant.of(stored()).refresh_token, stored().sealed_access_token) == (NEXT_REFRESH, None)
    provider.meanwhile = None
    # Asked for at once: nobody has tried this one.
    assert tokens.renew_due()
    assert provider.asked[-1]["refresh_token"] == NEXT_REFRESH


@pytest.mark.django_db
def test_a_refused_grant_pauses_the_account_with_one_event_and_the_cure(
    provider: TokenServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.answers = [INVALID_GRANT, INVALID_GRANT, (401, {"error": "invalid_client"})]
    add(ACCESS, timedelta(minutes=5))
    assert not tokens.renew_due()
    row = stored()
    assert row.is_paused
    assert "enter the new refresh token" in row.pause_reason
    assert events() == [row.pause_reason]
    with pytest.raises(ConfigurationError, match="enter the new refresh token"):
        accounts.from_row(row)

    # Not before the pause is over, and then the same trouble is no news.
    later(timedelta(minutes=14))
    tokens.renew_due()
    assert len(provider.posted) == 1
    later(timedelta(minutes=2))
    tokens.renew_due()
    assert (len(provider.posted), len(events())) == (2, 1)
    later(timedelta(minutes=16))
    tokens.renew_due()
    assert [("client" in reason) for reason in events()] == [True, True]
    assert "invalid_client" in events()[1]
    assert not remains(SECRETS, [("the log", caplog.text.encode())])
    assert not remains(SECRETS, dump())


@pytest.mark.django_db
@pytest.mark.parametrize("stored_next", [(CLIENT_SECRET, NEXT_REFRESH), ("another", REFRESH)])
def test_what_an_operator_stores_is_tried_at_once_and_ends_the_pause(
    provider: TokenServer, stored_next: tuple[str, str]
) -> None:
    provider.answers = [INVALID_GRANT]
    add()
    tokens.renew_due()
    Account.objects.update(sealed_oauth=Grant(*stored_next).sealed())
    assert tokens.renew_due()
    accounts.keep_rows(accounts.configured())
    assert not stored().is_paused


@pytest.mark.django_db
def test_a_provider_that_is_down_is_asked_once_a_minute(provider: TokenServer) -> None:
    provider.answers = [(503, b""), (503, b""), (503, b"")]
    add(ACCESS, timedelta(minutes=2))
    tokens.renew_due()
    tokens.renew_due()
    # The old token still holds: nothing is paused.
    assert (len(provider.posted), stored().is_paused) == (1, False)
    assert accounts.configured()["shop"].password == ACCESS
    later(timedelta(minutes=3))
    tokens.renew_due()
    assert (len(provider.posted), stored().is_paused) == (2, True)
    assert "shop" not in accounts.configured()
    assert len(events()) == 1
    later(timedelta(minutes=1, seconds=1))
    tokens.renew_due()
    later(timedelta(minutes=1, seconds=1))
    assert tokens.renew_due()
    assert accounts.configured()["shop"].password == "access-4"


@pytest.mark.django_db
def test_a_clock_that_is_set_back_stops_nothing(provider: TokenServer) -> None:
    provider.answers = [(503, b"")]
    add()
    tokens.renew_due()
    later(-timedelta(days=1))
    Account.objects.update(paused_until=None, paused_at=None)
    assert tokens.renew_due()


@pytest.mark.django_db
def test_after_trouble_is_over_the_same_one_is_news_again(provider: TokenServer) -> None:
    provider.answers = [(503, b""), (200, token(ACCESS)), (503, b"")]
    add()
    for _round in range(3):
        tokens.renew_due()
        later(timedelta(hours=1))
    assert len(events()) == 2


@pytest.mark.django_db
def test_a_renewed_token_ends_no_pause_even_where_the_refresh_token_is_exchanged(
    provider: TokenServer,
) -> None:
    provider.answers = [(200, token(ACCESS, refresh_token=NEXT_REFRESH))]
    add("dead before its time", timedelta(hours=1))
    account = accounts.configured()["shop"]
    until = timezone.now() + timedelta(hours=4)
    later(timedelta(minutes=20))
    digest = accounts.secret_digest(account)
    Account.objects.pause("shop", until=until, reason=str(GMAIL_535), secret_digest=digest)
    # A refused log-in has one token fetched, for the next try, and no second one.
    assert tokens.renew_due()
    assert access_token() == ACCESS
    later(timedelta(minutes=20))
    assert not tokens.renew_due()
    accounts.keep_rows(accounts.configured())
    assert stored().is_paused
    assert len(provider.posted) == 1


@pytest.mark.django_db
def test_a_refusal_of_an_outdated_token_says_nothing_about_the_secret(
    provider: TokenServer,
) -> None:
    add(ACCESS, timedelta(minutes=5))
    outdated = accounts.configured()["shop"]
    tokens.renew_due()
    assert accounts.secret_digest(outdated) == ""
    assert accounts.secret_digest(accounts.configured()["shop"]) == Grant.of(stored()).digest


@pytest.mark.django_db
def test_unsaved_settings_get_a_token_that_is_kept_nowhere(provider: TokenServer) -> None:
    row = Account(
        preset="gmail",
        address="new@gmail.com",
        oauth_client_id="client",
        sealed_oauth=Grant(CLIENT_SECRET, REFRESH).sealed(),
    )
    account = accounts.from_row(row, access_token=tokens.fetch(row))
    assert (account.password, account.oauth) == ("access-1", True)
    assert not Account.objects.filter(address="new@gmail.com").exists()
    row.preset = "qq"
    with pytest.raises(ConfigurationError, match="OAuth2"):
        tokens.fetch(row)
    row.sealed_oauth = None
    with pytest.raises(ConfigurationError, match="refresh token"):
        tokens.fetch(row)


@pytest.mark.django_db
def test_outlooks_sent_folder_opens_for_a_token_alone() -> None:
    columns = {"preset": "outlook", "address": "shop@corp.example"}
    row = add(ACCESS, timedelta(hours=1), **columns)
    assert accounts.from_row(row).imap_host == "outlook.office365.com"
    row.sealed_oauth, row.sealed_secret = None, sealing.seal(b"password")
    assert accounts.from_row(row).imap_host == ""


@pytest.mark.django_db
def test_a_typed_host_is_a_public_one() -> None:
    row = add(ACCESS, timedelta(hours=1))
    assert not accounts.from_row(row).public_only
    row.host = "smtp.corp.example"
    assert accounts.from_row(row).public_only


# A worker


@pytest.fixture
def smtp(
    settings: Any, provider: TokenServer, send_through: Any, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Takes tokens, and is the site's Gmail; the environment's own account is another server."""
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"
    with ScriptedServer(extensions=XOAUTH2) as server, ScriptedServer() as own:
        send_through(own)
        provider.stand_in_for(
            "gmail", monkeypatch, host="127.0.0.1", port=server.port, imap_host=""
        )
        yield server


def queue() -> Message:
    send_mail("subject", "text", None, ["a@example.com"])
    message = Message.objects.latest("pk")
    Message.objects.filter(pk=message.pk).update(account="shop", from_email="shop@gmail.com")
    # Nobody else takes it over.
    Account.objects.filter(slug=Account.ENVIRONMENT).update(kinds=["password_reset"])
    return message


def trusting(server: ScriptedServer) -> dict[str, Any]:
    return {"ca_file": server.ca_file, "kinds": ["system"]}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sweeps", [Worker.run_once, lambda worker: rounds.sweep()])
def test_an_expired_token_is_renewed_and_the_mail_accepted(
    smtp: ScriptedServer, provider: TokenServer, settings: Any, sweeps: Any
) -> None:
    settings.MAILCENTER["ACCOUNT"]["KINDS"] = "password_reset"
    provider.answers = [(200, token(ACCESS, refresh_token=NEXT_REFRESH))]
    add("expired", timedelta(seconds=-1), **trusting(smtp))
    message = queue()
    sweeps(Worker())
    Worker().drain()
    message.refresh_from_db()
    assert message.status == Message.Status.SENT
    assert smtp.credentials == [("shop@gmail.com", ACCESS)]
    secrets = SECRETS | {"exchanged refresh token": NEXT_REFRESH}
    assert not remains(secrets, dump())


@pytest.mark.django_db(transaction=True)
def test_a_refused_grant_holds_the_mail_back_and_says_why(
    smtp: ScriptedServer, provider: TokenServer, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.MAILCENTER["ACCOUNT"]["KINDS"] = "password_reset"
    provider.answers = [INVALID_GRANT]
    add(**trusting(smtp))
    message = queue()
    Worker().run_once()
    message.refresh_from_db()
    assert (message.status, smtp.connections) == (Message.Status.QUEUED, 0)
    held = hindrance(message)
    assert held
    assert "enter the new refresh token" in held.why
    assert not remains(SECRETS, [("the log", caplog.text.encode())])

    # The operator signs in again.
    Account.objects.filter(slug="shop").update(
        sealed_oauth=Grant(CLIENT_SECRET, NEXT_REFRESH).sealed()
    )
    Worker().run_once()
    message.refresh_from_db()
    assert message.status == Message.Status.SENT


@pytest.mark.django_db(transaction=True)
def test_a_token_that_died_early_is_replaced_before_the_next_try(
    smtp: ScriptedServer, provider: TokenServer, settings: Any
) -> None:
    settings.MAILCENTER["ACCOUNT"]["KINDS"] = "password_reset"
    smtp.script["AUTH"] = [CHALLENGE, GMAIL_535]
    add(ACCESS, timedelta(minutes=50), **trusting(smtp))
    later(timedelta(minutes=20))
    message = queue()
    Worker().run_once()
    assert stored().is_paused
    Worker().run_once()
    assert smtp.credentials == [("shop@gmail.com", ACCESS)]
    later(timedelta(hours=1))
    Message.objects.hurry(timezone.now())
    Worker().run_once()
    message.refresh_from_db()
    assert message.status == Message.Status.SENT
    assert smtp.credentials[1:] == [("shop@gmail.com", "access-2")]
    assert not stored().is_paused


@pytest.mark.django_db(transaction=True)
def test_a_running_worker_fetches_the_token_of_a_new_row(
    smtp: ScriptedServer, provider: TokenServer, settings: Any
) -> None:
    # One sweep is all there is in the time of this test: what the worker reads, it reads for that.
    settings.MAILCENTER = {**settings.MAILCENTER, "SWEEP_SECONDS": 600}
    settings.MAILCENTER["ACCOUNT"]["KINDS"] = "password_reset"
    add(**trusting(smtp))
    message = queue()
    sent = threading.Event()
    smtp.script["BODY"] = lambda _argument: sent.set()
    worker = Worker()

    def stop_when_sent() -> None:
        sent.wait(30)
        worker.stop()

    waiter = threading.Thread(target=stop_when_sent)
    waiter.start()
    worker.run()
    waiter.join()
    message.refresh_from_db()
    assert message.status == Message.Status.SENT
    assert len(provider.posted) == 1
