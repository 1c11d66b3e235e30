"""The doctor in the admin: a page that grows step by step, kept afterwards, and what it offers."""

from __future__ import annotations

import http.client
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.views.debug import ExceptionReporter

from mailcenter import sealing
from mailcenter.admin import doctor as doctor_admin
from mailcenter.admin.account_form import AccountForm
from mailcenter.doctor import Step
from mailcenter.doctor.step import Name, State
from mailcenter.engines import doorbell
from mailcenter.engines.worker import Worker
from mailcenter.exceptions import ConfigurationError
from mailcenter.models import Account, Checkup, Message
from mailcenter.replies.entry import Words
from mailcenter.transports import PRESETS, SendingAccount
from tests.factories import StaffFactory, SuperuserFactory, UserFactory
from tests.smtp_server import PASSWORD, ScriptedServer
from tests.test_chinese_pages import english

pytestmark = pytest.mark.django_db

CODE = "abcdefghijklmnop"
TYPED_CODE = "ponmlkjihgfedcba"
OTHER_CODE = "zyxwvutsrqponmlk"
TYPED = {"preset": "qq", "address": "shop@qq.com", "order": 100, "enabled": "on"}

ANSWERS = Step(Name.TCP, State.OK, Words(zh="端口有回应", en="The port answers"), 12)
REFUSED = Step(
    Name.AUTH,
    State.FAILED,
    Words(zh="登录被拒绝", en="It refuses the code"),
    said="535 <b>Login fail</b>",
    cause=Words(zh="授权码不对", en="The code is wrong"),
    cure=Words(zh="换一个授权码", en="Make a new code"),
)
SKIPPED = Step(Name.RCPT, State.SKIPPED, Words(zh="没有给出收件人", en="No recipient was given"))
OTHER_PORT = Step(
    Name.OTHER_PORT,
    State.WARNING,
    Words(zh="587 端口有回应", en="Port 587 answers"),
    change={"port": 587, "security": "starttls"},
)


class Doctor:
    """Finds what a test tells it to, and remembers whom it was asked about."""

    def __init__(self) -> None:
        self.finds: list[Step] = [ANSWERS]
        self.patients: list[tuple[SendingAccount, str]] = []
        self.still_looking = False

    def examine(self, account: SendingAccount, *, recipient: str = "") -> Iterator[Step]:
        self.patients.append((account, recipient))
        self.still_looking = True
        try:
            yield from self.finds
        finally:
            self.still_looking = False


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch) -> Doctor:
    stand_in = Doctor()
    monkeypatch.setattr(doctor_admin, "examine", stand_in.examine)
    return stand_in


@pytest.fixture
def shop() -> Account:
    return Account.objects.create(
        slug="shop", preset="qq", address="shop@qq.com", sealed_secret=sealing.seal(CODE.encode())
    )


@pytest.fixture
def qq_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[ScriptedServer], None]:
    def use(server: ScriptedServer) -> None:
        here = replace(PRESETS["qq"], host="127.0.0.1", port=server.port)
        monkeypatch.setitem(PRESETS, "qq", here)

    return use


def url(name: str, *args: Any) -> str:
    return reverse(f"admin:mailcenter_account_{name}", args=args)


def read(response: Any) -> str:
    """All of a page, however it comes."""
    assert response.status_code == 200
    content = response.getvalue() if response.streaming else response.content
    return str(content.decode())


def examined(client: Client, *account: str, **values: Any) -> str:
    account = account or (Account.ENVIRONMENT,)
    return read(client.post(url("doctor", *account), values))


def page(client: Client, name: str, *args: Any, language: str = "en") -> str:
    return read(client.get(url(name, *args), headers={"accept-language": language}))


# One step after the other


