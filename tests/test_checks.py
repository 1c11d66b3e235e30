"""What will keep mail from leaving is said by `manage.py check`, with an id and a hint."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import Error, run_checks

from mailcenter import checks, kinds
from mailcenter.templating import Variable

# Django 6.1's own checks look into the database.
pytestmark = pytest.mark.django_db


def found(settings, account=None, **mailcenter) -> dict[str, str]:
    settings.MAILCENTER = {**settings.MAILCENTER, **mailcenter}
    if account is not None:
        settings.MAILCENTER["ACCOUNT"] = account
    return {
        message.id: f"{message.msg} {message.hint or ''}"
        for message in run_checks()
        if message.id and message.id.startswith("mailcenter.")
    }


QQ = {"PROVIDER": "qq", "ADDRESS": "10000@qq.com", "PASSWORD": "abcd efgh ijkl mnop"}


def test_a_working_account_raises_nothing(settings):
    settings.ALLOWED_HOSTS = ["www.example.com"]
    assert found(settings, QQ, SITE_URL="https://www.example.com") == {}


@pytest.mark.parametrize(
    ("account", "check", "words"),
    [
        ({**QQ, "PROVIDER": "qqq"}, "mailcenter.E100", "qqq"),
        ({**QQ, "ADDRESS": "10000"}, "mailcenter.E100", "MAIL_ADDRESS"),
        ({**QQ, "ADDRESS": ""}, "mailcenter.E100", "MAIL_ADDRESS"),
        ({**QQ, "PORT": "mail"}, "mailcenter.E100", "MAIL_PORT"),
        ({**QQ, "SECURITY": "none"}, "mailcenter.E100", "MAIL_SECURITY"),
        ({**QQ, "ADDRESS": "a@qq.com\nX: y"}, "mailcenter.E100", "MAIL_ADDRESS"),
        ({**QQ, "FROM_NAME": "a\0b"}, "mailcenter.E100", "MAIL_FROM_NAME"),
        ({**QQ, "PASSWORD": ""}, "mailcenter.E101", "MAIL_AUTH_CODE"),
        ({**QQ, "PASSWORD": "MyQQPassw0rd"}, "mailcenter.W101", "16"),
        ({**QQ, "ADDRESS": "a@163.com"}, "mailcenter.W102", "163.com"),
        ({**QQ, "CA_FILE": "/no/such/file"}, "mailcenter.E102", "MAIL_CA_FILE"),
        (
            {"PROVIDER": "custom", "URL_WITH_PASSWORD": "smtps://u:pa55word@h:465"},
            "mailcenter.E100",
            "smtp+ssl",
        ),
    ],
)
def test_each_mistake_has_its_sentence(settings, account, check, words):
    messages = found(settings, account)
    assert words in messages[check]
    assert not any("pa55word" in text or "MyQQPassw0rd" in text for text in messages.values())


NETEASE = {"PROVIDER": "163", "ADDRESS": "a@163.com", "PASSWORD": "abcdefghijklmnop"}


@pytest.mark.parametrize(
    ("account", "check", "words"),
    [
        ({**NETEASE, "ADDRESS": "a"}, "mailcenter.E100", "MAIL_ADDRESS_2"),
        ({**NETEASE, "PASSWORD": ""}, "mailcenter.E101", "MAIL_AUTH_CODE_2"),
        ({**NETEASE, "PASSWORD": "MyQQPassw0rd"}, "mailcenter.W101", "MAIL_AUTH_CODE_2"),
        ({**NETEASE, "ADDRESS": "a@qq.com"}, "mailcenter.W102", "MAIL_ADDRESS_2"),
        ({**NETEASE, "CA_FILE": "/no/such/file"}, "mailcenter.E102", "MAIL_CA_FILE_2"),
        ({**NETEASE, "KINDS": "system,newsletter"}, "mailcenter.W106", "MAIL_KINDS_2"),
        ({**QQ, "ADDRESS": "10000@QQ.com"}, "mailcenter.W105", "MAIL_ADDRESS_2"),
        ({"PROVIDER": "practice"}, "mailcenter.E103", "www.example.com"),
    ],
)
def test_a_second_accounts_mistake_is_told_with_its_number(settings, account, check, words):
    settings.ALLOWED_HOSTS = ["www.example.com"]
    messages = found(settings, QQ, MORE_ACCOUNTS=[account], SITE_URL="https://www.example.com")
    assert list(messages) == [check]
    assert words in messages[check]
    assert "MyQQPassw0rd" not in messages[check]


def test_a_mistake_in_one_account_hides_none_in_another(settings):
    wrong = {**QQ, "ADDRESS": "10000"}
    settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": wrong, "MORE_ACCOUNTS": [wrong]}
    told = [message.msg for message in run_checks() if message.id == "mailcenter.E100"]
    assert ["_2" in text for text in told] == [False, True]


@pytest.mark.parametrize("more", [NETEASE, {**QQ, "ADDRESS": "10001@qq.com"}])
def test_two_good_accounts_raise_nothing(settings, more):
    settings.ALLOWED_HOSTS = ["www.example.com"]
    assert found(settings, QQ, MORE_ACCOUNTS=[more], SITE_URL="https://www.example.com") == {}


@pytest.mark.parametrize("engine", ["embedded", "celery", "tasks"])
def test_each_engine_is_known(settings, engine):
    assert "mailcenter.E106" not in found(settings, ENGINE=engine)


@pytest.mark.parametrize("engine", ["celery", "tasks"])
def test_an_engine_whose_package_is_missing(settings, engine, monkeypatch):
    assert "mailcenter.E108" not in found(settings, ENGINE=engine)
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    assert engine in found(settings, ENGINE=engine)["mailcenter.E108"]


def test_an_sqlite_that_is_too_old(settings, monkeypatch):
    assert "mailcenter.E109" not in found(settings)
    monkeypatch.setattr(checks.sqlite3, "sqlite_version_info", (3, 34, 1))
    assert "3.35" in found(settings)["mailcenter.E109"]


def test_the_practice_server_is_for_loopback_alone(settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
    assert "mailcenter.E103" not in found(settings)
    settings.ALLOWED_HOSTS = ["127.0.0.1", "mail.example.com"]
    assert "mail.example.com" in found(settings)["mailcenter.E103"]
    assert "mailcenter.E103" in found(settings, {"PROVIDER": " Practice "})


@pytest.mark.parametrize(
    ("mailcenter", "check"),
    [
        ({"LEASE_SECOND": 5}, "mailcenter.W104"),
        ({"LEASE_SECONDS": 0}, "mailcenter.E105"),
        ({"RETRY_BASE_SECONDS": "soon"}, "mailcenter.E105"),
        ({"ENGINE": "carrier pigeon"}, "mailcenter.E106"),
        ({"SITE_URL": "www.example.com"}, "mailcenter.E107"),
        ({"SITE_URL": "http://www.example.com"}, "mailcenter.W103"),
    ],
)
def test_the_settings_dict_is_checked(settings, mailcenter, check):
    assert check in found(settings, **mailcenter)


def test_errors_stop_the_worker(settings):
    settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": {**QQ, "PASSWORD": ""}}
    assert any(isinstance(m, Error) and m.id == "mailcenter.E101" for m in run_checks())


@pytest.fixture
def templates(settings, tmp_path) -> Path:
    """A folder that is looked into before the site's own."""
    (engine,) = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]
    return tmp_path / "mail"


