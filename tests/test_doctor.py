"""The doctor against servers that misbehave as a test tells them to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailcenter.doctor import Name, State, Step, examine, host_name, keep, other_port, passed
from mailcenter.doctor.keeping import KEPT
from mailcenter.models import Account, Checkup
from mailcenter.transports import PRESETS, SendingAccount, public_hosts
from tests.certificate import certificate_files
from tests.factories import StaffFactory
from tests.smtp_server import ADDRESS, HANG_UP, PASSWORD, SILENCE, ScriptedServer

NOBODY = "visitor@example.test"
# The steps of the way, without what the scripted server's short-lived certificate earns.
WHOLE = ["configuration", "dns", "tcp", "tls", "ehlo", "auth", "mail", "rcpt", "quit"]


def examined(account: SendingAccount, **options: Any) -> list[Step]:
    """All steps; no secret is in any of them."""
    steps = list(examine(account, timeout=options.pop("timeout", 5), **options))
    written = json.dumps([step.as_json() for step in steps], ensure_ascii=False)
    assert not account.password or account.password not in written
    assert [Step.from_json(values) for values in json.loads(written)] == steps
    return steps


def states(steps: list[Step]) -> dict[str, str]:
    return {step.name.value: step.state.value for step in steps}


def the(name: Name, steps: list[Step]) -> Step:
    (step,) = [step for step in steps if step.name == name]
    return step


def failure(steps: list[Step]) -> Step:
    """The one step that failed, with something to do about it."""
    (step,) = [step for step in steps if step.state == State.FAILED]
    assert step.cause
    assert step.cure
    for words in (step.finding, step.cause, step.cure):
        assert words.zh
        assert words.en
    return step


@pytest.fixture
def standard_ports(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Stand in for 465 and 587."""

    def use(ssl: int = 0, starttls: int = 0) -> None:
        ports = {"ssl": ssl or closed_port(), "starttls": starttls or closed_port()}
        monkeypatch.setattr(other_port, "STANDARD_PORTS", ports)

    use()
    return use


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_the_whole_way_is_gone_and_nothing_is_sent(security: str) -> None:
    with ScriptedServer(security=security) as server:
        steps = examined(server.account(), recipient=NOBODY)
        assert server.received == []
        assert server.commands[-4:] == ["MAIL", "RCPT", "RSET", "QUIT"]
        assert (server.connections, server.count("AUTH"), server.count("DATA")) == (1, 1, 0)
    assert [step.name.value for step in steps] == [*WHOLE, "sender-domain"]
    assert passed(steps)
    assert the(Name.TLS, steps).finding.en.startswith("TLSv1.3; certificate of localhost")
    assert "LOGIN, PLAIN" in the(Name.EHLO, steps).finding.zh
    assert "AUTH PLAIN" in the(Name.AUTH, steps).finding.en
    measured = [step.milliseconds for step in steps if step.name.value in WHOLE[1:]]
    assert None not in measured


def test_without_a_recipient_none_is_named() -> None:
    with ScriptedServer() as server:
        steps = examined(server.account())
        assert server.count("RCPT") == 0
    assert states(steps)["rcpt"] == "skipped"
    assert passed(steps)


def test_each_step_is_told_before_the_next_is_taken() -> None:
    told = threading.Event()

    def wait(_argument: str) -> bytes:
        assert told.wait(10)
        return b"235 OK"

    with ScriptedServer({"AUTH": wait}) as server:
        for step in examine(server.account()):
            if step.name == Name.EHLO:
                told.set()
        assert told.is_set()
        assert server.count("MAIL") == 1


def test_who_stops_listening_ends_the_conversation() -> None:
    with ScriptedServer() as server:
        steps = examine(server.account())
        with closing(steps):  # type: ignore[type-var]
            assert next(step for step in steps if step.name == Name.EHLO)
        assert server.commands == ["EHLO", "QUIT"]