def test_an_account_of_the_environment_is_examined_and_nothing_is_sent(
    superuser: Client, send_through: Any, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedServer() as server:
        send_through(server)
        html = examined(superuser, recipient="visitor@example.com")
        assert "RCPT" in server.commands
        assert not server.received
    checkup = Checkup.objects.get()
    assert checkup.account_id == Account.ENVIRONMENT
    assert checkup.user_name == "wang"
    assert checkup.ok
    names = [step["name"] for step in checkup.steps]
    assert {"configuration", "tcp", "tls", "auth", "mail", "rcpt"} <= set(names)
    places = [html.index(step["finding"]["en"].partition("'")[0]) for step in checkup.steps]
    assert places == sorted(places)
    assert url("checkup", checkup.pk) in html
    for text in (html, json.dumps(checkup.steps), checkup.subject, caplog.text):
        assert PASSWORD not in text


def test_a_refused_code_is_explained_on_the_page_and_in_what_is_kept(
    superuser: Client, send_through: Any
) -> None:
    with ScriptedServer(
        {"AUTH": b"535 Login Fail. Please enter your authorization code"}
    ) as server:
        send_through(server)
        html = examined(superuser)
        assert not server.received
    checkup = Checkup.objects.get()
    assert not checkup.ok
    auth = next(step for step in checkup.steps if step["name"] == "auth")
    assert auth["state"] == "failed"
    kept = page(superuser, "checkup", checkup.pk)
    for text in (html, kept):
        assert "Login Fail" in text
        assert auth["cause"]["en"].partition("'")[0] in text
        assert PASSWORD not in text


@pytest.mark.django_db(transaction=True)
def test_a_step_is_seen_while_the_next_one_is_still_being_looked_at(
    live_server: Any, superuser: Client, send_through: Any
) -> None:
    """Over HTTP, through the site's own middleware: nothing on the way collects the page."""
    seen = threading.Event()

    def once_seen(argument: str) -> bytes:
        assert seen.wait(30)
        return b"235 Authentication successful"

    with ScriptedServer({"AUTH": once_seen}) as server:
        send_through(server)
        site = urlsplit(live_server.url)
        browser = http.client.HTTPConnection(site.hostname or "", site.port, timeout=30)
        form = superuser.get(url("change", Account.ENVIRONMENT))
        cookies = {name: morsel.value for name, morsel in superuser.cookies.items()}
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept-Language": "en",
        }
        body = urlencode({"csrfmiddlewaretoken": str(form.context["csrf_token"])})
        browser.request("POST", url("doctor", Account.ENVIRONMENT), body, headers)
        response = browser.getresponse()
        assert response.status == 200
        assert "no-store" in response.headers["Cache-Control"]
        assert response.headers["X-Accel-Buffering"] == "no"
        html = b""
        while b"TLS and certificate" not in html:
            piece = response.read1()
            assert piece
            html += piece
        assert b'class="result"' not in html
        assert not Checkup.objects.exists()
        seen.set()
        html += response.read()
        browser.close()
    assert b'class="result"' in html
    assert html.rstrip().endswith(b"</html>")
    assert Checkup.objects.get().ok


def test_nothing_is_looked_at_before_the_head_of_the_page_is_out(
    superuser: Client, doctor: Doctor
) -> None:
    response: Any = superuser.post(url("doctor", Account.ENVIRONMENT))
    pieces = response.streaming_content
    assert b"<html" in next(pieces)
    assert not doctor.patients
    assert b"The port answers" in next(pieces)
    assert doctor.patients
    assert b"</html>" in b"".join(pieces)


@pytest.mark.django_db(transaction=True)
def test_who_leaves_ends_the_examination(superuser: Client, doctor: Doctor) -> None:
    doctor.finds = [ANSWERS, REFUSED]
    response: Any = superuser.post(url("doctor", Account.ENVIRONMENT))
    pieces = response.streaming_content
    next(pieces), next(pieces)
    assert doctor.still_looking
    response.close()
    assert not doctor.still_looking
    # Half of the steps would say "passed".
    assert not Checkup.objects.exists()


