"""A report about an error, by mail or on the page for developers, opens no account."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.debug import ExceptionReporter, get_exception_reporter_filter

from mailcenter.flows import fresh
from mailcenter.templating import engine
from tests.factories import MessageFactory

# Made at random, because a report quotes the lines of the source too.
PASSWORD = secrets.token_hex(8)


def report(request: Any) -> str:
    try:
        raise RuntimeError
    except RuntimeError as error:
        reporter = ExceptionReporter(request, type(error), error, error.__traceback__)
    return reporter.get_traceback_html() + reporter.get_traceback_text()


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    "url",
    [
        "smtp+ssl://10000@qq.com:{}@smtp.qq.com:465",
        "postgres://site:{}/?#@db.example/site",
        "redis://:{}@cache.example",
    ],
)
def test_a_url_in_the_environment_keeps_its_password(settings: Any, url: str, debug: bool) -> None:
    settings.DEBUG = debug
    # runserver puts the whole environment here.
    html = report(RequestFactory().get("/", EMAIL_URL=url.format(PASSWORD)))
    assert "EMAIL_URL" in html
    assert PASSWORD not in html
    assert url.rpartition("@")[2] in html


def test_what_holds_no_password_is_shown_as_it_is() -> None:
    report_filter = get_exception_reporter_filter(None)
    for value in ("http://127.0.0.1:8000", "you@example.com", 1, {"a": "b@c"}):
        assert report_filter.cleanse_setting("SITE_URL", value) == value


@pytest.mark.django_db
@pytest.mark.parametrize("template", ["password_reset", "email_verification"])
def test_a_mail_that_can_not_be_rendered_leaves_its_link_out_of_the_report(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, template: str
) -> None:
    """The link is a local variable from the view down to the template."""
    keys = []

    def broken(source: str, values: dict[str, Any], *, html: bool) -> None:
        keys.append(values["key"])
        raise RuntimeError

    user = get_user_model().objects.create_user("ann", "ann@example.com")
    EmailAddress.objects.create(user=user, email=user.email, verified=True)
    monkeypatch.setattr(engine, "render", broken)
    client.raise_request_exception = False
    if template == "password_reset":
        response = client.post(reverse("account_reset_password"), {"email": user.email})
    else:
        data = {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
        response = client.post(reverse("account_signup"), data)

    kind, error, traceback = response.exc_info
    reporter = ExceptionReporter(response.wsgi_request, kind, error, traceback)
    text = reporter.get_traceback_html() + reporter.get_traceback_text()
    assert "render_mail" in text
    assert keys[0] not in text
    assert PASSWORD not in text


@pytest.mark.django_db
def test_an_operators_resend_leaves_the_link_out_of_the_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = []

    def broken(source: str, values: dict[str, Any], *, html: bool) -> None:
        keys.append(values["key"])
        raise RuntimeError

    user = get_user_model().objects.create_user("ann", "ann@example.com")
    EmailAddress.objects.create(user=user, email=user.email, verified=True)
    message = MessageFactory(kind="password_reset", user=user, to=[user.email])
    monkeypatch.setattr(engine, "render", broken)
    with pytest.raises(RuntimeError) as caught:
        fresh.send_reset(message)
    # The first frame is this function, which has caught the key.
    reporter = ExceptionReporter(None, caught.type, caught.value, caught.tb.tb_next)
    text = reporter.get_traceback_html() + reporter.get_traceback_text()
    assert "request_password_reset" in text
    assert keys[0] not in text