def test_a_name_that_is_not_there() -> None:
    with ScriptedServer() as server:
        steps = examined(server.account(host="nowhere.invalid"))
    assert failure(steps).name == Name.DNS
    assert list(states(steps).values()).count("skipped") == 8


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".cn", "bad host"])
def test_a_name_that_is_none_is_a_step_and_no_exception(host: str) -> None:
    with ScriptedServer() as server:
        assert failure(examined(server.account(host=host))).name == Name.DNS


def test_a_resolver_that_hangs_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        released.wait(10)
        return []

    monkeypatch.setattr(host_name, "_addresses", hang)
    with ScriptedServer() as server:
        step = failure(examined(server.account(), timeout=0.2))
    released.set()
    assert (step.name, "no answer" in step.said) == (Name.DNS, True)


def test_an_address_that_a_proxy_made_up_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_name, "_addresses", lambda host, port: ["198.18.0.7"])
    with ScriptedServer() as server:
        step = the(Name.DNS, examined(server.account()))
    assert step.state == State.WARNING
    assert step.cause
    assert "fake-ip" in step.cause.zh


def test_a_refused_port(standard_ports: Any) -> None:
    with ScriptedServer() as server:
        steps = examined(server.account(port=closed_port()))
        assert server.connections == 0
    assert failure(steps).name == Name.TCP
    other = the(Name.OTHER_PORT, steps)
    assert (other.state, other.change) == (State.WARNING, None)
    assert other.cause


def test_a_practice_server_that_does_not_run_is_to_be_started() -> None:
    practice = replace(PRESETS["practice"], port=closed_port())
    with ScriptedServer() as server:
        steps = examined(server.account(preset=practice, port=practice.port))
    step = failure(steps)
    assert step.cure
    assert "practiceserver" in step.cure.zh
    assert "other-port" not in states(steps)