def test_the_steps_say_what_where_and_what_to_do(superuser: Client, doctor: Doctor) -> None:
    doctor.finds = [ANSWERS, REFUSED, SKIPPED]
    html = examined(superuser)
    for words in ("The port answers", "12 ms", "The code is wrong", "Make a new code", "not tried"):
        assert words in html
    assert "535 &lt;b&gt;Login fail&lt;/b&gt;" in html
    assert "1 step failed" in html
    doctor.finds = [REFUSED, REFUSED]
    assert "2 steps failed" in examined(superuser)
    doctor.finds = [ANSWERS, SKIPPED]
    assert "</span> passed</span>" in examined(superuser)


def test_a_checkup_speaks_the_language_of_its_reader(superuser: Client, doctor: Doctor) -> None:
    doctor.finds = [ANSWERS, REFUSED]
    address = url("doctor", Account.ENVIRONMENT)
    chinese = read(superuser.post(address, headers={"accept-language": "zh-hans"}))
    assert "端口有回应" in chinese
    assert "The port answers" not in chinese
    checkup = Checkup.objects.get()
    kept = page(superuser, "checkup", checkup.pk)
    for words in ("The port answers", "It refuses the code", "The code is wrong", "wang"):
        assert words in kept
    assert "端口有回应" not in kept
    assert "授权码不对" in page(superuser, "checkup", checkup.pk, language="zh-hans")
    assert url("checkup", checkup.pk) in page(superuser, "change", Account.ENVIRONMENT)


def test_a_recipient_is_asked_about_if_it_is_an_address(superuser: Client, doctor: Doctor) -> None:
    examined(superuser, recipient=" visitor@例子.cn ")
    assert doctor.patients[-1][1] == "visitor@xn--fsqu00a.cn"
    for wrong in ("visitor", "a@example.com\r\nDATA", "a@example.com, b@example.com"):
        response = superuser.post(
            url("doctor", Account.ENVIRONMENT), {"recipient": wrong}, follow=True
        )
        assert "is no e-mail address" in read(response)
    assert len(doctor.patients) == 1


def test_an_account_that_cannot_even_be_read_says_why(
    superuser: Client, doctor: Doctor, shop: Account, settings: Any
) -> None:
    Account.objects.filter(pk="shop").update(sealed_secret=b"under a key that is gone")
    response = superuser.post(url("doctor", "shop"), follow=True)
    assert "MAILCENTER_KEYS" in read(response)
    Account.objects.create(slug="environment-9", address="old@qq.com")
    response = superuser.post(url("doctor", "environment-9"), follow=True)
    assert "does not give this account any more" in read(response)
    broken = {"PROVIDER": "nowhere"}
    settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": broken}
    response = superuser.post(url("doctor", Account.ENVIRONMENT), follow=True)
    assert "nowhere" in read(response)
    assert not doctor.patients
    assert not Checkup.objects.exists()


def test_a_wrong_account_of_the_environment_leaves_the_others_to_the_doctor(
    superuser: Client, doctor: Doctor, settings: Any
) -> None:
    more = [{"NUMBER": 2, "PROVIDER": "qq", "ADDRESS": "two@qq.com", "PASSWORD": CODE}]
    broken = {"PROVIDER": "nowhere"}
    settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": broken, "MORE_ACCOUNTS": more}
    Account.objects.create(slug="environment-2", address="two@qq.com")
    examined(superuser, "environment-2")
    assert doctor.patients[0][0].address == "two@qq.com"


# What is only typed so far


def test_typed_settings_are_examined_and_not_saved(superuser: Client, doctor: Doctor) -> None:
    form = page(superuser, "add")
    assert f'formaction="{url("doctor_new")}"' in form
    values = TYPED | {"secret": TYPED_CODE, "recipient": "visitor@example.com"}
    html = read(superuser.post(url("doctor_new"), values))
    account, recipient = doctor.patients[0]
    assert (account.address, account.password) == ("shop@qq.com", TYPED_CODE)
    assert recipient == "visitor@example.com"
    assert "Nothing of the form has been saved" in html
    assert not Account.objects.exclude(pk=Account.ENVIRONMENT).exists()
    assert not LogEntry.objects.exists()
    checkup = Checkup.objects.get()
    assert checkup.account is None
    kept = page(superuser, "checkup", checkup.pk)
    assert "had not been saved" in kept
    for text in (html, kept, json.dumps(checkup.steps), checkup.subject):
        assert TYPED_CODE not in text