def write(folder: Path, **parts: str) -> None:
    folder.mkdir(parents=True)
    for name, text in {"subject": "Hello", "text": "Hello", "html": "<p>Hello</p>"}.items():
        file = {"subject": "subject.txt", "text": "body.txt", "html": "body.html"}[name]
        (folder / file).write_text(parts.get(name, text))


def test_a_built_in_template_that_breaks_its_contract_is_told(settings, templates):
    write(templates / "account_exists" / "en", text="Hello {{ nme }}")
    message = found(settings)["mailcenter.W107"]
    assert "account_exists/en" in message
    assert "nme" in message
    assert "manage.py mailtemplates check" in message


def test_a_file_that_no_engine_can_read_is_told(settings, templates):
    write(templates / "account_exists" / "en", text="{% if %}Hello")
    assert "account_exists/en" in found(settings)["mailcenter.W107"]


def test_a_kind_without_words_is_told(settings, monkeypatch):
    wordless = kinds.Kind("wordless", "wordless", variables=(Variable("name", "name", "Ann"),))
    monkeypatch.setattr(kinds, "_registry", {**kinds._registry, "wordless": wordless})
    assert "wordless" in found(settings)["mailcenter.W107"]


def test_words_in_one_language_are_enough(settings, templates, monkeypatch):
    greeting = kinds.Kind("greeting", "greeting", variables=(Variable("name", "name", "Ann"),))
    monkeypatch.setattr(kinds, "_registry", {**kinds._registry, "greeting": greeting})
    write(templates / "greeting" / "en")
    assert "mailcenter.W107" not in found(settings)


def test_a_sample_that_can_not_be_made_is_told(settings, templates, monkeypatch):
    def sample() -> str:
        raise LookupError("no such page")

    broken = kinds.Kind("broken", "broken", variables=(Variable("page", "page", sample),))
    monkeypatch.setattr(kinds, "_registry", {**kinds._registry, "broken": broken})
    write(templates / "broken" / "en", text="{{ page }}", html="<p>{{ page }}</p>")
    assert "broken/en" in found(settings)["mailcenter.W107"]


def test_templates_are_checked_without_the_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert checks.check_templates(None) == []
