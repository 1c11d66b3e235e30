"""The environment's account: right settings, and one clear sentence for each wrong one."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest

from mailcenter.exceptions import ConfigurationError
from mailcenter.transports import PRESETS, Limits, environment_account, problems
from mailcenter.transports.account import SendingAccount

SECRET = "abcdefghijklmnop"


@pytest.fixture
def account(settings: Any) -> Any:
    """The account that these values of the environment give."""

    def read(**values: str) -> SendingAccount:
        settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": values}
        return environment_account()

    return read


def qq(**values: str) -> dict[str, str]:
    return {"PROVIDER": "qq", "ADDRESS": "me@qq.com", "PASSWORD": SECRET, **values}


def test_a_qq_account_needs_an_address_and_a_code(account: Any) -> None:
    given = account(**qq(FROM_NAME="小店"))
    assert (given.host, given.port, given.security) == ("smtp.qq.com", 465, "ssl")
    assert (given.address, given.username, given.password) == ("me@qq.com", "me@qq.com", SECRET)
    assert (given.from_name, given.ca_file) == ("小店", "")
    assert problems(given) == []


@pytest.mark.parametrize("slug", sorted(PRESETS.keys() - {"custom", "practice", "anymail"}))
def test_each_preset_is_usable_with_address_and_code(account: Any, slug: str) -> None:
    preset = PRESETS[slug]
    domain = (preset.domains or ("example.com",))[0]
    given = account(PROVIDER=slug.upper(), ADDRESS=f"me@{domain}", PASSWORD=SECRET)
    assert given.preset is preset
    assert given.host
    assert (given.port, given.security) in {(465, "ssl"), (587, "starttls")}
    assert problems(given) == []


def test_the_practice_server_is_the_default(account: Any, settings: Any) -> None:
    given = account()
    assert (given.preset.slug, given.host, given.port) == ("practice", "127.0.0.1", 2465)
    assert (given.address, given.password) == ("site@practice.test", "practicepractice")
    assert given.ca_file == str(Path(settings.MAILCENTER["PRACTICE_DIR"]) / "cert.pem")
    assert problems(given) == []


@pytest.mark.parametrize(
    "typed", ["abcd efgh ijkl mnop", " abcdefghijklmnop\n", "abcd\u00a0efgh\u3000ijkl\r\nmnop"]
)
def test_white_space_in_the_code_is_dropped(account: Any, typed: str) -> None:
    assert account(**qq(PASSWORD=typed)).password == SECRET


def test_the_code_is_not_in_the_repr(account: Any) -> None:
    assert SECRET not in repr(account(**qq()))


def test_an_idn_domain_is_kept_in_ascii(account: Any) -> None:
    given = account(PROVIDER="exmail", ADDRESS="me@例子.com", PASSWORD=SECRET)
    assert given.address == "me@xn--fsqu00a.com"


def test_host_port_security_and_ca_file_can_be_overridden(account: Any) -> None:
    given = account(
        **qq(HOST="relay.example", PORT="2525", SECURITY="STARTTLS", CA_FILE="/etc/ca.pem")
    )
    assert (given.host, given.port, given.security) == ("relay.example", 2525, "starttls")
    assert given.ca_file == "/etc/ca.pem"


@pytest.mark.parametrize(
    ("values", "port", "security"),
    [
        ({"PORT": "587"}, 587, "starttls"),
        ({"PORT": "465"}, 465, "ssl"),
        ({"PORT": "994"}, 994, "ssl"),
        ({"SECURITY": "tls"}, 587, "starttls"),
        ({"SECURITY": "ssl"}, 465, "ssl"),
        ({"PORT": "587", "SECURITY": "ssl"}, 587, "ssl"),
    ],
)
def test_port_and_security_follow_each_other(
    account: Any, values: dict[str, str], port: int, security: str
) -> None:
    given = account(**qq(**values))
    assert (given.port, given.security) == (port, security)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp+ssl://me@corp.example:p%40ss%2F@mail.corp.example:4465", ("ssl", 4465)),
        ("smtp+tls://me%40corp.example:p%40ss%2F@mail.corp.example", ("starttls", 587)),
        ("SMTP+SSL://me%40corp.example:p%40ss%2F@mail.corp.example/", ("ssl", 465)),
    ],
)
def test_a_custom_account_is_read_from_its_url(
    account: Any, url: str, expected: tuple[str, int]
) -> None:
    given = account(PROVIDER="custom", URL_WITH_PASSWORD=url)
    assert (given.security, given.port) == expected
    assert (given.host, given.username) == ("mail.corp.example", "me@corp.example")
    assert (given.address, given.password) == ("me@corp.example", "p@ss/")
    assert not given.preset.sender_must_match


def test_a_custom_account_may_send_as_another_address(account: Any) -> None:
    url = "smtp+ssl://relay-user:secret@mail.corp.example:465"
    given = account(PROVIDER="custom", URL_WITH_PASSWORD=url, ADDRESS="shop@corp.example")
    assert (given.address, given.username) == ("shop@corp.example", "relay-user")


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        ({}, Limits(10, 50, 6)),
        ({"PER_DAY": "200"}, Limits(10, 200, 6)),
        ({"PER_MINUTE": "0", "PER_DAY": "0", "SPACING_SECONDS": "0"}, Limits()),
        ({"SPACING_SECONDS": "0.5"}, Limits(10, 50, 0.5)),
        # Another server: what is known of QQ's says nothing about it.
        ({"HOST": "relay.example"}, Limits()),
        ({"HOST": "relay.example", "PER_MINUTE": "30"}, Limits(per_minute=30)),
        ({"HOST": "SMTP.qq.com"}, Limits(10, 50, 6)),
        ({"PROVIDER": "custom", "URL_WITH_PASSWORD": "smtp+ssl://u:p@mail.example"}, Limits()),
        ({"PROVIDER": "practice", "ADDRESS": ""}, Limits()),
    ],
)
def test_limits_are_the_providers_unless_set(
    account: Any, values: dict[str, str], limits: Limits
) -> None:
    assert account(**qq(**values)).limits == limits


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"HOST": "relay.example"}, ("", 993)),
        ({"HOST": "relay.example", "IMAP_HOST": "imap.example"}, ("imap.example", 993)),
        ({"IMAP_HOST": "imap.example", "IMAP_PORT": "9933"}, ("imap.example", 9933)),
        ({"PROVIDER": "custom", "URL_WITH_PASSWORD": "smtp+ssl://u:p@mail.example"}, ("", 993)),
    ],
)
def test_the_sent_folder_of_another_server_is_looked_for_where_it_is_said(
    account: Any, values: dict[str, str], expected: tuple[str, int]
) -> None:
    given = account(**qq(**values))
    assert (given.imap_host, given.imap_port) == expected


def test_the_sent_folder_is_the_providers_unless_set(account: Any) -> None:
    preset = PRESETS["qq"]
    given = account(**qq(IMAP_PORT="9933"))
    assert (given.imap_host, given.imap_port) == (preset.imap_host, 9933)
    assert account(**qq()).imap_port == preset.imap_port


@pytest.mark.parametrize("typed", ["system,password_reset", " system， password_reset ,"])
def test_kinds_are_separated_by_commas_of_either_kind(account: Any, typed: str) -> None:
    assert account(**qq(KINDS=typed)).kinds == ("system", "password_reset")
    assert account(**qq()).kinds == ()


@pytest.mark.parametrize("backend", ["mailgun", "our_company.mail.EmailBackend"])
def test_a_delivery_service_needs_an_address_and_its_name(account: Any, backend: str) -> None:
    given = account(PROVIDER="anymail", ADDRESS="shop@corp.example", ANYMAIL_BACKEND=backend)
    assert (given.esp_backend, given.address) == (backend, "shop@corp.example")
    assert (given.host, given.port, given.security) == ("", 443, "ssl")
    assert not given.preset.sender_must_match
    assert problems(given) == []


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"PROVIDER": "qqq"}, "aliyun-directmail"),
        ({"ADDRESS": ""}, "MAIL_ADDRESS"),
        ({"ADDRESS": "me at qq.com"}, "MAIL_ADDRESS"),
        ({"ADDRESS": "Me <me@qq.com>"}, "MAIL_ADDRESS"),
        ({"ADDRESS": f"me@{'a' * 70}.com"}, "MAIL_ADDRESS"),
        ({"PORT": "0"}, "MAIL_PORT"),
        ({"PORT": "65536"}, "MAIL_PORT"),
        ({"PORT": "４６５"}, "MAIL_PORT"),
        ({"PORT": "-1"}, "MAIL_PORT"),
        ({"SECURITY": "none"}, "MAIL_SECURITY"),
        ({"HOST": "https://smtp.qq.com"}, "MAIL_HOST"),
        ({"HOST": "smtp.qq.com:465"}, "MAIL_HOST"),
        ({"HOST": "a" * 64 + ".com"}, "MAIL_HOST"),
        ({"ADDRESS": "me@qq.com\nBcc: x@example.com"}, "MAIL_ADDRESS"),
        ({"FROM_NAME": "a\r\nBcc: x@example.com"}, "MAIL_FROM_NAME"),
        ({"FROM_NAME": "a\0"}, "MAIL_FROM_NAME"),
        ({"PASSWORD": "abcd\0"}, "MAIL_AUTH_CODE"),
        ({"HOST": "smtp.qq.com\n"}, "MAIL_HOST"),
        ({"PORT": "465\n"}, "MAIL_PORT"),
        ({"SECURITY": "ssl\0"}, "MAIL_SECURITY"),
        ({"CA_FILE": "/etc/\0"}, "MAIL_CA_FILE"),
        ({"PROVIDER": "qq\0"}, "MAIL_PROVIDER"),
        ({"PER_MINUTE": "many"}, "MAIL_PER_MINUTE"),
        ({"PER_DAY": "-1"}, "MAIL_PER_DAY"),
        ({"PER_DAY": "5０"}, "MAIL_PER_DAY"),
        ({"SPACING_SECONDS": "1e3"}, "MAIL_SPACING_SECONDS"),
        ({"IMAP_HOST": "imaps://imap.qq.com"}, "MAIL_IMAP_HOST"),
        ({"IMAP_PORT": "imap"}, "MAIL_IMAP_PORT"),
        ({"PROVIDER": "anymail"}, "MAIL_ANYMAIL_BACKEND"),
        ({"PROVIDER": "anymail", "ANYMAIL_BACKEND": "mail gun"}, "MAIL_ANYMAIL_BACKEND"),
        ({"PROVIDER": "anymail", "ANYMAIL_BACKEND": "mailgun", "ADDRESS": ""}, "MAIL_ADDRESS"),
        ({"PROVIDER": "custom"}, "EMAIL_URL"),
        ({"PROVIDER": "custom", "URL_WITH_PASSWORD": "smtp+ssl://u:p@h:465\n"}, "EMAIL_URL"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(
    account: Any, values: dict[str, str], word: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        account(**qq(**values))
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://u:hunter2@mail.corp.example:25",
        "smtps://u:hunter2@mail.corp.example:465",
        "smtp+ssl://mail.corp.example:465",
        "smtp+ssl://u:hunter2@:465",
        "smtp+ssl://u:hunter2@mail.corp.example:port",
        "smtp+ssl://u:hunter2/x@mail.corp.example:465",
        "smtp+ssl://u:hunter2#x@mail.corp.example:465",
        "smtp+ssl://u:hunter2?x@mail.corp.example:465",
        "smtp+ssl://u:hunter2[@mail.corp.example:465",
        "smtp+ssl://u:hunter2%0A@mail.corp.example:465",
        "hunter2",
    ],
)
def test_a_wrong_url_is_explained_and_never_echoed(account: Any, url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        account(PROVIDER="custom", ADDRESS="me@corp.example", URL_WITH_PASSWORD=url)
    assert "smtp+ssl://" in str(caught.value)
    assert "smtp+tls://" in str(caught.value)
    link: BaseException | None = caught.value
    while link is not None:
        assert "hunter2" not in "".join(traceback.format_exception_only(link))
        link = link.__context__


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ({"PASSWORD": ""}, ["mailcenter.E101"]),
        ({"PASSWORD": "12345678"}, ["mailcenter.W101"]),
        ({"PASSWORD": "ABCDEFGHIJKLMNOP"}, ["mailcenter.W101"]),
        ({"ADDRESS": "me@vip.qq.com"}, []),
        ({"ADDRESS": "me@foxmail.com"}, []),
        ({"ADDRESS": "me@163.com"}, ["mailcenter.W102"]),
        ({"CA_FILE": "/nonexistent/ca.pem"}, ["mailcenter.E102"]),
        ({"CA_FILE": __file__}, []),
        ({"PROVIDER": "163", "ADDRESS": "me@163.com", "PASSWORD": "AbCdEfGh12345678"}, []),
        (
            {"PROVIDER": "gmail", "ADDRESS": "me@gmail.com", "PASSWORD": "hunter2"},
            ["mailcenter.W101"],
        ),
        (
            {"PROVIDER": "custom", "URL_WITH_PASSWORD": "smtp+ssl://me@mail.corp.example"},
            ["mailcenter.E101"],
        ),
    ],
)
def test_problems_are_told_with_a_hint(
    account: Any, values: dict[str, str], ids: list[str]
) -> None:
    found = problems(account(**qq(**values)))
    assert [problem.id for problem in found] == ids
    for problem in found:
        assert problem.hint
        password = values.get("PASSWORD")
        assert not password or password not in f"{problem.msg} {problem.hint}"