@pytest.mark.parametrize(("typed", "used"), [("", CODE), (TYPED_CODE, TYPED_CODE)])
def test_an_empty_code_means_the_stored_one(
    superuser: Client, doctor: Doctor, shop: Account, typed: str, used: str
) -> None:
    assert f'formaction="{url("doctor_typed", "shop")}"' in page(superuser, "change", "shop")
    values = TYPED | {"secret": typed, "order": 7, "from_name": "小店"}
    html = read(superuser.post(url("doctor_typed", "shop"), values))
    account, _recipient = doctor.patients[0]
    assert (account.password, account.from_name) == (used, "小店")
    row = Account.objects.get(pk="shop")
    assert (row.order, row.from_name) == (100, "")
    assert sealing.unseal(bytes(row.sealed_secret or b"")).decode() == CODE
    assert Checkup.objects.get().account is None
    assert not LogEntry.objects.exists()
    assert CODE not in html
    assert TYPED_CODE not in html


def test_typed_settings_meet_a_real_conversation(
    superuser: Client, shop: Account, qq_is: Callable[[ScriptedServer], None]
) -> None:
    with ScriptedServer() as server:
        qq_is(server)
        Account.objects.filter(pk="shop").update(ca_file=server.ca_file)
        values = TYPED | {"secret": TYPED_CODE}
        html = read(superuser.post(url("doctor_typed", "shop"), values))
        assert ("shop@qq.com", TYPED_CODE) in server.credentials
        assert not server.received
    assert "235" in html or "</span> passed</span>" in html
    assert TYPED_CODE not in html
    assert TYPED_CODE not in json.dumps(Checkup.objects.get().steps)


@pytest.mark.parametrize("stored", [False, True], ids=["new", "stored"])
def test_a_wrong_form_comes_back_and_saves_where_it_always_does(
    superuser: Client, doctor: Doctor, shop: Account, stored: bool
) -> None:
    address = url("doctor_typed", "shop") if stored else url("doctor_new")
    home = url("change", "shop") if stored else url("add")
    others = {"next_secret": OTHER_CODE, "oauth_client_secret": OTHER_CODE}
    values = TYPED | {"address": "nobody", "secret": TYPED_CODE, "recipient": "v@example.com"}
    response: Any = superuser.post(address, values | others)
    html = read(response)
    assert "address" in response.context["adminform"].form.errors
    assert f'action="{home}"' in html
    for kept in ('value="nobody"', 'value="v@example.com"', f'formaction="{address}"'):
        assert kept in html
    assert TYPED_CODE not in html
    assert OTHER_CODE not in html
    assert not doctor.patients
    assert not Checkup.objects.exists()


def test_a_typed_recipient_that_is_no_address_comes_back_with_the_form(
    superuser: Client, doctor: Doctor
) -> None:
    values = TYPED | {"secret": TYPED_CODE, "recipient": "visitor"}
    html = read(superuser.post(url("doctor_new"), values))
    assert "is no e-mail address" in html
    assert 'value="visitor"' in html
    assert not doctor.patients


