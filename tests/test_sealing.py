from __future__ import annotations

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.mail import send_mail
from django.core.management import CommandError, call_command

from mailcenter import sealing
from mailcenter.models import Content


@pytest.fixture
def keys(settings):
    def use(*values: str) -> None:
        settings.MAILCENTER = {**settings.MAILCENTER, "KEYS": list(values)}

    return use


def test_what_is_sealed_shows_nothing_and_opens_again():
    plain = b"https://site/confirm/secret-link" * 20
    sealed = sealing.seal(plain)
    assert b"secret-link" not in sealed
    assert len(sealed) < len(plain)
    assert sealing.unseal(sealed) == plain
    assert sealing.seal(plain) != sealed


def test_an_older_key_opens_until_it_is_removed(keys):
    keys("old")
    sealed = sealing.seal(b"x")
    keys("new", "old")
    assert sealing.unseal(sealed) == b"x"
    keys("new")
    with pytest.raises(sealing.CannotUnseal, match="MAILCENTER_KEYS"):
        sealing.unseal(sealed)


def test_without_keys_of_its_own_the_secret_key_and_its_fallbacks_serve(keys, settings):
    keys()
    settings.SECRET_KEY = "first"
    sealed = sealing.seal(b"x")
    settings.SECRET_KEY = "second"
    settings.SECRET_KEY_FALLBACKS = ["first"]
    assert sealing.unseal(sealed) == b"x"


def test_a_changed_byte_is_noticed():
    sealed = bytearray(sealing.seal(b"x"))
    sealed[-1] ^= 1
    with pytest.raises(sealing.CannotUnseal):
        sealing.unseal(bytes(sealed))


def test_a_digest_tells_secrets_apart_without_holding_them():
    assert sealing.digest("a") == sealing.digest("a") != sealing.digest("b")
    assert "abcdefgh" not in sealing.digest("abcdefgh")


@pytest.mark.django_db
def test_rotatekeys_makes_the_old_key_dispensable(keys, settings, capsys):
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"
    keys("old")
    send_mail("s", "body", None, ["a@example.com"])
    session = SessionStore()
    session["code"] = "123456"
    session.save()

    keys("new", "old")
    call_command("rotatekeys", dry_run=True)
    assert "1 " in capsys.readouterr().out
    keys("new")
    with pytest.raises(sealing.CannotUnseal):
        sealing.unseal(bytes(Content.objects.get().sealed))

    keys("new", "old")
    call_command("rotatekeys")
    keys("new")
    assert b"body" in sealing.unseal(bytes(Content.objects.get().sealed))
    assert SessionStore(session.session_key)["code"] == "123456"


@pytest.mark.django_db
def test_rotatekeys_reports_what_no_key_opens(keys, settings):
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"
    keys("lost")
    send_mail("s", "body", None, ["a@example.com"])
    keys("new")
    with pytest.raises(CommandError, match="1 "):
        call_command("rotatekeys")


@pytest.mark.django_db
def test_a_sessions_row_shows_no_code():
    session = SessionStore()
    session["code"] = "876543"
    session.save()
    stored = Session.objects.get().session_data
    assert b"876543" not in sealing_payload(stored)
    assert SessionStore(session.session_key)["code"] == "876543"


def sealing_payload(stored: str) -> bytes:
    """What anybody can read of a session row without a key: signed, but not secret."""
    import base64
    import zlib

    value = stored.rsplit(":", 2)[0]
    compressed = value.startswith(".")
    raw = base64.urlsafe_b64decode(value.lstrip(".") + "=" * (-len(value.lstrip(".")) % 4))
    return zlib.decompress(raw) if compressed else raw
