from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import allauth.account.urls
import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.urls import clear_url_caches

import mailcenter.flows.urls
import project.urls
from mailcenter.flows import following
from tests.flows.visitor import PASSWORD


@pytest.fixture(autouse=True)
def locmem(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.MAILCENTER = {**settings.MAILCENTER, "SITE_URL": "https://site.example"}
    settings.ALLOWED_HOSTS = ["*"]


@pytest.fixture
def outbox_backend(settings: Any) -> None:
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"


@pytest.fixture
def by_code(settings: Any) -> Iterator[None]:
    names = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED")
    for name in names:
        setattr(settings, name, True)
    reload_urls()
    yield
    for name in names:
        setattr(settings, name, False)
    reload_urls()


@pytest.fixture
def log_in_by_code(settings: Any) -> Iterator[None]:
    settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True
    reload_urls()
    yield
    settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = False
    reload_urls()


def reload_urls() -> None:
    # allauth looks at these settings when its URLconf is imported.
    for module in (allauth.account.urls, mailcenter.flows.urls, project.urls):
        importlib.reload(module)
    clear_url_caches()


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait counts no seconds: two pages are compared."""
    now = following.time.time()
    monkeypatch.setattr(following, "time", SimpleNamespace(time=lambda: now))


@pytest.fixture
def member() -> Any:
    user = get_user_model().objects.create_user("ann", "ann@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