def test_settings_that_make_no_account_come_back_with_the_form(
    superuser: Client, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(form: AccountForm) -> SendingAccount:
        raise ConfigurationError("The token was refused.")

    monkeypatch.setattr(AccountForm, "sending_account", refuse)
    html = read(superuser.post(url("doctor_new"), TYPED | {"secret": TYPED_CODE}))
    assert "The token was refused." in html
    assert not doctor.patients


def test_a_typed_code_is_in_no_error_report(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    # Made at random, because a report quotes the lines of the source too.
    code = secrets.token_hex(8)
    monkeypatch.setattr(doctor_admin, "examine", broken)
    superuser.raise_request_exception = False
    values = TYPED | {"secret": code, "from_name": "a shop"}
    response: Any = superuser.post(url("doctor_new"), values)
    kind, error, traceback = response.exc_info
    assert kind is RuntimeError
    reporter = ExceptionReporter(response.wsgi_request, kind, error, traceback.tb_next)
    text = reporter.get_traceback_html() + reporter.get_traceback_text()
    assert "doctor.py" in text
    assert code not in text


# Another port


def test_settings_that_are_only_unusual_offer_no_button(
    superuser: Client, doctor: Doctor, shop: Account
) -> None:
    doctor.finds = [replace(OTHER_PORT, name=Name.CONFIGURATION, state=State.WARNING)]
    assert "Use port" not in examined(superuser, "shop")


def test_the_port_that_works_is_one_button_away(
    superuser: Client, doctor: Doctor, shop: Account
) -> None:
    doctor.finds = [OTHER_PORT]
    html = examined(superuser, "shop")
    kept = page(superuser, "checkup", Checkup.objects.get().pk)
    for text in (html, kept):
        assert f'action="{url("port", "shop")}"' in text
        assert "Use port 587" in text
    answer = read(superuser.post(url("port", "shop"), {"port": "587", "host": "x"}, follow=True))
    assert "uses port 587 now" in answer
    row = Account.objects.get(pk="shop")
    assert (row.port, row.security, row.host) == (587, "starttls", "")
    entry = LogEntry.objects.get()
    assert entry.object_id == "shop"
    assert "587" in entry.change_message
    # Done already.
    assert "Use port 587" not in page(superuser, "checkup", Checkup.objects.get().pk)


def test_the_workers_hear_of_another_port(
    superuser: Client,
    shop: Account,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    rings: list[bool] = []
    monkeypatch.setattr(doorbell, "ring", lambda: rings.append(True))
    with django_capture_on_commit_callbacks(execute=True):
        superuser.post(url("port", "shop"), {"port": "465"})
    assert rings == [True]
    assert Account.objects.get(pk="shop").security == "ssl"


@pytest.mark.parametrize("port", ["", "22", "587x", "0587", "-1", "٥٨٧", "9" * 5000])
def test_only_a_port_for_handing_in_mail_can_be_chosen(
    superuser: Client, shop: Account, port: str
) -> None:
    answer = read(superuser.post(url("port", "shop"), {"port": port}, follow=True))
    assert "no such port" in answer
    assert Account.objects.get(pk="shop").port is None
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"port": 22, "security": "ssl"},
        {"port": 587, "security": "ssl"},
        {"port": 587, "security": "starttls", "host": "192.0.2.1"},
        {"host": "192.0.2.1"},
    ],
)
def test_no_other_change_is_offered(
    superuser: Client, doctor: Doctor, shop: Account, change: dict[str, Any]
) -> None:
    doctor.finds = [replace(OTHER_PORT, change=change)]
    assert "Use port" not in examined(superuser, "shop")


def test_what_is_not_kept_in_the_admin_is_changed_elsewhere(
    superuser: Client, doctor: Doctor
) -> None:
    doctor.finds = [OTHER_PORT]
    html = examined(superuser)
    assert "Port 587 answers" in html
    assert "Use port 587" not in html
    response = superuser.post(url("port", Account.ENVIRONMENT), {"port": "587"})
    assert response.status_code == 403
    assert Account.objects.get().port is None
    typed = read(superuser.post(url("doctor_new"), TYPED | {"secret": TYPED_CODE}))
    assert "Use port 587" not in typed
    assert "Choose port 587 in the form" in typed


def test_the_port_of_a_typed_host_is_for_who_may_type_one(doctor: Doctor, shop: Account) -> None:
    Account.objects.filter(pk="shop").update(preset="custom", host="mail.example.com")
    doctor.finds = [OTHER_PORT]
    for permission, status in (("view_message", 403), ("set_custom_host", 302)):
        browser = Client(headers={"accept-language": "en"})
        browser.force_login(
            StaffFactory(permissions=["view_account", "manage_account", permission])
        )
        assert ("Use port 587" in examined(browser, "shop")) is (status == 302)
        assert browser.post(url("port", "shop"), {"port": "587"}).status_code == status
    assert Account.objects.get(pk="shop").port == 587