@contextmanager
def black_hole() -> Iterator[int]:
    """A port where packets go in and none comes out."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        full = [socket.socket() for _ in range(2)]
        for client in full:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        try:
            yield listener.getsockname()[1]
        finally:
            for client in full:
                client.close()


def test_a_black_hole(standard_ports: Any) -> None:
    with ScriptedServer() as server, black_hole() as port:
        steps = examined(server.account(port=port), timeout=0.3)
    step = failure(steps)
    assert (step.name, step.finding.en) == (Name.TCP, "Timed out.")


@pytest.mark.parametrize(("security", "other"), [("ssl", "starttls"), ("starttls", "ssl")])
def test_where_one_port_fails_and_the_other_answers_the_change_is_offered(
    security: str, other: str, standard_ports: Any
) -> None:
    with ScriptedServer(security=other) as server:
        standard_ports(**{other: server.port})
        steps = examined(server.account(port=closed_port(), security=security))
        assert server.credentials == []
        assert server.received == []
    step = the(Name.OTHER_PORT, steps)
    assert step.change == {"port": server.port, "security": other}
    assert step.cure
    assert f"MAIL_PORT={server.port}\nMAIL_SECURITY={other}" in step.cure.zh
    assert failure(steps).name == Name.TCP


def test_the_offered_lines_are_those_of_the_account(standard_ports: Any) -> None:
    with ScriptedServer() as server:
        standard_ports(ssl=server.port)
        account = server.account(port=closed_port(), slug="environment-2")
        second = the(Name.OTHER_PORT, examined(account)).cure
        row = the(Name.OTHER_PORT, examined(replace(account, slug="shop-qq-com"))).cure
    assert second
    assert f"MAIL_PORT_2={server.port}\nMAIL_SECURITY_2=ssl" in second.en
    assert row
    assert "MAIL_" not in row.en + row.zh


def test_a_plain_port_spoken_to_in_tls(standard_ports: Any) -> None:
    with ScriptedServer(security="starttls") as server:
        steps = examined(server.account(security="ssl"))
        assert (server.credentials, server.received) == ([], [])
    step = failure(steps)
    assert step.name == Name.TLS
    assert step.cause
    assert "greets without TLS" in step.cause.en
    change = the(Name.OTHER_PORT, steps).change
    assert change == {"port": server.port, "security": "starttls"}


def test_a_tls_port_spoken_to_without(standard_ports: Any) -> None:
    with ScriptedServer(security="ssl") as server:
        steps = examined(server.account(security="starttls"), timeout=0.5)
        assert (server.credentials, server.received) == ([], [])
    assert "no greeting" in failure(steps).finding.en
    other = the(Name.OTHER_PORT, steps)
    assert other.change == {"port": server.port, "security": "ssl"}


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_a_server_that_hangs_before_its_greeting(security: str, standard_ports: Any) -> None:
    with ScriptedServer({"CONNECT": SILENCE}, security=security) as server:
        steps = examined(server.account(), timeout=0.3)
    step = failure(steps)
    assert (step.name, "no greeting" in step.finding.en) == (Name.EHLO, True)
    assert states(steps)["tls"] != "failed"


def test_a_server_that_refuses_at_the_door(standard_ports: Any) -> None:
    with ScriptedServer({"CONNECT": b"554 IP in blacklist"}) as server:
        step = failure(examined(server.account()))
    assert (step.name, step.said) == (Name.EHLO, "554 IP in blacklist")
    # It was found: nothing else is tried.
    assert server.connections == 1


def test_a_server_without_starttls_gets_no_code(standard_ports: Any) -> None:
    with ScriptedServer(security="plain") as server:
        steps = examined(server.account(security="starttls"))
        assert server.credentials == []
    assert failure(steps).name == Name.TLS


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_a_certificate_of_somebody_else(security: str) -> None:
    with ScriptedServer(security=security, name="elsewhere.test") as server:
        steps = examined(server.account(ca_file=certificate_files("elsewhere.test")[0]))
        assert (server.credentials, server.count("AUTH")) == ([], 0)
    step = failure(steps)
    assert step.name == Name.TLS
    assert step.cause
    assert "elsewhere.test" in step.cause.zh
    assert "elsewhere.test" in step.cause.en
    # Another port has the same certificate.
    assert "other-port" not in states(steps)


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_something_in_between_that_opens_tls_is_named(
    security: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("https_proxy", "http://user:proxy-password@127.0.0.1:1")
    certificate = dated(tmp_path, -1, 30, issuer="Friendly Scanner")
    with served(certificate, security=security) as server:
        steps = examined(server.account(ca_file=""))
        assert (server.credentials, server.count("AUTH"), server.connections) == ([], 0, 2)
    step = failure(steps)
    assert step.cause
    assert step.cure
    assert "Friendly Scanner" in step.cause.en
    assert "杀毒软件" in step.cause.zh
    assert "HTTPS_PROXY" in step.cure.en
    assert "proxy-password" not in str(steps)


def test_another_authority_than_the_one_that_was_given() -> None:
    stranger, _key = certificate_files("stranger.test")
    with ScriptedServer() as server:
        step = failure(examined(server.account(ca_file=stranger)))
    assert step.cause
    assert stranger in step.cause.en


def test_a_certificate_that_is_not_valid_yet_points_at_the_clock(tmp_path: Path) -> None:
    certificate = dated(tmp_path, 2, 30)
    with served(certificate) as server:
        step = failure(examined(server.account(ca_file=certificate[0])))
    assert step.cause
    assert "clock" in step.cause.en
    assert "时钟" in step.cause.zh


def test_an_expired_certificate_says_when(tmp_path: Path) -> None:
    certificate = dated(tmp_path, -30, -2)
    with served(certificate) as server:
        step = failure(examined(server.account(ca_file=certificate[0])))
    ended = datetime.now(UTC) - timedelta(days=2)
    assert step.cause
    assert f"{ended:%Y-%m-%d}" in step.cause.en


@pytest.mark.parametrize(("days", "state"), [(60, State.OK), (5, State.WARNING)])
def test_how_long_a_certificate_lasts_is_told(tmp_path: Path, days: int, state: State) -> None:
    certificate = dated(tmp_path, -1, days)
    with served(certificate) as server:
        step = the(Name.TLS, examined(server.account(ca_file=certificate[0])))
    assert (step.state, f"{days - 1} more days" in step.finding.en) == (state, True)


def test_a_file_of_authorities_that_is_none(tmp_path: Path, standard_ports: Any) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("nothing")
    with ScriptedServer() as server:
        account = server.account(ca_file=str(path), preset=PRESETS["custom"])
        steps = examined(account)
    first, second = [step for step in steps if step.state == State.FAILED]
    assert (first.name, second.name) == (Name.CONFIGURATION, Name.TLS)
    assert str(path) in first.finding.zh
    assert second.cause
    assert str(path) in second.cause.en


def test_a_refused_log_in_is_judged_by_the_catalogue() -> None:
    with ScriptedServer(
        {"AUTH": b"535 Login fail. Please enter your authorization code"}
    ) as server:
        steps = examined(server.account(), recipient=NOBODY)
        assert server.commands == ["EHLO", "AUTH", "QUIT"]
    step = failure(steps)
    assert (step.name, step.said[:3]) == (Name.AUTH, "535")
    assert step.cause
    assert "授权码" in step.cause.zh
    assert [states(steps)[name] for name in ("mail", "rcpt", "quit")] == [
        "skipped",
        "skipped",
        "ok",
    ]


@pytest.mark.parametrize("action", [HANG_UP, SILENCE])
def test_a_log_in_without_an_answer(action: object) -> None:
    with ScriptedServer({"AUTH": action}) as server:
        steps = examined(server.account(), timeout=0.5)
    assert failure(steps).name == Name.AUTH
    assert states(steps)["quit"] == "skipped"


def test_a_refused_sender() -> None:
    with ScriptedServer({"MAIL": b"553 Mail from must equal authorized user"}) as server:
        steps = examined(server.account(), recipient=NOBODY)
        assert server.count("RCPT") == 0
    step = failure(steps)
    assert step.name == Name.MAIL
    assert step.cause


def test_a_refused_recipient() -> None:
    with ScriptedServer({"RCPT": b"550 Mailbox not found"}) as server:
        steps = examined(server.account(), recipient=NOBODY)
        assert server.received == []
        assert server.commands[-2:] == ["RSET", "QUIT"]
    assert failure(steps).name == Name.RCPT


@pytest.mark.parametrize("recipient", ["x", "a@b.cn> SIZE=1", "a@b.cn\r\nDATA", "例@b.cn"])
def test_a_recipient_that_is_none_is_not_named_to_the_server(recipient: str) -> None:
    with ScriptedServer() as server:
        steps = examined(server.account(), recipient=recipient)
        assert server.count("RCPT") == 0
    assert states(steps)["rcpt"] == "failed"


def test_a_chinese_domain_goes_out_in_ascii() -> None:
    named: list[str] = []

    def remember(address: str) -> bytes:
        named.append(address)
        return b"250 OK"

    with ScriptedServer({"RCPT": remember}) as server:
        assert passed(examined(server.account(), recipient="a@例子.cn"))
    assert named == ["a@xn--fsqu00a.cn"]


def test_garbage_after_the_last_word_is_no_failure() -> None:
    garbage = b"\x00\x00\x00\x1a\x00\x00\x00\n"
    with ScriptedServer({"RSET": garbage, "QUIT": garbage}) as server:
        steps = examined(server.account())
    assert (passed(steps), states(steps)["quit"]) == (True, "warning")


def test_a_server_that_repeats_the_code_is_not_quoted() -> None:
    echo = f"550 {PASSWORD} is what you said".encode()
    with ScriptedServer({"MAIL": echo}) as server:
        step = failure(examined(server.account()))
    assert step.said.endswith("is what you said")


# Settings


def configured(**changes: Any) -> list[Step]:
    """What the settings alone tell; the rest is cut off."""
    qq = PRESETS["qq"]
    values: dict[str, Any] = {
        "preset": qq,
        "address": "10000@qq.com",
        "username": "10000@qq.com",
        "password": PASSWORD,
        "from_name": "",
        "host": qq.host,
        "port": qq.port,
        "security": qq.security,
        "ca_file": "",
    }
    steps = []
    for step in examine(SendingAccount(**(values | changes))):
        if step.name != Name.CONFIGURATION:
            break
        steps.append(step)
    assert changes.get("password") is None or changes["password"] not in str(steps)
    return steps


def test_good_settings_are_named() -> None:
    (step,) = configured()
    assert (step.state, "smtp.qq.com:465" in step.finding.zh) == (State.OK, True)


@pytest.mark.parametrize(
    "password",
    ["MyPassword1", "1234567890123456", "ABCDEFGHIJKLMNOP", "abcdefgh", "abcdefghijklmnopq"],
)
def test_a_password_in_the_place_of_the_code(password: str) -> None:
    (step,) = configured(password=password)
    assert step.state == State.WARNING
    assert "MAIL_AUTH_CODE" in step.finding.en
    assert step.cause
    assert step.cure
    assert "登录密码" in step.cause.zh
    assert "16" in step.cure.zh


def test_an_access_token_has_no_shape() -> None:
    (step,) = configured(password="ya29.token", oauth=True)
    assert step.state == State.OK


def test_the_fields_of_an_account_in_the_admin_are_named_as_there() -> None:
    steps = configured(slug="shop-qq-com", password="MyPassword1", address="a@163.com")
    words = " ".join(f"{step.finding.en} {step.finding.zh} {step.cure}" for step in steps)
    assert "MAIL_" not in words
    assert "“授权码”" in words


def test_the_variables_of_a_second_account_are_named() -> None:
    (step,) = configured(slug="environment-2", password="MyPassword1")
    assert "MAIL_AUTH_CODE_2" in step.finding.zh


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"address": "a@163.com", "username": "a@163.com"}, "163.com"),
        ({"username": "20000@qq.com"}, "20000@qq.com"),
        ({"security": "starttls"}, "465"),
        ({"port": 587}, "587"),
        (
            {"preset": PRESETS["outlook"], "address": "a@hotmail.com", "username": "a@hotmail.com"}
            | {"port": 587, "security": "starttls"},
            "hotmail.com",
        ),
    ],
)
def test_what_does_not_belong_together(changes: dict[str, Any], word: str) -> None:
    (step,) = configured(**changes)
    assert (step.state, word in step.finding.en) == (State.WARNING, True)
    assert step.cure


def test_a_port_that_belongs_to_other_tls_is_offered_with_it() -> None:
    (step,) = configured(security="starttls")
    assert step.change == {"port": 465, "security": "ssl"}


@pytest.mark.parametrize("port", [0, 70_000])
def test_a_port_that_does_not_exist(port: int) -> None:
    (step,) = configured(port=port)
    assert step.state == State.FAILED


def test_without_a_code_the_way_goes_as_far_as_the_log_in() -> None:
    with ScriptedServer() as server:
        account = server.account(password="", preset=PRESETS["custom"])
        steps = examined(account, recipient=NOBODY)
        assert server.count("AUTH") == 0
    assert not passed(steps)
    found = states(steps)
    assert [found[name] for name in WHOLE[4:]] == ["ok", "skipped", "skipped", "skipped", "ok"]


def service(backend: str) -> SendingAccount:
    return SendingAccount(
        preset=PRESETS["anymail"],
        address="site@mail.test",
        username="site@mail.test",
        password="",
        from_name="",
        host="",
        port=443,
        security="ssl",
        ca_file="",
        esp_backend=backend,
    )


def test_a_delivery_service_is_left_to_a_test_mail(settings: Any) -> None:
    settings.ANYMAIL = {"MAILGUN_API_KEY": "key-of-no-account"}
    steps = examined(service("mailgun"))
    assert passed(steps)
    assert "API" in the(Name.TCP, steps).finding.zh


@pytest.mark.parametrize("backend", ["mailgun", "nonsense"])
def test_a_delivery_service_without_its_key_fails_before_the_network(
    backend: str, settings: Any
) -> None:
    settings.ANYMAIL = {}
    steps = examined(service(backend))
    assert not passed(steps)
    assert the(Name.CONFIGURATION, steps).state == State.FAILED


# Hosts that an operator typed


@pytest.fixture
def loopback_counts_as_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_hosts, "is_public", lambda address: True)


def test_a_private_host_is_not_connected_to() -> None:
    with ScriptedServer() as server:
        steps = examined(server.account(public_only=True, slug="typed"))
        assert server.connections == 0
    assert failure(steps).name == Name.TCP
    assert "other-port" not in states(steps)


def test_what_a_typed_name_leads_to_is_not_told() -> None:
    with ScriptedServer() as server:
        account = server.account(host="localhost", slug="typed")
        told = the(Name.DNS, examined(account))
        hidden = the(Name.DNS, examined(replace(account, public_only=True)))
    assert "127.0.0.1" in told.finding.zh
    assert "127.0.0.1" not in str(hidden)


@pytest.mark.parametrize(
    "script",
    [
        {"CONNECT": b"220 inner-banner"},
        {"CONNECT": b"554 inner-banner"},
        {"CONNECT": b"SSH-2.0-inner-banner"},
        {"EHLO": b"250-inner-banner\r\n250-X-INNER-BANNER\r\n250 AUTH PLAIN"},
        {"EHLO": b"502 inner-banner"},
        {"STARTTLS": b"454 inner-banner"},
    ],
)
@pytest.mark.parametrize("security", ["ssl", "starttls"])
@pytest.mark.usefixtures("loopback_counts_as_public", "standard_ports")
def test_what_a_typed_host_says_of_itself_is_not_repeated(
    script: dict[str, bytes], security: str
) -> None:
    with ScriptedServer(script, security=security) as server:
        steps = examined(server.account(public_only=True, slug="typed"))
    assert server.connections
    assert "inner-banner" not in str(steps).lower()


# What is kept


@pytest.mark.django_db
def test_a_result_is_kept_in_both_languages() -> None:
    row = Account.objects.create(slug="shop", address=ADDRESS)
    operator = StaffFactory()
    with ScriptedServer({"AUTH": b"535 Login fail"}) as server:
        account = server.account(slug="shop")
        steps = examined(account)
    checkup = keep("shop", account, steps, operator)
    checkup.refresh_from_db()
    assert (checkup.account, checkup.ok, checkup.user) == (row, False, operator)
    assert checkup.user_name == operator.get_username()
    assert checkup.subject == f"{ADDRESS}, 127.0.0.1:{server.port}"
    assert [Step.from_json(values) for values in checkup.steps] == steps
    assert PASSWORD not in json.dumps(checkup.steps)


@pytest.mark.django_db
def test_the_newest_results_of_each_account_stay() -> None:
    Account.objects.create(slug="shop")
    Account.objects.create(slug="other")
    account = configured_account()
    other = keep("other", account, [])
    unsaved = [keep(None, account, []) for _number in range(KEPT + 3)]
    mine = [keep("shop", account, []) for _number in range(KEPT + 5)]
    assert set(Checkup.objects.filter(account="shop")) == set(mine[5:])
    assert set(Checkup.objects.filter(account=None)) == set(unsaved[3:])
    assert other in Checkup.objects.all()


@pytest.mark.django_db
def test_the_result_of_an_account_that_is_gone_is_kept_without_it() -> None:
    assert keep("gone", configured_account(), []).account is None


def configured_account() -> SendingAccount:
    with ScriptedServer() as server:
        return server.account()


# Certificates


def dated(folder: Path, begins: int, ends: int, issuer: str = "Somebody") -> tuple[str, str]:
    """Paths of a certificate for 127.0.0.1, valid between so many days from now, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)])
    now = datetime.now(UTC)
    hosts = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=ends))
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    paths = (folder / "dated.pem", folder / "dated.key")
    paths[0].write_bytes(certificate.public_bytes(encoding))
    paths[1].write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(paths[0]), str(paths[1])


@contextmanager
def served(certificate: tuple[str, str], *, security: str = "ssl") -> Iterator[ScriptedServer]:
    server = ScriptedServer(security=security)
    server._context.load_cert_chain(*certificate)
    with server:
        yield server