# The test mail


def test_a_test_mail_goes_to_who_asks_through_the_account_and_the_log(
    superuser: Client,
    doctor: Doctor,
    shop: Account,
    qq_is: Callable[[ScriptedServer], None],
    send_through: Any,
) -> None:
    assert "Send a test mail to wang@example.com" in examined(superuser, "shop")
    with ScriptedServer() as other, ScriptedServer() as server:
        send_through(other)
        qq_is(server)
        Account.objects.filter(pk="shop").update(ca_file=server.ca_file)
        response = superuser.post(
            url("test_mail", "shop"), {"to": "victim@example.com", "recipient": "victim@x.cn"}
        )
        message = Message.objects.get()
        assert response.headers["Location"] == reverse(
            "admin:mailcenter_message_change", args=[message.pk]
        )
        html = read(superuser.get(response.headers["Location"]))
        assert "The test mail is in the queue" in html
        assert "Test mail from" in html
        assert (message.kind, message.account_id) == ("system", "shop")
        assert message.user is not None
        assert LogEntry.objects.get().object_id == "shop"
        Worker().drain()
        (mail,) = server.accepted
        assert mail.recipients == ["wang@example.com"]
        assert mail.sender == "shop@qq.com"
        assert not other.received
    message.refresh_from_db()
    assert message.status == "sent"


def test_a_test_mail_is_not_offered_where_it_could_not_go(
    superuser: Client, doctor: Doctor, shop: Account
) -> None:
    Account.objects.filter(pk="shop").update(enabled=False)
    assert "Send a test mail" not in examined(superuser, "shop")
    answer = read(superuser.post(url("test_mail", "shop"), follow=True))
    assert "not in use" in answer
    Account.objects.filter(pk="shop").update(enabled=True)
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(SuperuserFactory(email=""))
    assert "Send a test mail" not in examined(browser, "shop")
    answer = read(browser.post(url("test_mail", "shop"), follow=True))
    assert "has no e-mail address" in answer
    Account.objects.filter(pk="shop").update(sealed_secret=b"under a key that is gone")
    answer = read(superuser.post(url("test_mail", "shop"), follow=True))
    assert "MAILCENTER_KEYS" in answer
    assert not Message.objects.exists()
    assert not LogEntry.objects.exists()


def test_who_may_not_read_the_log_stays_on_the_accounts_page(shop: Account) -> None:
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(StaffFactory(permissions=["view_account", "manage_account"]))
    response = browser.post(url("test_mail", "shop"))
    assert response.headers["Location"] == url("change", "shop")
    assert Message.objects.count() == 1


# Who may


def every_page(client: Client) -> dict[tuple[str, str], int]:
    checkup = Checkup.objects.create(subject="x", ok=True)
    addresses = {
        "doctor": url("doctor", "shop"),
        "doctor_new": url("doctor_new"),
        "doctor_typed": url("doctor_typed", "shop"),
        "port": url("port", "shop"),
        "test_mail": url("test_mail", "shop"),
        "checkup": url("checkup", checkup.pk),
    }
    values = TYPED | {"secret": TYPED_CODE, "port": "587"}
    outcomes = {}
    for name, address in addresses.items():
        outcomes[name, "get"] = client.get(address).status_code
        response: Any = client.post(address, values)
        outcomes[name, "post"] = response.status_code
        if response.streaming:
            response.getvalue()
    checkup.delete()
    return outcomes


def nothing_happened() -> bool:
    return (
        Account.objects.get(pk="shop").port is None
        and not Checkup.objects.exists()
        and not Message.objects.exists()
        and not LogEntry.objects.exists()
    )


def test_who_views_and_manages_may_do_all_of_it(
    client: Client, doctor: Doctor, shop: Account
) -> None:
    client.force_login(StaffFactory(permissions=["view_account", "manage_account"]))
    found = every_page(client)
    for name in ("doctor", "doctor_new", "doctor_typed"):
        assert (found[name, "get"], found[name, "post"]) == (405, 200)
    for name in ("port", "test_mail"):
        assert (found[name, "get"], found[name, "post"]) == (405, 302)
    assert (found["checkup", "get"], found["checkup", "post"]) == (200, 405)
    assert client.post(url("doctor", "nobody")).status_code == 404
    assert client.get(url("checkup", 999_999)).status_code == 404
    assert client.post(url("doctor_typed", Account.ENVIRONMENT)).status_code == 403


@pytest.mark.parametrize(
    "permissions",
    [
        [],
        ["view_account"],
        ["manage_account"],
        ["view_account", "resume_account", "set_custom_host", "view_message", "resend_message"],
    ],
)
def test_other_staff_may_do_none_of_it(
    client: Client, doctor: Doctor, shop: Account, permissions: list[str]
) -> None:
    client.force_login(StaffFactory(permissions=permissions))
    found = every_page(client)
    for name, method in found:
        served = (method == "get") is (name == "checkup")
        assert found[name, method] == (403 if served else 405)
    assert client.post(url("doctor", "nobody")).status_code == 403
    assert not doctor.patients
    assert nothing_happened()
    if "view_account" in permissions:
        html = page(client, "change", "shop")
        assert url("doctor", "shop") not in html
        assert "formaction" not in html


@pytest.mark.parametrize("log_in", [None, UserFactory], ids=["anonymous", "visitor"])
def test_everybody_else_is_sent_to_the_log_in(
    client: Client, doctor: Doctor, shop: Account, log_in: Any
) -> None:
    if log_in:
        client.force_login(log_in(permissions=["view_account", "manage_account"]))
    assert set(every_page(client).values()) == {302}
    assert not doctor.patients
    assert nothing_happened()


def test_no_other_site_can_set_it_off(doctor: Doctor, shop: Account) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(SuperuserFactory())
    found = every_page(browser)
    del found["checkup", "get"]
    assert {status for (_name, method), status in found.items() if method == "post"} == {403}
    assert not doctor.patients
    assert nothing_happened()


def test_an_examination_holds_no_transaction(
    superuser: Client, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has one writer, and a server may take a minute."""
    depth: list[int] = []

    def look(account: SendingAccount, *, recipient: str = "") -> Iterator[Step]:
        depth.append(len(connection.savepoint_ids) + len(connection.atomic_blocks))
        yield ANSWERS

    monkeypatch.setattr(doctor_admin, "examine", look)
    before = len(connection.savepoint_ids) + len(connection.atomic_blocks)
    examined(superuser)
    assert depth == [before]


def test_the_doctors_pages_are_chinese(superuser: Client, doctor: Doctor, shop: Account) -> None:
    doctor.finds = [ANSWERS, REFUSED, SKIPPED, OTHER_PORT]
    headers = {"accept-language": "zh-hans"}
    with translation.override("zh-hans"):
        providers = [str(preset.label) for preset in PRESETS.values()]
    brands = ("OAuth2", "STARTTLS", "Gmail", "Outlook", "Google", "Microsoft")
    given = ("wang@example.com", "wang", "Login fail", "mail.example.com", *brands, *providers)
    answers = [
        superuser.post(url("doctor", "shop"), headers=headers),
        superuser.post(url("doctor_new"), TYPED | {"secret": CODE, "enabled": ""}, headers=headers),
        superuser.post(url("doctor", "shop"), {"recipient": "x"}, headers=headers, follow=True),
        superuser.post(url("port", "shop"), {"port": "587"}, headers=headers, follow=True),
        superuser.post(url("port", "shop"), {"port": "1"}, headers=headers, follow=True),
        superuser.post(url("doctor_new"), TYPED | {"recipient": "x"}, headers=headers),
    ]
    kept = [
        superuser.get(url("checkup", checkup.pk), headers=headers)
        for checkup in Checkup.objects.all()
    ]
    superuser.post(url("test_mail", "shop"), headers=headers)
    # What was said about it stands on the next page.
    kept.append(superuser.get(url("change", "shop"), headers=headers))
    assert english(Message.objects.get().subject) == []
    for answer in answers + kept:
        assert english(read(answer), *given) == []
